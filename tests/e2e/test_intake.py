"""Events from outside, to a daemon as a process: in the ledger once, whatever happens to it in between."""

from __future__ import annotations

import http.client
import itertools
import json
import queue
import stat
import statistics
import subprocess
import sys
import threading
import time
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

import pytest

from monitor.intake.matching import Owner
from monitor.intake.store import Batch, Store
from tests.fixtures.intake import NOW, event
from tests.fixtures.intake.door import BEARER, EVENTS, TOKEN
from tests.parts.daemon import PROGRAM, Daemon, Tables, toml
from tests.parts.loopback import LOOPBACK, wait_until
from tests.parts.powercap import Powercap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("no_proxy")

MARK: Final = uuid.uuid4().hex
TICK: Final = 0.2
"""Between two readings, in seconds."""
SENDERS: Final = 4
LOT: Final = 50
"""Events of one request."""


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[bytes]]:
    """A process that computes, now and then: a service that events are of."""
    program = f"import time\nwhile True:  # {MARK}\n sum(range(10**5)); time.sleep(0.05)"
    process = subprocess.Popen([sys.executable, "-c", program])
    yield process
    process.kill()
    process.wait()


def tables(directory: Path, powercap: Powercap, **further: object) -> Tables:
    token = directory / "intake.token"
    token.write_text(TOKEN)
    token.chmod(stat.S_IRUSR | stat.S_IWUSR)
    return {
        "paths": {"sysfs": powercap.sysfs},
        "sampling": {"every": f"{round(TICK * 1000)}ms", "discovery": False},
        "intake": {"token_file": token, "events_per_second": 100_000},
        "service": [{"key": "assistant", "match": {"process": MARK}, "events": {"models": ["small"]}}],
        **further,
    }


def call(name: str, **data: Any) -> dict[str, Any]:
    said = {"model": "small", "input_tokens": 10, "output_tokens": 4, **data}
    return {"specversion": "1.0", "id": name, "source": "//sender", "type": "eu.empreinte.usage.v1", "data": said}


