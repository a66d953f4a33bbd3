"""What of a year a report is of."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from monitor.core.entries import ServiceFacts
from monitor.core.units import Energy
from monitor.report.model import make
from monitor.report.scope import YEAR, Scope, narrowed, quarter
from tests.unit.report.test_external import BOUGHT
from tests.unit.report.test_model import ASSISTANT, books, row

CULTURE = ServiceFacts("assistant", "Assistant", "Culture")
LIBRARY = ServiceFacts("library", "Library", "Culture")


@pytest.mark.parametrize(
    ("scope", "suffix"),
    [
        (Scope(), ""),
        (Scope((3,)), "-03"),
        (Scope(quarter(3)), "-q3"),
        (Scope((2, 3, 4)), "-02-04"),
        (Scope(service="vllm:8000"), "-service-vllm-8000"),
        (Scope((12,), department="Écoles & crèches"), "-12-department-ecoles-creches"),
        (Scope(site="hotel-de-ville"), "-site-hotel-de-ville"),
    ],
)
def test_its_files_have_names_of_their_own(scope: Scope, suffix: str) -> None:
    assert scope.suffix == suffix


@pytest.mark.parametrize("name", ["東京", "***", "Simulated", "Culture (simulated)", "A" * 61])
def test_no_name_leads_to_the_files_of_another_report(name: str) -> None:
    others = [Scope(department="Culture"), Scope(department="A" * 60), Scope(department="大阪")]
    suffix = Scope(department=name).suffix
    assert re.fullmatch(r"-department-[a-z0-9-]*[0-9a-f]{8}", suffix)
    assert suffix not in [one.suffix for one in others]
    assert len(suffix) < 90


@pytest.mark.parametrize("name", ["q1", "03", "culture"])
def test_a_service_a_department_a_site_and_a_period_of_one_name_have_files_of_their_own(name: str) -> None:
    scopes = [Scope(service=name), Scope(department=name), Scope(site=name), Scope(quarter(1)), Scope((3,))]
    assert len({one.suffix for one in scopes}) == len(scopes)


def test_a_site_is_all_of_a_ledger_that_is_of_one_machine() -> None:
    whole = replace(books(row(1, 5), row(2, 7, facts=LIBRARY)), hourly={0: Energy(5)}, bought=BOUGHT)
    scope = Scope(site="hotel-de-ville")
    assert scope.whole_machine
    assert narrowed(whole, scope) == replace(whole, scope=scope)


def test_a_department_has_what_was_its_own_in_each_month() -> None:
    rows = (row(1, 5), row(2, 7, facts=CULTURE), row(2, 11, facts=LIBRARY))
    made = make(narrowed(books(*rows), Scope(department="Culture")))
    assert {use.facts.key: use.total for use in made.uses} == {"assistant": Energy(7), "library": Energy(11)}
    assert make(narrowed(books(*rows), Scope(service="assistant"))).uses[0].total == Energy(12)


def test_a_quarter_has_its_months_alone() -> None:
    made = make(narrowed(replace(books(row(1, 5), row(4, 7)), bought=BOUGHT), Scope(quarter(1))))
    assert [month.number for month in made.months] == [1, 2, 3]
    assert made.uses[0].total == Energy(5)
    assert made.interval.start == made.months[0].interval.start
    assert made.interval.end == made.months[2].interval.end
    assert [month for month, _ in made.bought.months] == [1, 3]
    assert make(narrowed(replace(books(row(1, 5)), bought=BOUGHT), Scope((2,)))).bought.sums == ()


def test_what_is_bought_is_of_the_department_that_it_is_configured_for() -> None:
    whole = replace(books(row(1, 5)), bought=BOUGHT)
    assert narrowed(whole, Scope(department="DSI")).bought == BOUGHT
    assert narrowed(whole, Scope(department="Culture")).bought.sums == ()
    assert narrowed(whole, Scope(service="api")).bought == BOUGHT


def test_the_hours_of_the_machine_are_nobodys() -> None:
    whole = replace(books(row(1, 5)), hourly={0: Energy(5)})
    assert narrowed(whole, Scope()).hourly == {0: Energy(5)}
    assert narrowed(whole, Scope(service=ASSISTANT.key)).hourly == {}
    assert Scope().months == YEAR
