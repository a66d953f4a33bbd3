from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from monitor.core.factors import Accounting, Basis, Catalogue, Cycle, Factor, How, NoFactorError, Quantity
from monitor.core.impact import Bounds, Indicator, Role, Terms
from monitor.core.interval import HALF_HOUR, HOUR, Interval
from monitor.core.readings import IntensityReading
from monitor.core.terms import DAYS_KEPT, Choices, Reckoner, Tariff, shape_of
from monitor.core.units import MICROJOULES_PER_KILOWATT_HOUR, Duration, Energy
from tests.fixtures.factors import ADEME, DIRECT, H100, asset, factor

PARIS, MARQUESAS = ZoneInfo("Europe/Paris"), ZoneInfo("Pacific/Marquesas")
MINUTE = 60 * 10**9
LEVEL = factor(Quantity.ELECTRICITY, "51.9", "31", "58", provider="ademe", basis=ADEME)
RTE = factor(Quantity.ELECTRICITY, "21.7", "16.275", "27.125", provider="rte", basis=DIRECT)
PEAK = factor(Quantity.ELECTRICITY_PRICE, "0.22", "0.20", "0.24", subject="contract")
CHEAP = factor(Quantity.ELECTRICITY_PRICE, "0.16", subject="contract, off-peak")
NIGHT = Tariff(valid_from=date(2024, 1, 1), price=PEAK, off_peak=CHEAP, off_peak_minutes=((22 * 60 + 30, 6 * 60 + 30),))


def moment(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    """Return a moment of UTC, in ns since the epoch."""
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()) * 10**9


def hour_at(start: int, length: Duration = HOUR) -> Interval:
    return Interval(start, start + length.nanoseconds)


NOON = hour_at(moment(2024, 11, 12, 12))


def reckoner(*factors: Factor, choices: Choices | None = None, clock: ZoneInfo = PARIS, zone: str = "FR") -> Reckoner:
    catalogue = Catalogue("test", factors or (LEVEL, RTE), order=("ademe",))
    return Reckoner(catalogue, choices or Choices(zone=zone), clock)


def live(grams: str, start: int = NOON.start, minutes: int = 60, **more: str) -> IntensityReading:
    return IntensityReading(
        provider=more.get("provider", "rte"),
        zone=more.get("zone", "FR"),
        start=start,
        length=Duration(minutes * MINUTE),
        grams_per_kilowatt_hour=Decimal(grams),
        cycle=Cycle(more.get("cycle", "direct")),
        estimated="estimated" in more,
        raw="{}",
    )


def of(terms: Terms, role: Role) -> Factor | None:
    found = [one.factor for one in terms.applied if one.role is role]
    assert len(found) < 2
    return found[0] if found else None


def grams(terms: Terms) -> Bounds:
    """Return what 1,000 kWh come to."""
    return terms.rates[Indicator.GWP_USE].of(Energy(1000 * MICROJOULES_PER_KILOWATT_HOUR))


def price(terms: Terms) -> Decimal | None:
    found = of(terms, Role.PRICE)
    return found.value if found is not None else None


def test_an_hour_is_reckoned_with_the_factor_of_its_day() -> None:
    terms = reckoner().terms(NOON)
    assert (terms.zone, terms.filled) == ("FR", False)
    assert [(one.role, one.factor, one.how) for one in terms.applied] == [(Role.ELECTRICITY, LEVEL, (How.EXACT,))]
    assert grams(terms) == Bounds(31_000_000_000, 51_900_000_000, 58_000_000_000)


def test_a_live_hour_is_the_yearly_level_scaled_by_the_live_provider_s_own_mean() -> None:
    """51.9 x 18 / 21.7 = 43.050691244 g/kWh, and 31 to 58 likewise."""
    terms = reckoner(choices=Choices(zone="FR", live="rte")).terms(NOON, [live("18")])
    assert grams(terms) == Bounds(25_714_285_714, 43_050_691_244, 48_110_599_078)
    assert (of(terms, Role.ELECTRICITY), of(terms, Role.SHAPE_LEVEL)) == (LEVEL, RTE)
    shape = of(terms, Role.SHAPE)
    assert shape is not None
    assert {shape.low, shape.value, shape.high} == {Decimal(18)}
    assert not terms.filled


def test_a_year_whose_live_mean_is_the_yearly_mean_comes_to_the_yearly_level() -> None:
    """Half of the hours at 15.7 and half at 27.7 g/kWh: 21.7 on average."""
    reckon = reckoner(choices=Choices(zone="FR", live="rte"))
    both = [grams(reckon.terms(NOON, [live(value)])).central for value in ("15.7", "27.7")]
    assert sum(both) == 2 * 51_900_000_000


