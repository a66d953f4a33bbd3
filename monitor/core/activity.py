"""What services did with their energy: requests, tokens, images, pages, minutes of audio, as counters of their own.

Readings are cumulative; what happened between two of them comes out. A counter that falls began anew: what it counted
before its end and after the last reading is lost, and that time is a gap, never zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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
    measured: bool = True
    """Whether it is known what that took: work done while the host was not measured is no divisor of its energy."""


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
class EventSum:
    """What the events of one hour count of one series."""

    series: ActivitySeries
    amount: int
    newest: int
    """When the last of them was (ns since the epoch): it lies in their hour."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What events came to that the books did not have yet, and how far they have it with that."""

    sums: tuple[EventSum, ...]
    cursor: str


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
    """Keeps the last reading of each counter of activity, and what its service has used since."""

    def __init__(
        self,
        saved: Iterable[SavedActivity],
        *,
        same_boot: bool,
        now: Stamp,
        patience: Duration,
        told: Mapping[str, Stamp] | None = None,
    ) -> None:
        """Begin *now* with the counters *saved* by the run before. After a boot every counter began anew.

        What is lost with a counter is too much to say what the rest took, where it is more than *patience* of it.
        *told* says up to when it is known what those consumers did that events tell of.
        """
        kept = [one if same_boot else _before_boot(one, now) for one in saved]
        self._last = {one.series: one for one in kept}
        self._resumed = set(self._last) if same_boot else set()
        self._patience = patience
        known = {**(told or {}), **{one.series.consumer: one.at for one in kept}}
        moments = {consumer: at.boot if same_boot else now.boot for consumer, at in known.items()}
        self._host = _Measured(max(moments.values(), default=now.boot))
        self._used = {consumer: _Used(moment) for consumer, moment in moments.items()}

    def take(self, at: Stamp, readings: Iterable[ActivityReading]) -> list[Done]:
        """Return what was done since the readings before; nothing of a counter that is read for the first time.

        One that is fresh began under our eyes: all of its count is new. With it comes the energy that the service has
        used meanwhile: what its units share. Where the host was not measured meanwhile, the series say so.
        """
        done = [self._advance(at, reading) for reading in readings]
        # of a service's counters the one that was read before: another may be new
        longest = {one.series.consumer: one for one in sorted(done, key=lambda one: -one.since.boot)}
        took = {consumer: self._took(one) for consumer, one in longest.items()}
        return [
            *(one if took[one.series.consumer] is not None else _unmeasured(one) for one in done),
            *(_energy_of(one, took[consumer] or 0) for consumer, one in longest.items()),
        ]

    def tell(self, at: Stamp, sums: Iterable[EventSum], silent: Iterable[ActivitySeries]) -> list[Done]:
        """Return what events say was done, each in its hour, and the energy that it took.

        Of *silent* series nothing has come since this was called before: that none was done is known. What took a
        consumer nobody knew of before is not: its first events are not measured.
        """
        done = [*(_moment_of(one, at) for one in sums), *(Done(one, 0, at, at) for one in silent)]
        energy: list[Done] = []
        unmeasured: set[str] = set()
        for consumer, one in {one.series.consumer: one for one in done}.items():
            before = self._used.get(consumer)
            took = self._took(replace(one, until=at))
            if before is None or took is None:
                unmeasured.add(consumer)
            since = _moment(at, before.since if before else at.boot)
            energy.append(_energy_of(Done(one.series, 0, since, at), took or 0))
        return [*(_unmeasured(one) if one.series.consumer in unmeasured else one for one in done), *energy]

    def use(self, consumer: str, microjoules: int) -> None:
        """Note that *consumer* used energy, if anything counts what it does."""
        if consumer in self._used:
            self._used[consumer].energy += microjoules

    def measure(self, resource: str, covered: Duration, missed: Duration, until: Stamp) -> None:
        """Note for how long of the time *until* then a resource was measured, and for how long it was not."""
        self._host.note(resource, covered.nanoseconds, missed.nanoseconds, until.boot)

    def saved(self) -> tuple[SavedActivity, ...]:
        """Return the last readings, for the run after this one."""
        return tuple(self._last[series] for series in sorted(self._last))

    def _advance(self, at: Stamp, reading: ActivityReading) -> Done:
        before = self._last.get(reading.series)
        self._last[reading.series] = SavedActivity(reading.series, reading.count, reading.epoch, at)
        resumed = reading.series in self._resumed
        self._resumed.discard(reading.series)
        if before is None:
            return Done(reading.series, reading.count if reading.fresh else 0, at, at)
        # at a first look the server's process may not be known yet: only two starts that are known tell of two counters
        known = bool(before.epoch and reading.epoch)
        goes_on = reading.count >= before.count and not (known and before.epoch != reading.epoch)
        if not reading.epoch:
            self._last[reading.series] = replace(self._last[reading.series], epoch=before.epoch)
        if goes_on:
            return Done(reading.series, reading.count - before.count, before.at, at)
        # what began long before the last look did not begin since: another process answers, or a clock was set
        elder = reading.began is not None and reading.began < before.at.wall - self._patience.nanoseconds
        # nor did what has the same beginning as before we were away: a part of a sum went meanwhile
        less = resumed and known and before.epoch == reading.epoch
        return Done(reading.series, 0 if elder or less else reading.count, before.at, at, lost=True)

    def _took(self, done: Done) -> int | None:
        """Return what the service of *done* has used since this was last asked; None: it is not known."""
        consumer, at = done.series.consumer, done.until.boot
        used = self._used.get(consumer) or _Used(at, self._host.mark())
        self._used[consumer] = _Used(at, self._host.mark())
        # slow meters are read once a minute, and booked when the next reading is there
        tolerance = 2 * self._patience.nanoseconds
        covered, missed = self._host.since(used.mark)
        much_lost = done.lost and at - done.since.boot > self._patience.nanoseconds
        if much_lost or missed > tolerance or at - self._host.until > tolerance:
            return None
        length = at - used.since
        # a counter that was away, and tells now what was used meanwhile: what was done then is not among this
        return used.energy * length // covered if covered > length + tolerance else used.energy


