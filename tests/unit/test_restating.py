from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from monitor.core.entries import IDLE, UNATTRIBUTED, Bucket, Grain, Holding, Series, Share
from monitor.core.factors import NoFactorError
from monitor.core.impact import ImpactSeries, Indicator, Role, Terms
from monitor.core.interval import HALF_HOUR, HOUR, Interval
from monitor.core.readings import IntensityReading, Method
from monitor.core.terms import Choices, Reckoner
from monitor.core.units import Duration, Energy
from monitor.impact_accounting import ImpactAccounting
from monitor.restating import in_runs, reckon_anew, reshape
from tests.fixtures.factors import shipped_factors
from tests.fixtures.intensities import intensity
from tests.unit.test_impact_accounting import CARD, KILOWATT_HOUR, PARIS, TEN

H = HOUR.nanoseconds


@dataclass(frozen=True)
class Measured:
    start: int
    energies: Mapping[str, Energy]
    reserved: Mapping[Holding, Duration] = field(default_factory=dict)


def nothing(_: Interval) -> Sequence[IntensityReading]:
    return ()


def reckoner(live: str = "", *, card: bool = False, zone: str = "FR") -> Reckoner:
    return Reckoner(shipped_factors(), Choices(zone=zone, live=live, assets=(CARD,) if card else ()), PARIS)


def test_an_hour_reckoned_anew_with_the_same_terms_is_the_same() -> None:
    held = {Holding("assistant", "gpu0"): Duration(H // 3), Holding(IDLE, "gpu0"): Duration(H // 3)}
    series = Series("assistant", "package", Share.ACTIVE, Method.COUNTER)
    bucket = Bucket(Grain.HOUR, TEN, {series: KILOWATT_HOUR}, {}, {}, held)
    (first,) = ImpactAccounting(reckoner(card=True), None).close([bucket])
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
    long = intensity(TEN + H // 2, "21.7", HOUR)
    found = list(reckon_anew(Interval(TEN, TEN + 3 * H), HOUR, reckoner("rte"), lambda _: facts, lambda _: [long]))
    assert [any(at.role is Role.SHAPE for at in one.terms.applied) for one in found] == [True, True, False]
    assert [one.terms.filled for one in found] == [True, True, True]


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
    reading = intensity(TEN, "21.7", HALF_HOUR)
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


@dataclass(frozen=True)
class AppliedHours:
    terms: Terms
    hours: tuple[Interval, ...]


def by_then(count: int) -> AppliedHours:
    """Return *count* hours that were reckoned without live intensity."""
    whole = Interval(TEN, TEN + count * H)
    return AppliedHours(reckoner("rte").terms(Interval(TEN, TEN + H)), (whole,))


def test_hours_that_are_told_of_by_now_come_in_runs_that_join() -> None:
    facts = [Measured(TEN + n * H, {"a": KILOWATT_HOUR}) for n in range(6) if n != 5]
    late = [intensity(TEN + n * H, "10.85", HOUR) for n in (0, 1, 3, 5)]
    reshaped = reshape([by_then(6)], late, HOUR, reckoner("rte"), TEN)
    runs = list(in_runs(reshaped, HOUR, lambda run: [one for one in facts if run.start <= one.start < run.end]))
    assert [(run, [one.start for one in hours]) for run, hours in runs] == [
        (Interval(TEN, TEN + 2 * H), [TEN, TEN + H]),
        (Interval(TEN + 3 * H, TEN + 4 * H), [TEN + 3 * H]),
        (Interval(TEN + 5 * H, TEN + 6 * H), [TEN + 5 * H]),
    ]
    used = [hour.amounts.get(ImpactSeries("a", Indicator.GWP_USE)) for _, hours in runs for hour in hours]
    # half of what RTE's year comes to is half of ADEME's
    assert [one and one.central for one in used] == [25_950_000, 25_950_000, 25_950_000, None]


def test_nothing_changes_while_nothing_has_come_or_the_same_is_told_again() -> None:
    late = [intensity(TEN, "20", HOUR)]
    assert reshape([by_then(1)], [], HOUR, reckoner("rte"), TEN) == {}
    reshaped = reshape([by_then(1)], late, HOUR, reckoner("rte"), TEN)
    again = AppliedHours(reshaped[TEN], (Interval(TEN, TEN + H),))
    assert reshape([again], late, HOUR, reckoner("rte"), TEN) == {}
    revised = reshape([again], [intensity(TEN, "21", HOUR)], HOUR, reckoner("rte"), TEN)
    assert list(revised) == [TEN]


def test_an_hour_told_of_in_part_waits_for_the_rest_but_not_for_ever() -> None:
    quarter = Duration(H // 4)
    part = [intensity(TEN, "20", quarter), intensity(TEN + H // 4, "20", quarter)]
    assert reshape([by_then(1)], part, HOUR, reckoner("rte"), TEN) == {}
    assert reshape([by_then(1)], part, HOUR, reckoner("rte"), TEN + H)[TEN].filled
    whole = [intensity(TEN + n * H // 4, "20", quarter) for n in range(4)]
    assert not reshape([by_then(1)], whole, HOUR, reckoner("rte"), TEN)[TEN].filled