def test_the_live_mean_of_an_hour_counts_each_reading_by_the_time_it_holds() -> None:
    quarter = 15 * MINUTE
    readings = [
        live("40", NOON.start - quarter, 30),
        live("16", NOON.start + quarter, 15),
        live("10", NOON.start + 2 * quarter, 60),
        live("99", NOON.end),
    ]
    shape = shape_of(readings, NOON)
    assert shape is not None
    assert shape.value == (40 + 16 + 2 * 10) / Decimal(4)
    assert shape.key == "live/FR/rte/2024-11-12T12:00Z"
    assert "3 readings over 60 minutes" in shape.note


def test_an_hour_told_of_in_part_has_the_mean_of_that_part() -> None:
    shape = shape_of([live("30", NOON.start, 15), live("18", NOON.start + 15 * MINUTE, 15, estimated="yes")], NOON)
    assert shape is not None
    assert shape.value == 24
    assert "2 readings over 30 minutes, 1 of them estimated" in shape.note


def test_an_hour_told_of_in_part_is_marked_until_the_rest_has_come() -> None:
    reckon = reckoner(choices=Choices(zone="FR", live="rte"))
    quarters = [live("18", NOON.start + n * 15 * MINUTE, 15) for n in range(4)]
    assert [reckon.terms(NOON, quarters[:n]).filled for n in (1, 3, 4)] == [True, True, False]
    assert reckon.terms(NOON, [quarters[0], *quarters[2:]]).filled
    assert grams(reckon.terms(NOON, quarters[:1])) == grams(reckon.terms(NOON, quarters))
    assert not reckon.terms(NOON, quarters[:1], so_far=True).filled
    assert reckon.terms(NOON, (), so_far=True).filled


def test_late_readings_change_the_shape_of_an_hour_and_nothing_else() -> None:
    then = reckoner(choices=Choices(zone="FR", live="rte", pue=factor(Quantity.PUE, "1.4", subject="configured")))
    before = then.terms(NOON)
    other = factor(Quantity.ELECTRICITY, "40", provider="ademe", basis=ADEME)
    now = reckoner(other, RTE, choices=Choices(zone="FR", live="rte", assets=(asset("gpu0", H100),)))
    reshaped = now.reshaped(NOON, before, [live("18")])
    assert (of(reshaped, Role.ELECTRICITY), of(reshaped, Role.PUE)) == (LEVEL, of(before, Role.PUE))
    assert (reshaped.assets, reshaped.filled) == ((), False)
    assert reshaped == then.terms(NOON, [live("18")])
    revised = now.reshaped(NOON, reshaped, [live("20")])
    shape = of(revised, Role.SHAPE)
    assert shape is not None
    assert shape.value == 20
    assert [one.role for one in revised.applied].count(Role.SHAPE) == 1


def test_hours_of_another_zone_or_without_a_live_source_are_not_reshaped() -> None:
    now = reckoner(choices=Choices(zone="FR", live="rte"))
    never, elsewhere = reckoner().terms(NOON), replace(now.terms(NOON), zone="RE")
    assert now.reshaped(NOON, never, [live("18")]) is never
    assert now.reshaped(NOON, elsewhere, [live("18")]) is elsewhere
    filled = now.terms(NOON)
    assert now.reshaped(NOON, filled, []) is filled


def test_readings_that_end_where_the_hour_begins_or_begin_where_it_ends_tell_nothing_of_it() -> None:
    assert shape_of([live("30", NOON.start - 60 * MINUTE), live("30", NOON.end)], NOON) is None
    assert shape_of([], NOON) is None


def test_an_hour_that_the_live_source_does_not_tell_of_is_filled_with_the_level_and_says_so() -> None:
    terms = reckoner(choices=Choices(zone="FR", live="rte")).terms(NOON, [live("18", NOON.end)])
    assert terms.filled
    assert grams(terms).central == 51_900_000_000


@pytest.mark.parametrize(
    "other",
    [
        live("18", provider="electricity_maps"),
        live("18", cycle="life_cycle"),
        live("18", zone="FR-COR"),
        live("18", zone="DE"),
    ],
)
def test_another_provider_s_another_zone_s_or_another_kind_of_intensity_gives_no_shape(
    other: IntensityReading,
) -> None:
    terms = reckoner(choices=Choices(zone="FR", live="rte")).terms(NOON, [other])
    assert terms.filled
    assert grams(terms).central == 51_900_000_000


