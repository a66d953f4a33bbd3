from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from monitor.core.clause_windows import EVER, holds, spans_at, spans_in
from monitor.core.contracts import Contract, Window
from monitor.core.interval import HOUR, Interval
from tests.contract.bookkeeping import PARIS, ns
from tests.fixtures.contracts import clause

ZONE = ZoneInfo(PARIS)
AT = ns("2026-03-29T12:00:00", PARIS)
"""The day on which summer time begins."""
CONTRACT = Contract(uid="c", starts=date(2026, 2, 10), ends=date(2026, 12, 31))


def at(text: str) -> int:
    return ns(f"{text}T00:00:00", PARIS)


def told(window: Window, contract: Contract = CONTRACT, moment: int = AT) -> list[tuple[str, Interval]]:
    found = spans_at(contract, replace(clause(), window=window), moment, moment, ZONE)
    return [(span.period, span.whole) for span in found]


def test_windows_are_local_periods_cut_to_the_days_of_the_contract() -> None:
    assert told(Window.MONTH) == [
        ("month", Interval(at("2026-03-01"), at("2026-04-01"))),
        ("previous_month", Interval(at("2026-02-10"), at("2026-03-01"))),
    ]
    assert told(Window.QUARTER) == [("quarter", Interval(at("2026-02-10"), at("2026-04-01")))]
    assert told(Window.YEAR) == [("year", Interval(at("2026-02-10"), at("2027-01-01")))]
    assert told(Window.CONTRACT) == [("contract", Interval(at("2026-02-10"), at("2027-01-01")))]
    [(_, march)] = told(Window.MONTH)[:1]
    assert march.length.nanoseconds == (31 * 24 - 1) * HOUR.nanoseconds


def test_a_contract_without_an_end_goes_on_for_ever_and_is_never_over() -> None:
    [span] = spans_at(replace(CONTRACT, ends=None), clause(window=Window.CONTRACT), AT, AT, ZONE)
    assert (span.whole.end, span.is_over) == (EVER, False)
    assert span.elapsed == AT - at("2026-02-10")


def test_after_its_last_day_only_the_window_before_is_left_and_then_none() -> None:
    assert [name for name, _ in told(Window.MONTH, moment=at("2027-01-20"))] == ["previous_month"]
    assert told(Window.MONTH, moment=at("2027-02-20")) == []
    assert told(Window.MONTH, moment=at("2026-01-20")) == []


def test_a_stepped_threshold_holds_on_its_own_days() -> None:
    step = replace(clause(), starts=date(2026, 3, 15), ends=date(2027, 3, 31))
    assert holds(CONTRACT, step, ZONE) == Interval(at("2026-03-15"), at("2027-01-01"))
    [span] = spans_at(CONTRACT, step, AT, AT, ZONE)
    assert span.whole == Interval(at("2026-03-15"), at("2026-04-01"))


def test_a_year_has_all_its_windows_under_their_first_days() -> None:
    year = Interval(at("2026-01-01"), at("2027-01-01"))
    months = spans_in(CONTRACT, clause(), year, AT, ZONE)
    assert [span.period for span in months] == [f"2026-{month:02}-01" for month in range(2, 13)]
    assert months[0].whole == Interval(at("2026-02-10"), at("2026-03-01"))
    assert [span.is_over for span in months[:3]] == [True, False, False]
    assert [span.period for span in spans_in(CONTRACT, clause(window=Window.CONTRACT), year, AT, ZONE)] == ["contract"]
    quarter = Interval(at("2026-04-01"), at("2026-07-01"))
    assert spans_in(CONTRACT, clause(window=Window.YEAR), quarter, AT, ZONE) == ()
