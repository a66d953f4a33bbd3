import os
import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from monitor.adapters import codecarbon, codecarbon_child
from monitor.adapters.codecarbon import CodeCarbonFailed, CpuPower, How, cpu_power_of, environment, from_table, guess
from monitor.adapters.cpuinfo import Processor
from monitor.core.units import Duration, Power

EPYC = "AMD EPYC 9354 32-Core Processor"
SOCKET = Power.from_watts(280)


def found(processor: Processor) -> CpuPower:
    """What the table gives for *processor*, had it an EPYC 9354 inside."""
    return from_table(processor, "AMD EPYC 9354", SOCKET, "3.3.2")


def test_every_socket_of_a_real_machine_counts() -> None:
    power = found(Processor(EPYC, sockets=2, threads=128, virtual=False))
    assert (power.power, power.how) == (Power.from_watts(560), How.TABLE)
    assert power.accuracy == "+-50 %"


def test_a_virtual_machine_is_not_charged_for_its_neighbours() -> None:
    power = found(Processor(EPYC, sockets=1, threads=2, virtual=True))
    assert (power.power, power.how) == (Power.from_watts(8.75), How.SHARE)


def test_a_hypervisor_that_shows_a_socket_for_each_cpu_changes_nothing() -> None:
    assert found(Processor(EPYC, sockets=16, threads=16, virtual=True)).power == Power.from_watts(70)


def test_a_virtual_machine_as_large_as_the_host_has_all_its_power() -> None:
    assert found(Processor(EPYC, sockets=1, threads=128, virtual=True)).power == Power.from_watts(560)


def test_a_share_of_an_unknown_whole_is_a_guess() -> None:
    power = found(Processor("Intel(R) Xeon(R) Gold 6430", sockets=1, threads=4, virtual=True))
    assert (power.power, power.how) == (Power.from_watts(16), How.GUESS)
    assert "how many threads share one AMD EPYC 9354 isn't known" in power.description


def test_a_guess_says_that_it_is_one() -> None:
    power = guess(Processor("AMD EPYC Processor", sockets=1, threads=2, virtual=True))
    assert power.power == Power.from_watts(8)
    assert power.description == (
        "8 W: 2 threads x 4 W, a guess, since CodeCarbon's table doesn't know AMD EPYC Processor"
    )
    assert power.accuracy == "+-80 %"


def test_the_description_names_table_and_version() -> None:
    assert found(Processor(EPYC, 2, 128, virtual=False)).description == (
        "560 W: 2 x AMD EPYC 9354 in the table of CodeCarbon 3.3.2"
    )


def test_what_was_kept_is_used_again_without_asking(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor : 0\nmodel name : {EPYC}\nphysical id : 0\nflags : fpu\n")
    kept = found(Processor(EPYC, sockets=1, threads=1, virtual=False))
    assert cpu_power_of(tmp_path, kept, timeout=Duration.ZERO) is kept


def test_other_processors_than_the_kept_ones_are_looked_up(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor : 0\nmodel name : {EPYC}\nphysical id : 0\nflags : fpu\n")
    kept = found(Processor(EPYC, sockets=2, threads=128, virtual=False))
    with pytest.raises(CodeCarbonFailed, match="did not answer within 0 s"):
        cpu_power_of(tmp_path, kept, timeout=Duration.ZERO)


def test_it_can_be_kept_as_json() -> None:
    kept = found(Processor(EPYC, 1, 2, virtual=True))
    assert msgspec.json.decode(msgspec.json.encode(kept), type=CpuPower) == kept


def test_a_child_gets_no_setting_of_codecarbons_and_a_home_of_its_own() -> None:
    ours = {
        "PATH": "/bin",
        "HOME": "/home/me",
        "CODECARBON_PUE": "9",
        "HTTPS_PROXY": "http://proxy",
        "TMPDIR": "/old",
    }
    child = environment(ours, "/new")
    assert {name: child[name] for name in ("PATH", "HOME", "TMPDIR")} == {
        "PATH": "/bin",
        "HOME": "/new",
        "TMPDIR": "/new",
    }
    assert not {"CODECARBON_PUE", "HTTPS_PROXY"} & child.keys()


def test_the_search_path_of_a_child_does_not_depend_on_where_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", ["", "relative", "/absolute"])
    assert environment({}, "/new")["PYTHONPATH"].split(os.pathsep) == [str(Path.cwd() / "relative"), "/absolute"]


def test_a_child_that_fails_says_why() -> None:
    with pytest.raises(CodeCarbonFailed, match=r"^CodeCarbon stopped \(KeyError: 'no such task'\): reinstall"):
        codecarbon.ask({"task": "no such task"}, Duration.from_seconds(60))


def test_a_late_child_is_killed() -> None:
    before = children()
    with pytest.raises(CodeCarbonFailed, match="did not answer"):
        codecarbon.ask({"task": "compare", "seconds": 60, "country": None}, Duration.from_seconds(0.5))
    assert children() == before


def children() -> str:
    """Return the process ids of the children of this thread."""
    return Path("/proc/thread-self/children").read_text()


def test_a_python_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(CodeCarbonFailed, match="/nowhere/python"):
        codecarbon.ask({"task": "lookup_tdp", "model": ""}, Duration.from_seconds(1))


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_the_child_refuses_a_network_socket(family: int) -> None:
    with pytest.raises(PermissionError):
        codecarbon_child.stay_offline("socket.__new__", (None, family, socket.SOCK_STREAM, 0))


def test_the_child_refuses_to_resolve_a_name() -> None:
    with pytest.raises(PermissionError):
        codecarbon_child.stay_offline("socket.getaddrinfo", ("api.codecarbon.io", 443, 0, 0, 0))


def test_the_child_leaves_local_sockets_alone() -> None:
    codecarbon_child.stay_offline("socket.__new__", (None, socket.AF_UNIX, socket.SOCK_STREAM, 0))


FRANCE = {"iso_code": "FRA", "country_name": "France", "year": 2023, "carbon_intensity": 56.039}


def test_the_factor_is_told_with_its_year() -> None:
    factor = codecarbon_child._factor(SimpleNamespace(emissions=0.056039, energy_consumed=1.0), FRANCE)
    assert factor["factor"] == pytest.approx(56.039)
    assert "energy mix of France 2023" in factor["basis"]


def test_a_factor_that_is_not_the_tables_is_refused() -> None:
    world = SimpleNamespace(emissions=0.475, energy_consumed=1.0)
    with pytest.raises(codecarbon_child.RefusedError, match="applied 475 g/kWh, and its table says 56"):
        codecarbon_child._factor(world, FRANCE)
