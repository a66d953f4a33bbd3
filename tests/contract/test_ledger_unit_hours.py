"""What a ledger says of each hour's units and energy, on whichever database it is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from monitor.core.activity import Authority, Unit
from monitor.core.entries import ServiceFacts
from monitor.core.spread import UnitHours
from tests.contract.bookkeeping import START
from tests.contract.reckoned import HR
from tests.contract.test_ledger_activity import act, commit, everything, hour

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.ledger.store import Ledger

TOKENS, REQUESTS, ENERGY = act(), act(unit=Unit.REQUESTS), act(unit=Unit.ENERGY, meter="")
EVENTS = act(authority=Authority.EVENTS, meter="events")


def told(ledger: Ledger, first: int = 0, last: int = 1000) -> Mapping[tuple[str, Unit], tuple[object, ...]]:
    found = ledger.unit_hours(everything(first, last))
    return {
        (facts.key, unit): (list(one.amounts), list(one.energies), one.waiting, one.unknown)
        for (facts, unit), one in found.items()
    }


def test_each_hour_has_its_own_units_and_what_they_took(ledger: Ledger) -> None:
    closed = [
        hour(START, {TOKENS: 10, replace(TOKENS, model="m"): 5, REQUESTS: 1, ENERGY: 100}),
        # requests were not told
        hour(START + HR, {TOKENS: 20, ENERGY: 60}),
        # it waited, of what unit is not said
        hour(START + 2 * HR, {ENERGY: 7}),
        hour(START + 3 * HR, {TOKENS: 0, REQUESTS: 0, ENERGY: 8}),
        # what was done while nothing was measured is known to have been done, and of what it took nothing is
        hour(START + 4 * HR, {replace(TOKENS, measured=False): 30, act("b"): 3, act("b", Unit.ENERGY, meter=""): 9}),
        # a cross-check is beside
        hour(START + 5 * HR, {EVENTS: 8, TOKENS: 9, ENERGY: 40}),
    ]
    commit(ledger, closed)
    assert told(ledger) == {
        ("assistant", Unit.OUTPUT_TOKENS): ([15, 20, 8], [100, 60, 40], 2, 1),
        ("assistant", Unit.REQUESTS): ([1], [100], 2, 0),
        ("b", Unit.OUTPUT_TOKENS): ([3], [9], 0, 0),
    }
    assert told(ledger, 1, 3) == {("assistant", Unit.OUTPUT_TOKENS): ([20], [60], 1, 0)}
    assert told(ledger, 2, 4) == {}


def test_hours_are_those_of_the_facts_that_held_then(ledger: Ledger) -> None:
    before, after = ServiceFacts("assistant", "A", "Culture"), ServiceFacts("assistant", "A", "Écoles")
    commit(ledger, [hour(START, {TOKENS: 10, ENERGY: 100})], through=START + HR, services=[before])
    commit(ledger, [hour(START + HR, {TOKENS: 20, ENERGY: 60})], through=START + 2 * HR, services=[after])
    commit(ledger, [hour(START + 2 * HR, {TOKENS: 30, ENERGY: 90})], through=START + 3 * HR)
    found = ledger.unit_hours(everything())
    by_department = {facts.department: sum(one.amounts) for (facts, _), one in found.items()}
    assert set(by_department) == {"Culture", "Écoles"}
    assert sum(by_department.values()) == 60
    assert by_department["Écoles"] >= 30
    assert all(isinstance(one, UnitHours) for one in found.values())


def test_an_hour_that_waited_months_after_what_was_done_waited_for_it(ledger: Ledger) -> None:
    closed = [hour(START, {TOKENS: 4, ENERGY: 100}), hour(START + 2000 * HR, {ENERGY: 7})]
    commit(ledger, closed)
    assert told(ledger, last=3000) == {("assistant", Unit.OUTPUT_TOKENS): ([4], [100], 1, 0)}
    # and alone it is of nothing
    assert told(ledger, 1, 3000) == {}


def test_a_year_has_the_hours_of_the_months_that_are_asked_for(ledger: Ledger) -> None:
    march, april = START, START + 31 * 24 * HR
    commit(ledger, [hour(march, {TOKENS: 4, ENERGY: 100}), hour(april, {TOKENS: 5, ENERGY: 70})], through=april + HR)
    assert ledger.monthly(2026, unit_hours=True).unit_hours == ledger.unit_hours(everything())
    (one,) = ledger.monthly(2026, (4, 5, 6), unit_hours=True).unit_hours.values()
    assert (list(one.amounts), list(one.energies)) == ([5], [70])
    assert ledger.monthly(2026).unit_hours == {}
