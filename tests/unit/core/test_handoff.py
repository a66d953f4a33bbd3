from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.entries import OTHER, UNATTRIBUTED, Cause, Gap, Meter, OpenBooks, Series, Share
from monitor.core.handoff import Portion, Portions, changes_of, measured_by_consumer
from monitor.core.interval import Interval, Stamp
from monitor.core.readings import DRAM, PACKAGE, PLATFORM, REST, Method
from monitor.core.units import Energy

if TYPE_CHECKING:
    from collections.abc import Iterable

SECOND = 10**9
COUNTER, INTEGRATED, MODELLED = Method.COUNTER, Method.INTEGRATED, Method.MODELLED


class Ledger:
    """A host's books that grow: *machine* is the guest's, the rest others'."""

    def __init__(self) -> None:
        self.energy: dict[Series, Energy] = {}
        self.measured: dict[Meter, Energy] = {}
        self.seconds = 0

    def add(self, resource: str, method: Method, **by: int) -> None:
        for name, amount in by.items():
            consumer = {"other": OTHER, "unattributed": UNATTRIBUTED}.get(name, name)
            share = Share.FLOOR if amount % 2 else Share.ACTIVE
            series = Series(consumer, resource, share, method)
            self.energy[series] = self.energy.get(series, Energy.ZERO) + Energy(amount)
            meter = Meter(resource, method)
            self.measured[meter] = self.measured.get(meter, Energy.ZERO) + Energy(amount)

    def commit(self) -> OpenBooks:
        self.seconds += 5
        at = Stamp(self.seconds * SECOND, self.seconds * SECOND)
        return OpenBooks(at, "boot", 0, energy=dict(self.energy), measured=dict(self.measured))


class Guest:
    """The guest called `machine`, told after each commit."""

    def __init__(self, opening: OpenBooks | None = None, known: Iterable[Portion] = ()) -> None:
        self.before = opening
        self.portions = Portions(known)

    def take(self, books: OpenBooks, gaps: Iterable[Gap]) -> tuple[Portion, ...]:
        changes, self.before = changes_of(self.before, books, gaps), books
        return self.portions.take(changes, measured_by_consumer(books).get("machine", {}), books.at.wall)


def by_resource(portions: Iterable[Portion]) -> dict[str, Portion]:
    return {portion.resource: portion for portion in portions}


def microjoules(portions: Iterable[Portion]) -> dict[str, int]:
    return {portion.resource: portion.energy.microjoules for portion in portions}


def test_a_guest_is_told_its_own_energy_of_all_shares_and_nobody_elses() -> None:
    ledger = Ledger()
    ledger.add(PACKAGE, COUNTER, machine=100, other=900)
    ledger.add(PACKAGE, COUNTER, machine=7)
    ledger.add(DRAM, COUNTER, machine=20, other=80)
    told = Guest().take(ledger.commit(), [])
    assert microjoules(told) == {PACKAGE: 107, DRAM: 20}
    assert {portion.through for portion in told} == {5 * SECOND}


def test_where_there_is_more_than_processor_and_memory_all_together_is_told_too() -> None:
    ledger = Ledger()
    ledger.add(PACKAGE, COUNTER, machine=100)
    ledger.add(DRAM, COUNTER, machine=20)
    ledger.add(REST, INTEGRATED, machine=30, other=1)
    ledger.add("gpu0", COUNTER, machine=4)
    told = by_resource(Guest().take(ledger.commit(), []))
    assert told[PLATFORM].energy == Energy(154)
    assert told[PLATFORM].method is INTEGRATED, "no better than the worst in it"
    assert told[PACKAGE].method is COUNTER


def test_a_guest_that_draws_nothing_is_told_so_where_the_host_measures() -> None:
    ledger = Ledger()
    ledger.add(PACKAGE, COUNTER, other=900)
    (told,) = Guest().take(ledger.commit(), [])
    assert told.energy == Energy.ZERO


def test_what_the_host_models_is_not_handed_over() -> None:
    ledger = Ledger()
    ledger.add(PACKAGE, MODELLED, machine=100)
    assert Guest().take(ledger.commit(), []) == ()
    ledger.add(PACKAGE, COUNTER, machine=5)
    (told,) = Guest().take(ledger.commit(), [])
    assert told.energy == Energy(5)


def test_while_the_host_measures_nothing_it_says_nothing_new() -> None:
    ledger = Ledger()
    ledger.add(PACKAGE, COUNTER, machine=100)
    portions = Guest()
    portions.take(ledger.commit(), [])
    assert portions.take(ledger.commit(), []) == ()
    assert portions.portions.known()[0].through == 5 * SECOND


