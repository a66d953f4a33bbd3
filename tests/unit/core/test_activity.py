from dataclasses import replace

import pytest

from monitor.core.activity import ActivityBook, ActivitySeries, Authority, Unit, authoritative
from monitor.core.entries import SavedActivity
from monitor.core.interval import Stamp
from monitor.core.readings import ActivityReading
from monitor.core.units import Duration

SECOND = 1_000_000_000
PAGE = "http://127.0.0.1:8000/metrics"
OUTPUT = ActivitySeries("assistant", Authority.SERVER, PAGE, "mistral", Unit.OUTPUT_TOKENS)
INPUT = replace(OUTPUT, unit=Unit.INPUT_TOKENS)
ENERGY = ActivitySeries("assistant", Authority.SERVER, "", "", Unit.ENERGY)


def at(seconds: float) -> Stamp:
    return Stamp(1_790_000_000 * SECOND + round(seconds * SECOND), round((1000 + seconds) * SECOND))


def book(saved: tuple[SavedActivity, ...] = (), *, same_boot: bool = True) -> ActivityBook:
    return ActivityBook(saved, same_boot=same_boot, now=at(100), patience=Duration.from_seconds(60))


def amounts(book: ActivityBook, seconds: float, *readings: ActivityReading) -> dict[ActivitySeries, int]:
    return {done.series: done.amount for done in book.take(at(seconds), readings)}


def test_a_first_reading_is_where_counting_begins() -> None:
    found = book()
    assert amounts(found, 0, ActivityReading(OUTPUT, 500)) == {OUTPUT: 0, ENERGY: 0}
    assert amounts(found, 5, ActivityReading(OUTPUT, 730))[OUTPUT] == 230


def test_a_meter_that_began_under_our_eyes_counts_in_full() -> None:
    assert amounts(book(), 0, ActivityReading(OUTPUT, 500, fresh=True))[OUTPUT] == 500


def test_a_counter_that_falls_began_anew_and_what_it_lost_is_said() -> None:
    found = book()
    found.take(at(0), [ActivityReading(OUTPUT, 500)])
    done = next(one for one in found.take(at(5), [ActivityReading(OUTPUT, 30)]) if one.series == OUTPUT)
    assert (done.amount, done.lost, done.since, done.until) == (30, True, at(0), at(5))


def test_another_epoch_is_another_counter_even_where_it_shows_more() -> None:
    found = book()
    found.take(at(0), [ActivityReading(OUTPUT, 500, epoch="a")])
    (done, _) = found.take(at(5), [ActivityReading(OUTPUT, 900, epoch="b")])
    assert (done.amount, done.lost) == (900, True)


@pytest.mark.parametrize(("began", "amount"), [(None, 900), (-61, 0), (-59, 900), (3, 900)])
def test_what_began_long_before_the_last_look_is_not_what_was_done_since(began: float | None, amount: int) -> None:
    """Another process answers, with counters of its own; or a clock was set, by which the start is told."""
    moment = None if began is None else at(began).wall
    found = book()
    found.take(at(0), [ActivityReading(OUTPUT, 500, epoch="a")])
    (done, _) = found.take(at(5), [ActivityReading(OUTPUT, 900, epoch="b", began=moment)])
    assert (done.amount, done.lost) == (amount, True)
    assert amounts(found, 10, ActivityReading(OUTPUT, 950, epoch="b", began=moment))[OUTPUT] == 50


@pytest.mark.parametrize(
    ("epoch", "same_boot", "amount"), [("a", True, 0), ("b", True, 60), ("", True, 60), ("a", False, 60)]
)
def test_a_sum_that_lost_a_part_while_nobody_looked_is_not_counted_again(
    epoch: str, amount: int, *, same_boot: bool
) -> None:
    """Of the same beginning: what is left of it is not of this time."""
    first = book()
    first.take(at(0), [ActivityReading(OUTPUT, 100, epoch=epoch and "a")])
    second = book(first.saved(), same_boot=same_boot)
    (done, _) = second.take(at(100), [ActivityReading(OUTPUT, 60, epoch=epoch)])
    assert (done.amount, done.lost) == (amount, True)
    assert amounts(second, 105, ActivityReading(OUTPUT, 50, epoch=epoch))[OUTPUT] == 50, "seen to fall, it began anew"


