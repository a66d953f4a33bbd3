"""A whole year of the town hall's server, hour by hour, as its ledger would hold it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from random import Random
from typing import TYPE_CHECKING, Final

from monitor.core.entries import Bucket, Cause, Gap, Grain, Meter, Series, ServiceFacts
from monitor.core.interval import HOUR, Interval
from monitor.core.readings import REST, Method
from monitor.core.services import CONFIGURED
from monitor.core.units import NANOSECONDS_PER_SECOND, Duration, Energy
from monitor.simulation.averages import draw, holdings, mean
from monitor.simulation.calendar import office_demand, public_holidays
from monitor.simulation.deeds import Deeds
from monitor.simulation.hosts import daemons, server
from monitor.simulation.townhall import services

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import tzinfo

    from monitor.core.activity import ActivitySeries
    from monitor.core.entries import Holding, Share
    from monitor.simulation.averages import Mean, Parts

BEGINS: Final = ("transcription", (3, 2))
"""A service that is put to work during the year, and the month and day when."""
ENDS: Final = ("ollama", (10, 16))
"""A service that is given up during the year, and its last day."""
MOVES: Final = ("recherche", date(2026, 4, 1), "Bibliothèque")
"""A service that another department took over: on which day, and from which."""
GROWTH: Final = 0.7
"""The use of the services at the beginning of the year, as a share of that at its end."""
NOISE: Final = 0.3
"""Standard deviation of the logarithm of an hour's demand."""
LEAST: Final = 0.002
"""Demand never stops altogether."""
OUTAGES: Final = (
    ((3, 17, 20, 20), Duration.from_seconds(310 * 60), Cause.REBOOT),
    ((9, 6, 2, 0), Duration.from_seconds(95 * 60), Cause.DAEMON_DOWN),
)
"""What was not measured: month, day, hour and minute (UTC) of its start, its length, and why."""


