"""How the ledger stands, found out without touching it: is it there, who keeps it, can it be written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from monitor.doctor import Standing, State
from monitor.ledger.database import place_of
from monitor.ledger.store import Ledger, LedgerAbsent, LedgerError, LedgerOlder

if TYPE_CHECKING:
    from monitor.ledger.database import Place

LOCKS: Final = Path("/proc/locks")
CURE: Final = "run as the user who owns it, or set paths.state to a directory of this user's own"


def ledger_standing(url: str, locks: Path = LOCKS) -> Standing:
    """Return how the ledger at *url* stands for this user. *locks* is where the kernel lists who holds a lock."""
    place = place_of(url)
    try:
        Ledger.read(url).close()
    except LedgerAbsent as error:
        return _absent(place, error)
    except LedgerOlder as error:
        return Standing(State.READY, str(place), error.sentence)
    except LedgerError as error:
        return Standing(State.UNUSABLE, str(place), error.sentence, error.cure)
    return Standing(State.READY, str(place)) if place.path is None else _file_standing(place.path, locks)


def _file_standing(path: Path, locks: Path) -> Standing:
    holder = _holder(path, locks)
    if holder:
        return Standing(State.RUNNING, str(path), holder)
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        return Standing(State.UNUSABLE, str(path), f"this user may not write {path}", CURE)
    return Standing(State.READY, str(path))


def _absent(place: Place, error: LedgerAbsent) -> Standing:
    """Return whether a ledger can be made where there is none."""
    if place.path is None:
        return Standing(State.NEW, str(place), error.sentence)
    nearest = next(parent for parent in place.path.parents if parent.exists())
    if os.access(nearest, os.W_OK | os.X_OK):
        return Standing(State.NEW, str(place))
    return Standing(State.UNUSABLE, str(place), f"this user may not write in {nearest}", CURE)


def _holder(path: Path, locks: Path) -> str:
    """Return who keeps the SQLite ledger at *path*, as its lock says; empty where nobody does.

    To try the lock would keep a daemon from starting meanwhile, so the kernel's own list is read.
    Source: proc_locks(5): kind, mode, access, pid, device:inode.
    """
    lock = path.with_name(f"{path.name}.lock")
    try:
        inode = str(lock.stat().st_ino)
        held = {line.split()[5].rpartition(":")[2] for line in locks.read_text(encoding="ascii").splitlines()}
        return lock.read_text(encoding="utf-8", errors="replace") if inode in held else ""
    except (OSError, IndexError):
        return ""
