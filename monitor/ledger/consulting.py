"""What can be asked of a ledger, by whoever has opened it, for whatever purpose."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select

from monitor.core.calendar import months_of
from monitor.core.interval import Interval, bucket_of
from monitor.ledger.abreast import most_abreast, share_out
from monitor.ledger.activity import ActivityReader
from monitor.ledger.corrections import read_corrections
from monitor.ledger.explanation import applied_terms, by_terms
from monitor.ledger.external import external_sums, read_mark
from monitor.ledger.hours import AT_ONCE
from monitor.ledger.impacts import ImpactReader
from monitor.ledger.imported import imported_uses
from monitor.ledger.intensities import end_of_intensities, read_intensities
from monitor.ledger.reading import Monthly, Reader
from monitor.ledger.restatement import read_restatements
from monitor.ledger.schema import AS_BOOKED, generations, impact_generations, open_books, remembered
from monitor.ledger.stretches import merged, runs
from monitor.ledger.writing import read_naming, read_series

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from monitor.core.activity import Unit
    from monitor.core.corrections import Correction
    from monitor.core.entries import Gap, ServiceFacts
    from monitor.core.external import ExternalSum
    from monitor.core.groups import Holder
    from monitor.core.impact import Bounds, ImpactSeries, Indicator
    from monitor.core.imported import ImportedUse
    from monitor.core.readings import IntensityReading
    from monitor.core.spread import UnitHours
    from monitor.core.units import Energy
    from monitor.ledger.database import Place
    from monitor.ledger.explanation import AppliedTerms, UnderTerms
    from monitor.ledger.hours import HourFacts
    from monitor.ledger.identity import Identity
    from monitor.ledger.naming import Naming
    from monitor.ledger.reading import Sums
    from monitor.ledger.restatement import Restatement
    from monitor.ledger.session import Session


_EVER: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Corrections:
    """The generations of energy that are current, and the newest restatement of impacts; 0 where there is none."""

    energy: frozenset[int]
    impacts: int


class Consulted:
    """The questions, each answered within one transaction. Each raises LedgerError where it can't be."""

    def __init__(self, place: Place, session: Session, identity: Identity) -> None:
        self.uuid = identity.uuid
        self.host = identity.host
        self.host_uuid = identity.host_uuid
        self.timezone = identity.time_zone
        self.simulated = identity.simulated
        self.grain = identity.grain
        """How long its hours are: an hour; half or a quarter of one, where the clock of its time zone asks for it."""
        self.place = place
        self._host_id = identity.host_id
        self._session = session

    def sums(self, interval: Interval, through: int | None = None) -> Sums:
        """Return the exact sums over the closed hours that lie whole in *interval*.

        With *through*, impacts are as they were when the restatement of that number was the last; 0: as derived first.
        """
        with self.reader() as reader:
            return reader.sums(interval, through)

    def sums_of(self, intervals: Sequence[Interval], through: int | None = None) -> list[Sums]:
        """Return the same of each of the *intervals*, all of one moment."""
        with self._session.abreast(min(most_abreast(), len(intervals))) as connections:
            readers = [self._reader(one) for one in connections]
            return share_out(lambda reader, interval: reader.sums(interval, through), readers, intervals)

    def impacts(self, interval: Interval, through: int | None = None) -> Mapping[ImpactSeries, Bounds]:
        """Return the exact sums of impacts over the closed hours that lie whole in *interval*; *through* as of `sums`.

        What is not there is unknown.
        """
        with self.reader() as reader:
            return reader.impacts.sums(interval, through)

    def held(self, interval: Interval, through: int | None = None) -> Mapping[tuple[Holder, Indicator], Bounds]:
        """Return the same of each service and of each group: departments and contracts, by who was in them then."""
        with self.reader() as reader:
            return reader.impacts.held(interval, through)

    def monthly(self, year: int, numbers: Sequence[int] = range(1, 13), *, unit_hours: bool = False) -> Monthly:
        """Return the local *year*, month by month, as far as it is closed: nothing of the open hour is in it.

        Only the months of the *numbers*, 1 to 12, which join, are read, and the `unit_hours` of them where it is said.
        """
        months = months_of(year, ZoneInfo(self.timezone))
        with self._session.abreast(min(most_abreast(), len(numbers))) as connections:
            closed = self._closed_through(connections[0])

            def read(reader: Reader, number: int | None) -> Monthly:
                if number is not None:
                    return reader.monthly(year, (months[number - 1],), closed, number)
                whole = Interval(months[numbers[0] - 1].start, months[numbers[-1] - 1].end)
                return Monthly(year, closed, (), {}, {}, unit_hours=reader.activity.unit_hours(whole))

            # the longest first: whoever has it is busy with it while others read the months
            parts = [*([None] if unit_hours else []), *numbers]
            return Monthly.of(year, closed, share_out(read, [self._reader(one) for one in connections], parts))

    def month(self, year: int, number: int) -> Monthly:
        """Return the month *number*, 1 to 12, of the local *year*, as `monthly` does; in its rows it is month 1."""
        month = months_of(year, ZoneInfo(self.timezone))[number - 1]
        with self.transaction() as connection:
            return self._reader(connection).monthly(year, (month,), self._closed_through(connection))

    def minutes(self, since: int) -> list[tuple[int, float]]:
        """Return the host's mean power in each closed minute from *since* on: (start in ns since the epoch, watts)."""
        with self.reader() as reader:
            return reader.minutes(since)

    def hourly(self, interval: Interval) -> dict[int, Energy]:
        """Return what the host used in each closed hour of *interval*, by its start; only of those measured."""
        with self.reader() as reader:
            return reader.hourly(interval)

    def unit_hours(self, interval: Interval) -> dict[tuple[ServiceFacts, Unit], UnitHours]:
        """Return what each service did in each closed hour that lies whole in *interval*, and what that took.

        Services are told apart by the facts that held then.
        """
        with self.reader() as reader:
            return reader.activity.unit_hours(interval)

    def gaps(self, interval: Interval) -> tuple[Gap, ...]:
        """Return what was not measured in *interval*, cut to it, in order of time."""
        with self.reader() as reader:
            return reader.gaps(interval)

    def hours(self, interval: Interval) -> Iterator[HourFacts]:
        """Yield the facts of the closed hours that lie whole in *interval*, in order of time; only those there are.

        A month is read at once, and within one transaction.
        """
        for part in interval.split(AT_ONCE):
            with self.reader() as reader:
                facts = reader.hours(part)
            yield from facts

    def applied(self, interval: Interval) -> tuple[AppliedTerms, ...]:
        """Return by which terms the closed hours that lie whole in *interval* were reckoned, in order of time.

        Each in the generation that counts. Raises LedgerCorrupt where they can't be read.
        """
        with self.reader() as reader:
            return applied_terms(reader, interval, self.grain)

    def by_terms(self, interval: Interval, consumer: str) -> list[UnderTerms]:
        """Return what *consumer* used and what that came to, by the terms of each hour of *interval*, in order of time.

        What was booked under keys that it carries on is its own. Energy of hours without terms is not among it.
        """
        with self.reader() as reader:
            return by_terms(reader, interval, consumer, self.grain)

    def filled(self, since: int) -> tuple[Interval, ...]:
        """Return the closed hours from *since* on (ns since the epoch) that a live intensity was missing for.

        They are to be restated once it has come in. Hours that join are one time.
        """
        with self.reader() as reader:
            over = reader.impacts.over(Interval(since, _EVER))
            return runs([one.start for one in reader.impacts.reckoned(over, filled=True)], self.grain)

    def restatements(self) -> tuple[Restatement, ...]:
        """Return the restatements of impacts that count, in the order in which they were made."""
        with self.transaction() as connection:
            return read_restatements(connection, self._host_id)

    def made_by_hand(self) -> tuple[Correction, ...]:
        """Return what people corrected or explained, in the order in which it was made."""
        with self.transaction() as connection:
            return read_corrections(connection, self._host_id)

    def intensities(self, provider: str, zone: str, interval: Interval) -> tuple[IntensityReading, ...]:
        """Return what *provider* told of *zone* in *interval*, the newest revision of each, in order of time."""
        with self.transaction() as connection:
            return read_intensities(connection, self._host_id, provider, zone, interval)

    def newest_intensity(self, provider: str, zone: str) -> int:
        """Return up to when *provider* has told of *zone*, ns since the epoch; 0 where it has told nothing."""
        with self.transaction() as connection:
            return end_of_intensities(connection, self._host_id, provider, zone)

    def external(self, interval: Interval, *, counted: bool = True) -> tuple[ExternalSum, ...]:
        """Return what bought services did in the times that lie whole in *interval*: nothing of it is the host's.

        What is not *counted* is a cross-check. Raises LedgerCorrupt where its basis can't be read.
        """
        with self.transaction() as connection:
            return external_sums(connection, self._host_id, interval, counted=counted)

    def imported(self, interval: Interval) -> tuple[ImportedUse, ...]:
        """Return what runs of other programs came to that were written in *interval*: nothing of it is the host's."""
        with self.transaction() as connection:
            return imported_uses(connection, self._host_id, interval)

    def external_mark(self, stream: str) -> int:
        """Return up to which number the events of *stream* are among what bought services did; 0: none is."""
        with self.transaction() as connection:
            return read_mark(connection, self._host_id, stream)

    def services(self, at: int | None = None) -> Mapping[str, ServiceFacts]:
        """Return the facts of every service by key: the last ones, or those that held *at* (ns since the epoch).

        One that goes on under another key is not among them.
        """
        naming = self.naming()
        latest = naming.latest()
        return latest if at is None else {key: naming.facts(key, at) for key in latest}

    def naming(self) -> Naming:
        """Return what services were called, by date."""
        with self.transaction() as connection:
            return read_naming(connection, self._host_id)

    def closed_through(self) -> int:
        """Return the moment before which nothing changes any more, ns since the epoch; 0 before the first commit."""
        with self.transaction() as connection:
            return self._closed_through(connection)

    def corrections(self) -> Corrections:
        """Return by which corrections closed hours are read: what has been read before holds while they are equal."""
        impacts = impact_generations
        with self.transaction() as connection:
            energy = connection.execute(select(generations.c.number).where(generations.c.current)).scalars()
            newest = (
                select(impacts.c.number)
                .where(impacts.c.current, impacts.c.host_id == self._host_id)
                .order_by(impacts.c.number.desc())
                .limit(1)
            )
            return Corrections(frozenset(energy), connection.execute(newest).scalar() or AS_BOOKED)

    def restated(self, after: int, through: int) -> tuple[Interval, ...]:
        """Return the time of the restatements whose numbers come after *after*, up to *through*, in order, merged."""
        table = impact_generations
        with self.transaction() as connection:
            rows = connection.execute(
                select(table.c.since, table.c.until)
                .where(
                    table.c.current, table.c.host_id == self._host_id, table.c.number > after, table.c.number <= through
                )
                .order_by(table.c.since)
            )
            return merged(Interval(row.since, row.until) for row in rows)

    def remembered(self, key: str) -> str | None:
        """Return what was last kept under *key*; None where nothing was."""
        table = remembered
        with self.transaction() as connection:
            return connection.execute(
                select(table.c.value).where(table.c.host_id == self._host_id, table.c.key == key)
            ).scalar()

    @contextmanager
    def transaction(self, *, writes: bool = False) -> Iterator[Connection]:
        """Give the connection for one transaction, for the other parts of this package. Raises LedgerError."""
        with self._session.transaction(writes=writes) as connection:
            yield connection

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """Give what reads the closed hours, within one transaction. Raises LedgerError."""
        with self.transaction() as connection:
            yield self._reader(connection)

    def _reader(self, connection: Connection) -> Reader:
        naming = read_naming(connection, self._host_id)
        impacts = ImpactReader(connection, self._host_id, naming, self.grain)
        activity = ActivityReader(connection, self._host_id, naming, self.grain)
        return Reader(
            connection, read_series(connection, self._host_id), naming, self.grain, impacts=impacts, activity=activity
        )

    def _closed_through(self, connection: Connection) -> int:
        table = open_books
        found = connection.execute(select(table.c.closed_through).where(table.c.host_id == self._host_id)).scalar()
        return bucket_of(found or 0, self.grain)
