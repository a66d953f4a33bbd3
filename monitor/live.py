"""The live intensity of the grid and the ledger: what is known already, and the hours that data come late for."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from monitor.collector import Grid
from monitor.core.events import EntryCorrected
from monitor.core.factors import NoFactorError
from monitor.core.interval import HOUR, Interval
from monitor.core.units import Duration
from monitor.restating import caught_up

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitor.config import Config
    from monitor.core.interval import Stamp
    from monitor.core.readings import IntensityReading
    from monitor.core.terms import Reckoner
    from monitor.ledger.store import Ledger

log = logging.getLogger(__name__)

AUTHOR: Final = "empreinte run"
LATE: Final = "live intensities of the grid came in late"
MOST_LATE: Final = Duration(31 * 24 * HOUR.nanoseconds)
"""Hours that wait for their intensity longer than this are restated by hand (`empreinte restate`)."""


def grid_of(config: Config, ledger: Ledger) -> Grid | None:
    """Return what a collector of live intensities needs; None where none is configured.

    Raises OSError where the token can't be read.
    """
    wanted = config.factors
    if wanted.live is None or not config.zone:
        return None
    return Grid(
        zone=config.zone,
        address=wanted.address,
        token=wanted.token_file.read_text(encoding="utf-8").strip() if wanted.token_file is not None else "",
        since=ledger.newest_intensity(wanted.live, config.zone),
        certificates=wanted.certificates,
    )


def told(config: Config, ledger: Ledger, interval: Interval) -> Sequence[IntensityReading]:
    """Return the live intensities of *interval* that the ledger has, of the source that is configured."""
    live = config.factors.live
    return ledger.intensities(live, config.zone, interval) if live is not None else ()


def late_hours(config: Config, ledger: Ledger, reckoner: Reckoner | None) -> Callable[[Stamp], list[EntryCorrected]]:
    """Return what restates the hours whose live intensities have come in since they closed, and says which."""

    def restate(at: Stamp) -> list[EntryCorrected]:
        if reckoner is None:
            return []
        waiting = ledger.filled(at.wall - MOST_LATE.nanoseconds)
        runs = caught_up(waiting, ledger.grain, reckoner, ledger.hours, partial(told, config, ledger))
        corrected: list[EntryCorrected] = []
        try:
            for interval, hours in runs:
                made = ledger.restate(
                    hours, interval, made=at.wall, author=AUTHOR, reason=LATE, factor_set=reckoner.catalogue.name
                )
                if made is not None:
                    corrected.append(
                        EntryCorrected(at=at, interval=interval, generation=made.number, reason=made.reason)
                    )
        except NoFactorError as error:
            log.warning("%s; the hours stay as they were reckoned", error)
        return corrected

    return restate
