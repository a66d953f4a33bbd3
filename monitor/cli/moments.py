"""Moments that people write for a command: a day, or a time of it, in the time zone of the ledger."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Final

from monitor.cli.session import CommandError, Status
from monitor.core.calendar import local_day
from monitor.core.interval import Interval
from monitor.core.units import NANOSECONDS_PER_SECOND

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

FIRST_YEAR: Final = 1971
LAST_YEAR: Final = 2260
_DAY: Final = len("2026-03-14")


def time_between(first: str, last: str, zone: ZoneInfo) -> Interval:
    """Return the time from *first* to *last*: a day is whole (2026-03-14), a time is to the minute (2026-03-14T08:00).

    Times are those of the clock in *zone*, or have their own offset. Raises CommandError, with what can be written.
    """
    interval = Interval(_moment(first, "--from", zone).start, _moment(last, "--to", zone).end)
    if interval.start >= interval.end:
        message = f"--from {first} is not before --to {last}: give the earlier one first"
        raise CommandError(message, Status.WRONG)
    return interval


def _moment(text: str, option: str, zone: ZoneInfo) -> Interval:
    """Return the day that *text* names, or a time without any length."""
    try:
        found = datetime.fromisoformat(text)
        within = FIRST_YEAR <= found.year <= LAST_YEAR
    except ValueError:
        within = False
    if not within:
        message = f"{option} {text or '(nothing)'} is no time: write 2026-03-14, or 2026-03-14T08:00"
        raise CommandError(message, Status.WRONG)
    if len(text) == _DAY:
        noon = datetime.combine(date.fromisoformat(text), time(12), tzinfo=zone)
        return local_day(int(noon.timestamp()) * NANOSECONDS_PER_SECOND, zone)
    if found.tzinfo is None:
        found = _on_the_clock(found, text, option, zone)
    moment = int(found.timestamp()) * NANOSECONDS_PER_SECOND
    return Interval(moment, moment)


def _on_the_clock(found: datetime, text: str, option: str, zone: ZoneInfo) -> datetime:
    """Return the moment at which the clock in *zone* shows *found*, if it shows it once."""
    here = found.replace(tzinfo=zone)
    if here.utcoffset() != here.replace(fold=1).utcoffset():
        message = (
            f"{option} {text} is a time that the clock shows twice, or not at all, that night:"
            f" write it with its offset, such as {text}+01:00"
        )
        raise CommandError(message, Status.WRONG)
    return here
