from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from monitor.core.bills import Bill, Cause, Covers, Metered, reconciled
from monitor.core.entries import Meter
from monitor.core.impact import Bounds, Indicator
from monitor.core.interval import HOUR, Interval
from monitor.core.readings import Method
from monitor.core.units import Duration, Energy

H = HOUR.nanoseconds
DAYS = Interval(0, 240 * H)


def bill(covers: Covers = Covers.ROOM, share: Fraction | None = None, energy: int = 1000) -> Bill:
    return Bill(source="F", starts=date(1970, 1, 1), ends=date(1970, 1, 10), energy=energy, covers=covers, share=share)


def metered(
    meters: dict[Meter, Energy] | None = None,
    hours: int = 240,
    impacts: dict[Indicator, Bounds] | None = None,
    closed: int = DAYS.end,
) -> Metered:
    whole = {Meter("platform", Method.COUNTER): Energy(600)} if meters is None else meters
    covered = {"platform": Duration(hours * H), "gpu0": Duration(hours * H // 2)}
    return Metered(DAYS, closed, whole, covered, impacts or {})


WITH_ROOM = {Indicator.ENERGY: Bounds(600, 600, 600), Indicator.FACILITY_ENERGY: Bounds(840, 900, 960)}


def test_the_bill_of_the_machine_is_beside_what_the_machine_used() -> None:
    found = reconciled(bill(Covers.MACHINE), metered(impacts=WITH_ROOM))
    assert (found.billed, found.compared, found.difference) == (1000, Bounds(540, 600, 660), 400)
    assert found.coverage == 1
    assert found.causes == ()


def test_the_bill_of_the_room_is_beside_the_measure_with_the_room() -> None:
    found = reconciled(bill(), metered(impacts=WITH_ROOM))
    assert found.difference == 100
    assert found.facility is not None
    # 10 % of 900 and 60 of the PUE, by the root of the sum of their squares
    assert (found.facility.low, found.facility.high) == (900 - 109, 900 + 109)
    assert found.within
    assert found.causes == (Cause.OTHERS, Cause.PUE_DECLARED)


def test_only_the_stated_share_of_a_building_is_beside_the_measure() -> None:
    found = reconciled(bill(Covers.BUILDING, Fraction(3, 4), 1000), metered(impacts=WITH_ROOM))
    assert (found.billed, found.difference, found.bill.energy) == (750, -150, 1000)
    assert Cause.STATED_SHARE in found.causes
    assert Cause.OTHERS not in found.causes


def test_without_a_pue_for_all_of_it_the_machine_alone_is_beside_the_bill() -> None:
    partly = {Indicator.ENERGY: Bounds(599, 599, 599), Indicator.FACILITY_ENERGY: Bounds(900, 900, 900)}
    for impacts in ({}, partly):
        found = reconciled(bill(), metered(impacts=impacts))
        assert (found.facility, found.difference) == (None, 400)
        assert Cause.PUE_UNKNOWN in found.causes
        assert not found.within


def test_what_was_not_measured_is_a_cause_and_never_scaled() -> None:
    found = reconciled(bill(Covers.MACHINE), metered(hours=180, closed=200 * H))
    assert (found.coverage, found.difference) == (Fraction(3, 4), 400)
    assert found.causes == (Cause.NOT_CLOSED, Cause.COVERAGE)


@pytest.mark.parametrize(
    ("meter", "causes"),
    [
        (Meter("package", Method.COUNTER), (Cause.PARTS,)),
        (Meter("platform", Method.MODELLED), (Cause.MODELLED,)),
        (Meter("rest", Method.INTEGRATED), ()),
    ],
)
def test_parts_without_a_meter_and_models_are_causes(meter: Meter, causes: tuple[Cause, ...]) -> None:
    assert reconciled(bill(Covers.MACHINE), metered({meter: Energy(600)})).causes == causes


def test_a_bill_of_days_of_which_nothing_is_known_has_no_difference() -> None:
    found = reconciled(bill(), metered({}, hours=0))
    assert (found.machine, found.compared, found.difference, found.within) == (None, None, None, False)
    assert found.causes == (Cause.COVERAGE, Cause.OTHERS)
