"""Attributes of the kernel: small files that hold one value. What can't be read is missing, never a failure."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

LONGEST: Final = 65_536
"""Bytes read of an attribute: none that is read here is longer."""


def bytes_of(path: Path) -> bytes:
    """Return the content of *path*, at most `LONGEST` bytes; empty where it can't be had."""
    try:
        # a pipe or a device that lies where an attribute should must not hold us up
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            return os.read(descriptor, LONGEST)
        finally:
            os.close(descriptor)
    except OSError:
        return b""


def text_of(path: Path) -> str:
    """Return the content of *path* without blanks at its ends; empty where it can't be had."""
    return bytes_of(path).decode("utf-8", "replace").strip().strip("\0")


def number_of(path: Path) -> int | None:
    """Return the whole number in *path*, in the unit of the attribute; None where it can't be had, or is none."""
    try:
        return int(text_of(path))
    except ValueError:
        return None


def names_in(directory: Path) -> tuple[str, ...]:
    """Return the names in *directory*, sorted; none where it can't be listed."""
    try:
        return tuple(sorted(os.listdir(directory)))  # noqa: PTH208 - names alone: a third of the time
    except OSError:
        return ()
