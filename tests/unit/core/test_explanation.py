from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.embodied import embodied
from monitor.core.entries import IDLE, Holding, Meter, Series, Share
from monitor.core.explanation import CHAINS, Bound, Explanation, Stretch, by_meter, explain, hardware_of
from monitor.core.hours import reckon
from monitor.core.impact import RATE_STEPS, Bounds, ImpactSeries, Indicator, Role, Terms, rates_of
from monitor.core.interval import HOUR, Interval
from monitor.core.readings import Method
from monitor.core.uncertainty import emissions
from monitor.core.units import MICROJOULES_PER_KILOWATT_HOUR, Duration, Energy
from tests.fixtures.factors import H100, applied, asset

START = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 10**9
HR = HOUR.nanoseconds
KWH = MICROJOULES_PER_KILOWATT_HOUR
EVERYTHING = (
    applied(Role.PUE, "1.6", "1.3", "2.0"),
    applied(Role.ELECTRICITY, "52.0", "49", "78.55024"),
    applied(Role.SHAPE, "43.2"),
    applied(Role.SHAPE_LEVEL, "38.1", "30", "50"),
    applied(Role.MARKET, "10", "5", "20"),
    applied(Role.WATER, "4.1", "2", "6"),
    applied(Role.WUE, "0.3", "0.1", "0.5"),
    applied(Role.PRIMARY_ENERGY, "1.9"),
    applied(Role.ABIOTIC_RESOURCES, "0.00000004858", "0.00000002429", "0.00000007287"),
    applied(Role.PRICE, "0.21"),
)
UNITS = {
    Indicator.FACILITY_ENERGY: KWH,
    Indicator.GWP_USE: 10**6,
    Indicator.GWP_USE_MARKET: 10**6,
    Indicator.WATER_GRID: 10**6,
    Indicator.WATER_SITE: 10**6,
    Indicator.PRIMARY_ENERGY: KWH,
    Indicator.ADPE_USE: 10**15,
    Indicator.COST: 10**6,
}


@dataclass(frozen=True)
class Facts:
    start: int
    energies: Mapping[str, Energy]
    reserved: Mapping[Holding, Duration]


def hours(count: int, *, first: int = 0) -> Interval:
    return Interval(START + first * HR, START + (first + count) * HR)


def stretch(terms: Terms, interval: Interval, facts: list[Facts], service: str = "a") -> Stretch:
    """Return what the ledger would say of *service* after it has reckoned each hour by itself."""
    sums: dict[Indicator, Bounds] = {}
    energy = 0
    for one in facts:
        if interval.start <= one.start < interval.end:
            energy += one.energies.get(service, Energy.ZERO).microjoules
            found = reckon(Interval(one.start, one.start + HR), one.energies, one.reserved, terms)
            for key, amount in found.amounts.items():
                if key.consumer == service:
                    sums[key.indicator] = sums.get(key.indicator, Bounds.ZERO) + amount
    return Stretch(terms, 0, (interval,), Energy(energy), sums)


def facts(count: int, energy: int, held: Mapping[tuple[str, str], int]) -> list[Facts]:
    reserved = {Holding(*key): Duration(time) for key, time in held.items()}
    return [Facts(START + number * HR, {"a": Energy(energy)}, reserved) for number in range(count)]


def same(consumer: str, _: int) -> str:
    return consumer


def explained(*stretches: Stretch) -> Explanation:
    meter = Meter("package", Method.COUNTER)
    energy = Energy(sum(one.energy.microjoules for one in stretches))
    return explain("a", hours(100), {meter: energy}, stretches, ())


def test_every_chain_multiplies_as_the_rates_do() -> None:
    rates = rates_of(EVERYTHING)
    assert rates.keys() == CHAINS.keys()
    found = Stretch(Terms("FR", EVERYTHING), 0, (hours(1),), Energy(KWH), dict.fromkeys(rates, Bounds.ZERO))
    for step in found.steps:
        rate = rates[step.indicator]
        for bound, steps in ((Bound.LOW, rate.low), (Bound.CENTRAL, rate.central), (Bound.HIGH, rate.high)):
            assert round(step.product(Fraction(1), bound) * UNITS[step.indicator] * RATE_STEPS) == steps, step


