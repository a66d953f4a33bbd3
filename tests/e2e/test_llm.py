"""The main job on real input: two real llama.cpp servers, one asked three times as much as the other."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.parts.daemon import Daemon, Scrape
from tests.parts.llm import LlmServer, Load
from tests.parts.powercap import Powercap

pytestmark = pytest.mark.real("llm")


def _tables(powercap: Powercap, servers: dict[str, LlmServer]) -> str:
    services = "".join(
        f'[[service]]\nkey = "{key}"\nmatch = {{ process = "llm_server .* {server.port} " }}\n'
        for key, server in servers.items()
    )
    return f'[paths]\nsysfs = "{powercap.sysfs}"\n{services}'


def _active(scrape: Scrape, service: str) -> float:
    return scrape.value("empreinte_service_energy_joules_total", service=service, resource="package", share="active")


def _run_both(servers: dict[str, LlmServer], seconds: float) -> None:
    """Ask `large` without a pause, and `small` for a third of the time."""

    def ask(key: str, share: float) -> None:
        end = threading.Event()
        timer = threading.Timer(seconds, end.set)
        timer.start()
        while not end.is_set():
            servers[key].ask(Load(requests=1000, seconds=share, tokens=20, words=20))
            end.wait(1 - share if share < 1 else 0)
        timer.cancel()

    threads = [threading.Thread(target=ask, args=case) for case in (("large", 1.0), ("small", 0.33))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_two_servers_get_energy_as_they_used_the_processor(tmp_path: Path) -> None:
    with Powercap(tmp_path) as powercap, LlmServer(tmp_path) as small, LlmServer(tmp_path) as large:
        servers = {"small": small, "large": large}
        with Daemon(tmp_path, tables=_tables(powercap, servers)) as daemon:
            powercap.move()
            _wait(daemon, ticks=3)
            idle_before = daemon.scrape()
            _wait(daemon, ticks=10)
            idle_after = daemon.scrape()
            used_before = {key: server.cpu_seconds() for key, server in servers.items()}
            busy_before = daemon.scrape()
            _run_both(servers, 20)
            _wait(daemon, ticks=3)
            busy_after = daemon.scrape()
            used = {key: server.cpu_seconds() - used_before[key] for key, server in servers.items()}
    energy = {key: _active(busy_after, key) - _active(busy_before, key) for key in servers}
    idle = {key: _active(idle_after, key) - _active(idle_before, key) for key in servers}
    assert used["large"] > 2 * used["small"] > 1
    assert energy["large"] / energy["small"] == pytest.approx(used["large"] / used["small"], rel=0.03)
    for key in servers:
        assert 10 * idle[key] / 10 < 0.01 * energy[key], f"{key} drew {idle[key]} J while nobody asked"


def _wait(daemon: Daemon, ticks: int) -> None:
    """Wait until the daemon has committed *ticks* more times."""
    start = daemon.status()["ledger"]["commit"]
    daemon.child.wait_until(
        lambda: daemon.status()["ledger"]["commit"] >= start + ticks, what=f"{ticks} ticks have passed", seconds=120
    )


def test_a_server_under_its_own_name_is_found_without_any_configuration(tmp_path: Path) -> None:
    program = tmp_path / "llama-server"
    program.write_text(f"#!{sys.executable}\nimport time\nwhile True:\n    sum(range(100000)); time.sleep(0.001)\n")
    program.chmod(0o755)
    with Daemon(tmp_path) as daemon:
        with subprocess.Popen([program, "--port", "8080"]) as server:
            daemon.child.wait_until(
                lambda: daemon.scrape().value("empreinte_service_info", service="llama-cpp") == 1,
                what="the server is found",
                seconds=30,
            )
            _wait(daemon, ticks=3)
            server.terminate()
        assert daemon.scrape().value("empreinte_service_energy_joules_total", service="llama-cpp") > 0
