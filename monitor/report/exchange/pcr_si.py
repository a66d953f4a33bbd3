"""The year's footprint in the exchange format of the product category rules for information systems (PCR-SI).

Source: Boavizta, PCR-SI_dataformat (2024): stages of the life cycle, indicators with their units, shares of quality.
Build and use alone are known here: distribution and end of life are left out, not set to zero.
"""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from monitor.core.calendar import utc
from monitor.core.impact import Indicator
from monitor.core.units import (
    MICROGRAMS_PER_GRAM,
    MICROJOULES_PER_JOULE,
    MICROLITERS_PER_LITER,
    PICOGRAMS_PER_GRAM,
)
from monitor.report.sections.services import WATER, central

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.core.summary import Impacts
    from monitor.report.material import Material
    from monitor.report.model import Use

UNITS: Final = {"GWP": "kg CO2 eq", "ADPe": "kg Sb eq", "TPE": "MJ", "WU": "m3"}
_STAGES: Final = {
    "BLD": {
        "GWP": (Indicator.GWP_EMBODIED, 1000 * MICROGRAMS_PER_GRAM),
        "ADPe": (Indicator.ADPE_EMBODIED, 1000 * PICOGRAMS_PER_GRAM),
    },
    "USE": {
        "GWP": (Indicator.GWP_USE, 1000 * MICROGRAMS_PER_GRAM),
        "ADPe": (Indicator.ADPE_USE, 1000 * PICOGRAMS_PER_GRAM),
        "TPE": (Indicator.PRIMARY_ENERGY, 1_000_000 * MICROJOULES_PER_JOULE),
    },
}
_QUALITY: Final = {"counter": "high", "integrated": "medium", "declared": "medium", "modelled": "low"}
"""Source: the classes of BoAmps; which method is in which is our choice (docs/method.md)."""


def pcr_si(material: Material) -> bytes:
    """Return the file, in UTF-8."""
    report = material.report
    factors = {(one.factor.source, one.factor.year) for one in report.reckoning.factors}
    content = {
        "metadata": {
            "organization": material.about.get("organisation", ""),
            "dataset": material.say("report.title", period=material.period),
            "timestamp": utc(min(report.closed_through, report.interval.end)),
            "provider": f"Empreinte {material.about.get('version', '')}".strip(),
            "sources": [{"name": source, "version": year} for source, year in sorted(factors)],
            "version": 1.0,
            "indicators": [{"indicator": name, "unit": unit} for name, unit in UNITS.items()],
        },
        "total_impact": _impacts(report.impacts),
        "quality": _quality(report.uses),
        "details": {
            use.facts.key: {
                "type": "service",
                "name": material.name(use.facts),
                "tags": [tag for tag in (use.facts.department, use.facts.contract) if tag],
                "impacts": _impacts(use.impacts),
                "provider": "Empreinte",
            }
            for use in material.ordered
        },
    }
    return f"{json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)}\n".encode()


def _impacts(impacts: Impacts) -> dict[str, dict[str, float]]:
    stages = {
        stage: {
            name: _number(amount, size)
            for name, (indicator, size) in indicators.items()
            if (amount := central(impacts.amounts.get(indicator))) is not None
        }
        for stage, indicators in _STAGES.items()
    }
    if (water := central(impacts.together(WATER))) is not None:
        stages["USE"]["WU"] = _number(water, 1000 * MICROLITERS_PER_LITER)
    return {stage: found for stage, found in stages.items() if found}


def _number(amount: int, size: int) -> float:
    return float(f"{float(Fraction(amount, size)):.9g}")


def _quality(uses: Iterable[Use]) -> dict[str, float]:
    sums: dict[str, int] = {}
    for use in uses:
        for method, energy in use.methods.items():
            name: Any = _QUALITY.get(method, "low")
            sums[name] = sums.get(name, 0) + energy.microjoules
    whole = sum(sums.values())
    return {name: round(amount / whole, 4) for name, amount in sorted(sums.items())} if whole else {}
