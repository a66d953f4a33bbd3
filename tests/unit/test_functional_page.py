"""The worked example of docs/functional-units.md, redone: by a pocket calculator, and through the program."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

from monitor.core.activity import Unit
from monitor.core.functional import PARTS, PLAUSIBLE, TOLERANCE, Functional, FunctionalUnits, Work
from monitor.core.impact import Indicator
from monitor.core.units import MICROJOULES_PER_KILOWATT_HOUR, Energy
from tests.fixtures.worked_day import Day, program
from tests.unit.test_method import calculated, rows, shown

PAGE = "functional-units.md"
TEXT = (Path(__file__).parents[2] / "docs" / PAGE).read_text(encoding="utf-8")
OF_THE_DAY = ("A12", "B2", "D2", "E6", "F5")
"""Figures of docs/method.md that the example takes up."""


def worked() -> dict[str, Fraction]:
    """Return what the program comes to, step by step."""
    day = Day()
    energy = day.sum(Indicator.ENERGY).central
    known = energy * 9 // 10
    amounts = {("", Unit.OUTPUT_TOKENS): 3_000_000, ("", Unit.REQUESTS): 7500, ("", Unit.ENERGY): known}
    impacts = {
        one: day.sum(one)
        for one in (Indicator.ENERGY, Indicator.FACILITY_ENERGY, Indicator.GWP_USE, Indicator.GWP_EMBODIED)
    }
    idle = Energy(int(Fraction("2.9") * MICROJOULES_PER_KILOWATT_HOUR))
    units = FunctionalUnits(Work(amounts, Energy(energy), idle, impacts, day.measured()))
    tokens, requests = units.per_unit[Functional.OUTPUT_TOKENS], units.per_unit[Functional.REQUEST]
    taken = units.taken
    assert taken is not None
    assert taken.use is not None
    assert taken.embodied is not None
    assert tokens.sci is not None
    assert requests.sci is not None
    bounds = [Fraction(one, 3_600_000_000) / tokens.units for one in (taken.energy.low, taken.energy.high)]
    found = (
        Fraction(taken.microjoules, MICROJOULES_PER_KILOWATT_HOUR),
        tokens.watt_hours,
        requests.watt_hours,
        units.idle_share,
        Fraction(taken.use.central, 10**6),
        Fraction(taken.embodied.central, 10**6),
        tokens.grams,
        tokens.sci.kilowatt_hours,
        tokens.sci.intensity,
        tokens.sci.score,
        requests.sci.score,
        *bounds,
    )
    return {f"G{number}": one for number, one in enumerate(found, start=1) if one is not None}


def test_the_program_comes_to_every_figure_of_the_example() -> None:
    found = worked()
    told = rows(PAGE)
    assert list(told) == list(found)
    for step, row in told.items():
        assert shown(found[step], row.figure) == row.figure, step


def test_a_pocket_calculator_comes_to_every_figure_of_the_example() -> None:
    for step, row in rows(PAGE).items():
        assert shown(calculated(row.reckoning), row.figure) == row.figure, step


def test_each_reckoning_takes_only_figures_that_stand_above_it() -> None:
    day = program()
    known = {shown(day[step][1], like) for step in OF_THE_DAY for like in ("0", "0.0", "0.000", "0.0000", "0.0000000")}
    known |= {"9", "10", "1000", "3000", "7500", "2.9", "1"}
    for step, row in rows(PAGE).items():
        used = set(re.findall(r"\d+(?:\.\d+)?", row.reckoning))
        assert used <= known, step
        known |= set(row.numbers)


def test_the_page_names_every_unit_with_its_size() -> None:
    for functional, (_, size) in PARTS.items():
        (told,) = re.findall(rf"\| (?:`\w+`, )?`{functional}`(?:, `\w+`)? \| ([\d,]+)( s)? \|", TEXT)
        milliseconds = 1000 if told[1] else 1
        assert int(told[0].replace(",", "")) * milliseconds == size


def test_the_page_tells_the_limits_that_the_program_has() -> None:
    low, high = PLAUSIBLE
    assert f"between {float(low)} and {high} Wh per 1,000 output tokens" in TEXT
    assert f"Above {int(TOLERANCE * 100)} % that is marked" in " ".join(TEXT.split())
