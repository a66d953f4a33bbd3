"""The daemon as a process and a Grafana that is away, comes back, forgets to answer: each event is marked once."""

from __future__ import annotations

import subprocess
import sys
import threading
import uuid
from collections import Counter
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Self

import pytest

from tests.parts.daemon import PROGRAM, Daemon, Tables
from tests.parts.grafana import EDITOR, SILENT, VIEWER, Asked, FakeGrafana, Reply
from tests.parts.loopback import LOOPBACK, free_port, wait_until
from tests.parts.powercap import Powercap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("no_proxy")

SLEEPER = f"import time; time.sleep(600)  # of {uuid.uuid4().hex}, "
"""No other run of these tests has it."""


class Town:
    """A daemon with services that come when they are asked to, and the address of its Grafana."""

    def __init__(
        self, tmp: Path, powercap: Powercap, port: int, annotations: bool | list[str], packages: Path | None
    ) -> None:
        self.token = tmp / "token"
        self.token.write_text(EDITOR, encoding="utf-8")
        grafana = {"url": f"http://{LOOPBACK}:{port}", "token_file": self.token, "language": "fr"}
        tables: Tables = {
            "host": {"name": "ia-01"},
            "paths": {"sysfs": powercap.sysfs},
            "sampling": {"every": "200ms", "discovery": False},
            "grafana": {**grafana, "annotations": annotations},
            "service": [
                {"key": f"sleeper-{number}", "match": {"process": f"{SLEEPER[-34:]}{number}$"}} for number in range(3)
            ],
        }
        environment = {} if packages is None else {"PYTHONPATH": str(packages)}
        self.daemon = Daemon(tmp, tables, environment=environment)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.daemon.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        self.daemon.child.close()

    def appear(self, number: int) -> None:
        """Have a service appear."""
        sleeper = subprocess.Popen([sys.executable, "-c", f"{SLEEPER}{number}"])
        self._stack.callback(sleeper.wait)
        self._stack.callback(sleeper.kill)

    def standing(self) -> dict[str, Any]:
        """Return how it stands with Grafana."""
        (standing,) = self.daemon.status()["webhooks"]
        return dict(standing)

    def wait_for_queue(self, length: int) -> None:
        """Return when so many events wait."""
        wait_until(lambda: self.standing()["waiting"] == length, what=f"{length} events in the queue")


@contextmanager
def town(tmp: Path, port: int, *, annotations: bool | list[str] = True, packages: Path | None = None) -> Iterator[Town]:
    with Powercap(tmp) as powercap, Town(tmp, powercap, port, annotations, packages) as made:
        yield made


def identity(mark: Mapping[str, Any]) -> str:
    """Return the tag by which a mark, or what asks for one, is that of one event."""
    (found,) = (tag for tag in mark["tags"] if tag.startswith("event:"))
    return str(found)


def marked(grafana: FakeGrafana) -> Counter[str]:
    """Return how often each event is marked."""
    return Counter(map(identity, grafana.store.annotations))


def told(grafana: FakeGrafana, number: int) -> bool:
    return any(one["text"] == f"sleeper-{number} est apparu" for one in grafana.store.annotations)


def test_events_wait_for_a_grafana_that_is_away_across_a_kill_and_are_marked_once(tmp_path: Path) -> None:
    port = free_port()
    with town(tmp_path, port) as here:
        here.appear(0)
        here.wait_for_queue(1)
        here.daemon.kill()
        with FakeGrafana(port=port) as grafana:
            here.daemon.start()
            wait_until(lambda: told(grafana, 0), what="the event of before", seconds=60)
            here.appear(1)
            wait_until(lambda: told(grafana, 1), what="an event of now")
            here.wait_for_queue(0)
            here.daemon.kill()
            here.daemon.start()
            here.appear(2)
            wait_until(lambda: told(grafana, 2), what="an event of after", seconds=60)
            here.daemon.stop()
            found = grafana.store.annotations
    assert set(marked(grafana).values()) == {1}
    appeared = sorted(one["text"] for one in found if one["text"].endswith(" est apparu"))
    assert [text for text in appeared if text.startswith("sleeper-")] == [f"sleeper-{n} est apparu" for n in range(3)]
    assert [one["text"] for one in found].index("sleeper-0 est apparu") == 0
    assert set(found[0]["tags"]) >= {"empreinte", "service_appeared", "host:ia-01", "service:sleeper-0"}


