from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from monitor.config import Config, SiteTable, Surroundings, load
from monitor.config.budgets import BudgetTable, limit
from monitor.config.external import ExternalTable
from monitor.config.impact_tables import TariffTable
from monitor.core.budgets import Measure, Period
from monitor.core.external import Impact
from monitor.core.groups import Group
from monitor.simulation.organisation import SOURCE, in_its_place
from monitor.simulation.townhall import BOUGHT, townhall


@pytest.fixture
def bare() -> Config:
    """Return a configuration of which nothing is written."""
    return load(Surroundings({"HOME": "/home/ada"}, root=False, host_name="ia-01", time_zone="Europe/Paris",
                             usual_file=Path("/nowhere/empreinte.toml")))  # fmt: skip


def test_it_has_all_that_panels_need(bare: Config) -> None:
    config = in_its_place(bare)
    assert (config.zone, config.wue is not None) == ("FR", True)
    assert config.organisation.name
    assert config.factors.market is not None
    assert {tariff.source for tariff in config.tariffs} == {config.factors.market.source} == {SOURCE}
    assert {budget.measure for budget in config.budgets} == set(Measure)
    assert {budget.period for budget in config.budgets} == set(Period)
    scopes = {
        "all" if one.holder is None else one.holder.by if isinstance(one.holder, Group) else "service"
        for one in config.budgets
    }
    assert scopes == {"all", "service", "department", "contract"}
    (bought,) = config.external_rules
    assert {rate.impact for rate in bought.declared} == set(Impact)


def test_its_budgets_and_clauses_are_of_those_who_are_there(bare: Config) -> None:
    config = in_its_place(bare)
    known = {spec.consumer: spec for spec in townhall(1).services}
    departments = {spec.department for spec in known.values()}
    contracts = {spec.contract for spec in known.values()} | {table.contract for table in config.externals}
    assert {table.service for table in config.budget_tables} - {""} <= set(known)
    assert {table.department for table in config.budget_tables} - {""} <= departments
    assert {table.contract for table in config.budget_tables} - {""} <= contracts
    assert {contract.uid for contract in config.contracts} == contracts - {""}
    assert {clause.service for one in config.contracts for clause in one.clauses} - {""} <= set(known)


def test_what_is_measured_and_what_is_bought_are_under_contracts_of_their_own(bare: Config) -> None:
    bought = {table.contract for table in in_its_place(bare).externals}
    assert bought.isdisjoint(spec.contract for spec in townhall(1).services)


def test_what_the_configuration_says_comes_first(bare: Config) -> None:
    tariff = TariffTable(valid_from=date(2026, 1, 1), price=Decimal("0.3"), source="ours")
    budget = BudgetTable(key="ours", name="Ours", period=Period.YEAR, limit=limit("1 kWh"))
    external = ExternalTable(key=BOUGHT, provider="mistralai", models=("mistral-*",))
    own = replace(
        bare,
        host=replace(bare.host, zone="DE", site="keller"),
        sites=(SiteTable(key="keller"),),
        organisation=replace(bare.organisation, name="Stadt"),
        tariffs=(tariff,),
        budget_tables=(budget,),
        externals=(external,),
    )
    config = in_its_place(own)
    assert (config.zone, config.site, config.organisation.name) == ("DE", SiteTable(key="keller"), "Stadt")
    assert (config.tariffs, config.budget_tables, config.externals) == ((tariff,), (budget,), (external,))


def test_what_is_made_up_is_not_said_to_be_in_anybodys_file(bare: Config) -> None:
    config = in_its_place(replace(bare, file=Path("/etc/empreinte/empreinte.toml")))
    assert config.wue is not None
    assert str(config.file) == "the simulated town hall"
    stated = replace(bare, host=replace(bare.host, pue=Decimal("1.4")), file=Path("/etc/empreinte/empreinte.toml"))
    assert (in_its_place(stated).wue, in_its_place(stated).pue) == (None, Decimal("1.4"))
    assert in_its_place(stated).file == stated.file


def test_once_is_enough(bare: Config) -> None:
    config = in_its_place(bare)
    assert in_its_place(config) == config
