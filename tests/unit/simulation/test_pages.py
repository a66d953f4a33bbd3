"""The collector of pages reads the simulated ones as it reads those of real servers."""

from __future__ import annotations

from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from collectors.openmetrics import OpenMetricsCollector
from monitor.core.activity import Unit
from monitor.core.readings import ActivityReading
from monitor.simulation.pages import MetricsPages
from monitor.simulation.rules import service_rules
from monitor.simulation.townhall import townhall
from monitor.simulation.trees import HostTree
from monitor.simulation.world import World
from monitor.workloads import HostWorkloads
from tests.fixtures.host import simulated_host

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECOND = 10**9


@pytest.fixture
def pages() -> Iterator[MetricsPages]:
    with MetricsPages() as served:
        yield served


@pytest.fixture
def world() -> World:
    return World(townhall(1))


def collector_of(world: World, pages: MetricsPages, root: Path) -> OpenMetricsCollector:
    tree = HostTree(world, root)
    rules = service_rules(world.spec, pages)
    return OpenMetricsCollector.open(
        simulated_host(root, world, HostWorkloads(tree.procfs, rules, (), world.own_pid, pages=False))
    )


def ask(address: str) -> tuple[int, bytes]:
    """Return what is at *address*: the status and the content."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_what_the_collector_reads_is_what_was_done(world: World, pages: MetricsPages, tmp_path: Path) -> None:
    collector = collector_of(world, pages, tmp_path)
    world.advance(2000 * SECOND)
    pages.show(world.lives)
    readings = [one for one in collector.collect() if isinstance(one, ActivityReading)]
    told = {(one.series.consumer, one.series.unit): one.count for one in readings}
    truth = {
        (life.spec.consumer, unit): amount
        for life in world.lives
        if life.spec.consumer in {"assistant", "recherche", "traduction"} and life.run and life.spec.work
        for unit, amount in life.spec.work.done(life.spec.work.answered(life.run.worked)).items()
    }
    assert told == truth
    assert told["assistant", Unit.OUTPUT_TOKENS] > 1000
    assert told["traduction", Unit.REQUESTS] == 0
    assert [page.kinds for page in collector.pages()] == [("vllm",), ("tei",), ("vllm",)]


def test_a_service_that_starts_again_begins_anew_and_says_since_when(
    world: World, pages: MetricsPages, tmp_path: Path
) -> None:
    collector = collector_of(world, pages, tmp_path)
    epochs = []
    for until in (1000, 1010):
        world.advance(until * SECOND)
        pages.show(world.lives)
        first = next(one for one in collector.collect() if isinstance(one, ActivityReading))
        epochs.append((first.epoch, first.count > 0))
        life = next(life for life in world.lives if life.spec.consumer == first.series.consumer)
        life.stop()
        life.begin()
    assert [counted for _, counted in epochs] == [True, False]
    assert epochs[0][0] < epochs[1][0]


def test_one_that_does_not_run_or_tells_by_events_has_no_page(world: World, pages: MetricsPages) -> None:
    world.advance(30 * SECOND)
    next(life for life in world.lives if life.spec.consumer == "assistant").stop()
    pages.show(world.lives)
    assert ask(pages.address("assistant"))[0] == ask(pages.address("ocr"))[0] == 404
    status, text = ask(pages.address("recherche"))
    assert status == 200
    assert b"te_request_success" in text


def test_a_port_that_is_taken_is_left_alone(pages: MetricsPages) -> None:
    with MetricsPages() as others:
        assert others.address("assistant") != pages.address("assistant")
        assert others.address("assistant").startswith("http://127.0.0.1:")
