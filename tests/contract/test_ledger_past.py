"""How the counters stood in the past: what the daemon showed, on whichever database."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitor.core.activity import ActivitySeries, Authority, Unit
from monitor.core.entries import Counted, ServiceFacts, Tallied
from monitor.core.impact import ImpactSeries, Indicator
from monitor.core.interval import HALF_HOUR, Interval
from monitor.core.past import Totals
from monitor.ledger.verify import verify
from tests.contract.bookkeeping import PARIS, START, Bookkeeping, books_of, hour_bucket, ns, series
from tests.contract.reckoned import HR, came_to, reckoned, terms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.core.entries import OpenBooks
    from monitor.ledger.store import Ledger
    from tests.contract.conftest import Site

EVER = Interval(0, 1 << 62)
GASES = ("assistant", Indicator.GWP_USE.value)


def past(
    ledger: Ledger, totals: Totals, interval: Interval = EVER, *found: str
) -> dict[tuple[str, ...], dict[int, int]]:
    """Return the points of each series by its key: from the hour in which they end, 1 for the first, to the amount."""
    courses: dict[tuple[str, ...], dict[int, int]] = {}
    for course in ledger.past(interval).courses(totals, found):
        assert course.key not in courses, "the points of a series come together"
        moments = [moment for moment, _ in course.points]
        assert moments == sorted(set(moments))
        courses[course.key] = {(moment - START) // HR: amount for moment, amount in course.points}
    return courses


def shown(books: OpenBooks, offset: OpenBooks | None = None) -> Counter[tuple[str, ...]]:
    """Return what the daemon shows of the energy of services, in microjoules."""
    sums: Counter[tuple[str, ...]] = Counter()
    for one, energy in books.energy.items():
        taken = offset.energy[one].microjoules if offset is not None else 0
        sums[one.consumer, one.resource, one.share.value] += energy.microjoules - taken
    return sums


def test_at_the_end_of_each_hour_it_is_what_the_daemon_showed_then(site: Site) -> None:
    keeping = Bookkeeping()
    seen: dict[int, Counter[tuple[str, ...]]] = {}
    with site.open() as ledger:
        for hour in range(1, 30):
            commit = keeping.tick(3600)
            commit.to(ledger)
            seen[hour] = shown(commit.books)
        keeping.tick(1800).to(ledger)
    with site.read() as reader:
        told = past(reader, Totals.ENERGY)
        assert set(told) == set(seen[1])
        for key, points in told.items():
            assert points == {hour: sums[key] for hour, sums in seen.items()}
        host = past(reader, Totals.MEASURED)
    assert host["package", "counter"] == {
        hour: sum(energy for key, energy in sums.items() if key[1] == "package") for hour, sums in seen.items()
    }


def test_an_hour_that_was_not_measured_has_no_point_and_the_next_goes_on(site: Site) -> None:
    keeping = Bookkeeping()
    with site.open() as ledger:
        keeping.tick(2 * 3600).to(ledger)
        gaps = keeping.skip(3 * 3600)
        commit = keeping.tick(2 * 3600)
        ledger.commit(commit.books, commit.closed, gaps, [])
    with site.read() as reader:
        for points in past(reader, Totals.ENERGY).values():
            assert list(points) == [1, 2, 6, 7]
            assert list(points.values()) == sorted(points.values())


def test_from_a_day_on_it_begins_with_what_had_been_added_up_before(site: Site) -> None:
    keeping = Bookkeeping()
    with site.open() as ledger:
        keeping.tick(50 * 3600).to(ledger)
    with site.read() as reader:
        whole = past(reader, Totals.ENERGY)
        part = past(reader, Totals.ENERGY, Interval(START + 20 * HR, START + 30 * HR))
        assert part == {key: {hour: points[hour] for hour in range(21, 31)} for key, points in whole.items()}
        # an hour that lies only in part in the time is not in it
        assert past(reader, Totals.ENERGY, Interval(START + 20 * HR - 1, START + 31 * HR - 1)) == part


def test_a_service_that_rests_stands_still_for_as_long_as_the_daemon_shows_it(site: Site) -> None:
    start = ns("2026-03-31T20:00", PARIS)
    through = ns("2026-06-02T00:00", PARIS)
    hours = [
        hour_bucket(at, {series("search"): 7, **({series("assistant"): 5} if at < start + 2 * HR else {})})
        for at in range(start, through, HR)
    ]
    with site.open(now=start) as ledger:
        ledger.commit(books_of(hours, through), hours, [], [])
    with site.read() as reader:
        (assistant,) = (one for one in reader.past(EVER).courses(Totals.ENERGY) if one.key[0] == "assistant")
        rested = list(reader.past(Interval(start + 5 * HR, start + 8 * HR)).courses(Totals.ENERGY))
    assert [moment for moment, _ in assistant.points] == list(range(start + HR, ns("2026-05-01T00:00", PARIS) + HR, HR))
    assert {amount for _, amount in assistant.points} == {5, 10}
    # also of a time in which it never did anything
    assert [one.points for one in rested if one.key[0] == "assistant"] == [
        [(at, 10) for at in range(start + 6 * HR, start + 9 * HR, HR)]
    ]


def test_what_is_booked_under_a_new_key_begins_anew_as_its_counter_does(site: Site) -> None:
    old, new = series("chat"), series("assistant")
    hours = [hour_bucket(START + number * HR, {old if number < 3 else new: 5}) for number in range(6)]
    facts = ServiceFacts("assistant", "Assistant", was=("chat",))
    with site.open() as ledger:
        ledger.commit(books_of(hours[:3], START + 3 * HR), hours[:3], [], [ServiceFacts("chat", "Chat")])
        ledger.commit(books_of(hours, START + 6 * HR), hours[3:], [], [facts])
    with site.read() as reader:
        told = past(reader, Totals.ENERGY)
        assert told["assistant", "package", "active"] == {4: 5, 5: 10, 6: 15}
        assert told["chat", "package", "active"] == {1: 5, 2: 10, 3: 15, 4: 15, 5: 15, 6: 15}


def test_a_backup_that_was_put_back_begins_again_from_zero_and_joins_what_is_shown_now(site: Site) -> None:
    keeping = Bookkeeping()
    with site.open() as ledger:
        keeping.tick(10 * 3600 + 600).to(ledger)
        offset = ledger.load()
    assert offset is not None
    # as the file beside the ledger tells of another one
    site.sidecar.write_text(site.sidecar.read_text().replace(site.sidecar.read_text()[:8], "00000000"))
    with site.open(now=keeping.now) as ledger:
        assert ledger.exposure_offset() == offset
        commit = keeping.tick(5 * 3600)
        commit.to(ledger)
    with site.read() as reader:
        told = past(reader, Totals.ENERGY)
    for key, points in told.items():
        values = list(points.values())
        assert values[:10] == sorted(values[:10])
        assert values[10] < values[9]
        assert values[10:] == sorted(values[10:])
        now = shown(commit.books, offset)[key]
        opened = sum(
            energy.microjoules
            for bucket in commit.books.open
            if bucket.grain == "hour"
            for one, energy in bucket.entries.items()
            if (one.consumer, one.resource, one.share.value) == key
        )
        assert values[-1] == now - opened


def test_impacts_are_as_first_booked_whatever_was_restated(site: Site) -> None:
    keeping = Bookkeeping(("assistant",))
    commit = keeping.tick(5 * 3600)
    hours = reckoned(commit.closed)
    counters: Counter[ImpactSeries] = Counter()
    for hour in hours:
        counters.update({key: amount.central for key, amount in hour.amounts.items()})
    books = replace(commit.books, impacts={key: Tallied(units, 0) for key, units in counters.items()})
    with site.open() as ledger:
        ledger.commit(books, commit.closed, [], [], impacts=hours)
        before = past(ledger, Totals.IMPACTS, EVER, GASES[1])
        anew = reckoned(commit.closed, terms("41"))
        assert (
            ledger.restate(
                anew, Interval(START, START + 5 * HR), made=START + 9 * HR, author="a", reason="r", factor_set="s"
            )
            is not None
        )
        assert past(ledger, Totals.IMPACTS, EVER, GASES[1]) == before
    steps = [hour.amounts[ImpactSeries("assistant", Indicator.GWP_USE)].central for hour in hours]
    assert before[GASES] == {number: sum(steps[:number]) for number in range(1, 6)}
    # what else was reckoned is not asked for
    assert {key[1] for key in before} == {GASES[1]}


@pytest.mark.parametrize(
    ("counter", "points"), [(60, {1: 10, 2: 30, 3: 60}), (55, {1: 5, 2: 25, 3: 55}), (45, {1: 0, 2: 15, 3: 45})]
)
def test_no_point_is_above_the_counter_of_now(site: Site, counter: int, points: Mapping[int, int]) -> None:
    amounts = [
        came_to(START + at * HR, {("assistant", Indicator.GWP_USE): (size, size, size)})
        for at, size in enumerate((10, 20, 30))
    ]
    hours = [hour_bucket(START + at * HR, {series("assistant"): 10**6}) for at in range(3)]
    impacts = {ImpactSeries("assistant", Indicator.GWP_USE): Tallied(counter, 0)}
    with site.open() as ledger:
        ledger.commit(replace(books_of(hours, START + 3 * HR), impacts=impacts), hours, [], [], impacts=amounts)
        assert past(ledger, Totals.IMPACTS)[GASES] == points


def test_activity_is_by_who_was_believed_of_all_meters_and_models(site: Site) -> None:
    def act(authority: Authority, meter: str, model: str, unit: Unit = Unit.OUTPUT_TOKENS) -> ActivitySeries:
        return ActivitySeries("assistant", authority, meter, model, unit)

    done = [
        {act(Authority.SERVER, "a", "m"): 5, act(Authority.SERVER, "b", ""): 2, act(Authority.EVENTS, "e", "m"): 4},
        {act(Authority.SERVER, "a", "m"): 3, act(Authority.SERVER, "b", "", Unit.REQUESTS): 1},
        {},
        {act(Authority.SERVER, "b", "n"): 1},
    ]
    hours = [
        replace(hour_bucket(START + at * HR, {series("assistant"): 10}), activity=amounts)
        for at, amounts in enumerate(done)
    ]
    counted = {("assistant", Unit.OUTPUT_TOKENS): Counted(11, 3), ("assistant", Unit.REQUESTS): Counted(1)}
    with site.open() as ledger:
        ledger.commit(replace(books_of(hours, START + 4 * HR), counted=counted), hours, [], [])
        assert past(ledger, Totals.ACTIVITY, EVER, "output_tokens") == {
            ("assistant", "output_tokens"): {1: 4, 2: 7, 3: 7, 4: 8}
        }
        assert past(ledger, Totals.ACTIVITY, EVER, "requests") == {("assistant", "requests"): {2: 1, 3: 1, 4: 1}}


def test_beside_a_daemon_that_goes_on_nothing_of_it_changes(site: Site) -> None:
    keeping = Bookkeeping()
    with site.open() as ledger:
        keeping.tick(5 * 3600).to(ledger)
        with site.read() as reader:
            asked = reader.past(EVER)
            courses = asked.courses(Totals.ENERGY)
            first = next(courses)
            keeping.tick(3600).to(ledger)
            told = [first, *courses]
        assert {len(one.points) for one in told} == {5}
        assert not verify(ledger).faults


def test_of_short_hours_there_is_a_point_for_each(site: Site) -> None:
    keeping = Bookkeeping(hour=HALF_HOUR)
    with site.open(timezone="Pacific/Marquesas") as ledger:
        keeping.tick(3 * 3600).to(ledger)
        for course in ledger.past(EVER).courses(Totals.MEASURED):
            assert [moment - START for moment, _ in course.points] == [
                number * HALF_HOUR.nanoseconds for number in range(1, 7)
            ]


def test_of_a_ledger_without_anything_there_is_nothing(site: Site) -> None:
    with site.open() as ledger:
        empty = ledger.past(EVER)
        assert empty.interval.start == empty.interval.end
        assert list(empty.courses(Totals.ENERGY)) == []
