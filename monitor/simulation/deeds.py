"""What the services of a simulated host did in an hour, as its ledger would hold it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.core.activity import ActivitySeries, Unit
from monitor.simulation.work import Telling

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from random import Random

    from monitor.simulation.spec import ServiceSpec
    from monitor.simulation.work import WorkSpec

UNEVEN: Final = 0.1
"""Standard deviation of the logarithm of what a call comes to, from hour to hour. Our choice."""


@dataclass(frozen=True, slots=True)
class _Teller:
    """A service that tells, and the series of what it tells."""

    work: WorkSpec
    requests: ActivitySeries
    units: tuple[tuple[ActivitySeries, int], ...]
    """How much of each one call comes to on average."""
    energy: ActivitySeries


class Deeds:
    """Tells what each service did, with the energy that it took."""

    def __init__(self, specs: Iterable[ServiceSpec], random: Random) -> None:
        """Take those of *specs* that tell; *random* makes some hours' calls longer than others'."""
        self._tellers = {spec.consumer: _teller(spec, spec.work) for spec in specs if spec.work is not None}
        self._random = random

    def done(self, busy: Mapping[str, int], used: Mapping[str, int]) -> dict[ActivitySeries, int]:
        """Return what was done in an hour by those who are in *busy*: for how many ns each of them worked.

        What each *used* in it, in microjoules, is the energy that its units share. Of a service that was there and
        did nothing it is known that it did nothing.
        """
        amounts: dict[ActivitySeries, int] = {}
        for consumer, teller in self._tellers.items():
            if consumer in busy:
                uneven = self._random.lognormvariate(0, UNEVEN)
                calls = teller.work.answered(busy[consumer])
                amounts[teller.requests] = calls
                amounts |= {series: round(calls * many * uneven) for series, many in teller.units}
                amounts[teller.energy] = used.get(consumer, 0)
        return amounts


def _teller(spec: ServiceSpec, work: WorkSpec) -> _Teller:
    authority = work.telling.authority
    meter = source_of(spec) if work.telling is Telling.EVENTS else f"http://127.0.0.1:{spec.port}/metrics"
    model = "" if work.telling is Telling.TEI else work.model
    series = {
        unit: ActivitySeries(spec.consumer, authority, meter, model, unit)
        for unit in (Unit.REQUESTS, *(unit for unit, _ in work.each))
    }
    return _Teller(
        work,
        series[Unit.REQUESTS],
        tuple((series[unit], many) for unit, many in work.each),
        ActivitySeries(spec.consumer, authority, "", "", Unit.ENERGY),
    )


def source_of(spec: ServiceSpec) -> str:
    """Return the name of the application that sends the events of the service *spec*."""
    return f"{spec.consumer}-app"