def test_that_grafana_is_away_is_logged_once_and_shown_by_doctor_and_in_the_metrics(tmp_path: Path) -> None:
    port = free_port()
    address = f"grafana+http://{LOOPBACK}:{port}"
    with town(tmp_path, port) as here:
        for number in range(3):
            here.appear(number)
        here.wait_for_queue(3)
        wait_until(lambda: here.standing()["error"], what="a first failure")
        doctor = subprocess.run(
            [PROGRAM, "doctor", "--config", here.daemon.configuration], capture_output=True, text=True, check=False
        )
        scrape = here.daemon.scrape()
        here.daemon.stop()
        said = here.daemon.child.said()
    assert said.count("events can't be told to ") == 1
    assert f"{address}: Grafana at {LOOPBACK}:{port} can't be reached: start it" in said
    assert EDITOR not in said
    assert address in doctor.stdout
    assert "can't be reached" in doctor.stdout
    assert scrape.sum("empreinte_webhook_success", address=address) == 0
    assert scrape.sum("empreinte_webhook_waiting_events", address=address) == 3


def test_what_grafana_took_before_the_daemon_was_killed_is_not_marked_again(tmp_path: Path) -> None:
    taken = threading.Event()

    def takes_and_says_nothing(asked: Asked) -> Reply | None:
        if asked.writes and not taken.is_set():
            grafana.store.does("Editor", "POST", asked.path, {}, asked.content)
            taken.set()
            return SILENT
        return None

    port = free_port()
    with FakeGrafana(takes_and_says_nothing, port=port) as grafana, town(tmp_path, port) as here:
        here.appear(0)
        wait_until(taken.is_set, what="a mark that is not answered")
        here.daemon.kill()
        here.daemon.start()
        here.wait_for_queue(0)
        here.daemon.stop()
        assert marked(grafana)[identity(grafana.writes[0].content)] == 1
        assert set(marked(grafana).values()) == {1}


def test_a_token_that_may_not_write_is_said_once_and_exchanged_while_the_daemon_runs(tmp_path: Path) -> None:
    with FakeGrafana() as grafana, town(tmp_path, int(grafana.url.rpartition(":")[2])) as here:
        here.token.write_text(VIEWER, encoding="utf-8")
        here.appear(0)
        wait_until(lambda: here.standing()["error"], what="a refusal")
        assert "the role Editor" in here.standing()["error"]
        here.token.write_text(EDITOR, encoding="utf-8")
        asked = len(grafana.asked)
        wait_until(lambda: told(grafana, 0), what="the mark", seconds=60)
        # in the seconds of a pause nobody asked
        assert len(grafana.asked) - asked <= 4
        here.daemon.stop()
        said = here.daemon.child.said()
    assert said.count("events can't be told") == 1
    assert VIEWER not in said


def test_subscribers_that_fail_or_can_not_be_loaded_stop_nobody_and_are_marked(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    about = packages / "others-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[monitor.subscribers]\nfails = others:Fails\nmissing = others:Missing\n")
    (packages / "others.py").write_text(
        "class Fails:\n"
        "    name = 'fails'\n"
        "    def handle(self, event):\n"
        "        if type(event).__name__ == 'ServiceAppeared':\n"
        "            raise RuntimeError('no room <here>')\n"
    )
    wanted = ["service_appeared", "handler_failed"]
    with FakeGrafana() as grafana:
        port = int(grafana.url.rpartition(":")[2])
        with town(tmp_path, port, annotations=wanted, packages=packages) as here:
            here.appear(0)
            wait_until(lambda: len(grafana.store.annotations) == 2, what="two marks")
            here.daemon.stop()
            said = here.daemon.child.said()
        texts = sorted(one["text"] for one in grafana.store.annotations)
    assert texts[0].startswith("fails a échoué : no room")
    assert "<" not in texts[0]
    assert texts[1] == "sleeper-0 est apparu"
    assert said.count("the subscriber missing can't be loaded") == 1


def test_a_daemon_that_marks_nothing_loads_nothing_that_speaks_with_grafana(tmp_path: Path) -> None:
    program = (
        "import sys, monitor.app, monitor.post, monitor.config\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in {'dashboards', 'grafana_api_client'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "[]\n"
