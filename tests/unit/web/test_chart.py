import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.web.chart import HEIGHT, WIDTH, chart_of

MINUTE = 60 * 10**9
START = 29_925_960 * MINUTE


def test_without_a_point_there_is_no_chart() -> None:
    assert chart_of([]) is None


def test_a_minute_is_a_step_as_long_as_it_lasts() -> None:
    chart = chart_of([(START + 58 * MINUTE, 100.0), (START + 59 * MINUTE, 50.0)])
    assert chart is not None
    assert chart.line == "M580.0,0.0 H590.0 V50.0 H600.0"
    assert chart.area == "M580.0,0.0 H590.0 V50.0 H600.0 V100 H580.0 Z"
    assert (chart.start, chart.end, chart.top) == (START, START + 60 * MINUTE, 100)
    assert (chart.lowest, chart.highest, chart.mean, chart.missing) == (50, 100, 75, 58)


def test_the_line_breaks_where_minutes_are_missing() -> None:
    chart = chart_of([(START + minute * MINUTE, 10.0) for minute in range(60) if minute not in {20, 21}])
    assert chart is not None
    assert [float(x) for x in re.findall(r"M([\d.]+),", chart.line)] == [0, 220]
    assert chart.area.count("Z") == 2
    assert chart.missing == 2


def test_what_is_older_than_an_hour_is_not_shown() -> None:
    chart = chart_of([(START, 900.0), (START + 60 * MINUTE, 10.0)])
    assert chart is not None
    assert (chart.highest, chart.missing) == (10, 59)


def test_times_are_written_at_each_quarter_from_edge_to_edge() -> None:
    chart = chart_of([(START + 59 * MINUTE, 1.0)])
    assert chart is not None
    assert [(time - START) // MINUTE for time in chart.times] == [0, 15, 30, 45, 60]


@pytest.mark.parametrize(
    ("highest", "top"), [(0, 1), (0.7, 0.8), (1, 1), (380, 400), (410, 600), (601, 800), (999, 1000)]
)
def test_the_scale_ends_at_a_round_number(highest: float, top: float) -> None:
    chart = chart_of([(START, highest)])
    assert chart is not None
    assert chart.top == pytest.approx(top)


@given(st.dictionaries(st.integers(0, 59), st.floats(0, 1e6), min_size=1))
def test_the_drawing_stays_in_its_frame(powers: dict[int, float]) -> None:
    chart = chart_of([(START + minute * MINUTE, powers[minute]) for minute in sorted(powers)])
    assert chart is not None
    xs = [float(x) for x in re.findall(r"[MH]([\d.-]+)", chart.line)]
    ys = [float(y) for y in re.findall(r"[,V]([\d.-]+)", chart.line)]
    assert all(0 <= x <= WIDTH for x in xs)
    assert all(-0.05 <= y <= HEIGHT for y in ys)
    assert chart.lowest <= chart.highest <= chart.top * (1 + 1e-9)
