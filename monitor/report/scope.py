"""Which part of a ledger's year a report is of: all of it, some months, one service, department or site."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.core.entries import ServiceFacts
    from monitor.report.activity import ActivityRow
    from monitor.report.external import Bought
    from monitor.report.impacts import ImpactRow
    from monitor.report.model import Books, Row

    Dated = TypeVar("Dated", Row, ImpactRow, ActivityRow)

YEAR: Final = tuple(range(1, 13))
_MONTHS_OF_A_QUARTER: Final = 3
_LONGEST: Final = 60
"""So many letters of a name stand in the name of a file."""
_MARKED: Final = re.compile(r"(.*-)?simulated")
"""How the name of a file of made-up figures ends."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The *months* of the year, 1 to 12, that follow one another, and one service by its key, department or site.

    Those that are empty: all. A ledger is of one machine, so that its site is all of it.
    """

    months: tuple[int, ...] = YEAR
    service: str = ""
    department: str = ""
    site: str = ""

    @property
    def whole_machine(self) -> bool:
        """Whether nothing of the machine is left out."""
        return not (self.service or self.department)

    @property
    def suffix(self) -> str:
        """What tells the names of its files from those of the whole year."""
        kinds = (("service", self.service), ("department", self.department), ("site", self.site))
        named = (f"{kind}-{_slug(name)}" for kind, name in kinds if name)
        return "".join(f"-{part}" for part in (_period(self.months), *named) if part)

    def has(self, facts: ServiceFacts) -> bool:
        """Return whether what is under these *facts* is in it."""
        return (not self.service or facts.key == self.service) and (
            not self.department or facts.department == self.department
        )


def quarter(number: int) -> tuple[int, ...]:
    """Return the months of the quarter *number*, 1 to 4."""
    return tuple(range(_MONTHS_OF_A_QUARTER * number - 2, _MONTHS_OF_A_QUARTER * number + 1))


def narrowed(books: Books, scope: Scope) -> Books:
    """Return of *books* what is in *scope*."""
    return replace(
        books,
        scope=scope,
        rows=_in(books.rows, scope),
        impacts=_in(books.impacts, scope),
        activity=_in(books.activity, scope),
        covered=tuple(one for one in books.covered if one.month in scope.months),
        bought=_bought(books.bought, scope),
        imported=tuple(one for one in books.imported if scope.whole_machine or _is_of(one.service, scope)),
        # what the machine used by the hour is nobody's
        hourly=books.hourly if scope.whole_machine else {},
        unit_hours={(facts, unit): hours for (facts, unit), hours in books.unit_hours.items() if scope.has(facts)},
    )


def _is_of(service: str, scope: Scope) -> bool:
    """Return whether runs of *service* are in a scope of one service; of which department they are nobody knows."""
    return bool(service) and service == scope.service and not scope.department


def _in(rows: Iterable[Dated], scope: Scope) -> tuple[Dated, ...]:
    return tuple(row for row in rows if row.month in scope.months and scope.has(row.facts))


def _bought(bought: Bought, scope: Scope) -> Bought:
    """Return what was bought in the months, for the department as it is configured now."""
    wanted = {
        key
        for key, rule in bought.services.items()
        if scope.service in {"", key} and scope.department in {"", rule.department}
    }
    months = (
        (month, tuple(one for one in sums if scope.whole_machine or one.series.external in wanted))
        for month, sums in bought.months
        if month in scope.months
    )
    return replace(bought, months=tuple((month, sums) for month, sums in months if sums))


def _period(months: tuple[int, ...]) -> str:
    if months == YEAR:
        return ""
    if len(months) == _MONTHS_OF_A_QUARTER and months == quarter(-(-months[0] // _MONTHS_OF_A_QUARTER)):
        return f"q{months[0] // _MONTHS_OF_A_QUARTER + 1}"
    return "-".join(f"{number:02}" for number in dict.fromkeys((months[0], months[-1])))


def _slug(name: str) -> str:
    """Return *name* as a part of the name of a file: letters without marks, and digits.

    What leaves nothing of it, cuts it, or could be taken for made-up figures has a mark of its own after it.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    letters = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    if letters and len(letters) <= _LONGEST and not _MARKED.fullmatch(letters):
        return letters
    return f"{letters[:_LONGEST]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}".strip("-")
