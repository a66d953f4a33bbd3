"""Runs the program as its main function does, in this process, on a host and a ledger of its own."""

import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

from monitor.cli.program import run
from monitor.core.entries import (
    OTHER,
    Bucket,
    Gap,
    Grain,
    Meter,
    OpenBooks,
    Series,
    ServiceFacts,
    Share,
)
from monitor.core.hours import by_consumer, reckon
from monitor.core.impact import HourImpacts
from monitor.core.interval import HOUR, MINUTE, Interval, Stamp
from monitor.core.readings import PACKAGE, Method
from monitor.core.units import Duration, Energy
from monitor.ledger.store import Ledger
from tests.fixtures.impacts import YEARLY
from tests.parts.loopback import free_port

CLOSED = int(datetime(2026, 3, 10, 12, tzinfo=UTC).timestamp()) * 10**9
"""The ledger's closed hour begins here; the open one follows."""
ASSISTANT = ServiceFacts("assistant", "Assistant", "Communication", "2026-DSI-042", "vllm", "configured")
METER = Meter(PACKAGE, Method.COUNTER)
SERVICE = Series("assistant", PACKAGE, Share.ACTIVE, Method.COUNTER)
REST = Series(OTHER, PACKAGE, Share.FLOOR, Method.COUNTER)
WATT_HOUR = 3_600_000_000
BOUGHT = """
[[external]]
key = "mistral-api"
name = "API de Mistral"
department = "Communication"
contract = "2026-DSI-042"
provider = "mistralai"
models = ["mistral-*"]
zone = "SE"
[[external]]
key = "others"
provider = "openai"
models = ["*"]
declared = { gwp_per_1000_output_tokens = "0.8 gCO2e", source = "Annexe 2", year = 2026 }
"""
USAGE = """\
date,model,input_tokens,output_tokens,requests
2026-02,mistral-large-2411,9000,4000,10
2026-02-03,no-such-model,0,1000,1
"""


@dataclass(frozen=True)
class Outcome:
    """How a call of the program ended."""

    status: int
    out: str
    err: str


class Call(Protocol):
    """Runs the program."""

    def __call__(self, *arguments: str) -> Outcome: ...


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of a configuration that is in force: a state of its own, a free port, Paris, English."""
    for name in ("LANG", "LC_ALL", "LC_MESSAGES", "XDG_STATE_HOME", "STATE_DIRECTORY", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    file = tmp_path / "empreinte.toml"
    file.write_text(
        f'[organisation]\nname = "Ville de Rennes"\ntimezone = "Europe/Paris"\nlanguage = "en"\n'
        f'[host]\nname = "ia-01"\ncpu_tdp = "100 W"\n'
        f'[paths]\nstate = "{tmp_path}/state"\n'
        f'[web]\nlisten = "127.0.0.1:{free_port()}"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("EMPREINTE_CONFIG", str(file))
    return tmp_path


@pytest.fixture
def call(place: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    """Return what runs the program under that configuration."""
    assert place.is_dir()

    def call_it(*arguments: str) -> Outcome:
        capsys.readouterr()
        status = run(arguments)
        said = capsys.readouterr()
        return Outcome(status, said.out, said.err)

    return call_it


@pytest.fixture
def url(place: Path) -> str:
    """Return where the configured ledger is."""
    return f"sqlite:///{place}/state/ledger.db"


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a ledger once, with a closed hour of 4 Wh and an open one of 1 Wh; return its file."""
    file = tmp_path_factory.mktemp("kept") / "ledger.db"
    hour = bucket(CLOSED, 3 * WATT_HOUR, 1 * WATT_HOUR)
    following = bucket(CLOSED + HOUR.nanoseconds, 1 * WATT_HOUR, 0)
    now = Stamp(following.start + 600 * 10**9, 10**12)
    books = OpenBooks(
        at=now,
        boot_id="boot",
        closed_through=following.start,
        energy={SERVICE: Energy(4 * WATT_HOUR), REST: Energy(1 * WATT_HOUR)},
        measured={METER: Energy(5 * WATT_HOUR)},
        covered={PACKAGE: Duration(2 * HOUR.nanoseconds)},
        open=(following,),
    )
    gap = Gap(PACKAGE, Interval(CLOSED - HOUR.nanoseconds, CLOSED), "daemon_down")
    with Ledger.open(f"sqlite:///{file}", host="ia-01", timezone="Europe/Paris", now=now) as opened:
        opened.commit(books, [*minutes(hour), hour], [gap], [ASSISTANT], impacts=[came_to(hour)])
    return file


@pytest.fixture
def ledger(url: str, kept: Path) -> str:
    """Put a copy of that ledger where the configuration looks for it; return where it is."""
    path = Path(url.removeprefix("sqlite:///"))
    path.parent.mkdir()
    shutil.copy(kept, path)
    return url


def came_to(hour: Bucket) -> HourImpacts:
    """Return what *hour* came to under the terms of a server in France, of a year and without its hardware."""
    return reckon(
        Interval(hour.start, hour.start + HOUR.nanoseconds), by_consumer(hour.entries), {}, replace(YEARLY, assets=())
    )


def bucket(start: int, assistant: int, other: int, grain: Grain = Grain.HOUR) -> Bucket:
    """Return a bucket in which so many microjoules were used."""
    length = HOUR if grain is Grain.HOUR else MINUTE
    parts = {series: Energy(amount) for series, amount in ((SERVICE, assistant), (REST, other)) if amount}
    return Bucket(grain, start, parts, {METER: Energy(assistant + other)}, {PACKAGE: length})


def minutes(hour: Bucket) -> list[Bucket]:
    """Return the sixty minutes that an hour is made of."""
    return [
        bucket(
            hour.start + number * MINUTE.nanoseconds,
            hour.entries[SERVICE].microjoules // 60,
            hour.entries[REST].microjoules // 60,
            Grain.MINUTE,
        )
        for number in range(60)
    ]


@pytest.fixture
def configured(place: Path, ledger: str) -> str:
    """Configure two bought services beside a ledger that has measured an hour."""
    file = place / "empreinte.toml"
    file.write_text(file.read_text(encoding="utf-8") + BOUGHT, encoding="utf-8")
    return ledger


@pytest.fixture
def usage(place: Path, configured: str) -> str:
    """Write a list of what was used; return where it is."""
    assert configured
    file = place / "usage.csv"
    file.write_text(USAGE, encoding="utf-8")
    return str(file)