def test_a_start_that_is_not_known_yet_is_not_another_counter() -> None:
    found = book()
    counted = [
        amounts(found, seconds, ActivityReading(OUTPUT, count, epoch=epoch))[OUTPUT]
        for seconds, count, epoch in ((0, 5, "a"), (5, 7, ""), (10, 9, "a"), (15, 11, ""), (20, 20, "b"))
    ]
    assert counted == [0, 2, 2, 2, 20]


def test_a_meter_that_goes_on_saying_that_it_is_fresh_is_counted_once() -> None:
    found = book()
    counted = [
        amounts(found, seconds, ActivityReading(OUTPUT, count, fresh=True))[OUTPUT]
        for seconds, count in ((0, 500), (5, 600), (10, 600), (15, 20))
    ]
    assert counted == [500, 100, 0, 20]


def test_the_run_after_goes_on_where_this_one_was() -> None:
    first = book()
    first.take(at(0), [ActivityReading(OUTPUT, 500), ActivityReading(INPUT, 9)])
    second = book(first.saved())
    assert amounts(second, 100, ActivityReading(OUTPUT, 1500), ActivityReading(INPUT, 10)) == {
        OUTPUT: 1000,
        INPUT: 1,
        ENERGY: 0,
    }


def test_after_a_boot_every_counter_began_anew() -> None:
    first = book()
    first.take(at(0), [ActivityReading(OUTPUT, 500)])
    (done, _) = book(first.saved(), same_boot=False).take(at(110), [ActivityReading(OUTPUT, 800)])
    assert (done.amount, done.lost) == (800, True)
    assert done.until.boot - done.since.boot == 110 * SECOND


def test_the_energy_used_between_two_readings_goes_with_what_was_done() -> None:
    found = book()
    found.use("assistant", 7)
    found.take(at(0), [ActivityReading(OUTPUT, 0)])
    for microjoules in (10, 20, 30):
        found.use("assistant", microjoules)
        found.use("other", 99)
    done = found.take(at(5), [ActivityReading(OUTPUT, 40), ActivityReading(INPUT, 3)])
    assert {one.series: one.amount for one in done} == {OUTPUT: 40, INPUT: 0, ENERGY: 60}
    assert {one.since for one in done if one.series == ENERGY} == {at(0)}
    assert amounts(found, 10, ActivityReading(OUTPUT, 40))[ENERGY] == 0


def test_after_a_long_time_of_which_much_was_lost_the_energy_is_not_that_of_the_rest() -> None:
    found = book()
    found.take(at(0), [ActivityReading(OUTPUT, 500)])
    found.use("assistant", 1000)
    assert amounts(found, 61, ActivityReading(OUTPUT, 1)) == {unmeasured(OUTPUT): 1, ENERGY: 0}
    found.use("assistant", 500)
    assert amounts(found, 66, ActivityReading(OUTPUT, 0)) == {OUTPUT: 0, ENERGY: 500}


# --- whether it was measured what it took --------------------------------------------------------------------------


def measure(found: ActivityBook, covered: float, until: float, *, missed: float = 0, resource: str = "package") -> None:
    found.measure(resource, Duration.from_seconds(covered), Duration.from_seconds(missed), at(until))


def unmeasured(series: ActivitySeries) -> ActivitySeries:
    return replace(series, measured=False)


def test_what_was_done_while_the_host_was_not_measured_is_told_apart_and_takes_no_energy() -> None:
    found = ActivityBook((), same_boot=True, now=at(0), patience=Duration.from_seconds(60))
    found.take(at(0), [ActivityReading(OUTPUT, 0)])
    told = []
    for tick in range(1, 61):
        # the meter is away from the 20th second to the 230th, and what it missed is said when it is back
        if tick <= 4 or tick > 46:
            measure(found, 5, 5 * tick, missed=210 if tick == 47 else 0)
            found.use("assistant", 7)
        told += found.take(at(5 * tick), [ActivityReading(OUTPUT, 10 * tick)])
    sums: dict[ActivitySeries, int] = {}
    for one in told:
        sums[one.series] = sums.get(one.series, 0) + one.amount
    # for two minutes it may just be late; then it is not known, until the reading with what was missed has gone by
    silent = 46 - 4 - 120 // 5
    assert sums == {OUTPUT: 10 * (60 - silent - 1), unmeasured(OUTPUT): 10 * (silent + 1), ENERGY: 7 * (60 - 42 - 1)}


