from __future__ import annotations

import os
import select
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor.adapters.group_events import MOST_PROCESSES, GroupEvents

if TYPE_CHECKING:
    from collections.abc import Iterator

ID = "ab" * 32


class Tree:
    """A hierarchy of groups, and processes that live."""

    def __init__(self, root: Path, below: str = "", shows: str = "cgroup.controllers") -> None:
        self.cgroupfs, self.procfs = root / "cgroup", root / "proc"
        self.base = self.cgroupfs / below
        self.make("", 1)
        (self.base / shows).touch()
        self.make("system.slice")
        self.make("system.slice/old.service", 5)
        self.members: dict[int, str] = {5: "old"}

    def make(self, path: str, *pids: int) -> None:
        """Make a group with processes in it."""
        (self.base / path).mkdir(parents=True, exist_ok=True)
        (self.base / path / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in pids))
        for pid in pids:
            (self.procfs / str(pid)).mkdir(parents=True)

    def remove(self, path: str) -> None:
        """Remove a group with the processes in it."""
        for pid in (self.base / path / "cgroup.procs").read_text().split():
            (self.procfs / pid).rmdir()
        (self.base / path / "cgroup.procs").unlink()
        (self.base / path).rmdir()

    def listen(self) -> GroupEvents:
        return GroupEvents(self.cgroupfs, self.procfs, lambda: self.members)


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


@pytest.fixture
def events(tree: Tree) -> Iterator[GroupEvents]:
    heard = tree.listen()
    yield heard
    heard.close()


def woken(events: GroupEvents) -> bool:
    return bool(select.select([events], [], [], 0)[0])


def test_a_unit_that_starts_is_told_with_its_processes(tree: Tree, events: GroupEvents) -> None:
    assert not woken(events)
    tree.make("system.slice/vllm.service", 10, 11)
    assert woken(events)
    changes = events.changes()
    assert changes.started == {10, 11}
    assert changes.ended == frozenset()
    assert not woken(events)


def test_a_unit_that_ends_is_told_with_the_processes_that_went(tree: Tree, events: GroupEvents) -> None:
    tree.make("system.slice/vllm.service", 10)
    events.changes()
    tree.members |= {10: "vllm"}
    tree.remove("system.slice/vllm.service")
    assert events.changes().ended == {10}


def test_a_slice_that_is_new_is_followed_too(tree: Tree, events: GroupEvents) -> None:
    tree.make("ia.slice/ia-gpu.slice/one.service", 10)
    assert events.changes().started == {10}
    tree.make("ia.slice/ia-gpu.slice/two.service", 11)
    assert events.changes().started == {11}


def test_a_slice_whose_name_is_no_text_is_followed_until_it_goes(tree: Tree, events: GroupEvents) -> None:
    odd = os.fsdecode(b"odd-\xff.slice")
    tree.make(odd)
    tree.make(f"{odd}/one.service", 10)
    assert events.changes().started == {10}
    tree.make(f"{odd}/two.service", 11)
    assert events.changes().started == {11}


def test_a_container_is_told_with_the_processes_in_the_group_inside(tree: Tree, events: GroupEvents) -> None:
    tree.make(f"machine.slice/libpod-{ID}.scope")
    tree.make(f"machine.slice/libpod-{ID}.scope/container", 10)
    tree.make(f"kubepods/burstable/pod1/{ID}", 11)
    tree.make(f"docker/{ID}", 12)
    assert events.changes().started == {10, 11, 12}


def test_the_units_of_a_users_own_manager_are_followed(tree: Tree) -> None:
    tree.make("user.slice/user-1.slice/user@1.service/app.slice", 3)
    events = tree.listen()
    tree.make("user.slice/user-1.slice/user@1.service/app.slice/ollama.service", 10)
    assert events.changes().started == {10}
    events.close()


def test_what_goes_on_inside_a_unit_wakes_nobody(tree: Tree, events: GroupEvents) -> None:
    tree.make("system.slice/old.service/worker", 10)
    (tree.base / "system.slice/old.service/cpu.stat").touch()
    assert not woken(events)


def test_a_file_that_appears_is_no_group(tree: Tree, events: GroupEvents) -> None:
    (tree.base / "system.slice/cgroup.pressure").touch()
    assert events.changes().started == frozenset()


def test_of_a_large_group_only_some_processes_are_looked_at(tree: Tree, events: GroupEvents) -> None:
    tree.make("system.slice/many.service", *range(100, 200))
    assert len(events.changes().started) == MOST_PROCESSES


@pytest.mark.parametrize(("below", "shows"), [("unified", "cgroup.controllers"), ("systemd", "cgroup.procs")])
def test_beside_version_1_the_hierarchy_of_units_is_followed(tmp_path: Path, below: str, shows: str) -> None:
    tree = Tree(tmp_path, below, shows)
    events = tree.listen()
    tree.make("system.slice/vllm.service", 10)
    assert events.changes().started == {10}
    events.close()


def test_where_there_are_no_groups_it_can_not_listen(tmp_path: Path) -> None:
    before = open_files()
    with pytest.raises(OSError, match="No such file"):
        GroupEvents(tmp_path, tmp_path, dict)
    assert open_files() == before


@contextmanager
def real_hierarchy() -> Iterator[tuple[GroupEvents, Path]]:
    """Give what follows this machine's groups, and where to make one; skip where none are mounted, or may be made."""
    reason = "no control group can be made here: run the tests where /sys/fs/cgroup is writable"
    try:
        events = GroupEvents(Path("/sys/fs/cgroup"), Path("/proc"), dict)
    except OSError:
        pytest.skip(reason)
    root = next(iter(events._followed.values()))
    try:
        probe = root / f"empreinte-probe-{os.getpid()}.scope"
        probe.mkdir()
        probe.rmdir()
    except OSError:
        events.close()
        pytest.skip(reason)
    events.changes()
    try:
        yield events, root
    finally:
        events.close()


def test_a_real_hierarchy_is_followed() -> None:
    with real_hierarchy() as (events, root):
        group = root / f"empreinte-test-{os.getpid()}.scope"
        group.mkdir()
        group.rmdir()
        assert woken(events)
        assert events.changes().events


def test_a_real_group_that_was_removed_is_followed_no_more() -> None:
    """The kernel itself never ends the watch of one: after months all places would be taken by groups long gone."""
    with real_hierarchy() as (events, root):
        before = dict(events._followed)
        group = root / f"empreinte-test-{os.getpid()}.slice"
        for _ in range(3):
            group.mkdir()
            events.changes()
            assert group in events._followed.values()
            group.rmdir()
            events.changes()
        assert events._followed == before


def test_a_slice_that_was_removed_and_made_again_is_followed(tree: Tree, events: GroupEvents) -> None:
    for _ in range(2):
        tree.make("pod.slice")
        tree.remove("pod.slice")
    tree.make("pod.slice")
    events.changes()
    tree.make("pod.slice/one.service", 10)
    assert events.changes().started == {10}
    assert sum(path.name == "pod.slice" for path in events._followed.values()) == 1
