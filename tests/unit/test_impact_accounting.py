from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from monitor.core.embodied import Asset
from monitor.core.entries import UNATTRIBUTED, Bucket, Grain, Meter, OpenBooks, Series, Share
from monitor.core.events import CollectionSucceeded, Observed
from monitor.core.factors import Quantity
from monitor.core.impact import Bounds, HourImpacts, ImpactSeries, Indicator, Role
from monitor.core.interval import HOUR, Stamp
from monitor.core.readings import IntensityReading, Method
from monitor.core.terms import Choices, Reckoner
from monitor.core.units import Duration, Energy
from monitor.impact_accounting import ImpactAccounting
from tests.fixtures.factors import asset, factor, shipped_factors
from tests.fixtures.intensities import intensity

SECOND = 1_000_000_000
PARIS = ZoneInfo("Europe/Paris")
TEN = int(datetime(2024, 6, 12, 10, tzinfo=UTC).timestamp()) * SECOND
KILOWATT_HOUR = Energy(3_600_000_000_000)
ACTIVE = Series("assistant", "package", Share.ACTIVE, Method.COUNTER)


CARD = asset("gpu0", ("26.28", "26.28", "26.28"))
"""A gram an hour."""


def impacts(
    opening: OpenBooks | None = None,
    live: str = "",
    assets: tuple[Asset, ...] = (),
    known: Sequence[IntensityReading] = (),
) -> ImpactAccounting:
    choices = Choices(zone="FR", live=live, pue=factor(Quantity.PUE, "1.4"), assets=assets)
    return ImpactAccounting(Reckoner(shipped_factors(), choices, PARIS), opening, known=known)


def hour(start: int, energy: Energy = KILOWATT_HOUR, grain: Grain = Grain.HOUR) -> Bucket:
    return Bucket(grain, start, {ACTIVE: energy}, {Meter("package", Method.COUNTER): energy}, {"package": HOUR})


def books(wall: int, energy: Energy, *, closed_through: int = TEN) -> OpenBooks:
    return OpenBooks(Stamp(wall, wall - TEN), "boot", closed_through, energy={ACTIVE: energy})


def observed(wall: int, *readings: IntensityReading) -> Observed:
    at = Stamp(wall, 0)
    outcome = CollectionSucceeded(at=at, collector="rte", readings=readings, took=Duration.ZERO)
    return Observed(at=at, outcomes=(outcome,))


def amounts(found: HourImpacts) -> Mapping[tuple[str, Indicator], Bounds]:
    return {(key.consumer, key.indicator): bounds for key, bounds in found.amounts.items()}


def test_a_closed_hour_comes_to_energy_times_pue_times_factor() -> None:
    (found,) = impacts().close([hour(TEN)])
    assert found.start == TEN
    assert amounts(found)["assistant", Indicator.GWP_USE].central == 72_660_000
    assert amounts(found)["assistant", Indicator.FACILITY_ENERGY].central == 5_040_000_000_000
    assert amounts(found)["assistant", Indicator.ENERGY] == Bounds(*[KILOWATT_HOUR.microjoules] * 3)


def test_minutes_come_to_nothing_of_their_own() -> None:
    assert impacts().close([hour(TEN, grain=Grain.MINUTE)]) == []


def test_without_a_zone_nothing_is_said() -> None:
    nothing = ImpactAccounting(None, None)
    assert nothing.close([hour(TEN)]) == []
    assert nothing.open([hour(TEN)], TEN) == []
    assert nothing.terms_now(TEN) is None
    assert nothing.book(books(TEN, KILOWATT_HOUR), {}).impacts == {}


def test_the_counters_count_what_is_used_from_the_first_books_on() -> None:
    counting = impacts()
    counting.book(books(TEN, Energy.ZERO), {})
    counted = counting.book(books(TEN + HOUR.nanoseconds, KILOWATT_HOUR), {})
    assert counted.impacts[ImpactSeries("assistant", Indicator.GWP_USE)].units == 72_660_000


def test_the_counters_go_on_after_a_restart() -> None:
    first = impacts()
    first.book(books(TEN, Energy.ZERO), {})
    saved = first.book(books(TEN + 1, KILOWATT_HOUR), {})
    second = impacts(saved)
    again = second.book(books(TEN + 2, KILOWATT_HOUR + KILOWATT_HOUR), {})
    assert again.impacts[ImpactSeries("assistant", Indicator.GWP_USE)].units == 2 * 72_660_000


