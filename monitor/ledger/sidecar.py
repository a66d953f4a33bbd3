"""A small file outside the database that keeps the ledger's uuid and last commit: how a restored backup is known.

It is written without waiting for the disk: after a power cut it may be behind the ledger, which says nothing, but it is
never ahead of a ledger that was not replaced.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.ledger.errors import forbidden_or_full

if TYPE_CHECKING:
    from pathlib import Path

_DIGITS: Final = 20


@dataclass(frozen=True, slots=True)
class Seen:
    """What a ledger was when it was last written."""

    uuid: str
    commit: int

    def later_than(self, uuid: str, commit: int) -> bool:
        """Whether the ledger that is now *uuid*, at its *commit*, is another or an older one than what was seen."""
        return self.uuid != uuid or self.commit > commit


class Sidecar:
    """The file, held open. One write for each commit."""

    def __init__(self, path: Path, where: str) -> None:
        """Open or make it, for the ledger at *where*. Raises LedgerReadOnly, LedgerFull."""
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise forbidden_or_full(error, where) from error

    def read(self) -> Seen | None:
        """Return what it holds; None where that is nothing, or torn."""
        words = os.pread(self._file, 200, 0).decode(errors="replace").split()
        if len(words) == 2 and words[1].isdecimal():  # noqa: PLR2004 - a uuid and a number
            return Seen(words[0], int(words[1]))
        return None

    def write(self, uuid: str, commit: int) -> None:
        """Note that the ledger *uuid* is at *commit*. Raises OSError."""
        os.pwrite(self._file, f"{uuid} {commit:{_DIGITS}}\n".encode(), 0)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
