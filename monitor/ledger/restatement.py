"""Restates closed hours: writes what they come to now as a new generation, and makes it the one that counts.

It is written in short transactions, beside a daemon, and seen by nobody before the last of them. What was there before
stays as it was. One that was cut off leaves rows that no reader sees; the next restatement removes them.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, delete, func, insert, select, update

from monitor.core.calendar import utc
from monitor.core.impact import Bounds, Indicator
from monitor.core.interval import Interval
from monitor.ledger import schema
from monitor.ledger.derived import ImpactWriter
from monitor.ledger.errors import LedgerError
from monitor.ledger.insertion import Insertion
from monitor.ledger.locks import restating
from monitor.ledger.stretches import whole_hours

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Row

    from monitor.core.impact import HourImpacts
    from monitor.ledger.store import Ledger

MOST_ROWS: Final = 20_000
"""Amounts written in one transaction: a tenth of a second, so that a daemon's commit does not wait long."""
MOST_HOURS: Final = 7 * 24
"""Hours written, or removed, in one transaction."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """When a restatement was made (ns since the epoch), by whom, why, and with which set of factors."""

    made: int
    author: str
    reason: str
    factor_set: str


@dataclass(frozen=True, slots=True)
class Restatement:
    """One restatement that counts: of which hours, when (`made`, ns since the epoch), by whom and why.

    `differences` has, for each indicator, what `interval` came to before and what it comes to now: None where that is
    unknown. `hours` is how many hours came to something else, or were reckoned by other terms.
    """

    number: int
    interval: Interval
    made: int
    author: str
    reason: str
    factor_set: str
    differences: Mapping[Indicator, tuple[Bounds | None, Bounds | None]]
    hours: int


@dataclass(slots=True)
class Comparison:
    """What has been compared so far."""

    before: dict[Indicator, Bounds] = field(default_factory=dict)
    after: dict[Indicator, Bounds] = field(default_factory=dict)
    hours: int = 0
    reckoned: int = 0
    """How many hours the new generation has."""

    def take(self, old: Mapping[int, HourImpacts], new: Mapping[int, HourImpacts]) -> None:
        """Add the hours of one time, by their beginnings: as they counted so far, and as they shall."""
        for hours, sums in ((old, self.before), (new, self.after)):
            for hour in hours.values():
                for series, amount in hour.amounts.items():
                    sums[series.indicator] = sums.get(series.indicator, Bounds.ZERO) + amount
        self.reckoned += len(new)
        self.hours += sum(old.get(start) != new.get(start) for start in old.keys() | new.keys())

    def differences(self) -> dict[Indicator, tuple[Bounds | None, Bounds | None]]:
        """Return the sums before and after, by indicator."""
        return {one: (self.before.get(one), self.after.get(one)) for one in sorted({*self.before, *self.after})}


def restate(
    ledger: Ledger, host: int, hours: Iterable[HourImpacts], interval: Interval, occasion: Occasion
) -> Restatement | None:
    """Write *hours*, in order of time, as a new generation over *interval*; return what it changes.

    None where nothing differs: then there is no new generation. Hours of the interval that are not among *hours* have
    unknown impacts from now on. Raises LedgerError: then nothing has changed for any reader; ValueError where *hours*
    are out of order, or outside of the interval.
    """
    interval, closed_through = whole_hours(interval, ledger.grain), ledger.closed_through()
    if interval.end > closed_through:
        raise LedgerError(
            f"the hours from {utc(closed_through)} on are not closed yet, and can't be restated",
            f"restate up to {utc(closed_through)}",
        )
    with restating(ledger.place, ledger.transaction):
        work = Making(ledger, host, interval)
        work.remove_unfinished()
        if interval.start == interval.end:
            return None
        number = work.begin(occasion)
        try:
            compared = work.write(number, hours)
        except LedgerError:
            # the lock may be lost with the connection: what is there may be another's by now
            raise
        except Exception:
            with suppress(LedgerError):
                work.remove(number)
            raise
        if not compared.hours:
            work.remove(number)
            return None
        work.finish(number, compared)
    return Restatement(number, interval, **asdict(occasion), differences=compared.differences(), hours=compared.hours)


def read_restatements(connection: Connection, host: int) -> tuple[Restatement, ...]:
    """Return all restatements of *host* that count, in the order of their numbers."""
    table = schema.impact_generations
    rows = connection.execute(select(table).where(table.c.current, table.c.host_id == host).order_by(table.c.number))
    return tuple(_restatement(row) for row in rows)


class Making:
    """One generation of impacts in the making. Every step is one short transaction, or several."""

    def __init__(self, ledger: Ledger, host: int, interval: Interval) -> None:
        self._ledger = ledger
        self._host = host
        self._interval = interval
        self._writer: ImpactWriter | None = None

    def remove_unfinished(self) -> None:
        """Remove what restatements that were cut off have left."""
        table = schema.impact_generations
        with self._ledger.transaction() as connection:
            left = connection.execute(
                select(table.c.number).where(table.c.host_id == self._host, table.c.differences.is_(None))
            ).scalars()
            numbers = list(left)
        for number in numbers:
            self.remove(number)

    def begin(self, occasion: Occasion) -> int:
        """Note that a generation is in the making; return its number."""
        table = schema.impact_generations
        with self._ledger.transaction(writes=True) as connection:
            newest = connection.execute(select(func.max(table.c.number)).where(table.c.host_id == self._host)).scalar()
            number = (newest or schema.AS_BOOKED) + 1
            connection.execute(
                insert(table).values(
                    number=number,
                    host_id=self._host,
                    since=self._interval.start,
                    until=self._interval.end,
                    current=False,
                    **asdict(occasion),
                    differences=None,
                )
            )
        return number

    def write(self, number: int, hours: Iterable[HourImpacts]) -> Comparison:
        """Write *hours* as generation *number*; return how they differ from what counts so far."""
        compared = Comparison()
        start = self._interval.start
        for lot, end in lots(hours, self._interval, self._ledger.grain.nanoseconds):
            with self._ledger.reader() as reader:
                old = reader.impacts.hours(Interval(start, end))
            compared.take({one.start: one for one in old}, {one.start: one for one in lot})
            with self._ledger.transaction(writes=True) as connection:
                self.write_in(connection, number, lot)
            start = end
        return compared

    def write_in(self, connection: Connection, number: int, lot: Sequence[HourImpacts]) -> None:
        """Write a *lot* of hours as generation *number*, within a transaction that writes."""
        if self._writer is None:
            self._writer = ImpactWriter(connection, self._host, Insertion(connection))
        self._writer.write(connection, lot, number)

    def finish(self, number: int, compared: Comparison) -> None:
        """Make the generation *number* the one that counts."""
        with self._ledger.transaction(writes=True) as connection:
            self.finish_in(connection, number, compared)

    def finish_in(self, connection: Connection, number: int, compared: Comparison) -> None:
        """Do the same within a transaction that writes."""
        table = schema.impact_generations
        connection.execute(
            update(table)
            .where(table.c.number == number, table.c.host_id == self._host)
            .values(current=True, differences=_told(compared))
        )

    def remove(self, number: int) -> None:
        """Remove the generation *number*, which never counted, some hours at once."""
        while self._remove_some(number):
            pass
        table = schema.impact_generations
        with self._ledger.transaction(writes=True) as connection:
            connection.execute(delete(table).where(table.c.number == number, table.c.host_id == self._host))

    def _remove_some(self, number: int) -> bool:
        """Remove the first hours of the generation *number*; return whether there were any."""
        hours, amounts, series = schema.hour_terms, schema.hour_impacts, schema.impact_series
        with self._ledger.transaction(writes=True) as connection:
            first = select(hours.c.bucket).where(hours.c.generation == number, hours.c.host_id == self._host)
            some = connection.execute(first.order_by(hours.c.bucket).limit(MOST_HOURS)).scalars().all()
            # other hosts have numbers of their own
            own = {
                amounts: amounts.c.series_id.in_(select(series.c.id).where(series.c.host_id == self._host)),
                hours: hours.c.host_id == self._host,
            }
            for table, is_own in own.items() if some else ():
                within = and_(table.c.bucket >= some[0], table.c.bucket <= some[-1])
                connection.execute(delete(table).where(within, table.c.generation == number, is_own))
        return bool(some)


def lots(hours: Iterable[HourImpacts], interval: Interval, grain: int) -> Iterator[tuple[list[HourImpacts], int]]:
    """Yield *hours* in lots, each with the moment up to which it goes: the last to the end of *interval*.

    A lot has no more rows than a short transaction may have, but always an hour. Raises ValueError.
    """
    lot: list[HourImpacts] = []
    rows, through = 0, interval.start
    for hour in hours:
        if not through <= hour.start <= interval.end - grain or hour.start % grain:
            message = f"the hour of {utc(hour.start)} comes out of order, or is not one of those to be restated"
            raise ValueError(message)
        if lot and (rows + len(hour.amounts) > MOST_ROWS or len(lot) >= MOST_HOURS):
            yield lot, through
            lot, rows = [], 0
        lot.append(hour)
        rows += len(hour.amounts)
        through = hour.start + grain
    yield lot, interval.end


def _told(compared: Comparison) -> str:
    differences = {
        one.value: [None if amount is None else [amount.low, amount.central, amount.high] for amount in pair]
        for one, pair in compared.differences().items()
    }
    return json.dumps({"hours": compared.hours, "reckoned": compared.reckoned, "indicators": differences})


def _restatement(row: Row[Any]) -> Restatement:
    told = json.loads(row.differences)
    return Restatement(
        number=row.number,
        interval=Interval(row.since, row.until),
        made=row.made,
        author=row.author,
        reason=row.reason,
        factor_set=row.factor_set,
        differences={
            Indicator(name): (_bounds(before), _bounds(after)) for name, (before, after) in told["indicators"].items()
        },
        hours=told["hours"],
    )


def _bounds(told: Sequence[int] | None) -> Bounds | None:
    return None if told is None else Bounds(*told)
