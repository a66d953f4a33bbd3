"""Others' formats: their columns and words, our figures, and what is unknown left out."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from monitor.config import Language
from monitor.core.activity import Unit
from monitor.core.impact import Indicator, Role, Terms
from monitor.core.interval import HOUR
from monitor.core.procurement import Green, Procurement
from monitor.report.exchange.boamps import boamps_files, boamps_requests
from monitor.report.exchange.dcat import dcat
from monitor.report.exchange.decp import decp_files
from monitor.report.exchange.emissions_csv import COLUMNS, emissions_csv
from monitor.report.exchange.pcr_si import pcr_si
from monitor.report.exchange.public_service import COLUMNS as ROWS
from monitor.report.exchange.public_service import public_service
from monitor.report.exchange.runs import runs, zone_of
from monitor.report.factors import Reckoned
from monitor.report.material import Material
from monitor.report.model import make
from monitor.report.scope import Scope, narrowed, quarter
from monitor.report.stated import Procured, Stated
from monitor.wording import words
from tests.fixtures.contracts import CONTRACT
from tests.fixtures.factors import applied
from tests.unit.report.test_activity import deed
from tests.unit.report.test_composing import KG, KWH, impact, rich
from tests.unit.report.test_model import books, row

if TYPE_CHECKING:
    from monitor.report.model import Books

ABOUT = {"organisation": "=Ville", "insee": "35238", "host": "ia-01", "version": "0.1.0"}


def whole() -> Books:
    """Return January of one service whose PUE, emissions and work are known."""
    return replace(
        books(row(1, KWH), row(1, KWH, resource="gpu0"), row(1, 2 * KWH, resource="rest")),
        impacts=(
            impact(1, Indicator.ENERGY, 4 * KWH),
            impact(1, Indicator.FACILITY_ENERGY, 6 * KWH),
            impact(1, Indicator.GWP_USE, 3 * KG),
            impact(1, Indicator.GWP_EMBODIED, KG),
            impact(1, Indicator.WATER_SITE, 5_000_000),
        ),
        activity=(deed(1, Unit.REQUESTS, 7), deed(1, Unit.OUTPUT_TOKENS, 900, model="small")),
        reckoned=(Reckoned(Terms("FR", (applied(Role.ELECTRICITY, "52.0"),)), 0, HOUR),),
    )


def material(found: Books | None = None) -> Material:
    return Material(make(found or whole()), words("monitor.report", Language.FRENCH), ABOUT, fingerprint="f" * 64)


def lines(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_a_run_has_what_the_room_adds_as_codecarbon_has_it() -> None:
    (run,) = runs(material())
    assert run.energies == {"cpu": Fraction(3, 2), "gpu": Fraction(3, 2), "ram": 0, "all": 6}
    assert (run.emissions, run.water, run.pue, run.gpus, run.requests) == (3, 5, Fraction(3, 2), 1, 7)


def test_without_a_known_pue_the_energy_is_that_of_the_machine() -> None:
    run = next(runs(Material(rich(), words("monitor.report", Language.FRENCH), ABOUT)))
    assert (run.energies["all"], run.pue) == (1, None)


def test_the_file_has_codecarbons_columns_and_leaves_the_unknown_empty() -> None:
    (line,) = lines(emissions_csv(material()))
    assert list(line) == list(COLUMNS)
    assert (line["project_name"], line["energy_consumed"], line["emissions"], line["pue"]) == (
        "assistant",
        "6",
        "3",
        "1.5",
    )
    assert (line["country_iso_code"], line["duration"], line["codecarbon_version"]) == (
        zone_of(material().report),
        "2678400",
        "",
    )
    assert lines(emissions_csv(Material(rich(), material().words, ABOUT)))[1]["emissions"] == ""


def test_rows_for_the_state_have_its_columns_and_only_what_is_known() -> None:
    found = lines(public_service(material()))
    assert list(found[0]) == list(ROWS)
    assert {one["indicateur"]: (one["valeur"], one["unite_mesure"], one["type_indicateur"]) for one in found} == {
        "Électricité consommée par les machines": ("4.000", "kWh", "impact"),
        "Gaz à effet de serre, utilisation et fabrication": ("4.000", "kgCO2e", "impact"),
        "Eau consommée": ("5.000", "L", "impact"),
        "Nombre de requêtes": ("7", "unité", "usage"),
    }
    assert {(one["date_debut"], one["date"], one["frequence_monitoring"]) for one in found} == {
        ("2026-01-01", "2026-03-01", "annuelle")
    }
    assert {(one["denom_insee"], one["code_insee"]) for one in found} == {("COM", "35238")}
    assert found[0]["administration_rattachement"] == "'=Ville"


@pytest.mark.parametrize(
    ("months", "frequency", "end"),
    [((1,), "mensuelle", "2026-01-31"), (quarter(1), "trimestrielle", "2026-03-01"), ((1, 2), "autre", "2026-02-28")],
)
def test_rows_say_how_long_their_period_is(months: tuple[int, ...], frequency: str, end: str) -> None:
    found = lines(public_service(material(narrowed(whole(), Scope(months)))))
    assert {(one["frequence_monitoring"], one["date"]) for one in found} == {(frequency, end)}


def test_without_the_name_of_the_organisation_there_are_no_rows() -> None:
    assert lines(public_service(replace(material(), about={}))) == []


def test_stages_of_life_that_are_not_known_are_not_there() -> None:
    content: dict[str, Any] = json.loads(pcr_si(material()))
    assert content["total_impact"] == {"BLD": {"GWP": 1.0}, "USE": {"GWP": 3.0, "WU": 0.005}}
    assert content["details"]["assistant"]["tags"] == ["Communication", "2026-DSI-042"]
    assert content["quality"] == {"high": 1.0}
    assert json.loads(pcr_si(material(books())))["total_impact"] == {}


def test_a_mapper_is_asked_for_each_service_and_its_answer_put_right() -> None:
    (asked,) = boamps_requests(material())
    assert (asked["energies"]["all"], asked["country"], asked["quality"]) == (6.0, zone_of(material().report), "high")
    assert asked["task"]["taskFamily"] == "text generation"
    assert asked["task"]["algorithms"] == [{"foundationModelName": "small"}]
    answer = {"measures": [{"measurementMethod": "codecarbon"}], "environment": {"country": ""}}
    (content,) = boamps_files([answer], [{**asked, "country": ""}], "x").values()
    made = json.loads(content)
    assert made["measures"][0]["measurementMethod"] == "empreinte"
    assert made["measures"][0]["measurementDateTime"] == "2025-12-31 23:00:00"
    assert "environment" not in made


def test_contracts_have_the_keys_of_essential_data_and_of_notices() -> None:
    contract = replace(CONTRACT, title="Chat", procurement=Procurement(months=36, green=(Green.MITIGATION,)))
    stated = Stated(
        contracts=(Procured(uid=contract.uid, title="Chat", supplier="", clauses=1, amount=None, contract=contract),)
    )
    made = replace(material(), about={**ABOUT, "siret": "21350238800019"}, stated=stated)
    files = {name: json.loads(content) for name, content in decp_files(made).items()}
    (told,) = files["empreinte-2026-decp.json"]["marches"]["marche"]
    assert (told["id"], told["acheteur"], told["dureeMois"]) == (contract.uid, {"id": "21350238800019"}, 36)
    assert files["empreinte-2026-eforms.json"] == {"contracts": [{"uid": contract.uid, "BT-774": ["clim-mitig"]}]}


def test_a_catalogue_is_told_what_there_is() -> None:
    content = json.loads(dcat(material(), ["a.csv", "a.html", "a-seal.txt"], "some-id"))
    assert [one["dct:title"] for one in content["dcat:distribution"]] == ["a.csv", "a.html"]
    assert content["dct:temporal"]["dcat:endDate"]["@value"] == "2026-12-31"
    assert content["@id"] == "urn:uuid:some-id"


def test_the_same_figures_give_the_same_bytes() -> None:
    for form in (emissions_csv, public_service, pcr_si):
        assert form(material()) == form(material())