class SimulatedYear:
    """The hours of one local year of the town hall's server. Equal arguments make equal years."""

    def __init__(
        self, year: int, zone: tzinfo, *, seed: int = 0, hour: Duration = HOUR, until: int | None = None
    ) -> None:
        """Take the local *year* in *zone*, up to the last whole bucket before *until* (ns since the epoch).

        *hour* is the ledger's closed grain: an hour, or half an hour.
        """
        start, end = _new_year(year, zone), _new_year(year + 1, zone)
        if until is not None:
            end = max(start, min(end, until - until % hour.nanoseconds))
        self.interval = Interval(start, end)
        specs = services(_random(seed, "townhall"))
        self.services = tuple(
            ServiceFacts(spec.consumer, spec.name, spec.department, spec.contract, found_by=CONFIGURED)
            for spec in specs
        )
        """What describes its services by now."""
        self._zone = zone
        self.hour = hour
        self._noise = _random(seed, f"noise of {year}")
        self._holidays = public_holidays(year)
        self._machine = server()
        self._services = [mean(spec) for spec in specs]
        self._deeds = Deeds(specs, _random(seed, f"work of {year}"))
        self._daemons = [mean(spec) for spec in daemons()]
        self._outages = [(_missed(year, begun, length, self.interval), cause) for begun, length, cause in OUTAGES]
        self._known: dict[tuple[str, str, Share], tuple[Series, Meter]] = {}

    @property
    def moved(self) -> int:
        """When a service changed its department, in ns since the epoch."""
        _, day, _ = MOVES
        return int(datetime(day.year, day.month, day.day, tzinfo=self._zone).timestamp()) * NANOSECONDS_PER_SECOND

    def services_at(self, moment: int) -> tuple[ServiceFacts, ...]:
        """Return what described its services at the *moment*, ns since the epoch."""
        moved, _, before = MOVES
        if moment >= self.moved:
            return self.services
        return tuple(replace(one, department=before) if one.key == moved else one for one in self.services)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What was not measured, of each resource."""
        resources = sorted({resource for _, resource, _ in draw(self._machine, dict.fromkeys(self._services, 1.0))})
        return tuple(
            Gap(resource, missed, cause)
            for missed, cause in self._outages
            if missed.length > Duration.ZERO
            for resource in resources
        )

    def buckets(self) -> Iterator[Bucket]:
        """Yield the closed hours, oldest first; none for one that was not measured at all. To be called once."""
        for start in range(self.interval.start, self.interval.end, self.hour.nanoseconds):
            demands = self._demands(start)
            covered = self._covered(Interval(start, start + self.hour.nanoseconds))
            if covered > Duration.ZERO:
                parts, shares = draw(self._machine, demands), holdings(self._machine, demands)
                bucket = self._bucket(start, covered, parts, shares)
                yield replace(bucket, activity=self._activity(bucket, demands, covered))

    def _activity(self, bucket: Bucket, demands: Mapping[Mean, float], covered: Duration) -> dict[ActivitySeries, int]:
        """Return what the services did in the hour, which took what is in the *bucket*."""
        used: dict[str, int] = {}
        for series, energy in bucket.entries.items():
            used[series.consumer] = used.get(series.consumer, 0) + energy.microjoules
        busy = {one.consumer: round(one.busy(demand) * covered.nanoseconds) for one, demand in demands.items()}
        return self._deeds.done(busy, used)

    def _bucket(self, start: int, covered: Duration, parts: Parts, shares: Mapping[Holding, float]) -> Bucket:
        entries: dict[Series, Energy] = {}
        measured: dict[Meter, int] = {}
        seconds = covered.seconds
        for key, microwatts in parts.items():
            energy = round(microwatts * seconds)
            if energy > 0:
                series, meter = self._known.get(key) or self._of(key)
                entries[series] = Energy(energy)
                measured[meter] = measured.get(meter, 0) + energy
        return Bucket(
            Grain.HOUR,
            start,
            entries,
            {meter: Energy(amount) for meter, amount in measured.items()},
            {meter.resource: covered for meter in measured},
            {key: Duration(round(share * covered.nanoseconds)) for key, share in shares.items()},
        )

    def _demands(self, start: int) -> dict[Mean, float]:
        """Return how much each consumer is asked for in the hour that begins at *start*."""
        local = datetime.fromtimestamp(start // NANOSECONDS_PER_SECOND, self._zone)
        elapsed = (start - self.interval.start) / (366 * 24 * HOUR.nanoseconds)
        usual = office_demand(local, self._holidays) * (GROWTH + (1 - GROWTH) * elapsed)
        demands = dict.fromkeys(self._daemons, 1.0)
        for one in self._services:
            noise = self._noise.lognormvariate(0, NOISE) if one.works else 1.0
            if _runs(one.consumer, local.date()):
                demands[one] = max(LEAST, usual * noise)
        return demands

    def _covered(self, hour: Interval) -> Duration:
        """Return for how long of *hour* the host was measured."""
        missed = sum(max(0, min(hour.end, outage.end) - max(hour.start, outage.start)) for outage, _ in self._outages)
        return Duration(hour.length.nanoseconds - missed)

    def _of(self, key: tuple[str, str, Share]) -> tuple[Series, Meter]:
        consumer, resource, share = key
        method = Method.INTEGRATED if resource == REST else Method.COUNTER
        known = self._known[key] = (Series(consumer, resource, share, method), Meter(resource, method))
        return known


def _runs(consumer: str, day: date) -> bool:
    """Return whether the service is in use on *day*."""
    begins, first = BEGINS
    ends, last = ENDS
    month_and_day = (day.month, day.day)
    return not (consumer == begins and month_and_day < first) and not (consumer == ends and month_and_day > last)


def _missed(year: int, begun: tuple[int, int, int, int], length: Duration, within: Interval) -> Interval:
    """Return the part of an outage that lies *within*, empty where none does."""
    moment = datetime(year, *begun, tzinfo=UTC)
    start = max(within.start, int(moment.timestamp()) * NANOSECONDS_PER_SECOND)
    end = min(within.end, int(moment.timestamp()) * NANOSECONDS_PER_SECOND + length.nanoseconds)
    return Interval(start, max(start, end))


def _new_year(year: int, zone: tzinfo) -> int:
    """Return the first moment of the local *year*, in ns since the epoch."""
    return int(datetime(year, 1, 1, tzinfo=zone).timestamp()) * NANOSECONDS_PER_SECOND


def _random(seed: int, name: str) -> Random:
    return Random(f"{seed}/{name}")  # noqa: S311 - a simulation has to be repeatable, not secret