def test_where_the_host_modelled_for_a_while_the_epoch_is_another() -> None:
    ledger = Ledger()
    ledger.add(PACKAGE, COUNTER, machine=100)
    portions = Guest()
    (before,) = portions.take(ledger.commit(), [])
    ledger.add(PACKAGE, COUNTER, machine=10)
    ledger.add(PACKAGE, MODELLED, machine=10)
    (after,) = portions.take(ledger.commit(), [])
    assert (before.epoch, after.epoch, after.energy) == (0, 1, Energy(110))


def test_a_gap_of_the_host_is_a_gap_of_the_guest_and_a_step_of_its_clock_is_none() -> None:
    ledger = Ledger()
    portions = Guest()
    epochs = []
    for gaps in ([], [gap(PACKAGE, Cause.CLOCK_STEP)], [gap(DRAM, Cause.UNREADABLE)], [gap(PACKAGE, Cause.UNREADABLE)]):
        ledger.add(PACKAGE, COUNTER, machine=10)
        (told,) = portions.take(ledger.commit(), gaps)
        epochs.append(told.epoch)
    assert epochs == [0, 0, 0, 1]


def gap(resource: str, cause: Cause) -> Gap:
    return Gap(resource, Interval(0, SECOND), cause)


def test_a_gap_of_one_part_is_a_gap_of_all_together() -> None:
    ledger = Ledger()
    portions = Guest()
    for gaps in ([], [gap(DRAM, Cause.UNREADABLE)]):
        for resource in (PACKAGE, DRAM, REST):
            ledger.add(resource, COUNTER, machine=10)
        told = by_resource(portions.take(ledger.commit(), gaps))
    assert (told[PACKAGE].epoch, told[DRAM].epoch, told[PLATFORM].epoch) == (0, 1, 1)


def test_energy_of_an_unknown_user_may_be_the_guests_so_the_epoch_is_another() -> None:
    """Across a stop of the host's daemon: zero would be a lie."""
    ledger = Ledger()
    portions = Guest()
    ledger.add(PACKAGE, COUNTER, machine=10, unattributed=3)
    portions.take(ledger.commit(), [])
    ledger.add(PACKAGE, COUNTER, machine=10)
    (same,) = portions.take(ledger.commit(), [])
    ledger.add(PACKAGE, COUNTER, machine=10, unattributed=1)
    (other,) = portions.take(ledger.commit(), [])
    assert (same.epoch, other.epoch) == (0, 1)


def test_memory_that_is_only_modelled_keeps_nothing_from_the_guest() -> None:
    ledger = Ledger()
    portions = Guest()
    for _ in range(3):
        ledger.add(PACKAGE, COUNTER, machine=10)
        ledger.add(REST, INTEGRATED, machine=5)
        ledger.add(DRAM, MODELLED, machine=7)
        told = by_resource(portions.take(ledger.commit(), []))
    assert {name: (one.energy.microjoules, one.epoch) for name, one in told.items()} == {
        PACKAGE: (30, 0),
        PLATFORM: (45, 0),
    }


def test_all_together_is_told_when_the_meter_of_the_platform_was_read() -> None:
    """It is slow: what the processor drew meanwhile is in it once it has been read, and not before."""
    ledger = Ledger()
    portions = Guest()
    ledger.add(PACKAGE, COUNTER, machine=10)
    ledger.add(REST, INTEGRATED, machine=5)
    portions.take(ledger.commit(), [])
    ledger.add(PACKAGE, COUNTER, machine=10)
    assert microjoules(portions.take(ledger.commit(), [])) == {PACKAGE: 20}
    ledger.add(PACKAGE, COUNTER, machine=10)
    ledger.add(REST, INTEGRATED, machine=5)
    assert microjoules(portions.take(ledger.commit(), [])) == {PACKAGE: 30, PLATFORM: 40}


def test_a_ledger_that_fell_back_lets_no_counter_fall_and_what_lies_between_is_unknown() -> None:
    ledger = Ledger()
    ledger.add(PACKAGE, COUNTER, machine=40)
    known = [Portion(PACKAGE, COUNTER, Energy(100), 3, 0)]
    portions = Guest(None, known)
    (first,) = portions.take(ledger.commit(), [])
    ledger.add(PACKAGE, COUNTER, machine=10)
    (second,) = portions.take(ledger.commit(), [])
    assert (first.energy, first.epoch, first.added) == (Energy(100), 4, Energy(60))
    assert (second.energy, second.epoch) == (Energy(110), 4)


def test_a_restart_goes_on_in_the_same_epoch_from_the_books_of_before() -> None:
    ledger = Ledger()
    ledger.add(PACKAGE, COUNTER, machine=40, unattributed=5)
    opening = ledger.commit()
    ledger.add(PACKAGE, COUNTER, machine=10)
    (told,) = Guest(opening, [Portion(PACKAGE, COUNTER, Energy(40), 3, 0)]).take(ledger.commit(), [])
    assert (told.energy, told.epoch) == (Energy(50), 3)
