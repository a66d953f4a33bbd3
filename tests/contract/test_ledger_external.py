"""What a ledger promises of services that are bought as an API, on whichever database it is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from monitor.core.activity import Authority, Unit
from monitor.core.calendar import named_period
from monitor.core.external import (
    Basis,
    ExternalAmount,
    ExternalRule,
    ExternalSeries,
    ExternalSum,
    FileRow,
    Impact,
    Origin,
    TokenRate,
    by_service,
)
from monitor.core.impact import Bounds
from monitor.core.interval import Interval, Stamp
from monitor.ledger.errors import LedgerReadOnly
from monitor.ledger.external_periods import ExternalPeriods
from monitor.ledger.store import Ledger
from monitor.ledger.verify import verify
from tests.contract.bookkeeping import START
from tests.contract.reckoned import HR

if TYPE_CHECKING:
    from tests.contract.conftest import Site

MONTH = 31 * 24 * HR
EVER = Interval(0, 1 << 62)
KNOWN = Basis(
    (
        TokenRate(
            impact=Impact.GWP,
            origin=Origin.ESTIMATED,
            amount=Bounds(50_000_000, 200_000_000, 5_000_000_000),
            source="EcoLogits 0.11.3",
            year=2026,
            parameters=(("active_parameters", "41"), ("zone", "FRA")),
        ),
    ),
    "the others are unknown: name the zone",
)
UNKNOWN = Basis((), "nobody knows this model: ask the supplier")


def series(unit: Unit = Unit.OUTPUT_TOKENS, model: str = "mistral-large-latest", key: str = "chat") -> ExternalSeries:
    return ExternalSeries(key, "mistralai", model, unit)


def hour(amount: int, at: int = START, basis: Basis = KNOWN, model: str = "mistral-large-latest") -> ExternalAmount:
    return ExternalAmount(at, at + HR, series(model=model), amount, basis)


def requests(amount: int, at: int = START) -> ExternalAmount:
    return ExternalAmount(at, at + HR, series(Unit.REQUESTS), amount)


def month_row(line: int, amount: int, *, model: str = "mistral-large-latest", since: int = START) -> FileRow:
    return FileRow(
        line,
        (
            ExternalAmount(since, since + MONTH, series(model=model), amount, KNOWN),
            ExternalAmount(since, since + MONTH, series(Unit.INPUT_TOKENS, model), 3 * amount),
        ),
    )


def tokens(ledger: Ledger, interval: Interval = EVER, *, counted: bool = True) -> int:
    sums = ledger.external(interval, counted=counted)
    return sum(one.amount for one in sums if one.series.unit is Unit.OUTPUT_TOKENS)


def faults(ledger: Ledger) -> list[str]:
    return [fault.sentence for fault in verify(ledger).faults]


def test_events_of_an_hour_add_up_and_none_counts_twice(ledger: Ledger) -> None:
    assert ledger.add_external([hour(400), hour(100), requests(2)], stream="spool", through=2)
    assert ledger.add_external([hour(50), requests(1)], stream="spool", through=3)
    # the answer was lost, and they are given again
    assert not ledger.add_external([hour(50), requests(1)], stream="spool", through=3)
    assert ledger.external_mark("spool") == 3
    assert ledger.external_mark("another") == 0
    assert set(ledger.external(EVER)) == {
        ExternalSum(series(), 550, KNOWN),
        ExternalSum(series(Unit.REQUESTS), 3),
    }
    assert faults(ledger) == []


def test_what_was_bought_is_in_no_sum_of_the_host(ledger: Ledger) -> None:
    ledger.add_external([hour(400), requests(2)], stream="spool", through=1)
    sums = ledger.sums(EVER)
    assert (sums.energy, sums.measured, sums.impacts, sums.activity) == ({}, {}, {}, {})


def test_a_ledger_is_asked_for_times_that_lie_whole_in_it(ledger: Ledger) -> None:
    ledger.add_external([hour(1), hour(10, START + HR), hour(100, START + 2 * HR)], stream="spool", through=1)
    assert tokens(ledger, Interval(START, START + 2 * HR)) == 11
    assert tokens(ledger, Interval(START + 1, START + 2 * HR)) == 10
    assert tokens(ledger, Interval(START, START + 3 * HR - 1)) == 11


def test_an_hour_is_reckoned_by_the_basis_of_its_first_event_and_the_next_by_its_own(ledger: Ledger) -> None:
    ledger.add_external([hour(400, basis=UNKNOWN)], stream="spool", through=1)
    ledger.add_external([hour(100), hour(1000, START + HR)], stream="spool", through=2)
    assert {(one.amount, one.basis) for one in ledger.external(EVER)} == {(500, UNKNOWN), (1000, KNOWN)}


def test_the_parameters_of_every_row_are_kept_whole(site: Site) -> None:
    with site.open() as ledger:
        ledger.add_external([hour(400)], stream="spool", through=1)
    with site.read() as reader:
        (one,) = reader.external(EVER)
        assert one.basis == KNOWN
        use = by_service([one])["chat"]
        assert use.impacts == {Impact.GWP: Bounds(20_000, 80_000, 2_000_000)}


def test_sums_are_exact_beyond_what_a_database_adds(ledger: Ledger) -> None:
    most = (1 << 62) - 1
    ledger.add_external([hour(most), hour(most, START + HR), hour(most, START + 2 * HR)], stream="spool", through=1)
    assert tokens(ledger) == 3 * most


def test_the_same_file_twice_changes_nothing(site: Site) -> None:
    rows = [month_row(2, 1_000_000), month_row(3, 50, model="mistral-small-latest")]
    with site.open() as ledger:
        first = ledger.import_external(rows, "a" * 32)
        assert (first.written, first.known, first.refused) == ((2, 3), (), ())
        before = site.contents()
        again = ledger.import_external(rows, "a" * 32)
        assert (again.written, again.known, again.refused) == ((), (2, 3), ())
        assert site.contents() == before
        assert tokens(ledger) == 1_000_050
        assert faults(ledger) == []


def test_the_same_file_with_another_version_of_ecologits_changes_nothing(ledger: Ledger) -> None:
    ledger.import_external([month_row(2, 1000)], "a" * 32)
    other = ExternalAmount(START, START + MONTH, series(), 1000, UNKNOWN)
    ledger.import_external([FileRow(2, (other, month_row(2, 1000).amounts[1]))], "a" * 32)
    assert [one.basis for one in ledger.external(EVER) if one.series.unit is Unit.OUTPUT_TOKENS] == [KNOWN]


def test_tokens_that_nobody_had_a_rate_for_get_one_when_the_file_is_imported_again(ledger: Ledger) -> None:
    told = month_row(2, 1000)
    without = FileRow(2, (replace(told.amounts[0], basis=UNKNOWN), told.amounts[1]))
    other = replace(KNOWN, missing="another version")
    for row, basis in (
        (without, UNKNOWN),
        (told, KNOWN),
        (FileRow(2, (replace(told.amounts[0], basis=other), told.amounts[1])), KNOWN),
        (without, KNOWN),
    ):
        ledger.import_external([row], "a" * 32)
        assert set(ledger.external(EVER)) == {
            ExternalSum(series(), 1000, basis),
            ExternalSum(series(Unit.INPUT_TOKENS), 3000),
        }
    assert faults(ledger) == []


def test_the_same_file_counts_once_though_its_service_or_provider_is_called_otherwise_by_now(ledger: Ledger) -> None:
    told = month_row(2, 1000)
    ledger.import_external([told], "a" * 32)
    for changed in ({"external": "assistant"}, {"provider": "mistral"}):
        row = FileRow(2, tuple(replace(one, series=replace(one.series, **changed)) for one in told.amounts))
        found = ledger.import_external([row], "a" * 32)
        assert (found.written, found.known, found.refused) == ((), (2,), ())
        assert tokens(ledger) == 1000
        assert {one.series.external for one in ledger.external(EVER)} == {"chat"}


def test_two_rows_of_a_file_for_one_time_are_two_accounts_and_add_up(ledger: Ledger) -> None:
    ledger.import_external([month_row(2, 1000), month_row(3, 500)], "a" * 32)
    assert tokens(ledger) == 1500


def test_a_longer_list_brings_what_is_new_and_knows_what_is_there(ledger: Ledger) -> None:
    ledger.import_external([month_row(2, 1000)], "a" * 32)
    found = ledger.import_external([month_row(2, 1000), month_row(3, 70, since=START + MONTH)], "b" * 32)
    assert (found.written, found.known, found.refused) == ((3,), (2,), ())
    assert tokens(ledger) == 1070


def test_a_month_is_known_to_be_told_in_its_last_hour_and_in_no_hour_after_it(ledger: Ledger) -> None:
    whole = 31 * 24 * HR + HR  # a month of which the clocks are set back at its end
    told = ExternalAmount(START, START + whole, series(), 1000, KNOWN)
    ledger.import_external([FileRow(2, (told,))], "a" * 32)
    ledger.add_external([hour(7, START + whole - HR), hour(5, START + whole)], stream="spool", through=1)
    assert (tokens(ledger), tokens(ledger, counted=False)) == (1005, 7)


def test_a_file_that_says_something_else_of_a_time_that_was_told_is_refused(ledger: Ledger) -> None:
    ledger.import_external([month_row(2, 1000)], "a" * 32)
    assert ledger.import_external([month_row(2, 1001)], "b" * 32).refused == (2,)
    assert tokens(ledger) == 1000


def test_a_file_does_not_count_again_what_events_have_counted(ledger: Ledger) -> None:
    ledger.add_external([hour(400)], stream="spool", through=1)
    assert ledger.import_external([month_row(2, 1000)], "a" * 32).refused == (2,)
    other = ledger.import_external([month_row(2, 1000, model="mistral-small-latest")], "a" * 32)
    assert other.written == (2,)
    assert tokens(ledger) == 1400


def test_events_of_a_time_that_a_file_has_told_are_a_cross_check(ledger: Ledger) -> None:
    ledger.import_external([month_row(2, 1000)], "a" * 32)
    ledger.add_external([hour(400), hour(7, START + MONTH)], stream="spool", through=1)
    ledger.add_external([hour(5)], stream="spool", through=2)
    assert tokens(ledger) == 1007
    assert tokens(ledger, counted=False) == 405
    assert faults(ledger) == []


@pytest.mark.parametrize("first", [Authority.EVENTS, Authority.GATEWAY])
def test_of_two_authorities_that_tell_of_an_hour_the_one_believed_first_counts(
    ledger: Ledger, first: Authority
) -> None:
    events = [hour(400), hour(30, model="mistral-small-latest")]
    # the gateway has another name for the model, and tells of an hour of which there is no event
    metered = [replace(one, authority=Authority.GATEWAY) for one in (hour(431, model="mistral"), hour(9, START + HR))]
    batches = [events, metered] if first is Authority.EVENTS else [metered, events]
    for number, batch in enumerate(batches, start=1):
        ledger.add_external(batch, stream="spool", through=number)
    assert tokens(ledger) == 439
    assert tokens(ledger, counted=False) == 431
    ledger.add_external([hour(1), metered[0]], stream="spool", through=3)
    assert (tokens(ledger), tokens(ledger, counted=False)) == (440, 862)
    assert faults(ledger) == []


def test_a_command_may_import_beside_the_daemon(site: Site, ledger: Ledger) -> None:
    with Ledger.change(site.url) as other:
        other.import_external([month_row(2, 1000)], "a" * 32)
    assert tokens(ledger) == 1000
    with site.read() as reader, pytest.raises(LedgerReadOnly):
        reader.import_external([month_row(2, 1000)], "b" * 32)


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        ("UPDATE external_amounts SET amount = -1 WHERE source = 'events'", "of chat is -1"),
        ("UPDATE external_amounts SET basis_id = NULL WHERE source = 'events'", "of chat has no basis"),
        ("UPDATE external_amounts SET until = since WHERE source = 'events'", "has no time"),
        ("UPDATE external_amounts SET counted = true", "counts by events, and again by file:"),
        (
            (
                "UPDATE external_amounts SET counted = true WHERE source = 'events' AND since ="
                " (SELECT max(since) FROM external_amounts WHERE source = 'events' AND NOT counted)"
            ),
            "and again by file:",
        ),
        ("UPDATE external_amounts SET counted = true", "counts by events, and again by gateway"),
        ("UPDATE external_bases SET body = '{}'", "is not what was written"),
    ],
)
def test_whatever_is_changed_in_the_tables_of_bought_services_is_found(site: Site, harm: str, found: str) -> None:
    with site.open() as ledger:
        ledger.import_external([month_row(2, 1000)], "a" * 32)
        late = START + MONTH
        metered = replace(hour(70, late, model="mistral"), authority=Authority.GATEWAY)
        last = hour(5, late - HR)
        ledger.add_external([hour(400), last, hour(7, late), metered], stream="spool", through=1)
        assert faults(ledger) == []
    site.sql(harm)
    with site.read() as reader:
        assert any(found in sentence for sentence in faults(reader)), faults(reader)


def test_periods_have_the_open_hour_and_only_what_lies_whole_in_them(ledger: Ledger) -> None:
    zone = ZoneInfo(ledger.timezone)
    now = named_period("2026-04-10", 0, zone).start + 5 * HR + 1
    march = named_period("2026-03", 0, zone)
    ledger.import_external(
        [
            FileRow(2, (ExternalAmount(march.start, march.end, series(), 1000, KNOWN),)),
        ],
        "a" * 32,
    )
    ledger.add_external([hour(7, now - 1), hour(20, march.end + HR)], stream="spool", through=1)
    rule = ExternalRule(key="chat", name="Chat", provider="mistralai", models=("*",))
    periods = ExternalPeriods(ledger, [rule])
    found = periods.of(Stamp(now, 10**15))
    counts = {period: use.counts[Unit.OUTPUT_TOKENS] for (key, period), use in found.periods.items() if key == "chat"}
    assert counts == {
        "day": 7,
        "month": 27,
        "quarter": 27,
        "year": 1027,
        "previous_month": 1000,
        "previous_quarter": 1000,
    }
    assert found.total["chat"].counts == {Unit.OUTPUT_TOKENS: 1027}
    assert found.services == {"chat": rule}
    ledger.add_external([hour(1, now - 1)], stream="spool", through=2)
    assert periods.of(Stamp(now, 10**15 + 59 * 10**9)) is found
    assert periods.of(Stamp(now, 10**15 + 60 * 10**9)).total["chat"].counts == {Unit.OUTPUT_TOKENS: 1028}