def test_without_the_live_provider_s_own_yearly_mean_there_is_no_shape() -> None:
    """Another's would move the year's sum away from the level."""
    reckon = reckoner(choices=Choices(zone="FR", live="electricity_maps"))
    for provider in ("electricity_maps", "ademe"):
        terms = reckon.terms(NOON, [live("18", provider=provider, cycle="life_cycle")])
        assert terms.filled
        assert grams(terms).central == 51_900_000_000


def test_a_part_of_a_country_has_the_country_s_shape_and_not_where_its_grid_stands_alone() -> None:
    corsica = factor(Quantity.ELECTRICITY, "546", provider="ademe", subject="FR-COR", basis=ADEME)
    paris = reckoner(choices=Choices(zone="FR-IDF", live="rte")).terms(NOON, [live("18")])
    assert of(paris, Role.SHAPE_LEVEL) == RTE
    island = reckoner(LEVEL, RTE, corsica, choices=Choices(zone="FR-COR", live="rte")).terms(NOON, [live("18")])
    assert (of(island, Role.ELECTRICITY), island.filled) == (corsica, True)


def test_without_a_live_source_readings_change_nothing() -> None:
    assert reckoner().terms(NOON, [live("18")]) == reckoner().terms(NOON)


def test_the_same_hour_is_reckoned_the_same_way_twice() -> None:
    reckon = reckoner(choices=Choices(zone="FR", live="rte", tariffs=(NIGHT,)))
    assert reckon.terms(NOON, [live("18")]) == reckon.terms(NOON, [live("18")])


@pytest.mark.parametrize(
    ("utc", "expected"),
    [(11, "0.22"), (21, "0.19"), (22, "0.16"), (2, "0.16"), (4, "0.16"), (5, "0.19"), (6, "0.22")],
)
def test_an_hour_half_off_peak_costs_half_of_each(utc: int, expected: str) -> None:
    """Off-peak is from 22:30 to 06:30; Paris is an hour ahead in November."""
    terms = reckoner(choices=Choices(zone="FR", tariffs=(NIGHT,))).terms(hour_at(moment(2024, 11, 12, utc)))
    assert price(terms) == Decimal(expected)


def test_a_mixed_price_says_of_what_it_is_and_has_the_range_of_both() -> None:
    found = of(
        reckoner(choices=Choices(zone="FR", tariffs=(NIGHT,))).terms(hour_at(moment(2024, 11, 12, 21))), Role.PRICE
    )
    assert found is not None
    assert (found.low, found.value, found.high) == (Decimal("0.18"), Decimal("0.19"), Decimal("0.20"))
    assert found.note == "30 minutes at 0.22, 30 minutes at 0.16 EUR/kWh"
    assert found.key.startswith(PEAK.key)


def test_an_hour_that_passes_the_local_midnight_counts_the_minutes_of_both_days() -> None:
    """India's clock is 5 and a half hours ahead: 18:00 UTC is 23:30 there."""
    tariff = replace(NIGHT, off_peak_minutes=((0, 10), (23 * 60 + 50, 24 * 60)))
    reckon = reckoner(choices=Choices(zone="FR", tariffs=(tariff,)), clock=ZoneInfo("Asia/Kolkata"))
    assert price(reckon.terms(hour_at(moment(2024, 11, 12, 18)))) == Decimal("0.20")


def test_several_off_peak_times_of_a_day_add_up() -> None:
    tariff = replace(NIGHT, off_peak_minutes=((12 * 60, 12 * 60 + 10), (12 * 60 + 40, 13 * 60 + 5), (0, 60)))
    terms = reckoner(choices=Choices(zone="FR", tariffs=(tariff,))).terms(hour_at(moment(2024, 11, 12, 11)))
    assert price(terms) == Decimal("0.19")


def test_a_price_without_off_peak_is_always_the_same() -> None:
    tariff = Tariff(valid_from=date(2024, 1, 1), price=PEAK)
    assert of(reckoner(choices=Choices(zone="FR", tariffs=(tariff,))).terms(NOON), Role.PRICE) == PEAK


def local_day(day: date, choices: Choices, clock: ZoneInfo, grain: Duration = HOUR) -> Counter[Decimal | None]:
    """Return how many hours of the local *day* have each price."""
    begin, end = (datetime(one.year, one.month, one.day, tzinfo=clock) for one in (day, day + timedelta(days=1)))
    whole = Interval(*(int(one.timestamp()) * 10**9 for one in (begin, end)))
    reckon = reckoner(choices=choices, clock=clock)
    return Counter(price(reckon.terms(piece)) for piece in whole.split(grain))


