"""What a ledger promises of impacts, on whichever database it is kept."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from monitor.core.entries import Holding, ServiceFacts, Tallied
from monitor.core.impact import Bounds, ImpactSeries, Indicator
from monitor.core.interval import HALF_HOUR, HOUR, Interval
from monitor.core.units import Duration, Energy
from tests.contract.bookkeeping import PARIS, START, Bookkeeping, books_of, hour_bucket, ns, series
from tests.contract.reckoned import CARD, HELD, HR, SERVER, came_to, reckoned, terms, told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.core.entries import Bucket
    from monitor.core.impact import HourImpacts
    from monitor.ledger.store import Ledger
    from tests.contract.conftest import Site

GASES, MADE, DRAWN = Indicator.GWP_USE, Indicator.GWP_EMBODIED, Indicator.ENERGY
QUARTER = HR // 4


def commit(
    ledger: Ledger,
    closed: Iterable[Bucket] = (),
    impacts: Iterable[HourImpacts] = (),
    *,
    through: int = START + 1000 * HR,
    services: Iterable[ServiceFacts] = (),
) -> None:
    closed = list(closed)
    ledger.commit(books_of(closed, through), closed, [], list(services), impacts=list(impacts))


def added(hours: Iterable[HourImpacts], within: Interval | None = None) -> dict[ImpactSeries, Bounds]:
    """Add up *hours* one by one."""
    sums: dict[ImpactSeries, Bounds] = {}
    for hour in hours:
        for key, amount in hour.amounts.items() if within is None or within.start <= hour.start < within.end else ():
            sums[key] = sums.get(key, Bounds.ZERO) + amount
    return sums


# --- what was committed is there -------------------------------------------------------------------------------------


def test_impacts_are_committed_with_their_hours(site: Site) -> None:
    keeping = Bookkeeping()
    hours: list[HourImpacts] = []
    with site.open() as ledger:
        for _ in range(6):
            done = keeping.tick(3601)
            reached = reckoned(done.closed, terms(assets=(SERVER, CARD)))
            ledger.commit(done.books, done.closed, [], [], impacts=reached)
            hours += reached
    with site.read() as reader:
        for first, last in [(0, 6), (2, 3), (1, 1)]:
            interval = Interval(START + first * HR, START + last * HR)
            sums = reader.sums(interval)
            assert sums.impacts == added(hours, interval)
            by_energy = {one.consumer: amount.central for one, amount in sums.impacts.items() if one.indicator is DRAWN}
            assert sum(by_energy.values()) == sum(one.microjoules for one in sums.measured.values())


def test_a_commit_with_impacts_given_twice_changes_nothing(site: Site) -> None:
    done = Bookkeeping().tick(2 * 3600)
    reached = reckoned(done.closed, terms(assets=(SERVER, CARD)))
    quarters = [(START + 5, told(START)), (START + 6, told(START + QUARTER))]
    with site.open() as ledger:
        ledger.commit(done.books, done.closed, [], [], impacts=reached, intensities=quarters)
        before = site.contents()
        assert [len(before[name]) for name in ("hour_terms", "terms", "intensities")] == [2, 1, 2]
        ledger.commit(done.books, done.closed, [], [], impacts=reached, intensities=quarters)
        assert site.contents() == before
        # as after a failure: what is held in memory was thrown away
        ledger._kept().pen = None
        ledger.commit(done.books, done.closed, [], [], impacts=reached, intensities=quarters)
        assert site.contents() == before


def test_the_counters_of_impacts_and_who_holds_the_hardware_survive_a_restart(site: Site) -> None:
    done = Bookkeeping().tick(600)
    counted = {ImpactSeries("assistant", GASES): Tallied(10**18, 3_599_999_999_999_999_999)}
    opened = tuple(replace(one, reserved=HELD if one.grain == "hour" else {}) for one in done.books.open)
    books = replace(done.books, impacts=counted, open=opened)
    with site.open() as ledger:
        ledger.commit(books, [], [], [])
    with site.open() as ledger:
        assert ledger.load() == books


def test_a_restored_backup_knows_what_its_counters_of_impacts_had_shown(site: Site) -> None:
    done = Bookkeeping().tick(600)
    books = replace(done.books, impacts={ImpactSeries("assistant", GASES): Tallied(7, 8)})
    with site.open() as ledger:
        ledger.commit(books, [], [], [])
    site.sidecar.write_text(f"{ledger.uuid} 99\n")
    with site.open() as ledger:
        assert ledger.exposure_offset().impacts == books.impacts


# --- sums ------------------------------------------------------------------------------------------------------------


def test_sums_of_impacts_are_exact_far_above_what_64_bits_hold(ledger: Ledger) -> None:
    # the largest number that a row can hold, as 10^4 hosts over ten years would sum to it and more
    huge = 2**63 - 1
    hours = [
        came_to(START + number * HR, {("assistant", GASES): (huge - 2, huge - 1, huge), ("_idle", MADE): (1, 2, huge)})
        for number in range(40)
    ]
    commit(ledger, (), hours)
    sums = ledger.sums(Interval(START, START + 40 * HR)).impacts
    assert sums == {
        ImpactSeries("assistant", GASES): Bounds(40 * (huge - 2), 40 * (huge - 1), 40 * huge),
        ImpactSeries("_idle", MADE): Bounds(40, 80, 40 * huge),
    }
    (row,) = (row for row in ledger.monthly(2026).impacts if row.series.consumer == "assistant")
    assert row.amount == sums[ImpactSeries("assistant", GASES)]


def test_an_impact_of_nothing_is_told_apart_from_an_unknown_one(ledger: Ledger) -> None:
    commit(ledger, (), [came_to(START, {("assistant", GASES): (0, 0, 0)})])
    assert ledger.sums(Interval(START, START + HR)).impacts == {ImpactSeries("assistant", GASES): Bounds.ZERO}


def test_impacts_follow_a_rename_and_the_facts_of_each_hour(ledger: Ledger) -> None:
    old = ServiceFacts("assistant", "Assistant", "Communication")
    new = ServiceFacts("redaction", "Assistant", "Culture", was=("assistant",))
    first = came_to(START, {("assistant", GASES): (1, 2, 3)})
    second = came_to(START + HR, {("redaction", GASES): (10, 20, 30)})
    commit(ledger, (), [first], through=START + HR, services=[old])
    commit(ledger, (), [second], through=START + 2 * HR, services=[new])
    key = ImpactSeries("redaction", GASES)
    assert ledger.sums(Interval(START, START + 2 * HR)).impacts == {key: Bounds(11, 22, 33)}
    rows = {(row.month, row.series, row.facts.department): row.amount for row in ledger.monthly(2026).impacts}
    assert rows == {(3, key, "Communication"): Bounds(1, 2, 3), (3, key, "Culture"): Bounds(10, 20, 30)}


def test_impacts_are_cut_into_months_like_energy(ledger: Ledger) -> None:
    turn = ns("2026-04-01T00:00:00", PARIS)
    hours = [came_to(turn - HR, {("s", GASES): (1, 1, 1)}), came_to(turn, {("s", GASES): (2, 2, 2)})]
    commit(ledger, (), hours, through=turn + HR)
    assert {row.month: row.amount.central for row in ledger.monthly(2026).impacts} == {3: 1, 4: 2}


# --- the facts of hours ----------------------------------------------------------------------------------------------


def test_the_facts_of_hours_are_as_they_were_booked(ledger: Ledger) -> None:
    first = replace(
        hour_bucket(START, {series("assistant"): 3, series("assistant", "gpu0"): 4, series("_idle"): 1}), reserved=HELD
    )
    later = hour_bucket(START + 40 * 24 * HR, {series("assistant"): 5})
    renamed = ServiceFacts("redaction", "R", was=("assistant",))
    commit(ledger, [first, later], through=START + 2000 * HR, services=[renamed])
    found = list(ledger.hours(Interval(START - 5 * HR, START + 1000 * HR)))
    assert [(one.start, one.energies, one.reserved) for one in found] == [
        (first.start, {"assistant": Energy(7), "_idle": Energy(1)}, HELD),
        (later.start, {"assistant": Energy(5)}, {}),
    ]
    assert list(ledger.hours(Interval(START + 1, START + 2 * HR))) == []


def test_an_hour_that_was_held_or_covered_without_energy_is_there(ledger: Ledger) -> None:
    held = replace(hour_bucket(START, {}), reserved=HELD)
    covered = replace(hour_bucket(START + HR, {}), covered={"package": HOUR})
    reckoned_with = came_to(START + 2 * HR, {("_unattributed", MADE): (1, 1, 1)})
    commit(ledger, [held, covered], [reckoned_with])
    found = list(ledger.hours(Interval(START, START + 5 * HR)))
    assert [(one.start, one.energies, one.reserved) for one in found] == [
        (START, {}, HELD),
        (START + HR, {}, {}),
        (START + 2 * HR, {}, {}),
    ]


def test_half_hours_are_hours_of_their_own(site: Site) -> None:
    keeping = Bookkeeping(("s",), hour=HALF_HOUR)
    with site.open(timezone="Pacific/Marquesas") as ledger:
        done = keeping.tick(2 * 3600)
        ledger.commit(done.books, done.closed, [], [], impacts=reckoned(done.closed, hour=HALF_HOUR))
        assert [one.start for one in ledger.hours(Interval(START, keeping.now))] == [
            START + number * HR // 2 for number in range(4)
        ]


# --- live intensities ------------------------------------------------------------------------------------------------


def test_every_revision_of_an_intensity_is_kept_and_the_newest_counts(site: Site) -> None:
    with site.open() as ledger:

        def tell(*pairs: tuple[int, str]) -> None:
            readings = [(START + received, told(START, grams)) for received, grams in pairs]
            ledger.commit(books_of([], START), [], [], [], intensities=readings)

        tell((1, "41.5"))
        tell((2, "41.5"))
        tell((3, "38.25"), (4, "38.25"))
        tell((5, "41.5"), (6, "12.000001"))
        interval = Interval(START, START + HR)
        assert ledger.intensities("rte", "FR", interval) == (told(START, "12.000001"),)
        received = [row[0] for row in site.sql("SELECT received FROM intensities ORDER BY received")]
        assert received == [START + 1, START + 3, START + 5, START + 6]


def test_of_two_that_came_at_once_the_later_counts(ledger: Ledger) -> None:
    both = [(START, told(START, "1")), (START, told(START, "2"))]
    ledger.commit(books_of([], START), [], [], [], intensities=both)
    assert ledger.intensities("rte", "FR", Interval(START, START + HR)) == (told(START, "2"),)


def test_intensities_are_read_where_they_tell_of_a_part_of_the_time(ledger: Ledger) -> None:
    readings = [told(START + number * QUARTER, str(number), estimated=number == 2) for number in range(6)]
    other = replace(told(START, "99"), zone="ES")
    pairs = [(START + HR, one) for one in (*readings, other)]
    ledger.commit(books_of([], START + HR), [], [], [], intensities=pairs)
    found = ledger.intensities("rte", "FR", Interval(START + QUARTER + 1, START + 3 * QUARTER))
    assert found == (readings[1], readings[2])
    assert ledger.newest_intensity("rte", "FR") == START + 6 * QUARTER
    assert ledger.newest_intensity("rte", "ES") == START + QUARTER
    assert ledger.newest_intensity("rte", "CH") == 0


def test_an_intensity_is_kept_to_the_microgram(ledger: Ledger) -> None:
    reading = replace(told(START), grams_per_kilowatt_hour=Decimal("33.12345678"))
    ledger.commit(books_of([], START), [], [], [], intensities=[(START, reading)])
    (found,) = ledger.intensities("rte", "FR", Interval(START, START + 1))
    assert found.grams_per_kilowatt_hour == Decimal("33.123457")


def test_held_hardware_is_a_fact_of_closed_hours(site: Site) -> None:
    hour = replace(hour_bucket(START, {series("assistant"): 3}), reserved={Holding("a", "dram"): Duration(5)})
    with site.open() as ledger:
        commit(ledger, [hour])
        commit(ledger, [hour])
    assert site.sql("SELECT bucket, consumer, resource, reserved FROM hour_reserved") == [(START, "a", "dram", 5)]
