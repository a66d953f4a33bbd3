"""What is in deploy/ is taken by the programs that it is meant for."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.config.model import HERE, LONGEST_TICK
from tests.parts.prometheus import check_configuration

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SYSTEMD = DEPLOY / "systemd"
MOST_EXPOSED = 2.0
"""Of 10; a service without any protection has 9.6."""


def done(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with a program to start that is here."""
    text = (SYSTEMD / "empreinte.service").read_text()
    copy = tmp_path / "empreinte.service"
    copy.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", text, flags=re.MULTILINE))
    return copy


@pytest.mark.real("systemd")
def test_systemd_takes_the_unit_without_a_complaint(unit: Path) -> None:
    checked = done("systemd-analyze", "verify", "--man=no", str(unit))
    # an unknown key is only complained about
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.real("systemd")
def test_systemd_finds_a_mistake_in_the_unit(unit: Path) -> None:
    unit.write_text(unit.read_text().replace("ProtectClock=", "ProtectClocks="))
    assert "ProtectClocks" in done("systemd-analyze", "verify", "--man=no", str(unit)).stderr


@pytest.mark.real("systemd")
def test_little_is_exposed(unit: Path) -> None:
    threshold = f"--threshold={MOST_EXPOSED * 10:.0f}"
    rated = done("systemd-analyze", "security", "--offline=true", "--no-pager", threshold, str(unit))
    assert rated.returncode == 0, rated.stdout


@pytest.mark.real("systemd", "root")
def test_the_unprivileged_daemon_may_read_energy_counters(tmp_path: Path) -> None:
    counter = tmp_path / "sys/class/powercap/intel-rapl:0/energy_uj"
    hidden = tmp_path / "sys/class/powercap/intel-rapl:0/name"
    for file in (counter, hidden):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("1\n")
        file.chmod(0o400)
    (tmp_path / "etc").mkdir()
    root = f"--root={tmp_path}"
    assert done("systemd-sysusers", root, str(SYSTEMD / "empreinte.sysusers")).returncode == 0
    given = done("systemd-tmpfiles", root, "--create", str(SYSTEMD / "empreinte.tmpfiles"))
    assert (given.returncode, given.stderr) == (0, "")
    groups = dict(line.split(":")[::2] for line in (tmp_path / "etc/group").read_text().splitlines())
    assert (oct(counter.stat().st_mode)[-3:], str(counter.stat().st_gid)) == ("440", groups["empreinte"])
    assert oct(hidden.stat().st_mode)[-3:] == "400"


def test_the_unit_lets_the_daemon_open_the_sockets_that_it_asks_for() -> None:
    (allowed,) = re.findall(
        r"^RestrictAddressFamilies=(.*)$", (SYSTEMD / "empreinte.service").read_text(), re.MULTILINE
    )
    sources = [path.read_text() for package in ("monitor", "collectors") for path in (ROOT / package).rglob("*.py")]
    asked = {family for source in sources for family in re.findall(r"\bsocket\.(AF_\w+)", source)}
    assert asked | {"AF_INET", "AF_INET6"} == set(allowed.split())


def test_the_watchdog_waits_for_the_slowest_sampling() -> None:
    (minutes,) = re.findall(r"^WatchdogSec=(\d+)min$", (SYSTEMD / "empreinte.service").read_text(), re.MULTILINE)
    assert int(minutes) * 60 > 2 * LONGEST_TICK.seconds


@pytest.mark.real("prometheus")
def test_prometheus_takes_the_example_and_it_names_the_daemons_address() -> None:
    example = DEPLOY / "prometheus/prometheus.yml"
    assert check_configuration(example) == []
    assert f"- {HERE.address}:{HERE.port}\n" in example.read_text()
