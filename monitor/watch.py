"""Notice within a second that a service was started or ended, so that a reading can be taken then.

Listens to the kernel's process events; where that is not allowed, to the making and removing of control groups. It only
ever asks for a reading: what it misses, the next tick sees. While nothing happens it sleeps.
"""

from __future__ import annotations

import logging
import os
import select
import threading
from typing import TYPE_CHECKING, Final, Protocol, Self

from monitor.adapters.process_events import Changes, ProcessEvents

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

log = logging.getLogger(__name__)

GATHER: Final = 0.4
"""Seconds between the first sign and the look: by then most programs that only pass by have ended, unseen."""
MOST_LOOKS: Final = 40
"""How many started programs are looked at in one go: each costs some reads of /proc."""
STORM: Final = 400
"""Events in one go beyond which listening costs more than it brings."""
SHELTER: Final = 60.0
"""Seconds without listening after a storm."""


class Source(Protocol):
    """What tells of processes."""

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        ...

    def changes(self) -> Changes:
        """Return what happened since it was last asked; waits for nothing."""
        ...

    def close(self) -> None:
        """Listen no more."""
        ...


class ProcessWatch:
    """A thread that waits for signs of services. A context manager: it owns the thread."""

    def __init__(
        self,
        is_service: Callable[[int], bool],
        service_pids: Callable[[], Mapping[int, str]],
        wake: Callable[[], None],
        *,
        listen: Callable[[], Source] = ProcessEvents,
        follow_groups: Callable[[], Source] | None = None,
        gather: float = GATHER,
        shelter: float = SHELTER,
    ) -> None:
        """*is_service* says whether a process that was started brings a service; *service_pids* are those known.

        *wake* asks for a reading; all three are called from this thread. *follow_groups* is the source for where that
        of *listen* may not be heard; None: nothing is noticed then. *gather* and *shelter* are in seconds.
        """
        self._is_service = is_service
        self._service_pids = service_pids
        self._wake = wake
        self._listen = listen
        self._follow_groups = follow_groups
        self._gather = gather
        self._shelter = shelter
        self._source: Source | None = None
        self._members: Mapping[int, str] = {}
        self._ended: set[int] = set()
        self._stop = -1
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self.unavailable = ""
        """What it can't notice and why, in one sentence; empty where it notices all."""

    def __enter__(self) -> Self:
        self._source = self._open()
        if self._source is not None:
            self._stop = os.eventfd(0, os.EFD_CLOEXEC)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stop < 0:
            return
        os.eventfd_write(self._stop, 1)
        self._thread.join()
        os.close(self._stop)
        if self._source is not None:
            self._source.close()

    def _open(self) -> Source | None:
        try:
            return self._listen()
        except OSError as error:
            self.unavailable = f"the kernel's process events can't be heard ({error.strerror})"
        if self._follow_groups is None:
            return None
        try:
            source = self._follow_groups()
        except OSError:
            return None
        self.unavailable += ": only units and containers are noticed when they come and go"
        return source

    def _run(self) -> None:
        while self._sleeps(self._source, None if self._source is not None else self._shelter):
            if self._source is None:
                self._source = self._open()
                continue
            if not self._sleeps(None, self._gather):
                return
            changes = _heard_of(self._source)
            if changes.lost or self._matter(changes):
                self._wake()
            if changes.lost or changes.events > STORM:
                log.info("too much happened to hear all of it: services are looked for at each tick only, for a while")
                self._source.close()
                self._source = None

    def _sleeps(self, source: Source | None, seconds: float | None) -> bool:
        """Wait for a sign of *source*, for so many *seconds* at most; return False when told to stop."""
        poll = select.poll()
        poll.register(self._stop, select.POLLIN)
        if source is not None:
            poll.register(source.fileno(), select.POLLIN)
        return self._stop not in {descriptor for descriptor, _ in poll.poll(seconds and seconds * 1000)}

    def _matter(self, changes: Changes) -> bool:
        """Whether a service came, or lost its last process that is known."""
        passed = changes.started - changes.ended
        if any(self._is_service(pid) for pid in sorted(passed)[:MOST_LOOKS]):
            return True
        members = self._service_pids()
        if members is not self._members:
            self._members = members
            self._ended.clear()
        ended = changes.ended & members.keys()
        self._ended |= ended
        left = {service for pid, service in members.items() if pid not in self._ended}
        return any(members[pid] not in left for pid in ended)


def _heard_of(source: Source) -> Changes:
    """Return what happened; where it can't be had, that something was missed. The thread has to outlive that."""
    try:
        return source.changes()
    except OSError as error:
        log.warning("what processes do can't be heard now (%s)", error.strerror)
        return Changes(lost=True)


def listen() -> ProcessEvents:
    """Return the kernel's process events, being heard. Raises OSError (why is its `strerror`) where they may not be."""
    return ProcessEvents()
