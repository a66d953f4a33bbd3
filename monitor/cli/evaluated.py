"""How the clauses of contracts stand, read from the ledger: now, or over a time that somebody asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from monitor.contracts import Contracts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.config import Config
    from monitor.core.contracts import Contract, ContractStanding, Evaluation
    from monitor.core.interval import Interval
    from monitor.ledger.store import Ledger


def evaluated_at(
    ledger: Ledger, config: Config, contracts: Sequence[Contract], at: int
) -> tuple[ContractStanding, ...]:
    """Return how *contracts* stand in the windows that hold the moment *at*, and in the ones before.

    Raises LedgerError.
    """
    return _judge(ledger, config, contracts).standings(ledger.closed_through(), at)


def evaluated_in(
    ledger: Ledger, config: Config, contracts: Sequence[Contract], within: Interval
) -> tuple[ContractStanding, ...]:
    """Return how *contracts* stand in each window that begins in *within*, and as a whole up to its end.

    What closed after the end is not looked at: a final report is the same whenever it is made. Windows that have no
    closed hour yet are left out. Raises LedgerError.
    """
    closed = min(ledger.closed_through(), within.end)
    found = _judge(ledger, config, contracts).standings_in(closed, within)
    return tuple(replace(one, evaluations=tuple(it for it in one.evaluations if _touches(it, within))) for one in found)


def _judge(ledger: Ledger, config: Config, contracts: Sequence[Contract]) -> Contracts:
    return Contracts(contracts, config.external_rules, ledger, ZoneInfo(ledger.timezone))


def _touches(one: Evaluation, within: Interval) -> bool:
    """Return whether any of its window is in *within*, and it has begun before the last hour that is closed.

    A contract that was over before is none of it, and of what is to come there is nothing to say.
    """
    return one.span.elapsed > 0 and within.start < one.span.whole.end
