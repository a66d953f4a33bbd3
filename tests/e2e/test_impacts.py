"""What the daemon as a process says and does about impacts: with a zone, without, with a live source."""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.parts.daemon import PROGRAM, Daemon, Tables, toml
from tests.parts.grid import GridServer, Odre
from tests.parts.loopback import LOOPBACK

HOOK = """
import os, sys

def note(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        told = repr(arguments[1] if event in ("socket.connect", "socket.sendto") else arguments[0])
        with open(os.environ["NOTED"], "a") as file:
            file.write(f"{event} {told}\\n")

sys.addaudithook(note)
"""
"""Python runs a module of this name in every process that finds it on its path, before anything else."""
CARD = {
    "name": "a card",
    "kind": "gpu",
    "model": "nvidia-h100-sxm-80gb",
    "resource": "gpu0",
    "lifetime": "5 years",
}
FRENCH: Tables = {"host": {"zone": "FR", "pue": 1.4, "hardware_share": 1}, "asset": [CARD]}


def watched(tmp_path: Path) -> dict[str, str]:
    """Return the environment in which every socket that goes out is noted."""
    folder = tmp_path / "hook"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(HOOK)
    return {"PYTHONPATH": str(folder), "NOTED": str(tmp_path / "noted")}


def noted(tmp_path: Path) -> list[str]:
    file = tmp_path / "noted"
    lines = file.read_text().splitlines() if file.exists() else []
    # what it listens at is looked up too: the address of this machine itself
    return [line for line in lines if line != f"socket.getaddrinfo {LOOPBACK!r}"]


def outside(lines: list[str]) -> list[str]:
    """Return what of *lines* left this machine: an AI server that somebody runs here is asked for its page."""
    return [line for line in lines if not line.startswith(f"socket.connect ({LOOPBACK!r}, ")]


def rows(count: int, grams: float) -> list[dict[str, object]]:
    """Return éCO2mix's rows of the last quarters, as of now."""
    now = datetime.now(UTC)
    newest = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    moments = [newest - timedelta(minutes=15 * number) for number in range(count)]
    return [
        {"date_heure": moment.isoformat(), "taux_co2": grams, "nature": "Données temps réel"}
        for moment in reversed(moments)
    ]


def test_with_a_zone_nothing_is_asked_of_the_network(tmp_path: Path) -> None:
    with Daemon(tmp_path, FRENCH, environment=watched(tmp_path)) as daemon:
        daemon.wait_for_tick(3)
        page = daemon.scrape()
        assert page.sum("empreinte_service_emissions_grams_total", phase="use") > 0
        assert page.sum("empreinte_service_emissions_grams_total", phase="embodied") > 0
        assert page.value("empreinte_grid_carbon_intensity_grams_per_kilowatt_hour", basis="applied") == 46.1
        daemon.stop()
    assert outside(noted(tmp_path)) == []


def test_a_live_source_is_asked_at_its_own_address_alone_and_shapes_what_is_applied(tmp_path: Path) -> None:
    odre = Odre(lambda: datetime.now(UTC), tr=rows(8, 10.85))
    with GridServer(odre, datetime.now(UTC)) as server:
        # an AI server that somebody runs here would be asked otherwise
        alone = {"sampling": {"discovery": False}}
        live = FRENCH | alone | {"factors": {"live": "rte", "address": server.url}}
        with Daemon(tmp_path, live, environment=watched(tmp_path)) as daemon:
            daemon.child.wait_until(
                lambda: bool(daemon.scrape().find("empreinte_grid_carbon_intensity_timestamp_seconds")),
                what="the live intensity is known",
            )
            page = daemon.scrape()
            intensity = "empreinte_grid_carbon_intensity_grams_per_kilowatt_hour"
            assert page.value(intensity, provider="rte", basis="live_direct") == 10.85
            assert page.value(intensity, basis="applied") == 23.05
            daemon.stop()
        port = server.url.rpartition(":")[2]
        assert {line.rpartition(", ")[2] for line in noted(tmp_path) if line.startswith("socket.connect")} == {
            f"{port})"
        }
        assert server.asked


def test_the_counters_of_impacts_go_on_after_a_kill(tmp_path: Path) -> None:
    with Daemon(tmp_path, FRENCH) as daemon:
        daemon.wait_for_tick(3)
        before = daemon.scrape().find("empreinte_service_emissions_grams_total")
        daemon.kill()
        daemon.start()
        after = daemon.scrape().find("empreinte_service_emissions_grams_total")
        assert before
        assert all(after[key] >= value for key, value in before.items())


def test_a_source_that_does_not_answer_keeps_nothing_from_being_measured(tmp_path: Path) -> None:
    with GridServer(Odre(lambda: datetime.now(UTC)), datetime.now(UTC)) as server:
        gone = server.url
    live = FRENCH | {"factors": {"live": "rte", "address": gone}}
    with Daemon(tmp_path, live) as daemon:
        daemon.wait_for_tick(3)
        page = daemon.scrape()
        assert page.value("empreinte_collector_success", collector="rte") == 0
        assert page.value("empreinte_grid_carbon_intensity_grams_per_kilowatt_hour", basis="applied") == 46.1
        daemon.stop()


@pytest.mark.parametrize(
    ("host", "says"),
    [
        ({"zone": "XX"}, "XX is no zone"),
        ({"zone": "WF"}, "there is no electricity factor of WF"),
        ({"zone": "fr"}, 'write "FR"'),
    ],
)
def test_a_zone_that_cannot_be_resolved_stops_the_start_with_a_sentence(
    tmp_path: Path, host: dict[str, str], says: str
) -> None:
    file = tmp_path / "empreinte.toml"
    file.write_text(toml({"host": host | {"cpu_tdp": "100 W"}, "paths": {"state": tmp_path / "state"}}))
    environment = os.environ | {"HOME": str(tmp_path)}
    done = subprocess.run(
        [PROGRAM, "run", "--config", file], capture_output=True, text=True, env=environment, check=False, timeout=60
    )
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "state" / "ledger.db").exists()


def test_without_a_zone_energy_is_measured_and_impacts_are_unknown(tmp_path: Path) -> None:
    with Daemon(tmp_path) as daemon:
        daemon.wait_for_energy()
        page = daemon.scrape()
        assert not page.find("empreinte_service_emissions_grams_total")
        assert not page.find("empreinte_period_emissions_grams")
        assert "[host]" in daemon.get("/", accept="text/html")[1]
        daemon.stop()
