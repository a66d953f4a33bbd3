"""What was heard, who came before, and other histories that processes may have."""

from pathlib import Path

import pytest

from monitor.core.entries import OTHER
from monitor.workloads import LOOKS
from tests.unit.test_workloads import VLLM, Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_an_old_process_that_is_heard_to_become_a_server_is_found_at_once(scene: Scene) -> None:
    for pid in range(10, 80):
        scene.start(pid, "bash start.sh")
    scene.watch()
    for _ in range(LOOKS + 1):
        scene.workloads.refresh()
    scene.exec(75, "ollama serve")
    assert scene.owners(75) == [OTHER]
    assert scene.workloads.is_service(75)
    assert scene.owners(75) == ["ollama"]
    assert not scene.workloads.is_service(75)


def test_any_number_of_generations_may_come_between(scene: Scene) -> None:
    """A chain of shells, each with a lower number than who started it."""
    scene.start(500, "ollama serve")
    for pid in range(499, 99, -1):
        scene.start(pid, "sh", parent=pid + 1)
    scene.watch()
    assert scene.owners(100) == ["ollama"]


def test_ancestors_in_a_circle_are_nobodys(scene: Scene) -> None:
    """As a damaged or a recorded procfs may show them."""
    scene.start(10, "sh", parent=11)
    scene.start(11, "sh", parent=10)
    scene.watch()
    assert scene.owners(10, 11) == [OTHER, OTHER]


def test_a_group_in_which_somebody_was_who_ended_is_not_newborn(scene: Scene) -> None:
    scene.start(10, "bash fetch-model.sh", cgroup=VLLM)
    workloads = scene.watch()
    scene.end(10)
    scene.start(11, "vllm serve m", cgroup=VLLM)
    workloads.refresh()
    assert workloads.cgroups() == {VLLM: "vllm"}
    assert not workloads.newborn(VLLM)
