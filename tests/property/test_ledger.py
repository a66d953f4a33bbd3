"""Whatever impacts are committed and restated, in whatever lots: sums add up, and nothing is booked twice."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.entries import Bucket
from monitor.core.hours import reckon
from monitor.core.impact import Bounds, HourImpacts, ImpactSeries, Indicator, Terms
from monitor.core.interval import HOUR, Interval, Stamp
from monitor.core.units import Energy
from monitor.ledger.periods import Periods
from monitor.ledger.store import Ledger
from monitor.ledger.verify import verify
from tests.contract.bookkeeping import PARIS, START, books_of, hour_bucket, series
from tests.contract.reckoned import CARD, SERVER, terms
from tests.fixtures.ledgers import empty_ledger

HR = HOUR.nanoseconds
HOURS = 30
END = START + HOURS * HR
TERMS = (terms(), terms("41.2", filled=True), terms("60", assets=(SERVER, CARD)))

numbers = st.integers(0, HOURS)
amounts = st.integers(0, 2**63 - 1)
bounds = st.lists(amounts, min_size=3, max_size=3).map(lambda three: Bounds(*sorted(three)))
keys = st.builds(ImpactSeries, st.sampled_from(["assistant", "search", "_idle"]), st.sampled_from(list(Indicator)[:4]))
hours = st.builds(
    HourImpacts,
    st.integers(0, HOURS - 1).map(lambda number: START + number * HR),
    st.dictionaries(keys, bounds, max_size=5),
    st.sampled_from(TERMS),
)
many = st.lists(hours, max_size=12, unique_by=lambda hour: hour.start).map(
    lambda found: sorted(found, key=lambda hour: hour.start)
)
spans = st.tuples(numbers, numbers).map(lambda pair: Interval(START + min(pair) * HR, START + max(pair) * HR))


@contextmanager
def new_ledger() -> Iterator[Ledger]:
    with tempfile.TemporaryDirectory() as name:
        url = empty_ledger(Path(name) / "ledger.db")
        with Ledger.open(url, host="h", timezone=PARIS, now=Stamp(START, 0)) as ledger:
            yield ledger


def commit(ledger: Ledger, closed: Sequence[Bucket], reached: Sequence[HourImpacts]) -> None:
    ledger.commit(books_of(closed, END), closed, [], [], impacts=reached)


def added(found: Mapping[int, HourImpacts], within: Interval) -> dict[ImpactSeries, Bounds]:
    sums: dict[ImpactSeries, Bounds] = {}
    for start, hour in found.items():
        if within.start <= start < within.end:
            for key, amount in hour.amounts.items():
                sums[key] = sums.get(key, Bounds.ZERO) + amount
    return sums


def contents(ledger: Ledger) -> list[tuple[object, ...]]:
    with ledger.transaction() as connection:
        return [
            tuple(row)
            for table in ("hour_impacts", "hour_terms", "impact_generations")
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}")  # noqa: S608 - no input
        ]


def together(one: Mapping[ImpactSeries, Bounds], other: Mapping[ImpactSeries, Bounds]) -> dict[ImpactSeries, Bounds]:
    keys = one.keys() | other.keys()
    return {key: one.get(key, Bounds.ZERO) + other.get(key, Bounds.ZERO) for key in keys}


@settings(max_examples=25, deadline=None)
@given(many, st.lists(numbers, max_size=4), st.data())
def test_the_same_hours_in_whatever_lots_and_however_often_are_there_once(
    reached: list[HourImpacts], cuts: list[int], data: st.DataObject
) -> None:
    with new_ledger() as whole, new_ledger() as pieces:
        commit(whole, [], reached)
        edges = sorted({0, *(min(cut, len(reached)) for cut in cuts), len(reached)})
        lots = [reached[first:last] for first, last in pairwise(edges)]
        for lot in data.draw(st.lists(st.sampled_from(lots), max_size=3) if lots else st.just([])):
            commit(pieces, [], lot)
        for lot in lots:
            commit(pieces, [], lot)
        everything = Interval(START, END)
        assert pieces.impacts(everything) == whole.impacts(everything)
        assert [one.terms for one in pieces.applied(everything)] == [one.terms for one in whole.applied(everything)]


@settings(max_examples=25, deadline=None)
@given(many, st.lists(st.tuples(spans, many), max_size=4), st.lists(numbers, min_size=3, max_size=3))
def test_sums_add_up_over_time_whatever_was_restated(
    reached: list[HourImpacts], restated: list[tuple[Interval, list[HourImpacts]]], three: list[int]
) -> None:
    with new_ledger() as ledger:
        commit(ledger, [], reached)
        expected = {hour.start: hour for hour in reached}
        periods, now = Periods(ledger), Stamp(END, 0)
        periods.of(books_of([], END), now)
        for number, (interval, found) in enumerate(restated):
            inside = [hour for hour in found if interval.start <= hour.start < interval.end]
            ledger.restate(inside, interval, made=number, author="a", reason="r", factor_set="s")
            expected = {
                start: hour for start, hour in expected.items() if not interval.start <= start < interval.end
            } | {hour.start: hour for hour in inside}
            before = contents(ledger)
            assert ledger.restate(inside, interval, made=99, author="b", reason="again", factor_set="s") is None
            assert contents(ledger) == before
        first, middle, last = (START + number * HR for number in sorted(three))
        assert ledger.impacts(Interval(first, last)) == added(expected, Interval(first, last))
        parts = (ledger.impacts(Interval(first, middle)), ledger.impacts(Interval(middle, last)))
        assert together(*parts) == ledger.impacts(Interval(first, last))
        later = Stamp(END, 60 * 10**9)
        assert periods.of(books_of([], END), later) == Periods(ledger).of(books_of([], END), later)


energies = st.dictionaries(st.sampled_from(["assistant", "search", "_idle"]), st.integers(1, 10**13), min_size=1)


@settings(max_examples=15, deadline=None)
@given(st.lists(energies, min_size=1, max_size=6), st.lists(st.sampled_from(TERMS), min_size=2, max_size=2))
def test_what_is_reckoned_from_the_ledgers_own_facts_is_what_was_booked(
    drawn: list[dict[str, int]], by: list[Terms]
) -> None:
    closed = [
        hour_bucket(START + number * HR, {series(consumer): energy for consumer, energy in one.items()})
        for number, one in enumerate(drawn)
    ]
    interval = Interval(START, START + len(closed) * HR)

    def reckoned(ledger: Ledger, which: int) -> list[HourImpacts]:
        return [
            reckon(Interval(one.start, one.start + HR), one.energies, one.reserved, by[which])
            for one in ledger.hours(interval)
        ]

    with new_ledger() as ledger:
        commit(ledger, closed, [])
        commit(ledger, closed, reckoned(ledger, 0))
        assert ledger.restate(reckoned(ledger, 0), interval, made=0, author="", reason="", factor_set="") is None
        made = ledger.restate(reckoned(ledger, 1), interval, made=0, author="", reason="", factor_set="")
        assert (made is None) == (by[0] == by[1])
        assert verify(ledger).faults == ()
        for bounds in ledger.impacts(interval).values():
            assert 0 <= bounds.low <= bounds.central <= bounds.high
        # joules x rate, redone for each stretch of constant terms, hour by hour
        for consumer in {one for hour in drawn for one in hour}:
            for applied, used, impacts in ledger.by_terms(interval, consumer):
                assert impacts[Indicator.ENERGY].central == sum(one.microjoules for one in used.values())
                starts = [start for run in applied.hours for start in range(run.start, run.end, HR)]
                redone = Bounds.ZERO
                for start in starts:
                    energy = drawn[(start - START) // HR].get(consumer)
                    if energy is not None:
                        redone += applied.terms.rates[Indicator.GWP_USE].of(Energy(energy))
                assert impacts[Indicator.GWP_USE] == redone
