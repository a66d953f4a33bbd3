"""Where the impacts of one service come from: the whole chain, step by step, so that each can be done again by hand.

It says what was multiplied with what, and what the ledger has for it. The ledger rounds each hour to the whole unit,
so that a product over many hours may differ from the ledger's sum by half a unit an hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Protocol

from monitor.core.embodied import lived, parts_of
from monitor.core.entries import Meter
from monitor.core.impact import Bounds, Indicator, Role
from monitor.core.uncertainty import METHOD_ERROR, emissions, measure_error
from monitor.core.units import Duration, Energy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from decimal import Decimal

    from monitor.core.embodied import Asset, Parts
    from monitor.core.entries import Holding, Series
    from monitor.core.impact import Applied, Terms
    from monitor.core.interval import Interval

CHAINS: Final[Mapping[Indicator, tuple[Role, ...]]] = {
    Indicator.FACILITY_ENERGY: (Role.PUE,),
    Indicator.GWP_USE: (Role.PUE, Role.ELECTRICITY, Role.SHAPE, Role.SHAPE_LEVEL),
    Indicator.GWP_USE_MARKET: (Role.PUE, Role.MARKET),
    Indicator.WATER_GRID: (Role.PUE, Role.WATER),
    Indicator.WATER_SITE: (Role.WUE,),
    Indicator.PRIMARY_ENERGY: (Role.PUE, Role.PRIMARY_ENERGY),
    Indicator.ADPE_USE: (Role.PUE, Role.ABIOTIC_RESOURCES),
    Indicator.COST: (Role.PUE, Role.PRICE),
}
"""By which factors a kilowatt-hour is multiplied, in this order: `SHAPE_LEVEL` divides. A test holds it against
`monitor.core.impact.rates_of`."""


class Bound(Enum):
    """Which of the three figures."""

    LOW = "low"
    CENTRAL = "central"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Measured:
    """What a service used of one resource, obtained by one method, with the relative error of that method."""

    meter: Meter
    energy: Energy
    error: Fraction


@dataclass(frozen=True, slots=True)
class Step:
    """Energy times factors: what it comes to, and what the ledger has for it."""

    indicator: Indicator
    factors: tuple[Applied, ...]
    booked: Bounds
    """The ledger's sum, each hour rounded by itself, in the unit of the indicator."""

    def multipliers(self, bound: Bound) -> tuple[tuple[Applied, Decimal], ...]:
        """Return what the energy is multiplied by, in order; the mean level of a live source divides.

        A live intensity gives a shape and no range: its own value stands in all three.
        """
        return tuple((one, _value(one, bound)) for one in self.factors)

    def product(self, kilowatt_hours: Fraction, bound: Bound) -> Fraction:
        """Return *kilowatt_hours* times the factors, in what the last factor counts in: grams, litres, kWh, kg, EUR."""
        result = kilowatt_hours
        for one, value in self.multipliers(bound):
            result = result / Fraction(value) if one.role is Role.SHAPE_LEVEL else result * Fraction(value)
        return result


@dataclass(frozen=True, slots=True)
class Stretch:
    """Hours that were reckoned by the same terms, in the same generation, and what the service came to in them."""

    terms: Terms
    generation: int
    hours: tuple[Interval, ...]
    """In order of time; hours that join are one."""
    energy: Energy
    impacts: Mapping[Indicator, Bounds]

    @property
    def length(self) -> Duration:
        """How long they last together."""
        return Duration(sum(one.length.nanoseconds for one in self.hours))

    @property
    def steps(self) -> tuple[Step, ...]:
        """The products, an indicator each, of those that are known."""
        factors = {one.role: one for one in self.terms.applied}
        return tuple(
            Step(indicator, tuple(factors[role] for role in chain if role in factors), self.impacts[indicator])
            for indicator, chain in CHAINS.items()
            if indicator in self.impacts
        )

    @property
    def intensity(self) -> Fraction | None:
        """Greenhouse gases of a kilowatt-hour of the facility, in grams: the level, in its shape; None: unknown."""
        factors = {one.role: Fraction(one.factor.value) for one in self.terms.applied}
        if Role.ELECTRICITY not in factors:
            return None
        shape = factors[Role.SHAPE] / factors[Role.SHAPE_LEVEL] if Role.SHAPE in factors else Fraction(1)
        return factors[Role.ELECTRICITY] * shape


@dataclass(frozen=True, slots=True)
class WrittenOff:
    """An asset, and for how long of the time it was written off."""

    asset: Asset
    time: Duration


