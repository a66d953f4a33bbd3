"""This file knows how to start a program, to keep what it says, and to end it: it and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, Self

from tests.parts.loopback import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

PATIENCE: Final = 20.0
"""Seconds that a program is given to end after SIGTERM, before it is killed."""
ENDED_WITH_US: Final = ("setpriv", "--pdeathsig", "KILL", "--")
"""Before a command: the kernel kills it should pytest itself be killed. Source: PR_SET_PDEATHSIG, prctl(2)."""
TAIL: Final = 60
"""Lines of its log that a failed test shows."""


class Child:
    """A program that a test started. Its log is a file that stays; pytest shows its last lines if the test fails."""

    def __init__(
        self,
        command: Sequence[object],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self.command = [str(word) for word in command]
        self.log = log
        self._environment = {**os.environ, **(environment or {})}
        self._directory = directory
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start it, or start it again; what it says goes to the end of its log."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*ENDED_WITH_US, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                cwd=self._directory,
                start_new_session=True,
            )
        return self

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process as it runs, or as it ended."""
        assert self._process is not None, "it was not started"
        return self._process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def runs(self) -> bool:
        """Whether it runs now."""
        return self._process is not None and self._process.poll() is None

    def said(self) -> str:
        """Return all that it said so far, on standard output and standard error."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def wait_until(self, true: Callable[[], bool], *, what: str, seconds: float = 60.0) -> None:
        """Wait as `wait_until` does, and give up at once where the program has ended."""

        def ready() -> bool:
            assert self.runs, f"it ended with {self.process.returncode} before this: {what}\n{self._tail()}"
            return true()

        wait_until(ready, what=what, seconds=seconds)

    def terminate(self) -> int:
        """Ask it to stop (SIGTERM); return its exit status. Raises subprocess.TimeoutExpired where it goes on."""
        self.process.terminate()
        return self.process.wait(self._patience)

    def kill(self) -> int:
        """End it at once (SIGKILL), as a power cut would; return its exit status."""
        self.process.kill()
        return self.process.wait(PATIENCE)

    def pause(self) -> None:
        """Make it stand still (SIGSTOP) until `resume`."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on (SIGCONT)."""
        self.process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End it and what is left of its process group, whatever state it is in."""
        if self._process is None:
            return
        if self.runs:
            try:
                self.resume()
                self.terminate()
            except subprocess.TimeoutExpired:
                self.kill()
        _kill_group(self.pid)
        # captured by pytest: shown where the test failed, and only there
        sys.stdout.write(f"--- {self.log} ---\n{self._tail()}\n")

    def __enter__(self) -> Self:
        """Start it."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.close()

    def _tail(self) -> str:
        return "\n".join(self.said().splitlines()[-TAIL:])


class Server(ABC):
    """A server that is a program of its own: it is ready inside `with`, and ended after it."""

    child: Child
    url: str
    starts_in: float = 60.0
    """Seconds that it is given until it is ready."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it can be asked."""

    def start(self) -> None:
        """Start it, or start it again on what it left; return when it is ready."""
        self.child.start()
        try:
            self.child.wait_until(self.is_ready, what=f"{self.url} is ready", seconds=self.starts_in)
        except BaseException:
            self.child.close()
            raise

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.child.close()


def _kill_group(leader: int) -> None:
    """Kill what a program left behind in the session that was made for it."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return
