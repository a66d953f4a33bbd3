"""What is told of a contract under the names of DECP and eForms: what is known, and no more."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from monitor.core.contracts import Contract
from monitor.core.procurement import Ccag, Declared, Green, GreenCriteria, Procedure, Procurement, Strategic
from monitor.core.procurement_told import declared_told, decp, eforms, not_told, procurement_told
from tests.fixtures.contracts import CONTRACT

PROCUREMENT = Procurement(
    framework="2024-AC-7",
    ccag=Ccag.INFORMATION,
    procedure=Procedure.OPEN,
    notified=date(2025, 12, 1),
    months=36,
    award_criterion="Wh pour 1 000 jetons",
    award_weight=Decimal("0.15"),
    strategic=(Strategic.ENVIRONMENT,),
    green=(Green.MITIGATION, Green.OTHER),
    green_criteria=(GreenCriteria.NATIONAL,),
    strategic_text="Sobriété",
)
WHOLE = replace(
    CONTRACT,
    uid="2026-DSI-042",
    title="Assistant rédactionnel",
    supplier_siret="21350238800019",
    cpv=("72212000-4", "72000000"),
    amount=Decimal(48000),
    procurement=PROCUREMENT,
)


def test_essential_data_have_the_names_and_values_of_decp() -> None:
    assert decp(WHOLE, "21750001600019") == {
        "id": "2026-DSI-042",
        "acheteur": {"id": "21750001600019"},
        "objet": "Assistant rédactionnel",
        "codeCPV": "72212000-4",
        "idAccordCadre": "2024-AC-7",
        "ccag": "Techniques de l'information et de la communication",
        "procedure": "Appel d'offres ouvert",
        "dureeMois": 36,
        "dateNotification": "2025-12-01",
        "montant": 48000.0,
        "titulaires": [{"titulaire": {"typeIdentifiant": "SIRET", "id": "21350238800019"}}],
        "considerationsEnvironnementales": {
            "considerationEnvironnementale": ["Clause environnementale", "Critère environnemental"]
        },
    }
    assert "nature" in not_told(decp(WHOLE, ""))
    assert "acheteur" in not_told(decp(WHOLE, ""))
    assert "ccag" not in not_told(decp(WHOLE, ""))


def test_what_is_not_known_has_no_key() -> None:
    bare = Contract(uid="x")
    assert decp(bare, "") == {
        "id": "x",
        "considerationsEnvironnementales": {"considerationEnvironnementale": ["Pas de considération environnementale"]},
    }
    assert eforms(bare) == {}
    assert "id" not in decp(Contract(uid="a number that is too long"), "")


def test_a_buyer_or_supplier_of_its_own_comes_first() -> None:
    known = replace(PROCUREMENT, buyer_siret="21350238800019", supplier_vat="BE0123456789")
    told = decp(replace(WHOLE, supplier_siret="", procurement=known), "21750001600019")
    assert told["acheteur"] == {"id": "21350238800019"}
    assert told["titulaires"] == [{"titulaire": {"typeIdentifiant": "TVA", "id": "BE0123456789"}}]


def test_notices_have_the_numbers_of_eforms() -> None:
    assert eforms(WHOLE) == {
        "BT-06": ["env-imp"],
        "BT-774": ["clim-mitig", "other"],
        "BT-805": ["national"],
        "BT-777": "Sobriété",
    }


def test_all_of_it_is_told_as_plain_values() -> None:
    told = procurement_told(PROCUREMENT)
    assert (told["award_weight"], told["notified"], told["green"]) == ("0.15", "2025-12-01", ["clim-mitig", "other"])
    assert told["spaser"] is None
    assert all(type(told[name]) is str for name in ("ccag", "procedure"))
    declared = declared_told(Declared(file="/a", energy=Decimal("4812.50"), output_tokens=7))
    assert (declared["energy_kwh"], declared["output_tokens"], declared["pue"]) == ("4812.50", 7, None)
