"""The main job on real input: two real llama.cpp servers, one asked three times as much as the other."""

import sys
import threading
from pathlib import Path

import pytest

from tests.parts.child import Child
from tests.parts.daemon import Daemon, Scrape, Tables
from tests.parts.llm import LlmServer, Load, Usage
from tests.parts.powercap import Powercap

pytestmark = pytest.mark.real("llm")


SPELL = 0.5


def _tables(powercap: Powercap, servers: dict[str, LlmServer]) -> Tables:
    return {
        "paths": {"sysfs": powercap.sysfs},
        # longer than the small one's spells, so that each tick has both in about the same proportion
        "sampling": {"every": "1500ms"},
        "service": [
            {"key": key, "match": {"process": f"llm_server .* {server.port} "}} for key, server in servers.items()
        ],
    }


def _active(scrape: Scrape, service: str) -> float:
    return scrape.value("empreinte_service_energy_joules_total", service=service, resource="package", share="active")


def _run_both(servers: dict[str, LlmServer], seconds: float) -> None:
    """Ask `large` without a pause, and `small` for a third of the time, in spells of SPELL s."""

    def ask(key: str, share: float) -> None:
        end = threading.Event()
        timer = threading.Timer(seconds, end.set)
        timer.start()
        while not end.is_set():
            servers[key].ask(Load(requests=1000, seconds=SPELL * share, tokens=20, words=20))
            end.wait(SPELL * (1 - share))
        timer.cancel()

    threads = [threading.Thread(target=ask, args=case) for case in (("large", 1.0), ("small", 0.33))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.long
def test_two_servers_get_energy_as_they_used_the_processor(tmp_path: Path) -> None:
    # power that follows the load, as a processor's does: of a steady power, who computes alone would get all
    with (
        Powercap(tmp_path, watts=0, watts_per_busy=30) as powercap,
        LlmServer(tmp_path) as small,
        LlmServer(tmp_path) as large,
    ):
        servers = {"small": small, "large": large}
        with Daemon(tmp_path, _tables(powercap, servers)) as daemon:
            powercap.move()
            daemon.wait_for_tick(2)
            idle_before = daemon.scrape()
            daemon.wait_for_tick(3)
            idle_after = daemon.scrape()
            used_before = {key: server.cpu_seconds() for key, server in servers.items()}
            busy_before = daemon.scrape()
            _run_both(servers, 12)
            daemon.wait_for_tick(2)
            busy_after = daemon.scrape()
            used = {key: server.cpu_seconds() - used_before[key] for key, server in servers.items()}
    energy = {key: _active(busy_after, key) - _active(busy_before, key) for key in servers}
    idle = {key: _active(idle_after, key) - _active(idle_before, key) for key in servers}
    assert used["large"] > 2 * used["small"] > 1
    assert energy["large"] / energy["small"] == pytest.approx(used["large"] / used["small"], rel=0.03)
    for key in servers:
        assert idle[key] < 0.01 * energy[key], f"{key} drew {idle[key]} J while nobody asked"


def test_a_server_under_its_own_name_is_found_without_any_configuration(tmp_path: Path) -> None:
    program = tmp_path / "llama-server"
    program.write_text(f"#!{sys.executable}\nimport time\nwhile True:\n    sum(range(100000)); time.sleep(0.001)\n")
    program.chmod(0o755)
    with Daemon(tmp_path) as daemon:
        with Child([program, "--port", "8080"], tmp_path / "server.log"):
            daemon.child.wait_until(
                lambda: daemon.scrape().value("empreinte_service_info", service="llama-cpp") == 1,
                what="the server is found",
                seconds=30,
            )
            daemon.wait_for_tick(3)
        assert daemon.scrape().value("empreinte_service_energy_joules_total", service="llama-cpp") > 0


WATTS = 30
TOKENS = "empreinte_service_tokens_total"


def _output(daemon: Daemon) -> float:
    return daemon.scrape().value(TOKENS, service="llm", direction="output")


def _ask(daemon: Daemon, server: LlmServer, load: Load) -> Usage:
    """Ask *load*, and wait until the daemon has heard of all of it; return what the clients were told."""
    before = _output(daemon)
    usage = server.ask(load)
    daemon.child.wait_until(lambda: _output(daemon) >= before + usage.output_tokens, what="the tokens", seconds=60)
    return usage


def _energy_is_that_of_the_processor(page: Scrape, spent: float) -> None:
    # the memory is modelled here, and has its part in a token's energy: of the processor's part alone time tells
    every = page.find("empreinte_service_energy_joules_total", service="llm")
    processor = sum(value for labels, value in every.items() if ("resource", "package") in labels)
    assert processor == pytest.approx(WATTS * spent, rel=0.1)
    joules = page.value("empreinte_service_activity_energy_joules_total", service="llm")
    assert joules == pytest.approx(sum(every.values()), rel=0.05)


def test_tokens_equal_what_the_clients_were_told_and_the_energy_of_them_is_that_of_the_processor(
    tmp_path: Path,
) -> None:
    with Powercap(tmp_path, watts=0, watts_per_busy=WATTS) as powercap, LlmServer(tmp_path) as server:
        tables = _tables(powercap, {"llm": server})
        tables["sampling"]["every"] = "1s"
        tables["service"][0]["activity"] = {"url": f"{server.url}/metrics", "model": "tiny"}
        with Daemon(tmp_path, tables) as daemon:
            powercap.move()
            daemon.wait_for_tick(8)
            spent = server.cpu_seconds()
            told = _ask(daemon, server, Load(requests=200, seconds=8))
            told += _ask(daemon, server, Load(requests=50, seconds=4, cache=False))
            daemon.wait_for_tick(7)
            spent = server.cpu_seconds() - spent
            page = daemon.scrape()
            daemon.stop()
            daemon.start()
            told += _ask(daemon, server, Load(requests=20))
            # a counter read once more, quiet, loses nothing when its server begins anew
            daemon.wait_for_tick(7)
            server.child.terminate()
            server.start()
            told += _ask(daemon, server, Load(requests=20))
            last = daemon.scrape()
            daemon.stop()
    assert last.value(TOKENS, service="llm", direction="output") == told.output_tokens
    assert last.value(TOKENS, service="llm", direction="input") == told.input_tokens
    computed = last.value("empreinte_service_computed_input_tokens_total", service="llm")
    assert computed == told.input_tokens - told.cached_tokens
    _energy_is_that_of_the_processor(page, spent)
