from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from monitor.core.entries import IDLE, UNATTRIBUTED, Bucket, Grain, Holding, Series, Share
from monitor.core.factors import Cycle, NoFactorError
from monitor.core.impact import ImpactSeries, Indicator
from monitor.core.interval import HALF_HOUR, HOUR, Interval
from monitor.core.readings import IntensityReading, Method
from monitor.core.terms import Choices, Reckoner
from monitor.core.units import Duration, Energy
from monitor.factors.loading import shipped
from monitor.impacts import Impacts
from monitor.restating import caught_up, reckon_anew
from tests.unit.test_impacts import CARD, KILOWATT_HOUR, PARIS, TEN, told

H = HOUR.nanoseconds


@dataclass(frozen=True)
class Measured:
    start: int
    energies: Mapping[str, Energy]
    reserved: Mapping[Holding, Duration] = field(default_factory=dict)


def nothing(_: Interval) -> Sequence[IntensityReading]:
    return ()


def reckoner(live: str = "", *, card: bool = False, zone: str = "FR") -> Reckoner:
    return Reckoner(shipped(), Choices(zone=zone, live=live, assets=(CARD,) if card else ()), PARIS)


def test_an_hour_reckoned_anew_with_the_same_terms_is_the_same() -> None:
    held = {Holding("assistant", "gpu0"): Duration(H // 3), Holding(IDLE, "gpu0"): Duration(H // 3)}
    series = Series("assistant", "package", Share.ACTIVE, Method.COUNTER)
    bucket = Bucket(Grain.HOUR, TEN, {series: KILOWATT_HOUR}, {}, {}, held)
    (first,) = Impacts(reckoner(card=True), None).close([bucket])
    facts = [Measured(TEN, {"assistant": KILOWATT_HOUR}, held)]
    again = list(reckon_anew(Interval(TEN, TEN + H), HOUR, reckoner(card=True), lambda _: facts, nothing))
    assert again == [first]


def test_hours_come_in_order_and_what_was_not_measured_has_its_hardware() -> None:
    facts = [Measured(TEN, {"a": KILOWATT_HOUR}), Measured(TEN + 2 * H, {"a": KILOWATT_HOUR})]
    found = list(reckon_anew(Interval(TEN, TEN + 3 * H), HOUR, reckoner(card=True), lambda _: facts, nothing))
    assert [one.start for one in found] == [TEN, TEN + H, TEN + 2 * H]
    assert set(found[1].amounts) == {ImpactSeries(UNATTRIBUTED, Indicator.GWP_EMBODIED)}


def test_without_hardware_hours_that_were_not_measured_are_left_out() -> None:
    facts = [Measured(TEN + H, {"a": KILOWATT_HOUR})]
    found = list(reckon_anew(Interval(TEN, TEN + 3 * H), HOUR, reckoner(), lambda _: facts, nothing))
    assert [one.start for one in found] == [TEN + H]


def test_each_hour_has_the_intensities_that_tell_of_it() -> None:
    facts = [Measured(TEN + n * H, {"a": KILOWATT_HOUR}) for n in range(3)]
    long = told(TEN + H // 2, "21.7", HOUR)
    found = list(reckon_anew(Interval(TEN, TEN + 3 * H), HOUR, reckoner("rte"), lambda _: facts, lambda _: [long]))
    assert [one.terms.filled for one in found] == [False, False, True]


def test_a_year_is_read_a_month_at_a_time() -> None:
    asked: list[Interval] = []

    def facts(part: Interval) -> list[Measured]:
        asked.append(part)
        return []

    whole = Interval(TEN, TEN + 366 * 24 * H)
    assert list(reckon_anew(whole, HOUR, reckoner(), facts, nothing)) == []
    assert len(asked) == 13
    assert max(part.length.nanoseconds for part in asked) <= 31 * 24 * H
    assert (asked[0].start, asked[-1].end) == (whole.start, whole.end)


def test_half_hours_are_reckoned_by_themselves() -> None:
    facts = [Measured(TEN + n * H // 2, {"a": KILOWATT_HOUR}) for n in range(4)]
    reading = IntensityReading("rte", "FR", TEN, HALF_HOUR, Decimal("21.7"), Cycle.DIRECT, estimated=False, raw="{}")
    found = list(
        reckon_anew(Interval(TEN, TEN + 2 * H), HALF_HOUR, reckoner("rte"), lambda _: facts, lambda _: [reading])
    )
    assert [one.start for one in found] == [TEN + n * H // 2 for n in range(4)]
    assert [one.terms.filled for one in found] == [False, True, True, True]


def test_a_time_without_factor_is_an_error_with_the_cure() -> None:
    early = int(datetime(2019, 1, 1, tzinfo=UTC).timestamp()) * 10**9
    facts = [Measured(early, {"a": KILOWATT_HOUR})]
    with pytest.raises(NoFactorError, match="file of your own"):
        list(reckon_anew(Interval(early, early + H), HOUR, reckoner(), lambda _: facts, nothing))


def test_hours_that_are_told_of_by_now_come_in_runs_that_join() -> None:
    facts = [Measured(TEN + n * H, {"a": KILOWATT_HOUR}) for n in range(6)]
    late = [told(TEN + n * H, "20", HOUR) for n in (0, 1, 3, 5)]
    live = reckoner("rte")
    filled = [Interval(TEN, TEN + 6 * H)]
    runs = [
        (run, [one.start for one in hours])
        for run, hours in caught_up(filled, HOUR, live, lambda _: facts, lambda _: late)
    ]
    assert runs == [
        (Interval(TEN, TEN + 2 * H), [TEN, TEN + H]),
        (Interval(TEN + 3 * H, TEN + 4 * H), [TEN + 3 * H]),
        (Interval(TEN + 5 * H, TEN + 6 * H), [TEN + 5 * H]),
    ]


def test_nothing_is_caught_up_while_nothing_has_come() -> None:
    facts = [Measured(TEN, {"a": KILOWATT_HOUR})]
    assert list(caught_up([Interval(TEN, TEN + H)], HOUR, reckoner("rte"), lambda _: facts, nothing)) == []
