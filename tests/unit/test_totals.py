"""Totals beside each other, and the likely reasons for what lies between them."""

from __future__ import annotations

import pytest

from monitor.adapters.codecarbon import Comparison
from monitor.comparison import Measured
from monitor.core.interval import MINUTE
from monitor.core.readings import Method, Reach
from monitor.core.units import Duration, Power
from monitor.totals import Reason, Total, Way, sum_of, totals

LONG = Duration(10 * MINUTE.nanoseconds)
THEIRS = Comparison(
    elapsed=LONG,
    cpu=Power.from_watts(40).during(LONG),
    ram=Power.from_watts(20).during(LONG),
    gpu=Power.from_watts(20).during(LONG),
    hardware=(),
    grams_per_kilowatt_hour=None,
    basis="",
    version="3.3.2",
)
PARTS = {
    "package": (Method.COUNTER, Power.from_watts(60)),
    "gpu0": (Method.COUNTER, Power.from_watts(40)),
    "platform": (Method.INTEGRATED, Power.from_watts(130)),
}


def machine(watts: float | None, reach: Reach = Reach.SUPPLY, elapsed: Duration = LONG) -> Total:
    power = None if watts is None else Power.from_watts(watts)
    return totals(Measured(PARTS, {"ipmi": (reach, power)}), THEIRS, elapsed)[-1]


def test_the_components_are_added_up_without_the_machine() -> None:
    assert sum_of(Measured(PARTS)) == Power.from_watts(100)
    assert sum_of(Measured({"platform": PARTS["platform"]})) is None


def test_each_total_is_told_with_its_difference_from_the_components() -> None:
    codecarbon, components = totals(Measured(PARTS), THEIRS, LONG)
    assert codecarbon == Total(Way.CODECARBON, "", Power.from_watts(80), -20.0, -0.2, (Reason.CODECARBON,))
    assert components == Total(Way.COMPONENTS, "", Power.from_watts(100), None, None, ())
    plug = machine(130)
    assert (plug.way, plug.name, plug.power) == (Way.MACHINE, "ipmi", Power.from_watts(130))
    assert plug.difference == pytest.approx(30)
    assert plug.ratio == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("watts", "why"),
    [
        (130, (Reason.REST,)),
        (260, (Reason.FAR, Reason.REST)),
        (95, ()),
        (50, (Reason.LESS,)),
        (None, (Reason.SILENT,)),
    ],
)
def test_the_likely_reason_is_named(watts: float | None, why: tuple[Reason, ...]) -> None:
    assert machine(watts).why == why


def test_what_a_meter_does_not_take_in_and_a_short_time_are_named_too() -> None:
    assert machine(130, Reach.BOARD).why == (Reason.REST, Reason.BOARD)
    assert machine(130, elapsed=MINUTE).why == (Reason.REST, Reason.SHORT)


def test_a_modelled_component_is_named_at_the_sum_and_a_modelled_machine_is_none_of_it() -> None:
    modelled = {**PARTS, "dram": (Method.MODELLED, Power.from_watts(5))}
    codecarbon, components = totals(Measured(modelled), THEIRS, LONG)
    assert Reason.MODELLED in codecarbon.why
    assert components.why == (Reason.MODELLED,)
    declared = {**PARTS, "platform": (Method.DECLARED, Power.from_watts(130))}
    assert totals(Measured(declared), THEIRS, LONG)[1].why == ()


def test_where_no_component_is_known_there_is_no_difference() -> None:
    plug = totals(Measured({}, {"ipmi": (Reach.SUPPLY, Power.from_watts(130))}), THEIRS, LONG)[-1]
    assert (plug.power, plug.difference, plug.ratio) == (Power.from_watts(130), None, None)
