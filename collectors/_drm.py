"""What each process does on the GPUs that a kernel driver shows (DRM): engine time and memory, from its descriptors.

Every open render node is a client of its card, with a number of its own; `/proc/PID/fdinfo/FD` tells what its card did
for it: `drm-engine-NAME` in ns (amdgpu, i915), or `drm-cycles-NAME` of `drm-total-cycles-NAME` (xe); and the memory it
holds there. A client that several processes share, or one process has twice, is counted once, for the lowest pid.

Looking through all descriptors of all processes takes long, so each process is looked through when it is new and from
time to time; at every read only the descriptors are read that were found. To look at those of other users' processes
takes CAP_SYS_PTRACE; with CAP_DAC_READ_SEARCH beside it to look through them costs less.

Source: Linux, Documentation/gpu/drm-usage-stats.rst; Documentation/gpu/xe (drm-usage-stats); proc(5).
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.core.units import Duration, Memory

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

NODE: Final = "/dev/dri/"
CLIENT: Final = "drm-client-id"
UNITS: Final = {"": 1, "KiB": 1024, "MiB": 1024 * 1024}
COMPUTING: Final = frozenset({"gfx", "compute", "rcs", "ccs", "render"})
"""Engines that run programs, as amdgpu, xe and i915 call them; the others copy, decode, encode."""
REGION: Final = re.compile(r"drm-(memory|total|resident)-((?:vram|local)\d*)")
"""Memory of the card itself, as amdgpu, xe and i915 call it; what lies in the machine's memory is none of it."""
PLACES: Final = ("resident", "memory", "total")
"""By which key the memory is told, best first: what is there now; the same, as older drivers call it; what is asked."""
KERNEL_THREAD: Final = 0x00200000
"""PF_KTHREAD in a process's flags. Source: Linux, include/linux/sched.h."""
LOOKS: Final = 12
"""How often a new process is looked through, at every read: a minute at 5 s, in which most servers load their model."""
SWEEP: Final = 12
"""Reads in which all other processes are looked through once. Our choice, as above."""
MISSED: Final = 2 * SWEEP
"""Reads for which a client is remembered that is not found: counted anew as a whole it would count twice."""
LONGEST: Final = 16_384
UNSEEN: Final = (
    "who uses it is not known, as other users' processes may not be looked at: give the daemon CAP_SYS_PTRACE"
)
"""What `doctor` says where a process is hidden."""


@dataclass(frozen=True, slots=True)
class Client:
    """What one open render node says: its card, and by engine the ns or the (cycles, cycles that passed) so far."""

    address: str
    """Of the card on the bus: `0000:03:00.0`."""
    number: str
    engines: Mapping[str, int]
    cycles: Mapping[str, tuple[int, int]]
    capacity: Mapping[str, int]
    """How many engines there are of a name; one where it is not here."""
    memory: Memory


@dataclass(slots=True)
class Work:
    """What one process did on one card since the last read, and the memory that it holds there.

    `busy` is the time of the engines that compute, `percent` their share where the driver tells cycles; `other` and
    `other_percent` are those of all other engines.
    """

    busy: int = 0
    percent: float = 0
    other: int = 0
    other_percent: float = 0
    memory: int = 0
    in_cycles: bool = False


@dataclass(frozen=True, slots=True)
class Used:
    """What one process did on one card since the last read: `busy`, or per cent where the driver tells shares."""

    pid: int
    memory: Memory
    busy: Duration | None
    percent: int


def client(text: str) -> Client | None:
    """Return what a render node's fdinfo says; None where it is none's, or does not tell of which card and client."""
    keys = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}
    address, number = keys.get("drm-pdev", ""), keys.get(CLIENT, "")
    if not address or not number:
        return None
    numbers = {key: found for key, value in keys.items() if (found := _number(value)) is not None}
    engines, cycles, capacity = {}, {}, {}
    for key, value in numbers.items():
        kind, _, name = key.removeprefix("drm-").partition("-")
        if key.startswith("drm-engine-capacity-"):
            capacity[name.removeprefix("capacity-")] = max(1, value)
        elif kind == "engine":
            engines[name] = value
        elif kind == "cycles":
            cycles[name] = (value, numbers.get(f"drm-total-cycles-{name}", 0))
    return Client(address, number, engines, cycles, capacity, _memory(numbers))


