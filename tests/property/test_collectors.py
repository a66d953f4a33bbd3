from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from collectors._nvml import Sample
from collectors.nvidia import mean_percents
from collectors.rapl import ALIKE, Counter, Zone
from monitor.core.units import Energy, Power

RANGE = 65_532_610_987
SECOND = 1_000_000


class Register:
    """A counter of the hardware, read as a file: it shows one value after the other."""

    def __init__(self, values: Iterator[int]) -> None:
        self._values = values

    def read(self) -> int:
        return next(self._values) % RANGE


def die(number: int, register: Register) -> Counter:
    zone = Zone(Path(f"intel-rapl:{number}"), f"package-0-die-{number}", "package", "0", number)
    return Counter(zone, cast("Any", register), Energy(RANGE), Power.from_watts(1000))


@given(start=st.integers(0, 2 * RANGE), steps=st.lists(st.integers(0, 50_000_000), min_size=2, max_size=2))
def test_two_views_of_one_counter_are_always_seen_as_one(start: int, steps: list[int]) -> None:
    """Defect 26: whenever it wraps, and however long the reader was held up between two reads."""
    one = Register(iter([start, start + steps[0], start + sum(steps)]))
    assert die(1, one).mirrors(die(0, one))


@given(
    start=st.integers(0, 2 * RANGE),
    steps=st.lists(st.integers(0, 1_000_000), min_size=2, max_size=2),
    apart=st.integers(ALIKE.microjoules + 2_000_001, RANGE - 2 * ALIKE.microjoules - 2_000_001),
)
def test_two_counters_that_stand_apart_are_never_seen_as_one(start: int, steps: list[int], apart: int) -> None:
    """Defect 26, the other way round."""
    first = Register(iter([start, start + sum(steps)]))
    second = Register(iter([start + steps[0] + apart]))
    assert not die(1, second).mirrors(die(0, first))


samples = st.lists(
    st.builds(Sample, pid=st.integers(1, 5), moment=st.integers(1, 60 * SECOND), percent=st.integers(1, 100)),
    min_size=1,
    max_size=30,
)


@given(rows=samples, since=st.integers(0, 60 * SECOND))
def test_whoever_computed_has_a_share_of_the_cards_time_and_nobody_else(rows: list[Sample], since: int) -> None:
    after = [row for row in rows if row.moment > since]
    shares = mean_percents(after, since)
    assert shares.keys() == {row.pid for row in after}
    assert all(1 <= share <= 100 for share in shares.values())


@given(
    percent=st.integers(1, 100),
    periods=st.integers(2, 40),
    period=st.integers(100_000, SECOND),
    start=st.integers(1, 1 << 50),
)
def test_steady_use_is_its_mean_however_often_it_was_sampled(
    percent: int, periods: int, period: int, start: int
) -> None:
    each = [Sample(1, start + number * period, percent) for number in range(1, periods + 1)]
    assert mean_percents(each, start) == {1: percent}
    assert mean_percents([Sample(1, start + periods * period, percent)], start) == {1: percent}
