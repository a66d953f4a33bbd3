"""Looks after all that was set: budgets and contracts, one after the other, after each commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.budgets import Budgets
from monitor.contracts import Contracts
from monitor.core.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.config import Config
    from monitor.core.entries import OpenBooks
    from monitor.core.events import Event
    from monitor.core.figures import Figures
    from monitor.core.interval import Stamp
    from monitor.ledger.store import Ledger

    Look = Callable[[Figures, OpenBooks, Stamp], tuple[Limits, tuple[Event, ...]]]


def looking_at_limits(config: Config, ledger: Ledger) -> Look:
    """Return what says how everything stands by the figures of books, and what is to be told with the next commit.

    The books have been committed, with all that an earlier call said was to be told. It raises LedgerError: then it
    is told later.
    """
    zone = config.organisation.timezone
    budgets = Budgets(config.budgets, ledger, zone)
    contracts = Contracts(config.contracts, config.external_rules, ledger, zone)

    def look(figures: Figures, books: OpenBooks, now: Stamp) -> tuple[Limits, tuple[Event, ...]]:
        # what can fail comes first: between news and their being told nothing may
        clauses = contracts.look(books.closed_through, now)
        standings, crossed = budgets.look(figures, books, now)
        return Limits(standings, clauses), (*crossed, *contracts.tell(now))

    return look