def _number(text: str) -> int | None:
    """Return a number with its unit: bytes of an amount of memory, else the number as it is; None where it is none."""
    amount, _, unit = text.partition(" ")
    return int(amount) * UNITS.get(unit.strip(), 1) if amount.isdecimal() else None


def _memory(numbers: Mapping[str, int]) -> Memory:
    told: dict[str, dict[str, int]] = {}
    for key, value in numbers.items():
        if match := REGION.fullmatch(key):
            told.setdefault(match[1], {})[match[2]] = value
    return Memory(next((sum(told[place].values()) for place in PLACES if place in told), 0))


class Users:
    """Follows who has a render node open, and what the cards do for each."""

    def __init__(self, procfs: Path) -> None:
        self._procfs = procfs
        self._young: dict[int, int] = {}
        self._nodes: dict[int, tuple[str, ...]] = {}
        self._unseen: set[int] = set()
        self._clients: dict[tuple[str, str], Client] | None = None
        self._missed: dict[tuple[str, str], int] = {}
        self._open: dict[tuple[int, str], tuple[str, str]] = {}
        """Of each descriptor of a process, whose client it was."""
        self._sweep = 0
        self._look()

    @property
    def complete(self) -> bool:
        """Whether every process could be looked through; where not, others may use the cards unseen."""
        return not self._unseen

    def read(self, asleep: Collection[str] = ()) -> tuple[dict[str, list[Used]], bool]:
        """Return who did what on each card, by its address, and whether that is all since the read before.

        It is not at the first read, nor where a process may not be looked through. What is open of the cards *asleep*
        is not read, as that may wake them: nothing was done there.
        """
        self._look()
        found = dict(self._read_clients(asleep))
        before, first = self._clients or {}, self._clients is None
        work: dict[str, dict[int, Work]] = {}
        for key, (pid, told) in found.items():
            now = _at_least(told, before.get(key))
            found[key] = (pid, now)
            done = work.setdefault(now.address, {}).setdefault(pid, Work())
            done.memory += now.memory.bytes
            _add(done, now, now if first else before.get(key))
        self._missed = {key: self._missed.get(key, 0) + 1 for key in before if key not in found}
        kept = {key: one for key, one in before.items() if self._missed.get(key, MISSED) < MISSED}
        self._clients = kept | {key: now for key, (_, now) in found.items()}
        return {address: _used(of_card) for address, of_card in work.items()}, not first and self.complete

    def _look(self) -> None:
        """Look through the new processes, and some of the old ones."""
        pids = sorted(_pids(self._procfs))
        living = frozenset(pids)
        everyone = self._clients is None
        # where even the first of all processes is hidden, others are as well
        self._unseen &= living
        self._unseen |= {0} if 1 not in living else set()
        new = living - self._young.keys()
        self._young = {pid: self._young.get(pid, 0 if everyone else LOOKS) for pid in pids}
        self._nodes = {pid: nodes for pid, nodes in self._nodes.items() if pid in living}
        self._open = {key: whose for key, whose in self._open.items() if key[0] in living}
        due = {pid for at, pid in enumerate(pids) if everyone or at % SWEEP == self._sweep}
        self._sweep = (self._sweep + 1) % SWEEP
        for pid in due | {pid for pid, looks in self._young.items() if looks > 0} | new:
            self._young[pid] = max(0, self._young[pid] - 1)
            self._look_through(pid)

    def _look_through(self, pid: int) -> None:
        self._unseen.discard(pid)
        try:
            nodes = tuple(_render_nodes(self._procfs / str(pid)))
        except PermissionError:
            if not _is_kernel_thread(self._procfs / str(pid)):
                self._unseen.add(pid)
            nodes = ()
        except OSError:
            nodes = ()
        if nodes:
            self._nodes[pid] = nodes
        else:
            self._nodes.pop(pid, None)

    def _read_clients(self, asleep: Collection[str]) -> Iterator[tuple[tuple[str, str], tuple[int, Client]]]:
        """Yield (card, client's number) with who has it, the lowest pid last, and what it says."""
        for pid, nodes in sorted(self._nodes.items(), reverse=True):
            for node in nodes:
                known = (self._clients or {}).get(self._open.get((pid, node), ("", "")))
                if known is not None and known.address in asleep:
                    yield (known.address, known.number), (pid, known)
                    continue
                try:
                    found = client(_text(f"{self._procfs}/{pid}/fdinfo/{node}"))
                except PermissionError:
                    self._unseen.add(pid)
                    continue
                except OSError:
                    continue  # closed since
                if found is not None:
                    self._open[pid, node] = (found.address, found.number)
                    yield self._open[pid, node], (pid, found)


