from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor.adapters.group_events import GroupEvents
from monitor.adapters.process_events import Changes
from monitor.watch import MOST_LOOKS, STORM, ProcessWatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SERVER = "import time; time.sleep(314)  # a server"


class Alarm:
    """Counts how often it rang."""

    def __init__(self) -> None:
        self.rung = threading.Semaphore(0)

    def ring(self) -> None:
        self.rung.release()

    def within(self, seconds: float) -> bool:
        return self.rung.acquire(timeout=seconds)


class Bell:
    """A source that tells what a test makes it tell."""

    def __init__(self) -> None:
        self.read, self.write = os.pipe()
        self.told: list[Changes] = []
        self.closed = threading.Event()

    def tell(self, changes: Changes) -> None:
        self.told.append(changes)
        os.write(self.write, b".")

    def fileno(self) -> int:
        return self.read

    def changes(self) -> Changes:
        os.read(self.read, 1)
        return self.told.pop(0)

    def close(self) -> None:
        if not self.closed.is_set():
            os.close(self.read)
            os.close(self.write)
        self.closed.set()


class Scene:
    """A watch on a bell: which processes bring a service, which are known to be of one."""

    def __init__(self) -> None:
        self.alarm, self.bell = Alarm(), Bell()
        self.newcomers: set[int] = set()
        self.looked: list[int] = []
        self.members: Mapping[int, str] = {}

    def is_service(self, pid: int) -> bool:
        self.looked.append(pid)
        return pid in self.newcomers

    @contextmanager
    def watching(self) -> Iterator[ProcessWatch]:
        with ProcessWatch(
            self.is_service, lambda: self.members, self.alarm.ring, listen=lambda: self.bell, gather=0.01, shelter=0.01
        ) as watch:
            yield watch

    def rings(self, *, started: set[int] | None = None, ended: set[int] | None = None) -> bool:
        """Tell of processes; return whether a reading was asked for."""
        before = len(self.bell.told)
        self.bell.tell(Changes(frozenset(started or ()), frozenset(ended or ()), events=1))
        self.bell.tell(Changes(events=1))
        for _ in range(1000):
            if self.alarm.within(0.005):
                return True
            if len(self.bell.told) == before:
                return self.alarm.within(0)
        raise AssertionError


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_real_service_that_starts_and_ends_is_noticed_within_a_second_and_nothing_else_is() -> None:
    alarm, members = Alarm(), dict[int, str]()

    def is_server(pid: int) -> bool:
        try:
            return b"a server" in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False

    with ProcessWatch(is_server, lambda: dict(members), alarm.ring) as watch:
        if watch.unavailable:
            pytest.xfail(watch.unavailable)
        subprocess.run(["true"], check=True)
        assert not alarm.within(1)
        with subprocess.Popen([sys.executable, "-c", SERVER]) as child:
            assert alarm.within(10)
            members[child.pid] = "server"
            child.terminate()
        assert alarm.within(10)


def test_a_newcomer_asks_for_a_reading(scene: Scene) -> None:
    scene.newcomers = {7}
    with scene.watching():
        assert not scene.rings(started={6})
        assert scene.rings(started={7})


def test_what_has_ended_by_the_time_of_the_look_is_not_looked_at(scene: Scene) -> None:
    scene.newcomers = {7}
    with scene.watching():
        assert not scene.rings(started={7}, ended={7})
    assert scene.looked == []


def test_only_the_end_of_a_services_last_process_asks_for_a_reading(scene: Scene) -> None:
    scene.members = {10: "a", 11: "a", 12: "b"}
    with scene.watching():
        assert not scene.rings(ended={99})
        assert not scene.rings(ended={10})
        assert scene.rings(ended={11})
        scene.members = {12: "b", 13: "b"}
        assert not scene.rings(ended={13})
        assert scene.rings(ended={12})


def test_of_very_many_programs_only_some_are_looked_at(scene: Scene) -> None:
    with scene.watching():
        assert not scene.rings(started=set(range(100)))
    assert scene.looked == list(range(MOST_LOOKS))


@pytest.mark.parametrize("changes", [Changes(lost=True), Changes(events=STORM + 1)])
def test_a_storm_is_sat_out(scene: Scene, changes: Changes) -> None:
    first = scene.bell
    with scene.watching():
        scene.bell = Bell()
        first.tell(changes)
        assert first.closed.wait(10)
        assert scene.alarm.within(0) == changes.lost
        scene.newcomers = {7}
        assert scene.rings(started={7})
    assert scene.bell.closed.is_set()


class Broken(Bell):
    """A source that fails when it is asked."""

    def changes(self) -> Changes:
        raise OSError(12, "Cannot allocate memory")


def test_a_source_that_fails_is_heard_anew(scene: Scene) -> None:
    first = scene.bell = Broken()
    with scene.watching():
        scene.bell = Bell()
        first.tell(Changes())
        assert first.closed.wait(10)
        assert scene.alarm.within(10), "what it would have told is lost, so a reading has to see it"
        scene.newcomers = {7}
        assert scene.rings(started={7})


def refuse() -> Bell:
    raise PermissionError(1, "Operation not permitted")


def test_a_watch_that_may_not_listen_says_so_and_does_nothing() -> None:
    threads = threading.active_count()
    with ProcessWatch(bool, dict, lambda: None, listen=refuse) as watch:
        assert watch.unavailable == "the kernel's process events can't be heard (Operation not permitted)"
        assert threading.active_count() == threads


def test_without_process_events_units_that_come_and_go_are_noticed(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").touch()
    alarm = Alarm()
    groups = partial(GroupEvents, tmp_path, tmp_path, dict)
    with ProcessWatch(lambda pid: pid == 7, dict, alarm.ring, listen=refuse, follow_groups=groups) as watch:
        assert watch.unavailable.endswith("only units and containers are noticed when they come and go")
        (tmp_path / "a.service").mkdir()
        (tmp_path / "a.service/cgroup.procs").write_text("7\n")
        assert alarm.within(10)


def test_without_either_it_says_so() -> None:
    with ProcessWatch(bool, dict, lambda: None, listen=refuse, follow_groups=refuse) as watch:
        assert watch.unavailable == "the kernel's process events can't be heard (Operation not permitted)"


def test_while_nothing_happens_nobody_wakes_up(scene: Scene) -> None:
    with scene.watching():
        assert scene.rings(started=set()) is False
        (task,) = (one.native_id for one in threading.enumerate() if one.name == "watch")
        before = switches(task)
        assert not scene.alarm.within(1)
        assert switches(task) == before


def switches(task: int | None) -> int:
    """Return how often a thread of ours slept."""
    lines = Path(f"/proc/self/task/{task}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("voluntary"))
