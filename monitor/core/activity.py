"""What services did with their energy: requests, tokens, images, pages, minutes of audio, as counters of their own.

Readings are cumulative; what happened between two of them comes out. A counter that falls began anew: what it counted
before its end and after the last reading is lost, and that time is a gap, never zero.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from monitor.core.entries import SavedActivity
from monitor.core.interval import Stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.core.readings import ActivityReading
    from monitor.core.units import Duration


class Unit(StrEnum):
    """What is counted. The names are the ledger's."""

    REQUESTS = "requests"
    """Requests that were answered."""
    INPUT_TOKENS = "input_tokens"
    """Tokens of the prompts as their senders see them: those that a cache had are among them."""
    COMPUTED_INPUT_TOKENS = "computed_input_tokens"
    """Tokens of the prompts that were computed: energy follows these."""
    OUTPUT_TOKENS = "output_tokens"
    """Tokens that were generated."""
    ITEMS = "items"
    """Inferences of classic models, each item of a batch by itself."""
    IMAGES = "images"
    PAGES = "pages"
    AUDIO_MILLISECONDS = "audio_milliseconds"
    """Audio that was transcribed or spoken."""
    ENERGY = "energy"
    """Energy of the service, in microjoules, over the time for which it is known what it did: what the units share."""


class Authority(StrEnum):
    """Who says what a service did, the one that is believed before the others first."""

    EVENTS = "events"
    """Events that applications or a gateway send, one for each call."""
    GATEWAY = "gateway"
    """The page of a gateway that all calls go through."""
    SERVER = "server"
    """The server's own page."""


RANKS: Final[Mapping[Authority, int]] = {authority: rank for rank, authority in enumerate(Authority)}
"""The lowest is believed."""


@dataclass(frozen=True, slots=True, order=True)
class ActivitySeries:
    """The key of what was counted, beside its bucket. `model` is empty where the meter does not tell models apart."""

    consumer: str
    authority: Authority
    meter: str
    """Which page or stream says so: `http://127.0.0.1:8000/metrics`; it holds no secret."""
    model: str
    unit: Unit


ACTIVITY: Final = "activity:"
"""How the names begin under which gaps of activity stand beside those of resources."""


def resource_of(consumer: str) -> str:
    """Return the name under which the gaps of *consumer*'s activity stand beside those of resources."""
    return f"{ACTIVITY}{consumer}"


def authoritative(series: Mapping[ActivitySeries, int]) -> frozenset[ActivitySeries]:
    """Return which of *series*, of one interval, count: for each consumer those of whoever is believed first.

    The others are cross-checks: their difference is shown, never added.
    """
    best: dict[str, int] = {}
    for one in series:
        if one.unit is not Unit.ENERGY:
            best[one.consumer] = min(RANKS[one.authority], best.get(one.consumer, len(RANKS)))
    return frozenset(one for one in series if one.unit is Unit.ENERGY or RANKS[one.authority] == best[one.consumer])


@dataclass(frozen=True, slots=True)
class Done:
    """What a service did of one unit between two readings of its meter."""

    series: ActivitySeries
    amount: int
    since: Stamp
    until: Stamp
    lost: bool = False
    """The counter began anew in between: what it counted after `since` and before its end is not in `amount`."""


class ActivityBook:
    """Keeps the last reading of each counter of activity, and the energy that its service has used since."""

    def __init__(self, saved: Iterable[SavedActivity], *, same_boot: bool, now: Stamp, patience: Duration) -> None:
        """Begin *now* with the counters *saved* by the run before. After a boot every counter began anew.

        What is lost with a counter is too much to say what the rest took, where it is more than *patience* of it.
        """
        self._last = {one.series: one if same_boot else _before_boot(one, now) for one in saved}
        self._patience = patience
        self._energy = {one.series.consumer: 0 for one in saved}

    def take(self, at: Stamp, readings: Iterable[ActivityReading]) -> list[Done]:
        """Return what was done since the readings before; nothing of a counter that is read for the first time.

        One that is fresh began under our eyes: all of its count is new. With it comes the energy that the service has
        used meanwhile: what its units share.
        """
        done = [self._advance(at, reading) for reading in readings]
        # of a service's counters the one that was read before: another may be new
        longest = {one.series.consumer: one for one in sorted(done, key=lambda one: -one.since.boot)}
        return [*done, *(self._energy_of(one) for one in longest.values())]

    def use(self, consumer: str, microjoules: int) -> None:
        """Note that *consumer* used energy, if anything counts what it does."""
        if consumer in self._energy:
            self._energy[consumer] += microjoules

    def saved(self) -> tuple[SavedActivity, ...]:
        """Return the last readings, for the run after this one."""
        return tuple(self._last[series] for series in sorted(self._last))

    def _advance(self, at: Stamp, reading: ActivityReading) -> Done:
        before = self._last.get(reading.series)
        self._last[reading.series] = SavedActivity(reading.series, reading.count, reading.epoch, at)
        if before is None:
            return Done(reading.series, reading.count if reading.fresh else 0, at, at)
        goes_on = before.epoch == reading.epoch and reading.count >= before.count
        amount = reading.count - before.count if goes_on else reading.count
        return Done(reading.series, amount, before.at, at, lost=not goes_on)

    def _energy_of(self, done: Done) -> Done:
        consumer = done.series.consumer
        used, self._energy[consumer] = self._energy.get(consumer, 0), 0
        length = done.until.boot - done.since.boot
        if done.lost and length > self._patience.nanoseconds:
            used = 0
        series = ActivitySeries(consumer, done.series.authority, "", "", Unit.ENERGY)
        return Done(series, used, done.since, done.until)


def _before_boot(one: SavedActivity, now: Stamp) -> SavedActivity:
    """Return *one* as the clock of this boot would have stamped it, and as what can't go on."""
    return replace(one, epoch="before this boot", at=Stamp(one.at.wall, now.boot - (now.wall - one.at.wall)))
