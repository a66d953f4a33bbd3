"""The file of events: made for its user alone, one daemon's at a time, and connected to."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from pathlib import Path

BUSY: Final = 2.0
"""Seconds that a call waits for somebody else who has the file."""


def make_file(path: Path) -> None:
    """Make the file at *path*, for its user alone, and its directory, where missing. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def locked(path: Path) -> int:
    """Return the open file beside *path* that keeps others from it until it is closed, as it is when a process ends.

    Two daemons with a ledger each would both book what waits. Raises BlockingIOError: another has it; OSError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # not the file itself: whoever closes that gives up the locks that SQLite has on it
    lock = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(lock)
        raise
    return lock


def connected(path: Path, mode: str) -> sqlite3.Connection:
    """Return a connection to the file at *path*, to read (`ro`) or to write (`rw`). Raises sqlite3.Error."""
    uri = f"file:{quote(str(path))}?mode={mode}"
    # the store is made on one thread and used on another, one after the other
    return sqlite3.connect(uri, uri=True, timeout=BUSY, isolation_level=None, check_same_thread=False)
