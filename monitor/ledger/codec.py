"""The open books as one compact row: written at every commit, so every byte counts.

Series go by their number in the table `series`. The row is MessagePack of arrays, compressed.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import astuple
from typing import TYPE_CHECKING, Final

import msgspec

from monitor.core.activity import Authority, Unit
from monitor.core.entries import (
    Bucket,
    Counted,
    Grain,
    Holding,
    Meter,
    OpenBooks,
    SavedActivity,
    SavedCounter,
    SavedUsage,
    Tallied,
)
from monitor.core.interval import Stamp
from monitor.core.readings import Method
from monitor.core.reconciliation import Agreement, Disagreement, Learnt
from monitor.core.units import Duration, Energy, Power

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.core.activity import ActivitySeries
    from monitor.core.entries import Series
    from monitor.core.impact import ImpactSeries

FORMAT: Final = 3
"""Changes with the layout, together with the schema."""
FORMATS: Final = (1, 2, 3)
"""What can be read: the first had no impacts, and did not say who held the hardware; the second had no activity."""
LEVEL: Final = 1
"""Of compression: higher ones take longer and save less than a page."""


class BrokenBooksError(Exception):
    """The row can't be read: it is damaged, or another program wrote it."""


class _Page(msgspec.Struct, array_like=True):
    """One open bucket: microjoules by series, (resource, method, microjoules), ns by resource, by it and consumer."""

    grain: str
    start: int
    entries: dict[int, int]
    measured: list[tuple[str, str, int]]
    covered: dict[str, int]
    reserved: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    activity: dict[int, int] = msgspec.field(default_factory=dict)


_Stamp = tuple[int, int, int]
"""Wall clock, boot clock, time slept."""


class _Row(msgspec.Struct, array_like=True):
    format: int
    at: _Stamp
    boot_id: str
    closed_through: int
    entries: dict[int, int]
    measured: list[tuple[str, str, int]]
    covered: dict[str, int]
    gaps: dict[str, int]
    open: list[_Page]
    counters: list[tuple[str, str, str, int, str, _Stamp]]
    usage: list[tuple[str, bytes, int, str, _Stamp]]
    """The part as bytes: the name of a control group need not be UTF-8."""
    floors: dict[str, int]
    impacts: dict[int, tuple[int, int]] = msgspec.field(default_factory=dict)
    """Units and rest by series of impacts."""
    activity: dict[int, int] = msgspec.field(default_factory=dict)
    activity_counters: list[tuple[int, int, str, _Stamp]] = msgspec.field(default_factory=list)
    """Series of activity, count, epoch, moment."""
    counted: list[tuple[str, str, int, int]] = msgspec.field(default_factory=list)
    """Consumer, unit, what is shown of it, and how far that is ahead."""
    cursor: str = ""
    told: list[tuple[str, str, str, int]] = msgspec.field(default_factory=list)
    """Consumer, authority, unit, moment."""
    agreement: tuple[str, int, tuple[float, float, float, float, float, float], str] = ("", 0, (0, 0, 0, 0, 0, 0), "")
    """Meters, windows, the sums over them in the order of `Learnt`, and what is odd; empty: nothing."""


def encode(
    books: OpenBooks,
    numbers: Mapping[Series, int],
    impacts: Mapping[ImpactSeries, int],
    activity: Mapping[ActivitySeries, int],
) -> bytes:
    """Return *books* as bytes.

    Raises KeyError where a series has no number in *numbers*, *impacts* or *activity*.
    """
    row = _Row(
        format=FORMAT,
        at=_moment(books.at),
        boot_id=books.boot_id,
        closed_through=books.closed_through,
        entries=_entries(books.energy, numbers),
        measured=_measured(books.measured),
        covered=_times(books.covered),
        gaps=_times(books.gaps),
        open=[
            _Page(
                bucket.grain,
                bucket.start,
                _entries(bucket.entries, numbers),
                _measured(bucket.measured),
                _times(bucket.covered),
                _held(bucket.reserved),
                {activity[one]: amount for one, amount in bucket.activity.items()},
            )
            for bucket in books.open
        ],
        counters=[
            (one.collector, one.resource, one.meter, one.microjoules, one.epoch, _moment(one.at))
            for one in books.counters
        ],
        usage=[
            (one.consumer, os.fsencode(one.part), one.nanoseconds, one.epoch, _moment(one.at)) for one in books.usage
        ],
        floors={resource: power.microwatts for resource, power in books.floors.items()},
        impacts={impacts[one]: (tallied.units, tallied.rest) for one, tallied in books.impacts.items()},
        activity={activity[one]: amount for one, amount in books.activity.items()},
        activity_counters=[
            (activity[one.series], one.count, one.epoch, _moment(one.at)) for one in books.activity_counters
        ],
        counted=[(consumer, unit, one.shown, one.ahead) for (consumer, unit), one in books.counted.items()],
        cursor=books.cursor,
        told=[(*teller, moment) for teller, moment in books.told.items()],
        agreement=_agreement(books.agreement),
    )
    return zlib.compress(msgspec.msgpack.encode(row), LEVEL)


