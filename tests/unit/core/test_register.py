"""Which rules ask for what an entry of the register lacks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from monitor.core.register import Automation, Entry, Missing, Risk, Rule, Status, is_prohibited, missing

BARE = Entry(key="assistant", name="Assistant", status=Status.IN_USE)
FULL = Entry(
    key="assistant",
    name="Assistant",
    status=Status.IN_USE,
    purpose="Letters",
    context="Front desk",
    department="Communication",
    contact="ai@town.example",
    models=("small",),
    data="Letters",
    data_source="Mail",
    automation=Automation.PARTIAL,
    individual_decisions=False,
    personal_data=False,
    risk=Risk.MINIMAL,
    alternative="Templates: too rigid",
    updated=date(2026, 1, 1),
)


def lacking(entry: Entry) -> set[tuple[Rule, str]]:
    return {(one.rule, one.field) for one in missing(entry)}


def test_a_whole_entry_lacks_nothing() -> None:
    assert list(missing(FULL)) == []


def test_what_everybody_has_to_say_is_asked_of_a_bare_one() -> None:
    found = lacking(BARE)
    assert {(Rule.REGISTER, "models"), (Rule.INVENTORY, "data"), (Rule.AI_ACT, "risk")} <= found
    assert {(Rule.GDPR, "personal_data"), (Rule.FRUGALITY, "alternative")} <= found
    assert not {one for one in found if one[0] is Rule.NOTICE}


def test_no_is_an_answer() -> None:
    assert (Rule.INVENTORY, "individual_decisions") not in lacking(replace(BARE, individual_decisions=False))


def test_decisions_about_single_persons_ask_for_more() -> None:
    found = lacking(replace(FULL, individual_decisions=True))
    assert found == {(Rule.NOTICE, one) for one in ("legal_basis", "operations", "human_role", "notice", "public")}


def test_personal_data_ask_for_more() -> None:
    assert lacking(replace(FULL, personal_data=True)) == {(Rule.GDPR, "data_protection"), (Rule.GDPR, "legal_basis")}


def test_a_high_risk_asks_for_people_and_a_supplier() -> None:
    assert lacking(replace(FULL, risk=Risk.HIGH)) == {(Rule.AI_ACT, "human_role"), (Rule.AI_ACT, "supplier")}
    assert lacking(replace(FULL, risk=Risk.TRANSPARENCY)) == {(Rule.AI_ACT, "notice")}


def test_nothing_more_is_asked_of_what_has_ended() -> None:
    ended = replace(BARE, status=Status.ENDED, risk=Risk.PROHIBITED)
    assert lacking(ended) == set()
    assert not is_prohibited(ended)
    assert is_prohibited(replace(ended, status=Status.TRIED))


def test_a_field_is_asked_for_once_by_each_rule() -> None:
    found = list(missing(replace(BARE, risk=Risk.HIGH, personal_data=True, individual_decisions=True)))
    assert len(found) == len(set(found))
    assert Missing(Rule.NOTICE, "legal_basis") in found
    assert Missing(Rule.GDPR, "legal_basis") in found
