"""What was set for an organisation's AI, and how it stands: budgets and the clauses of contracts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.core.budgets import Standing
    from monitor.core.contracts import ContractStanding


@dataclass(frozen=True, slots=True)
class Limits:
    """How all of it stands, each in the order in which it is configured."""

    budgets: tuple[Standing, ...] = ()
    contracts: tuple[ContractStanding, ...] = ()
