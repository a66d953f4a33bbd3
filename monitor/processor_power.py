"""The thermal design power of the CPUs, from the best that is known: configured, remembered, looked up, or guessed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from monitor.adapters import codecarbon, cpuinfo

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.core.units import Power

log = logging.getLogger(__name__)

KEY: Final = "cpu_power"
"""Under which the ledger remembers what was looked up."""
CONFIGURED_ACCURACY: Final = "+-50 %"
"""Of what is modelled from a power that was configured. Source: docs/modelled-host.md."""


@dataclass(frozen=True, slots=True)
class Found:
    """The power of all sockets together; None where it is unknown. `accuracy` is for a person."""

    power: Power | None
    accuracy: str
    to_remember: str | None = None
    """What is worth remembering under `KEY`, as JSON; None: nothing new."""


def find(configured: Power | None, procfs: Path, remembered: str | None) -> Found:
    """Return the power of the CPUs that *procfs* shows; *remembered* is what the ledger has under `KEY`."""
    if configured is not None:
        return Found(configured, CONFIGURED_ACCURACY)
    kept = _kept(remembered)
    try:
        found = codecarbon.cpu_power_of(procfs, kept)
    except OSError:
        return Found(None, "")
    except codecarbon.CodeCarbonFailed as error:
        log.warning("%s; until then the power of the CPUs is guessed", error)
        guess = codecarbon.guess(cpuinfo.read(procfs))
        return Found(guess.power, guess.accuracy)
    return Found(found.power, found.accuracy, None if found is kept else msgspec.json.encode(found).decode())


def _kept(text: str | None) -> codecarbon.CpuPower | None:
    """Return what the ledger remembers; None where it remembers nothing, or in the words of another version."""
    try:
        return msgspec.json.decode(text, type=codecarbon.CpuPower) if text is not None else None
    except msgspec.MsgspecError:
        return None
