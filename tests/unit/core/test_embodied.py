from datetime import UTC, date, datetime
from decimal import Decimal

from monitor.core.embodied import Asset, amortised, embodied
from monitor.core.entries import IDLE, UNATTRIBUTED, Holding
from monitor.core.impact import Bounds, ImpactSeries, Indicator
from monitor.core.interval import HOUR, Interval
from monitor.core.units import Duration
from tests.fixtures.factors import H100, asset

GWP, ADPE = Indicator.GWP_EMBODIED, Indicator.ADPE_EMBODIED
HR = HOUR.nanoseconds
YEAR = 8760 * HR
BOUGHT = date(2026, 1, 1)
START = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 10**9
KILOGRAM = 10**9


def hour(number: int = 0) -> Interval:
    return Interval(START + number * HR, START + (number + 1) * HR)


def shared(held: dict[tuple[str, str], int], *assets: Asset, interval: Interval | None = None) -> dict[str, int]:
    """Return the micrograms of each consumer; *held* is in ns, by consumer and resource."""
    reserved = {Holding(*key): Duration(time) for key, time in held.items()}
    found = embodied(interval or hour(), reserved, assets)
    return {key.consumer: bounds.central for key, bounds in found.items() if key.indicator is GWP}


def test_an_hour_of_an_h100_over_three_years_of_8760_hours() -> None:
    """273 kg, 164 to 575, over 26,280 hours: 10.388, 6.240 and 21.880 g."""
    gpu = asset("gpu0", H100, bought=BOUGHT)
    assert amortised(gpu, GWP, hour()) == Bounds(6_240_487, 10_388_127, 21_879_756)
    assert amortised(gpu, GWP, Interval(START, START + 3 * YEAR)) == Bounds(
        164 * KILOGRAM, 273 * KILOGRAM, 575 * KILOGRAM
    )


def test_the_hours_of_a_day_sum_to_the_day() -> None:
    gpu = asset("gpu0", H100)
    hours = [amortised(gpu, GWP, hour(number)).central for number in range(24)]
    assert set(hours) == {10_388_127, 10_388_128}
    assert sum(hours) == amortised(gpu, GWP, Interval(START, START + 24 * HR)).central
    assert sum(hours) in {249_315_068, 249_315_069}


def test_before_it_was_bought_and_after_the_end_of_its_life_it_is_nothing() -> None:
    gpu = asset("gpu0", H100, bought=BOUGHT)
    last = 3 * 8760 - 1
    assert amortised(gpu, GWP, hour(-1)) == Bounds.ZERO
    assert amortised(gpu, GWP, hour(last)).central in {10_388_127, 10_388_128}
    assert amortised(gpu, GWP, hour(last + 1)) == Bounds.ZERO
    assert amortised(gpu, GWP, hour(10 * 8760)) == Bounds.ZERO
    gone = embodied(hour(last + 1), {Holding("a", "gpu0"): HOUR}, [gpu])
    # known, and nothing: not unknown. Of minerals and metals nothing is known
    assert gone == {ImpactSeries("a", GWP): Bounds.ZERO}
    assert embodied(hour(-1), {}, [gpu]) == {ImpactSeries(UNATTRIBUTED, GWP): Bounds.ZERO}


def test_an_hour_in_which_its_life_begins_or_ends_has_the_part_that_is_within() -> None:
    gpu = asset("gpu0", ("26.28", "26.28", "26.28"), bought=BOUGHT)
    half = HR // 2
    assert amortised(gpu, GWP, Interval(START - half, START + half)).central == 500_000
    assert amortised(gpu, GWP, Interval(START + 3 * YEAR - half, START + 3 * YEAR + half)).central == 500_000


def test_without_a_date_it_is_written_off_for_as_long_as_it_is_there() -> None:
    assert amortised(asset("gpu0", H100), GWP, hour(10 * 8760)).central in {10_388_127, 10_388_128}


def test_hardware_kept_for_longer_costs_less_an_hour() -> None:
    assert amortised(asset("gpu0", ("61.32",) * 3, years="7", bought=BOUGHT), GWP, hour()).central == 1_000_000
    assert amortised(asset("gpu0", ("21.9",) * 3, years="2.5", bought=BOUGHT), GWP, hour()).central == 1_000_000


def test_a_virtual_machine_has_its_share_of_the_host() -> None:
    server = asset("rest", ("43.8", "87.6", "175.2"), years="5", bought=BOUGHT, share="0.125")
    assert amortised(server, GWP, hour()) == Bounds(125_000, 250_000, 500_000)


def test_memory_counts_by_the_gigabyte() -> None:
    dram = asset("dram", ("0.0876",) * 3, years="5", bought=BOUGHT, amount="512")
    assert amortised(dram, GWP, hour()).central == 512 * 2_000


def test_minerals_and_metals_are_in_picograms_and_unknown_where_no_factor_says() -> None:
    known = asset("gpu0", H100, adpe="0.0058", bought=BOUGHT)
    assert amortised(known, ADPE, hour()).central == 5_800_000_000_000 // 26_280
    assert amortised(asset("gpu0", H100), ADPE, hour()) == Bounds.ZERO
    found = embodied(hour(), {Holding("a", "gpu0"): HOUR}, [asset("gpu0", H100)])
    assert set(found) == {ImpactSeries("a", GWP)}


