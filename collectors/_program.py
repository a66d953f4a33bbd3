"""How a collector runs a program that tells what it wants to know: with a time limit, no shell, words in English."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING, Final

from monitor.collector import Retry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LONGEST: Final = 1 << 16
"""Characters of a program's output that are looked at. Our choice: what is asked prints half a thousand."""


def output_of(command: Sequence[str], patience: float, said: str, environment: Mapping[str, str] | None = None) -> str:
    """Return all that *command* prints within *patience* seconds; *said* is what a message calls it.

    Raises Retry where it can't be run, or took too long, and was ended with all that it started.
    """
    given = {**os.environ, "LC_ALL": "C", "TZ": "UTC", **(environment or {})}
    try:
        with subprocess.Popen(  # noqa: S603 - the program that PATH names, with words of our own and no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=given,
            start_new_session=True,
        ) as running:
            return _printed_by(running, patience, said)
    except OSError as error:
        raise Retry(f"{said} can't be run: {error.strerror}") from error


def _printed_by(running: subprocess.Popen[bytes], patience: float, said: str) -> str:
    try:
        printed, _ = running.communicate(timeout=patience)
    except subprocess.TimeoutExpired as error:
        os.killpg(running.pid, signal.SIGKILL)
        raise Retry(f"{said} took longer than {patience:g} s") from error
    return printed[:LONGEST].decode("utf-8", "replace")
