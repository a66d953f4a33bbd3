"""Whatever processes do, each belongs to one consumer, and its time is read in one place."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.entries import MONITOR, OTHER, ServiceFacts
from monitor.core.services import DISCOVERED, Match, ServiceRule, lies_in
from monitor.workloads import HostWorkloads, catalogue
from tests.fixtures.procfs import Processes

KINDS = catalogue()
CAP = 3
RULES = [
    ServiceRule(ServiceFacts(key, key, found_by="configured"), match)
    for key, match in {
        "unit": Match(systemd="a.service"),
        "slice": Match(cgroup="/ia.slice"),
        "script": Match(process=r"job\.py"),
        "port": Match(port=8000),
    }.items()
]
PIDS = st.integers(10, 20)
LINES = st.sampled_from(
    [
        "bash",
        "python job.py",
        "ollama serve",
        "vllm serve m",
        "vllm serve m --port 8001",
        "tritonserver",
        "ovms",
        "nginx",
    ]
)
GROUPS = st.sampled_from(
    [
        "/",
        "/system.slice/a.service",
        "/system.slice/b.service",
        "/system.slice/b.service/x",
        "/ia.slice",
        "/ia.slice/c.service",
    ]
)


@dataclass(frozen=True)
class Step:
    """One thing that happens: a process starts, runs another program, listens, or ends (line empty)."""

    pid: int
    line: str
    parent: int
    group: str
    listens: bool


STEPS = st.lists(
    st.lists(st.builds(Step, PIDS, st.just("") | LINES, st.just(1) | PIDS, GROUPS, st.booleans()), max_size=4),
    max_size=8,
)


def take(processes: Processes, step: Step) -> None:
    lives = (processes.procfs / str(step.pid)).exists()
    if lives and not step.line:
        processes.end(step.pid)
    elif lives:
        processes.exec(step.pid, step.line)
    elif step.line:
        parent = step.parent if (processes.procfs / str(step.parent)).exists() else 1
        processes.start(step.pid, step.line, parent=parent, cgroup=step.group)
        if step.listens:
            processes.listen(step.pid, 8000)


def check(workloads: HostWorkloads, processes: Processes) -> None:
    living = {int(path.name) for path in processes.procfs.iterdir() if path.name.isdigit()}
    groups = {pid: (processes.procfs / str(pid) / "cgroup").read_text()[3:].strip() for pid in living}
    whole = workloads.cgroups()
    for pid in living:
        holding = [group for group in whole if lies_in(groups[pid], group)]
        assert len(holding) + (pid in workloads.one_by_one()) == 1, f"{pid} is read {holding} times"
        consumer = workloads.consumer_of(pid)
        assert workloads.one_by_one().get(pid, consumer) == consumer
        assert [whole[group] for group in holding] == [consumer] * len(holding)
    assert workloads.present() == {workloads.consumer_of(pid) for pid in living} - {OTHER, MONITOR}
    assert workloads.present() <= workloads.services().keys()
    assert sum(facts.found_by == DISCOVERED for facts in workloads.services().values()) <= CAP
    assert "/" not in whole


@settings(max_examples=60, deadline=None)
@given(STEPS, st.booleans())
def test_every_process_has_one_consumer_and_is_read_once(history: list[list[Step]], groups: bool) -> None:
    with tempfile.TemporaryDirectory() as directory:
        processes = Processes(Path(directory))
        workloads = HostWorkloads(processes.procfs, RULES, KINDS, own_pid=90, cap=CAP)
        workloads.use_groups(on=groups)
        for steps in history:
            for step in steps:
                take(processes, step)
            # a number that is used again between two looks is told by its start time, which is looked at in turn
            for _ in range(12):
                workloads.refresh()
            check(workloads, processes)
            before = dict(workloads.one_by_one()), dict(workloads.cgroups())
            workloads.refresh()
            assert (dict(workloads.one_by_one()), dict(workloads.cgroups())) == before