def decode(
    body: bytes,
    series: Mapping[int, Series],
    impacts: Mapping[int, ImpactSeries],
    activity: Mapping[int, ActivitySeries],
) -> OpenBooks:
    """Return the books that *body* holds, with the *series*, those of *impacts* and those of *activity* by number.

    Raises BrokenBooksError.
    """
    try:
        row = msgspec.msgpack.decode(zlib.decompress(body), type=_Row)
        return _books(row, series, impacts, activity)
    except (zlib.error, msgspec.MsgspecError, KeyError, ValueError) as error:
        message = f"{type(error).__name__}: {error}"
        raise BrokenBooksError(message) from error


def _books(
    row: _Row,
    series: Mapping[int, Series],
    impacts: Mapping[int, ImpactSeries],
    activity: Mapping[int, ActivitySeries],
) -> OpenBooks:
    if row.format not in FORMATS:
        message = f"layout {row.format}, where {FORMAT} is known"
        raise ValueError(message)
    return OpenBooks(
        at=Stamp(*row.at),
        boot_id=row.boot_id,
        closed_through=row.closed_through,
        energy={series[number]: Energy(amount) for number, amount in row.entries.items()},
        measured=_meters(row.measured),
        covered=_durations(row.covered),
        gaps=_durations(row.gaps),
        open=tuple(
            Bucket(
                Grain(page.grain),
                page.start,
                {series[number]: Energy(amount) for number, amount in page.entries.items()},
                _meters(page.measured),
                _durations(page.covered),
                _holdings(page.reserved),
                {activity[number]: amount for number, amount in page.activity.items()},
            )
            for page in row.open
        ),
        counters=tuple(
            SavedCounter(collector, resource, meter, amount, epoch, Stamp(*at))
            for collector, resource, meter, amount, epoch, at in row.counters
        ),
        usage=tuple(
            SavedUsage(consumer, os.fsdecode(part), time, epoch, Stamp(*at))
            for consumer, part, time, epoch, at in row.usage
        ),
        floors={resource: Power(microwatts) for resource, microwatts in row.floors.items()},
        impacts={impacts[number]: Tallied(units, rest) for number, (units, rest) in row.impacts.items()},
        activity={activity[number]: amount for number, amount in row.activity.items()},
        activity_counters=tuple(
            SavedActivity(activity[number], count, epoch, Stamp(*at))
            for number, count, epoch, at in row.activity_counters
        ),
        counted={(consumer, Unit(unit)): Counted(shown, ahead) for consumer, unit, shown, ahead in row.counted},
        cursor=row.cursor,
        told={(consumer, Authority(authority), Unit(unit)): moment for consumer, authority, unit, moment in row.told},
        agreement=_as_kept(*row.agreement),
    )


def _agreement(kept: Agreement) -> tuple[str, int, tuple[float, float, float, float, float, float], str]:
    meters, windows, *sums = astuple(kept.learnt)
    return meters, windows, tuple(sums), kept.finding or ""


def _as_kept(meters: str, windows: int, sums: Iterable[float], finding: str) -> Agreement:
    return Agreement(Learnt(meters, windows, *sums), Disagreement(finding) if finding else None)


def _moment(at: Stamp) -> _Stamp:
    return at.wall, at.boot, at.slept


def _entries(energies: Mapping[Series, Energy], numbers: Mapping[Series, int]) -> dict[int, int]:
    return {numbers[series]: energy.microjoules for series, energy in energies.items()}


def _measured(energies: Mapping[Meter, Energy]) -> list[tuple[str, str, int]]:
    return [(meter.resource, meter.method, energy.microjoules) for meter, energy in energies.items()]


def _times(durations: Mapping[str, Duration]) -> dict[str, int]:
    return {name: duration.nanoseconds for name, duration in durations.items()}


def _held(durations: Mapping[Holding, Duration]) -> dict[str, dict[str, int]]:
    times: dict[str, dict[str, int]] = {}
    for key, duration in durations.items():
        times.setdefault(key.resource, {})[key.consumer] = duration.nanoseconds
    return times


def _holdings(times: Mapping[str, Mapping[str, int]]) -> dict[Holding, Duration]:
    return {
        Holding(consumer, resource): Duration(time)
        for resource, held in times.items()
        for consumer, time in held.items()
    }


def _meters(rows: Iterable[tuple[str, str, int]]) -> dict[Meter, Energy]:
    return {Meter(resource, Method(method)): Energy(amount) for resource, method, amount in rows}


def _durations(times: Mapping[str, int]) -> dict[str, Duration]:
    return {name: Duration(time) for name, time in times.items()}
