"""What of a meter is believed, and as what its points are read."""

from dataclasses import replace
from decimal import Decimal

import pytest

from collectors._meters import NoFigureError, Points, Shown, check_secrecy, energy_of, figure, inside, power_of
from monitor.collector import Reason, Retry, Unavailable
from monitor.core.readings import CounterReading, Method, PowerReading
from monitor.core.units import Duration, Energy, Power
from tests.fixtures.meters import PLAUSIBLE, SECRET, meter_at

METER = meter_at("http://192.0.2.15")
COUNTS = Shown(point="0", where="here", accuracy="exact", energy=Energy(7), power=Power.from_watts(100), epoch="a")
DRAWS = replace(COUNTS, energy=None, method=Method.MODELLED)


def test_energy_is_read_where_every_point_counts_and_power_where_one_does_not() -> None:
    assert [type(row) for row in Points(METER).readings([COUNTS])] == [CounterReading]
    mixed = Points(METER)
    rows = mixed.readings([COUNTS, replace(DRAWS, point="1")])
    assert [type(row) for row in rows] == [PowerReading, PowerReading]
    assert [type(row) for row in mixed.readings([COUNTS])] == [PowerReading], "it stays what it was"
    assert [source.method for source in mixed.sources()] == ["integrated"]


def test_a_point_that_stops_counting_is_asked_again_and_does_not_become_a_power() -> None:
    points = Points(METER)
    points.readings([COUNTS])
    with pytest.raises(Retry, match="no energy at 0"):
        points.readings([DRAWS])


def test_one_supply_may_draw_nothing_and_all_together_may_not() -> None:
    idle = replace(DRAWS, point="1", power=Power.ZERO)
    assert len(Points(METER).readings([DRAWS, idle])) == 2
    with pytest.raises(Retry, match="no power at all"):
        Points(METER).readings([idle])


def test_what_a_counter_holds_back_is_its_delay_and_one_of_its_steps() -> None:
    coarse = replace(COUNTS, step=Energy.from_joules(360_000), late=Duration.from_seconds(60))
    (row,) = Points(METER).readings([coarse])
    assert isinstance(row, CounterReading)
    assert row.settling == Duration.from_seconds(1 + 60 + 360_000 / PLAUSIBLE.watts)


def test_a_meter_that_shows_the_same_moment_for_longer_than_the_hold_stands_still() -> None:
    now = [0.0]
    points = Points(METER, lambda: now[0])
    points.ticks(5)
    now[0] = 60
    points.ticks(5)
    now[0] = 61
    with pytest.raises(Retry, match="stands still"):
        points.ticks(5)
    points.ticks(6)
    points.ticks(None)


@pytest.mark.parametrize("value", [None, True, "", "1,5", "NaN", "Infinity", "1e40", "\N{SUPERSCRIPT TWO}", [1], 1.5])
def test_what_is_no_figure_is_none(value: object) -> None:
    with pytest.raises(NoFigureError):
        figure(value)


def test_figures_have_their_unit() -> None:
    assert energy_of("1.5", "kWh") == Energy(5_400_000_000_000)
    assert energy_of(2, "Wmin") == Energy(120_000_000)
    assert power_of(Decimal("0.25"), "kW") == Power(250_000_000)
    assert energy_of(None, "J") is power_of(None) is None
    with pytest.raises(NoFigureError):
        energy_of("1e15", "GWh")


def test_what_is_inside_json_is_found_or_is_nothing() -> None:
    assert inside({"a": [{"b": 5}]}, "a", 0, "b") == 5
    assert inside({"a": []}, "a", 0) is inside([], "a") is inside({"a": 1}, "a", "b") is None


def test_a_secret_leaves_in_clear_text_only_where_that_was_allowed() -> None:
    with pytest.raises(Unavailable, match="no encryption") as refused:
        check_secrecy(replace(METER, secret=SECRET))
    assert refused.value.reason is Reason.FORBIDDEN
    for allowed in (
        METER,
        replace(METER, secret=SECRET, insecure=True),
        replace(METER, secret=SECRET, address="https://192.0.2.15"),
        replace(METER, secret=SECRET, address="http://[::1]:8080"),
    ):
        check_secrecy(allowed)
