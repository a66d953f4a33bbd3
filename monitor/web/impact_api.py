"""Impacts as JSON, for programs: every indicator with its range, and by which factors. Its reference: docs/http.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from monitor.core.calendar import utc
from monitor.core.factor_facts import facts_of, iso
from monitor.core.impact import Bounds, Indicator
from monitor.core.indicator_names import NAMES, range_in, ranges
from monitor.core.summary import Impacts
from monitor.core.units import MICROGRAMS_PER_GRAM, NANOSECONDS_PER_SECOND, PICOGRAMS_PER_GRAM
from monitor.exposition.impacts import applied_intensity
from monitor.web.impacts import ABIOTIC
from monitor.web.origin import origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.core.embodied import Asset
    from monitor.core.impact import Terms
    from monitor.core.readings import IntensityReading
    from monitor.exposition.about import About
    from monitor.exposition.snapshot import Snapshot
    from monitor.web.status import Consumer, Status

_TOTALS: Final = (
    Indicator.FACILITY_ENERGY,
    Indicator.GWP_USE_MARKET,
    Indicator.WATER_GRID,
    Indicator.WATER_SITE,
    Indicator.PRIMARY_ENERGY,
    Indicator.COST,
)
"""Of which the status tells the central value."""


_EMISSIONS: Final = ("emissions_low_grams", "emissions_grams", "emissions_high_grams")


def impacts_as_json(status: Status, about: About, *, stale: bool) -> dict[str, Any]:
    """Return the impacts of *status* as plain values. What is unknown is None, or absent."""
    snapshot = status.snapshot
    return {
        **origin(snapshot, about, stale=stale),
        "unknown": list(status.unknowns),
        "grid": grid(snapshot),
        "periods": {
            name: {"impact_coverage_ratio": period.impact_coverage, **_indicators(period.impacts)}
            for name, period in status.periods.items()
        },
        "consumers": [_consumer(consumer) for consumer in status.consumers],
        "terms": None if snapshot.terms is None else _terms(snapshot.terms),
    }


def totals(impacts: Impacts) -> dict[str, float | None]:
    """Return the central values of *impacts*, and the bounds of emissions, by name; what is unknown is None."""
    abiotic = impacts.together(ABIOTIC)
    return {
        **emissions(impacts.emissions),
        **{NAMES[one][0]: _central(impacts, one) for one in _TOTALS},
        "abiotic_resources_grams": None if abiotic is None else abiotic.central / PICOGRAMS_PER_GRAM,
    }


def impacts_told(told: Mapping[str, Any]) -> Impacts:
    """Return the impacts that `totals` *told*: central values, and the bounds of emissions. None is unknown."""
    low, central, high = (told.get(name) for name in _EMISSIONS)
    known = None
    if low is not None and central is not None and high is not None:
        known = Bounds(*(round(grams * MICROGRAMS_PER_GRAM) for grams in (low, central, high)))
    amounts = {
        indicator: round(value * NAMES[indicator][1])
        for indicator in _TOTALS
        if (value := told.get(NAMES[indicator][0])) is not None
    }
    return Impacts({indicator: Bounds(units, units, units) for indicator, units in amounts.items()}, known)


def emissions(found: Bounds | None) -> dict[str, float | None]:
    """Return emissions in grams, with their bounds, by name."""
    if found is None:
        return dict.fromkeys(_EMISSIONS)
    grams = (one / MICROGRAMS_PER_GRAM for one in (found.low, found.central, found.high))
    return dict(zip(_EMISSIONS, grams, strict=True))


def by_period(told: Mapping[str, Bounds]) -> dict[str, dict[str, float]]:
    """Return the emissions *told* by period in grams, with their bounds, by name and then by period."""
    grams = {period: emissions(bounds) for period, bounds in told.items()}
    return {
        name: {period: value for period, one in grams.items() if (value := one[name]) is not None}
        for name in _EMISSIONS
    }


def of_period(told: Mapping[str, Any], period: str) -> dict[str, float | None]:
    """Return what `by_period` *told* of one *period*."""
    return {name: told.get(name, {}).get(period) for name in _EMISSIONS}


def grid(snapshot: Snapshot) -> dict[str, Any]:
    """Return what is known of the electricity grid now: the zone, and the carbon intensity applied and told."""
    terms, live = snapshot.terms, snapshot.intensity
    return {
        "zone": None if terms is None else terms.zone,
        "applied_grams_per_kilowatt_hour": None if terms is None else applied_intensity(terms),
        "filled": None if terms is None else terms.filled,
        "fault": snapshot.terms_fault or None,
        "live": None if live is None else _live(live, snapshot.at.wall),
    }


def _central(impacts: Impacts, indicator: Indicator) -> float | None:
    bounds = impacts.amounts.get(indicator)
    return None if bounds is None else bounds.central / NAMES[indicator][1]


def _live(live: IntensityReading, now: int) -> dict[str, Any]:
    until = live.start + live.length.nanoseconds
    return {
        "zone": live.zone,
        "provider": live.provider,
        "cycle": live.cycle.value,
        "grams_per_kilowatt_hour": float(live.grams_per_kilowatt_hour),
        "estimated": live.estimated,
        "from": utc(live.start),
        "until": utc(until),
        "age_seconds": max(0, now - until) / NANOSECONDS_PER_SECOND,
    }


def _consumer(consumer: Consumer) -> dict[str, Any]:
    return {
        "key": consumer.key,
        "role": consumer.role.value,
        "name": consumer.name,
        "department": consumer.department,
        "contract": consumer.contract,
        "periods": {period: _indicators(impacts) for period, impacts in consumer.impacts.items()},
    }


def _indicators(impacts: Impacts) -> dict[str, Any]:
    told = {"emissions_grams": range_in(impacts.emissions, MICROGRAMS_PER_GRAM)} if impacts.emissions else {}
    return {**told, **ranges(impacts.amounts)}


def _terms(terms: Terms) -> dict[str, Any]:
    return {
        "zone": terms.zone,
        "filled": terms.filled,
        "factors": [
            {"role": one.role.value, "how": [how.value for how in one.how], **facts_of(one.factor, float)}
            for one in terms.applied
        ],
        "hardware": [_asset(asset) for asset in terms.assets],
    }


def _asset(asset: Asset) -> dict[str, Any]:
    return {
        "name": asset.name,
        "resource": asset.resource,
        "amount": float(asset.amount),
        "share_ratio": float(asset.share),
        "bought": iso(asset.bought),
        "gwp": facts_of(asset.gwp, float),
        "adpe": None if asset.adpe is None else facts_of(asset.adpe, float),
        "lifetime": facts_of(asset.lifetime, float),
    }
