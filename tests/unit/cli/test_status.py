import json
import sys
import threading

import pytest

from monitor.cli.inquiry import StartingError
from monitor.core.interval import HOUR, Stamp
from tests.unit.cli.conftest import CLOSED, Call
from tests.unit.cli.test_overview import STATUS

SPACE = "\N{NO-BREAK SPACE}"


class Noon:
    """A clock that stands still in the ledger's open hour."""

    def __init__(self, _: object) -> None:
        pass

    def stamp(self) -> Stamp:
        return Stamp(CLOSED + 2 * HOUR.nanoseconds - 1, 10**12)


def answer(monkeypatch: pytest.MonkeyPatch, status: object) -> None:
    """Have the daemon answer with *status*."""

    def ask(_: object) -> object:
        if isinstance(status, Exception):
            raise status
        return status

    monkeypatch.setattr("monitor.cli.inquiry.ask", ask)


def test_the_daemon_is_asked_first(call: Call, ledger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ledger
    answer(monkeypatch, STATUS)
    said = call("status")
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("ia-01, on 2026-03-10 at 13:00:00\n\nservice")
    assert "No daemon" not in said.out


def test_without_a_daemon_the_ledger_is_shown_and_that_is_said(call: Call, ledger: str) -> None:
    assert ledger
    said = call("status")
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("ia-01, on 2026-03-10 at 14:10:00\nNo daemon answers at http://127.0.0.1:")
    assert "Assistant" in said.out


def test_programs_are_told_which_of_the_two_it_is(call: Call, ledger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ledger
    said = json.loads(call("status", "--json").out)
    assert (said["source"], said["host"]) == ("ledger", "ia-01")
    assert said["ledger"]["committed_at"] == "2026-03-10T13:10:00Z"
    answer(monkeypatch, STATUS)
    assert json.loads(call("status", "--json").out) == {"source": "daemon", **STATUS}


def test_the_ledger_tells_what_its_closed_hours_came_to(
    call: Call, ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ledger
    monkeypatch.setattr("monitor.clock.SystemClock", Noon)
    said = json.loads(call("status", "--json").out)
    # 4 Wh of the closed hour, of 5 with the open one; PUE 1.4, 51.9 g/kWh
    day = said["periods"]["day"]
    assert day["emissions_grams"] == pytest.approx(0.004 * 1.4 * 51.9, abs=1e-5)
    assert day["emissions_low_grams"] < day["emissions_grams"] < day["emissions_high_grams"]
    assert day["cost_euros"] == pytest.approx(0.004 * 1.4 * 0.2016, abs=1e-6)
    assert day["impact_coverage_ratio"] == pytest.approx(0.8)
    (assistant, _) = said["consumers"]
    assert assistant["emissions_grams"]["year"] == pytest.approx(0.003 * 1.4 * 51.9, abs=1e-5)
    shown = call("status").out.replace(SPACE, " ")
    assert "CO₂e (year)" in shown
    assert "impacts known" in shown
    assert "Impacts are those of closed hours" in shown


def test_with_nothing_to_show_the_answer_is_no(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    said = call("status")
    assert (said.status, said.out) == (1, "")
    assert said.err.startswith("empreinte: no daemon answers, and there is no ledger")
    answer(monkeypatch, StartingError("the first reading is not done"))
    assert call("status").err == (
        "empreinte: the daemon is starting (the first reading is not done): ask again in some seconds\n"
    )


def test_an_empty_ledger_holds_nothing_yet(call: Call) -> None:
    assert call("ledger", "migrate").status == 0
    said = call("status")
    assert said.status in {1, 3}
    assert said.err.startswith("empreinte: no daemon answers, and ")


def test_the_language_can_be_chosen(call: Call, ledger: str) -> None:
    assert ledger
    assert "Aucun démon ne répond" in call("status", "--lang", "fr").out


class ThreeTimes(threading.Event):
    """Lets the watch go on twice; then somebody presses Ctrl-C."""

    waited = 0

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout == 5.0
        type(self).waited += 1
        if self.waited == 3:
            raise KeyboardInterrupt
        return False


@pytest.fixture
def ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    ThreeTimes.waited = 0
    monkeypatch.setattr("monitor.cli.status.threading.Event", ThreeTimes)


@pytest.mark.usefixtures("ctrl_c")
def test_a_watch_goes_on_until_ctrl_c(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, STATUS)
    said = call("status", "--watch")
    assert (said.status, said.err) == (0, "")
    assert said.out.count("ia-01, on") == 3
    assert "\x1b" not in said.out


@pytest.mark.usefixtures("ctrl_c")
def test_a_watch_outlives_the_daemon(call: Call) -> None:
    said = call("status", "--watch")
    assert said.status == 0
    assert said.out.count("no daemon answers, and there is no ledger") == 3


@pytest.mark.usefixtures("ctrl_c")
def test_a_watch_for_programs_is_one_line_at_a_time(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, STATUS)
    lines = call("status", "--watch", "--json").out.splitlines()
    assert [json.loads(line)["source"] for line in lines] == ["daemon"] * 3


@pytest.mark.usefixtures("ctrl_c")
def test_on_a_terminal_the_watch_stays_in_place(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, STATUS)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert call("status", "--watch").out.count("\x1b[H\x1b[2J") == 3