@dataclass(frozen=True, slots=True)
class Hardware:
    """The hardware of one resource over a time: what of its making falls in it, and the service's part of that."""

    resource: str
    assets: tuple[WrittenOff, ...]
    whole: Mapping[Indicator, Bounds]
    part: Mapping[Indicator, Bounds]
    """What the service has of `whole`, by what it held, hour by hour."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One service over one time."""

    service: str
    interval: Interval
    measured: tuple[Measured, ...]
    """All energy of the service, in order of resource and method, whether its impacts are known or not."""
    stretches: tuple[Stretch, ...]
    """In order of time."""
    hardware: tuple[Hardware, ...]
    totals: Mapping[Indicator, Bounds]
    """The ledger's sums, with the range of the factors. What is not there is unknown."""
    emissions: Bounds | None
    """Use and making together, with the error of the measure; None: both are unknown."""

    @property
    def energy(self) -> Energy:
        """All energy."""
        return Energy(sum(one.energy.microjoules for one in self.measured))

    @property
    def error(self) -> Fraction:
        """The relative error of all energy: the root of the sum of the squares."""
        return measure_error({one.meter: one.energy for one in self.measured})

    @property
    def known(self) -> Energy:
        """The energy whose impacts are known."""
        return Energy(sum(one.energy.microjoules for one in self.stretches))

    @property
    def mean_intensity(self) -> Fraction | None:
        """What a kilowatt-hour of the facility came to on average, in grams, by energy; None where it is unknown."""
        weights = [
            (one.intensity, one.impacts.get(Indicator.FACILITY_ENERGY, Bounds.ZERO).central or one.energy.microjoules)
            for one in self.stretches
        ]
        known = [(intensity, weight) for intensity, weight in weights if intensity is not None]
        whole = sum(weight for _, weight in known)
        return sum((one * weight for one, weight in known), Fraction(0)) / whole if whole else None


class Facts(Protocol):
    """Who held the hardware in one hour, which begins at `start` (ns since the epoch)."""

    @property
    def start(self) -> int:
        """Its beginning."""
        ...

    @property
    def reserved(self) -> Mapping[Holding, Duration]:
        """For how long each consumer held the whole of each resource."""
        ...


def explain(
    service: str,
    interval: Interval,
    energies: Mapping[Meter, Energy],
    stretches: Iterable[Stretch],
    hardware: Iterable[Hardware],
) -> Explanation:
    """Return the chain of *service* over *interval*, of which it used the *energies*."""
    ordered = tuple(sorted(stretches, key=lambda one: (one.hours[0].start, one.generation)))
    totals: dict[Indicator, Bounds] = {}
    for stretch in ordered:
        for indicator, amount in stretch.impacts.items():
            totals[indicator] = totals.get(indicator, Bounds.ZERO) + amount
    return Explanation(
        service,
        interval,
        tuple(Measured(meter, energies[meter], METHOD_ERROR[meter.method]) for meter in sorted(energies)),
        ordered,
        tuple(hardware),
        totals,
        emissions(totals.get(Indicator.GWP_USE), totals.get(Indicator.GWP_EMBODIED), energies),
    )


def by_meter(energies: Mapping[Series, Energy]) -> dict[Meter, Energy]:
    """Return the *energies* of one consumer by resource and method."""
    sums: dict[Meter, Energy] = {}
    for series, energy in energies.items():
        meter = Meter(series.resource, series.method)
        sums[meter] = sums.get(meter, Energy.ZERO) + energy
    return sums


def hardware_of(
    service: str,
    stretches: Iterable[Stretch],
    facts: Iterable[Facts],
    grain: Duration,
    goes_as: Callable[[str, int], str],
) -> tuple[Hardware, ...]:
    """Return the hardware that *service* had a part of, by resource, for each list of assets that was counted.

    *facts* are of the hours of *stretches*; one that is missing was held by nobody who is known. *grain* is how long
    an hour is. *goes_as* is under which key a consumer goes on that was booked in the hour that began at a moment.
    """
    held = {one.start: one.reserved for one in facts}
    accounts: dict[tuple[Asset, ...], _Account] = {}
    for stretch in stretches:
        assets = stretch.terms.assets
        account = accounts.setdefault(assets, _Account(assets))
        for interval in stretch.hours if assets else ():
            account.write_off(interval)
            for hour in interval.split(grain):
                for part in parts_of(hour, held.get(hour.start, {}), assets):
                    mine = (amount for one, amount in part.held.items() if goes_as(one, hour.start) == service)
                    account.add(part, sum(mine, Bounds.ZERO))
    return tuple(one for account in accounts.values() for one in account.hardware())


class _Account:
    """Adds up what is written off of the same assets, hour by hour."""

    def __init__(self, assets: tuple[Asset, ...]) -> None:
        self._assets = assets
        self._times = [0] * len(assets)
        self._wholes: dict[str, dict[Indicator, Bounds]] = {}
        self._parts: dict[str, dict[Indicator, Bounds]] = {}

    def write_off(self, interval: Interval) -> None:
        for place, asset in enumerate(self._assets):
            self._times[place] += lived(asset, interval.end) - lived(asset, interval.start)

    def add(self, part: Parts, mine: Bounds) -> None:
        for sums, amount in ((self._wholes, part.whole), (self._parts, mine)):
            of = sums.setdefault(part.resource, {})
            of[part.indicator] = of.get(part.indicator, Bounds.ZERO) + amount

    def hardware(self) -> Iterator[Hardware]:
        for resource in sorted(self._wholes):
            assets = tuple(
                WrittenOff(asset, Duration(time))
                for asset, time in zip(self._assets, self._times, strict=True)
                if asset.resource == resource and time
            )
            yield Hardware(resource, assets, self._wholes[resource], self._parts[resource])


def _value(one: Applied, bound: Bound) -> Decimal:
    if one.role in {Role.SHAPE, Role.SHAPE_LEVEL}:
        return one.factor.value
    return {Bound.LOW: one.factor.low, Bound.CENTRAL: one.factor.value, Bound.HIGH: one.factor.high}[bound]
