"""What bought services did and cost, as plain values for programs: in the API, in reports, in commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from monitor.core.external import Impact
from monitor.core.units import MICROGRAMS_PER_GRAM, MICROJOULES_PER_JOULE, MICROLITERS_PER_LITER, PICOGRAMS_PER_GRAM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.core.external import ExternalRule, ExternalSum, ExternalUse
    from monitor.core.impact import Bounds

NAMES: Final[Mapping[Impact, tuple[str, int]]] = {
    Impact.ENERGY: ("energy_joules", MICROJOULES_PER_JOULE),
    Impact.GWP: ("emissions_grams", MICROGRAMS_PER_GRAM),
    Impact.WATER: ("water_liters", MICROLITERS_PER_LITER),
    Impact.ADPE: ("abiotic_resources_grams", PICOGRAMS_PER_GRAM),
}
"""How each impact is called, and how many of its units are one of those in the name."""


def use_told(use: ExternalUse) -> dict[str, Any]:
    """Return *use* as plain values; an impact that is unknown is None, and so much of it is unknown."""
    return {
        "activity": {unit.value: count for unit, count in sorted(use.counts.items())},
        **{name: bounds_told(use.impacts.get(impact), per) for impact, (name, per) in NAMES.items()},
        "methods": sorted(method.value for method in use.methods),
        "origins": sorted(origin.value for origin in use.origins),
        "claims": [
            {"origin": claim.origin.value, "source": claim.source, "year": claim.year} for claim in sorted(use.claims)
        ],
        "output_tokens_without": {NAMES[impact][0]: tokens for impact, tokens in sorted(use.unknown.items())},
        "missing": sorted(use.missing),
    }


def service_told(key: str, rule: ExternalRule | None) -> dict[str, Any]:
    """Return what is known of the bought service *key*; None: it is not configured any more."""
    return {
        "key": key,
        "name": rule.name if rule else key,
        "provider": rule.provider if rule else None,
        "department": rule.department if rule else "",
        "contract": rule.contract if rule else "",
        "zone": (rule.zone or None) if rule else None,
    }


def bases_told(sums: tuple[ExternalSum, ...]) -> list[dict[str, Any]]:
    """Return by what the output tokens of each model were reckoned, whole, with what was assumed."""
    return [
        {
            "service": one.series.external,
            "provider": one.series.provider,
            "model": one.series.model,
            "output_tokens": one.amount,
            "missing": one.basis.missing,
            "rates": [
                {
                    "impact": rate.impact.value,
                    "origin": rate.origin.value,
                    "method": rate.method.value,
                    "per_1000_output_tokens": bounds_told(rate.amount, NAMES[rate.impact][1] * 1000),
                    "unit": NAMES[rate.impact][0],
                    "source": rate.source,
                    "year": rate.year,
                    "address": rate.address,
                    "boundary": rate.boundary,
                    "parameters": dict(rate.parameters),
                }
                for rate in one.basis.rates
            ],
        }
        for one in sums
        if one.basis is not None
    ]


def apart_and_together(host: Bounds | None, bought: ExternalUse | None) -> dict[str, Any]:
    """Return the emissions of this host's services and of the bought ones, apart, and both together.

    *host* is in micrograms; None: unknown. Nothing bought at all (None) is nothing. Where all of one side is unknown,
    so is the sum; where a part of what is bought is, the sum is of the rest, and it is told how many tokens are not in
    it. What is bought and tells no output tokens has none to tell: its `missing` says so. The bounds add up linearly.
    """
    outside = bought.impacts.get(Impact.GWP) if bought is not None else None
    both = host + outside if host is not None and outside is not None else host if bought is None else None
    return {
        "host_emissions_grams": bounds_told(host, MICROGRAMS_PER_GRAM),
        "external_emissions_grams": bounds_told(outside, MICROGRAMS_PER_GRAM),
        "host_and_external_emissions_grams": bounds_told(both, MICROGRAMS_PER_GRAM),
        "output_tokens_not_in_it": 0 if bought is None else bought.unknown.get(Impact.GWP, 0),
    }


def bounds_told(bounds: Bounds | None, per: int) -> dict[str, float] | None:
    """Return *bounds* in units of *per*; None: unknown."""
    if bounds is None:
        return None
    return {"low": bounds.low / per, "central": bounds.central / per, "high": bounds.high / per}
