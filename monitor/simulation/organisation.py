"""What the simulated town hall has configured: where its server stands, what it pays and buys, what it may use."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from monitor.config.amounts import price
from monitor.config.budgets import BudgetTable, completed_budgets, limit
from monitor.config.clause_values import metric, threshold
from monitor.config.contracts import ClauseTable, ContractTable
from monitor.config.external import DeclaredTable, ExternalTable
from monitor.config.impact_tables import AssetKind, AssetTable, MarketTable, SiteKind, SiteTable, TariffTable
from monitor.config.tables import Faults
from monitor.core.budgets import Period
from monitor.core.contracts import Basis, Operator, Window
from monitor.simulation.townhall import API_CONTRACT, BOUGHT, MODELS_CONTRACT, OFFICE_CONTRACT, PROVIDER, SITE, ZONE

if TYPE_CHECKING:
    from monitor.config import Config

SOURCE: Final = "simulated: no real contract says so"
NAME: Final = "Ville simulée"
HALL: Final = SiteTable(key=SITE, name="Hôtel de Ville", kind=SiteKind.SERVER_ROOM, zone=ZONE)
"""Its PUE is that of server rooms."""
WUE: Final = Decimal("0.15")
"""A small humidifier. Our choice, as all figures here."""
STATED_BY: Final = Path("the simulated town hall")
"""In place of the file that says so: what is made up is not said to be in anybody's file."""
MARKET: Final = MarketTable(value=Decimal(14), year=2026, source=SOURCE)
DISKS: Final = (AssetTable(name="SSD", kind=AssetKind.SSD, model="ssd", count=2, capacity=Decimal(1920)),)
"""No disk is among the simulated files, so that it is given."""
TARIFFS: Final = (
    TariffTable(valid_from=date(2020, 1, 1), price=price("0.1740 EUR/kWh"), source=SOURCE),
    TariffTable(valid_from=date(2026, 2, 1), price=price("0.1952 EUR/kWh"), source=SOURCE),
)
EXTERNAL: Final = ExternalTable(
    key=BOUGHT,
    name="API de rédaction",
    department="Communication",
    contract=API_CONTRACT,
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
    BudgetTable(name="Assistant rédactionnel", service="assistant", period=Period.YEAR, limit=limit("210 kgCO2e")),
    BudgetTable(name="Archives", department="Archives", period=Period.QUARTER, limit=limit("60 kWh")),
    BudgetTable(name="Marché des modèles", contract=MODELS_CONTRACT, period=Period.MONTH, limit=limit("45 EUR")),
    BudgetTable(name="Marché bureautique", contract=OFFICE_CONTRACT, period=Period.YEAR, limit=limit("3 m3")),
)
BEGINS: Final = date(2025, 1, 1)
"""The contracts."""
CONTRACTS: Final = (
    ContractTable(
        uid=MODELS_CONTRACT,
        title="Modèles de langue",
        supplier="Fournisseur simulé",
        starts=BEGINS,
        clauses=(
            ClauseTable(
                id="energie",
                text="Au plus 3 Wh pour 1 000 jetons produits",
                service="assistant",
                metric=metric("energy_per_1000_output_tokens"),
                operator=Operator.AT_MOST,
                threshold=threshold("3 Wh"),
                period=Window.QUARTER,
            ),
            ClauseTable(
                id="repos",
                text="Au plus la moitié de l'énergie au repos",
                service="assistant",
                metric=metric("idle_share"),
                operator=Operator.AT_MOST,
                threshold=threshold("50 %"),
                period=Window.MONTH,
            ),
        ),
    ),
    ContractTable(
        uid=OFFICE_CONTRACT,
        title="Courrier et comptes rendus",
        supplier="Fournisseur simulé",
        starts=BEGINS,
        clauses=(
            ClauseTable(
                id="total",
                text="Au plus 300 kWh par an",
                metric=metric("energy"),
                operator=Operator.AT_MOST,
                threshold=threshold("300 kWh"),
                period=Window.YEAR,
            ),
        ),
    ),
    ContractTable(
        uid=API_CONTRACT,
        title="API de rédaction",
        supplier="Fournisseur simulé",
        starts=BEGINS,
        clauses=(
            ClauseTable(
                id="carbone",
                text="Au plus 1 g CO2e pour 1 000 jetons produits, déclaré",
                metric=metric("emissions_per_1000_output_tokens"),
                operator=Operator.AT_MOST,
                threshold=threshold("1 gCO2e"),
                period=Window.QUARTER,
                basis=Basis.DECLARED,
            ),
        ),
    ),
)
"""One clause that is met, one that is breached, one that is only decided when its year ends, and one declared."""


def in_its_place(config: Config) -> Config:
    """Return *config* with what the town hall has, wherever it says nothing of its own."""
    organisation = config.organisation
    keys = {table.key for table in config.externals} | {rule.facts.key for rule in config.services}
    return replace(
        config if config.zone else _placed(config),
        organisation=organisation if organisation.name else replace(organisation, name=NAME),
        tariffs=config.tariffs or TARIFFS,
        assets=config.assets or DISKS,
        factors=config.factors if config.factors.market else replace(config.factors, market=MARKET),
        contract_tables=config.contract_tables or CONTRACTS,
        externals=config.externals if BOUGHT in keys else (*config.externals, EXTERNAL),
        budget_tables=config.budget_tables or _budgets(),
    )


def _placed(config: Config) -> Config:
    """Return *config* with the site, and its use of water where nothing else of the site is stated in a file."""
    hall = replace(config, host=replace(config.host, zone=ZONE, site=SITE), sites=(HALL,))
    if config.host.pue is not None or config.host.wue is not None:
        return hall
    return replace(hall, sites=(replace(HALL, wue=WUE),), file=STATED_BY)


def _budgets() -> tuple[BudgetTable, ...]:
    return completed_budgets([("", table) for table in BUDGETS], Faults())
