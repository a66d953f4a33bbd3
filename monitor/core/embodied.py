"""Embodied impacts: what making the hardware cost, spread over its lifetime and shared by what each consumer reserves.

Source: Green Software Foundation, SCI 1.1 (ISO/IEC 21031:2024): M = TE x (TiR / EL) x (RR / ToR), total embodied
emissions by time reserved over lifetime, by resources reserved over resources there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Final

from monitor.core.attribution import apportion
from monitor.core.entries import UNATTRIBUTED
from monitor.core.impact import Bounds, ImpactSeries, Indicator, range_of
from monitor.core.readings import PACKAGE, REST
from monitor.core.units import (
    GRAMS_PER_KILOGRAM,
    MICROGRAMS_PER_GRAM,
    NANOSECONDS_PER_SECOND,
    PICOGRAMS_PER_GRAM,
    Duration,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date
    from decimal import Decimal

    from monitor.core.entries import Holding
    from monitor.core.factors import Factor
    from monitor.core.impact import Range
    from monitor.core.interval import Interval

YEAR: Final = 8760 * 3600 * NANOSECONDS_PER_SECOND
"""Of a lifetime, in ns: 8,760 hours, as the sources of the lifetimes count (26,280 h are three years)."""


@dataclass(frozen=True, kw_only=True)
class Asset:
    """A piece of hardware of the host, what making it cost, and over how long that is spread."""

    name: str
    resource: str
    """Whose reservation shares it: `package`, `dram`, `gpu0` ...; `rest` follows all the others together."""
    gwp: Factor
    adpe: Factor | None
    amount: Decimal
    """How many pieces, or GB, as the unit of its factors says."""
    lifetime: Factor
    bought: date | None
    """Amortised from that day to the end of its lifetime; None: for as long as it is there."""
    share: Decimal
    """Which part of it this host has, 0 to 1: 1 unless the host is a virtual machine."""

    @cached_property
    def making(self) -> Mapping[Indicator, Range]:
        """What making this host's part of it cost, in the unit of each indicator; an unknown one is not there."""
        factors = {Indicator.GWP_EMBODIED: self.gwp, Indicator.ADPE_EMBODIED: self.adpe}
        part = Fraction(self.amount) * Fraction(self.share)
        return {one: range_of(it).times(part * _UNITS[one]) for one, it in factors.items() if it is not None}

    @cached_property
    def life(self) -> Duration:
        """Over how long that is spread."""
        return Duration(round(Fraction(self.lifetime.value) * YEAR))

    @cached_property
    def begin(self) -> int | None:
        """When its life begins, in ns since the epoch; None: it has none."""
        if self.bought is None:
            return None
        day = datetime(self.bought.year, self.bought.month, self.bought.day, tzinfo=UTC)
        return int(day.timestamp()) * NANOSECONDS_PER_SECOND


_UNITS: Final = {
    Indicator.GWP_EMBODIED: MICROGRAMS_PER_GRAM * GRAMS_PER_KILOGRAM,
    Indicator.ADPE_EMBODIED: PICOGRAMS_PER_GRAM * GRAMS_PER_KILOGRAM,
}
"""How many of the indicator's units are in the kilograms of a factor."""


def amortised(asset: Asset, indicator: Indicator, interval: Interval, steps: int = 1) -> Bounds:
    """Return what of the making of *asset* falls in *interval*, in the unit of *indicator*, or one of its *steps*.

    Over any row of intervals that join, the central amounts sum to that of the whole: nothing is lost by rounding.
    """
    whole = asset.making.get(indicator)
    if whole is None:
        return Bounds.ZERO
    since, until = (lived(asset, moment) for moment in (interval.start, interval.end))
    low, central, high = (
        _until(total * steps, until, asset.life) - _until(total * steps, since, asset.life)
        for total in (whole.low, whole.central, whole.high)
    )
    return Bounds(min(low, central), central, max(high, central))


def lived(asset: Asset, moment: int) -> int:
    """Return for how long *asset* has been written off at *moment*, in ns."""
    return moment if asset.begin is None else min(max(moment - asset.begin, 0), asset.life.nanoseconds)


def _until(total: Fraction, lived: int, life: Duration) -> int:
    """Return what of *total* is written off after having *lived* that long."""
    return total.numerator * lived // (total.denominator * life.nanoseconds)