@pytest.mark.parametrize(
    ("day", "cheap"), [(date(2026, 3, 28), 8), (date(2026, 3, 29), 7), (date(2026, 10, 25), 9), (date(2026, 10, 26), 8)]
)
def test_on_the_days_when_the_clock_changes_the_night_is_an_hour_shorter_or_longer(day: date, cheap: int) -> None:
    tariff = replace(NIGHT, off_peak_minutes=((22 * 60, 6 * 60),))
    hours = local_day(day, Choices(zone="FR", tariffs=(tariff,)), PARIS)
    assert hours == {Decimal("0.16"): cheap, Decimal("0.22"): 16}


@pytest.mark.parametrize(("day", "cheap"), [(date(2026, 3, 29), 0), (date(2026, 10, 25), 2)])
def test_an_hour_that_the_clock_skips_or_shows_twice_counts_as_often_as_it_was(day: date, cheap: int) -> None:
    tariff = replace(NIGHT, off_peak_minutes=((2 * 60, 3 * 60),))
    assert local_day(day, Choices(zone="FR", tariffs=(tariff,)), PARIS)[Decimal("0.16")] == cheap


def test_in_the_marquesas_the_night_begins_at_half_past_an_hour_of_utc() -> None:
    """Their clock is 9 and a half hours behind UTC."""
    tariff = replace(NIGHT, off_peak_minutes=((0, 6 * 60),))
    reckon = reckoner(choices=Choices(zone="FR", tariffs=(tariff,)), clock=MARQUESAS)
    prices = [
        price(reckon.terms(hour_at(moment(2024, 11, 12, hour, minute), HALF_HOUR)))
        for hour, minute in ((9, 0), (9, 30), (15, 0), (15, 30))
    ]
    assert prices == [Decimal("0.22"), Decimal("0.16"), Decimal("0.16"), Decimal("0.22")]
    halves = local_day(date(2024, 11, 12), Choices(zone="FR", tariffs=(tariff,)), MARQUESAS, HALF_HOUR)
    assert halves == {Decimal("0.16"): 12, Decimal("0.22"): 36}


def test_half_an_hour_s_price_counts_its_own_thirty_minutes() -> None:
    tariff = replace(NIGHT, off_peak_minutes=((0, 10),))
    reckon = reckoner(choices=Choices(zone="FR", tariffs=(tariff,)), clock=MARQUESAS)
    found = of(reckon.terms(hour_at(moment(2024, 11, 12, 9, 30), HALF_HOUR)), Role.PRICE)
    assert found is not None
    assert found.value == Decimal("0.20")
    assert found.note == "20 minutes at 0.22, 10 minutes at 0.16 EUR/kWh"


def test_a_tariff_that_changes_in_mid_year_holds_from_the_local_day_on() -> None:
    dearer = replace(PEAK, value=Decimal("0.25"))
    tariffs = (Tariff(valid_from=date(2026, 2, 1), price=PEAK), Tariff(valid_from=date(2026, 7, 1), price=dearer))
    reckon = reckoner(choices=Choices(zone="FR", tariffs=tariffs))
    assert price(reckoner(choices=Choices(zone="FR", tariffs=tariffs[::-1])).terms(hour_at(moment(2026, 9, 1)))) == (
        Decimal("0.25")
    )
    assert price(reckon.terms(hour_at(moment(2026, 6, 30, 21)))) == Decimal("0.22")
    assert price(reckon.terms(hour_at(moment(2026, 6, 30, 22)))) == Decimal("0.25")
    assert price(reckon.terms(hour_at(moment(2026, 1, 31, 22)))) is None
    assert Indicator.COST not in reckon.terms(hour_at(moment(2026, 1, 31, 22))).rates
    assert price(reckon.terms(hour_at(moment(2026, 1, 31, 23)))) == Decimal("0.22")


@pytest.mark.parametrize(
    ("clock", "last", "first"),
    [
        (PARIS, hour_at(moment(2025, 12, 31, 22)), hour_at(moment(2025, 12, 31, 23))),
        (
            MARQUESAS,
            hour_at(moment(2026, 1, 1, 9, 0), HALF_HOUR),
            hour_at(moment(2026, 1, 1, 9, 30), HALF_HOUR),
        ),
    ],
)
def test_a_year_begins_at_the_organisation_s_midnight(clock: ZoneInfo, last: Interval, first: Interval) -> None:
    old = factor(Quantity.PRIMARY_ENERGY, "2.3", provider="legal", until=date(2025, 12, 31))
    new = factor(Quantity.PRIMARY_ENERGY, "1.9", provider="legal", year=2026)
    reckon = reckoner(LEVEL, old, new, clock=clock)
    assert (of(reckon.terms(last), Role.PRIMARY_ENERGY), of(reckon.terms(first), Role.PRIMARY_ENERGY)) == (old, new)


