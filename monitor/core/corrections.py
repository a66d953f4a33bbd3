"""Corrections that people make of closed hours: who owns an energy, what no meter saw, what a meter saw wrongly.

Each gives every hour that it is over a new content, in which what was measured is shared out whole again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeVar

from monitor.core.entries import Meter, Series, Share
from monitor.core.readings import Method
from monitor.core.units import Duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from monitor.core.interval import Interval
    from monitor.core.units import Energy

_Key = TypeVar("_Key", Series, Meter)
WHOLE_MACHINE: Final = "platform"
"""The name of the resource under which energy is declared that a meter of the whole machine saw, where no other did."""
STRUCK_OUT: Final = "struck_out"
"""The cause of a gap whose energy was measured, and found to be wrong."""


class Kind(StrEnum):
    """What a correction does."""

    GAP = "gap"
    """It says why something was not measured. It changes no figure."""
    MOVE = "move"
    """Energy belongs to another than it was booked for. What was measured stays."""
    DECLARE = "declare"
    """Somebody states the energy of a time that no meter saw."""
    STRIKE = "strike"
    """What was measured of a resource is wrong, and does not count: its time is a gap."""
    REVOKE = "revoke"
    """An earlier correction does not count any more."""


OF_ENERGY: Final = (Kind.MOVE, Kind.DECLARE, Kind.STRIKE)
"""What changes energy."""


class Reason(StrEnum):
    """Why something was not measured, as a person knows it."""

    MAINTENANCE = "maintenance"
    POWER_CUT = "power_cut"
    SWITCHED_OFF = "switched_off"
    """The machine, or the part, was off: it drew next to nothing. That is no measure of it."""
    METER_FAILURE = "meter_failure"
    SOFTWARE_FAULT = "software_fault"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A file that shows what a correction says: SHA-256 of its content, in hexadecimal, and its name. Empty: none."""

    digest: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Grounds:
    """When something was corrected (ns since the epoch), by whom, why, and by which evidence."""

    made: int
    author: str
    reason: str
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True, slots=True)
class Explain:
    """Say why *resource* (empty: all that was not) was not measured in the gaps of a time."""

    interval: Interval
    cause: Reason
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """Give *energy* (None: all) that *origin* used in a time, of one *resource* (empty: of all), to *target*."""

    interval: Interval
    origin: str
    target: str
    energy: Energy | None = None
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Declare:
    """State that *target* used *energy* of *resource* in the gaps of a time, which no meter saw."""

    interval: Interval
    resource: str
    target: str
    energy: Energy


@dataclass(frozen=True, slots=True)
class Strike:
    """Let nothing count that was measured of *resource* in a time: the meter was wrong."""

    interval: Interval
    resource: str


@dataclass(frozen=True, slots=True)
class Revoke:
    """Let the correction of that *number* not count any more."""

    number: int


Order = Explain | Move | Declare | Strike | Revoke
"""What is to be corrected."""


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction that was made."""

    number: int
    kind: Kind
    interval: Interval
    grounds: Grounds
    resource: str = ""
    """What it is of; empty: all of the machine."""
    cause: str = ""
    """Of a gap: one of `Reason`."""
    origin: str = ""
    """Of a move: whose the energy was."""
    target: str = ""
    """Of a move: whose it is; of what is declared: who used it."""
    energy: int = 0
    """What was moved, declared or struck out, in microjoules."""
    time: Duration = Duration.ZERO
    """Of what is declared, or struck out: for how long."""
    revokes: int = 0
    """The number of the correction that it revokes; 0: none."""
    revoked_by: int = 0
    """The number of the correction that revokes it; 0: it counts."""


@dataclass(frozen=True, slots=True)
class HourBook:
    """What counts of one closed hour, which begins at `start` (ns since the epoch), in microjoules.

    For each meter the entries of its resource and method sum exactly to `measured`. `covered` is for how long each
    resource was measured, in ns, and `struck` how much of that does not count.
    """

    start: int
    entries: Mapping[Series, int] = field(default_factory=dict)
    measured: Mapping[Meter, int] = field(default_factory=dict)
    covered: Mapping[str, int] = field(default_factory=dict)
    struck: Mapping[str, int] = field(default_factory=dict)


def moved(
    hours: Iterable[HourBook], is_from: Callable[[Series, int], bool], target: str, amount: int, whole: int
) -> Iterator[HourBook]:
    """Yield *hours* with *amount* of the *whole* energy of series that *is_from* picks given to *target*.

    *is_from* is asked with the series and the beginning of the hour; *whole* is what all of them have in all *hours*
    together, at least *amount*. Each gives in proportion to what it has, and keeps its resource, share and method: the
    sums are exact, and what was measured stays.
    """
    passed = 0
    for hour in hours:
        entries = dict(hour.entries)
        for series in sorted(series for series in hour.entries if is_from(series, hour.start)):
            has = hour.entries[series]
            # the differences of running sums: each is no more than there is, and together they are the amount
            given = amount * (passed + has) // whole - amount * passed // whole
            passed += has
            _add(entries, series, -given)
            _add(entries, replace(series, consumer=target), given)
        yield replace(hour, entries=entries)


def declared(
    hours: Iterable[HourBook], resource: str, target: str, amount: int, missing: Mapping[int, int]
) -> Iterator[HourBook]:
    """Yield *hours* with *amount* more energy of *resource*, stated and not measured, that *target* used.

    *missing* is for how long of each hour, by its beginning, it was not measured: the energy is spread by it.
    """
    meter = Meter(resource, Method.DECLARED)
    series = Series(target, resource, Share.ACTIVE, Method.DECLARED)
    whole, passed = sum(missing.values()), 0
    for hour in hours:
        time = missing.get(hour.start, 0)
        part = amount * (passed + time) // whole - amount * passed // whole
        passed += time
        entries, measured = dict(hour.entries), dict(hour.measured)
        _add(entries, series, part)
        _add(measured, meter, part)
        yield replace(hour, entries=entries, measured=measured)


def struck(hours: Iterable[HourBook], resource: str) -> Iterator[HourBook]:
    """Yield *hours* without what was measured of *resource*: its time is a gap, and not one without energy.

    What was declared of it stays: nobody measured that.
    """
    for hour in hours:
        time = hour.covered.get(resource, 0)
        yield replace(
            hour,
            entries={one: energy for one, energy in hour.entries.items() if not is_measured(one, resource)},
            measured={one: energy for one, energy in hour.measured.items() if not is_measured(one, resource)},
            struck={**hour.struck, resource: time} if time else hour.struck,
        )


def is_measured(one: Series | Meter, resource: str) -> bool:
    """Return whether *one* is of *resource*, and by a meter or a model: nobody just stated it."""
    return one.resource == resource and one.method is not Method.DECLARED


def _add(amounts: dict[_Key, int], key: _Key, amount: int) -> None:
    """Add to what *key* has; what comes to nothing is left out."""
    sum_ = amounts.get(key, 0) + amount
    if sum_:
        amounts[key] = sum_
    else:
        amounts.pop(key, None)
