"""What one service used in one month, in the terms of CodeCarbon: a run, with the parts that CodeCarbon knows.

As there, energies have what the room adds in them where the PUE is known, emissions are those of the electricity alone,
and water is that of the site. The parts that CodeCarbon does not know (the rest of the machine) are in the sum alone.
Source: CodeCarbon 3.3.2, documentation of its output and of PUE and WUE.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from monitor.core.entries import PSEUDO_SERVICES
from monitor.core.impact import Indicator, Role
from monitor.core.units import MICROGRAMS_PER_GRAM, MICROJOULES_PER_KILOWATT_HOUR, MICROLITERS_PER_LITER
from monitor.report.sections.services import central

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.core.interval import Interval
    from monitor.report.material import Material
    from monitor.report.model import Month, Report, Use

NAMESPACE: Final = UUID("6b1f1b1e-8a0f-5d52-9c39-0d0c5a1c7e11")
"""What the identifiers of runs are made in: the same run of the same figures has the same one."""
PARTS: Final = {"package": "cpu", "dram": "ram"}


@dataclass(frozen=True, slots=True)
class Run:
    """One service in one month. Energies in kWh, emissions in kg, water in litres; None: unknown."""

    identifier: str
    service: str
    name: str
    interval: Interval
    seconds: float
    """For how long it was measured."""
    energies: dict[str, Fraction]
    """Those of `cpu`, `gpu` and `ram`, and of all of it, `all`."""
    emissions: Fraction | None
    water: Fraction | None
    pue: Fraction | None
    gpus: int
    requests: int | None


def runs(material: Material) -> Iterator[Run]:
    """Yield the runs of all services, month by month; what no service has is no run."""
    for month in material.report.months:
        for use in month.uses:
            if use.facts.key not in PSEUDO_SERVICES:
                yield _run(use, month, material)


def _run(use: Use, month: Month, material: Material) -> Run:
    amounts = use.impacts.amounts
    facility = central(amounts.get(Indicator.FACILITY_ENERGY))
    # only where the PUE is known of all of its energy is the ratio that of the whole
    energy = use.total.microjoules
    known = central(amounts.get(Indicator.ENERGY))
    ratio = Fraction(facility, energy) if facility and energy and known == energy else None
    emitted, water = central(amounts.get(Indicator.GWP_USE)), central(amounts.get(Indicator.WATER_SITE))
    requests = None if use.units is None else next((n for u, n in use.units.amounts.items() if u == "requests"), None)
    return Run(
        identifier=str(uuid5(NAMESPACE, f"{material.fingerprint}/{use.facts.key}/{month.number}")),
        service=use.facts.key,
        name=material.name(use.facts),
        interval=month.interval,
        seconds=max((one.measured.seconds for one in month.coverage), default=0.0),
        energies={name: part * (ratio or 1) for name, part in _parts(use).items()},
        emissions=None if emitted is None else Fraction(emitted, 1000 * MICROGRAMS_PER_GRAM),
        water=None if water is None else Fraction(water, MICROLITERS_PER_LITER),
        pue=ratio,
        gpus=sum(resource.startswith("gpu") for resource in use.resources),
        requests=requests,
    )


def _parts(use: Use) -> dict[str, Fraction]:
    sums = {"cpu": 0, "gpu": 0, "ram": 0}
    for resource, energy in use.resources.items():
        part = "gpu" if resource.startswith("gpu") else PARTS.get(resource)
        if part is not None:
            sums[part] += energy.microjoules
    return {name: Fraction(amount, MICROJOULES_PER_KILOWATT_HOUR) for name, amount in sums.items()} | {
        "all": Fraction(use.total.microjoules, MICROJOULES_PER_KILOWATT_HOUR)
    }


def zone_of(report: Report) -> str:
    """Return the zone of the electricity that most of the time was reckoned with; empty: none is known."""
    found = [one for one in report.reckoning.factors if one.role == Role.ELECTRICITY.value]
    return max(found, key=lambda one: (one.time, one.factor.key)).factor.subject if found else ""
