"""By which terms an hour is reckoned: what the organisation chose, the catalogue, and the live grid intensity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from monitor.core.calendar import local_time
from monitor.core.factors import (
    Accounting,
    Answer,
    Basis,
    Factor,
    How,
    NoFactorError,
    Quantity,
)
from monitor.core.impact import Applied, Role, Terms
from monitor.core.interval import MINUTE
from monitor.core.zones import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monitor.core.embodied import Asset
    from monitor.core.factors import Catalogue
    from monitor.core.interval import Interval
    from monitor.core.readings import IntensityReading

MINUTES_A_DAY: Final = 1440
DAYS_KEPT: Final = 400
"""How many days' factors are held at most: a year's, for who restates it hour by hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What a kilowatt-hour costs from a day on: always the same, or less in some hours of the local day."""

    valid_from: date
    price: Factor
    off_peak: Factor | None = None
    off_peak_minutes: tuple[tuple[int, int], ...] = ()
    """From and to, in minutes of the local day; one that ends before it begins passes midnight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the organisation has chosen and stated."""

    zone: str
    provider: str = ""
    """Whose yearly level of the grid's intensity to take; empty: the first that the catalogue has for the zone."""
    live: str = ""
    """Whose live intensity gives the hourly shape; empty: nobody's."""
    site_kind: str = ""
    """What kind of site the machine stands in; empty: not said."""
    pue: Factor | None = None
    wue: Factor | None = None
    market: Factor | None = None
    tariffs: tuple[Tariff, ...] = ()
    assets: tuple[Asset, ...] = ()


class Reckoner:
    """Says by which terms each hour is reckoned. What it is given decides; it holds nothing but what it has said."""

    def __init__(self, catalogue: Catalogue, choices: Choices, clock: tzinfo) -> None:
        """*clock* is the organisation's time zone: days, and hours of a tariff, are its own."""
        self.catalogue = catalogue
        self.choices = choices
        self._clock = clock
        self._days: dict[date, tuple[Applied, ...]] = {}
        self._latest: tuple[tuple[Interval, tuple[IntensityReading, ...], bool], Terms] | None = None

    def terms(self, hour: Interval, readings: Iterable[IntensityReading] = (), *, so_far: bool = False) -> Terms:
        """Return the terms of *hour*, with the live *readings* of its time. Raises NoFactorError (what, cure).

        An hour of which the readings tell nothing, or only a part, is `filled`; with *so_far*, which is for the hour in
        hand, only one of which they tell nothing.
        """
        asked = (hour, tuple(readings), so_far)
        if self._latest is None or self._latest[0] != asked:
            self._latest = (asked, self._terms(*asked))
        return self._latest[1]

    def reshaped(self, hour: Interval, terms: Terms, readings: Iterable[IntensityReading]) -> Terms:
        """Return the *terms* by which *hour* was reckoned with the live *readings* that are known by now.

        Nothing else of them changes, whatever was configured since: neither factors, nor prices, nor the hardware. They
        stay as they are where they are of another zone, where no live source was asked, or where it tells nothing.
        Raises NoFactorError.
        """
        before = [one.factor.provider for one in terms.applied if one.role is Role.SHAPE]
        if terms.zone != self.choices.zone or not (terms.filled or before == [self.choices.live]):
            return terms
        usual = tuple(one for one in terms.applied if one.role not in _OF_LIVE)
        told = tuple(readings)
        shape = self._shape(hour, told, local_time(hour.start, self._clock).date())
        if not shape:
            return terms
        return replace(terms, applied=(*usual, *shape), filled=not _is_whole(told, hour))

    def _terms(self, hour: Interval, readings: Sequence[IntensityReading], so_far: bool) -> Terms:
        local = local_time(hour.start, self._clock)
        applied = (*self._of_day(local.date()), *self._price(local, hour))
        shape = self._shape(hour, readings, local.date()) if self.choices.live else ()
        told = bool(shape) and (so_far or _is_whole(readings, hour))
        return Terms(
            self.choices.zone, (*applied, *shape), self.choices.assets, filled=bool(self.choices.live) and not told
        )

    def _of_day(self, day: date) -> tuple[Applied, ...]:
        if day not in self._days:
            if len(self._days) >= DAYS_KEPT:
                self._days.clear()
            self._days[day] = tuple(self._applied(day))
        return self._days[day]

    def _applied(self, day: date) -> Iterable[Applied]:
        chosen, find = self.choices, self.catalogue.as_of
        yield _applied(Role.ELECTRICITY, find(Quantity.ELECTRICITY, chosen.zone, day, chosen.provider))
        for role, quantity in _OF_ZONE.items():
            yield from self._if_known(role, quantity, chosen.zone, day)
        for role, stated, quantity in ((Role.PUE, chosen.pue, Quantity.PUE), (Role.WUE, chosen.wue, Quantity.WUE)):
            if stated is not None:
                yield Applied(role, stated, (How.EXACT,))
            elif chosen.site_kind:
                yield from self._if_known(role, quantity, chosen.site_kind, day)
        if chosen.market is not None:
            yield Applied(Role.MARKET, chosen.market, (How.EXACT,))

    def _if_known(self, role: Role, quantity: Quantity, subject: str, day: date) -> Iterable[Applied]:
        """Yield what the catalogue has; where it has nothing the indicator stays unknown."""
        try:
            yield _applied(role, self.catalogue.as_of(quantity, subject, day))
        except NoFactorError:
            return

    def _price(self, local: datetime, hour: Interval) -> Iterable[Applied]:
        valid = [tariff for tariff in self.choices.tariffs if tariff.valid_from <= local.date()]
        if valid:
            tariff = max(valid, key=lambda one: one.valid_from)
            begin = local.hour * 60 + local.minute
            yield Applied(Role.PRICE, _mean_price(tariff, begin, hour), (How.EXACT,))

    def _shape(self, hour: Interval, readings: Iterable[IntensityReading], day: date) -> tuple[Applied, ...]:
        level = self.catalogue.as_of(Quantity.ELECTRICITY, self.choices.zone, day, self.choices.live)
        usable = [one for one in readings if _is_mean_of(level.factor, one)]
        shape = shape_of(usable, hour)
        if shape is None or level.factor.provider != self.choices.live or not level.factor.value:
            return ()
        return (Applied(Role.SHAPE, shape, (How.EXACT,)), _applied(Role.SHAPE_LEVEL, level))


