"""What holds of the making of hardware whatever it cost, however long it lasts, and whoever holds it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.embodied import Asset, amortised, embodied
from monitor.core.entries import UNATTRIBUTED, Holding
from monitor.core.impact import Bounds, Indicator
from monitor.core.interval import HOUR, Interval
from monitor.core.units import Duration
from tests.fixtures.factors import asset

GWP, ADPE = Indicator.GWP_EMBODIED, Indicator.ADPE_EMBODIED
HR = HOUR.nanoseconds
BOUGHT = date(2024, 3, 1)
START = int(datetime(2024, 3, 1, tzinfo=UTC).timestamp()) * 10**9
CONSUMERS = ("a", "b", "_idle", "_other")

figures = st.decimals(Decimal("0.001"), Decimal(10_000), places=3)
lifetimes = st.decimals(Decimal("0.5"), Decimal(20), places=1)
parts = st.decimals(Decimal("0.01"), Decimal(1), places=2)


@st.composite
def assets(draw: st.DrawFn, resource: str = "") -> Asset:
    low, central, high = sorted(draw(st.tuples(figures, figures, figures)))
    made = asset(
        resource or draw(st.sampled_from(("package", "dram", "gpu0", "rest"))),
        (str(low), str(central), str(high)),
        adpe=str(draw(st.decimals(Decimal("0.0001"), Decimal(1), places=4))),
        years=str(draw(lifetimes)),
        bought=draw(st.sampled_from((None, BOUGHT))),
    )
    return replace(made, share=draw(parts))


@st.composite
def held(draw: st.DrawFn) -> dict[Holding, Duration]:
    """Draw who held each resource in an hour, for no longer than it lasted."""
    times: dict[Holding, Duration] = {}
    for resource in ("package", "dram", "gpu0"):
        room = HR
        for consumer in draw(st.lists(st.sampled_from(CONSUMERS), unique=True)):
            time = draw(st.integers(0, room))
            room -= time
            times[Holding(consumer, resource)] = Duration(time)
    return times


def sum_of(amounts: list[Bounds]) -> Bounds:
    return sum(amounts, Bounds.ZERO)


@given(st.lists(assets(), min_size=1, max_size=5), st.lists(held(), min_size=1, max_size=4), st.integers(0, 9000))
def test_the_parts_sum_exactly_to_the_whole_over_consumers_and_over_hours_that_join(
    owned: list[Asset], hours: list[dict[Holding, Duration]], first: int
) -> None:
    begin = START + first * HR
    whole = Interval(begin, begin + len(hours) * HR)
    for indicator in (GWP, ADPE):
        parts_of_hours = [
            bounds.central
            for number, reserved in enumerate(hours)
            for key, bounds in embodied(
                Interval(begin + number * HR, begin + (number + 1) * HR), reserved, owned
            ).items()
            if key.indicator is indicator
        ]
        assert sum(parts_of_hours) == sum(amortised(one, indicator, whole).central for one in owned)


@given(st.lists(assets(), min_size=1, max_size=5), held(), st.integers(0, 200_000), st.integers(1, HR))
def test_low_central_and_high_are_in_order_for_every_consumer(
    owned: list[Asset], reserved: dict[Holding, Duration], first: int, length: int
) -> None:
    begin = START + first * HR
    for bounds in embodied(Interval(begin, begin + length), reserved, owned).values():
        assert 0 <= bounds.low <= bounds.central <= bounds.high


@given(assets("gpu0"), st.integers(0, HR))
def test_the_time_of_which_nothing_is_known_is_nobodys(one: Asset, known: int) -> None:
    hour = Interval(START, START + HR)
    reserved = {Holding("a", "gpu0"): Duration(known)}
    found = {
        key.consumer: bounds.central for key, bounds in embodied(hour, reserved, [one]).items() if key.indicator is GWP
    }
    whole = amortised(one, GWP, hour).central
    exact = Fraction(whole * (HR - known), HR)
    assert abs(found.get(UNATTRIBUTED, 0) - exact) < 1
    assert set(found) <= {"a", UNATTRIBUTED}


@given(st.lists(assets(), min_size=1, max_size=4))
def test_where_nothing_at_all_is_known_everything_is_nobodys(owned: list[Asset]) -> None:
    hour = Interval(START, START + HR)
    found = embodied(hour, {}, owned)
    assert {key.consumer for key in found} <= {UNATTRIBUTED}
    total = sum_of([bounds for key, bounds in found.items() if key.indicator is GWP])
    assert total.central == sum_of([amortised(one, GWP, hour) for one in owned]).central


@given(assets(), st.integers(2, 64), st.integers(0, 9000))
def test_the_virtual_machines_of_a_host_have_no_more_than_its_hardware(one: Asset, machines: int, number: int) -> None:
    """Of as many equal parts each is the whole divided, to a unit: the rest is lost to nobody but rounding."""
    hour = Interval(START + number * HR, START + (number + 1) * HR)
    host = replace(one, share=Decimal(1))
    guest = replace(one, share=Decimal(1) / 64)
    whole, part = amortised(host, GWP, hour).central, amortised(guest, GWP, hour).central
    assert abs(Fraction(whole, 64) - part) <= 1
    assert machines * part <= whole * Fraction(machines, 64) + machines


@given(assets())
def test_over_its_life_all_of_it_is_written_off_and_nothing_before_or_after(one: Asset) -> None:
    bought = replace(one, bought=BOUGHT)
    end = START + bought.life.nanoseconds
    long_before, long_after = START - 50 * 8760 * HR, end + 50 * 8760 * HR
    made = bought.making[GWP]
    assert amortised(bought, GWP, Interval(long_before, long_after)).central == int(made.central)
    assert amortised(bought, GWP, Interval(START, end)).central == int(made.central)
    assert amortised(bought, GWP, Interval(long_before, START)) == Bounds.ZERO
    assert amortised(bought, GWP, Interval(end, long_after)) == Bounds.ZERO


@given(assets(), lifetimes, st.integers(0, 4000))
def test_who_keeps_it_twice_as_long_has_half_of_it_an_hour(one: Asset, years: Decimal, number: int) -> None:
    hour = Interval(START + number * HR, START + (number + 1) * HR)
    short = replace(one, bought=None, lifetime=replace(one.lifetime, value=years))
    long = replace(one, bought=None, lifetime=replace(one.lifetime, value=2 * years))
    assert abs(amortised(short, GWP, hour).central - 2 * amortised(long, GWP, hour).central) <= 2


@given(assets(), st.integers(-400, 400))
def test_the_day_that_it_was_bought_moves_its_life_and_changes_nothing_else(one: Asset, days: int) -> None:
    day = timedelta(days=days)
    earlier, later = replace(one, bought=BOUGHT), replace(one, bought=BOUGHT + day)
    shift = days * 24 * HR
    span = Interval(START + 5 * HR, START + 29 * HR)
    assert amortised(earlier, GWP, span) == amortised(later, GWP, Interval(span.start + shift, span.end + shift))
