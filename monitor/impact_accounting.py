"""The impacts of what is measured, as the daemon books them: counters at every commit, hours when they close.

It knows neither clock nor disk. Without a zone it says nothing: impacts are unknown then, not zero.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from monitor.core.entries import Grain
from monitor.core.events import CollectionSucceeded
from monitor.core.factors import NoFactorError
from monitor.core.hours import by_consumer, reckon
from monitor.core.interval import HOUR, Interval, bucket_of
from monitor.core.readings import IntensityReading
from monitor.core.tally import LONGEST_ABSENCE, Tally
from monitor.core.units import Duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from monitor.core.entries import Bucket, Holding, OpenBooks
    from monitor.core.events import Observed
    from monitor.core.impact import HourImpacts, Terms
    from monitor.core.terms import Reckoner

log = logging.getLogger(__name__)

FRESH: Final = Duration(2 * HOUR.nanoseconds)
"""For how long the newest live intensity is taken for that of now: providers tell it up to an hour late."""
KEPT: Final = Duration(72 * HOUR.nanoseconds)
"""Live intensities held in memory: those of hours that may still close. The ledger has all of them."""


class ImpactAccounting:
    """Holds the counters, the live intensities of late, and up to where hours are reckoned. One thread uses it."""

    def __init__(
        self,
        reckoner: Reckoner | None,
        opening: OpenBooks | None,
        hour: Duration = HOUR,
        known: Iterable[IntensityReading] = (),
    ) -> None:
        """Go on where *opening* left off. *hour* is the ledger's grain; *known* are live intensities of late.

        *reckoner* is None where no zone is configured.
        """
        self._reckoner = reckoner
        self._hour = hour
        self._tally = Tally(opening)
        self._through = bucket_of(opening.closed_through, hour) if opening is not None else None
        self._readings = {one.start: one for one in known}
        self._trouble = ""
        self.fault = ""
        """Why what is used now can't be reckoned although a zone is configured, with the cure; empty where it can."""

    def take(self, observed: Observed) -> list[IntensityReading]:
        """Return the live intensities in *observed* that are new, or were revised; they count from now on."""
        told = [
            reading
            for one in observed.outcomes
            if isinstance(one, CollectionSucceeded)
            for reading in one.readings
            if isinstance(reading, IntensityReading)
        ]
        new = [one for one in told if self._readings.get(one.start) != one]
        self._readings.update((one.start, one) for one in new)
        oldest = observed.at.wall - KEPT.nanoseconds
        for start in [start for start in self._readings if start < oldest]:
            del self._readings[start]
        return new

    def book(self, books: OpenBooks, reserved: Mapping[Holding, Duration]) -> OpenBooks:
        """Return *books* with the counters up to them. *reserved* is who held the hardware since the daemon began."""
        self._tally.book(books, reserved, self.terms_now(books.at.wall))
        return replace(books, impacts=self._tally.counters())

    def close(self, closed: Sequence[Bucket]) -> list[HourImpacts]:
        """Return what the *closed* hours came to, and the hours before them of which nothing was measured."""
        impacts: list[HourImpacts] = []
        for bucket in closed:
            if bucket.grain is Grain.HOUR:
                for start in self._missing(bucket.start):
                    impacts += self._reckon(self._interval(start), None)
                impacts += self._reckon(self._interval(bucket.start), bucket)
                self._through = max(self._through or 0, bucket.start + self._hour.nanoseconds)
        return impacts

    def open(self, buckets: Iterable[Bucket], now: int) -> list[HourImpacts]:
        """Return what the open hours among *buckets* have come to by *now*, as far as is known."""
        impacts: list[HourImpacts] = []
        for bucket in buckets:
            if bucket.grain is Grain.HOUR:
                elapsed = Interval(bucket.start, max(bucket.start, min(now, self._interval(bucket.start).end)))
                if (terms := self.terms_now(now)) is not None:
                    impacts.append(reckon(elapsed, by_consumer(bucket.entries), bucket.reserved, terms))
        return impacts

    def newest(self, now: int) -> IntensityReading | None:
        """Return the newest live intensity that holds at *now* or held before; None where none is known."""
        start = max((start for start in self._readings if start <= now), default=None)
        return None if start is None else self._readings[start]

    def terms_now(self, now: int) -> Terms | None:
        """Return by which terms what is used now is reckoned; None where that is unknown."""
        hour = self._interval(bucket_of(now, self._hour))
        newest = self.newest(now)
        readings = self._told(hour)
        if not readings and newest is not None and now - newest.start <= FRESH.nanoseconds:
            readings = [replace(newest, start=hour.start, length=self._hour)]
        terms = self._terms(hour, readings, so_far=True)
        self.fault = self._trouble if terms is None and self._reckoner is not None else ""
        return terms

    def _interval(self, start: int) -> Interval:
        return Interval(start, start + self._hour.nanoseconds)

    def _told(self, hour: Interval) -> list[IntensityReading]:
        """Return the live intensities that tell of *hour*, oldest first."""
        found = (
            one
            for one in self._readings.values()
            if one.start < hour.end and one.start + one.length.nanoseconds > hour.start
        )
        return sorted(found, key=lambda one: one.start)

    def _terms(self, hour: Interval, readings: Sequence[IntensityReading], *, so_far: bool = False) -> Terms | None:
        if self._reckoner is None:
            return None
        try:
            return self._reckoner.terms(hour, readings, so_far=so_far)
        except NoFactorError as error:
            if str(error) != self._trouble:
                log.warning("%s; until then impacts are unknown", error)
            self._trouble = str(error)
            return None

    def _reckon(self, hour: Interval, bucket: Bucket | None) -> list[HourImpacts]:
        """Return what *hour* came to; None as *bucket*: nothing of it was measured."""
        terms = self._terms(hour, self._told(hour))
        if terms is None:
            return []
        if bucket is not None:
            return [reckon(hour, by_consumer(bucket.entries), bucket.reserved, terms)]
        return [reckon(hour, {}, {}, terms)] if terms.assets else []

    def _missing(self, until: int) -> range:
        """Return the starts of the hours before *until* of which nothing was measured."""
        if self._through is None or until - self._through > LONGEST_ABSENCE.nanoseconds:
            return range(0)
        return range(self._through, until, self._hour.nanoseconds)
