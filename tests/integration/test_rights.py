"""What the packaged files of a right open is what `doctor` asked for, and nothing else: real files, real tools."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.core.rights import GRANTS
from tests.fixtures.host import RECORDED
from tests.fixtures.unprivileged import NOBODY, ROOT_ONLY, directory_for_all
from tests.parts.loopback import free_port

SYSTEMD = Path(__file__).parents[2] / "deploy/systemd"
DROP_INS = sorted((SYSTEMD / "rights").glob("*.conf"))
SHOWN = re.compile(r"^ *(\w+=\S.*)$", re.MULTILINE)
PROGRAM = """
import contextlib, io, os, sys
from monitor.cli.program import run
arguments = ["--config", {config!r}]
# everything that it needs of the sources is read while that is still allowed
with contextlib.redirect_stdout(io.StringIO()):
    run(["doctor", *{further!r}, *arguments])
os.setgroups({groups!r}); os.setgid({nobody}); os.setuid({nobody})
run(["doctor", *{further!r}, *arguments])
"""


def done(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


class Machine:
    """A recorded host whose energy counters are root's alone, with a user who owns nothing."""

    def __init__(self, root: Path, name: str, counters: str) -> None:
        self.root = root
        shutil.copytree(RECORDED / name, root, dirs_exist_ok=True)
        (root / "etc").mkdir()
        self.counters = tuple((root / "sys").glob(counters))
        assert self.counters
        for counter in self.counters:
            counter.chmod(ROOT_ONLY)
        self.config = root / "empreinte.toml"
        (root / "state").mkdir()
        (root / "state").chmod(0o777)
        self.config.write_text(
            f'[host]\nname = "ia-01"\ncpu_tdp = "100 W"\n[paths]\nsysfs = "{root}/sys"\nprocfs = "{root}/proc"\n'
            f'cgroupfs = "{root}/sys/fs/cgroup"\nstate = "{root}/state"\n[web]\nlisten = "127.0.0.1:{free_port()}"\n'
        )

    def doctor(self, *further: str, groups: tuple[int, ...] = ()) -> str:
        """Return what `doctor` prints to a user who is in *groups* alone."""
        program = PROGRAM.format(config=str(self.config), groups=list(groups), nobody=NOBODY, further=further)
        ran = done(sys.executable, "-c", program)
        assert (ran.returncode, ran.stderr) == (0, "")
        return ran.stdout

    def told(self, groups: tuple[int, ...] = ()) -> Any:
        return json.loads(self.doctor("--json", groups=groups))

    def grant(self) -> int:
        """Make the packaged user and apply the packaged rule; return the number of the group."""
        assert done("systemd-sysusers", f"--root={self.root}", str(SYSTEMD / "empreinte.sysusers")).returncode == 0
        given = done("systemd-tmpfiles", f"--root={self.root}", "--create", str(SYSTEMD / "empreinte.tmpfiles"))
        assert (given.returncode, given.stderr) == (0, "")
        groups = dict(line.split(":")[::2] for line in (self.root / "etc/group").read_text().splitlines())
        return int(groups["empreinte"])


@pytest.fixture
def xeon() -> Iterator[Machine]:
    with directory_for_all() as root:
        yield Machine(root, "xeon-two-sockets", "class/powercap/*/energy_uj")


@pytest.mark.real("systemd", "root")
def test_counters_are_forbidden_until_the_packaged_rule_gives_them_to_the_group(xeon: Machine) -> None:
    before = xeon.told()
    assert ("rapl", "forbidden") in {(one["collector"], one["reason"]) for one in before["unreadable"]}
    (right,) = before["rights"]
    assert (right["right"], right["collectors"]) == ("counters", ["rapl"])
    group = xeon.grant()
    after = xeon.told((group,))
    assert after["rights"] == []
    assert {("rapl", "package"), ("rapl", "dram")} <= {
        (meter["collector"], meter["source"]["resource"]) for meter in after["meters"] if meter["used"]
    }
    # who isn't in the group has gained nothing
    assert xeon.told() == before


