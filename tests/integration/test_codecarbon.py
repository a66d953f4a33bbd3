"""With the real CodeCarbon, in real child processes."""

import importlib.metadata
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from monitor.adapters.codecarbon import (
    CodeCarbonFailed,
    EnergyMix,
    How,
    boamps,
    compare,
    cpu_power_of,
    energy_mix_of,
    environment,
    lookup_tdp,
)
from monitor.adapters.cpuinfo import Processor
from monitor.core.model import THREAD_POWER
from monitor.core.units import Duration, Energy, Power
from monitor.report.exchange.boamps import boamps_files, boamps_requests
from monitor.report.exchange.emissions_csv import COLUMNS
from tests.unit.report.exchange.test_exchange import material

KNOWN = {
    "AMD EPYC 9354 32-Core Processor": 280,
    "AMD EPYC 7763 64-Core Processor": 280,
    "AMD EPYC 9654 96-Core Processor": 360,
    "AMD EPYC 7543P 32-Core Processor": 225,
    "AMD EPYC 9575F 64-Core Processor": 400,
    "AMD EPYC 7R13 Processor": 225,
    "Intel(R) Xeon(R) Gold 6430": 270,
    "INTEL(R) XEON(R) GOLD 6530": 270,
    "Intel(R) Xeon(R) Platinum 8480+": 350,
    "INTEL(R) XEON(R) PLATINUM 8568Y+": 350,
    "Intel(R) Xeon(R) 6737P": 270,
    "Intel(R) Xeon(R) Platinum 8275CL CPU @ 3.00GHz": 240,
    "Intel(R) Xeon(R) CPU E5-2620 v3 @ 2.40GHz": 85,
    "Intel(R) Xeon(R) Silver 4210R CPU @ 2.40GHz": 100,
    "AMD Ryzen Threadripper PRO 7975WX 32-Cores": 350,
}
UNKNOWN = (
    "AMD EPYC Processor",
    "AMD EPYC",
    "AMD EPYC-Milan Processor",
    "AMD EPYC 9R14",
    "Intel Xeon Processor (Icelake)",
    "Intel Xeon Processor (Skylake, IBRS)",
    "Intel(R) Xeon(R) CPU @ 2.20GHz",
    "Intel(R) Xeon(R) Processor @ 2.80GHz",
    "Intel(R) Xeon(R) w5-3435X",
    "QEMU Virtual CPU version 2.5+",
    "Common KVM processor",
    "Neoverse-N1",
    "ARM 0x41/0xd0c",
    "POWER9, altivec supported",
    "",
)
UNUSABLE = ("Intel Celeron 1000A", "Intel Quark Microcontroller D1000")
"""Rows whose power is `27.29.5`, and 0."""

SPY = """
import runpy, sys
def spy(event, arguments):
    if event.startswith("socket."):
        print("SPY socket", event, repr(arguments), file=sys.stderr)
    elif event == "open" and (arguments[1] and set(arguments[1]) & set("wax+") or arguments[2] & WRITING):
        print("SPY write", arguments[0], file=sys.stderr)
import os
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
sys.addaudithook(spy)
sys.argv = ["codecarbon_child", *sys.argv[1:]]
runpy.run_module("monitor.adapters.codecarbon_child", run_name="__main__", alter_sys=True)
"""


