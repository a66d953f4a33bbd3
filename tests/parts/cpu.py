"""This file knows how much CPU time a process and its descendants have used, seen from outside."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
PPID: Final = 1
"""Place of the parent's id after the command's name. Source: proc_pid_stat(5): field 4, and the name is field 2."""
REAPED: Final = slice(13, 15)
"""Places of cutime and cstime. Source: proc_pid_stat(5): fields 16 and 17."""


@dataclass(frozen=True, slots=True)
class _Process:
    parent: int
    seconds: float


def cpu_seconds(pid: int) -> float:
    """Return the CPU time, in s, of process *pid*, of its descendants that live, and of those that they reaped."""
    processes = {int(entry.name): seen for entry in PROC.iterdir() if entry.name.isdigit() and (seen := _read(entry))}
    total, todo = 0.0, [pid]
    while todo:
        current = todo.pop()
        total += processes[current].seconds if current in processes else 0.0
        todo += [child for child, seen in processes.items() if seen.parent == current]
    return total


def _read(entry: Path) -> _Process | None:
    """Return what one process says of itself; None where it has just ended."""
    try:
        fields = (entry / "stat").read_text().rpartition(")")[2].split()
        own = time.clock_gettime((~int(entry.name) << 3) | 2)
    except OSError:
        return None
    reaped = sum(map(int, fields[REAPED])) / os.sysconf("SC_CLK_TCK")
    return _Process(int(fields[PPID]), own + reaped)
