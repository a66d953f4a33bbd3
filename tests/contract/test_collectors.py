"""What every collector promises, whatever it reads. A new one is found by its entry point, and tested here as it is.

Each is opened on every recorded host; on which it answers and on which it doesn't is its own affair, but it must answer
on one, and say why not on the others.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import types
import typing
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pynvml
import pytest

import collectors
from monitor.collector import Grid, Reason, Retry, Source, Unavailable
from monitor.core import readings
from monitor.core.activity import ActivitySeries
from monitor.core.entries import ServiceFacts
from monitor.core.factors import Cycle
from monitor.core.model import LoadModel
from monitor.core.readings import (
    ActivityReading,
    CounterReading,
    GpuUsageReading,
    HostUsageReading,
    IntensityReading,
    LoadReading,
    Method,
    PowerReading,
    UsageReading,
)
from monitor.core.services import Match, PageRule, ServiceRule
from monitor.core.units import Duration, Energy, Memory, Power
from tests.fixtures.grid import recorded
from tests.fixtures.host import RECORDED, daemons_host
from tests.fixtures.nvml import Card, FakeNvml, context, sample
from tests.fixtures.unprivileged import ROOT_ONLY, directory_for_all, run_as_nobody
from tests.parts.grid import Asked, GridServer, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.collector import Collector, Host
    from monitor.core.readings import Reading
    from monitor.workloads import HostWorkloads

POINTS = {point.name: point for point in entry_points(group="monitor.collectors")}
ON_REQUEST = {name: point for name, point in POINTS.items() if getattr(point.load(), "on_request", False)}
FOR_METERS = {name: point for name, point in POINTS.items() if getattr(point.load(), "for_meters", False)}
ALWAYS = {name: point for name, point in POINTS.items() if name not in {*ON_REQUEST, *FOR_METERS}}
HOSTS = sorted(path.name for path in RECORDED.iterdir() if path.is_dir())
ENERGY = (CounterReading, PowerReading, LoadReading)
EVERY_READING = (*ENERGY, UsageReading, HostUsageReading, GpuUsageReading, IntensityReading, ActivityReading)
UNITS = {
    "Energy": Energy,
    "Power": Power,
    "Duration": Duration,
    "Memory": Memory,
    "LoadModel": LoadModel,
    "Cycle": Cycle,
    "ActivitySeries": ActivitySeries,
    "Decimal": Decimal,
}
NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)
PAGE = (Path(__file__).parents[1] / "fixtures/activity/triton.txt").read_bytes()

each_collector = pytest.mark.parametrize("point", POINTS.values(), ids=POINTS)
each_of_the_host = pytest.mark.parametrize("point", ALWAYS.values(), ids=ALWAYS)
each_on_request = pytest.mark.parametrize("point", ON_REQUEST.values(), ids=ON_REQUEST)
each_host = pytest.mark.parametrize("name", HOSTS)


def cards(root: Path) -> FakeNvml:
    """Return the library of a host with a card, but for the virtual machine, which has none."""
    card = Card("GPU-5e1f", millijoules=81_123_456)
    card.compute = [context(812, 9 << 30)]
    card.samples = [sample(812, 1_750_000_000_000_000, 40)]
    nvml = FakeNvml(card)
    nvml.driver_loaded = root.name != "virtual-machine"
    return nvml


@pytest.fixture
def root(name: str, tmp_path: Path) -> Path:
    """Give a copy of a recorded host, to be damaged."""
    return Path(shutil.copytree(RECORDED / name, tmp_path / name))


def opened(point: EntryPoint, host: Host) -> Collector | Unavailable:
    """Return the collector, open and ready as the daemon has it before a read; or why it can't be."""
    try:
        collector: Collector = point.load().open(host)
    except Unavailable as fact:
        return fact
    typing.cast("HostWorkloads", host.workloads).refresh()
    return collector


@pytest.fixture
def collector(point: EntryPoint, name: str) -> Iterator[Collector | Unavailable]:
    """Give what comes of opening the collector on a recorded host, and close it."""
    answer = opened(point, daemons_host(RECORDED / name, cards(RECORDED / name)))
    yield answer
    if not isinstance(answer, Unavailable):
        answer.close()


