"""What the platform's meter sees against what the meters of its components see: what is usual here, and what is not.

A plug sees more than the components do: fans, disks, the losses of the power supply. How much more is learnt, as a
fixed power and a part that goes with the load. What departs from it for long is told: a power supply on another plug, a
meter that stands still, hardware that no meter knows.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import sqrt
from typing import TYPE_CHECKING, Final

from monitor.core.interval import MINUTE
from monitor.core.units import Duration, Energy, Power

if TYPE_CHECKING:
    from collections.abc import Sequence

WINDOW: Final = Duration(10 * MINUTE.nanoseconds)
"""Over how long both are compared: a BMC's average of half a minute matters no more then. Our choice."""
IN_A_ROW: Final = 3
"""How many windows have to say the same before it is told. Our choice: a backup or a reboot ends sooner."""
ENOUGH: Final = 24
"""After how many windows what was learnt is trusted: four hours. Our choice."""
FADING: Final = 0.5 ** (1 / 1008)
"""What is left of a window's weight with each new one: half after a week of them. Our choice."""
PATIENCE: Final = 144
"""After how many windows, a day, something new is what is usual: the machine was rebuilt. Our choice."""
TOLERANCE: Final = 0.10
"""By how much of what is expected the platform's power may differ. Our choice: meters of 5 % on each side."""
SPREAD: Final = 4.0
"""Or by how many standard deviations of what was learnt. Our choice."""
LEAST: Final = Power.from_watts(10)
"""Or by how much at all: small machines differ by more than a tenth. Our choice."""
LESS: Final = 1.03
"""By how much the components may come to more than the platform: errors of both. Our choice."""
SAME: Final = 1e-4
"""Two powers that differ by less are the same figure again. No real machine's mean power repeats itself so."""
VARIED: Final = 0.10
"""By how much the components have to vary meanwhile. Our choice."""
STEEPEST: Final = (1.0, 1.6)
"""Watts at the plug for each watt of the components: losses, and fans. Our choice: supplies lose up to a third."""


class Disagreement(StrEnum):
    """What is odd about the platform's meter beside those of the components."""

    LESS_THAN_PARTS = "less_than_parts"
    """It sees less than its components do: it does not measure the whole machine, or one of them is wrong."""
    FROZEN = "frozen"
    """It shows the same figure while the components' vary: it stands still."""
    DRIFTED = "drifted"
    """It sees much more, or less, beside the components than it used to."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What the platform drew over some time, and what its components drew over the same."""

    platform: Energy
    components: Energy
    length: Duration


@dataclass(frozen=True, slots=True)
class Compared:
    """The mean powers of one window."""

    platform: Power
    components: Power

    @property
    def seen_ratio(self) -> float:
        """Which part of what the platform draws its components' meters see."""
        return self.components.microwatts / self.platform.microwatts if self.platform > Power.ZERO else 0.0


@dataclass(frozen=True, slots=True)
class Learnt:
    """What is usual, as sums over windows, in watts: the newer a window, the more it weighs."""

    meters: str = ""
    """Whose: another set of meters begins anew."""
    windows: int = 0
    weight: float = 0.0
    components: float = 0.0
    platform: float = 0.0
    components_squared: float = 0.0
    platform_squared: float = 0.0
    product: float = 0.0

    def with_window(self, window: Compared) -> Learnt:
        """Return this, and what *window* teaches."""
        x, y = window.components.watts, window.platform.watts
        return replace(
            self,
            windows=self.windows + 1,
            weight=FADING * self.weight + 1,
            components=FADING * self.components + x,
            platform=FADING * self.platform + y,
            components_squared=FADING * self.components_squared + x * x,
            platform_squared=FADING * self.platform_squared + y * y,
            product=FADING * self.product + x * y,
        )

    @property
    def is_enough(self) -> bool:
        """Whether it can be relied on."""
        return self.windows >= ENOUGH

    @property
    def seen_ratio(self) -> float | None:
        """Which part of the platform's energy the components' meters usually see; None: not learnt yet."""
        return self.components / self.platform if self.is_enough and self.platform > 0 else None

    def expected(self, components: Power) -> Power | None:
        """Return what the platform usually draws where its components draw so much; None: not learnt yet."""
        if not self.is_enough:
            return None
        mean_x, mean_y = self.components / self.weight, self.platform / self.weight
        return Power.from_watts(max(0.0, mean_y + self._slope * (components.watts - mean_x)))

    @property
    def deviation(self) -> Power:
        """The standard deviation of what was seen from what is expected."""
        slope = self._slope
        variance = self._variance_y - 2 * slope * self._covariance + slope * slope * self._variance_x
        return Power.from_watts(sqrt(max(0.0, variance)))

    @property
    def _slope(self) -> float:
        """Watts at the plug for each watt of the components; 1 where they vary too little to teach it."""
        mean = self.components / self.weight
        if self._variance_x <= (VARIED * mean) ** 2:
            return STEEPEST[0]
        return min(max(self._covariance / self._variance_x, STEEPEST[0]), STEEPEST[1])

    @property
    def _variance_x(self) -> float:
        return self.components_squared / self.weight - (self.components / self.weight) ** 2

    @property
    def _variance_y(self) -> float:
        return self.platform_squared / self.weight - (self.platform / self.weight) ** 2

    @property
    def _covariance(self) -> float:
        return self.product / self.weight - self.components * self.platform / self.weight**2