def test_without_a_pue_the_machine_alone_is_multiplied() -> None:
    terms = Terms("FR", (applied(Role.ELECTRICITY, "52.0"),))
    found = stretch(terms, hours(1), facts(1, KWH, {}))
    (step,) = found.steps
    assert step.product(Fraction(2), Bound.CENTRAL) == 104
    assert [one.role for one, _ in step.multipliers(Bound.CENTRAL)] == [Role.ELECTRICITY]
    assert step.booked == Bounds(52_000_000, 52_000_000, 52_000_000)


def test_an_indicator_that_is_not_known_has_no_step() -> None:
    found = stretch(Terms("FR", (applied(Role.ELECTRICITY, "52"), applied(Role.WUE, "1"))), hours(1), facts(1, KWH, {}))
    assert [step.indicator for step in found.steps] == [Indicator.GWP_USE, Indicator.WATER_SITE]


def test_a_live_intensity_gives_the_shape_of_the_level() -> None:
    found = stretch(Terms("FR", EVERYTHING), hours(1), facts(1, KWH, {}))
    assert found.intensity == Fraction("52.0") * Fraction("43.2") / Fraction("38.1")


@given(st.lists(st.integers(0, 10**13), min_size=1, max_size=30))
def test_the_ledgers_sum_is_the_product_but_for_half_a_unit_an_hour(energies: list[int]) -> None:
    booked = [Facts(START + number * HR, {"a": Energy(one)}, {}) for number, one in enumerate(energies)]
    found = stretch(Terms("FR", EVERYTHING), hours(len(energies)), booked)
    for step in found.steps:
        product = step.product(Fraction(found.energy.microjoules, KWH), Bound.CENTRAL) * UNITS[step.indicator]
        rounding = Fraction(len(energies), 2) + Fraction(found.energy.microjoules, KWH * RATE_STEPS)
        assert abs(product - step.booked.central) <= rounding


