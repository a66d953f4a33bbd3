"""From readings to the books: what services did, with the energy that it took, and what it is not known of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from monitor.core.activity import ActivitySeries, Authority, Unit, resource_of
from monitor.core.entries import Cause
from monitor.core.readings import ActivityReading, PowerReading, Reading
from monitor.core.units import Duration, Power
from tests.unit.test_accounting import accounting, counter, host, observed, stamp, use

if TYPE_CHECKING:
    from monitor.accounting import Accounting
    from monitor.core.entries import OpenBooks

TOKENS = ActivitySeries("a", Authority.SERVER, "http://127.0.0.1:8000/metrics", "", Unit.OUTPUT_TOKENS)
ENERGY = ActivitySeries("a", Authority.SERVER, "", "", Unit.ENERGY)
UNMEASURED = replace(TOKENS, measured=False)


def power(watts: float) -> PowerReading:
    return PowerReading("package", "wall", Power.from_watts(watts), Duration.from_seconds(15))


def tick(account: Accounting, seconds: float, meter: Reading, tokens: int) -> None:
    """Let the service use all of the host's processors, which draw what *meter* says."""
    account.take(
        observed(
            stamp(seconds),
            meter=(meter,),
            process=(host(4 * seconds), use("a", 4 * seconds)),
            openmetrics=(ActivityReading(TOKENS, tokens),),
        )
    )


def joules_of_a(books: OpenBooks) -> float:
    return sum(energy.joules for one, energy in books.energy.items() if one.consumer == "a")


def test_what_was_done_goes_with_the_energy_that_was_used_for_it() -> None:
    account = accounting()
    for number in range(61):
        tick(account, 5 * number, counter("package", 500 * number), 50 * number)
    books = account.books(stamp(300))
    assert books.activity[TOKENS] == 3000
    assert books.counted["a", Unit.OUTPUT_TOKENS].shown == 3000
    # the energy of the last tick is booked after the reading of what was done in it
    assert books.activity[ENERGY] == (joules_of_a(books) - 500) * 10**6 == 29_500 * 10**6


def test_over_an_outage_that_only_the_server_counted_through_its_work_is_told_apart() -> None:
    first = accounting()
    for number in range(13):
        tick(first, 5 * number, power(100), 50 * number)
    second = accounting(opening=first.books(stamp(60)), run_id="next")
    for number in range(13):
        tick(second, 7200 + 5 * number, power(100), 90_000 + 50 * number)
    books = second.books(stamp(7260))
    # with the outage goes the tick in which it is said that it was missed
    assert books.activity[UNMEASURED] == 90_000 - 600 + 50
    assert books.activity[TOKENS] == 600 + 600 - 50
    assert books.counted["a", Unit.OUTPUT_TOKENS].shown == 90_600
    watt_seconds_per_token = books.activity[ENERGY] / 10**6 / books.activity[TOKENS]
    assert 8 <= watt_seconds_per_token <= 10


def test_what_is_lost_with_a_counter_is_a_gap_of_activity_and_of_nothing_else() -> None:
    account = accounting()
    tick(account, 0, counter("package", 0), 700)
    tick(account, 5, counter("package", 500), 20)
    (gap,) = account.take_gaps()
    assert (gap.resource, gap.cause) == (resource_of("a"), Cause.COUNTER_RESET)
    books = account.books(stamp(5))
    assert books.gaps == {}
    assert set(books.covered) == {"package"}
