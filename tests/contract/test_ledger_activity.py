"""What a ledger promises of activity, on whichever database it is kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest

from monitor.core.activity import ActivitySeries, Authority, Unit
from monitor.core.entries import Counted, SavedActivity, ServiceFacts, Share
from monitor.core.functional import Said, over
from monitor.core.interval import HALF_HOUR, Interval, Stamp
from monitor.ledger.deeds import told
from monitor.ledger.errors import LedgerError
from monitor.ledger.periods import Periods
from tests.contract.bookkeeping import PARIS, START, Bookkeeping, books_of, hour_bucket, ns, series
from tests.contract.reckoned import HR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.core.entries import Bucket
    from monitor.core.figures import Figures
    from monitor.ledger.store import Ledger
    from tests.contract.conftest import Site

PAGE = "http://127.0.0.1:8000/metrics"


def act(
    consumer: str = "assistant",
    unit: Unit = Unit.OUTPUT_TOKENS,
    authority: Authority = Authority.SERVER,
    *,
    model: str = "",
    meter: str = PAGE,
) -> ActivitySeries:
    return ActivitySeries(consumer, authority, meter, model, unit)


EVENTS = act(authority=Authority.EVENTS, meter="events")


def hour(start: int, activity: Mapping[ActivitySeries, int]) -> Bucket:
    return replace(hour_bucket(start, {series("assistant"): 10**12}), activity=activity)


def commit(
    ledger: Ledger,
    closed: Iterable[Bucket],
    *,
    through: int = START + 1000 * HR,
    services: Iterable[ServiceFacts] = (),
) -> None:
    closed = list(closed)
    ledger.commit(books_of(closed, through), closed, [], list(services))


def everything(first: int = 0, last: int = 1000) -> Interval:
    return Interval(START + first * HR, START + last * HR)


# --- what was committed is there -------------------------------------------------------------------------------------


def test_activity_is_committed_with_its_hour_and_adds_up(site: Site) -> None:
    random = Random(4)  # noqa: S311 - repeatable, not secret
    units = [Unit.REQUESTS, Unit.INPUT_TOKENS, Unit.OUTPUT_TOKENS]
    kinds = [act(consumer, unit, model=model) for consumer in ("a", "b") for unit in units for model in ("", "m")]
    keeping = Bookkeeping(("a", "b"))
    done: Counter[ActivitySeries] = Counter()
    by_hour: dict[int, Counter[ActivitySeries]] = {}
    with site.open() as ledger:
        for _ in range(5):
            start = keeping.now
            amounts = {one: random.randrange(10**6) for one in kinds}
            keeping.books.act(Interval(start, start + 60 * 10**9), amounts)
            done.update(amounts)
            commit = keeping.tick(3600)
            for bucket in commit.closed:
                if bucket.grain == "hour":
                    by_hour[bucket.start] = Counter(bucket.activity)
            ledger.commit(
                replace(commit.books, activity=keeping.books.activity(), counted=keeping.books.counted()),
                commit.closed,
                [],
                [],
            )
    with site.read() as reader:
        assert reader.sums(everything()).activity == done
        for first, last in [(0, 2), (2, 3), (1, 5), (4, 4)]:
            expected: Counter[ActivitySeries] = Counter()
            for number in range(first, last):
                expected.update(by_hour[START + number * HR])
            assert reader.sums(everything(first, last)).activity == expected
        assert reader.sums(everything()).cross_checks == {}


def test_a_commit_with_activity_given_twice_changes_nothing(site: Site) -> None:
    closed = [hour(START, {act(): 5, EVENTS: 4, act(unit=Unit.ENERGY): 3})]
    with site.open() as ledger:
        commit(ledger, closed)
        before = site.contents()
        assert (len(before["activity_series"]), len(before["hour_activity"])) == (3, 3)
        commit(ledger, closed)
        # as after a failure: what is held in memory was thrown away
        ledger._kept().pen = None
        commit(ledger, closed)
        assert site.contents() == before


def test_all_of_an_hour_is_written_or_nothing(site: Site) -> None:
    with site.open() as ledger:
        commit(ledger, [hour(START, {act(): 5})])
        before = site.contents()
        # more than a column holds
        with pytest.raises((LedgerError, OverflowError)):
            commit(ledger, [hour(START + HR, {act(): 2**63})])
        assert site.contents() == before


def test_counters_and_open_hours_of_activity_survive_a_restart(site: Site) -> None:
    done = Bookkeeping().tick(600)
    opened = tuple(replace(one, activity={act(): 7} if one.grain == "hour" else {}) for one in done.books.open)
    books = replace(
        done.books,
        open=opened,
        activity={act(): 2**62, act("search"): 0},
        activity_counters=(SavedActivity(act(model="read once"), 2**61, "1772600400", Stamp(5, 6)),),
        counted={("assistant", Unit.OUTPUT_TOKENS): Counted(2**62, 3)},
    )
    with site.open() as ledger:
        ledger.commit(books, [], [], [])
    with site.open() as ledger:
        assert ledger.load() == books


def test_a_restored_backup_knows_what_its_counters_of_activity_had_shown(site: Site) -> None:
    done = Bookkeeping().tick(600)
    books = replace(done.books, counted={("assistant", Unit.REQUESTS): Counted(7)})
    with site.open() as ledger:
        ledger.commit(books, [], [], [])
    site.sidecar.write_text(f"{ledger.uuid} 99\n")
    with site.open() as ledger:
        assert ledger.exposure_offset().counted == books.counted


# --- what counts -----------------------------------------------------------------------------------------------------


def test_of_each_hour_and_service_only_those_believed_first_count(ledger: Ledger) -> None:
    gateway = act(authority=Authority.GATEWAY, meter="http://127.0.0.1:4000/metrics")
    other = act("search")
    energy = act(unit=Unit.ENERGY, meter="")
    commit(
        ledger,
        [
            hour(START, {act(): 100, other: 1, energy: 50}),
            hour(START + HR, {act(): 200, gateway: 190, other: 2}),
            hour(START + 2 * HR, {act(): 400, gateway: 390, EVENTS: 385, energy: 60, other: 4}),
        ],
    )
    sums = ledger.sums(everything())
    told = replace(energy, model=over([Unit.OUTPUT_TOKENS]))
    assert sums.activity == {act(): 100, gateway: 190, EVENTS: 385, other: 7, told: 110}
    assert sums.cross_checks == {act(): 600, gateway: 390}


def test_energy_is_told_by_which_units_count_in_its_hours(ledger: Ledger) -> None:
    requests, energy = act(unit=Unit.REQUESTS), act(unit=Unit.ENERGY, meter="")
    asked = replace(EVENTS, unit=Unit.REQUESTS)
    closed = [
        hour(START, {act(): 10, requests: 1, energy: 100}),
        # a second model, and another service, tell nothing of what this one's did
        hour(
            START + HR, {act(): 0, act(model="m"): 5, act("b", Unit.REQUESTS): 3, energy: 20, act("b", Unit.ENERGY): 7}
        ),
        # the page's requests are a cross-check, for the events tell none; what was not measured divides nothing
        hour(START + 2 * HR, {requests: 1, EVENTS: 5, replace(asked, measured=False): 2, energy: 3}),
        hour(START + 3 * HR, {EVENTS: 5, asked: 2, requests: 1, energy: 4}),
        hour(START + 4 * HR, {energy: 5}),
    ]
    commit(ledger, closed)
    both = replace(energy, model=over([Unit.OUTPUT_TOKENS, Unit.REQUESTS]))
    tokens = replace(energy, model=over([Unit.OUTPUT_TOKENS]))
    other = replace(act("b", Unit.ENERGY), model=over([Unit.REQUESTS]))
    found = ledger.sums(everything()).activity
    known = {one: amount for one, amount in found.items() if one.unit is Unit.ENERGY}
    assert known == {both: 104, tokens: 23, energy: 5, other: 7}
    in_memory: Counter[ActivitySeries] = Counter()
    for bucket in closed:
        in_memory.update({one: amount for one, amount in told(bucket.activity)[0].items() if one.unit is Unit.ENERGY})
    assert in_memory == known, "of open hours the same is told"


def test_what_was_known_to_be_nothing_is_told_apart_from_the_unknown(ledger: Ledger) -> None:
    commit(ledger, [hour(START, {act(): 0})])
    assert ledger.sums(everything()).activity == {act(): 0}
    assert ledger.sums(everything(1)).activity == {}


def test_what_was_done_while_nothing_was_measured_counts_and_is_told_apart(ledger: Ledger) -> None:
    unmeasured = replace(act(), measured=False)
    aside = replace(unmeasured, authority=Authority.SERVER, consumer="b")
    commit(ledger, [hour(START, {act(): 3, unmeasured: 4, aside: 5, replace(EVENTS, consumer="b"): 6})])
    sums = ledger.sums(everything())
    assert sums.activity == {act(): 3, unmeasured: 4, replace(EVENTS, consumer="b"): 6}
    assert sums.cross_checks == {aside: 5}
    assert {row.series: row.amount for row in ledger.monthly(2026).activity} == sums.activity


def test_two_meters_of_one_authority_are_added(ledger: Ledger) -> None:
    second = act(meter="http://127.0.0.1:8001/metrics")
    commit(ledger, [hour(START, {act(): 3, second: 4})])
    assert sum(ledger.sums(everything()).activity.values()) == 7


# --- sums ------------------------------------------------------------------------------------------------------------


def test_sums_of_activity_are_exact_far_above_what_64_bits_hold(ledger: Ledger) -> None:
    huge = 2**63 - 1
    commit(ledger, [hour(START + number * HR, {act(): huge - number}) for number in range(40)])
    assert ledger.sums(everything()).activity == {act(): 40 * huge - 780}
    (row,) = ledger.monthly(2026).activity
    assert row.amount == 40 * huge - 780


def test_activity_follows_a_rename_and_the_facts_of_each_hour(ledger: Ledger) -> None:
    old = ServiceFacts("assistant", "Assistant", "Communication")
    new = ServiceFacts("redaction", "Assistant", "Culture", was=("assistant",))
    later = {act("redaction"): 20, act("redaction", authority=Authority.EVENTS): 18}
    commit(ledger, [hour(START, {act(): 1})], through=START + HR, services=[old])
    commit(ledger, [hour(START + HR, later)], through=START + 2 * HR, services=[new])
    counts, events = act("redaction"), act("redaction", authority=Authority.EVENTS)
    sums = ledger.sums(everything())
    assert (sums.activity, sums.cross_checks) == ({counts: 1, events: 18}, {counts: 20})
    monthly = ledger.monthly(2026)
    assert {(row.month, row.series, row.facts.department): row.amount for row in monthly.activity} == {
        (3, counts, "Communication"): 1,
        (3, events, "Culture"): 18,
    }
    assert [(row.series, row.amount) for row in monthly.cross_checks] == [(counts, 20)]


def test_activity_is_cut_into_months_like_energy(ledger: Ledger) -> None:
    turn = ns("2026-04-01T00:00:00", PARIS)
    commit(ledger, [hour(turn - HR, {act(): 1}), hour(turn, {act(): 2})], through=turn + HR)
    assert {row.month: row.amount for row in ledger.monthly(2026).activity} == {3: 1, 4: 2}


def test_half_hours_of_activity_are_hours_of_their_own(site: Site) -> None:
    keeping = Bookkeeping(("s",), hour=HALF_HOUR)
    with site.open(timezone="Pacific/Marquesas") as ledger:
        keeping.books.act(Interval(START, START + HR), {act("s"): 10})
        done = keeping.tick(3600)
        ledger.commit(done.books, done.closed, [], [])
        assert ledger.sums(Interval(START, START + HR // 2)).activity == {act("s"): 5}


# --- the figures of periods ------------------------------------------------------------------------------------------


def figures_of(ledger: Ledger, keeping: Bookkeeping, closed: list[Bucket]) -> Figures:
    books = replace(keeping.open_books(), activity=keeping.books.activity(), counted=keeping.books.counted())
    ledger.commit(books, closed, [], [])
    return Periods(ledger).of(books, books.at)


def test_the_figures_of_a_period_hold_what_was_done_in_its_hours_and_the_open_one(ledger: Ledger) -> None:
    keeping = Bookkeeping(start=ns("2026-03-03T22:00:00"))
    closed: list[Bucket] = []
    for hour in range(5):
        since = Interval(keeping.now, keeping.now + 600 * 10**9)
        keeping.books.act(since, {act(model="m"): 10**hour, act(unit=Unit.ENERGY, meter=""): 1})
        keeping.books.act(since, {act(model="n"): 2 * 10**hour, EVENTS: 5} if hour > 3 else {act(model="n"): 0})
        closed += keeping.tick(3600 if hour < 4 else 1200).closed
    figures = figures_of(ledger, keeping, closed)
    day = {key[:3]: amount for key, amount in figures.activity.items() if key[3] == "day"}
    assert day == {
        ("assistant", "m", Unit.OUTPUT_TOKENS): 1110,
        ("assistant", "n", Unit.OUTPUT_TOKENS): 0,
        ("assistant", "", Unit.OUTPUT_TOKENS): 5,
        ("assistant", over([Unit.OUTPUT_TOKENS]), Unit.ENERGY): 4,
    }
    assert figures.activity["assistant", "m", Unit.OUTPUT_TOKENS, "month"] == 1111
    assert figures.activity["assistant", "m", Unit.OUTPUT_TOKENS, "previous_day"] == 1
    said = {key[1:3]: one for key, one in figures.said.items() if key[3] == "day"}
    assert said[Authority.SERVER, Unit.OUTPUT_TOKENS] == Said(counted=1110, beside=30_000)
    assert said[Authority.EVENTS, Unit.OUTPUT_TOKENS] == Said(counted=5)


def test_figures_tell_what_was_done_while_nothing_was_measured_apart(ledger: Ledger) -> None:
    keeping = Bookkeeping()
    unmeasured = replace(act(), measured=False)
    keeping.books.act(Interval(START, START + HR), {act(): 3, unmeasured: 4})
    closed = keeping.tick(3600).closed
    keeping.books.act(Interval(keeping.now, keeping.now + HR // 2), {act(): 50, unmeasured: 60})
    closed += keeping.tick(1800).closed
    figures = figures_of(ledger, keeping, closed)
    key = ("assistant", "", Unit.OUTPUT_TOKENS, "day")
    assert (figures.activity[key], figures.unmeasured[key]) == (117, 64)
    assert figures.said["assistant", Authority.SERVER, Unit.OUTPUT_TOKENS, "day"] == Said(counted=117)


def test_figures_grow_by_the_open_hour_and_are_those_of_who_begins_anew(ledger: Ledger) -> None:
    keeping = Bookkeeping()
    periods = Periods(ledger)
    done = 0
    for tick in range(20):
        since = Interval(keeping.now, keeping.now + 700 * 10**9)
        keeping.books.act(since, {act(): tick + 1})
        done += tick + 1
        commit = keeping.tick(700)
        books = replace(commit.books, open=keeping.books.open(), activity=keeping.books.activity())
        ledger.commit(books, commit.closed, [], [])
        figures = periods.of(books, books.at)
        assert figures.activity["assistant", "", Unit.OUTPUT_TOKENS, "month"] == done
        assert figures == Periods(ledger).of(books, books.at)


def test_idle_energy_is_that_of_residency_and_floor(ledger: Ledger) -> None:
    keeping = Bookkeeping()
    figures = figures_of(ledger, keeping, keeping.tick(3 * 3600 + 100).closed)
    booked = keeping.total(Interval(START, keeping.now))
    for consumer in ("assistant", "_idle"):
        floor = sum(part for one, part in booked.items() if one.consumer == consumer and one.share is Share.FLOOR)
        assert figures.idle[consumer, "day"].microjoules == floor > 0


def test_figures_of_activity_follow_a_rename(ledger: Ledger) -> None:
    keeping = Bookkeeping()
    keeping.books.act(Interval(START, START + HR), {act(): 3})
    done = keeping.tick(3600)
    ledger.commit(done.books, done.closed, [], [ServiceFacts("assistant", "A")])
    # an hour begins before its name changes, and is of the old one's time
    keeping.books.act(Interval(keeping.now, keeping.now + HR // 2), {act(): 4})
    done = keeping.tick(1800)
    ledger.commit(done.books, done.closed, [], [ServiceFacts("redaction", "R", was=("assistant",))])
    keeping.books.act(Interval(keeping.now, keeping.now + HR // 2), {act("redaction"): 5})
    done = keeping.tick(1800 + 60)
    for closed in ([], done.closed):
        ledger.commit(done.books, closed, [], [])
        opened = done.books if closed else replace(done.books, closed_through=START + HR, open=tuple(done.closed))
        figures = Periods(ledger).of(opened, done.books.at)
        found = {key[0]: amount for key, amount in figures.activity.items() if key[3] == "day"}
        assert found == {"redaction": 12}
