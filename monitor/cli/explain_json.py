"""What `explain --json` prints: the whole chain for programs; amounts are whole numbers, as the ledger has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from monitor.core.calendar import utc
from monitor.core.explanation import Bound
from monitor.core.factor_facts import facts_of, iso
from monitor.core.impact import Indicator, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.cli.explain_page import Told
    from monitor.core.explanation import Explanation, Hardware, Step, Stretch, WrittenOff
    from monitor.core.impact import Applied, Bounds
    from monitor.ledger.store import Restatement

FORMAT: Final = "empreinte-explanation"
VERSION: Final = 1
"""Raised when a field changes its meaning or goes; new fields don't raise it."""
NAMES: Final = {
    Indicator.ENERGY: "energy_microjoules",
    Indicator.FACILITY_ENERGY: "facility_energy_microjoules",
    Indicator.GWP_USE: "emissions_use_micrograms",
    Indicator.GWP_USE_MARKET: "emissions_market_micrograms",
    Indicator.GWP_EMBODIED: "emissions_embodied_micrograms",
    Indicator.WATER_SITE: "water_site_microliters",
    Indicator.WATER_GRID: "water_grid_microliters",
    Indicator.PRIMARY_ENERGY: "primary_energy_microjoules",
    Indicator.ADPE_USE: "abiotic_resources_use_picograms",
    Indicator.ADPE_EMBODIED: "abiotic_resources_embodied_picograms",
    Indicator.COST: "cost_microeuros",
}
"""Each indicator in the unit that the ledger keeps it in."""


def for_programs(told: Told) -> dict[str, Any]:
    """Return the explanation as JSON has it. What is unknown is null, or absent."""
    of = told.explanation
    return {
        "format": FORMAT,
        "version": VERSION,
        "host": told.host,
        "simulated": told.simulated,
        "service": of.service,
        "name": told.name,
        "period": told.period,
        "start": utc(of.interval.start),
        "end": utc(of.interval.end),
        "closed_through": utc(told.closed_through),
        "energy": _energy(of),
        "generations": [_generation(number, told.generations) for number in _used(of)],
        "stretches": [_stretch(stretch) for stretch in of.stretches],
        "hardware": [_hardware(one) for one in of.hardware],
        "totals": amounts(of.totals),
        "emissions_micrograms": None if of.emissions is None else bounds(of.emissions),
        "mean_intensity_grams_per_kilowatt_hour": None if of.mean_intensity is None else float(of.mean_intensity),
    }


def amounts(found: Mapping[Indicator, Bounds]) -> dict[str, dict[str, int]]:
    """Return what is known of each indicator, under a name that tells the unit."""
    return {name: bounds(found[one]) for one, name in NAMES.items() if one in found}


def bounds(found: Bounds) -> dict[str, int]:
    """Return the three figures."""
    return {"low": found.low, "central": found.central, "high": found.high}


def _energy(of: Explanation) -> dict[str, Any]:
    return {
        "microjoules": of.energy.microjoules,
        "known_microjoules": of.known.microjoules,
        "error_ratio": float(of.error),
        "meters": [
            {
                "resource": one.meter.resource,
                "method": one.meter.method.value,
                "microjoules": one.energy.microjoules,
                "error_ratio": float(one.error),
            }
            for one in of.measured
        ],
    }


def _used(of: Explanation) -> list[int]:
    return sorted({one.generation for one in of.stretches})


def _generation(number: int, generations: Mapping[int, Restatement]) -> dict[str, Any]:
    made = generations.get(number)
    if made is None:
        return {"number": number, "made": None, "author": None, "reason": None, "factor_set": None}
    return {
        "number": number,
        "made": utc(made.made),
        "author": made.author,
        "reason": made.reason,
        "factor_set": made.factor_set,
    }


def _stretch(stretch: Stretch) -> dict[str, Any]:
    return {
        "generation": stretch.generation,
        "zone": stretch.terms.zone,
        "filled": stretch.terms.filled,
        "hours": [{"start": utc(one.start), "end": utc(one.end)} for one in stretch.hours],
        "energy_microjoules": stretch.energy.microjoules,
        "factors": [_applied(one) for one in stretch.terms.applied],
        "steps": [_step(step) for step in stretch.steps],
        "amounts": amounts(stretch.impacts),
    }


def _applied(one: Applied) -> dict[str, Any]:
    return {"role": one.role.value, "how": [how.value for how in one.how], "factor": facts_of(one.factor, float)}


def _step(step: Step) -> dict[str, Any]:
    """Return the product: *multiply* and *divide* have factors by role, exactly as their source has them."""
    return {
        "indicator": NAMES[step.indicator],
        **{
            bound.value: {
                "multiply": _by_role(step, bound, divide=False),
                "divide": _by_role(step, bound, divide=True),
                "booked": amount,
            }
            for bound, amount in (
                (Bound.LOW, step.booked.low),
                (Bound.CENTRAL, step.booked.central),
                (Bound.HIGH, step.booked.high),
            )
        },
    }


def _by_role(step: Step, bound: Bound, *, divide: bool) -> dict[str, str]:
    return {
        one.role.value: f"{value:f}"
        for one, value in step.multipliers(bound)
        if (one.role is Role.SHAPE_LEVEL) is divide
    }


def _hardware(one: Hardware) -> dict[str, Any]:
    return {
        "resource": one.resource,
        "assets": [_asset(written) for written in one.assets],
        "written_off": amounts(one.whole),
        "held": amounts(one.part),
    }


def _asset(written: WrittenOff) -> dict[str, Any]:
    asset = written.asset
    return {
        "name": asset.name,
        "amount": f"{asset.amount:f}",
        "share_ratio": f"{asset.share:f}",
        "bought": iso(asset.bought),
        "written_off_seconds": written.time.seconds,
        "lifetime_seconds": asset.life.seconds,
        "gwp": facts_of(asset.gwp, float),
        "adpe": None if asset.adpe is None else facts_of(asset.adpe, float),
        "lifetime": facts_of(asset.lifetime, float),
    }