def test_the_totals_are_the_sums_of_the_stretches_in_order_of_time() -> None:
    late = stretch(Terms("FR", EVERYTHING), hours(5, first=5), facts(10, KWH, {}))
    early = stretch(Terms("FR", EVERYTHING[:2]), hours(5), facts(10, KWH // 3, {}))
    found = explained(late, early)
    assert found.stretches == (early, late)
    assert found.totals[Indicator.GWP_USE] == early.impacts[Indicator.GWP_USE] + late.impacts[Indicator.GWP_USE]
    assert found.totals[Indicator.COST] == late.impacts[Indicator.COST]
    assert found.emissions == emissions(
        found.totals[Indicator.GWP_USE], None, {Meter("package", Method.COUNTER): found.energy}
    )


def test_the_mean_intensity_is_by_energy() -> None:
    clean = stretch(Terms("FR", (applied(Role.ELECTRICITY, "20"),)), hours(1), facts(2, KWH, {}))
    dirty = stretch(Terms("FR", (applied(Role.ELECTRICITY, "80"),)), hours(1, first=1), facts(2, 3 * KWH, {}))
    assert explained(clean, dirty).mean_intensity == 65
    assert explained().mean_intensity is None


def test_the_energy_whose_impacts_are_not_known_is_not_among_the_known() -> None:
    found = explain(
        "a",
        hours(2),
        {Meter("package", Method.COUNTER): Energy(3), Meter("gpu0", Method.MODELLED): Energy(4)},
        [stretch(Terms("FR", EVERYTHING), hours(1), facts(1, 5, {}))],
        (),
    )
    assert (found.energy, found.known) == (Energy(7), Energy(5))
    assert [(one.meter.resource, one.error) for one in found.measured] == [
        ("gpu0", Fraction(1, 2)),
        ("package", Fraction(1, 10)),
    ]
    assert Fraction(2, 7) < found.error < Fraction(1, 2)


def test_energy_is_told_by_meter() -> None:
    energies = {
        Series("a", "gpu0", Share.ACTIVE, Method.COUNTER): Energy(1),
        Series("a", "gpu0", Share.RESIDENCY, Method.COUNTER): Energy(2),
        Series("a", "gpu0", Share.ACTIVE, Method.INTEGRATED): Energy(4),
    }
    assert by_meter(energies) == {
        Meter("gpu0", Method.COUNTER): Energy(3),
        Meter("gpu0", Method.INTEGRATED): Energy(4),
    }


def test_the_parts_of_the_hardware_sum_to_what_the_ledger_has() -> None:
    assets = (
        asset("gpu0", H100, adpe="0.005"),
        asset("package", ("20", "25", "31")),
        asset("rest", ("300", "500", "700"), bought=date(2026, 1, 2)),
    )
    booked = facts(40, KWH, {("a", "gpu0"): HR // 3, ("b", "gpu0"): HR // 7, ("a", "package"): HR // 11})
    terms = Terms("FR", EVERYTHING, assets)
    one = stretch(terms, hours(40), booked)
    found = hardware_of("a", [one], booked, HOUR, same)
    assert [part.resource for part in found] == ["gpu0", "package", "rest"]
    for indicator in (Indicator.GWP_EMBODIED, Indicator.ADPE_EMBODIED):
        parts = [part.part[indicator] for part in found if indicator in part.part]
        assert sum(parts, Bounds.ZERO) == one.impacts[indicator]
    gpu, _, rest = found
    assert gpu.assets[0].time == Duration(40 * HR)
    assert rest.assets[0].time == Duration(16 * HR)
    assert rest.whole[Indicator.GWP_EMBODIED].central == 500 * 10**9 * 16 // (3 * 8760)


def test_an_hour_of_which_nothing_is_known_is_written_off_and_nobodys() -> None:
    assets = (asset("gpu0", H100),)
    known = facts(1, KWH, {("a", "gpu0"): HR})
    one = stretch(Terms("FR", EVERYTHING, assets), hours(2), known)
    (gpu,) = hardware_of("a", [one], known, HOUR, same)
    assert gpu.assets[0].time == Duration(2 * HR)
    part, whole = (of[Indicator.GWP_EMBODIED].central for of in (gpu.part, gpu.whole))
    assert whole - 1 <= 2 * part <= whole + 1


def test_a_service_has_what_it_held_under_the_key_that_it_had_before() -> None:
    assets = (asset("gpu0", H100),)
    booked = facts(4, KWH, {("old", "gpu0"): HR // 2, (IDLE, "gpu0"): HR // 2})
    one = stretch(Terms("FR", EVERYTHING, assets), hours(4), booked)

    def goes_as(consumer: str, at: int) -> str:
        return "a" if consumer == "old" and at < START + 2 * HR else consumer

    (gpu,) = hardware_of("a", [one], booked, HOUR, goes_as)
    expected = [
        amount
        for fact in booked[:2]
        for key, amount in embodied(Interval(fact.start, fact.start + HR), fact.reserved, assets).items()
        if key == ImpactSeries("old", Indicator.GWP_EMBODIED)
    ]
    assert gpu.part[Indicator.GWP_EMBODIED] == sum(expected, Bounds.ZERO)


def test_hardware_that_was_counted_otherwise_in_some_hours_is_told_apart() -> None:
    before, after = (asset("gpu0", H100),), (asset("gpu0", ("100", "100", "100")),)
    booked = facts(2, KWH, {("a", "gpu0"): HR})
    first = stretch(Terms("FR", EVERYTHING, before), hours(1), booked)
    second = stretch(Terms("FR", EVERYTHING, after), hours(1, first=1), booked)
    found = hardware_of("a", [first, second], booked, HOUR, same)
    assert [part.assets[0].asset for part in found] == [before[0], after[0]]
    assert hardware_of("a", [stretch(Terms("FR", EVERYTHING), hours(1), booked)], booked, HOUR, same) == ()