@pytest.mark.real("systemd", "root")
def test_a_person_is_told_the_right_once_whatever_it_opens(xeon: Machine) -> None:
    assert len(xeon.counters) > 2
    said = xeon.doctor("--lang", "en")
    assert said.count("to read the energy counters, for rapl. As root:") == 1
    assert all(f"      {command}\n" in said for command in GRANTS[0].commands)
    assert "Droits qui manquent" in xeon.doctor("--lang", "fr")


@pytest.mark.real("systemd", "root")
def test_of_sensors_only_the_processors_counters_are_given() -> None:
    with directory_for_all() as root:
        machine = Machine(root, "rome-amd-energy", "class/hwmon/hwmon2/energy*_input")
        classes, device = root / "sys/class/hwmon", root / "sys/devices/platform/amd_energy.0/hwmon"
        device.mkdir(parents=True)
        (classes / "hwmon2").rename(device / "hwmon2")
        (classes / "hwmon2").symlink_to(device / "hwmon2")
        card = classes / "hwmon9/energy1_input"
        card.parent.mkdir()
        card.write_text("1\n")
        card.chmod(0o444)
        assert [(one["right"], one["collectors"]) for one in machine.told()["rights"]] == [("counters", ["hwmon"])]
        group = machine.grant()
        assert card.stat().st_mode & 0o777 == 0o444
        assert machine.told((group,))["rights"] == []


@pytest.mark.real("systemd")
@pytest.mark.parametrize(
    "drop_ins", [*([one] for one in DROP_INS), DROP_INS], ids=lambda files: "-".join(f.stem for f in files)
)
def test_systemd_takes_the_unit_with_each_right_and_with_all(drop_ins: list[Path], tmp_path: Path) -> None:
    unit = tmp_path / "empreinte.service"
    text = (SYSTEMD / "empreinte.service").read_text()
    unit.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", text, flags=re.MULTILINE))
    folder = tmp_path / "empreinte.service.d"
    folder.mkdir()
    for file in drop_ins:
        shutil.copy(file, folder)
    checked = done("systemd-analyze", "verify", "--man=no", str(unit))
    assert (checked.returncode, checked.stderr) == (0, "")
    rated = done("systemd-analyze", "security", "--offline=true", "--no-pager", "--json=short", str(unit))
    kept = {row["name"] for row in json.loads(rated.stdout) if row["set"]}
    # of all that it rates apart, only one right takes this away
    assert ("CapabilityBoundingSet=~CAP_SYS_PTRACE" in kept) is not any("processes" in file.stem for file in drop_ins)
    assert "NoNewPrivileges=" in kept


@pytest.mark.real("systemd")
def test_systemd_finds_a_mistake_in_a_right(tmp_path: Path) -> None:
    unit = tmp_path / "empreinte.service"
    unit.write_text(f"[Service]\nExecStart={sys.executable}\n")
    (tmp_path / "empreinte.service.d").mkdir()
    (tmp_path / "empreinte.service.d/cards.conf").write_text("[Service]\nDevicesAllow=char-drm rw\n")
    assert "DevicesAllow" in done("systemd-analyze", "verify", "--man=no", str(unit)).stderr


UDEV_RULE = re.compile(r'[A-Z]+(\{\w+\})?(==|!=|:=|\+=|-=|=)"[^"]*"(, [A-Z]+(\{\w+\})?(==|!=|:=|\+=|-=|=)"[^"]*")*')
"""Source: udev(7), rules files. `udevadm verify`, which knows the keys too, came with systemd 254."""


@pytest.mark.real("systemd")
def test_the_rule_of_the_bmc_is_one_that_udev_takes() -> None:
    rule = SYSTEMD / "rights/controller.rules"
    said = [line for line in rule.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert said
    assert [line for line in said if UDEV_RULE.fullmatch(line) is None] == []
    checked = done("udevadm", "verify", str(rule))
    assert checked.returncode == 0 or "Unknown command" in checked.stderr, checked.stdout + checked.stderr
