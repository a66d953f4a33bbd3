"""Whether the daemon is alive, and whether it is ready: what `/healthz` and `/readyz` answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.units import Duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.core.interval import Stamp
    from monitor.exposition.prometheus import Exposition


class Health:
    """Looks at the age of the newest snapshot, on the clock that goes on in suspend and is never set.

    A snapshot, or the wait for the first, may be *patience* old: some ticks.
    """

    def __init__(self, exposition: Exposition, now: Callable[[], Stamp], patience: Duration) -> None:
        self._exposition = exposition
        self._now = now
        self._patience = patience
        self._started = now()

    def trouble(self) -> str:
        """Return why the daemon is not alive, in one sentence; empty while it is."""
        snapshot = self._exposition.snapshot
        last = self._started if snapshot is None else snapshot.at
        age = Duration(self._now().boot - last.boot)
        if age <= self._patience:
            return ""
        what = "nothing was measured" if snapshot is None else "nothing new was measured"
        return f"{what} for {age.seconds:.0f} s: see the daemon's log"

    def hindrance(self) -> str:
        """Return why the daemon is not ready: not alive, nothing measured yet, the ledger not written. Empty: it is."""
        snapshot = self._exposition.snapshot
        if trouble := self.trouble():
            return trouble
        if snapshot is None:
            return "nothing was measured yet: ask again in a few seconds"
        if snapshot.ledger_error:
            return snapshot.ledger_error
        return "" if snapshot.ledger_commit else "the ledger was not written yet: ask again in a few seconds"
