"""The live intensity of the grid and the ledger: what is known already, and the hours that data come late for."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from monitor.collector import Grid
from monitor.config import LiveSource
from monitor.core.events import EntryCorrected
from monitor.core.factors import NoFactorError
from monitor.core.interval import HOUR, Interval, bucket_of
from monitor.core.units import Duration
from monitor.core.zones import canonical, parent_of
from monitor.impact_accounting import KEPT
from monitor.ledger.store import LedgerError
from monitor.ledger.stretches import merged
from monitor.restating import in_runs, reshape
from monitor.secret_file import secret_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from monitor.collector import Collector, Host
    from monitor.config import Config, FactorsTable
    from monitor.core.impact import Terms
    from monitor.core.interval import Stamp
    from monitor.core.readings import IntensityReading
    from monitor.core.terms import Reckoner
    from monitor.ledger.store import Ledger

log = logging.getLogger(__name__)

AUTHOR: Final = "empreinte run"
LATE: Final = "live intensities of the grid came in late"
MOST_LATE: Final = Duration(31 * 24 * HOUR.nanoseconds)
"""Hours that wait for their intensity longer than this are restated by hand (`empreinte restate`)."""
PATIENCE: Final = Duration(24 * HOUR.nanoseconds)
"""How long an hour of which a part is told waits for the rest: it is restated once, and not with each quarter."""
AGAIN: Final = Duration.from_seconds(60)
"""After how long it is tried again to restate where that could not be done."""


def known_until(config: Config, ledger: Ledger) -> int:
    """Return up to when the live source has told of the zone, ns since the epoch; 0 where it has told nothing."""
    live = config.factors.live
    return ledger.newest_intensity(live, zone_told(config)) if live is not None and config.zone else 0


def grid_of(config: Config, since: int = 0) -> Grid | None:
    """Return what a collector of live intensities needs, but for the token; None where none is configured.

    What is known already ends at *since* (ns since the epoch; 0: nothing is known).
    """
    wanted = config.factors
    if wanted.live is None or not config.zone:
        return None
    return Grid(zone=zone_told(config), address=wanted.address, since=since, certificates=wanted.certificates)


def is_wanted(name: str, kind: type[Collector], factors: FactorsTable) -> bool:
    """Return whether the collector *name* is to be opened: one that is opened on request only as the live source."""
    return not getattr(kind, "on_request", False) or name == factors.live


def open_with_token(kind: type[Collector], host: Host, file: Path | None) -> Collector:
    """Return the collector of the live source, with the token that *file* holds now. Raises Unavailable."""
    grid = None if host.grid is None else with_token(host.grid, file)
    return kind.open(replace(host, grid=grid))


def with_token(grid: Grid, file: Path | None) -> Grid:
    """Return *grid* with the token that *file* holds; as it is where there is none.

    Raises Unavailable where it can't be read: what is measured goes on, and the file is looked at again.
    """
    return grid if file is None else replace(grid, token=secret_of(file, "token"))


def zone_told(config: Config) -> str:
    """Return the zone that the live source tells of: RTE's figure is that of all mainland France, in any part of it."""
    code = canonical(config.zone)
    return parent_of(code) or code if config.factors.live is LiveSource.RTE else config.zone


def told(config: Config, ledger: Ledger, interval: Interval) -> Sequence[IntensityReading]:
    """Return the live intensities of *interval* that the ledger has, of the source that is configured."""
    live = config.factors.live
    return ledger.intensities(live, zone_told(config), interval) if live is not None and config.zone else ()


class LateHours:
    """Restates closed hours of which live intensities tell more, or something else, than was known when they closed.

    It keeps what it could not restate, and restates it later. One thread uses it.
    """

    def __init__(self, config: Config, ledger: Ledger, reckoner: Reckoner | None) -> None:
        self._config = config
        self._ledger = ledger
        self._reckoner = reckoner if config.factors.live is not None else None
        self._touched: tuple[Interval, ...] = ()
        self._begun = False
        self._due = 0
        self._trouble = ""

    def restate(self, at: Stamp, readings: Sequence[IntensityReading]) -> list[EntryCorrected]:
        """Restate the hours that *readings*, which are in the ledger, tell of; return what was corrected."""
        if self._reckoner is None:
            return []
        self._touch(at, readings)
        if not self._touched or at.boot < self._due:
            return []
        corrected: list[EntryCorrected] = []
        try:
            for event in self._corrections(at, self._reckoner):
                corrected.append(event)  # noqa: PERF402 - what was corrected before a failure is told
        except (LedgerError, NoFactorError) as error:
            if f"{error}" != self._trouble:
                log.warning("%s; the hours that live intensities came in late for stay as they are until then", error)
            self._trouble, self._due = f"{error}", at.boot + AGAIN.nanoseconds
        else:
            self._trouble, self._touched = "", ()
        return corrected

    def _touch(self, at: Stamp, readings: Sequence[IntensityReading]) -> None:
        """Note the time that *readings* tell of; with the first, all of late: this may be a restart before the end."""
        since = at.wall - MOST_LATE.nanoseconds
        new = [Interval(max(since, one.start), one.start + one.length.nanoseconds) for one in readings]
        if new and not self._begun:
            self._begun = True
            new.append(Interval(at.wall - KEPT.nanoseconds, at.wall))
        self._touched = merged(sorted(one for one in (*self._touched, *new) if since <= one.start < one.end))

    def _corrections(self, at: Stamp, reckoner: Reckoner) -> Iterator[EntryCorrected]:
        ledger = self._ledger
        for run, hours in in_runs(self._reshaped(at, reckoner), ledger.grain, ledger.hours):
            made = ledger.restate(
                hours, run, made=at.wall, author=AUTHOR, reason=LATE, factor_set=reckoner.catalogue.name
            )
            if made is not None:
                yield EntryCorrected(at=at, interval=run, generation=made.number, reason=made.reason)

    def _reshaped(self, at: Stamp, reckoner: Reckoner) -> dict[int, Terms]:
        """Return the new terms, by hour, of what is waited for and of what was told anew."""
        ledger, grain = self._ledger, self._ledger.grain
        closed = ledger.closed_through()
        waiting = ledger.filled(at.wall - MOST_LATE.nanoseconds)
        found: dict[int, Terms] = {}
        for one in merged(sorted((*waiting, *(_hours_of(one, grain) for one in self._touched)))):
            time = Interval(one.start, min(one.end, closed))
            if time.start < time.end:
                readings = told(self._config, ledger, time)
                patient_since = at.wall - PATIENCE.nanoseconds
                found |= reshape(ledger.applied(time), readings, grain, reckoner, patient_since)
        return found


def _hours_of(time: Interval, grain: Duration) -> Interval:
    """Return the hours that *time* lies in."""
    return Interval(bucket_of(time.start, grain), bucket_of(time.end - 1, grain) + grain.nanoseconds)