def _pids(procfs: Path) -> list[int]:
    try:
        return [int(name) for name in os.listdir(procfs) if name.isdecimal()]  # noqa: PTH208 - names only, and fast
    except OSError:
        return []


def _render_nodes(process: Path) -> Iterator[str]:
    """Yield the numbers of the descriptors that are of a card. Raises OSError: PermissionError where none may be seen.

    Where the links may not be read what each descriptor says of itself tells: that takes longer, and one right less.
    """
    try:
        names = os.listdir(process / "fd")  # noqa: PTH208 - names only, and fast
    except (PermissionError, FileNotFoundError):
        for name in os.listdir(process / "fdinfo"):  # noqa: PTH208 - as above
            with contextlib.suppress(FileNotFoundError):  # closed since
                if CLIENT in _text(f"{process}/fdinfo/{name}"):
                    yield name
        return
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            if os.readlink(f"{process}/fd/{name}").startswith(NODE):  # noqa: PTH115 - a third of the time
                yield name


def _text(path: str) -> str:
    """Return the beginning of the file *path*. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, LONGEST).decode("utf-8", "replace")
    finally:
        os.close(descriptor)


def _is_kernel_thread(process: Path) -> bool:
    try:
        return bool(int(_text(f"{process}/stat").rpartition(")")[2].split()[6]) & KERNEL_THREAD)
    except (OSError, ValueError, IndexError):
        return False


def _at_least(now: Client, before: Client | None) -> Client:
    """Return *now*, none of its counters lower than *before*: drivers may fall behind what they told, and catch up."""
    if before is None:
        return now
    engines = {name: max(time, before.engines.get(name, 0)) for name, time in now.engines.items()}
    cycles = {name: max(pair, before.cycles.get(name, (0, 0))) for name, pair in now.cycles.items()}
    return Client(now.address, now.number, engines, cycles, now.capacity, now.memory)


def _add(work: Work, now: Client, before: Client | None) -> None:
    """Add to *work* what the card did from *before* to *now*; all of it, where the client was not there before."""
    for name, time in now.engines.items():
        spent = time - (before.engines.get(name, 0) if before else 0)
        if name in COMPUTING:
            work.busy += spent
        else:
            work.other += spent
    for name, (cycles, passed) in now.cycles.items():
        work.in_cycles = True
        earlier, then = before.cycles.get(name, (0, 0)) if before else (0, 0)
        if passed > then:
            share = 100 * (cycles - earlier) / (passed - then) / now.capacity.get(name, 1)
            if name in COMPUTING:
                work.percent += share
            else:
                work.other_percent += share


def _used(work: Mapping[int, Work]) -> list[Used]:
    """Return what each process did, in order of pid: what computed; where nothing computed, what else worked."""
    computed = any(one.busy or one.percent for one in work.values())
    return [
        Used(
            pid,
            Memory(one.memory),
            None if one.in_cycles else Duration(one.busy if computed else one.other),
            _whole(one.percent if computed else one.other_percent),
        )
        for pid, one in sorted(work.items())
    ]


def _whole(percent: float) -> int:
    """Return whole per cent, at most all; what was used at all is not rounded to nothing."""
    return min(max(round(percent), 1), 100) if percent > 0 else 0
