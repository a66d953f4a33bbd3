"""What a real llama.cpp server says it did, against the usage objects that its clients got."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from collectors.openmetrics import OpenMetricsCollector
from monitor.core.activity import Unit
from monitor.core.entries import ServiceFacts
from monitor.core.readings import ActivityReading
from monitor.core.services import Match, PageRule, ServiceRule
from monitor.workloads import HostWorkloads
from tests.fixtures.host import host_at
from tests.parts.child import Child
from tests.parts.llm import LlmServer, Load, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

pytestmark = [pytest.mark.real("llm"), pytest.mark.usefixtures("no_proxy")]


class Watch:
    """The collector as the daemon has it, on this host, with one service whose page is configured."""

    def __init__(self, server: LlmServer, own_pid: int) -> None:
        facts = ServiceFacts("llm", "LLM", found_by="configured")
        page = PageRule(f"{server.url}/metrics", model="tiny")
        rule = ServiceRule(facts, Match(process=f"llm_server .* {server.port} "), page)
        self.workloads = HostWorkloads(Path("/proc"), (rule,), (), own_pid)
        host = host_at(Path("/nowhere"), workloads=self.workloads, own_pid=own_pid)
        self.collector = OpenMetricsCollector.open(host)

    def read(self) -> dict[Unit, ActivityReading]:
        self.workloads.refresh()
        rows = [row for row in self.collector.collect() if isinstance(row, ActivityReading)]
        assert {(row.series.consumer, row.series.model) for row in rows} <= {("llm", "tiny")}
        return {row.series.unit: row for row in rows}


def used(before: dict[Unit, ActivityReading], after: dict[Unit, ActivityReading]) -> dict[Unit, int]:
    """Return what was done between two looks at the same server."""
    assert {row.epoch for row in before.values()} == {row.epoch for row in after.values()}
    return {unit: after[unit].count - before[unit].count for unit in after}


def asked(usage: Usage) -> dict[Unit, int]:
    return {
        Unit.INPUT_TOKENS: usage.input_tokens,
        Unit.COMPUTED_INPUT_TOKENS: usage.input_tokens - usage.cached_tokens,
        Unit.OUTPUT_TOKENS: usage.output_tokens,
    }


def counts(rows: dict[Unit, ActivityReading]) -> dict[Unit, int]:
    return {unit: row.count for unit, row in rows.items()}


def total(usages: Sequence[Usage]) -> Usage:
    return sum(usages, Usage())


@pytest.fixture
def younger(tmp_path: Path) -> Iterator[Callable[[], int]]:
    """Give what starts a process that stands for the daemon's, after the server's."""
    child = Child(["sleep", "600"], tmp_path / "daemon.log")

    def start() -> int:
        child.start()
        return child.pid

    yield start
    child.close()


@pytest.mark.parametrize("cached", [False, True], ids=["without cache", "with cache"])
def test_the_tokens_are_those_of_the_usage_objects_across_restarts(
    tmp_path: Path, younger: Callable[[], int], cached: bool
) -> None:
    """The server began before we did, and is started again twice while we watch."""
    load = Load(requests=4, workers=2, words=30, tokens=12, cache=cached)
    with LlmServer(tmp_path) as server:
        earlier = server.ask(Load(requests=2, words=10, tokens=5))
        watch = Watch(server, younger())
        before = watch.read()
        assert counts(before) == asked(earlier)
        assert not any(row.fresh for row in before.values()), "it was done before our time"
        usages = [server.ask(load) for _ in range(3)]
        assert (total(usages).cached_tokens > 0) == cached
        assert used(before, watch.read()) == asked(total(usages))
        for _ in range(2):
            server.child.close()
            server.start()
            usages = [server.ask(load) for _ in range(2)]
            rows = watch.read()
            assert counts(rows) == asked(total(usages))
            assert all(row.fresh for row in rows.values()), "all of it was under our eyes"
            usages.append(server.ask(load))
            assert counts(watch.read()) == asked(total(usages))


def test_looks_neither_wake_a_server_that_sleeps_nor_lose_what_it_did(
    tmp_path: Path, younger: Callable[[], int]
) -> None:
    load = Load(requests=2, words=10, tokens=5)
    with LlmServer(tmp_path, sleep=1) as server:
        watch = Watch(server, younger())
        usages = [server.ask(load)]
        assert counts(watch.read()) == asked(total(usages))
        server.child.wait_until(server.sleeps, what="the AI server sleeps")
        for _ in range(3):
            assert counts(watch.read()) == asked(total(usages))
            assert [standing.asleep for standing in watch.collector.standing()] == [True]
            assert server.sleeps()
        usages.append(server.ask(load))
        assert counts(watch.read()) == asked(total(usages))
