"""What services did and what a unit of it took, as JSON, for programs. Its reference: docs/http.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from monitor.core.activity import Unit
from monitor.core.units import MICROGRAMS_PER_GRAM, MICROJOULES_PER_JOULE
from monitor.exposition.activity import UNITS
from monitor.web.origin import origin
from monitor.web.status import Role

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from monitor.core.functional import CrossCheck, FunctionalUnits, PerUnit, Sci, Taken
    from monitor.core.impact import Bounds
    from monitor.exposition.about import About
    from monitor.web.status import Consumer, Status

BOUNDARY: Final = "consumer"
"""Of SCI for AI: operating the service, not making the model. Source: Green Software Foundation, SCI for AI (2025)."""


def services_as_json(status: Status, about: About, *, stale: bool) -> dict[str, Any]:
    """Return what the services of *status* did. What is unknown is None, or absent; of nothing there is no quotient."""
    return {
        **origin(status.snapshot, about, stale=stale),
        "boundary": BOUNDARY,
        "services": [_service(consumer) for consumer in status.consumers if consumer.role is Role.SERVICE],
    }


def _service(consumer: Consumer) -> dict[str, Any]:
    return {
        "key": consumer.key,
        "name": consumer.name,
        "department": consumer.department,
        "contract": consumer.contract,
        "kind": consumer.kind,
        "present": consumer.present,
        "periods": {period: _period(units) for period, units in consumer.units.items()},
    }


def _period(units: FunctionalUnits) -> dict[str, Any]:
    return {
        "activity": _amounts(units.amounts),
        "measured": _amounts(units.measured),
        "models": _models(units),
        "energy_joules": units.work.energy.joules,
        "known_ratio": _number(units.known_share),
        "idle_ratio": _number(units.idle_share),
        "taken": None if units.taken is None else _taken(units.taken),
        "per_unit": {functional.value: _per_unit(one) for functional, one in units.per_unit.items()},
        "authorities": [authority.value for authority in units.authorities],
        "cross_checks": [_check(check) for check in units.cross_checks],
        "cautions": [caution.value for caution in units.cautions],
    }


def _amounts(amounts: Mapping[Unit, int]) -> dict[str, float]:
    return {UNITS[unit][0]: _amount(unit, amount) for unit, amount in amounts.items()}


def _amount(unit: Unit, amount: int) -> float:
    per = UNITS[unit][1]
    return amount if per == 1 else amount / per


def _models(units: FunctionalUnits) -> list[dict[str, Any]]:
    by_model: dict[str, dict[Unit, int]] = {}
    for (model, unit), amount in units.work.amounts.items():
        if model and unit is not Unit.ENERGY:
            by_model.setdefault(model, {})[unit] = amount
    return [{"model": model, "activity": _amounts(amounts)} for model, amounts in sorted(by_model.items())]


def _taken(taken: Taken) -> dict[str, Any]:
    """Return the numerators: what is known of them."""
    known = {
        "energy_joules": (taken.energy, MICROJOULES_PER_JOULE),
        "facility_energy_joules": (taken.facility, MICROJOULES_PER_JOULE),
        "emissions_use_grams": (taken.use, MICROGRAMS_PER_GRAM),
        "emissions_embodied_grams": (taken.embodied, MICROGRAMS_PER_GRAM),
        "emissions_grams": (taken.emissions, MICROGRAMS_PER_GRAM),
    }
    return {name: _bounds(bounds, per) for name, (bounds, per) in known.items() if bounds is not None}


def _per_unit(one: PerUnit) -> dict[str, Any]:
    taken = one.taken
    energy = None if taken is None else _bounds(taken.energy, MICROJOULES_PER_JOULE * one.units)
    emissions = taken.emissions if taken is not None else None
    return {
        "units": float(one.units),
        "taken": None if taken is None else _taken(taken),
        "energy_joules": energy,
        "emissions_grams": None if emissions is None else _bounds(emissions, MICROGRAMS_PER_GRAM * one.units),
        "sci": None if one.sci is None else _sci(one.sci),
    }


def _sci(sci: Sci) -> dict[str, float]:
    return {
        "score_grams": float(sci.score),
        "energy_kilowatt_hours": float(sci.kilowatt_hours),
        "intensity_grams_per_kilowatt_hour": float(sci.intensity),
        "embodied_grams": sci.embodied / MICROGRAMS_PER_GRAM,
        "functional_units": float(sci.units),
    }


def _check(check: CrossCheck) -> dict[str, Any]:
    return {
        "authority": check.authority.value,
        "unit": UNITS[check.unit][0],
        "amount": _amount(check.unit, check.amount),
        "counted": _amount(check.unit, check.counted),
        "difference": _amount(check.unit, check.difference),
    }


def _bounds(bounds: Bounds, per: Fraction | int) -> dict[str, float]:
    return {"low": float(bounds.low / per), "central": float(bounds.central / per), "high": float(bounds.high / per)}


def _number(share: Fraction | None) -> float | None:
    return None if share is None else float(share)
