"""What ten minutes with fifty services write to the disk: a count, not a time."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from monitor.accounting import Accounting, Rules
from monitor.core.events import CollectionSucceeded, Observed
from monitor.core.interval import HOUR, Stamp
from monitor.core.readings import CounterReading, HostUsageReading, Reading, UsageReading
from monitor.core.units import Duration, Energy, Memory, Power
from monitor.ledger.store import Ledger

SECOND = 1_000_000_000
START = 1_795_000_000 * SECOND // HOUR.nanoseconds * HOUR.nanoseconds + 55 * 60 * SECOND
"""Five minutes before an hour, so that one closes."""
SERVICES, TICK, MINUTES = 50, 5, 10
GIGABYTE = 10**9


def _stamp(seconds: int) -> Stamp:
    return Stamp(START + seconds * SECOND, 10**12 + seconds * SECOND)


def _observed() -> Iterator[Observed]:
    """Yield ten minutes of a busy host with two resources and fifty services."""
    random = Random(1)  # noqa: S311 - the same load in every run
    cpu = [0.0] * SERVICES
    package = dram = 0
    for seconds in range(0, MINUTES * 60 + 1, TICK):
        cpu = [used + random.random() / 2 for used in cpu]
        package, dram = package + random.randint(300, 900), dram + random.randint(40, 80)
        energy = (_counter("package", package), _counter("dram", dram))
        host = HostUsageReading(Duration.from_seconds(1.1 * sum(cpu)), 32, Memory(2**38), Memory(2**37))
        uses = tuple(_use(number, used) for number, used in enumerate(cpu))
        yield _read(seconds, rapl=energy, process=(host, *uses))


def _counter(resource: str, joules: int) -> CounterReading:
    return CounterReading(resource, resource, Energy.from_joules(joules), Power.from_watts(1000))


def _use(number: int, used: float) -> UsageReading:
    return UsageReading(f"service-{number}", "processes", Duration.from_seconds(used), Memory(2**31), "run")


def _read(seconds: int, **seen: tuple[Reading, ...]) -> Observed:
    at = _stamp(seconds)
    return Observed(
        at=at,
        outcomes=tuple(
            CollectionSucceeded(at=at, collector=name, readings=readings, took=Duration.ZERO)
            for name, readings in seen.items()
        ),
    )


def _written() -> int:
    """Return the bytes that this process has made the kernel write. Source: proc(5), /proc/pid/io, write_bytes."""
    rows = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(rows["write_bytes"])


@pytest.fixture
def disk() -> Iterator[Path]:
    """A directory beside the code: where temporary files are may be in memory."""
    cache = Path(__file__).parents[2] / ".cache"
    cache.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=cache) as directory:
        yield Path(directory)


def test_fifty_services_write_less_than_a_gigabyte_a_day(disk: Path) -> None:
    floors = {"package": Power.from_watts(50), "dram": Power.from_watts(8)}
    accounting = Accounting(Rules(floor_powers=floors), None, boot_id="boot", run_id="run", now=_stamp(0))
    url = f"sqlite:///{disk}/ledger.db"
    with Ledger.open(url, host="bench", timezone="Europe/Paris", now=_stamp(0)) as ledger:
        before = _written()
        for observed in _observed():
            accounting.take(observed)
            closed = accounting.close(observed.at)
            books = accounting.books(observed.at)
            ledger.commit(books, closed, accounting.take_gaps(), ())
        written = _written() - before
    assert len(books.energy) > 4 * SERVICES
    assert 0 < written * (24 * 60 // MINUTES) < GIGABYTE
