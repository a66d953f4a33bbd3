"""What a report is made of, read from the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from monitor.cli.ledger import FIRST_YEAR, year_in
from monitor.core.calendar import months_of
from monitor.core.interval import Interval
from monitor.core.units import Duration
from monitor.report.activity import ActivityRow
from monitor.report.external import Bought
from monitor.report.factors import Generation, Reckoned
from monitor.report.impacts import ImpactRow
from monitor.report.model import Books, Covered, Row, make
from monitor.report.scope import narrowed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.core.external import ExternalRule
    from monitor.ledger.store import Ledger
    from monitor.report.model import Report
    from monitor.report.scope import Scope


def reported(ledger: Ledger, year: int, rules: Iterable[ExternalRule], scope: Scope) -> Report:
    """Return the report of what of the *year* is in *scope*. Raises LedgerError; CommandError for a wrong year."""
    return make(narrowed(_books(ledger, year, rules, scope), scope))


def earlier(ledger: Ledger, year: int, rules: Iterable[ExternalRule], scope: Scope) -> Report | None:
    """Return the report of the same part of the year before *year*; None where nothing of it was measured."""
    if year <= FIRST_YEAR:
        return None
    made = reported(ledger, year - 1, rules, scope)
    return made if any(month.coverage for month in made.months) else None


def _books(ledger: Ledger, year: int, rules: Iterable[ExternalRule], scope: Scope) -> Books:
    zone = ZoneInfo(ledger.timezone)
    year_in(year, zone)
    months = months_of(year, zone)
    interval = Interval(months[scope.months[0] - 1].start, months[scope.months[-1] - 1].end)
    monthly = ledger.monthly(year, scope.months, unit_hours=True)
    return Books(
        year=year,
        time_zone=zone,
        closed_through=monthly.closed_through,
        rows=tuple(Row(row.month, row.series, row.facts, row.energy) for row in monthly.rows),
        covered=tuple(Covered(month, resource, time) for (month, resource), time in monthly.covered.items()),
        gaps=ledger.gaps(interval),
        impacts=tuple(ImpactRow(row.month, row.facts, row.series.indicator, row.amount) for row in monthly.impacts),
        reckoned=tuple(
            Reckoned(one.terms, one.generation, Duration(sum(hours.length.nanoseconds for hours in one.hours)))
            for one in ledger.applied(interval)
        ),
        generations=tuple(
            Generation(one.number, one.made, one.author, one.reason, one.factor_set) for one in ledger.restatements()
        ),
        activity=tuple(
            ActivityRow(row.month, row.series, row.facts, row.amount, counted)
            for counted, rows in ((True, monthly.activity), (False, monthly.cross_checks))
            for row in rows
        ),
        simulated=ledger.simulated,
        corrections=tuple(
            one
            for one in ledger.made_by_hand()
            if one.interval.start < interval.end and one.interval.end > interval.start
        ),
        bought=_bought(ledger, year, monthly.closed_through, rules),
        imported=ledger.imported(Interval(interval.start, min(interval.end, monthly.closed_through))),
        hourly=ledger.hourly(interval),
        unit_hours=monthly.unit_hours,
    )


def _bought(ledger: Ledger, year: int, closed_through: int, rules: Iterable[ExternalRule]) -> Bought:
    """Return what was bought as an API in the *year*, as far as it is closed."""
    months = (
        (number, ledger.external(Interval(month.start, min(month.end, closed_through))))
        for number, month in enumerate(months_of(year, ZoneInfo(ledger.timezone)), start=1)
        if month.start < closed_through
    )
    return Bought(tuple(one for one in months if one[1]), {rule.key: rule for rule in rules})