def assert_says_why(fact: Unavailable) -> None:
    """Check that a person learns what is wrong, and what to do."""
    assert fact.reason in Reason
    assert fact.what
    assert "\n" not in fact.what + fact.cure
    assert fact.cure, f"no cure: {fact.what}"


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def conforms(value: object, hint: Any) -> bool:
    """Whether *value* is of the type *hint*; a bool is no int, and a float no Energy."""
    origin = typing.get_origin(hint)
    if origin in {typing.Union, types.UnionType}:
        return any(conforms(value, each) for each in typing.get_args(hint))
    if origin is tuple:
        return isinstance(value, tuple) and all(conforms(each, typing.get_args(hint)[0]) for each in value)
    if dataclasses.is_dataclass(value) and isinstance(hint, type) and isinstance(value, hint):
        return fields_conform(value)
    return type(value) is hint or (isinstance(hint, type) and issubclass(hint, Method) and isinstance(value, hint))


def fields_conform(record: Any) -> bool:
    hints = typing.get_type_hints(type(record), localns=UNITS)
    return all(conforms(getattr(record, field.name), hints[field.name]) for field in dataclasses.fields(record))


def test_every_file_of_a_collector_has_its_entry_point() -> None:
    files = {path.stem for path in Path(collectors.__path__[0]).glob("[!_]*.py")}
    assert files == {point.module.removeprefix("collectors.") for point in POINTS.values()}


@each_collector
def test_importing_it_does_no_work_and_imports_nothing_heavy(point: EntryPoint) -> None:
    """Only the standard library and our own code are there after the import; nothing was opened, started or asked."""
    program = f"""
import sys
import threading
before = set(sys.modules)
done = []
def note(event, arguments):
    if event.startswith(("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "ctypes.dlopen")):
        done.append(event)
    looks = event in ("open", "os.listdir", "os.scandir")
    if looks and str(arguments[0]).startswith(("/proc", "/sys", "/dev", "/etc")):
        done.append(f"{{event}} {{arguments[0]}}")
sys.addaudithook(note)
import {point.module}
named = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(sorted(named - set(sys.stdlib_module_names) - {{"collectors", "monitor"}}))
print(done)
print(threading.active_count())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "[]", "1"]


@each_collector
def test_it_has_the_name_of_its_entry_point_and_the_protocols_parts(point: EntryPoint) -> None:
    kind = point.load()
    assert kind.name == point.name
    assert isinstance(kind.slow, bool)
    assert all(callable(getattr(kind, method)) for method in ("open", "sources", "collect", "close"))
    assert kind.__doc__
    assert sys.modules[kind.__module__].__doc__


@each_collector
def test_on_an_empty_host_it_says_why_with_a_cure_or_works(point: EntryPoint, tmp_path: Path) -> None:
    for directory in ("sys/fs/cgroup", "proc"):
        (tmp_path / directory).mkdir(parents=True)
    nvml = FakeNvml()
    nvml.driver_loaded = False
    answer = opened(point, dataclasses.replace(daemons_host(tmp_path, nvml), cpu_power=None))
    if isinstance(answer, Unavailable):
        assert_says_why(answer)
        return
    assert all(isinstance(row, EVERY_READING) for row in answer.collect())
    answer.close()


@each_of_the_host
def test_where_nothing_may_be_read_the_right_is_what_is_missing(point: EntryPoint) -> None:
    """The files are there, and for root alone. What is no file (a driver) refuses by its own means.

    One that measures use, with another to take its place, may open and read nothing instead.
    """
    with directory_for_all() as place:
        for name in HOSTS:
            shutil.copytree(RECORDED / name, place, dirs_exist_ok=True)
        for path in sorted(place.rglob("*"), reverse=True):
            path.chmod(ROOT_ONLY if path.is_file() else 0o755)
        said = run_as_nobody(
            point.name,
            place,
            f"""
nvml.init_fails = {pynvml.NVML_ERROR_NO_PERMISSION}
try:
    collector = kind.open(host)
except Unavailable as fact:
    print(fact.reason.value, bool(fact.what), bool(fact.cure))
else:
    print("opened,", len(collector.sources()), "sources,", len(collector.collect()), "readings")
