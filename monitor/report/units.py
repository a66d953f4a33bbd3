"""What a unit of work took, as exact decimal texts: for CSV and JSON alike."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from monitor.core.functional import PARTS
from monitor.core.units import MICROGRAMS_PER_GRAM, MICROJOULES_PER_KILOWATT_HOUR

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from monitor.core.functional import Functional, FunctionalUnits, PerUnit, Sci
    from monitor.core.impact import Bounds
    from monitor.core.spread import Spread

DECIMALS: Final = 9
"""A billionth of a watt-hour, or of a gram: what one token of a small model takes has three digits left."""
MICROJOULES_PER_WATT_HOUR: Final = MICROJOULES_PER_KILOWATT_HOUR // 1000


def text(number: Fraction) -> str:
    """Return *number* as decimal text, without the detour through a float."""
    return f"{Decimal(number.numerator) / Decimal(number.denominator):.{DECIMALS}f}"


def bounds_per_unit(bounds: Bounds | None, size: int, one: PerUnit) -> dict[str, str] | None:
    """Return *bounds*, of which *size* make one, for each unit of *one*; None: unknown."""
    if bounds is None:
        return None
    per = size * one.units
    return {"low": text(bounds.low / per), "central": text(bounds.central / per), "high": text(bounds.high / per)}


def quotients(one: PerUnit) -> tuple[dict[str, str] | None, dict[str, str] | None]:
    """Return watt-hours, and grams CO2e, for each unit of *one*; None: unknown."""
    taken = one.taken
    return (
        bounds_per_unit(None if taken is None else taken.energy, MICROJOULES_PER_WATT_HOUR, one),
        bounds_per_unit(None if taken is None else taken.emissions, MICROGRAMS_PER_GRAM, one),
    )


def spreads_told(spreads: Mapping[tuple[str, Functional], Spread]) -> list[dict[str, Any]]:
    """Return how what units took differs from hour to hour; unknown is None."""
    return [
        {
            "service": service,
            "functional_unit": functional.value,
            "hours": one.hours,
            "waiting_hours": one.waiting,
            "unknown_hours": one.unknown,
            "median_watt_hours": _watt_hours(one.median, functional),
            "p95_watt_hours": _watt_hours(one.p95, functional),
        }
        for (service, functional), one in spreads.items()
    ]


def watt_hours(each: Fraction, functional: Functional) -> Fraction:
    """Return the watt-hours of a *functional* unit that has *each* microjoules for each that is counted."""
    return each * PARTS[functional][1] / MICROJOULES_PER_WATT_HOUR


def _watt_hours(each: Fraction | None, functional: Functional) -> str | None:
    return None if each is None else text(watt_hours(each, functional))


def score(sci: Sci) -> dict[str, str]:
    """Return the score with its parts: (E x I + M) / R."""
    return {
        "score_grams": text(sci.score),
        "energy_kilowatt_hours": text(sci.kilowatt_hours),
        "intensity_grams_per_kilowatt_hour": text(sci.intensity),
        "embodied_grams": f"{Decimal(sci.embodied) / MICROGRAMS_PER_GRAM:f}",
        "functional_units": text(sci.units),
    }


def as_json(units: FunctionalUnits) -> dict[str, Any]:
    """Return what a service did, and what a unit of it took; unknown is None."""
    return {
        "amounts": {unit.value: amount for unit, amount in units.amounts.items()},
        "measured": {unit.value: amount for unit, amount in units.measured.items()},
        "models": _models(units),
        "energy_microjoules": None if units.taken is None else units.taken.microjoules,
        "known_ratio": _ratio(units.known_share),
        "idle_ratio": _ratio(units.idle_share),
        "per_unit": {functional.value: _per_unit(one) for functional, one in units.per_unit.items()},
        "authorities": [authority.value for authority in units.authorities],
        "cross_checks": [
            {
                "authority": check.authority.value,
                "unit": check.unit.value,
                "amount": check.amount,
                "counted": check.counted,
                "difference": check.difference,
            }
            for check in units.cross_checks
        ],
        "cautions": [caution.value for caution in units.cautions],
    }


def _models(units: FunctionalUnits) -> dict[str, dict[str, int]]:
    by_model: dict[str, dict[str, int]] = {}
    for (model, unit), amount in units.work.amounts.items():
        if model and unit in units.amounts:
            by_model.setdefault(model, {})[unit.value] = amount
    return by_model


def _per_unit(one: PerUnit) -> dict[str, Any]:
    energy, emissions = quotients(one)
    return {
        "units": text(one.units),
        "energy_watt_hours": energy,
        "emissions_grams": emissions,
        "sci": None if one.sci is None else score(one.sci),
    }


def _ratio(share: Fraction | None) -> float | None:
    return None if share is None else round(float(share), 6)
