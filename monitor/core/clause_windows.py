"""Over what time a clause is judged: local months, quarters and years, cut to the days of its contract and its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.calendar import local_time, named_period, whole_period
from monitor.core.contracts import Span, Window
from monitor.core.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, tzinfo

    from monitor.core.contracts import Clause, Contract

EVER: Final = 1 << 62
"""The end of a contract that has none, ns since the epoch."""
PREVIOUS: Final = "previous_"


def holds(contract: Contract, clause: Clause, zone: tzinfo) -> Interval:
    """Return the time for which *clause* holds: the days of its *contract*, and its own among them, in *zone*."""
    firsts = [_day(day, zone).start for day in (contract.starts, clause.starts) if day is not None]
    lasts = [_day(day, zone).end for day in (contract.ends, clause.ends) if day is not None]
    return Interval(max(firsts, default=0), min(lasts, default=EVER))


def spans_at(contract: Contract, clause: Clause, at: int, closed: int, zone: tzinfo) -> tuple[Span, ...]:
    """Return the window of *clause* that holds the moment *at*, and the one before: those in which it holds."""
    if clause.window is Window.CONTRACT:
        found = [(Window.CONTRACT.value, Interval(0, EVER))]
    else:
        now = whole_period(clause.window, at, zone)
        before = whole_period(clause.window, now.start - 1, zone)
        found = [(clause.window.value, now), (f"{PREVIOUS}{clause.window}", before)]
    time = holds(contract, clause, zone)
    return tuple(Span(name, cut, closed) for name, whole in found if (cut := _cut(whole, time)) is not None)


def spans_in(contract: Contract, clause: Clause, within: Interval, closed: int, zone: tzinfo) -> tuple[Span, ...]:
    """Return the windows of *clause* that begin in *within*, in order, each under its first day: `2026-03-01`.

    The whole contract is one of them where it is asked for up to any moment of it.
    """
    if clause.window is Window.CONTRACT:
        return spans_at(contract, clause, within.end - 1, closed, zone)
    time = holds(contract, clause, zone)
    cut = ((whole, _cut(whole, time)) for whole in _windows(clause.window, within, zone))
    return tuple(Span(str(_date(whole.start, zone)), part, closed) for whole, part in cut if part is not None)


def _windows(window: Window, within: Interval, zone: tzinfo) -> Iterator[Interval]:
    whole = whole_period(window, within.start, zone)
    while whole.start < within.end:
        if whole.start >= within.start:
            yield whole
        whole = whole_period(window, whole.end, zone)


def _cut(whole: Interval, time: Interval) -> Interval | None:
    start, end = max(whole.start, time.start), min(whole.end, time.end)
    return Interval(start, end) if start < end else None


def _day(day: date, zone: tzinfo) -> Interval:
    return named_period(day.isoformat(), 0, zone)


def _date(moment: int, zone: tzinfo) -> date:
    return local_time(moment, zone).date()