""",
        )
    assert said in {"forbidden True True", "opened, 0 sources, 0 readings"}


@each_collector
@each_host
def test_on_a_recorded_host_it_opens_or_says_why(collector: Collector | Unavailable) -> None:
    if isinstance(collector, Unavailable):
        assert_says_why(collector)


@each_of_the_host
def test_on_some_recorded_host_it_reads_something(point: EntryPoint) -> None:
    seen: list[Reading] = []
    with GridServer(lambda _: Reply(PAGE), NOON) as server:
        for name in HOSTS:
            answer = opened(point, daemons_host(RECORDED / name, cards(RECORDED / name), told_at(server)))
            if not isinstance(answer, Unavailable):
                seen += answer.collect()
                answer.close()
    assert seen, "no recorded host has what this collector reads: record one"


def told_at(server: GridServer) -> tuple[ServiceRule, ...]:
    """Return a service that tells what it does on a page of *server*."""
    facts = ServiceFacts("assistant", "Assistant", found_by="configured")
    return (ServiceRule(facts, Match(port=1), PageRule(f"{server.url}/metrics")),)


@each_of_the_host
def test_what_services_tell_is_typed_and_told_once_and_nothing_stays_open(
    point: EntryPoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with GridServer(lambda _: Reply(PAGE), NOON) as server:
        before = open_files()
        answer = opened(point, daemons_host(RECORDED / HOSTS[0], FakeNvml(), told_at(server)))
        if isinstance(answer, Unavailable):
            return
        assert server.asked == [], "opening asks nothing"
        rows = [row for row in answer.collect() if isinstance(row, ActivityReading)]
        answer.close()
    assert open_files() < before, "the server had one, and nobody has any more"
    assert len({row.series for row in rows}) == len(rows)
    assert all(fields_conform(row) and row.count >= 0 and row.series.consumer == "assistant" for row in rows)


@each_collector
@each_host
def test_twice_on_an_unchanged_host_it_reads_the_same(collector: Collector | Unavailable) -> None:
    if isinstance(collector, Unavailable):
        return
    first = list(collector.collect())
    second = list(collector.collect())
    assert [settled(row) for row in first] == [settled(row) for row in second]


def settled(row: Reading) -> Reading:
    """Return *row* without what is about the time since the last read, which is another each time."""
    if isinstance(row, UsageReading):
        return dataclasses.replace(row, fresh=False)
    if isinstance(row, GpuUsageReading):
        uses = tuple(dataclasses.replace(use, sm_percent=0, busy=None) for use in row.uses)
        return dataclasses.replace(row, uses=uses, utilisation_known=True)
    return row


@each_collector
@each_host
def test_what_it_reads_is_typed_with_units_and_in_bounds(collector: Collector | Unavailable) -> None:
    for row in read(collector):
        assert isinstance(row, EVERY_READING)
        assert fields_conform(row), row
        assert_in_bounds(row)


def read(collector: Collector | Unavailable) -> Sequence[Reading]:
    return [] if isinstance(collector, Unavailable) else collector.collect()


def assert_in_bounds(row: Reading) -> None:
    if isinstance(row, ENERGY):
        fixed = {readings.PACKAGE, readings.DRAM, readings.PLATFORM}
        assert row.resource in fixed or readings.GPUS.fullmatch(row.resource)
        assert row.meter
    if isinstance(row, CounterReading):
        assert row.energy >= Energy.ZERO
        assert row.plausible > Power.ZERO
        assert row.wraps_after is None or row.energy <= row.wraps_after
    if isinstance(row, PowerReading):
        assert row.power > Power.ZERO
        assert row.hold > Duration.ZERO
        assert row.method in {Method.INTEGRATED, Method.MODELLED}
    if isinstance(row, IntensityReading):
        assert row.start > 0
        assert row.length > Duration.ZERO
        assert 0 <= row.grams_per_kilowatt_hour <= 2000
    if isinstance(row, GpuUsageReading):
        assert all(0 <= use.sm_percent <= 100 and use.consumer for use in row.uses)
        assert all(use.busy is None or use.busy >= Duration.ZERO for use in row.uses)
        assert len({use.pid for use in row.uses}) == len(row.uses)


@each_collector
@each_host
def test_no_meter_is_told_twice_and_no_resource_in_two_ways(collector: Collector | Unavailable) -> None:
    """Twice the same counter is twice the energy."""
    rows = [row for row in read(collector) if isinstance(row, ENERGY)]
    assert len({row.meter for row in rows}) == len(rows)
    assert len({(row.resource, method_of(row)) for row in rows}) == len({row.resource for row in rows})


def method_of(row: CounterReading | PowerReading | LoadReading) -> Method:
    return Method.MODELLED if isinstance(row, LoadReading) else row.method


@each_collector
@each_host
def test_its_sources_are_the_meters_it_reads_with_the_method_of_their_readings(
    collector: Collector | Unavailable,
) -> None:
    rows = {(row.resource, row.meter, method_of(row)) for row in read(collector) if isinstance(row, ENERGY)}
    sources = [] if isinstance(collector, Unavailable) else collector.sources()
    assert rows == {(source.resource, source.meter, Method(source.method)) for source in sources}
    assert all(isinstance(source, Source) and source.description and source.accuracy for source in sources)


@each_collector
@each_host
def test_its_sources_stay_as_they_are(collector: Collector | Unavailable) -> None:
    if isinstance(collector, Unavailable):
        return
    before = list(collector.sources())
    collector.collect()
    assert list(collector.sources()) == before
    collector.collect()
    assert list(collector.sources()) == before


@each_collector
@each_host
def test_it_leaves_no_file_open(point: EntryPoint, name: str) -> None:
    before = open_files()
    answer = opened(point, daemons_host(RECORDED / name, cards(RECORDED / name)))
    if not isinstance(answer, Unavailable):
        answer.collect()
        answer.close()
    assert open_files() == before


@each_collector
@each_host
def test_nonsense_in_its_files_is_no_crash(point: EntryPoint, root: Path) -> None:
    """Whatever a damaged or strange kernel shows, at the start or later, the answer is a reading or a reason."""
    answer = opened(point, daemons_host(root, cards(root)))
    for path in root.rglob("*"):
        if path.is_file() and not path.parent.name.isdigit():  # what processes are is the workloads' affair
            path.write_text("nonsense -1:\n")
    assert_answers(answer)
    try:
        assert_answers(opened(point, daemons_host(root, cards(root))))
    except Retry:
        return


@each_collector
@each_host
def test_a_host_that_vanishes_under_it_is_no_crash(point: EntryPoint, root: Path) -> None:
    answer = opened(point, daemons_host(root, cards(root)))
    for path in root.rglob("*"):
        if path.is_file():
            os.truncate(path, 0)
    shutil.rmtree(root)
    assert_answers(answer)


def assert_answers(answer: Collector | Unavailable) -> None:
    """Check that reading gives readings, or one of the two reasons why it doesn't, and that it can be closed."""
    if isinstance(answer, Unavailable):
        return
    try:
        assert all(isinstance(row, EVERY_READING) for row in answer.collect())
    except (Retry, Unavailable):
        return
    finally:
        answer.close()


