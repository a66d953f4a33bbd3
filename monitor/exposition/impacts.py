"""What the metrics of impacts show of a snapshot. What is unknown is absent, never 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.impact import Indicator, Role
from monitor.core.units import (
    MICROGRAMS_PER_GRAM,
    MICROJOULES_PER_JOULE,
    MICROLITERS_PER_LITER,
    MICROS_PER_EURO,
    NANOSECONDS_PER_SECOND,
    PICOGRAMS_PER_GRAM,
)
from monitor.exposition import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from monitor.core.factors import Basis
    from monitor.core.impact import Bounds, Terms
    from monitor.core.units import Energy
    from monitor.exposition.about import About
    from monitor.exposition.catalogue import Metric
    from monitor.exposition.snapshot import Snapshot

    Values = Mapping[tuple[str, ...], float]
    Filling = Callable[[Snapshot, About], Values]

PHASES: Final = {Indicator.GWP_USE: "use", Indicator.GWP_EMBODIED: "embodied"}
RESOURCE_PHASES: Final = {Indicator.ADPE_USE: "use", Indicator.ADPE_EMBODIED: "embodied"}
SOURCES: Final = {Indicator.WATER_SITE: "site", Indicator.WATER_GRID: "grid"}
APPLIED: Final = "applied"
"""The basis of the intensity that is applied now: the yearly level in its hourly shape."""
LEVEL_ROLES: Final = (Role.ELECTRICITY, Role.MARKET, Role.SHAPE_LEVEL)


def _emissions(snapshot: Snapshot, _: About) -> Values:
    return _counted(snapshot, PHASES, MICROGRAMS_PER_GRAM)


def _water(snapshot: Snapshot, _: About) -> Values:
    return _counted(snapshot, SOURCES, MICROLITERS_PER_LITER)


def _counted(snapshot: Snapshot, labels: Mapping[Indicator, str], units: int) -> Values:
    return {
        (key.consumer, labels[key.indicator]): amount / units
        for key, amount in snapshot.impacts.items()
        if key.indicator in labels
    }


def _of_period(indicator: Indicator, units: int) -> Filling:
    def filling(snapshot: Snapshot, _: About) -> Values:
        return {
            (service, period): bounds.central / units
            for (service, found, period), bounds in snapshot.period_impacts.items()
            if found is indicator
        }

    return filling


def _of_period_by(labels: Mapping[Indicator, str], units: int) -> Filling:
    def filling(snapshot: Snapshot, _: About) -> Values:
        return {
            (service, labels[found], period): bounds.central / units
            for (service, found, period), bounds in snapshot.period_impacts.items()
            if found in labels
        }

    return filling


def _emissions_bound(bound: Callable[[Bounds], int]) -> Filling:
    def filling(snapshot: Snapshot, _: About) -> Values:
        return {key: bound(found) / MICROGRAMS_PER_GRAM for key, found in snapshot.emissions.items()}

    return filling


def _coverage(snapshot: Snapshot, _: About) -> Values:
    shares = coverage(snapshot.period_impacts, snapshot.period_energy)
    return {(period,): share for period, share in shares.items()}


def coverage(
    impacts: Mapping[tuple[str, Indicator, str], Bounds], energies: Mapping[tuple[str, str], Energy]
) -> dict[str, float]:
    """Return the share of the energy of each period whose *impacts* are known; of no energy there is none."""
    known: dict[str, int] = {}
    measured: dict[str, int] = {}
    for (_consumer, indicator, period), bounds in impacts.items():
        if indicator is Indicator.ENERGY:
            known[period] = known.get(period, 0) + bounds.central
    for (_consumer, period), energy in energies.items():
        measured[period] = measured.get(period, 0) + energy.microjoules
    return {period: known.get(period, 0) / energy for period, energy in measured.items() if energy}


def _intensity(snapshot: Snapshot, _: About) -> Values:
    return dict(_intensities(snapshot))


def _intensities(snapshot: Snapshot) -> Iterator[tuple[tuple[str, ...], float]]:
    if (terms := snapshot.terms) is not None:
        factors = {one.role: one.factor for one in terms.applied}
        for factor in (factors[role] for role in LEVEL_ROLES if role in factors):
            yield (terms.zone, factor.provider, _basis(factor.basis)), float(factor.value)
        if (applied := applied_intensity(terms)) is not None:
            yield (terms.zone, factors[Role.ELECTRICITY].provider, APPLIED), applied
    if (live := snapshot.intensity) is not None:
        yield (live.zone, live.provider, f"live_{live.cycle}"), float(live.grams_per_kilowatt_hour)


def applied_intensity(terms: Terms) -> float | None:
    """Return by what a kilowatt-hour is reckoned under *terms*, in grams CO2e: the yearly level in its hourly shape."""
    factors = {one.role: one.factor.value for one in terms.applied}
    if Role.ELECTRICITY not in factors:
        return None
    shape = factors[Role.SHAPE] / factors[Role.SHAPE_LEVEL] if Role.SHAPE in factors else 1
    return float(factors[Role.ELECTRICITY] * shape)


def _basis(basis: Basis) -> str:
    return "_".join(word for word in ("yearly", basis.cycle, basis.boundary, basis.accounting) if word is not None)


def _intensity_time(snapshot: Snapshot, _: About) -> Values:
    live = snapshot.intensity
    if live is None:
        return {}
    return {(live.zone, live.provider): (live.start + live.length.nanoseconds) / NANOSECONDS_PER_SECOND}


def _factors(snapshot: Snapshot, _: About) -> Values:
    applied = snapshot.terms.applied if snapshot.terms is not None else ()
    return {
        (one.role, one.factor.key, one.factor.provider, str(one.factor.year or ""), " ".join(one.how)): 1.0
        for one in applied
        # a live figure is another one every quarter of an hour: its series would never end
        if one.role is not Role.SHAPE
    }


FILLINGS: Final[Mapping[Metric, Filling]] = {
    catalogue.SERVICE_EMISSIONS: _emissions,
    catalogue.SERVICE_WATER: _water,
    catalogue.PERIOD_FACILITY_ENERGY: _of_period(Indicator.FACILITY_ENERGY, MICROJOULES_PER_JOULE),
    catalogue.PERIOD_EMISSIONS: _of_period_by(PHASES, MICROGRAMS_PER_GRAM),
    catalogue.PERIOD_EMISSIONS_LOW: _emissions_bound(lambda bounds: bounds.low),
    catalogue.PERIOD_EMISSIONS_HIGH: _emissions_bound(lambda bounds: bounds.high),
    catalogue.PERIOD_EMISSIONS_MARKET: _of_period(Indicator.GWP_USE_MARKET, MICROGRAMS_PER_GRAM),
    catalogue.PERIOD_WATER: _of_period_by(SOURCES, MICROLITERS_PER_LITER),
    catalogue.PERIOD_PRIMARY_ENERGY: _of_period(Indicator.PRIMARY_ENERGY, MICROJOULES_PER_JOULE),
    catalogue.PERIOD_ABIOTIC_RESOURCES: _of_period_by(RESOURCE_PHASES, PICOGRAMS_PER_GRAM),
    catalogue.PERIOD_COST: _of_period(Indicator.COST, MICROS_PER_EURO),
    catalogue.IMPACT_COVERAGE: _coverage,
    catalogue.GRID_INTENSITY: _intensity,
    catalogue.GRID_INTENSITY_TIME: _intensity_time,
    catalogue.IMPACT_FACTOR: _factors,
}
"""In the order of the catalogue."""