def python(code: str, *arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-c", code, *arguments],
        cwd=home,
        env=environment(os.environ, str(home)),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the child says of each name, asked in one process, for each start costs seconds."""
    code = """
import json, sys
from codecarbon.core.cpu import DEFAULT_POWER_PER_CORE
from monitor.adapters.codecarbon_child import lookup_tdp
names = json.loads(sys.argv[1])
json.dump({"each": {name: lookup_tdp(name) for name in names}, "per_thread": DEFAULT_POWER_PER_CORE}, sys.stdout)
"""
    names = json.dumps([*KNOWN, *UNKNOWN, *UNUSABLE])
    answer: dict[str, Any] = json.loads(python(code, names, home=tmp_path_factory.mktemp("home")).stdout)
    return answer


@pytest.mark.parametrize(("model", "watts"), KNOWN.items(), ids=KNOWN)
def test_servers_are_found_in_the_table(table: dict[str, Any], model: str, watts: float) -> None:
    assert table["each"][model]["watts"] == watts


@pytest.mark.parametrize("model", [*UNKNOWN, *UNUSABLE])
def test_what_the_table_does_not_know_is_no_match(table: dict[str, Any], model: str) -> None:
    assert (table["each"][model]["matched"], table["each"][model]["watts"]) == (None, None)


def test_our_guess_is_codecarbons(table: dict[str, Any]) -> None:
    assert Power.from_watts(table["per_thread"]) == THREAD_POWER


def test_a_server_of_two_sockets_has_twice_the_power() -> None:
    found = lookup_tdp(Processor("AMD EPYC 9354 32-Core Processor", sockets=2, threads=128, virtual=False))
    assert (found.power, found.how, found.matched) == (Power.from_watts(560), How.TABLE, "AMD EPYC 9354")
    assert found.version.startswith("3.3.")


def test_an_unknown_processor_is_guessed_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(
        "".join(f"processor : {cpu}\nmodel name : AMD EPYC Processor\nflags : hypervisor\n\n" for cpu in range(4))
    )
    found = cpu_power_of(tmp_path)
    assert (found.power, found.how) == (Power.from_watts(16), How.GUESS)
    assert "a guess" in found.description


@pytest.mark.parametrize(
    "request_",
    [
        {"task": "lookup_tdp", "model": "AMD EPYC 9354 32-Core Processor"},
        {"task": "compare", "seconds": 1, "country": "FRA"},
    ],
    ids=["lookup", "compare"],
)
def test_a_child_opens_no_network_socket_and_leaves_no_file(tmp_path: Path, request_: dict[str, Any]) -> None:
    done = python(SPY, json.dumps(request_), home=tmp_path)
    assert "error" not in json.loads(done.stdout)
    seen = [line for line in done.stderr.splitlines() if line.startswith("SPY")]
    attempts = {"socket.__new__", "socket.gethostname"}  # the first is refused by the child, the second stays here
    assert {line.split()[2] for line in seen if line.startswith("SPY socket")} <= attempts
    written = [line.removeprefix("SPY write ") for line in seen if line.startswith("SPY write")]
    elsewhere = [path for path in written if not path.isdigit() and not path.startswith(("/dev/null", str(tmp_path)))]
    assert elsewhere == []
    assert list(tmp_path.iterdir()) == []


def test_neither_codecarbon_nor_pandas_is_in_the_callers_memory(tmp_path: Path) -> None:
    code = """
import sys
from monitor.adapters.codecarbon import lookup_tdp
from monitor.adapters.cpuinfo import Processor
lookup_tdp(Processor("Intel(R) Xeon(R) Gold 6430", 1, 64, False))
print([name for name in ("codecarbon", "pandas", "numpy", "requests") if name in sys.modules])
"""
    assert python(code, home=tmp_path).stdout.strip() == "[]"


def test_a_comparison_says_what_codecarbon_measured_and_its_factor() -> None:
    seen = compare(Duration.from_seconds(2), "FR")
    assert seen.elapsed > Duration.from_seconds(1.5)
    assert seen.ram > Energy.ZERO
    assert seen.hardware
    assert seen.grams_per_kilowatt_hour == pytest.approx(56.039, rel=0.01)
    assert "energy mix of France 2023" in seen.basis


def test_without_a_country_there_is_no_factor() -> None:
    seen = compare(Duration.from_seconds(1), None)
    assert (seen.grams_per_kilowatt_hour, seen.basis) == (None, "")


def test_a_users_settings_do_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".codecarbon.config").write_text("[codecarbon]\npue = 1000\nforce_ram_power = 100000\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CODECARBON_PUE", "1000")
    monkeypatch.chdir(tmp_path)
    seen = compare(Duration.from_seconds(1), None)
    assert seen.ram.over(seen.elapsed) < Power.from_watts(2000)
    assert [path.name for path in tmp_path.iterdir()] == [".codecarbon.config"]


@pytest.mark.parametrize(
    ("country", "sentence"),
    [
        ("FRX", "'FRX' is no ISO 3166-1 country code"),
        ("quebec", "'quebec' is no ISO 3166-1 country code"),
        ("YT", "CodeCarbon has no energy mix of Mayotte"),
    ],
)
def test_a_country_it_does_not_know_is_refused(country: str, sentence: str) -> None:
    with pytest.raises(CodeCarbonFailed, match=sentence):
        compare(Duration.from_seconds(1), country)


@pytest.mark.parametrize("code", ["JP", "jpn"])
def test_the_energy_mix_of_a_country_is_that_of_the_table(code: str) -> None:
    assert energy_mix_of(code) == EnergyMix("JP", "Japan", 2023, Decimal("485.392"), codecarbon_version())


def test_a_country_without_a_mix_is_refused_and_never_the_worlds() -> None:
    with pytest.raises(CodeCarbonFailed, match=r"no energy mix of Mayotte \(MYT\)"):
        energy_mix_of("YT")
    with pytest.raises(CodeCarbonFailed, match="'XX' is no ISO 3166-1 country code"):
        energy_mix_of("XX")


def codecarbon_version() -> str:
    return importlib.metadata.version("codecarbon")


def test_the_columns_of_our_file_are_those_of_the_library() -> None:
    asked = "from codecarbon.output_methods.emissions_data import EmissionsData as E; print(*E.__dataclass_fields__)"
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert tuple(found.stdout.split()) == COLUMNS


def test_its_mapper_writes_reports_that_the_model_of_boamps_allows() -> None:
    """Source of what is needed and allowed: Boavizta, BoAmps, model/report_schema.json (2026)."""
    asked = list(boamps_requests(material()))
    files = boamps_files(boamps(asked), asked, "empreinte-2026")
    made = json.loads(files["empreinte-2026-boamps-001.json"])
    assert {"task", "measures", "infrastructure"} <= made.keys()
    assert made["header"]["reportStatus"] in {"draft", "final", "corrective", "other"}
    assert made["header"]["publisher"]["confidentialityLevel"] == "public"
    assert {"taskStage", "taskFamily", "algorithms", "dataset"} <= made["task"].keys()
    assert {one["dataType"] for one in made["task"]["dataset"]} <= {"token", "audio", "image", "other"}
    assert made["measures"][0]["powerConsumption"] == pytest.approx(6)
    assert made["measures"][0]["measurementMethod"] == "empreinte"
    assert made["infrastructure"]["infraType"] == "onPremise"
    assert all({"componentType", "nbComponent"} <= one.keys() for one in made["infrastructure"]["components"])
    assert all(isinstance(one["nbComponent"], int) for one in made["infrastructure"]["components"])
    assert made["quality"] in {"high", "medium", "low"}
    assert not {"latitude", "longitude"} & made.get("environment", {}).keys()
