"""The worked example of docs/method.md and docs/methode.md, redone: by its own arithmetic, and through the program."""

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import sqrt
from pathlib import Path

import pytest

from monitor.core.impact import Indicator, Role
from monitor.core.uncertainty import METHOD_ERROR
from tests.fixtures.worked_day import Day, program

DOCS = Path(__file__).parents[2] / "docs"


@dataclass(frozen=True)
class Row:
    """One step of the example: as it is told, and how many decimals each number has."""

    key: str
    """That of its factor; empty where it has none."""
    reckoning: str
    numbers: tuple[str, ...]
    """The figure, or low, figure and high."""

    @property
    def figure(self) -> str:
        return self.numbers[len(self.numbers) // 2]


def rows(page: str) -> dict[str, Row]:
    """Return the steps of the example by their names; decimals have a point."""
    found: dict[str, Row] = {}
    titles: list[str] = []
    for line in (DOCS / page).read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if cells and cells[0] == "":
            titles = cells
        elif cells and re.fullmatch(r"[A-G]\d+", cells[0]):
            by_title = dict(zip(titles, cells, strict=True))
            assert cells[0] not in found
            found[cells[0]] = _row(by_title)
    return found


def _row(cells: Mapping[str, str]) -> Row:
    numbers = [
        cells.get(one) or cells.get(other) for one, other in (("low", "bas"), ("figure", "valeur"), ("high", "haut"))
    ]
    reckoning = cells.get("reckoning", cells.get("calcul", ""))
    key = cells.get("key") or cells.get("clé") or ""
    return Row(
        key.strip("`") if key.startswith("`") else "",
        _pointed(reckoning),
        tuple(_pointed(one) for one in numbers if one),
    )


def _pointed(text: str) -> str:
    return re.sub(r"(?<=\d),(?=\d)", ".", text)


OPERATORS: Mapping[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


SIGNS: dict[str, str | int | None] = {
    "\N{MULTIPLICATION SIGN}": "*",
    "\N{DIVISION SIGN}": "/",
    "\N{MINUS SIGN}": "-",
    "\N{SUPERSCRIPT TWO}": "**2",
    "\N{SQUARE ROOT}": "sqrt",
}


def calculated(reckoning: str) -> float:
    """Return what a pocket calculator says."""
    reckoning = reckoning.translate(str.maketrans(SIGNS))
    return _value(ast.parse(reckoning, mode="eval").body)


def _value(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=float() | int() as number):
            return float(number)
        case ast.BinOp(left=left, op=sign, right=right):
            return OPERATORS[type(sign)](_value(left), _value(right))
        case ast.Call(args=[inside]):
            return sqrt(_value(inside))
        case _:
            raise ValueError(ast.dump(node))


PAGES = ("method.md", "methode.md")


def shown(number: Fraction | float, like: str) -> str:
    """Return *number* with as many decimals as *like* has."""
    places = len(like.partition(".")[2])
    return str(round(Decimal(Fraction(number).numerator) / Decimal(Fraction(number).denominator), places))


def test_both_languages_tell_the_same_example() -> None:
    english, french = (rows(page) for page in PAGES)
    steps = sorted(program(), key=lambda step: (step[0], int(step[1:])))
    assert list(english) == list(french) == steps
    assert english == french


@pytest.mark.parametrize("page", PAGES)
def test_the_program_comes_to_every_figure_of_the_example(page: str) -> None:
    told, found = rows(page), program()
    for step, row in told.items():
        wanted = found[step] if len(row.numbers) == 3 else found[step][1:2]
        assert [shown(one, like) for one, like in zip(wanted, row.numbers, strict=True)] == list(row.numbers), step


@pytest.mark.parametrize("page", PAGES)
def test_a_pocket_calculator_comes_to_every_figure_of_the_example(page: str) -> None:
    told = rows(page)
    reckoned = {step: row for step, row in told.items() if row.reckoning}
    assert len(reckoned) > 35
    for step, row in reckoned.items():
        assert shown(calculated(row.reckoning), row.figure) == row.figure, step


@pytest.mark.parametrize("page", PAGES)
def test_each_reckoning_takes_only_figures_that_stand_above_it(page: str) -> None:
    known = {"12", "7", "3", "2", "1000", "365", "60", "80", "0.25", "0.10"}
    for step, row in rows(page).items():
        used = set(re.findall(r"\d+(?:\.\d+)?", row.reckoning))
        assert used <= known, step
        known |= set(row.numbers)


@pytest.mark.parametrize("page", PAGES)
def test_the_keys_of_the_factors_are_those_that_the_program_takes(page: str) -> None:
    day, told = Day(), rows(page)
    for step, role in {
        "B1": Role.ELECTRICITY,
        "B4": Role.WATER,
        "B5": Role.PRIMARY_ENERGY,
        "B6": Role.ABIOTIC_RESOURCES,
    }.items():
        assert told[step].key == day.applied(role).key
    assert told["B14"].key == day.applied(Role.SHAPE_LEVEL, live=True).key
    gpu, server = day.assets
    keys = (gpu.gwp.key, gpu.lifetime.key, server.gwp.key, server.lifetime.key)
    assert tuple(told[f"B{number}"].key for number in (9, 10, 11, 12)) == keys


@pytest.mark.parametrize("page", PAGES)
def test_the_classes_of_the_methods_and_the_indicators_are_the_program_s(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    errors = dict(re.findall(r"^\| `(\w+)` \|.*±(\d+)\s%", text, flags=re.MULTILINE))
    assert errors == {method.value: str(error * 100) for method, error in METHOD_ERROR.items()}
    indicators = re.findall(r"^\| [^|]+ \| `(\w+)` \|", text, flags=re.MULTILINE)
    assert indicators == [indicator.value for indicator in Indicator]


@pytest.mark.parametrize("page", PAGES)
def test_the_sentence_at_the_end_says_what_the_example_came_to(page: str) -> None:
    steps = ("F9", "F10", "F11", "D2", "E6")
    kilograms = [shown(program()[step][1] / 1000, "0.00") for step in steps]
    last = _pointed((DOCS / page).read_text(encoding="utf-8").splitlines()[-1])
    assert re.findall(r"\d\.\d\d", last) == kilograms
