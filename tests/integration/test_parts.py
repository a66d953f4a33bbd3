"""The real parts do what the other tests take for granted."""

import http.server
import json
import os
import resource
import signal
import struct
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.parts import prometheus
from tests.parts.child import Child
from tests.parts.chromium import Browser
from tests.parts.cpu import cpu_seconds
from tests.parts.daemon import HOST_ENERGY, Daemon, toml
from tests.parts.faketime import WallClock
from tests.parts.gguf_model import TINY, write
from tests.parts.llm import LlmServer, Load
from tests.parts.loopback import LOOPBACK, NeverHappenedError, wait_until
from tests.parts.presence import Part
from tests.parts.prometheus import Prometheus

ROOT = Path(__file__).parents[2]
HOUR = 3600


@contextmanager
def site(pages: Mapping[str, Callable[[], str]]) -> Iterator[str]:
    """Serve *pages* on loopback; yield their address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path)
            self.send_response(200 if page else 404)
            self.send_header("Content-Type", "text/html" if self.path == "/" else "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(page().encode() if page else b"")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    with Daemon(tmp_path) as running:
        yield running


def runs(pid: int) -> bool:
    """Whether process *pid* runs; one that ended and was not reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class TestChild:
    def test_it_is_ended_with_what_it_left_behind(self, tmp_path: Path) -> None:
        with Child(["sh", "-c", "sleep 600 & echo $!; exec sleep 600"], tmp_path / "log") as child:
            child.wait_until(lambda: child.said().endswith("\n"), what="the grandchild's id")
            grandchild = int(child.said())
            assert runs(grandchild)
        assert child.process.returncode == -signal.SIGTERM
        wait_until(lambda: not runs(grandchild), what="the grandchild is gone")

    def test_one_that_will_not_stop_is_killed(self, tmp_path: Path) -> None:
        stubborn = ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"]
        with Child(stubborn, tmp_path / "log", patience=0.5) as child:
            child.wait_until(lambda: "ready" in child.said(), what="it heeds no SIGTERM")
        assert child.process.returncode == -signal.SIGKILL

    def test_it_does_not_outlive_tests_that_are_killed(self, tmp_path: Path) -> None:
        tests = (
            "from pathlib import Path\nfrom tests.parts.child import Child\n"
            f"with Child(['sleep', '600'], Path({str(tmp_path / 'inner')!r})) as child:\n"
            "    print(child.pid, flush=True)\n"
            "    child.process.wait()\n"
        )
        with Child([sys.executable, "-c", tests], tmp_path / "log", directory=ROOT) as outer:
            outer.wait_until(lambda: outer.said().endswith("\n"), what="the id of what it started")
            inner = int(outer.said())
            assert runs(inner)
            outer.kill()
            wait_until(lambda: not runs(inner), what="what it started is gone")

    def test_waiting_for_one_that_ended_tells_its_last_words(self, tmp_path: Path) -> None:
        with (
            Child(["sh", "-c", "echo no configuration >&2; exit 3"], tmp_path / "log") as child,
            pytest.raises(AssertionError, match=r"ended with 3 before this: it answers\nno configuration"),
        ):
            child.wait_until(lambda: False, what="it answers")

    def test_it_goes_on_in_the_same_log_after_a_restart(self, tmp_path: Path) -> None:
        with Child(["sh", "-c", "echo started; exec sleep 600"], tmp_path / "log") as child:
            child.wait_until(lambda: child.said() == "started\n", what="its first word")
            assert child.kill() == -signal.SIGKILL
            child.start()
            child.wait_until(lambda: child.said() == "started\nstarted\n", what="its second word")

    def test_what_never_comes_is_named(self) -> None:
        with pytest.raises(NeverHappenedError, match="waited 0 s for: the end of the world"):
            wait_until(lambda: False, what="the end of the world", seconds=0.1)


def test_an_environment_is_here_when_it_is_whole_and_of_the_lock_that_is_asked_for(tmp_path: Path) -> None:
    lock, environment = tmp_path / "uv.lock", tmp_path / "environment"
    lock.write_text("version = 1")
    environment.mkdir()
    part = Part(environment=environment, lock=lock)
    assert part.lacks_environment
    (environment / "uv.lock").write_text("version = 1")
    assert not part.lacks_environment
    lock.write_text("version = 2")
    assert part.lacks_environment
    assert not Part().lacks_environment