def test_hours_without_any_measurement_have_their_part_of_the_hardware() -> None:
    away = impacts(books(TEN, Energy.ZERO), assets=(CARD,))
    missing, measured = away.close([hour(TEN + HOUR.nanoseconds)])
    key = (UNATTRIBUTED, Indicator.GWP_EMBODIED)
    assert missing.start == TEN
    assert amounts(missing) == {key: Bounds(1_000_000, 1_000_000, 1_000_000)}
    assert amounts(measured)[key].central == 1_000_000


def test_a_missing_hour_is_told_once() -> None:
    away = impacts(books(TEN, Energy.ZERO), assets=(CARD,))
    away.close([hour(TEN + HOUR.nanoseconds)])
    (found,) = away.close([hour(TEN + 2 * HOUR.nanoseconds)])
    assert found.start == TEN + 2 * HOUR.nanoseconds


def test_a_clock_that_is_set_ten_years_on_makes_no_hours_in_between() -> None:
    away = impacts(books(TEN, Energy.ZERO), assets=(CARD,))
    later = TEN + 87_600 * HOUR.nanoseconds
    assert [found.start for found in away.close([hour(later)])] == [later]


def test_the_open_hour_has_only_the_hardware_of_its_elapsed_part() -> None:
    (found,) = impacts(assets=(CARD,)).open([hour(TEN)], TEN + HOUR.nanoseconds // 4)
    assert amounts(found)[UNATTRIBUTED, Indicator.GWP_EMBODIED].central == 250_000


def test_a_live_intensity_gives_the_hour_its_shape() -> None:
    live = impacts(live="rte")
    reading = intensity(TEN, "10.85", HOUR)
    assert live.take(observed(TEN + HOUR.nanoseconds, reading)) == [reading]
    (found,) = live.close([hour(TEN)])
    # half of what RTE's year comes to is half of ADEME's year
    assert amounts(found)["assistant", Indicator.GWP_USE].central == 36_330_000
    assert not found.terms.filled


def test_an_hour_without_live_intensity_is_filled_and_says_so() -> None:
    (found,) = impacts(live="rte").close([hour(TEN)])
    assert amounts(found)["assistant", Indicator.GWP_USE].central == 72_660_000
    assert found.terms.filled


def test_what_is_used_now_goes_by_the_newest_live_intensity_for_two_hours() -> None:
    live = impacts(live="rte", known=[intensity(TEN, "10.85")])
    later = TEN + 2 * HOUR.nanoseconds
    now, gone = live.terms_now(later), live.terms_now(later + 1)
    assert now is not None
    assert gone is not None
    assert Role.SHAPE in {one.role for one in now.applied}
    assert gone.filled


def test_a_forecast_is_not_taken_for_now() -> None:
    live = impacts(live="rte", known=[intensity(TEN + HOUR.nanoseconds, "10.85")])
    terms = live.terms_now(TEN)
    assert terms is not None
    assert terms.filled
    assert live.newest(TEN) is None


def test_an_intensity_that_is_told_again_is_not_new_and_one_that_is_revised_is() -> None:
    live = impacts(live="rte")
    reading = intensity(TEN, "20")
    live.take(observed(TEN, reading))
    assert live.take(observed(TEN, reading)) == []
    revised = replace(reading, grams_per_kilowatt_hour=Decimal(21))
    assert live.take(observed(TEN, revised)) == [revised]


def test_old_intensities_are_let_go() -> None:
    live = impacts(live="rte")
    live.take(observed(TEN, intensity(TEN, "20")))
    live.take(observed(TEN + 73 * HOUR.nanoseconds))
    assert live.newest(TEN + 73 * HOUR.nanoseconds) is None


def test_a_factor_that_is_missing_is_told_once_and_impacts_are_unknown(caplog: pytest.LogCaptureFixture) -> None:
    early = int(datetime(2019, 6, 12, 10, tzinfo=UTC).timestamp()) * SECOND
    lacking = impacts()
    assert lacking.close([hour(early)]) == []
    assert lacking.close([hour(early)]) == []
    assert len(caplog.records) == 1
    assert "impacts are unknown" in caplog.text
    assert lacking.terms_now(early) is None
    assert "electricity of FR begins on" in lacking.fault
    assert lacking.terms_now(TEN) is not None
    assert lacking.fault == ""
    nowhere = ImpactAccounting(None, None)
    assert (nowhere.terms_now(TEN), nowhere.fault) == (None, "")
