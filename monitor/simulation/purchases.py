"""What a simulated town hall asked of the service that it buys, day by day, as its supplier's list would say it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Final

from monitor.config.external import external_rule
from monitor.core.activity import Unit
from monitor.core.external import ExternalAmount, ExternalSeries, FileRow, chosen
from monitor.core.interval import HOUR, Interval
from monitor.core.units import NANOSECONDS_PER_SECOND
from monitor.intake.usage import hashed
from monitor.simulation.calendar import office_demand, public_holidays
from monitor.simulation.organisation import EXTERNAL
from monitor.simulation.townhall import BUYS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

UNEVEN: Final = 0.2
"""Standard deviation of the logarithm of what is asked in a day. Our choice."""


def purchases(year: int, zone: tzinfo, seed: int, until: int) -> tuple[FileRow, ...]:
    """Return what was asked on each day of the local *year* in *zone* that was over by *until* (ns since the epoch)."""
    rule = external_rule(EXTERNAL)
    basis = chosen(rule.declared, "")
    rows = []
    for line, (time, calls) in enumerate(_days(year, zone, seed), 1):
        if time.end > until:
            break
        amounts = tuple(
            ExternalAmount(
                time.start,
                time.end,
                ExternalSeries(rule.key, rule.provider, BUYS.model, unit),
                amount,
                basis if unit is Unit.OUTPUT_TOKENS else None,
            )
            for unit, amount in BUYS.done(calls).items()
        )
        rows.append(FileRow(line, amounts))
    return tuple(rows)


def list_of(year: int, seed: int) -> str:
    """Return what stands for the content of the list of a *year*."""
    return hashed("simulated", str(year), str(seed))


def _days(year: int, zone: tzinfo, seed: int) -> Iterator[tuple[Interval, int]]:
    """Yield each local day, and how many calls were answered in it."""
    random = Random(f"{seed}/bought in {year}")  # noqa: S311 - a simulation has to be repeatable, not secret
    holidays = public_holidays(year)
    day = date(year, 1, 1)
    while day.year == year:
        start, end = (_midnight(one, zone) for one in (day, day + timedelta(days=1)))
        hours = (
            office_demand(datetime.fromtimestamp(moment // NANOSECONDS_PER_SECOND, UTC).astimezone(zone), holidays)
            for moment in range(start, end, HOUR.nanoseconds)
        )
        asked = round(sum(hours) * HOUR.nanoseconds * random.lognormvariate(0, UNEVEN))
        yield Interval(start, end), BUYS.answered(asked)
        day += timedelta(days=1)


def _midnight(day: date, zone: tzinfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * NANOSECONDS_PER_SECOND
