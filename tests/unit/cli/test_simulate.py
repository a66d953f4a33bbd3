import logging

import pytest

from monitor.config import Config
from tests.unit.cli.conftest import Call


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int]]:
    """Take note of what is called, with the ledger and the seed, instead of doing it."""
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root, "level", logging.root.level)
    seen: list[tuple[str, str, int]] = []

    def simulate(config: Config, seed: int) -> None:
        seen.append(("simulate", config.ledger.url, seed))

    def fill_year(config: Config, year: int, seed: int) -> int:
        seen.append((str(year), config.ledger.url, seed))
        return 8760

    monkeypatch.setattr("monitor.app.simulate", simulate)
    monkeypatch.setattr("monitor.app.fill_year", fill_year)
    return seen


def test_it_runs_on_a_ledger_of_its_own(call: Call, calls: list[tuple[str, str, int]], url: str) -> None:
    assert call("simulate", "--seed", "7").status == 0
    assert calls == [("simulate", url.replace("ledger.db", "simulated.db"), 7)]


def test_history_comes_first_and_once_stops_after_it(call: Call, calls: list[tuple[str, str, int]]) -> None:
    said = call("simulate", "--history", "2026", "--ledger", "sqlite:////tmp/x.db", "--once")
    assert said.out == "8760 simulated hours of 2026 came into sqlite:////tmp/x.db.\n"
    assert calls == [("2026", "sqlite:////tmp/x.db", 2026)]
    calls.clear()
    assert call("simulate", "--history", "2026", "--ledger", "sqlite:////tmp/x.db").status == 0
    assert [name for name, _, _ in calls] == ["2026", "simulate"]


def test_several_years_are_filled_the_oldest_first(call: Call, calls: list[tuple[str, str, int]]) -> None:
    assert call("simulate", "--history", "2026", "--history", "2025", "--history", "2026", "--once").status == 0
    assert [name for name, _, _ in calls] == ["2025", "2026"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--once",), "give --history YYYY as well"),
        (("--history", "3000"), "no ledger holds the year 3000"),
        (("--ledger", "ledger.db"), "--ledger: it names neither"),
    ],
)
def test_what_can_not_be_is_refused(
    call: Call, calls: list[tuple[str, str, int]], arguments: tuple[str, ...], expected: str
) -> None:
    said = call("simulate", *arguments)
    assert said.status == 2
    assert expected in said.err
    assert calls == []
