"""Learn what a resource draws while nobody uses it, and what a loaded model costs while nobody asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.core.units import Duration, Energy, Power

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.core.readings import Method

LOW_LOAD: Final = 0.05
"""Below this share of the CPU time a processor counts as idle. Our choice: wake-ups of an idle server stay under it."""
WINDOW: Final = Duration.from_seconds(30)
"""An idle stretch has to last this long, so that one quiet tick beside a burst teaches nothing. Our choice."""
RESIDENCY: Final = ":residency"
"""Suffix of the key under which the residency power of a GPU is kept."""


@dataclass(slots=True)
class _Stretch:
    energy: Energy
    length: Duration


class Floors:
    """The lowest mean power seen over an idle stretch, for each resource and method. What is configured is not learnt.

    Two methods may see the same idle machine differently by half: what one has taught is not used for the other.
    """

    def __init__(self, learnt: Mapping[str, Power], configured: Mapping[str, Power]) -> None:
        self._learnt = dict(learnt)
        self._configured = dict(configured)
        self._stretches: dict[str, _Stretch] = {}

    def of(self, key: str, method: Method) -> Power | None:
        """Return the floor power of a resource (or its residency power) as *method* sees it; None while unknown."""
        return self._configured.get(key, self._learnt.get(_learnt_key(key, method)))

    def learnt(self) -> Mapping[str, Power]:
        """Return what has been learnt, for the run after this one."""
        return dict(self._learnt)

    def see(self, resource: str, method: Method, energy: Energy, length: Duration, *, idle: bool) -> None:
        """Take note that *resource* drew *energy* over *length*, and whether it was idle all the while.

        A stretch without any energy teaches nothing: no machine idles at nothing, but a counter may stand still.
        """
        key = _learnt_key(resource, method)
        if not idle or length <= Duration.ZERO:
            self._stretches.pop(key, None)
            return
        stretch = self._stretches.get(key, _Stretch(Energy.ZERO, Duration.ZERO))
        stretch = _Stretch(stretch.energy + energy, stretch.length + length)
        if stretch.length < WINDOW:
            self._stretches[key] = stretch
            return
        self._stretches.pop(key, None)
        power = stretch.energy.over(stretch.length)
        if power > Power.ZERO:
            self._learnt[key] = min(power, self._learnt.get(key, power))


def _learnt_key(key: str, method: Method) -> str:
    return f"{key}/{method}"
