"""A wall clock that a test sets, for one child process: libfaketime, preloaded.

Only the wall clock moves. CLOCK_MONOTONIC, CLOCK_BOOTTIME, the process's own CPU clock, waits with a time limit and
the times of files stay true (test_parts.py proves it). The CPU clocks of other processes move with the wall clock, even
below zero: who used how much means nothing then; what was measured does. One call breaks: libfaketime 0.9.10 refuses an
absolute sleep on a clock that it leaves alone, so `time.sleep` fails there with EINVAL; nothing in the daemon sleeps.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.parts.presence import FAKETIME

if TYPE_CHECKING:
    from collections.abc import Mapping


class WallClock:
    """How far the wall clock of the processes that are started with `environment` is off; at first not at all."""

    def __init__(self, directory: Path) -> None:
        self._offset = directory / "faketime"
        self.shift(0)

    def shift(self, seconds: float) -> None:
        """Set the clock *seconds* ahead of the true time (behind, if negative), at once, for what runs already too."""
        draft = self._offset.with_suffix(".new")
        draft.write_text(f"{seconds:+f}\n")
        draft.replace(self._offset)

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables to start a process with."""
        # the variant for programs with threads: it locks where the other one does not
        library = next(Path("/").glob(f"{FAKETIME}/libfaketimeMT.so.1".lstrip("/")))
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