@dataclass(frozen=True, slots=True)
class Agreement:
    """How the meters stand to each other, as it is kept for the run after this one."""

    learnt: Learnt = field(default_factory=Learnt)
    finding: Disagreement | None = None
    """What is odd; None: nothing is known to be."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the meters stand to each other, as it is shown."""

    seen_ratio: float | None
    """Which part of the platform's energy its components' meters saw in the last window; None: there was none yet."""
    usual_seen_ratio: float | None
    """Which part of it they usually see; None: not learnt yet."""
    finding: Disagreement | None
    """What is odd; None: nothing is known to be."""


@dataclass(slots=True)
class Reconciliation:
    """Compares both as they are booked, and says when what it thinks of them changes."""

    learnt: Learnt = field(default_factory=Learnt)
    finding: Disagreement | None = None
    """What is odd; None: nothing is known to be."""
    last: Compared | None = None
    """The last whole window; None: there was none yet."""
    _platform: int = 0
    _components: int = 0
    _length: int = 0
    _recent: deque[Compared] = field(default_factory=lambda: deque(maxlen=IN_A_ROW))
    _suspected: Disagreement | None = None
    _times: int = 0

    def see(self, meters: str, compared: Stretch, *, counts: bool) -> bool:
        """Add what both drew over the same stretch; return whether `finding` is another than before.

        *meters* names them all. *counts*: the platform's counts energy: two windows may come to the same steps of it. A
        stretch over which one of the meters was missing is not for here.
        """
        before = self.finding
        if meters != self.learnt.meters:
            self._begin(meters)
        self._platform += compared.platform.microjoules
        self._components += compared.components.microjoules
        self._length += compared.length.nanoseconds
        if self._length >= WINDOW.nanoseconds:
            self._close(counts=counts)
        return self.finding is not before

    @property
    def agreement(self) -> Agreement:
        """What is worth keeping."""
        return Agreement(self.learnt, self.finding)

    @property
    def outcome(self) -> Outcome:
        """What is shown."""
        seen = self.last.seen_ratio if self.last is not None and self.last.platform > Power.ZERO else None
        return Outcome(seen, self.learnt.seen_ratio, self.finding)

    def _begin(self, meters: str) -> None:
        self.learnt, self.finding, self.last = Learnt(meters), None, None
        self._platform = self._components = self._length = self._times = 0
        self._suspected = None
        self._recent.clear()

    def _close(self, *, counts: bool) -> None:
        over = Duration(self._length)
        window = Compared(Energy(self._platform).over(over), Energy(self._components).over(over))
        self._platform = self._components = self._length = 0
        self.last = window
        self._recent.append(window)
        found = judged(self.learnt, self._recent, counts=counts)
        self._times = self._times + 1 if found is self._suspected else 1
        self._suspected = found
        if self._times >= IN_A_ROW:
            self.finding = found
        if found is None:
            self.learnt = self.learnt.with_window(window)
        elif found is Disagreement.DRIFTED and self._times >= PATIENCE:
            self.finding, self._suspected, self._times = None, None, 0
            self.learnt = Learnt(self.learnt.meters).with_window(window)


def judged(learnt: Learnt, recent: Sequence[Compared], *, counts: bool) -> Disagreement | None:
    """Return what is odd about the newest of the *recent* windows, oldest first; None: nothing."""
    window = recent[-1]
    if window.components.watts > LESS * window.platform.watts + LEAST.watts:
        return Disagreement.LESS_THAN_PARTS
    if not counts and _stands_still(recent):
        return Disagreement.FROZEN
    expected = learnt.expected(window.components)
    if expected is None:
        return None
    allowed = max(TOLERANCE * expected.watts, SPREAD * learnt.deviation.watts, LEAST.watts)
    return Disagreement.DRIFTED if abs(window.platform.watts - expected.watts) > allowed else None


def _stands_still(recent: Sequence[Compared]) -> bool:
    if len(recent) < IN_A_ROW:
        return False
    shown = [window.platform.watts for window in recent]
    used = [window.components.watts for window in recent]
    return max(shown) - min(shown) <= SAME * max(shown) and max(used) - min(used) > VARIED * max(used)
