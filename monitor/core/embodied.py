"""Embodied impacts: what making the hardware cost, spread over its lifetime and shared by what each consumer reserves.

Source: Green Software Foundation, SCI 1.1 (ISO/IEC 21031:2024): M = TE x (TiR / EL) x (RR / ToR), total embodied
emissions by time reserved over lifetime, by resources reserved over resources there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from monitor.core.attribution import apportion
from monitor.core.entries import UNATTRIBUTED
from monitor.core.impact import Bounds, ImpactSeries, Indicator, range_of
from monitor.core.readings import PACKAGE, REST
from monitor.core.units import NANOSECONDS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from decimal import Decimal

    from monitor.core.entries import Holding
    from monitor.core.factors import Factor
    from monitor.core.interval import Interval
    from monitor.core.units import Duration

YEAR: Final = 8760 * 3600 * NANOSECONDS_PER_SECOND
"""Of a lifetime, in ns: 8,760 hours, as the sources of the lifetimes count (26,280 h are three years)."""


@dataclass(frozen=True, slots=True, kw_only=True)
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


def amortised(asset: Asset, indicator: Indicator, interval: Interval) -> Bounds:
    """Return what of the making of *asset* falls in *interval*, in the unit of *indicator*.

    Over any row of intervals that join, the central amounts sum to that of the whole: nothing is lost by rounding.
    """
    factor = asset.gwp if indicator is Indicator.GWP_EMBODIED else asset.adpe
    if factor is None:
        return Bounds.ZERO
    whole = range_of(factor).times(Fraction(asset.amount) * Fraction(asset.share) * _UNITS[indicator])
    life = round(Fraction(asset.lifetime.value) * YEAR)
    begin = _moment(asset.bought) if asset.bought is not None else None
    low, central, high = (
        _until(total, interval.end, begin, life) - _until(total, interval.start, begin, life)
        for total in (whole.low, whole.central, whole.high)
    )
    return Bounds(min(low, central), central, max(high, central))


_UNITS: Final = {Indicator.GWP_EMBODIED: 10**9, Indicator.ADPE_EMBODIED: 10**15}
"""Micrograms, and picograms, in a kilogram."""


def _until(total: Fraction, moment: int, begin: int | None, life: int) -> int:
    """Return what of *total* is written off by *moment*."""
    elapsed = moment if begin is None else min(max(moment - begin, 0), life)
    return total.numerator * elapsed // (total.denominator * life)


def _moment(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * NANOSECONDS_PER_SECOND


def embodied(
    interval: Interval,
    reserved: Mapping[Holding, Duration],
    assets: Iterable[Asset],
    indicators: Iterable[Indicator] = (Indicator.GWP_EMBODIED, Indicator.ADPE_EMBODIED),
) -> dict[ImpactSeries, Bounds]:
    """Return what the *assets* come to in *interval*, by consumer.

    *reserved* is for how long the whole of a resource was held by each consumer (`_idle`: by nobody). The time of
    which nothing is known is `_unattributed`'s. Each resource's parts sum exactly to what is written off.
    """
    owned = tuple(assets)
    amounts: dict[ImpactSeries, Bounds] = {}
    for indicator in indicators:
        wholes = _by_resource(owned, indicator, interval)
        parts = {
            resource: _shared(whole, _weights(reserved, resource, interval))
            for resource, whole in wholes.items()
            if resource != REST
        }
        if REST in wholes:
            parts[REST] = _shared(wholes[REST], _pattern(parts.values()) or _weights(reserved, PACKAGE, interval))
        for part in parts.values():
            for consumer, bounds in part.items():
                key = ImpactSeries(consumer, indicator)
                amounts[key] = amounts.get(key, Bounds.ZERO) + bounds
    return amounts


def _by_resource(assets: Iterable[Asset], indicator: Indicator, interval: Interval) -> dict[str, Bounds]:
    wholes: dict[str, Bounds] = {}
    for asset in assets:
        amount = amortised(asset, indicator, interval)
        if amount.high:
            wholes[asset.resource] = wholes.get(asset.resource, Bounds.ZERO) + amount
    return wholes


def _weights(reserved: Mapping[Holding, Duration], resource: str, interval: Interval) -> dict[str, int]:
    weights = {one.consumer: time.nanoseconds for one, time in reserved.items() if one.resource == resource}
    unknown = interval.length.nanoseconds - sum(weights.values())
    if unknown > 0:
        weights[UNATTRIBUTED] = weights.get(UNATTRIBUTED, 0) + unknown
    return weights


def _pattern(parts: Iterable[Mapping[str, Bounds]]) -> dict[str, int]:
    pattern: dict[str, int] = {}
    for part in parts:
        for consumer, bounds in part.items():
            pattern[consumer] = pattern.get(consumer, 0) + bounds.central
    return {consumer: weight for consumer, weight in pattern.items() if weight}


def _shared(whole: Bounds, weights: Mapping[str, int]) -> dict[str, Bounds]:
    """Return *whole* shared by *weights*: the central parts sum to it, and each has its bounds around it."""
    parts = apportion(whole.central, dict(weights))
    if not whole.central:
        return {}
    return {
        consumer: Bounds(part * whole.low // whole.central, part, -(-part * whole.high // whole.central))
        for consumer, part in parts.items()
    }