@each_collector
def test_nothing_is_asked_of_the_network_unless_a_grid_is_configured(point: EntryPoint) -> None:
    asked: list[str] = []
    watching = True

    def note(event: str, _: object) -> None:
        if watching and event.startswith("socket."):
            asked.append(event)

    sys.addaudithook(note)
    try:
        for name in HOSTS:
            assert_answers(opened(point, daemons_host(RECORDED / name, cards(RECORDED / name))))
    finally:
        watching = False
    assert asked == []


@each_on_request
def test_what_is_opened_on_request_delays_nobody_and_says_how_often_it_is_read(point: EntryPoint) -> None:
    kind = point.load()
    assert kind.slow is True
    assert kind.every >= Duration.from_seconds(60)


@each_on_request
def test_without_a_grid_it_says_how_to_request_it(point: EntryPoint) -> None:
    answer = opened(point, daemons_host(RECORDED / HOSTS[0], FakeNvml()))
    assert isinstance(answer, Unavailable)
    assert answer.reason is Reason.ABSENT
    assert_says_why(answer)
    assert point.name in answer.cure


def replayed(asked: Asked) -> Reply:
    """Return what was recorded of the provider that *asked* is a question to."""
    kind = asked.path.split("/")[-1]
    return Reply.of(recorded("rte-evening" if kind == "records" else f"electricity-maps-{kind}"))


@each_on_request
@pytest.mark.usefixtures("no_proxy")
def test_what_a_provider_says_is_typed_with_units_and_in_bounds_and_nothing_stays_open(point: EntryPoint) -> None:
    with GridServer(replayed, NOON.replace(hour=23)) as server:
        grid = Grid(zone="FR", address=server.url, token="k3y")  # noqa: S106 - it opens nothing
        before = open_files()
        answer = opened(point, dataclasses.replace(daemons_host(RECORDED / HOSTS[0], FakeNvml()), grid=grid))
        assert not isinstance(answer, Unavailable)
        assert server.asked == [], "opening asks nothing"
        rows = answer.collect()
        assert list(answer.sources()) == []
        answer.close()
    assert open_files() < before, "the server had one, and nobody has any more"
    assert rows
    for row in rows:
        assert isinstance(row, IntensityReading)
        assert fields_conform(row), row
        assert_in_bounds(row)
        assert (row.provider, row.zone) == (point.name, "FR")
