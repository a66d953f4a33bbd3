"""Whatever is corrected, every joule that is measured then has one owner."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.corrections import HourBook, declared, moved, struck
from monitor.core.entries import Meter, Series, Share
from monitor.core.readings import Method

HR = 3600 * 10**9
CONSUMERS = ("assistant", "search", "_other", "_idle")
METERS = tuple(Meter(resource, method) for resource in ("package", "gpu0") for method in Method)


@st.composite
def books(draw: st.DrawFn) -> list[HourBook]:
    """Return some hours in which what was measured is shared out whole."""
    found = []
    for start in range(draw(st.integers(1, 5))):
        entries = draw(
            st.dictionaries(
                st.builds(
                    lambda consumer, meter, share: Series(consumer, meter.resource, share, meter.method),
                    st.sampled_from(CONSUMERS),
                    st.sampled_from(METERS),
                    st.sampled_from(tuple(Share)),
                ),
                st.integers(1, 10**15),
                max_size=8,
            )
        )
        measured: Counter[Meter] = Counter()
        for one, energy in entries.items():
            measured[Meter(one.resource, one.method)] += energy
        covered = {one.resource: draw(st.integers(1, HR)) for one in entries}
        found.append(HourBook(start * HR, entries, dict(measured), covered))
    return found


def is_balanced(hour: HourBook) -> bool:
    shared: Counter[Meter] = Counter()
    for one, energy in hour.entries.items():
        assert energy > 0
        shared[Meter(one.resource, one.method)] += energy
    return dict(shared) == dict(hour.measured)


def of(hours: list[HourBook], consumer: str) -> int:
    return sum(energy for hour in hours for one, energy in hour.entries.items() if one.consumer == consumer)


@given(books(), st.data())
def test_what_is_moved_is_neither_lost_nor_made(hours: list[HourBook], data: st.DataObject) -> None:
    whole = of(hours, "assistant")
    if not whole:
        return
    amount = data.draw(st.integers(1, whole))
    before = of(hours, "search")
    made = list(moved(hours, lambda one, _: one.consumer == "assistant", "search", amount, whole))
    assert (of(made, "assistant"), of(made, "search")) == (whole - amount, before + amount)
    assert [hour.measured for hour in made] == [hour.measured for hour in hours]
    assert all(is_balanced(hour) for hour in made)


@given(books(), st.integers(1, 10**15), st.data())
def test_what_is_declared_is_spread_over_what_was_missed(
    hours: list[HourBook], amount: int, data: st.DataObject
) -> None:
    missing = {hour.start: data.draw(st.integers(0, HR)) for hour in hours}
    missing[hours[0].start] += 1
    made = list(declared(hours, "dram", "search", amount, missing))
    added = [new.measured.get(Meter("dram", Method.DECLARED), 0) for new in made]
    assert sum(added) == amount
    for part, hour in zip(added, hours, strict=True):
        assert abs(part - amount * missing[hour.start] / sum(missing.values())) <= 1 + amount * 1e-15
    assert all(is_balanced(hour) for hour in made)


@given(books())
def test_what_is_struck_out_leaves_the_rest_whole(hours: list[HourBook]) -> None:
    made = list(struck(hours, "gpu0"))
    for old, new in zip(hours, made, strict=True):
        assert is_balanced(new)
        kept = {one: energy for one, energy in old.measured.items() if one.resource != "gpu0"}
        stated = {one: energy for one, energy in old.measured.items() if one == Meter("gpu0", Method.DECLARED)}
        assert new.measured == kept | stated
        assert new.struck == ({"gpu0": old.covered["gpu0"]} if "gpu0" in old.covered else {})
    assert list(struck(made, "gpu0")) == made
