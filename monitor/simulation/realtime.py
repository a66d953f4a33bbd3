"""A simulated host in real time, for `empreinte simulate`: it moves on just before it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.simulation.applications import Applications
from monitor.simulation.nvml import SimulatedNvml
from monitor.simulation.trees import HostTree
from monitor.simulation.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.clock import Clock
    from monitor.core.interval import Stamp
    from monitor.simulation.pages import MetricsPages
    from monitor.simulation.spec import WorldSpec


class RealTimeWorld:
    """A world whose time is that of a real clock, shown as files below *root*.

    Nothing moves by itself: whoever is about to read the host calls `before_read`. Its wall and boot clocks are the
    real ones; its boot id is its own, since its counters begin with it.
    """

    def __init__(self, spec: WorldSpec, root: Path, clock: Clock, pages: MetricsPages | None = None) -> None:
        """Begin now; what its services say of what they do is on *pages*."""
        self._clock = clock
        self._begun = clock.stamp()
        self.world = World(spec, self._begun)
        self.tree = HostTree(self.world, root)
        self.nvml = SimulatedNvml(self.world)
        self.boot_id = self.world.clock.boot_id
        self.applications = Applications(self.world)
        self._pages = pages

    def stamp(self) -> Stamp:
        """Return this moment on the real clocks."""
        return self._clock.stamp()

    def before_read(self) -> None:
        """Let the world catch up with the clock, and show itself."""
        self.world.advance(self._clock.stamp().boot - self._begun.boot)
        self.tree.write()
        self.applications.look()
        if self._pages is not None:
            self._pages.show(self.world.lives)
