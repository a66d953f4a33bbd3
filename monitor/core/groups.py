"""Whom the energy of services is put together for: departments and contracts, by what was true in each hour."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from monitor.core.entries import ServiceFacts


class Grouping(StrEnum):
    """By what services are put together."""

    DEPARTMENT = "department"
    CONTRACT = "contract"


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """The services that a department has, or that are under a contract."""

    by: Grouping
    name: str


Holder = str | Group
"""Whose a figure is: a consumer's, or those of a group together."""

NOBODY: Final = Group(Grouping.DEPARTMENT, "_none")
"""What no department has, the pseudo-services among it: with it, the departments sum to the whole."""


def groups_of(facts: ServiceFacts) -> tuple[Group, ...]:
    """Return the groups that a service with *facts* is in: one department, and its contract if it has one."""
    department = Group(Grouping.DEPARTMENT, facts.department) if facts.department else NOBODY
    return (department, Group(Grouping.CONTRACT, facts.contract)) if facts.contract else (department,)
