"""Budgets and contracts looked after together, over a real ledger: what fails loses no news of the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.budgets import KEY as OF_BUDGETS
from monitor.config import Surroundings, load
from monitor.contracts import KEY as OF_CONTRACTS
from monitor.core.entries import ServiceFacts
from monitor.core.events import BudgetCrossed, ClauseBreached
from monitor.core.interval import Stamp
from monitor.ledger.periods import Periods
from monitor.ledger.store import Ledger
from monitor.limits import looking_at_limits
from tests.contract.bookkeeping import PARIS, Bookkeeping, ns
from tests.fixtures.ledgers import empty_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.core.events import Event
    from monitor.core.limits import Limits

START = ns("2026-03-01T00:00:00", PARIS)
ASSISTANT = ServiceFacts("assistant", "assistant", "", "2026-1", "", "configured")
FILE = """
[organisation]
timezone = "Europe/Paris"
[[budget]]
key = "tiny"
period = "year"
limit = "0.001 Wh"
[[contract]]
uid = "2026-1"
starts = 2026-03-01
[[contract.clause]]
id = "energie"
metric = "energy"
operator = "<="
threshold = "0.001 Wh"
period = "month"
min_coverage = 0.9
min_measured = 0.1
[[service]]
key = "assistant"
contract = "2026-1"
match = { port = 8000 }
"""


class Town:
    """A ledger that has measured three hours, and what was set."""

    def __init__(self, ledger: Ledger, directory: Path) -> None:
        file = directory / "empreinte.toml"
        file.write_text(FILE, encoding="utf-8")
        self.config = load(Surroundings({"HOME": "/home/m"}, False, "ia-01", PARIS, file), file)
        self.ledger = ledger
        self.keeping = Bookkeeping(("assistant",), start=START)
        for _ in range(3):
            commit = self.keeping.tick(3600)
            commit.services.append(ASSISTANT)
            commit.to(ledger)
        self.restart()

    def restart(self) -> None:
        self.looking = looking_at_limits(self.config, self.ledger)

    def look(self) -> tuple[Limits, tuple[Event, ...]]:
        books, now = self.keeping.open_books(), Stamp(self.keeping.now, self.keeping.now)
        return self.looking(Periods(self.ledger).of(books, now), books, now)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    url = empty_ledger(tmp_path / "ledger.db")
    with Ledger.open(url, host="ia-01", timezone=PARIS, now=Stamp(START, START), holder="a test") as ledger:
        yield Town(ledger, tmp_path)


def kinds(told: tuple[Event, ...]) -> set[type]:
    return {type(event) for event in told}


def test_both_are_shown_and_told_once_also_over_a_restart(town: Town) -> None:
    limits, told = town.look()
    assert kinds(told) == {BudgetCrossed, ClauseBreached}
    assert ([one.budget.key for one in limits.budgets], limits.contracts[0].contract.uid) == (["tiny"], "2026-1")
    assert len(limits.contracts[0].evaluations) == 1
    assert town.look()[1] == ()
    town.restart()
    assert town.look()[1] == ()


@pytest.mark.parametrize("key", [OF_BUDGETS, OF_CONTRACTS])
def test_what_cannot_be_kept_of_one_is_told_of_both_at_the_next_look(
    town: Town, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = town.ledger.remembered

    def fails(asked: str) -> str | None:
        if asked == key:
            message = "the disk is full"
            raise OSError(message)
        return kept(asked)

    with monkeypatch.context() as broken:
        broken.setattr(town.ledger, "remembered", fails)
        with pytest.raises(OSError, match="the disk is full"):
            town.look()
    assert kinds(town.look()[1]) == {BudgetCrossed, ClauseBreached}