def test_the_cpu_time_of_children_counts_while_they_live_and_once_reaped(tmp_path: Path) -> None:
    burn = "import time\nwhile time.process_time() < 0.4: pass"
    parent = (
        "import subprocess, sys, time\n"
        f"subprocess.run([sys.executable, '-c', {burn!r}])\n"
        "print('reaped', flush=True)\n"
        "time.sleep(600)\n"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with Child([sys.executable, "-c", parent], tmp_path / "log") as child:
        wait_until(lambda: cpu_seconds(child.pid) > 0.3, what="the grandchild computes")
        child.wait_until(lambda: "reaped" in child.said(), what="the grandchild is reaped")
        seen = cpu_seconds(child.pid)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    kernel = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # what was reaped is counted in ticks of 10 ms, one for user and one for system time
    assert 0.4 <= seen <= kernel
    assert kernel - seen < 0.05


@pytest.mark.real("faketime")
class TestWallClock:
    PROGRAM = """
import json, os, sys, threading, time
for _ in sys.stdin:
    start = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
    threading.Event().wait(0.3)
    told = {
        "waited": time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW) - start,
        "modified": os.stat(sys.argv[1]).st_mtime_ns,
        "time": time.time_ns(),
        "monotonic": time.monotonic_ns(),
        **{name: time.clock_gettime_ns(getattr(time, name)) for name in sys.argv[2:]},
    }
    print(json.dumps(told), flush=True)
"""
    TRUE = ("CLOCK_MONOTONIC", "CLOCK_MONOTONIC_RAW", "CLOCK_BOOTTIME")

    def test_only_the_wall_clock_of_the_child_moves_and_while_it_runs(self, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.touch()
        clock = WallClock(tmp_path)
        command = [sys.executable, "-c", self.PROGRAM, str(file), "CLOCK_REALTIME", *self.TRUE]
        with self._asked(command, clock.environment) as ask:
            for shift in (0, HOUR, -2 * HOUR, 10):
                clock.shift(shift)
                before, told, after = self._now(), ask(), self._now()
                for name in ("time", "CLOCK_REALTIME"):
                    assert before["CLOCK_REALTIME"] <= told[name] - shift * 10**9 <= after["CLOCK_REALTIME"]
                for name in self.TRUE:
                    assert before[name] <= told[name] <= after[name]
                assert before["CLOCK_MONOTONIC"] <= told["monotonic"] <= after["CLOCK_MONOTONIC"]
                assert 0.3 * 10**9 <= told["waited"] <= after["CLOCK_MONOTONIC"] - before["CLOCK_MONOTONIC"]
                assert told["modified"] == file.stat().st_mtime_ns

    def _now(self) -> dict[str, int]:
        return {name: time.clock_gettime_ns(getattr(time, name)) for name in ("CLOCK_REALTIME", *self.TRUE)}

    @contextmanager
    def _asked(self, command: Sequence[str], variables: Mapping[str, str]) -> Iterator[Callable[[], dict[str, int]]]:
        """Run a program that tells a line for each line; yield what asks it."""
        environment = {**os.environ, **variables}
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            talk_in, talk_out = process.stdin, process.stdout

            def ask() -> dict[str, int]:
                talk_in.write("\n")
                talk_in.flush()
                told: dict[str, int] = json.loads(talk_out.readline())
                return told

            yield ask


@pytest.mark.real("llm")
class TestLlmServer:
    def test_its_counters_are_what_its_replies_said(self, tmp_path: Path) -> None:
        with LlmServer(tmp_path, threads=1) as server:
            idle = server.cpu_seconds()
            usage = server.ask(Load(requests=8, workers=2, words=20, tokens=30))
            assert server.cpu_seconds() > idle
            counted = metrics(server.metrics())
        assert (usage.requests, usage.output_tokens) == (8, 8 * 30)
        assert counted["llamacpp:tokens_predicted_total"] == usage.output_tokens
        assert counted["llamacpp:prompt_tokens_total"] == usage.input_tokens - usage.cached_tokens

    def test_it_computes_when_asked_and_not_when_idle(self, tmp_path: Path) -> None:
        with LlmServer(tmp_path, threads=1) as server:
            start = server.cpu_seconds()
            server.ask(Load(requests=20))
            busy = server.cpu_seconds() - start
            start = server.cpu_seconds()
            time.sleep(1)
            assert server.cpu_seconds() - start < busy / 20

    def test_it_counts_anew_after_a_restart(self, tmp_path: Path) -> None:
        with LlmServer(tmp_path) as server:
            server.ask(Load(requests=1, tokens=5))
            server.child.terminate()
            server.start()
            assert metrics(server.metrics())["llamacpp:tokens_predicted_total"] == 0

    def test_asking_ends_with_its_time(self, tmp_path: Path) -> None:
        with LlmServer(tmp_path) as server:
            assert 0 < server.ask(Load(requests=10**6, seconds=0.5, words=5, tokens=5)).requests < 10**6

    def test_a_model_is_the_same_bytes_each_time(self, tmp_path: Path) -> None:
        for name in ("one", "two"):
            write(TINY, tmp_path / name)
        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def metrics(page: str) -> dict[str, float]:
    """Return the series of a metrics page that have no labels."""
    lines = (line.split() for line in page.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, value in lines}


@pytest.mark.real("prometheus")
class TestPrometheus:
    GOOD = "# HELP work_joules_total Work done.\n# TYPE work_joules_total counter\n"

    def test_it_scrapes_and_answers_now_and_over_time(self, tmp_path: Path) -> None:
        scrapes = iter(range(100, 10**6, 10))
        pages = {"/metrics": lambda: f'{self.GOOD}work_joules_total{{by="ox"}} {next(scrapes)}\n'}
        with site(pages) as url, Prometheus(tmp_path, f"{url}/metrics", every="500ms") as server:
            server.wait_for_scrapes(4)
            (sample,) = server.query("work_joules_total")
            assert sample.labels["by"] == "ox"
            assert sample.value >= 130
            assert server.value("work_joules_total - 1", at=sample.at) == sample.value - 1
            assert server.value("42") == 42
            (line,) = server.query_range("work_joules_total", sample.at - 60, sample.at, step=0.5)
            values = [value for _, value in line.points]
            assert values == sorted(values)
            assert len(set(values)) >= 4
            assert server.query("no_such_series") == []

    def test_what_cannot_be_scraped_is_not_waited_for_in_vain(self, tmp_path: Path) -> None:
        with site({}) as url, Prometheus(tmp_path, f"{url}/metrics") as server:
            with pytest.raises(NeverHappenedError, match=r"1 scrapes of .*/metrics"):
                server.wait_for_scrapes(1, seconds=3)
            with pytest.raises(AssertionError, match="parse error"):
                server.query("sum(")

    def test_its_lint_tells_a_bad_page_from_a_good_one(self) -> None:
        assert prometheus.lint(f"{self.GOOD}work_joules_total 1\n") == []
        assert prometheus.lint("work_joules_total 1\n") == ["work_joules_total no help text"]

    def test_its_check_tells_a_bad_configuration_from_a_good_one(self, tmp_path: Path) -> None:
        file = tmp_path / "prometheus.yml"
        file.write_text("scrape_configs: [{job_name: empreinte}]")
        assert prometheus.check_configuration(file) == []
        file.write_text("scrape_config: []")
        assert "field scrape_config not found" in " ".join(prometheus.check_configuration(file))


@pytest.mark.real("chromium")
class TestBrowser:
    SERVED = "<!doctype html><style>:root { color-scheme: light dark }</style><p id=p>as served</p>"
    PAGE = SERVED + "<script>document.getElementById('p').textContent = 'by script, ' + navigator.language</script>"

    def test_it_tells_the_document_after_its_scripts_or_without_them(self) -> None:
        with site({"/": lambda: self.PAGE}) as url:
            assert "by script, fr" in Browser(language="fr").dom(url)
            assert '<p id="p">as served</p>' in Browser(scripts=False).dom(url)

    def test_its_picture_shows_the_page_as_it_was_told_to_open_it(self, tmp_path: Path) -> None:
        with site({"/": lambda: self.PAGE}) as url, site({"/": lambda: self.SERVED}) as bare:
            small = Browser(width=320, height=200)
            served = small.screenshot(bare, tmp_path / "served.png").read_bytes()
            assert served.startswith(b"\x89PNG\r\n\x1a\n")
            assert struct.unpack(">II", served[16:24]) == (320, 200)
            assert small.screenshot(url, tmp_path / "scripted.png").read_bytes() != served
            without = Browser(width=320, height=200, scripts=False)
            assert without.screenshot(url, tmp_path / "without.png").read_bytes() == served
            dark = Browser(width=320, height=200, dark=True)
            assert dark.screenshot(bare, tmp_path / "dark.png").read_bytes() != served


class TestDaemon:
    def test_it_is_asked_as_others_ask_it(self, daemon: Daemon) -> None:
        daemon.wait_for_energy()
        scrape = daemon.scrape()
        assert scrape.sum(HOST_ENERGY) == sum(scrape.find(HOST_ENERGY).values()) > 0
        assert scrape.sum(HOST_ENERGY) > scrape.sum(HOST_ENERGY, resource="package") > 0
        assert scrape.find("empreinte_no_such_metric") == {}
        with pytest.raises(AssertionError, match="no series empreinte_no_such_metric"):
            scrape.sum("empreinte_no_such_metric")
        assert daemon.get("/")[0] == 200
        assert daemon.get("/no-such-page")[0] == 404

    def test_it_goes_on_where_it_stopped_or_was_killed(self, daemon: Daemon) -> None:
        shown = 0.0
        for end in (daemon.stop, daemon.kill):
            daemon.wait_for_energy()
            daemon.wait_for_tick(2)
            before = daemon.scrape().sum(HOST_ENERGY)
            assert before > shown
            end()
            daemon.start()
            shown = daemon.scrape().sum(HOST_ENERGY)
            assert shown >= before

    def test_a_start_that_fails_tells_what_the_daemon_said(self, tmp_path: Path) -> None:
        daemon = Daemon(tmp_path, {"sampling": {"evry": "1s"}})
        with pytest.raises(AssertionError, match=r"ended with 2 before this: \S+ is ready(.|\n)*evry"):
            daemon.start()

    def test_a_configuration_is_written_as_it_was_meant(self) -> None:
        tables = {
            "host": {"name": 'ia\\-"01"', "pue": 1.4},
            "web": {"insecure": False},
            "service": [{"key": "a", "was": ["b", "c"], "match": {"port": 80}}, {"key": "é", "match": {"pod": "x"}}],
        }
        assert tomllib.loads(toml(tables)) == tables
