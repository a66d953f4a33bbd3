"""What a correction that is asked for would do, or why it can't be done. Nothing is written here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from monitor.core.activity import ACTIVITY
from monitor.core.calendar import utc
from monitor.core.corrections import (
    OF_ENERGY,
    WHOLE_MACHINE,
    Correction,
    Declare,
    Explain,
    Grounds,
    HourBook,
    Kind,
    Move,
    Order,
    Revoke,
    Strike,
    declared,
    is_measured,
    moved,
    struck,
)
from monitor.core.entries import OTHER, PSEUDO_SERVICES, UNATTRIBUTED, Cause
from monitor.core.interval import Interval
from monitor.core.units import Duration
from monitor.ledger.corrections import read_corrections
from monitor.ledger.errors import LedgerRefused
from monitor.ledger.hour_books import BookReader, first_known
from monitor.ledger.restatement import MOST_HOURS
from monitor.ledger.stretches import merged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from monitor.core.entries import Gap, Series
    from monitor.ledger.naming import Naming
    from monitor.ledger.store import Ledger

TARGETS: Final = (OTHER, UNATTRIBUTED)
"""What is given to no service goes to one of these: what is idle, and what the monitor uses, is found out alone."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be done: the record without its number, and what becomes of each hour (None: no figure changes).

    With `below` the hours begin as they counted before the generation of that number.
    """

    draft: Correction
    change: Callable[[Iterable[HourBook]], Iterator[HourBook]] | None = None
    below: int | None = None


class Proposer:
    """Finds out what can be done in one ledger."""

    def __init__(self, ledger: Ledger, host: int) -> None:
        self._ledger = ledger
        self._host = host

    def propose(self, order: Order, grounds: Grounds) -> Proposal:
        """Return what *order* comes to. Raises LedgerRefused (why it can't be done, and the cure), LedgerError."""
        match order:
            case Explain():
                return self._explain(order, grounds)
            case Move():
                return self._move(order, grounds)
            case Declare():
                return self._declare(order, grounds)
            case Strike():
                return self._strike(order, grounds)
            case Revoke():
                return self._revoke(order, grounds)

    def hours(self, interval: Interval, below: int | None = None) -> Iterator[HourBook]:
        """Yield the hours of *interval*, as they count, or counted before generation *below*, some read at once."""
        length = MOST_HOURS * self._ledger.grain.nanoseconds
        for start in range(interval.start, interval.end, length):
            with self._ledger.transaction() as connection:
                reader = BookReader(connection, self._host, self._ledger.grain)
                hours = reader.read(Interval(start, min(start + length, interval.end)), below)
            yield from hours

    def _explain(self, order: Explain, grounds: Grounds) -> Proposal:
        gaps = self._gaps(order.interval, order.resource)
        if not gaps:
            raise _no_gap(order.interval, order.resource)
        missed = merged(sorted(gap.interval for gap in gaps))
        time = Duration(sum(one.length.nanoseconds for one in missed))
        draft = Correction(0, Kind.GAP, order.interval, grounds, order.resource, order.cause.value, time=time)
        return Proposal(draft)

    def _move(self, order: Move, grounds: Grounds) -> Proposal:
        interval, naming = self._closed(order.interval), self._ledger.naming()
        self._require_consumer(order.origin, PSEUDO_SERVICES, naming)
        self._require_consumer(order.target, TARGETS, naming)
        if order.origin == order.target:
            raise LedgerRefused(f"{order.origin} has it already", "name another service to give it to")
        is_from = partial(_is_from, order, naming)
        whole = sum(
            energy
            for hour in self.hours(interval)
            for series, energy in hour.entries.items()
            if is_from(series, hour.start)
        )
        amount = whole if order.energy is None else order.energy.microjoules
        if not 0 < amount <= whole:
            of = f" of {order.resource}" if order.resource else ""
            raise LedgerRefused(
                f"{order.origin} used {_kwh(whole)}{of} {_spoken(interval)}, and {_kwh(amount)} were to be taken",
                "take no more than it used, or name another time",
            )
        draft = Correction(
            0,
            Kind.MOVE,
            interval,
            grounds,
            order.resource,
            origin=order.origin,
            target=order.target,
            energy=amount,
        )
        return Proposal(draft, partial(moved, is_from=is_from, target=order.target, amount=amount, whole=whole))

    def _declare(self, order: Declare, grounds: Grounds) -> Proposal:
        interval = self._closed(order.interval)
        self._require_consumer(order.target, TARGETS, self._ledger.naming())
        if order.energy.microjoules <= 0:
            raise LedgerRefused("an energy of nothing can't be declared", "say why there was a gap: ledger correct gap")
        for one in self._counting(Kind.DECLARE, interval):
            if one.resource == order.resource or WHOLE_MACHINE in {one.resource, order.resource}:
                raise LedgerRefused(
                    f"correction {one.number} has declared an energy of {one.resource} {_spoken(one.interval)} already",
                    f"revoke it first: empreinte ledger correct revoke {one.number}",
                )
        missed = self._missed(interval, order.resource)
        if not missed:
            raise _no_gap(interval, order.resource)
        missing: Counter[int] = Counter()
        for time in missed:
            for piece in time.split(self._ledger.grain):
                missing[piece.start - piece.start % self._ledger.grain.nanoseconds] += piece.length.nanoseconds
        amount, lasts = order.energy.microjoules, Duration(missing.total())
        draft = Correction(
            0, Kind.DECLARE, interval, grounds, order.resource, target=order.target, energy=amount, time=lasts
        )
        return Proposal(
            draft, partial(declared, resource=order.resource, target=order.target, amount=amount, missing=missing)
        )

    def _strike(self, order: Strike, grounds: Grounds) -> Proposal:
        interval, energy, time = self._closed(order.interval), 0, 0
        for hour in self.hours(interval):
            energy += sum(amount for one, amount in hour.measured.items() if is_measured(one, order.resource))
            time += hour.covered.get(order.resource, 0) - hour.struck.get(order.resource, 0)
        if not energy and not time:
            raise LedgerRefused(
                f"nothing was measured of {order.resource} {_spoken(interval)}",
                f"name one of the parts that were: {', '.join(sorted(self._ledger.sums(interval).covered)) or 'none'}",
            )
        draft = Correction(0, Kind.STRIKE, interval, grounds, order.resource, energy=energy, time=Duration(time))
        return Proposal(draft, partial(struck, resource=order.resource))

    def _revoke(self, order: Revoke, grounds: Grounds) -> Proposal:
        made = {one.number: one for one in self._records()}
        wrong = made.get(order.number)
        if wrong is None or wrong.revokes:
            known = ", ".join(str(number) for number, one in made.items() if not one.revokes and not one.revoked_by)
            raise LedgerRefused(
                f"there is no correction {order.number} that can be revoked", f"name one of these: {known or 'none'}"
            )
        if wrong.revoked_by:
            raise LedgerRefused(
                f"correction {order.number} was revoked by correction {wrong.revoked_by}", "nothing is left to do"
            )
        draft = replace(wrong, number=0, kind=Kind.REVOKE, grounds=grounds, revokes=wrong.number)
        if wrong.kind is Kind.GAP:
            return Proposal(draft)
        for later in made.values():
            counts = later.kind in OF_ENERGY and not later.revoked_by
            if counts and later.number > wrong.number and _overlap(later.interval, wrong.interval):
                raise LedgerRefused(
                    f"correction {later.number} was made on top of correction {wrong.number}",
                    f"revoke that first: empreinte ledger correct revoke {later.number}",
                )
        return Proposal(draft, iter, wrong.number)

    def _closed(self, asked: Interval) -> Interval:
        """Return the hours of *asked* of which the ledger knows. Raises LedgerRefused where some are not closed."""
        grain, through = self._ledger.grain.nanoseconds, self._ledger.closed_through()
        if asked.start % grain or asked.end % grain or asked.start >= asked.end:
            raise LedgerRefused(
                f"{utc(asked.start)} to {utc(asked.end)} is no time of whole hours of the ledger",
                "name its whole hours, such as --from 2026-03-14T08:00 --to 2026-03-14T12:00",
            )
        if asked.end > through:
            raise LedgerRefused(
                f"the hours from {utc(through)} on are not closed yet, and can't be corrected",
                f"correct up to {utc(through)}, or wait: an hour closes about a minute after its end",
            )
        with self._ledger.transaction() as connection:
            first = first_known(connection, self._host)
        start = max(asked.start, asked.end if first is None else first - first % grain)
        if start >= asked.end:
            raise LedgerRefused("the ledger knows nothing of that time", "name a time that it was kept in")
        return Interval(start, asked.end)

    def _require_consumer(self, key: str, others: Iterable[str], naming: Naming) -> None:
        latest = naming.latest()
        if key in latest or key in others:
            return
        named = naming.current_key(key, 0)
        if named in latest:
            raise LedgerRefused(f"the service {key} goes on as {named}", f"name it {named}")
        raise LedgerRefused(
            f"the ledger knows no service {key}", f"name one of these: {', '.join([*sorted(latest), *others])}"
        )

    def _gaps(self, interval: Interval, resource: str) -> list[Gap]:
        """Return the gaps of *resource* (empty: of any) in *interval*; what services did is none of the machine."""
        return [
            gap
            for gap in self._ledger.gaps(interval)
            if gap.resource
            and gap.cause != Cause.CLOCK_STEP
            and not gap.resource.startswith(ACTIVITY)
            and resource in {"", gap.resource}
        ]

    def _missed(self, interval: Interval, resource: str) -> tuple[Interval, ...]:
        """Return when *resource* was not measured in *interval*; the whole machine: when nothing of it was."""
        if resource != WHOLE_MACHINE:
            return merged(sorted(gap.interval for gap in self._gaps(interval, resource)))
        by_resource: dict[str, list[Interval]] = {one: [] for one in self._ledger.sums(interval).covered}
        for gap in self._gaps(interval, ""):
            by_resource.setdefault(gap.resource, []).append(gap.interval)
        missed: tuple[Interval, ...] = (interval,) if by_resource else ()
        for gaps in by_resource.values():
            missed = _both(missed, merged(sorted(gaps)))
        return missed

    def _records(self) -> tuple[Correction, ...]:
        with self._ledger.transaction() as connection:
            return read_corrections(connection, self._host)

    def _counting(self, kind: Kind, interval: Interval) -> Iterator[Correction]:
        for one in self._records():
            if one.kind is kind and not one.revoked_by and _overlap(one.interval, interval):
                yield one


def _is_from(order: Move, naming: Naming, series: Series, start: int) -> bool:
    return order.resource in {"", series.resource} and naming.current_key(series.consumer, start) == order.origin


def _both(first: Iterable[Interval], second: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the time that is in *first* and in *second*, in order."""
    others = tuple(second)
    return tuple(
        Interval(max(one.start, other.start), min(one.end, other.end))
        for one in first
        for other in others
        if _overlap(one, other)
    )


def _overlap(one: Interval, other: Interval) -> bool:
    return one.start < other.end and other.start < one.end


def _no_gap(interval: Interval, resource: str) -> LedgerRefused:
    of = f" of {resource}" if resource else ""
    return LedgerRefused(
        f"there is no gap{of} {_spoken(interval)}",
        "look for the gaps in the report, and name a time and a part of the machine with one",
    )


def _spoken(interval: Interval) -> str:
    return f"from {utc(interval.start)} to {utc(interval.end)}"


def _kwh(microjoules: int) -> str:
    return f"{microjoules / 3.6e12:.6g} kWh"
