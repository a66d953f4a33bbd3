"""The year's key figures as rows of the French schema for the impact of public digital services.

Source: etalab/schema-impact-service-public-numerique, v0.5.0 (2025): columns, their order, and their words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from monitor.core.activity import Unit
from monitor.core.calendar import local_time
from monitor.core.entries import PSEUDO_SERVICES
from monitor.core.impact import Indicator
from monitor.report.measures import EUROS, KILOGRAMS, KILOWATT_HOURS, LITERS
from monitor.report.rounding import alone
from monitor.report.scope import YEAR, quarter
from monitor.report.sections.services import WATER, central
from monitor.report.sheets import records_csv

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.report.material import Material
    from monitor.report.model import Use

COLUMNS: Final = (
    "administration_rattachement",
    "nom_service_public_numerique",
    "indicateur",
    "valeur",
    "unite_mesure",
    "est_cible",
    "type_indicateur",
    "frequence_monitoring",
    "date",
    "est_periode",
    "date_debut",
    "est_automatise",
    "source_collecte",
    "denom_insee",
    "code_insee",
    "dataviz_wish",
    "commentaires",
)
DECIMALS: Final = 3
_SOURCE: Final = "script"


def public_service(material: Material) -> bytes:
    """Return the file, in UTF-8. Without the organisation's name there are no rows: the schema asks for it."""
    return records_csv(COLUMNS, _rows(material) if material.about.get("organisation") else ())


def _rows(material: Material) -> Iterator[dict[str, str]]:
    common = _common(material)
    for use in material.ordered:
        if use.facts.key in PSEUDO_SERVICES:
            continue
        for kind, indicator, value, unit, comment in _indicators(use):
            yield {
                **common,
                "nom_service_public_numerique": material.name(use.facts),
                "indicateur": indicator,
                "valeur": value,
                "unite_mesure": unit,
                "type_indicateur": kind,
                "commentaires": comment,
            }


def _common(material: Material) -> dict[str, str]:
    """Return what all rows say alike: whose they are, of which time, and how they were collected."""
    report, zone = material.report, ZoneInfo(material.report.time_zone)
    end = min(report.interval.end, report.closed_through)
    insee = material.about.get("insee", "")
    return {
        "administration_rattachement": material.about["organisation"],
        "est_cible": "false",
        "frequence_monitoring": _frequency(report.scope.months),
        # the last day that is in it, not the first after it
        "date": local_time(end - 1, zone).date().isoformat(),
        "est_periode": "true",
        "date_debut": local_time(report.interval.start, zone).date().isoformat(),
        "est_automatise": "true",
        "source_collecte": _SOURCE,
        "denom_insee": "COM" if insee else "",
        "code_insee": insee,
    }


def _frequency(months: tuple[int, ...]) -> str:
    if months == YEAR:
        return "annuelle"
    if len(months) == 1:
        return "mensuelle"
    return "trimestrielle" if any(months == quarter(number) for number in range(1, 5)) else "autre"


def _indicators(use: Use) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield kind, name, value, unit and comment of each figure that is known."""
    amounts = use.impacts.amounts
    known = (
        ("Électricité consommée par les machines", KILOWATT_HOURS, use.total.microjoules, "kWh", ""),
        (
            "Gaz à effet de serre, utilisation et fabrication",
            KILOGRAMS,
            central(use.impacts.emissions),
            "kgCO2e",
            "Selon le lieu ; cycle de vie de l'électricité et fabrication du matériel amortie.",
        ),
        ("Eau consommée", LITERS, central(use.impacts.together(WATER)), "L", "Site et production d'électricité."),
        ("Coût de l'électricité", EUROS, central(amounts.get(Indicator.COST)), "euro", ""),
    )
    for name, measure, amount, unit, comment in known:
        if amount is not None:
            yield "impact", name, str(alone(amount, measure.size, DECIMALS)), unit, comment
    requests = None if use.units is None else use.units.amounts.get(Unit.REQUESTS)
    if requests is not None:
        yield "usage", "Nombre de requêtes", str(requests), "unité", ""
