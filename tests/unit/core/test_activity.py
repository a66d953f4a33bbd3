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
    assert amounts(second, 300, ActivityReading(OUTPUT, 1500), ActivityReading(INPUT, 10)) == {
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
    assert amounts(found, 61, ActivityReading(OUTPUT, 1)) == {OUTPUT: 1, ENERGY: 0}
    found.use("assistant", 500)
    assert amounts(found, 66, ActivityReading(OUTPUT, 0)) == {OUTPUT: 0, ENERGY: 500}


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
