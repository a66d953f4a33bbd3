"""What the simulated town hall has configured: where its server stands, what it pays and buys, what it may use."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from monitor.config.amounts import price
from monitor.config.budgets import BudgetTable, completed_budgets, limit
from monitor.config.external import DeclaredTable, ExternalTable
from monitor.config.impact_tables import SiteKind, SiteTable, TariffTable
from monitor.config.tables import Faults
from monitor.core.budgets import Period
from monitor.simulation.townhall import BOUGHT, MODELS_CONTRACT, OFFICE_CONTRACT, PROVIDER, SITE, ZONE

if TYPE_CHECKING:
    from monitor.config import Config

SOURCE: Final = "simulated: no real contract says so"
NAME: Final = "Ville simulée"
SITES: Final = (SiteTable(key=SITE, name="Hôtel de Ville", kind=SiteKind.SERVER_ROOM, zone=ZONE),)
TARIFFS: Final = (
    TariffTable(valid_from=date(2020, 1, 1), price=price("0.1740 EUR/kWh"), source=SOURCE),
    TariffTable(valid_from=date(2026, 2, 1), price=price("0.1952 EUR/kWh"), source=SOURCE),
)
EXTERNAL: Final = ExternalTable(
    key=BOUGHT,
    name="API de rédaction",
    department="Communication",
    contract=MODELS_CONTRACT,
    provider=PROVIDER,
    models=("mistral-*",),
    zone="SE",
    declared=DeclaredTable(
        energy_per_1000_output_tokens=Decimal("1.3"),
        gwp_per_1000_output_tokens=Decimal("0.9"),
        water_per_1000_output_tokens=Decimal("0.04"),
        adpe_per_1000_output_tokens=Decimal("0.00013"),
        source=SOURCE,
        year=2026,
    ),
)
"""A bought service, all of whose figures are declared: nothing has to be asked or estimated. They are ours."""
BUDGETS: Final = (
    BudgetTable(name="Toute l'IA", period=Period.YEAR, limit=limit("4500 kWh")),
    BudgetTable(name="Assistant rédactionnel", service="assistant", period=Period.YEAR, limit=limit("150 kgCO2e")),
    BudgetTable(name="Archives", department="Archives", period=Period.QUARTER, limit=limit("60 kWh")),
    BudgetTable(name="Marché des modèles", contract=MODELS_CONTRACT, period=Period.MONTH, limit=limit("45 EUR")),
    BudgetTable(name="Marché bureautique", contract=OFFICE_CONTRACT, period=Period.YEAR, limit=limit("3 m3")),
)


def in_its_place(config: Config) -> Config:
    """Return *config* with what the town hall has, wherever it says nothing of its own."""
    organisation = config.organisation
    keys = {table.key for table in config.externals} | {rule.facts.key for rule in config.services}
    return replace(
        config if config.zone else replace(config, host=replace(config.host, zone=ZONE, site=SITE), sites=SITES),
        organisation=organisation if organisation.name else replace(organisation, name=NAME),
        tariffs=config.tariffs or TARIFFS,
        externals=config.externals if BOUGHT in keys else (*config.externals, EXTERNAL),
        budget_tables=config.budget_tables or _budgets(),
    )


def _budgets() -> tuple[BudgetTable, ...]:
    return completed_budgets([("", table) for table in BUDGETS], Faults())
