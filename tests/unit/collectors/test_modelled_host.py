import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from collectors.modelled_host import ModelledHostCollector
from monitor.collector import Host, Reason, Retry, Unavailable
from monitor.core.model import LoadModel
from monitor.core.readings import LoadReading, Method, PowerReading
from monitor.core.units import Duration, Memory, Power
from tests.fixtures.host import host_at

STAT = """cpu  100 20 30 4000 500 6 7 800 90 10
cpu0 50 10 15 2000 250 3 4 400 45 5
cpu1 50 10 15 2000 250 3 3 400 45 5
intr 123456 0 0 0
ctxt 99
btime 1700000000
"""


@pytest.fixture
def host(tmp_path: Path) -> Host:
    (tmp_path / "stat").write_text(STAT)
    (tmp_path / "meminfo").write_text("MemTotal:       16777216 kB\nMemFree:          100 kB\n")
    return host_at(tmp_path, procfs=tmp_path, cpu_power=Power.from_watts(280))


def changed(host: Host, **fields: object) -> Host:
    return dataclasses.replace(host, **fields)


def readings(host: Host) -> dict[str, LoadReading | PowerReading]:
    return {reading.resource: reading for reading in ModelledHostCollector.open(host).collect()}


def test_busy_is_what_the_cpus_did_for_this_machine(host: Host) -> None:
    ticks = 100 + 20 + 30 + 6 + 7
    assert readings(host)["package"] == LoadReading(
        "package", "cpu", Duration.from_seconds(ticks / 100), 2, LoadModel(Power.from_watts(280))
    )


def test_waiting_stolen_and_guest_time_change_nothing(host: Host) -> None:
    before = readings(host)["package"]
    (host.procfs / "stat").write_text(STAT.replace("4000 500 6 7 800 90 10", "9000 999 6 7 999 99 99"))
    assert readings(host)["package"] == before


def test_a_cpu_taken_offline_is_not_counted(host: Host) -> None:
    collector = ModelledHostCollector.open(host)
    (host.procfs / "stat").write_text("".join(line for line in STAT.splitlines(True) if not line.startswith("cpu1")))
    assert collector.collect()[0].cpus == 1


def test_memory_draws_by_what_the_kernel_says_is_there(host: Host) -> None:
    memory = readings(host)["dram"]
    assert (memory.power, memory.method) == (Power.from_watts(16 * 0.284), Method.MODELLED)
    assert memory.hold >= Duration.from_seconds(900)


def test_configured_memory_wins(host: Host) -> None:
    assert readings(changed(host, memory=Memory.from_gibibytes(64)))["dram"].power == Power.from_watts(64 * 0.284)


def test_without_a_cpu_power_only_memory_is_modelled(host: Host) -> None:
    unknown = changed(host, cpu_power=None)
    assert set(readings(unknown)) == {"dram"}
    assert [source.resource for source in ModelledHostCollector.open(unknown).sources()] == ["dram"]


def test_without_a_size_of_memory_only_the_cpu_is_modelled(host: Host) -> None:
    (host.procfs / "meminfo").unlink()
    assert set(readings(host)) == {"package"}


def test_a_meminfo_without_a_total_is_no_size(host: Host) -> None:
    (host.procfs / "meminfo").write_text("MemFree: 100 kB\n")
    assert set(readings(host)) == {"package"}


def test_with_nothing_known_the_cure_is_to_configure(host: Host) -> None:
    (host.procfs / "meminfo").unlink()
    with pytest.raises(Unavailable) as caught:
        ModelledHostCollector.open(changed(host, cpu_power=None))
    assert (caught.value.reason, caught.value.cure) == (Reason.UNSUPPORTED, "set `[host] cpu_tdp`")


def test_a_host_without_stat_is_absent(host: Host) -> None:
    (host.procfs / "stat").unlink()
    with pytest.raises(Unavailable) as caught:
        ModelledHostCollector.open(host)
    assert caught.value.reason is Reason.ABSENT


@pytest.mark.parametrize("text", ["", "intr 1\n", "cpu 1 2\ncpu0 1 2\n", "cpu a b c d e f g\ncpu0 1\n"])
def test_a_stat_caught_in_the_middle_is_read_again(host: Host, text: str) -> None:
    collector = ModelledHostCollector.open(host)
    (host.procfs / "stat").write_text(text)
    with pytest.raises(Retry):
        collector.collect()


def test_a_stat_with_the_sum_alone_does_not_tell_the_number_of_cpus(host: Host) -> None:
    collector = ModelledHostCollector.open(host)
    (host.procfs / "stat").write_text(STAT.splitlines(True)[0])
    with pytest.raises(Retry):
        collector.collect()


def test_its_sources_tell_model_range_and_error(host: Host) -> None:
    guessed = changed(host, cpu_power=Power.from_watts(8), cpu_power_accuracy="+-80 %")
    cpu, memory = ModelledHostCollector.open(guessed).sources()
    assert (cpu.resource, cpu.method, cpu.accuracy) == ("package", "modelled", "+-80 %")
    assert "0.96 W idle to 6.96 W at full load (TDP 8 W)" in cpu.description
    assert (memory.resource, memory.method) == ("dram", "modelled")
    assert "MemTotal, a little below what is installed" in memory.description
    assert memory.accuracy == "-70 % to +40 %"


def test_what_it_sees_twice_differs_only_by_the_time_used(host: Host) -> None:
    collector = ModelledHostCollector.open(host)
    before = collector.collect()
    (host.procfs / "stat").write_text(STAT.replace("cpu  100", "cpu  600"))
    after = collector.collect()
    assert after[0].busy - before[0].busy == Duration.from_seconds(5)
    assert after[1] == before[1]
    collector.close()


def test_it_can_start_no_process() -> None:
    code = "import collectors.modelled_host, sys; print('subprocess' in sys.modules, 'multiprocessing' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
