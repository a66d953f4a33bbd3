"""Why emissions differ from those of the year before: the parts sum to the whole, and each is its cause's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.activity import Unit
from monitor.core.impact import Bounds, Indicator
from monitor.core.interval import HOUR
from monitor.core.readings import Method
from monitor.core.units import MICROGRAMS_PER_GRAM, MICROJOULES_PER_KILOWATT_HOUR, Duration
from monitor.report.effects import Compared, Effect, compare
from monitor.report.impacts import ImpactRow
from monitor.report.model import Covered, Month, Report, make
from tests.unit.report.test_activity import deed
from tests.unit.report.test_model import ASSISTANT, OTHER, books, row, wall

KWH = MICROJOULES_PER_KILOWATT_HOUR
GRAM = MICROGRAMS_PER_GRAM
WHOLE = (Covered(1, "package", Duration(744 * HOUR.nanoseconds)),)


def of_year(
    year: int,
    energy: int,
    intensity: int,
    *,
    pue: int = 0,
    requests: int = 0,
    made: int = 0,
    facts: Any = ASSISTANT,
    method: Method = Method.COUNTER,
) -> Report:
    """Return January of *year*: *energy* in Wh, *intensity* in g/kWh, *pue* in per cent."""
    facility = energy * (pue or 100) // 100
    impacts = {
        Indicator.ENERGY: energy * KWH // 1000,
        Indicator.FACILITY_ENERGY: facility * KWH // 1000 if pue else 0,
        Indicator.GWP_USE: facility * intensity * GRAM // 1000,
        Indicator.GWP_EMBODIED: made * GRAM,
    }
    return make(
        replace(
            books(row(1, energy * KWH // 1000, facts=facts, method=method), closed_through=wall(year, 2, 2)),
            year=year,
            covered=WHOLE,
            impacts=tuple(
                ImpactRow(1, facts, one, Bounds(amount, amount, amount)) for one, amount in impacts.items() if amount
            ),
            activity=(deed(1, Unit.REQUESTS, requests, facts=facts),) if requests else (),
        )
    )


def compared(before: Report, now: Report) -> Compared:
    found = compare(now, before)
    assert found is not None
    assert sum(found.effects.values()) == found.now - found.before
    return found


@pytest.mark.parametrize(
    ("now", "effect"),
    [
        ({"energy": 2000, "requests": 200}, Effect.ACTIVITY),
        ({"energy": 2000, "requests": 100}, Effect.EFFICIENCY),
        ({"energy": 1000, "requests": 100, "intensity": 100}, Effect.GRID),
        ({"energy": 1000, "requests": 100, "pue": 200}, Effect.ROOM),
        ({"energy": 2000, "requests": 100, "method": Method.MODELLED}, Effect.METHOD),
        ({"energy": 1000, "requests": 100, "made": 5}, Effect.HARDWARE),
    ],
)
def test_what_alone_has_changed_is_the_cause_of_all(now: dict[str, Any], effect: Effect) -> None:
    before = of_year(2025, 1000, 50, pue=100, requests=100)
    found = compared(before, of_year(2026, **{"intensity": 50, "pue": 100, **now}))
    assert found.effects == {effect: found.now - found.before}
    assert found.now > found.before


def test_where_it_is_not_known_what_was_done_nobody_says_whether_it_was_activity() -> None:
    found = compared(of_year(2025, 1000, 50), of_year(2026, 2000, 50))
    assert set(found.effects) == {Effect.CONSUMPTION}


@pytest.mark.parametrize("step", [1, -1])
def test_what_was_done_is_told_by_the_same_unit_whatever_the_order_of_the_rows(step: int) -> None:
    done = [deed(1, Unit.REQUESTS, 100), deed(1, Unit.OUTPUT_TOKENS, 500)]
    more = [deed(1, Unit.REQUESTS, 200), deed(1, Unit.OUTPUT_TOKENS, 500)]
    old, new = (
        make(
            replace(
                books(row(1, KWH), closed_through=wall(year, 2, 2)),
                year=year,
                covered=WHOLE,
                impacts=(ImpactRow(1, ASSISTANT, Indicator.GWP_USE, Bounds(GRAM, GRAM, GRAM)),),
                activity=tuple(deeds[::step]),
            )
        )
        for year, deeds in ((2025, done), (2026, more))
    )
    assert set(compared(old, new).effects) == {Effect.ACTIVITY, Effect.EFFICIENCY}


def test_another_service_is_another_scope() -> None:
    found = compared(of_year(2025, 1000, 50), of_year(2026, 1000, 60, facts=OTHER))
    assert found.effects == {Effect.SCOPE: 10 * GRAM}


def _with(month: Month, other: Report) -> Month:
    """Return *month* with what the first one of *other* has beside."""
    return replace(month, uses=(*month.uses, *other.months[0].uses))


@pytest.mark.parametrize(("then", "now"), [(0, 50), (50, 0)])
def test_emissions_that_are_unknown_in_one_of_the_years_are_not_compared(then: int, now: int) -> None:
    found = compare(of_year(2026, 1000, now), of_year(2025, 1000, then))
    assert found is not None
    assert (found.emissions_known, found.effects) == (False, {})
    assert (found.energy_before, found.energy_now) == (KWH, KWH)


def test_a_service_whose_emissions_were_unknown_is_another_scope() -> None:
    before, now = of_year(2025, 1000, 50), of_year(2026, 1000, 50)
    both = [
        replace(one, months=(_with(one.months[0], of_year(year, 500, 20 * known, facts=OTHER)), *one.months[1:]))
        for one, year, known in ((before, 2025, 0), (now, 2026, 1))
    ]
    assert compared(*both).effects == {Effect.SCOPE: 10 * GRAM}


def test_only_months_that_are_whole_in_both_years_are_compared() -> None:
    before, now = of_year(2025, 1000, 50), of_year(2026, 2000, 50)
    assert compared(before, now).months == (1,)
    assert compare(replace(now, closed_through=wall(2026, 1, 31, 22)), before) is None


@given(
    before=st.tuples(*[st.integers(1, 10**6)] * 5),
    now=st.tuples(*[st.integers(1, 10**6)] * 5),
)
def test_effects_sum_to_the_difference_whatever_has_changed(before: Any, now: Any) -> None:
    old, new = (
        of_year(year, one[0], one[1], pue=100 + one[2] % 200, requests=one[3], made=one[4])
        for year, one in ((2025, before), (2026, now))
    )
    compared(old, new)