def send(port: int, lot: list[dict[str, Any]]) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=30)
    try:
        connection.request("POST", "/v1/events", json.dumps(lot).encode(), {**BEARER, **EVENTS, "connection": "close"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def this_month(daemon: Daemon) -> dict[str, Any]:
    """Return what the service did, and what it took."""
    (one,) = json.loads(daemon.get("/api/v1/services")[1])["services"]
    return dict(one["periods"].get("month", {"activity": {}}))


def booked(daemon: Daemon, unit: str = "requests") -> float:
    return float(this_month(daemon)["activity"].get(unit, 0))


def test_calls_that_are_told_count_with_the_energy_of_their_service_and_stay_over_a_restart(
    tmp_path: Path, worker: subprocess.Popen[bytes]
) -> None:
    with Powercap(tmp_path) as powercap, Daemon(tmp_path, tables(tmp_path, powercap)) as daemon:
        daemon.wait_for_energy()
        assert send(daemon.port, [call("first")])[1]["accepted"] == 1
        wait_until(lambda: booked(daemon) == 1, what="the first call in the books")
        lot = [call(f"call-{number}") for number in range(20)]
        assert send(daemon.port, lot)[1]["accepted"] == 20
        wait_until(lambda: booked(daemon) == 21, what="all calls in the books")
        # what is told after the last look, and told again
        daemon.stop()
        daemon.start()
        assert send(daemon.port, [*lot, call("last")])[1] | {"reasons": []} == {
            "accepted": 1,
            "duplicates": 20,
            "unmatched": 0,
            "ignored": 0,
            "refused": 0,
            "reasons": [],
        }
        wait_until(lambda: booked(daemon) == 22, what="the last call in the books")
        daemon.wait_for_tick(3)
        found = this_month(daemon)
        assert worker.poll() is None
        assert found["activity"]["output_tokens"] == 22 * 4
        assert found["authorities"] == ["events"]
        assert found["per_unit"]["1000_output_tokens"]["energy_joules"]["central"] > 0
        assert daemon.scrape().sum("empreinte_service_requests_total", service="assistant") == 22
        standing = json.loads(daemon.get("/api/v1/intake")[1])
        assert (standing["waiting"], standing["remembered"]) == (0, 22)
        daemon.stop()
    assert verified(daemon)


def test_what_is_bought_counts_apart_from_the_host(tmp_path: Path) -> None:
    bought = {"key": "api", "provider": "nobody", "models": ["big-*"], "name": "API"}
    with Powercap(tmp_path) as powercap, Daemon(tmp_path, tables(tmp_path, powercap, external=[bought])) as daemon:
        send(daemon.port, [call(f"call-{number}", model="big-1", output_tokens=50) for number in range(20)])
        wait_until(lambda: shown(daemon, "api").get("output_tokens") == 1000, what="the calls among what is bought")
        wait_until(lambda: json.loads(daemon.get("/api/v1/intake")[1])["waiting"] == 0, what="an empty queue")
        assert not booked_of_host(daemon)
        daemon.stop()
    assert verified(daemon)


def shown(daemon: Daemon, key: str) -> dict[str, Any]:
    done = subprocess.run(
        [PROGRAM, "external", "show", str(datetime.now(UTC).year), "--json", "--config", daemon.configuration],
        capture_output=True,
        check=True,
        text=True,
    )
    services = json.loads(done.stdout)["services"]
    return next((dict(one.get("activity") or {}) for one in services if one["key"] == key), {})


def booked_of_host(daemon: Daemon) -> list[str]:
    found = json.loads(daemon.get("/api/v1/services")[1])["services"]
    return [one["key"] for one in found if one["periods"].get("month", {}).get("activity")]


def verified(daemon: Daemon) -> bool:
    command = [PROGRAM, "ledger", "verify", "--config", daemon.configuration]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("content", "says"), [(None, "intake.token"), ("short", "16"), ("# for nobody yet\n", "intake.token")]
)
def test_tokens_that_can_t_be_had_stop_the_start_with_a_sentence(
    tmp_path: Path, content: str | None, says: str
) -> None:
    token = tmp_path / "intake.token"
    if content is not None:
        token.write_text(content)
        token.chmod(0o600)
    file = tmp_path / "empreinte.toml"
    # with it CodeCarbon's table is not read first
    host = {"cpu_tdp": "100 W"}
    file.write_text(toml({"host": host, "intake": {"token_file": token}, "paths": {"state": tmp_path / "state"}}))
    done = subprocess.run([PROGRAM, "run", "--config", file], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert says in done.stderr
    assert "short\n" not in done.stderr


class Client:
    """Sends calls at a rate, from several threads, each until an answer says that it is kept."""

    def __init__(self, port: int, rate: float, lasting: float) -> None:
        self.sent: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.retries = 0
        self._port = port
        self._every = SENDERS * LOT / rate
        self._end = time.monotonic() + lasting
        self._number = itertools.count()
        self._threads = [threading.Thread(target=self._send) for _ in range(SENDERS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.join()

    @property
    def sends(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def _send(self) -> None:
        due = time.monotonic()
        while due < self._end:
            time.sleep(max(0.0, due - time.monotonic()))
            names = [f"call-{next(self._number)}" for _ in range(LOT)]
            lot = [call(name) for name in names]
            while not self._is_kept(lot):
                self.retries += 1
                time.sleep(0.05)
            for name in names:
                self.sent.put(name)
            due += self._every

    def _is_kept(self, lot: list[dict[str, Any]]) -> bool:
        with suppress(OSError, http.client.HTTPException, ValueError):
            return send(self._port, lot)[0] == 200
        return False


def committed_per_second(directory: Path) -> float:
    """Return how many events a second this disk takes, in the groups that the senders together make."""
    store = Store(directory / "measured.db", (Owner("assistant"),), NOW)
    lots = [
        [Batch(tuple(event(uuid.uuid4().hex) for _ in range(LOT)), (), NOW) for _ in range(SENDERS)] for _ in range(20)
    ]
    began = time.perf_counter()
    for lot in lots:
        store.write(lot, 0)
    took = time.perf_counter() - began
    store.close()
    return 20 * SENDERS * LOT / took


class Pulse(threading.Thread):
    """Notes when the daemon last read its counters, as it says itself."""

    def __init__(self, daemon: Daemon) -> None:
        super().__init__(daemon=True)
        self.moments: list[float] = []
        self.stopped = threading.Event()
        self._daemon = daemon

    def run(self) -> None:
        while not self.stopped.wait(TICK / 4):
            with suppress(OSError, AssertionError):
                moment = self._daemon.scrape().value(
                    "empreinte_collector_last_success_timestamp_seconds", collector="rapl"
                )
                if moment and self.moments[-1:] != [moment]:
                    self.moments.append(moment)

    def steps(self) -> list[float]:
        """Stop; return the times between readings."""
        self.stopped.set()
        self.join()
        return [after - before for before, after in itertools.pairwise(self.moments)]


def paced(daemon: Daemon, lasting: float) -> list[float]:
    pulse = Pulse(daemon)
    pulse.start()
    time.sleep(lasting)
    return pulse.steps()


@pytest.mark.long
@pytest.mark.usefixtures("worker")
def test_a_stream_at_half_of_what_the_disk_takes_is_booked_whole_over_a_kill_and_delays_no_reading(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    lasting = 120.0 if request.config.getoption("--long") else 12.0
    rate = committed_per_second(tmp_path) / 2
    with Powercap(tmp_path) as powercap, Daemon(tmp_path, tables(tmp_path, powercap)) as daemon:
        daemon.wait_for_energy()
        quiet = paced(daemon, 3)
        with Client(daemon.port, rate, lasting) as client:
            loaded = paced(daemon, lasting / 3)
            daemon.kill()
            time.sleep(1)
            daemon.start()
        sent = client.sent.qsize()
        wait_until(lambda: booked(daemon) >= sent, what=f"all {sent} calls in the books", seconds=120)
        daemon.wait_for_tick(2)
        found = this_month(daemon)["activity"]
        standing = json.loads(daemon.get("/api/v1/intake")[1])
        daemon.stop()
    assert client.retries
    assert (found["requests"], found["input_tokens"], found["output_tokens"]) == (sent, 10 * sent, 4 * sent)
    assert (standing["waiting"], standing["remembered"]) == (0, sent)
    assert verified(daemon)
    assert statistics.median(loaded) < 1.5 * statistics.median(quiet)
    with capsys.disabled():
        print(  # noqa: T201 - what was measured
            f"\n{sent} calls, {rate:.0f} a second asked ({sent / lasting:.0f} sent), {client.retries} retries;"
            f" a reading each {statistics.median(quiet):.3f} s, {statistics.median(loaded):.3f} s meanwhile"
            f" (longest {max(loaded):.3f} s)"
        )
