"""The open books as one compact row: written at every commit, so every byte counts.

Series go by their number in the table `series`. The row is MessagePack of arrays, compressed.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, Final

import msgspec

from monitor.core.entries import Bucket, Grain, Meter, OpenBooks, SavedCounter, SavedUsage
from monitor.core.interval import Stamp
from monitor.core.readings import Method
from monitor.core.units import Duration, Energy, Power

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.core.entries import Series

FORMAT: Final = 1
"""Changes with the layout, together with the schema: a migration then rewrites the row."""
LEVEL: Final = 1
"""Of compression: higher ones take longer and save less than a page."""


class BrokenBooksError(Exception):
    """The row can't be read: it is damaged, or another program wrote it."""


class _Page(msgspec.Struct, array_like=True):
    """One open bucket: microjoules by series, (resource, method, microjoules), ns by resource."""

    grain: str
    start: int
    entries: dict[int, int]
    measured: list[tuple[str, str, int]]
    covered: dict[str, int]


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


def encode(books: OpenBooks, numbers: Mapping[Series, int]) -> bytes:
    """Return *books* as bytes; every series in them has its number in *numbers*."""
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
    )
    return zlib.compress(msgspec.msgpack.encode(row), LEVEL)


def decode(body: bytes, series: Mapping[int, Series]) -> OpenBooks:
    """Return the books that *body* holds, with the *series* by number. Raises BrokenBooksError."""
    try:
        row = msgspec.msgpack.decode(zlib.decompress(body), type=_Row)
        return _books(row, series)
    except (zlib.error, msgspec.MsgspecError, KeyError, ValueError) as error:
        message = f"{type(error).__name__}: {error}"
        raise BrokenBooksError(message) from error


def _books(row: _Row, series: Mapping[int, Series]) -> OpenBooks:
    if row.format != FORMAT:
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
    )


def _moment(at: Stamp) -> _Stamp:
    return at.wall, at.boot, at.slept


def _entries(energies: Mapping[Series, Energy], numbers: Mapping[Series, int]) -> dict[int, int]:
    return {numbers[series]: energy.microjoules for series, energy in energies.items()}


def _measured(energies: Mapping[Meter, Energy]) -> list[tuple[str, str, int]]:
    return [(meter.resource, meter.method, energy.microjoules) for meter, energy in energies.items()]


def _times(durations: Mapping[str, Duration]) -> dict[str, int]:
    return {name: duration.nanoseconds for name, duration in durations.items()}


def _meters(rows: Iterable[tuple[str, str, int]]) -> dict[Meter, Energy]:
    return {Meter(resource, Method(method)): Energy(amount) for resource, method, amount in rows}


def _durations(times: Mapping[str, int]) -> dict[str, Duration]:
    return {name: Duration(time) for name, time in times.items()}
