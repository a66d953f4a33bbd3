"""Whose each process was at a moment, and whose those are that came since. It changes nothing: any thread may ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.adapters.procfs import read_facts
from monitor.core.entries import OTHER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from monitor.core.services import ProcessFacts

GENERATIONS: Final = 100
"""Of new processes between one and an ancestor that is known, at most: a damaged procfs may show a loop."""


@dataclass(frozen=True, slots=True)
class Owners:
    """The processes of a moment, by their numbers: when each was started, in clock ticks after boot, and its consumer.

    Those that had just ended then are among them.
    """

    procfs: Path
    known: Mapping[int, tuple[int, str]]

    def of(self, pid: int) -> str:
        """Return the consumer that process *pid* belongs to; `_other` where that is not known.

        One that came since belongs to whoever started it; one that has ended, to whom it did.
        """
        now = self._look_up(pid)
        if now is None:
            return self.known.get(pid, (0, OTHER))[1]
        for _ in range(GENERATIONS):
            started, consumer = self.known.get(pid, (None, OTHER))
            if started == now.started:
                return consumer
            pid = now.parent
            now = self._look_up(pid)
            if now is None:
                break
        return OTHER

    def _look_up(self, pid: int) -> ProcessFacts | None:
        try:
            return read_facts(self.procfs, pid)
        except PermissionError:
            return None
