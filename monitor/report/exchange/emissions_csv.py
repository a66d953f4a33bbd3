"""A file in the form of CodeCarbon's `emissions.csv`: a line for each service and month, for those who know that form.

Source: CodeCarbon 3.3.2, EmissionsData. What CodeCarbon has no unknown for is left empty, and never zero.
"""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from monitor.core.calendar import utc
from monitor.report.exchange.runs import runs, zone_of
from monitor.report.sheets import records_csv

if TYPE_CHECKING:
    from monitor.report.exchange.runs import Run
    from monitor.report.material import Material

COLUMNS: Final = (
    "timestamp",
    "project_name",
    "run_id",
    "experiment_id",
    "duration",
    "emissions",
    "emissions_rate",
    "cpu_power",
    "gpu_power",
    "ram_power",
    "cpu_energy",
    "gpu_energy",
    "ram_energy",
    "energy_consumed",
    "water_consumed",
    "country_name",
    "country_iso_code",
    "region",
    "cloud_provider",
    "cloud_region",
    "os",
    "python_version",
    "codecarbon_version",
    "cpu_count",
    "cpu_model",
    "gpu_count",
    "gpu_model",
    "longitude",
    "latitude",
    "ram_total_size",
    "tracking_mode",
    "cpu_utilization_percent",
    "gpu_utilization_percent",
    "ram_utilization_percent",
    "ram_used_gb",
    "on_cloud",
    "pue",
    "wue",
)
_WATTS_PER_KILOWATT: Final = 1000
_SECONDS_PER_HOUR: Final = 3600
_EXACT: Final = Context(prec=15)


def emissions_csv(material: Material) -> bytes:
    """Return the file, in UTF-8."""
    zone = zone_of(material.report)
    return records_csv(COLUMNS, (_line(run, zone, material) for run in runs(material)))


def _line(run: Run, zone: str, material: Material) -> dict[str, str]:
    seconds = Fraction(run.seconds)
    powers = {
        f"{part}_power": _text(run.energies[part] * _WATTS_PER_KILOWATT * _SECONDS_PER_HOUR / seconds)
        if seconds
        else ""
        for part in ("cpu", "gpu", "ram")
    }
    rate = run.emissions / seconds if run.emissions is not None and seconds else None
    return {
        "timestamp": utc(min(run.interval.end, material.report.closed_through)).rstrip("Z"),
        "project_name": run.service,
        "run_id": run.identifier,
        "experiment_id": material.about.get("host", ""),
        "duration": _text(seconds),
        "emissions": _text(run.emissions),
        "emissions_rate": _text(rate),
        **powers,
        **{f"{part}_energy": _text(run.energies[part]) for part in ("cpu", "gpu", "ram")},
        "energy_consumed": _text(run.energies["all"]),
        "water_consumed": _text(run.water),
        "country_iso_code": zone.partition("-")[0],
        "region": zone,
        "gpu_count": str(run.gpus),
        "tracking_mode": "empreinte",
        "on_cloud": "N",
        "pue": _text(run.pue),
    }


def _text(number: Fraction | None) -> str:
    """Return *number* as decimal text of 15 digits; what is unknown is empty."""
    return "" if number is None else f"{_EXACT.divide(Decimal(number.numerator), Decimal(number.denominator)):f}"
