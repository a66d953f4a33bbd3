"""Corrects closed hours: writes what counts of them as a new generation, with what they come to, and the record of it.

It is written in short transactions, beside a daemon, and seen by nobody before the last of them, which makes the
energy, its impacts and the record count at once. One that was cut off leaves rows that no reader sees; the next
correction removes them.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, insert, select, update

from monitor.core.hours import reckon
from monitor.core.interval import Interval
from monitor.core.units import Energy
from monitor.ledger import schema
from monitor.ledger.corrections import write_correction
from monitor.ledger.errors import LedgerError
from monitor.ledger.hour_books import BookWriter, next_generation, remove_hours
from monitor.ledger.locks import restating
from monitor.ledger.proposing import Proposer
from monitor.ledger.restatement import MOST_HOURS, MOST_ROWS, Comparison, Making, Occasion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import Connection

    from monitor.core.corrections import Correction, Grounds, HourBook, Order
    from monitor.core.impact import HourImpacts
    from monitor.ledger.proposing import Proposal
    from monitor.ledger.store import Ledger

FACTORS: Final = ""
"""The set of factors of a generation that has each hour reckoned by the terms that it had."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a correction did, or would do (its number is 0 then).

    `before` and `after` are what the consumers that it is about used in its hours, in microjoules, by the keys of
    then. `unknown` is in how many hours energy changed whose impacts are not known: they had no terms.
    """

    correction: Correction
    before: Mapping[str, int]
    after: Mapping[str, int]
    compared: Comparison
    unknown: int


@dataclass(slots=True)
class _Tally:
    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    compared: Comparison = field(default_factory=Comparison)
    unknown: int = 0

    def take(self, lot: _Lot) -> None:
        """Add the hours of *lot*."""
        reckoned = {one.start: one for one in lot.impacts}
        self.compared.take(lot.impacts_before, reckoned)
        for old, new in zip(lot.before, lot.after, strict=True):
            for hour, sums in ((old, self.before), (new, self.after)):
                for series, energy in hour.entries.items():
                    sums[series.consumer] += energy
            self.unknown += old.entries != new.entries and old.start not in reckoned

    def of(self, correction: Correction) -> Corrected:
        """Return what was counted, as that of *correction*: of those consumers alone whose energy is another."""
        changed = [one for one in sorted({*self.before, *self.after}) if self.before[one] != self.after[one]]
        before, after = ({one: sums[one] for one in changed} for sums in (self.before, self.after))
        return Corrected(correction, before, after, self.compared, self.unknown)


@dataclass(frozen=True, slots=True)
class _Lot:
    """Some hours, as they counted and as they shall count, with what they came to and come to."""

    interval: Interval
    before: list[HourBook]
    after: list[HourBook]
    impacts_before: Mapping[int, HourImpacts]
    impacts: list[HourImpacts]


class Correcting:
    """Corrects one ledger."""

    def __init__(self, ledger: Ledger, host: int) -> None:
        self._ledger = ledger
        self._host = host
        self._proposer = Proposer(ledger, host)

    def rehearse(self, order: Order, grounds: Grounds) -> Corrected:
        """Return what *order* would do, and write nothing. Raises LedgerRefused, LedgerError."""
        proposal, tally = self._proposer.propose(order, grounds), _Tally()
        for lot in self._lots(proposal):
            tally.take(lot)
        return tally.of(proposal.draft)

    def make(self, order: Order, grounds: Grounds) -> Corrected:
        """Do it. Raises LedgerRefused, LedgerBusy, LedgerError: then nothing has changed for any reader."""
        with restating(self._ledger.place, self._ledger.transaction):
            self._remove_unfinished()
            proposal = self._proposer.propose(order, grounds)
            if proposal.change is None:
                return self._note(proposal)
            return self._write(proposal)

    def _note(self, proposal: Proposal) -> Corrected:
        """Write the record of what changes no figure."""
        with self._ledger.transaction(writes=True) as connection:
            made = replace(proposal.draft, number=next_generation(connection, self._host))
            write_correction(connection, self._host, made, None, {})
        return _Tally().of(made)

    def _write(self, proposal: Proposal) -> Corrected:
        draft = proposal.draft
        making = Making(self._ledger, self._host, draft.interval)
        making.remove_unfinished()
        made = replace(draft, number=self._begin(draft))
        grounds = made.grounds
        reason = f"correction {made.number}: {grounds.reason}"
        impacts = making.begin(Occasion(grounds.made, grounds.author, reason, FACTORS))
        try:
            tally = self._write_hours(proposal, BookWriter(self._host, made.number), making, impacts)
        except LedgerError:
            # the lock may be lost with the connection: what is there may be another's by now
            raise
        except Exception:
            with suppress(LedgerError):
                making.remove(impacts)
                self._remove_unfinished()
            raise
        changed = tally.compared.hours > 0
        if not changed:
            making.remove(impacts)
        with self._ledger.transaction(writes=True) as connection:
            if changed:
                making.finish_in(connection, impacts, tally.compared)
            self._finish_in(connection, made, impacts if changed else None, tally.after)
        return tally.of(made)

    def _write_hours(self, proposal: Proposal, writer: BookWriter, making: Making, impacts: int) -> _Tally:
        tally = _Tally()
        for lot in self._lots(proposal):
            tally.take(lot)
            with self._ledger.transaction(writes=True) as connection:
                writer.write(connection, lot.after)
                making.write_in(connection, impacts, lot.impacts)
        return tally

    def _lots(self, proposal: Proposal) -> Iterator[_Lot]:
        """Yield the hours of *proposal* in lots, none with more rows than a short transaction may have."""
        if proposal.change is None:
            return
        interval = proposal.draft.interval
        before = self._proposer.hours(interval)
        after = proposal.change(self._proposer.hours(interval, proposal.below))
        for pairs in _in_lots(zip(before, after, strict=True)):
            yield self._lot([old for old, _ in pairs], [new for _, new in pairs])

    def _lot(self, before: list[HourBook], after: list[HourBook]) -> _Lot:
        grain = self._ledger.grain.nanoseconds
        interval = Interval(before[0].start, before[-1].start + grain)
        with self._ledger.reader() as reader:
            reckoned = {one.start: one for one in reader.impacts.hours(interval)}
            held = {one.start: one.reserved for one in reader.hours(interval)}
        impacts = [
            reckon(
                Interval(one.start, one.start + grain),
                _by_consumer(one),
                held.get(one.start, {}),
                reckoned[one.start].terms,
            )
            for one in after
            if one.start in reckoned
        ]
        return _Lot(interval, before, after, reckoned, impacts)

    def _begin(self, draft: Correction) -> int:
        """Note that a generation of energy is in the making; return its number."""
        with self._ledger.transaction(writes=True) as connection:
            number = next_generation(connection, self._host)
            connection.execute(
                insert(schema.generations).values(
                    number=number,
                    host_id=self._host,
                    since=draft.interval.start,
                    until=draft.interval.end,
                    current=False,
                    made=draft.grounds.made,
                    reason=draft.grounds.reason,
                )
            )
        return number

    def _finish_in(
        self, connection: Connection, made: Correction, impacts: int | None, after: Mapping[str, int]
    ) -> None:
        """Make it count, within the transaction that writes its record."""
        table = schema.generations
        connection.execute(
            update(table).where(table.c.number == made.number, table.c.host_id == self._host).values(current=True)
        )
        write_correction(connection, self._host, made, impacts, after)

    def _remove_unfinished(self) -> None:
        """Remove what corrections that were cut off have left, some hours at once."""
        table = schema.generations
        unfinished = select(table).where(table.c.host_id == self._host, ~table.c.current)
        with self._ledger.transaction() as connection:
            left = connection.execute(unfinished).all()
        length = MOST_HOURS * self._ledger.grain.nanoseconds
        for row in left:
            for start in range(row.since, row.until, length):
                with self._ledger.transaction(writes=True) as connection:
                    part = Interval(start, min(start + length, row.until))
                    remove_hours(connection, self._host, row.number, part)
            with self._ledger.transaction(writes=True) as connection:
                connection.execute(delete(table).where(table.c.number == row.number, table.c.host_id == self._host))


def _in_lots(pairs: Iterable[tuple[HourBook, HourBook]]) -> Iterator[list[tuple[HourBook, HourBook]]]:
    lot: list[tuple[HourBook, HourBook]] = []
    rows = 0
    for pair in pairs:
        many = len(pair[1].entries)
        if lot and (rows + many > MOST_ROWS or len(lot) >= MOST_HOURS):
            yield lot
            lot, rows = [], 0
        lot.append(pair)
        rows += many
    if lot:
        yield lot


def _by_consumer(hour: HourBook) -> dict[str, Energy]:
    sums: Counter[str] = Counter()
    for series, energy in hour.entries.items():
        sums[series.consumer] += energy
    return {consumer: Energy(energy) for consumer, energy in sums.items()}