def test_a_newer_factor_holds_from_its_year_on_and_an_older_one_is_said_to_be() -> None:
    newer = factor(Quantity.ELECTRICITY, "46.1", "31", "51.9", provider="ademe", year=2025, basis=ADEME)
    reckon = reckoner(LEVEL, newer)
    assert reckon.terms(hour_at(moment(2024, 12, 31, 22))).applied[0].factor == LEVEL
    assert reckon.terms(hour_at(moment(2024, 12, 31, 23))).applied[0].factor == newer
    assert reckon.terms(hour_at(moment(2026, 5, 1))).applied[0].how == (How.OLDER_YEAR,)


def test_what_is_stated_of_the_site_comes_before_what_is_usual_for_its_kind() -> None:
    usual = factor(Quantity.PUE, "1.8", "1.5", "2.5", subject="server_room")
    water = factor(Quantity.WUE, "0.4", subject="server_room")
    stated = factor(Quantity.PUE, "1.4", subject="configured")
    kind = Choices(zone="FR", site_kind="server_room")
    assert of(reckoner(LEVEL, usual, water, choices=kind).terms(NOON), Role.PUE) == usual
    terms = reckoner(LEVEL, usual, water, choices=replace(kind, pue=stated)).terms(NOON)
    assert (of(terms, Role.PUE), of(terms, Role.WUE)) == (stated, water)


def test_what_nobody_says_of_the_site_or_the_zone_stays_unknown() -> None:
    terms = reckoner(choices=Choices(zone="FR", site_kind="cellar")).terms(NOON)
    assert set(terms.rates) == {Indicator.GWP_USE}


def test_the_market_based_factor_is_the_one_that_was_stated() -> None:
    bought = factor(Quantity.ELECTRICITY, "6", basis=Basis(accounting=Accounting.MARKET), subject="contract")
    terms = reckoner(choices=Choices(zone="FR", market=bought)).terms(NOON)
    assert (of(terms, Role.MARKET), of(terms, Role.ELECTRICITY)) == (bought, LEVEL)


def test_a_zone_without_a_factor_is_an_error_that_names_the_cure() -> None:
    with pytest.raises(NoFactorError, match="PL") as caught:
        reckoner(zone="PL").terms(NOON)
    assert caught.value.cure


def test_a_live_provider_without_any_yearly_mean_of_the_zone_leaves_the_hour_filled() -> None:
    only = factor(Quantity.ELECTRICITY, "589", provider="ember", subject="PL", basis=ADEME)
    terms = reckoner(only, choices=Choices(zone="PL", live="rte")).terms(NOON, [live("18")])
    assert terms.filled
    assert grams(terms).central == 589_000_000_000


def test_a_live_provider_whose_yearly_mean_is_nothing_gives_no_shape() -> None:
    nothing = replace(RTE, value=Decimal(0), low=Decimal(0))
    terms = reckoner(LEVEL, nothing, choices=Choices(zone="FR", live="rte")).terms(NOON, [live("18")])
    assert terms.filled


def test_the_terms_of_the_hour_in_hand_are_reckoned_once_and_again_when_more_is_told() -> None:
    reckon = reckoner(choices=Choices(zone="FR", live="rte"))
    first = reckon.terms(NOON, [live("18")])
    assert reckon.terms(NOON, iter([live("18")])) is first
    assert grams(reckon.terms(NOON, [live("36")])).central == 86_101_382_488
    assert reckon.terms(hour_at(NOON.end), [live("18")]).filled


def test_the_hardware_is_part_of_the_terms() -> None:
    gpu = asset("gpu0", H100)
    assert reckoner(choices=Choices(zone="FR", assets=(gpu,))).terms(NOON).assets == (gpu,)


def test_what_is_remembered_of_days_does_not_grow_with_the_years() -> None:
    reckon = reckoner()
    first = reckon.terms(NOON)
    for day in range(3 * DAYS_KEPT):
        reckon.terms(hour_at(NOON.start + day * 24 * HOUR.nanoseconds))
        assert len(reckon._days) <= DAYS_KEPT
    assert reckon.terms(NOON) == first
