"""What the host of a virtual machine tells it of its energy: in a file that is replaced whole, or in an answer.

The host measured it and shared it out by use; it tells what its ledger holds. While the host says nothing new there is
no reading, and so in time a gap: the machine goes on drawing power, although nobody says how much.

Source: docs/virtual-machines.md, "What is handed over".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from collectors._rapl import PLATFORM_BOUND
from collectors._sysfs import Gone
from monitor.collector import Retry
from monitor.core.readings import DRAM, PACKAGE, PLATFORM, CounterReading, Method
from monitor.core.units import Energy

if TYPE_CHECKING:
    from pathlib import Path

DETAIL: Final = "handoff.json"
"""In the directory of a zone that is handed over."""
FORMAT: Final = 1
LARGEST: Final = 4096
RESOURCES: Final = (PACKAGE, DRAM, PLATFORM)
METHODS: Final = (Method.COUNTER, Method.INTEGRATED)
HIGHEST: Final = (1 << 63) - 1
SILENT: Final = 12
"""How often in a row nothing new may be told before it is a fault. Our choice: a minute, at the usual interval."""
ACCURACY: Final = "the host's error, and that of sharing by use"
"""Source: docs/virtual-machines.md, "How good it is"."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the host tells of one resource."""

    resource: str
    method: Method
    energy: Energy
    epoch: int
    through: int
    """Up to when it counts, ns since the epoch, by the host's clock."""

    def reading(self, meter: str) -> CounterReading:
        """Return it as a reading of *meter*."""
        return CounterReading(
            self.resource, meter, self.energy, PLATFORM_BOUND, epoch=f"{self.epoch}", method=self.method
        )

    @property
    def moment(self) -> str:
        """When it was told, for a person."""
        return f"{datetime.fromtimestamp(self.through / 10**9, UTC):%Y-%m-%d %H:%M:%S} UTC"


def told_in(said: object) -> Told:
    """Return what *said*, a value of JSON, tells of one resource. Raises Retry where it is something else."""
    if not isinstance(said, dict) or said.get("resource") not in RESOURCES or said.get("method") not in METHODS:
        raise Retry("what the host of this virtual machine tells is not what was agreed: are both of one version?")
    energy, epoch, through = (_number(said, name) for name in ("energy_uj", "epoch", "through"))
    return Told(said["resource"], Method(said["method"]), Energy(energy), epoch, through)


def _number(said: dict[str, object], name: str) -> int:
    number = said.get(name)
    if type(number) is not int or not 0 <= number <= HIGHEST:
        raise Retry(f"what the host of this virtual machine tells as {name} can't be")
    return number


class Handed:
    """The counter of one zone that the host hands over."""

    def __init__(self, path: Path, meter: str) -> None:
        """Look at the file at *path*. Raises OSError, Gone, Retry."""
        self.path = path
        self.meter = meter
        self._last = self._read()

    @property
    def told(self) -> Told:
        """What was told last."""
        return self._last

    def reading(self) -> CounterReading | None:
        """Return what is new; None where nothing is. Raises Retry, Gone."""
        try:
            told = self._read()
        except OSError as error:
            raise Gone(f"{self.path} is gone: {error.strerror}") from error
        if told.through == self._last.through:
            return None
        self._last = told
        return told.reading(self.meter)

    def _read(self) -> Told:
        # opened anew each time: another file takes its place
        with self.path.open("rb") as file:
            content = file.read(LARGEST)
        try:
            said = json.loads(content)
        except ValueError as error:
            raise Retry(f"{self.path} holds no JSON") from error
        if not isinstance(said, dict) or said.get("format") != FORMAT:
            raise Retry(f"{self.path} was written by another version: bring both to the same one")
        return told_in(said)
