"""What holds of impacts whatever the energies, the factors and the hardware."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.embodied import Asset, amortised
from monitor.core.entries import Holding, Meter, OpenBooks, Series, Share
from monitor.core.hours import reckon
from monitor.core.impact import (
    ENERGY_STEPS,
    Applied,
    Bounds,
    ImpactSeries,
    Indicator,
    Role,
    Terms,
    operational,
    range_of,
)
from monitor.core.interval import HOUR, Interval, Stamp
from monitor.core.readings import Method
from monitor.core.tally import Tally
from monitor.core.uncertainty import METHOD_ERROR, measure_error, together, with_measure
from monitor.core.units import Duration, Energy
from tests.fixtures.factors import applied, asset

HR = HOUR.nanoseconds
NOON = 1_790_000_000 * 10**9 // HR * HR
CONSUMERS = ("a", "b", "c", "_idle", "_unattributed")
RESOURCES = ("package", "dram", "gpu0", "gpu1", "rest")


@st.composite
def three(draw: st.DrawFn, least: str = "0", most: str = "2000", places: int = 3) -> tuple[str, str, str]:
    """Draw a value with its range: low, central, high."""
    numbers = st.decimals(Decimal(least), Decimal(most), places=places, allow_nan=False, allow_infinity=False)
    low, central, high = sorted(draw(st.tuples(numbers, numbers, numbers)))
    return str(low), str(central), str(high)


@st.composite
def works(draw: st.DrawFn, role: Role, least: str = "0", most: str = "2000", places: int = 3) -> Applied:
    low, central, high = draw(three(least, most, places))
    return applied(role, central, low, high)


@st.composite
def all_applied(draw: st.DrawFn) -> tuple[Applied, ...]:
    """Draw a factor for each role, or for some."""
    roles = {
        Role.ELECTRICITY: works(Role.ELECTRICITY),
        Role.MARKET: works(Role.MARKET),
        Role.WATER: works(Role.WATER, most="20"),
        Role.WUE: works(Role.WUE, most="3"),
        Role.PRIMARY_ENERGY: works(Role.PRIMARY_ENERGY, "1", "4"),
        Role.ABIOTIC_RESOURCES: works(Role.ABIOTIC_RESOURCES, most="0.000001", places=14),
        Role.PUE: works(Role.PUE, "1", "3"),
        Role.PRICE: works(Role.PRICE, most="1", places=5),
    }
    chosen = [draw(one) for one in roles.values() if draw(st.booleans())]
    if draw(st.booleans()):
        chosen += [draw(works(Role.SHAPE)), draw(works(Role.SHAPE_LEVEL, "0.001"))]
    return tuple(chosen)


@st.composite
def assets(draw: st.DrawFn) -> Asset:
    return asset(
        draw(st.sampled_from(RESOURCES)),
        draw(three(most="10000")),
        adpe=draw(st.sampled_from(("", "0.0058", "0.00000001"))),
        years=str(draw(st.integers(1, 20))),
        amount=str(draw(st.decimals(Decimal("0.5"), Decimal(2048), places=1))),
        bought=draw(st.none() | st.dates(date(2010, 1, 1), date(2030, 1, 1))),
        share=str(draw(st.decimals(Decimal("0.01"), Decimal(1), places=2))),
    )


energies = st.dictionaries(st.sampled_from(CONSUMERS), st.integers(0, 10**14).map(Energy))
holdings = st.dictionaries(
    st.builds(Holding, st.sampled_from(CONSUMERS), st.sampled_from(RESOURCES)), st.integers(0, 2 * HR).map(Duration)
)
all_terms = st.builds(Terms, st.just("FR"), all_applied(), st.lists(assets(), max_size=6).map(tuple))
hours = st.integers(-200_000, 200_000).map(lambda number: Interval(NOON + number * HR, NOON + (number + 1) * HR))


def in_order(bounds: Bounds) -> bool:
    return 0 <= bounds.low <= bounds.central <= bounds.high


def summed(amounts: Mapping[ImpactSeries, Bounds], indicator: Indicator) -> Bounds:
    return sum((one for key, one in amounts.items() if key.indicator is indicator), Bounds.ZERO)


def apart(one: Bounds, other: Bounds) -> int:
    return max(abs(one.low - other.low), abs(one.central - other.central), abs(one.high - other.high))


@given(st.lists(energies, min_size=1, max_size=6), all_applied())
def test_hours_sum_to_what_their_energy_comes_to_within_half_a_unit_each(
    each: list[dict[str, Energy]], roles: tuple[Applied, ...]
) -> None:
    terms = Terms("FR", roles)
    parts = [operational(energy, terms) for energy in each]
    whole = Energy(sum(one.microjoules for energy in each for one in energy.values()))
    together_at_once = operational({"all": whole}, terms)
    roundings = sum(len(energy) for energy in each)
    for indicator in {Indicator.ENERGY, *terms.rates}:
        by_hour = sum((summed(part, indicator) for part in parts), Bounds.ZERO)
        assert 2 * apart(by_hour, together_at_once[ImpactSeries("all", indicator)]) <= roundings + 1
    assert sum((summed(part, Indicator.ENERGY) for part in parts), Bounds.ZERO).central == whole.microjoules


@given(energies, all_applied())
def test_each_amount_is_within_half_a_unit_of_the_exact_product(
    used: dict[str, Energy], roles: tuple[Applied, ...]
) -> None:
    terms = Terms("FR", roles)
    for key, amount in operational(used, terms).items():
        if key.indicator is not Indicator.ENERGY:
            exact = Fraction(used[key.consumer].microjoules * terms.rates[key.indicator].central, ENERGY_STEPS)
            assert abs(amount.central - exact) <= Fraction(1, 2)


@given(hours, energies, holdings, all_terms)
def test_the_same_hour_comes_to_the_same_whatever_the_order_and_however_often(
    hour: Interval, used: dict[str, Energy], held: dict[Holding, Duration], terms: Terms
) -> None:
    first = reckon(hour, used, held, terms)
    assert reckon(hour, used, held, terms) == first
    backwards = reckon(
        hour,
        dict(reversed(used.items())),
        dict(reversed(held.items())),
        replace(terms, applied=terms.applied[::-1], assets=terms.assets[::-1]),
    )
    assert backwards.amounts == first.amounts


@given(hours, energies, holdings, all_terms)
def test_low_central_and_high_are_in_order_with_the_error_of_the_meters_and_together(
    hour: Interval, used: dict[str, Energy], held: dict[Holding, Duration], terms: Terms
) -> None:
    amounts = reckon(hour, used, held, terms).amounts
    assert all(in_order(one) for one in amounts.values())
    for method in Method:
        measured = [with_measure(one, METHOD_ERROR[method]) for one in amounts.values()]
        assert all(in_order(one) for one in measured)
        assert all(
            wide.low <= one.low and one.high <= wide.high for wide, one in zip(measured, amounts.values(), strict=True)
        )
        assert in_order(together(measured))
    assert together(amounts.values()).central == sum(one.central for one in amounts.values())


@given(st.lists(st.tuples(st.integers(0, 10**15), st.sampled_from(Method)), max_size=8))
def test_meters_together_are_as_sure_as_the_worst_at_least_and_no_surer_than_chance_allows(
    meters: list[tuple[int, Method]],
) -> None:
    energies = {Meter(f"gpu{number}", method): Energy(amount) for number, (amount, method) in enumerate(meters)}
    error = measure_error(energies)
    alone = [METHOD_ERROR[meter.method] for meter, energy in energies.items() if energy.microjoules]
    if alone:
        whole = sum(energy.microjoules for energy in energies.values())
        assert min(alone) ** 2 / len(alone) <= error**2
        assert error <= max(alone) + Fraction(1, whole)


@given(hours, holdings, st.lists(assets(), max_size=6))
def test_the_parts_of_the_hardware_sum_to_what_is_written_off(
    hour: Interval, held: dict[Holding, Duration], owned: list[Asset]
) -> None:
    amounts = reckon(hour, {}, held, Terms("FR", (), tuple(owned))).amounts
    for indicator in (Indicator.GWP_EMBODIED, Indicator.ADPE_EMBODIED):
        wholes = [amortised(one, indicator, hour) for one in owned]
        parts = summed(amounts, indicator)
        assert parts.central == sum(one.central for one in wholes)
        counted = [one for one in wholes if one.central]
        assert parts.low <= sum(one.low for one in counted)
        assert parts.high >= sum(one.high for one in counted)


@given(assets(), st.lists(st.integers(0, 30 * 8760 * HR), min_size=2, max_size=8))
def test_what_is_written_off_sums_over_time_to_the_whole_and_no_more(one: Asset, edges: list[int]) -> None:
    start = one.begin if one.begin is not None else NOON
    moments = [start + edge for edge in sorted(edges)]
    parts = [amortised(one, Indicator.GWP_EMBODIED, Interval(*pair)).central for pair in pairwise(moments)]
    assert sum(parts) == amortised(one, Indicator.GWP_EMBODIED, Interval(moments[0], moments[-1])).central
    life = Interval(start, start + one.life.nanoseconds)
    cost = one.making[Indicator.GWP_EMBODIED].central
    assert cost == range_of(one.gwp).central * Fraction(one.amount) * Fraction(one.share) * 10**9
    if one.bought is not None:
        assert amortised(one, Indicator.GWP_EMBODIED, life).central == cost // 1
        assert sum(parts) <= cost


@given(holdings, st.lists(assets(), min_size=1, max_size=4), st.integers(1, HR))
def test_nobody_s_part_of_the_hardware_depends_on_what_the_others_are_called(
    held: dict[Holding, Duration], owned: list[Asset], length: int
) -> None:
    """But for the unit that rounding gives to one or another."""
    names = {"a": "z", "b": "y", "c": "x"}
    renamed = {replace(key, consumer=names.get(key.consumer, key.consumer)): time for key, time in held.items()}
    interval = Interval(NOON, NOON + length)
    terms = Terms("FR", (), tuple(owned))
    before, after = (reckon(interval, {}, it, terms).amounts for it in (held, renamed))
    for key, bounds in before.items():
        other = after.get(replace(key, consumer=names.get(key.consumer, key.consumer)), Bounds.ZERO)
        assert abs(bounds.central - other.central) <= 2 * len(RESOURCES)


ticks = st.lists(st.tuples(st.integers(1, 10**10), st.integers(0, 10**13), st.booleans(), st.booleans()), max_size=20)


@given(ticks, all_applied())
def test_counters_are_the_energy_of_the_known_time_exactly_and_never_fall(
    each: list[tuple[int, int, bool, bool]], roles: tuple[Applied, ...]
) -> None:
    """Over ticks of any length, with and without a zone, and restarts in between."""
    terms, tally = Terms("FR", roles), Tally(None)
    now, energy, counted = 0, 0, 0
    shown: dict[ImpactSeries, int] = {}
    for length, more, known, restarted in each:
        now, energy, counted = now + length, energy + more, counted + more * known
        series = {Series("a", "package", Share.ACTIVE, Method.COUNTER): Energy(energy)}
        books = OpenBooks(at=Stamp(NOON + now, now), boot_id="boot", closed_through=NOON, energy=series)
        tally.book(books, {}, terms if known else None)
        counters = tally.counters()
        for key, one in counters.items():
            assert one.units * ENERGY_STEPS + one.rest >= shown.get(key, 0)
            assert 0 <= one.rest < ENERGY_STEPS
        assert shown.keys() <= counters.keys()
        shown = {key: one.units * ENERGY_STEPS + one.rest for key, one in counters.items()}
        if restarted:
            tally = Tally(replace(books, impacts=counters))
    for indicator in (Indicator.GWP_USE, Indicator.WATER_SITE, Indicator.WATER_GRID):
        if indicator in terms.rates:
            assert shown.get(ImpactSeries("a", indicator), 0) == counted * terms.rates[indicator].central