def embodied(
    interval: Interval,
    reserved: Mapping[Holding, Duration],
    assets: Iterable[Asset],
) -> dict[ImpactSeries, Bounds]:
    """Return what the *assets* come to in *interval*, by consumer.

    *reserved* is for how long the whole of a resource was held by each consumer (`_idle`: by nobody). The time of
    which nothing is known is `_unattributed`'s. Each resource's parts sum exactly to what is written off. Where all of
    it is written off already, or none yet, that is nothing to all who held it: known, and zero.
    """
    owned = tuple(assets)
    amounts: dict[ImpactSeries, Bounds] = {}
    for part in parts_of(interval, reserved, owned):
        for consumer, amount in part.held.items():
            key = ImpactSeries(consumer, part.indicator)
            amounts[key] = amounts.get(key, Bounds.ZERO) + amount
    told = {key.indicator for key in amounts}
    for indicator in {one for asset in owned for one in asset.making} - told:
        amounts |= {
            ImpactSeries(one, indicator): Bounds.ZERO for one in {key.consumer for key in reserved} or {UNATTRIBUTED}
        }
    return amounts


@dataclass(frozen=True, slots=True)
class Parts:
    """What of the making of one resource's hardware falls in a time, in the unit of `indicator`, and who has it."""

    resource: str
    indicator: Indicator
    whole: Bounds
    held: Mapping[str, Bounds]
    """By consumer; the central amounts sum exactly to that of the whole."""


def parts_of(interval: Interval, reserved: Mapping[Holding, Duration], assets: Iterable[Asset]) -> Iterator[Parts]:
    """Yield what the *assets* come to in *interval*, by indicator and resource. The arguments are as for `embodied`."""
    owned, held = tuple(assets), by_resource(reserved)
    for indicator in _UNITS:
        wholes = written_off(owned, indicator, interval)
        found = shares({resource: whole.central for resource, whole in wholes.items()}, held, interval.length)
        for resource, part in found.items():
            whole = wholes[resource]
            yield Parts(resource, indicator, whole, {one: _bounded(amount, whole) for one, amount in part.items()})


def written_off(assets: Iterable[Asset], indicator: Indicator, interval: Interval, steps: int = 1) -> dict[str, Bounds]:
    """Return what of the making of *assets* falls in *interval*, by the resource whose reservation shares it."""
    wholes: dict[str, Bounds] = {}
    for asset in assets:
        amount = amortised(asset, indicator, interval, steps)
        if amount.central:
            wholes[asset.resource] = wholes.get(asset.resource, Bounds.ZERO) + amount
    return wholes


def by_resource(reserved: Mapping[Holding, Duration]) -> dict[str, dict[str, int]]:
    """Return *reserved* by resource and consumer, in ns."""
    held: dict[str, dict[str, int]] = {}
    for key, time in reserved.items():
        held.setdefault(key.resource, {})[key.consumer] = time.nanoseconds
    return held


def shares(
    wholes: Mapping[str, int], held: Mapping[str, Mapping[str, int]], length: Duration
) -> dict[str, dict[str, int]]:
    """Return each resource's whole shared among those who *held* it, in ns of *length*: the parts sum to it."""
    parts = {
        resource: apportion(whole, _weights(held.get(resource, {}), length))
        for resource, whole in wholes.items()
        if resource != REST
    }
    if REST in wholes:
        pattern = summed(parts.values()) or _weights(held.get(PACKAGE, {}), length)
        parts[REST] = apportion(wholes[REST], pattern)
    return parts


def _weights(held: Mapping[str, int], length: Duration) -> dict[str, int]:
    """Return the time *held* of *length*, what is not known of it as `_unattributed`."""
    unknown = max(0, length.nanoseconds - sum(held.values()))
    return {**held, UNATTRIBUTED: held.get(UNATTRIBUTED, 0) + unknown}


def summed(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sum of *parts* by consumer."""
    sums: dict[str, int] = {}
    for part in parts:
        for consumer, amount in part.items():
            sums[consumer] = sums.get(consumer, 0) + amount
    return sums


def _bounded(part: int, whole: Bounds) -> Bounds:
    """Return *part* of the central amount of *whole* with the range of *whole* around it."""
    return Bounds(part * whole.low // whole.central, part, -(-part * whole.high // whole.central))