@dataclass(slots=True)
class _Used:
    """What one service has used since its activity was last read."""

    since: int
    """Boot clock, ns."""
    mark: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    energy: int = 0


class _Measured:
    """For how long each resource of the host was measured, and missed, in ns, since the daemon began."""

    def __init__(self, until: int) -> None:
        self.until = until
        """Up to when the host's energy is booked, or noted as missed (boot clock, ns)."""
        self._times: dict[str, tuple[int, int]] = {}

    def note(self, resource: str, covered: int, missed: int, until: int) -> None:
        before = self._times.get(resource, (0, 0))
        self._times[resource] = (before[0] + covered, before[1] + missed)
        self.until = max(self.until, until)

    def mark(self) -> Mapping[str, tuple[int, int]]:
        return dict(self._times)

    def since(self, mark: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
        """Return for how long the resource that was measured longest was, and for how long it was missed."""
        nothing = (0, 0)
        return max(
            (
                (now[0] - mark.get(name, nothing)[0], now[1] - mark.get(name, nothing)[1])
                for name, now in self._times.items()
            ),
            default=nothing,
        )


def _moment_of(one: EventSum, at: Stamp) -> Done:
    moment = _moment(at, at.boot - (at.wall - one.newest))
    return Done(one.series, one.amount, moment, moment)


def _moment(at: Stamp, boot: int) -> Stamp:
    """Return the moment *boot* of the boot clock, by the wall clock as it is set at *at*."""
    return Stamp(at.wall - (at.boot - boot), boot)


def _unmeasured(done: Done) -> Done:
    return replace(done, series=replace(done.series, measured=False))


def _energy_of(done: Done, microjoules: int) -> Done:
    series = ActivitySeries(done.series.consumer, done.series.authority, "", "", Unit.ENERGY)
    return Done(series, microjoules, done.since, done.until)


def _before_boot(one: SavedActivity, now: Stamp) -> SavedActivity:
    """Return *one* as the clock of this boot would have stamped it, and with a count that no counter goes on from."""
    return replace(one, count=_NEVER, at=Stamp(one.at.wall, now.boot - (now.wall - one.at.wall)))


_NEVER: Final = 1 << 63
