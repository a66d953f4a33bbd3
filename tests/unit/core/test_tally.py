from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from monitor.core.embodied import Asset
from monitor.core.entries import IDLE, UNATTRIBUTED, Holding, OpenBooks, Series, Share, Tallied
from monitor.core.impact import ENERGY_STEPS, ImpactSeries, Indicator, Role, Terms
from monitor.core.interval import Stamp
from monitor.core.readings import Method
from monitor.core.tally import Tally
from monitor.core.units import MICROJOULES_PER_KILOWATT_HOUR, Duration, Energy
from tests.fixtures.factors import H100, applied, asset

S = 1_000_000_000
EPOCH = 1_790_000_000 * S
KWH = MICROJOULES_PER_KILOWATT_HOUR
TERMS = Terms("FR", (applied(Role.ELECTRICITY, "51.9", "31", "58"), applied(Role.PUE, "1.4")))
GRAMS_PER_KWH = Fraction(7266, 100)
USE, EMBODIED = Indicator.GWP_USE, Indicator.GWP_EMBODIED


def books(
    seconds: float, microjoules: Mapping[str, int], *, boot_id: str = "boot", boot: float | None = None
) -> OpenBooks:
    """Return the books *seconds* after the beginning; each consumer's energy is of two series."""
    energy = {}
    for consumer, amount in microjoules.items():
        energy[Series(consumer, "package", Share.ACTIVE, Method.COUNTER)] = Energy(amount - amount // 3)
        energy[Series(consumer, "dram", Share.FLOOR, Method.MODELLED)] = Energy(amount // 3)
    ticking = round((seconds if boot is None else boot) * S)
    return OpenBooks(at=Stamp(EPOCH + round(seconds * S), ticking), boot_id=boot_id, closed_through=0, energy=energy)


def held(**seconds: float) -> dict[Holding, Duration]:
    return {Holding(consumer, "gpu0"): Duration.from_seconds(time) for consumer, time in seconds.items()}


def steps(tally: Tally, consumer: str, indicator: Indicator) -> Fraction:
    """Return the counter with its remainder, in the indicator's unit."""
    one = tally.counters()[ImpactSeries(consumer, indicator)]
    assert 0 <= one.rest < ENERGY_STEPS
    return one.units + Fraction(one.rest, ENERGY_STEPS)


def reopened(tally: Tally, at: OpenBooks) -> Tally:
    return Tally(replace(at, impacts=tally.counters()))


def gpu_terms(*assets: Asset) -> Terms:
    return Terms("FR", (), assets or (asset("gpu0", ("26.28",) * 3),))  # a gram an hour


@pytest.mark.parametrize("tick", [1, 7, 3_333_333, 1_000_000_007])
def test_whatever_the_tick_the_counter_is_the_energy_times_the_rate_to_the_last_digit(tick: int) -> None:
    tally = Tally(None)
    for number in range(1, 50):
        tally.book(books(number, {"a": number * tick}), {}, TERMS)
        assert steps(tally, "a", USE) == number * tick * GRAMS_PER_KWH * 10**6 / KWH


def test_a_thousand_kilowatt_hours_in_uneven_ticks_are_72_660_grams() -> None:
    tally, energy = Tally(None), 0
    for number, part in enumerate((1, 10**6 + 1, 3 * KWH + 7, 123_456_789, 500 * KWH, 1)):
        energy += part
        tally.book(books(number, {"a": energy}), {}, TERMS)
    tally.book(books(9, {"a": 1000 * KWH}), {}, TERMS)
    assert tally.counters()[ImpactSeries("a", USE)] == Tallied(72_660_000_000, 0)


def test_the_energy_of_all_series_of_a_consumer_counts_once() -> None:
    tally = Tally(None)
    tally.book(books(1, {"a": KWH, "_idle": 2 * KWH}), {}, TERMS)
    assert tally.counters() == {
        ImpactSeries("a", USE): Tallied(72_660_000, 0),
        ImpactSeries("_idle", USE): Tallied(145_320_000, 0),
    }


def test_water_on_site_and_of_the_grid_are_counted_apart() -> None:
    terms = Terms("FR", (applied(Role.WUE, "0.4"), applied(Role.WATER, "3.67"), applied(Role.PUE, "1.4")))
    tally = Tally(None)
    tally.book(books(1, {"a": KWH}), {}, terms)
    assert steps(tally, "a", Indicator.WATER_SITE) == 400_000
    assert steps(tally, "a", Indicator.WATER_GRID) == 5_138_000


def test_another_factor_holds_from_now_on_and_not_for_what_was_booked() -> None:
    tally = Tally(None)
    tally.book(books(1, {"a": KWH}), {}, TERMS)
    tally.book(books(2, {"a": 3 * KWH}), {}, Terms("FR", (applied(Role.ELECTRICITY, "20"),)))
    assert steps(tally, "a", USE) == 72_660_000 + 40_000_000


def test_without_a_zone_counters_stand_still_and_the_energy_of_that_time_is_never_counted() -> None:
    tally = Tally(None)
    tally.book(books(1, {"a": KWH}), {}, TERMS)
    tally.book(books(2, {"a": 10 * KWH, "b": KWH}), {}, None)
    assert tally.counters() == {ImpactSeries("a", USE): Tallied(72_660_000, 0)}
    tally.book(books(3, {"a": 11 * KWH, "b": 2 * KWH}), {}, TERMS)
    assert steps(tally, "a", USE) == 2 * 72_660_000
    assert steps(tally, "b", USE) == 72_660_000


def test_the_zone_taken_away_over_restarts_and_set_again_counts_nothing_of_the_time_in_between() -> None:
    tally = Tally(None)
    first = books(1, {"a": KWH})
    tally.book(first, {}, TERMS)
    tally = reopened(tally, first)
    second = books(100, {"a": 5 * KWH})
    tally.book(second, held(a=50), None)
    tally = reopened(tally, second)
    assert steps(tally, "a", USE) == 72_660_000
    tally.book(books(101, {"a": 6 * KWH}), {}, TERMS)
    assert steps(tally, "a", USE) == 2 * 72_660_000


def test_an_indicator_that_becomes_known_later_counts_from_then_on() -> None:
    tally = Tally(None)
    tally.book(books(1, {"a": KWH}), {}, TERMS)
    tally.book(books(2, {"a": 2 * KWH}), {}, Terms("FR", (*TERMS.applied, applied(Role.WATER, "1"))))
    assert steps(tally, "a", Indicator.WATER_GRID) == 1_400_000
    tally.book(books(3, {"a": 3 * KWH}), {}, TERMS)
    tally.book(books(4, {"a": 4 * KWH}), {}, Terms("FR", (*TERMS.applied, applied(Role.WATER, "1"))))
    assert steps(tally, "a", Indicator.WATER_GRID) == 2_800_000


def test_a_restart_goes_on_with_the_remainder() -> None:
    tally = Tally(None)
    for number in range(1, 30):
        now = books(number, {"a": 7 * number})
        tally.book(now, {}, TERMS)
        tally = reopened(tally, now)
    assert steps(tally, "a", USE) == 29 * 7 * GRAMS_PER_KWH * 10**6 / KWH


def test_a_ledger_that_had_energy_before_impacts_were_known_counts_from_now_on() -> None:
    tally = Tally(books(1, {"a": 1000 * KWH}))
    tally.book(books(2, {"a": 1001 * KWH}), {}, TERMS)
    assert steps(tally, "a", USE) == 72_660_000


def test_what_is_lost_with_a_failed_write_is_counted_again_and_once() -> None:
    """The run after goes on from what was committed: books and counters are of the same moment."""
    tally = Tally(None)
    committed = books(1, {"a": KWH})
    tally.book(committed, {}, TERMS)
    saved = replace(committed, impacts=tally.counters())
    tally.book(books(2, {"a": 2 * KWH}), {}, TERMS)
    after = Tally(saved)
    after.book(books(3, {"a": 3 * KWH}), {}, TERMS)
    assert steps(after, "a", USE) == 3 * 72_660_000


def test_the_hardware_counts_from_the_second_booking_on_by_who_held_it() -> None:
    tally = Tally(None)
    tally.book(books(0, {}), {}, gpu_terms())
    assert tally.counters() == {}
    tally.book(books(3600, {}), held(a=900, _idle=1800), gpu_terms())
    assert steps(tally, "a", EMBODIED) == 250_000
    assert steps(tally, IDLE, EMBODIED) == 500_000
    assert steps(tally, UNATTRIBUTED, EMBODIED) == 250_000
    tally.book(books(7200, {}), held(a=4500, _idle=1800), gpu_terms())
    assert steps(tally, "a", EMBODIED) == 1_250_000


def test_short_ticks_give_a_small_share_of_small_hardware_all_that_is_due_to_it() -> None:
    """0.14 ug a tick, a tenth of it for a: whole micrograms would give it nothing for ever, or ten times too much."""
    tally = Tally(None)
    terms = gpu_terms(asset("gpu0", ("0.000876",) * 3, years="1"))  # 100 ug an hour
    for number in range(721):
        tally.book(books(5 * number, {}), held(a=0.5 * number, _idle=4.5 * number), terms)
    assert abs(steps(tally, "a", EMBODIED) - 10) < Fraction(721, 10**6)
    assert abs(steps(tally, "a", EMBODIED) + steps(tally, IDLE, EMBODIED) - 100) < Fraction(2, 10**6)


def test_the_hardware_s_life_goes_on_while_the_daemon_is_away_and_nobody_is_known_to_hold_it() -> None:
    tally = Tally(None)
    tally.book(books(0, {}), {}, gpu_terms())
    stopped = books(3600, {})
    tally.book(stopped, held(a=3600), gpu_terms())
    tally = reopened(tally, stopped)
    tally.book(books(2 * 3600, {}), {}, gpu_terms())
    assert steps(tally, "a", EMBODIED) == 1_000_000
    assert steps(tally, UNATTRIBUTED, EMBODIED) == 1_000_000
    tally.book(books(3 * 3600, {}), held(a=3600), gpu_terms())
    assert steps(tally, "a", EMBODIED) == 2_000_000


def test_over_a_boot_it_is_the_wall_clock_that_says_how_long() -> None:
    tally = Tally(None)
    tally.book(books(0, {}), {}, gpu_terms())
    tally.book(books(3600, {}, boot_id="another", boot=20), {}, gpu_terms())
    assert steps(tally, UNATTRIBUTED, EMBODIED) == 1_000_000


def test_over_a_boot_with_a_clock_that_was_set_years_ahead_no_hardware_is_written_off() -> None:
    """The counters never go back: years of hardware would stay in them."""
    tally = Tally(None)
    tally.book(books(0, {}), {}, gpu_terms())
    tally.book(books(15 * 365 * 86_400, {}, boot_id="another", boot=20), {}, gpu_terms())
    assert not any(one.units for one in tally.counters().values())
    tally.book(books(15 * 365 * 86_400 + 3600, {}, boot_id="another", boot=3620), {}, gpu_terms())
    assert steps(tally, UNATTRIBUTED, EMBODIED) == 10**6


def test_a_wall_clock_that_is_set_changes_nothing_within_a_boot() -> None:
    tally = Tally(None)
    tally.book(books(0, {}), {}, gpu_terms())
    tally.book(books(90_000, {}, boot=3600), held(a=3600), gpu_terms())
    tally.book(books(-90_000, {}, boot=7200), held(a=7200), gpu_terms())
    assert steps(tally, "a", EMBODIED) == 2_000_000
    assert ImpactSeries(UNATTRIBUTED, EMBODIED) not in tally.counters()


def test_a_wall_clock_behind_that_of_the_boot_before_takes_nothing_back() -> None:
    tally = Tally(None)
    tally.book(books(3600, {}), {}, gpu_terms())
    tally.book(books(0, {}, boot_id="another", boot=20), held(a=5), gpu_terms())
    assert tally.counters() == {}


def test_the_embodied_part_of_the_time_without_a_zone_is_never_counted() -> None:
    tally = Tally(None)
    tally.book(books(0, {}), {}, gpu_terms())
    tally.book(books(3600, {}), held(a=3600), None)
    tally.book(books(7200, {}), held(a=7200), gpu_terms())
    assert steps(tally, "a", EMBODIED) == 1_000_000


def test_hardware_past_the_end_of_its_life_counts_no_more() -> None:
    old = asset("gpu0", H100, bought=date(2020, 1, 1))
    tally = Tally(None)
    tally.book(books(0, {}), {}, gpu_terms(old))
    tally.book(books(3600, {}), held(a=3600), gpu_terms(old))
    assert tally.counters() == {}


def test_use_that_becomes_known_late_goes_to_who_held_the_hardware_over_both_ticks() -> None:
    """While a collector does not answer it is nobody known; what it tells afterwards is for twice the time."""
    tally = Tally(None)
    tally.book(books(0, {}), {}, gpu_terms())
    tally.book(books(3600, {}), {}, gpu_terms())
    tally.book(books(7200, {}), held(a=3600, _idle=3600), gpu_terms())
    assert steps(tally, UNATTRIBUTED, EMBODIED) == 1_000_000
    assert steps(tally, "a", EMBODIED) == 500_000
    assert steps(tally, IDLE, EMBODIED) == 500_000
