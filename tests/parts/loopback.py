"""This file knows how to find a port that nobody listens on, and how to wait for somebody to listen."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

LOOPBACK: Final = "127.0.0.1"


class NeverHappenedError(AssertionError):
    """What was waited for did not come in time."""


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(true: Callable[[], bool], *, what: str, seconds: float = 30.0, every: float = 0.05) -> None:
    """Return as soon as *true* answers yes. Raises NeverHappenedError after *seconds*, saying *what* was waited for."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise NeverHappenedError(f"waited {seconds:.0f} s for: {what}")
        time.sleep(every)
