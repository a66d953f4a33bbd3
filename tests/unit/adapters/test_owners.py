from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.adapters.owners import GENERATIONS, Owners
from monitor.core.entries import OTHER
from tests.fixtures.procfs import Processes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def processes(tmp_path: Path) -> Processes:
    return Processes(tmp_path)


def started(processes: Processes, pid: int) -> int:
    return int((processes.procfs / str(pid) / "stat").read_text().rpartition(")")[2].split()[19])


def test_a_process_is_whose_it_was_if_it_is_the_same(processes: Processes) -> None:
    processes.start(10, "ollama serve")
    same = started(processes, 10)
    assert Owners(processes.procfs, {10: (same, "ollama")}).of(10) == "ollama"
    assert Owners(processes.procfs, {10: (same - 1, "ollama")}).of(10) == OTHER


def test_one_that_came_since_is_whose_who_started_it_is(processes: Processes) -> None:
    processes.start(10, "ollama serve")
    processes.start(11, "sh", parent=10)
    processes.start(12, "runner", parent=11)
    owners = Owners(processes.procfs, {10: (started(processes, 10), "ollama")})
    assert [owners.of(pid) for pid in (11, 12, 13)] == ["ollama", "ollama", OTHER]


def test_one_that_has_ended_is_whose_it_was(processes: Processes) -> None:
    assert Owners(processes.procfs, {10: (5, "ollama")}).of(10) == "ollama"


def test_a_loop_of_ancestors_ends(processes: Processes) -> None:
    processes.start(10, "sh", parent=11)
    processes.start(11, "sh", parent=10)
    assert GENERATIONS < 1000
    assert Owners(processes.procfs, {}).of(10) == OTHER
