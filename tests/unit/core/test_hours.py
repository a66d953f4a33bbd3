from monitor.core.entries import UNATTRIBUTED, Holding, Series, Share
from monitor.core.hours import by_consumer, reckon
from monitor.core.impact import Bounds, ImpactSeries, Indicator, Role, Terms
from monitor.core.interval import HOUR, Interval
from monitor.core.readings import Method
from monitor.core.units import MICROJOULES_PER_KILOWATT_HOUR, Duration, Energy
from tests.fixtures.factors import applied, asset

KWH = MICROJOULES_PER_KILOWATT_HOUR
NOON = Interval(497_222 * HOUR.nanoseconds, 497_223 * HOUR.nanoseconds)
TERMS = Terms("FR", (applied(Role.ELECTRICITY, "51.9", "31", "58"),), (asset("gpu0", ("26.28",) * 3),))


def test_an_hour_comes_to_its_use_and_its_part_of_the_hardware() -> None:
    found = reckon(NOON, {"a": Energy(KWH)}, {Holding("a", "gpu0"): Duration(HOUR.nanoseconds // 4)}, TERMS)
    assert (found.start, found.terms) == (NOON.start, TERMS)
    assert found.amounts == {
        ImpactSeries("a", Indicator.ENERGY): Bounds(KWH, KWH, KWH),
        ImpactSeries("a", Indicator.GWP_USE): Bounds(31_000_000, 51_900_000, 58_000_000),
        ImpactSeries("a", Indicator.GWP_EMBODIED): Bounds(250_000, 250_000, 250_000),
        ImpactSeries(UNATTRIBUTED, Indicator.GWP_EMBODIED): Bounds(750_000, 750_000, 750_000),
    }


def test_an_hour_of_which_nothing_was_measured_has_its_part_of_the_hardware_and_nobody_to_give_it_to() -> None:
    found = reckon(NOON, {}, {}, TERMS)
    assert found.amounts == {
        ImpactSeries(UNATTRIBUTED, Indicator.GWP_EMBODIED): Bounds(1_000_000, 1_000_000, 1_000_000)
    }


def test_the_energy_of_a_consumer_is_that_of_all_its_series() -> None:
    entries = {
        Series("a", "package", Share.ACTIVE, Method.COUNTER): Energy(3),
        Series("a", "package", Share.FLOOR, Method.COUNTER): Energy(4),
        Series("a", "gpu0", Share.ACTIVE, Method.MODELLED): Energy(5),
        Series("b", "package", Share.ACTIVE, Method.COUNTER): Energy(6),
    }
    assert by_consumer(entries) == {"a": Energy(12), "b": Energy(6)}
    assert by_consumer({}) == {}
