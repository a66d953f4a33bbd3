"""Drawings: well-formed, the same from the same figures, and true to them."""

from __future__ import annotations

import re
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import Language
from monitor.report.drawing.bullets import Bullet, bullets
from monitor.report.drawing.curve import curve
from monitor.report.drawing.heatmap import heatmap
from monitor.report.drawing.pareto import pareto
from monitor.report.drawing.stacked import Part, stacked
from monitor.report.drawing.svg import QUIET, cut, decimals_of, level, scale, scale_around
from monitor.report.drawing.waterfall import HEIGHT, waterfall
from monitor.wording import words
from tests.fixtures.documents import HOSTILE

ENGLISH = words("monitor.report", Language.ENGLISH)
MONTHS = ("Jan", "Feb", "Mar")
SVG = "{http://www.w3.org/2000/svg}"


def read(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own drawing


def heights(svg: str, color: str) -> list[float]:
    return [float(one.attrib["height"]) for one in read(svg).iter(f"{SVG}rect") if one.attrib["fill"] == color]


def said(svg: str) -> list[str]:
    return [one.text or "" for one in read(svg).iter(f"{SVG}text")]


def test_bars_are_as_high_as_what_they_stand_for_and_an_unknown_month_says_so() -> None:
    svg = stacked(MONTHS, [Part("one", (100, 50, None)), Part("two", (100, 0, None))], "kWh", ENGLISH)
    one, two = heights(svg, "#0072b2")[:-1], heights(svg, "#e69f00")[:-1]
    assert one[0] == two[0] == 2 * one[1] > 0
    assert two[1] == 0
    assert said(svg).count("unknown") == 1
    assert said(svg)[-2:] == ["one", "two"]


def test_unknown_months_side_by_side_say_so_once() -> None:
    svg = stacked(MONTHS, [Part("one", (None, None, 1))], "kWh", ENGLISH)
    assert said(svg).count("unknown") == 1
    assert said(stacked(MONTHS, [Part("one", (None, 1, None))], "kWh", ENGLISH)).count("unknown") == 2


def test_a_curve_is_broken_where_nothing_is_known() -> None:
    svg = curve(MONTHS, (50, None, 20), "g", ENGLISH)
    assert len(list(read(svg).iter(f"{SVG}polyline"))) == 2
    assert len(list(read(svg).iter(f"{SVG}rect"))) == 2


def test_a_field_has_its_number_or_a_cross() -> None:
    svg = heatmap(["Mon"], [[None, 7.0] + [1.0] * 22], 0, ENGLISH)
    assert said(svg).count("\N{MULTIPLICATION SIGN}") == 1
    assert "7" in said(svg)


def luminance(color: str) -> float:
    """Return the relative luminance. Source: Web Content Accessibility Guidelines 2.1, definition."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_a_number_stands_out_from_its_field_however_dark() -> None:
    drawn = read(heatmap(["a"] * 20, [[float(24 * row + hour) for hour in range(24)] for row in range(20)], 0, ENGLISH))
    fields = [one.attrib["fill"] for one in drawn.iter(f"{SVG}rect")]
    numbers = {one.text: one.attrib["fill"] for one in drawn.iter(f"{SVG}text") if one.attrib["fill"] != QUIET}
    for value, field in enumerate(fields[1:]):
        dark, light = sorted((luminance(field), luminance(numbers[f"{value}"])))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, value


def test_bars_tell_what_they_come_to_together() -> None:
    svg = pareto([("a", Decimal("3.0")), ("b", Decimal("1.0"))], Decimal("8.0"), "kWh", 1, ENGLISH)
    # of eight, of which four are in no bar
    assert said(svg) == ["kWh", "together", "a", "3.0", "38\u00a0%", "b", "1.0", "50\u00a0%"]


def test_steps_lead_from_one_year_to_the_next() -> None:
    svg = waterfall((("2025", 10.0), ("2026", 12.0)), (("activity", 5.0), ("factor", -3.0)), ("kg", 1), ENGLISH)
    assert [text for text in said(svg) if text[:1] in {"+", "\N{MINUS SIGN}"}] == ["+5.0", "\N{MINUS SIGN}3.0"]
    (up,), (down,) = heights(svg, "#d55e00"), heights(svg, "#009e73")
    assert up == pytest.approx(down * 5 / 3, abs=0.2)


def test_a_clause_is_drawn_against_its_threshold() -> None:
    svg = bullets(
        [Bullet("C1", 3.0, (1.0, 2.0, 4.0), "not shown", "2 Wh, at most 3 Wh"), Bullet("C2", 1.0, None, "no data", "")]
    )
    spans = [one for one in read(svg).iter(f"{SVG}rect") if one.attrib["fill"] == "#56b4e9"]
    assert len(spans) == 1
    assert "no data" in said(svg)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_from_outside_is_only_words(name: str) -> None:
    svg = stacked(MONTHS, [Part(name, (1, 2, 3))], name, ENGLISH) + pareto(
        [(name, Decimal(1))], Decimal(1), name, 0, ENGLISH
    )
    assert "<script" not in svg
    for one in (stacked(MONTHS, [Part(name, (1, 2, 3))], "u", ENGLISH), bullets([Bullet(name, 1, None, name, name)])):
        read(one)
        assert all(len(text) < 130 for text in said(one))


def test_what_has_no_room_is_cut() -> None:
    assert cut("abcdefgh", 20) == "ab…"
    assert cut("abc", 20) == "abc"


@given(highest=st.floats(0, 1e12))
def test_a_scale_ends_at_or_above_the_highest_with_few_round_numbers(highest: float) -> None:
    ticks = scale(highest)
    assert ticks[0] == 0
    assert ticks[-1] >= highest * (1 - 1e-6)
    assert 2 <= len(ticks) <= 7


def test_a_scale_is_written_with_as_many_decimals_as_it_needs() -> None:
    assert [decimals_of(scale(highest)) for highest in (1000, 1.0, 0.05, 9)] == [0, 2, 2, 1]


@pytest.mark.parametrize(
    ("lowest", "highest", "ticks"),
    [
        (0, 12, (0, 5, 10, 15)),
        (-10, 15, (-10, -5, 0, 5, 10, 15)),
        (-7, 0, (-8, -6, -4, -2, 0)),
        (-0.5, 8, (-2, 0, 2, 4, 6, 8)),
    ],
)
def test_a_scale_that_goes_below_zero_has_zero_in_it(lowest: float, highest: float, ticks: tuple[float, ...]) -> None:
    assert scale_around(lowest, highest) == pytest.approx(ticks)


def test_a_year_whose_effects_pass_zero_has_every_bar_in_the_drawing() -> None:
    ends, steps = (("2025", 10.0), ("2026", 3.0)), (("efficiency", -17.0), ("factor", -3.0), ("scope", 13.0))
    svg = waterfall(ends, steps, ("kg", 1), ENGLISH)
    bars = [
        (float(y), float(height)) for y, height in re.findall(r'<rect [^>]*y="(-?[\d.]+)" [^>]*height="([\d.]+)"', svg)
    ]
    ticks = (-10.0, -5.0, 0.0, 5.0, 10.0)
    expected = [(10, 0), (10, -7), (-7, -10), (3, -10), (3, 0)]
    assert len(bars) == len(expected)
    for (y, height), (high, low) in zip(bars, expected, strict=True):
        assert y == pytest.approx(level(high, ticks, HEIGHT), abs=0.1)
        assert y + height == pytest.approx(level(low, ticks, HEIGHT), abs=0.2)
    assert "\N{MINUS SIGN}10" in svg, "the scale says how far down it goes"
