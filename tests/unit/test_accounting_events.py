"""From events to the books: each in its hour, with the energy of their service, before what its server says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from monitor.core.activity import ActivitySeries, Authority, EventSum, Taken, Unit
from monitor.core.entries import Grain
from monitor.core.interval import HOUR, Stamp
from monitor.core.readings import ActivityReading
from monitor.core.tellers import BELIEVED, Tellers
from monitor.ledger import codec
from tests.unit.test_accounting import accounting, counter, host, observed, stamp, use

if TYPE_CHECKING:
    from monitor.accounting import Accounting
    from monitor.core.entries import OpenBooks

EVENTS = ActivitySeries("a", Authority.EVENTS, "litellm", "small", Unit.OUTPUT_TOKENS)
UNMEASURED = replace(EVENTS, measured=False)
SILENT = ActivitySeries("a", Authority.EVENTS, "", "", Unit.OUTPUT_TOKENS)
ENERGY = ActivitySeries("a", Authority.EVENTS, "", "", Unit.ENERGY)
PAGE = ActivitySeries("a", Authority.SERVER, "http://127.0.0.1:8000/metrics", "", Unit.OUTPUT_TOKENS)
SHOWN = ("a", Unit.OUTPUT_TOKENS)


def tick(account: Accounting, seconds: float, *sums: EventSum, page: int | None = None) -> None:
    """Let the service use all of the host's processors, which draw 100 W."""
    readings = () if page is None else (ActivityReading(PAGE, page),)
    account.take(
        observed(
            stamp(seconds),
            meter=(counter("package", 100 * seconds),),
            process=(host(4 * seconds), use("a", 4 * seconds)),
            openmetrics=readings,
        ),
        Taken(sums, f"file:{seconds:g}"),
    )


def told(tokens: int, seconds: float) -> EventSum:
    return EventSum(EVENTS, tokens, stamp(seconds).wall)


def hour_of(books: OpenBooks, seconds: float) -> dict[ActivitySeries, int]:
    start = stamp(seconds).wall // HOUR.nanoseconds * HOUR.nanoseconds
    (found,) = (one for one in books.open if one.grain is Grain.HOUR and one.start == start)
    return dict(found.activity)


def test_events_count_with_the_energy_that_their_service_uses_also_while_none_come() -> None:
    account = accounting()
    for number in range(61):
        tick(account, 5 * number, *([told(50, 5 * number)] if number % 2 else []))
    books = account.books(stamp(300))
    # what took a service nobody knew of before its first event is not known
    assert (books.activity[UNMEASURED], books.activity[EVENTS]) == (50, 29 * 50)
    assert books.counted[SHOWN].shown == 1500
    # the energy of a tick is booked after what was done in it: that of the first event's is in, that of the last is not
    assert books.activity[ENERGY] == (300 - 5) * 100 * 10**6
    assert books.activity[SILENT] == 0


def test_an_event_counts_in_the_hour_of_its_time_while_that_is_open() -> None:
    account = accounting()
    edge = HOUR.seconds - stamp(0).wall % HOUR.nanoseconds / 10**9
    tick(account, edge - 15)
    tick(account, edge - 10)
    tick(account, edge - 5, told(1, edge - 5))
    tick(account, edge + 5, told(10, edge - 1), told(100, edge + 1))
    books = account.books(stamp(edge + 5))
    before, after = hour_of(books, edge - 1), hour_of(books, edge + 1)
    assert before[EVENTS] + before[UNMEASURED] == 11
    assert after[EVENTS] == 100
    account.close(stamp(edge + 600))
    tick(account, edge + 605, told(1000, edge - 1))
    late = hour_of(account.books(stamp(edge + 605)), edge + 605)
    assert late[EVENTS] + late[UNMEASURED] == 1100


def test_who_sends_events_is_believed_before_the_page_also_in_an_hour_without_any_until_a_day_later() -> None:
    account = accounting()
    tick(account, 0, page=0)
    tick(account, 5, told(70, 4), page=70)
    assert account.books(stamp(5)).counted[SHOWN].shown == 70
    hour = int(HOUR.seconds)
    for number in range(1, 24):
        tick(account, number * hour, page=70 + number)
        account.close(stamp(number * hour))
    assert account.books(stamp(23 * hour)).counted[SHOWN].shown == 70
    tick(account, 26 * hour, page=1000)
    account.close(stamp(27 * hour))
    tick(account, 27 * hour + 5, page=1500)
    # what it did while nobody knew whom to believe is shared by time: at least the last hour's is the page's
    assert account.books(stamp(27 * hour + 5)).counted[SHOWN].shown >= 570


def test_after_a_restart_what_was_told_before_is_known_and_nothing_is_told_twice() -> None:
    first = accounting()
    tick(first, 0, told(5, 0))
    tick(first, 5, told(10, 5))
    saved = first.books(stamp(5))
    second = accounting(opening=saved, run_id="next")
    assert second.cursor == "file:5"
    for number in range(2, 20):
        tick(second, 5 * number, *([told(10, 5 * number)] if number % 2 else []))
    books = second.books(stamp(95))
    assert books.activity[UNMEASURED] == 5
    assert books.activity[EVENTS] == 100
    # whose energy it is that was used across the restart is not known, nor is that of the last tick booked yet
    assert books.activity[ENERGY] == (95 - 5 - 5) * 100 * 10**6


def test_the_cursor_and_who_tells_survive_the_ledger_s_form() -> None:
    account = accounting()
    tick(account, 0, told(5, 0))
    books = account.books(stamp(0))
    numbers = {series: number for number, series in enumerate(books.activity)}
    energies = {series: number for number, series in enumerate(books.energy)}
    body = codec.encode(books, energies, {}, numbers)
    back = codec.decode(
        body, {number: one for one, number in energies.items()}, {}, {number: one for one, number in numbers.items()}
    )
    assert (back.cursor, back.told) == ("file:0", {("a", Authority.EVENTS, Unit.OUTPUT_TOKENS): stamp(0).wall})
    assert back == books


def test_who_is_silent_for_longer_than_a_day_is_forgotten() -> None:
    tellers = Tellers({})
    tellers.hear([EventSum(EVENTS, 1, 1000), EventSum(EVENTS, 1, 500)], 2000)
    tellers.hear([], 1000 + BELIEVED)
    assert tellers.silent() == [SILENT]
    tellers.hear([], 1001 + BELIEVED)
    assert (tellers.silent(), tellers.saved()) == ([], {})


def test_work_of_a_time_that_the_host_was_not_measured_is_told_apart() -> None:
    account = accounting()
    tick(account, 0, told(1, 0))
    tick(account, 5, told(10, 5))
    nothing = Taken((told(90, 600),), "file:x")
    account.take(observed(Stamp(stamp(600).wall, stamp(600).boot)), nothing)
    books = account.books(stamp(600))
    assert books.activity[UNMEASURED] == 91
    assert books.counted[SHOWN].shown == 101