def _is_mean_of(level: Factor, reading: IntensityReading) -> bool:
    """Return whether *level* is the yearly mean of what *reading* tells: else the shape would move the year's sum."""
    told = (reading.provider, canonical(reading.zone), reading.cycle)
    return told == (level.provider, level.subject, level.basis.cycle)


_OF_ZONE: Final = {
    Role.WATER: Quantity.WATER,
    Role.PRIMARY_ENERGY: Quantity.PRIMARY_ENERGY,
    Role.ABIOTIC_RESOURCES: Quantity.ABIOTIC_RESOURCES,
}


def _applied(role: Role, answer: Answer) -> Applied:
    return Applied(role, answer.factor, answer.how)


def shape_of(readings: Sequence[IntensityReading], hour: Interval) -> Factor | None:
    """Return the mean of *readings* over the part of *hour* that they tell of, in gCO2e/kWh; None where they don't."""
    parts = [(one, _overlap(one, hour)) for one in readings]
    told = [(one, time) for one, time in parts if time > 0]
    whole = sum(time for _, time in told)
    if not whole:
        return None
    mean = sum((one.grams_per_kilowatt_hour * time for one, time in told), Decimal(0)) / whole
    value = mean.quantize(_STEP)
    first = told[0][0]
    day = local_time(hour.start, UTC)
    estimated = sum(one.estimated for one, _ in told)
    return Factor(
        key=f"live/{first.zone}/{first.provider}/{day:%Y-%m-%dT%H:%MZ}",
        quantity=Quantity.ELECTRICITY,
        subject=first.zone,
        provider=first.provider,
        value=value,
        low=value,
        high=value,
        unit="gCO2e/kWh",
        year=day.year,
        valid_from=day.date(),
        valid_to=day.date(),
        basis=Basis(first.cycle, None, Accounting.LOCATION),
        source=f"{first.provider}, live",
        address="",
        licence="",
        retrieved=day.date(),
        note=f"mean of {len(told)} readings over {whole // MINUTE.nanoseconds} minutes, {estimated} of them estimated",
    )


_STEP: Final = Decimal("0.001")
_OF_LIVE: Final = frozenset({Role.SHAPE, Role.SHAPE_LEVEL})


def _is_whole(readings: Iterable[IntensityReading], hour: Interval) -> bool:
    """Return whether *readings* tell of all of *hour*."""
    known = hour.start
    for one in sorted(readings, key=lambda one: one.start):
        if one.start <= known:
            known = max(known, one.start + one.length.nanoseconds)
    return known >= hour.end


def _overlap(reading: IntensityReading, hour: Interval) -> int:
    return min(hour.end, reading.start + reading.length.nanoseconds) - max(hour.start, reading.start)


def _mean_price(tariff: Tariff, begin: int, hour: Interval) -> Factor:
    """Return the price of an *hour* that begins at minute *begin* of the local day, its cheaper minutes counted in."""
    minutes = hour.length.nanoseconds // MINUTE.nanoseconds
    cheap = sum(_is_off_peak(tariff, (begin + minute) % MINUTES_A_DAY) for minute in range(minutes))
    if tariff.off_peak is None or not cheap:
        return tariff.price
    if cheap == minutes:
        return tariff.off_peak
    return replace(
        tariff.price,
        key=f"{tariff.price.key}/{cheap}-of-{minutes}-minutes-off-peak",
        note=f"{minutes - cheap} minutes at {tariff.price.value}, {cheap} minutes at {tariff.off_peak.value} EUR/kWh",
        **{
            name: (getattr(tariff.price, name) * (minutes - cheap) + getattr(tariff.off_peak, name) * cheap) / minutes
            for name in ("value", "low", "high")
        },
    )


def _is_off_peak(tariff: Tariff, minute: int) -> bool:
    return any(
        start <= minute < end if start < end else minute >= start or minute < end
        for start, end in tariff.off_peak_minutes
    )