def test_after_an_outage_of_the_daemon_what_was_done_in_it_is_not_measured() -> None:
    first = book()
    first.take(at(0), [ActivityReading(OUTPUT, 500)])
    second = ActivityBook(first.saved(), same_boot=True, now=at(7200), patience=Duration.from_seconds(60))
    assert amounts(second, 7200, ActivityReading(OUTPUT, 90_500)) == {unmeasured(OUTPUT): 90_000, ENERGY: 0}
    measure(second, 7205, 7205)
    second.use("assistant", 7_205_000)
    # the counter tells the energy of two hours; what was done in five seconds took its part of it
    assert amounts(second, 7205, ActivityReading(OUTPUT, 90_560)) == {OUTPUT: 60, ENERGY: 5000}


def test_after_a_boot_what_the_server_did_before_the_daemon_ran_lost_its_energy() -> None:
    first = book()
    first.take(at(0), [ActivityReading(OUTPUT, 500)])
    second = ActivityBook(first.saved(), same_boot=False, now=at(7200), patience=Duration.from_seconds(60))
    measure(second, 5, 7205)
    second.use("assistant", 9)
    assert amounts(second, 7205, ActivityReading(OUTPUT, 60)) == {unmeasured(OUTPUT): 60, ENERGY: 0}
    measure(second, 5, 7210)
    second.use("assistant", 9)
    assert amounts(second, 7210, ActivityReading(OUTPUT, 80)) == {OUTPUT: 20, ENERGY: 9}


def test_a_slow_meter_is_no_meter_that_is_away() -> None:
    found = ActivityBook((), same_boot=True, now=at(0), patience=Duration.from_seconds(60))
    found.take(at(0), [ActivityReading(OUTPUT, 0)])
    told: dict[ActivitySeries, int] = {}
    for tick in range(1, 121):
        if tick % 12 == 0:
            measure(found, 60, 5 * tick, resource="rest")
            found.use("assistant", 60)
        for one in found.take(at(5 * tick), [ActivityReading(OUTPUT, tick)]):
            told[one.series] = told.get(one.series, 0) + one.amount
    assert told == {OUTPUT: 120, ENERGY: 600}


def test_one_resource_that_is_away_does_not_make_the_others_unknown() -> None:
    found = ActivityBook((), same_boot=True, now=at(0), patience=Duration.from_seconds(60))
    found.take(at(0), [ActivityReading(OUTPUT, 0)])
    measure(found, 300, 300)
    measure(found, 0, 300, missed=300, resource="gpu0")
    found.use("assistant", 5)
    assert amounts(found, 300, ActivityReading(OUTPUT, 1)) == {OUTPUT: 1, ENERGY: 5}


@pytest.mark.parametrize(
    ("there", "counts"),
    [
        ({Authority.SERVER}, Authority.SERVER),
        ({Authority.SERVER, Authority.GATEWAY}, Authority.GATEWAY),
        ({Authority.SERVER, Authority.GATEWAY, Authority.EVENTS}, Authority.EVENTS),
    ],
)
def test_one_authority_counts_for_a_service_and_an_interval(there: set[Authority], counts: Authority) -> None:
    series = {replace(OUTPUT, authority=authority): 1 for authority in there}
    assert {one.authority for one in authoritative(series)} == {counts}


def test_each_service_has_its_own_authority_and_energy_always_counts() -> None:
    gateway = replace(OUTPUT, authority=Authority.GATEWAY)
    other = replace(OUTPUT, consumer="ocr")
    series = dict.fromkeys((OUTPUT, gateway, other, ENERGY), 1)
    assert authoritative(series) == {gateway, other, ENERGY}
