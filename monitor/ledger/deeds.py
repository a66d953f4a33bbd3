"""What services did, for the figures of periods: what counts, who says so, and what they used to be ready for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from monitor.core.activity import ActivitySeries, Authority, Unit, authoritative
from monitor.core.entries import Share
from monitor.core.functional import Said, over
from monitor.core.groups import Holder
from monitor.core.units import Energy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.core.entries import Series
    from monitor.ledger.naming import Naming


@dataclass(frozen=True, slots=True)
class Deeds:
    """What services did, who says so, and what they used to be ready for it: as `Figures` has it."""

    idle: dict[tuple[str, str], Energy]
    activity: dict[tuple[str, str, Unit, str], int]
    unmeasured: dict[tuple[str, str, Unit, str], int]
    said: dict[tuple[str, Authority, Unit, str], Said]

    def copy(self) -> Deeds:
        """Return what can be added to without changing this."""
        return Deeds(dict(self.idle), dict(self.activity), dict(self.unmeasured), dict(self.said))

    def add(
        self,
        idle: Mapping[str, int],
        activity: Mapping[ActivitySeries, int],
        beside: Mapping[ActivitySeries, int],
        period: str,
    ) -> None:
        """Add to the figures of *period*: *idle* microjoules by consumer, *activity* that counts, what is *beside*."""
        for consumer, microjoules in idle.items():
            self.idle[consumer, period] = self.idle.get((consumer, period), Energy.ZERO) + Energy(microjoules)
        for series, amount in activity.items():
            key = (series.consumer, series.model, series.unit, period)
            self.activity[key] = self.activity.get(key, 0) + amount
            if not series.measured:
                self.unmeasured[key] = self.unmeasured.get(key, 0) + amount
            self._say(series, period, Said(counted=amount))
        for series, amount in beside.items():
            self._say(series, period, Said(beside=amount))

    def _say(self, series: ActivitySeries, period: str, said: Said) -> None:
        key = (series.consumer, series.authority, series.unit, period)
        self.said[key] = self.said.get(key, Said()) + said


class Keys(dict[str, str]):
    """The keys that go on with those of the moment *at*, each looked up once; without *naming*, the keys themselves."""

    def __init__(self, naming: Naming | None, at: int) -> None:
        self._naming = naming
        self._at = at

    def __missing__(self, key: str) -> str:
        """Look *key* up."""
        found = self[key] = key if self._naming is None else self._naming.current_key(key, self._at)
        return found


class Holders(dict[str, tuple[Holder, ...]]):
    """Whose it is what is under a key at the moment *at*, each looked up once: as Keys, and that of its groups beside.

    Without *naming* it is of no group.
    """

    def __init__(self, naming: Naming | None, at: int) -> None:
        self._naming = naming
        self._at = at

    def __missing__(self, key: str) -> tuple[Holder, ...]:
        """Look *key* up."""
        found = self[key] = (key,) if self._naming is None else self._naming.holders(key, self._at)
        return found


def told(activity: Mapping[ActivitySeries, int]) -> tuple[dict[ActivitySeries, int], dict[ActivitySeries, int]]:
    """Return what counts of the *activity* of one hour, and what does not; its energy is by `over` what was told."""
    counts = authoritative(activity)
    units = units_told(counts)
    return (
        {_over(one, units.get(one.consumer, ())): amount for one, amount in activity.items() if one in counts},
        {one: amount for one, amount in activity.items() if one not in counts},
    )


def units_told(counts: Iterable[ActivitySeries]) -> dict[str, set[Unit]]:
    """Return by consumer of which units it is known how much was done while it was measured what that took."""
    units: dict[str, set[Unit]] = {}
    for one in counts:
        if one.measured and one.unit is not Unit.ENERGY:
            units.setdefault(one.consumer, set()).add(one.unit)
    return units


def _over(one: ActivitySeries, units: Iterable[Unit]) -> ActivitySeries:
    return replace(one, model=over(units)) if one.unit is Unit.ENERGY else one


def of_all_meters(
    activity: Mapping[ActivitySeries, int], naming: Naming | None = None, at: int = 0
) -> dict[ActivitySeries, int]:
    """Return *activity* of all meters together; with *naming*, under the keys that go on with those of *at*."""
    sums: dict[ActivitySeries, int] = {}
    for series, amount in activity.items():
        consumer = series.consumer if naming is None else naming.current_key(series.consumer, at)
        key = replace(series, consumer=consumer, meter="")
        sums[key] = sums.get(key, 0) + amount
    return sums


def idle_of(energy: Mapping[Series, Energy], naming: Naming | None = None, at: int = 0) -> dict[str, int]:
    """Return what of *energy* was used to be ready, by consumer; keys as in `of_all_meters`."""
    sums: dict[str, int] = {}
    keys = Keys(naming, at)
    for series, amount in energy.items():
        if series.share is not Share.ACTIVE:
            consumer = keys[series.consumer]
            sums[consumer] = sums.get(consumer, 0) + amount.microjoules
    return sums