def test_it_is_shared_by_what_each_held_and_nobody_s_is_idle() -> None:
    gpu = asset("gpu0", ("26.28",) * 3, bought=BOUGHT)  # a gram an hour
    held = {("a", "gpu0"): HR // 2, ("b", "gpu0"): HR // 8, (IDLE, "gpu0"): 3 * HR // 8}
    assert shared(held, gpu) == {"a": 500_000, "b": 125_000, IDLE: 375_000}


def test_the_time_of_which_nothing_is_known_is_unattributed() -> None:
    gpu = asset("gpu0", ("26.28",) * 3, bought=BOUGHT)
    assert shared({}, gpu) == {UNATTRIBUTED: 1_000_000}
    assert shared({("a", "gpu0"): HR // 4}, gpu) == {"a": 250_000, UNATTRIBUTED: 750_000}
    held = {("a", "gpu0"): HR // 4, (UNATTRIBUTED, "gpu0"): HR // 4}
    assert shared(held, gpu) == {"a": 250_000, UNATTRIBUTED: 750_000}


def test_another_resource_s_holder_has_no_part() -> None:
    gpu = asset("gpu0", ("26.28",) * 3, bought=BOUGHT)
    assert shared({("a", "gpu1"): HR, ("b", "package"): HR}, gpu) == {UNATTRIBUTED: 1_000_000}


def test_what_is_held_for_longer_than_the_hour_is_shared_in_proportion() -> None:
    """Late figures go to the hour that is still open: it then holds more time than it lasts."""
    gpu = asset("gpu0", ("26.28",) * 3, bought=BOUGHT)
    assert shared({("a", "gpu0"): 3 * HR, (IDLE, "gpu0"): HR}, gpu) == {"a": 750_000, IDLE: 250_000}


def test_the_rest_follows_all_the_others_together() -> None:
    gpu = asset("gpu0", ("26.28",) * 3, bought=BOUGHT)
    dram = asset("dram", ("78.84",) * 3, bought=BOUGHT)
    rest = asset("rest", ("52.56",) * 3, bought=BOUGHT)
    held = {("a", "gpu0"): HR, ("a", "dram"): HR // 3, (IDLE, "dram"): 2 * HR // 3}
    # a has 1 g of 1 and 1 g of 3, so half of the 2 g of the rest
    assert shared(held, gpu, dram, rest) == {"a": 3_000_000, IDLE: 3_000_000}


def test_a_server_known_only_as_a_whole_is_shared_by_its_processors() -> None:
    rest = asset("rest", ("26.28",) * 3, bought=BOUGHT)
    assert shared({("a", "package"): HR // 4, (IDLE, "package"): 3 * HR // 4}, rest) == {"a": 250_000, IDLE: 750_000}
    assert shared({("a", "gpu0"): HR}, rest) == {UNATTRIBUTED: 1_000_000}


def test_two_of_a_kind_are_shared_as_one() -> None:
    one, two = (asset("package", ("26.28",) * 3, bought=BOUGHT) for _ in range(2))
    assert shared({("a", "package"): HR // 2, (IDLE, "package"): HR // 2}, one, two) == {
        "a": 1_000_000,
        IDLE: 1_000_000,
    }


def test_each_part_has_the_range_of_the_whole_around_it() -> None:
    gpu = asset("gpu0", ("13.14", "26.28", "78.84"), bought=BOUGHT)
    found = embodied(hour(), {Holding("a", "gpu0"): Duration(HR // 4)}, [gpu])
    assert found == {
        ImpactSeries("a", GWP): Bounds(125_000, 250_000, 750_000),
        ImpactSeries(UNATTRIBUTED, GWP): Bounds(375_000, 750_000, 2_250_000),
    }


def test_no_time_and_no_hardware_come_to_nothing() -> None:
    assert embodied(Interval(START, START), {}, [asset("gpu0", H100)]) == {ImpactSeries(UNATTRIBUTED, GWP): Bounds.ZERO}
    assert embodied(hour(), {Holding("a", "gpu0"): HOUR}, []) == {}


def test_a_clock_change_is_no_concern_of_the_hardware() -> None:
    """The local day of 29 March 2026 lasts 23 hours in Paris, that of 25 October 25."""
    gpu = asset("gpu0", ("26.28",) * 3, bought=BOUGHT)
    for begin, hours in ((datetime(2026, 3, 28, 23, tzinfo=UTC), 23), (datetime(2026, 10, 24, 22, tzinfo=UTC), 25)):
        start = int(begin.timestamp()) * 10**9
        assert amortised(gpu, GWP, Interval(start, start + hours * HR)).central == hours * 1_000_000


def test_a_factor_of_a_third_loses_nothing() -> None:
    gpu = asset("gpu0", H100, years="0.333333333333", bought=BOUGHT)
    assert amortised(gpu, GWP, Interval(START, START + YEAR)).central == 273 * KILOGRAM
    assert gpu.life.nanoseconds == round(Decimal("0.333333333333") * YEAR)
