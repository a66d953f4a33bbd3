"""Numbers in sysfs files: kept open, read again in place."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

from monitor.collector import Reason, Retry, Unavailable

if TYPE_CHECKING:
    from pathlib import Path

PASSING: Final = frozenset({errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.EIO, errno.ENODATA, errno.ETIMEDOUT})
"""What a driver answers when it can't say now and may the next time."""
LONGEST: Final = 64
"""A number takes 20 digits at most."""


class NumberFile:
    """An attribute that holds one integer. It stays open: reading it again costs one system call."""

    def __init__(self, path: Path) -> None:
        """Open *path*. Raises Unavailable (absent, forbidden)."""
        self.path = path
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except PermissionError as error:
            raise Unavailable(Reason.FORBIDDEN, f"{path} may not be read") from error
        except OSError as error:
            raise Unavailable(Reason.ABSENT, f"{path} is not there") from error

    def read(self) -> int:
        """Return the number, in the attribute's unit. Raises Retry when it can't be had now, Unavailable when gone."""
        try:
            text = os.pread(self._descriptor, LONGEST, 0)
            return int(text)
        except ValueError as error:
            raise Retry(f"{self.path} holds no number") from error
        except OSError as error:
            if error.errno in PASSING:
                raise Retry(f"{self.path} can't be read now: {error.strerror}") from error
            raise Unavailable(Reason.ABSENT, f"{self.path} is gone: {error.strerror}") from error

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def read_text(path: Path) -> str:
    """Return the content of *path*, stripped; an empty text where it is not there or can't be read."""
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""


def read_number(path: Path) -> int | None:
    """Return the integer in *path*, in the attribute's unit; None where there is none to be had."""
    text = read_text(path)
    return int(text) if text.lstrip("-").isdigit() else None
