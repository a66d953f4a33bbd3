"""Attributes in sysfs: one value a file, kept open, read again in place."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

from monitor.collector import Reason, Retry, Unavailable
from monitor.core.units import Energy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from monitor.core.readings import CounterReading, PowerReading, Reading

    Metered = CounterReading | PowerReading

PASSING: Final = frozenset({errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.EIO, errno.ENODATA, errno.ETIMEDOUT})
"""What a driver answers when it can't say now and may the next time."""
LONGEST: Final = 64
"""A number takes 20 digits at most."""


class Gone(Exception):  # noqa: N818 - a state of the host, not a fault of the program
    """The attribute was removed with its device; another may be there under its name."""


class NumberFile:
    """An attribute that holds one integer. It stays open: reading it again costs one system call, not three."""

    def __init__(self, path: Path) -> None:
        """Open *path*. Raises OSError: PermissionError where it may not be read, FileNotFoundError where it isn't."""
        self.path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def read(self) -> int:
        """Return the number, in the attribute's unit. Raises Retry when it can't be had now, Gone."""
        try:
            text = os.pread(self._descriptor, LONGEST, 0)
        except OSError as error:
            if error.errno in PASSING:
                raise Retry(f"{self.path} can't be read now: {error.strerror}") from error
            raise Gone(f"{self.path} is gone: {error.strerror}") from error
        if not text:
            raise Gone(f"{self.path} is gone: it is empty")
        try:
            return int(text)
        except ValueError as error:
            raise Retry(f"{self.path} holds no number") from error

    def is_in_place(self) -> bool:
        """Whether what is open is what stands at the path now: where not, its device went, and may have come back."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), self.path.stat())
        except OSError:
            return False

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def energy_in(file: NumberFile, wraps_after: Energy | None = None) -> Energy:
    """Return the energy that a counter shows in microjoules.

    Raises Retry where it shows what it can't count, less than nothing or more than its range; Gone.
    """
    value = file.read()
    if value < 0 or (wraps_after is not None and value > wraps_after.microjoules):
        raise Retry(f"{file.path} shows {value}: the counter does not count so far")
    return Energy(value)


def entries(directory: Path) -> tuple[str, ...]:
    """Return the names in *directory*, sorted; none where it is not there. Raises Unavailable: it may not be listed."""
    try:
        return tuple(sorted(os.listdir(directory)))  # noqa: PTH208 - names alone, at every read: a third of the time
    except PermissionError as error:
        raise Unavailable(
            Reason.FORBIDDEN, f"{directory} may not be listed", "let the daemon's user read /sys"
        ) from error
    except OSError:
        return ()


def name_in(directory: Path) -> str:
    """Return what the device in *directory* calls itself; empty where it doesn't say. Raises PermissionError."""
    try:
        return (directory / "name").read_text("utf-8", "replace").strip()
    except PermissionError:
        raise
    except OSError:
        return ""


def text_of(path: Path) -> str:
    """Return the content of *path*, stripped; empty where there is none to be had."""
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def number_of(path: Path) -> int | None:
    """Return the integer in *path*, in the attribute's unit; None where there is none to be had."""
    try:
        return int(text_of(path))
    except ValueError:
        return None


def whole(meters: Iterable[tuple[str, Callable[[], Metered | None]]]) -> Sequence[Metered]:
    """Return the readings of each resource of which every meter answers: a part of a sum would pass for all of it.

    Each of *meters* is a resource and how to read it; None has nothing to add. Raises Retry where no resource is whole,
    Gone.
    """
    readings: list[Metered] = []
    failed: dict[str, Retry] = {}
    for resource, read in meters:
        try:
            reading = read()
        except Retry as fact:
            failed.setdefault(resource, fact)
        else:
            readings += [reading] if reading is not None else []
    kept = [reading for reading in readings if reading.resource not in failed]
    if failed and not kept:
        raise next(iter(failed.values()))
    return kept


def read_again(read: Callable[[], Sequence[Reading]], scan: Callable[[], None]) -> Sequence[Reading]:
    """Return what *read* returns; where a device goes meanwhile, once more after a *scan* of what is there.

    Raises Retry where another goes then, and what *read* and *scan* raise.
    """
    try:
        return read()
    except Gone:
        scan()
    try:
        return read()
    except Gone as fact:
        raise Retry(str(fact)) from fact
