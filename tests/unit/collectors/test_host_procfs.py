import pytest

from collectors._procfs import TICK, cpu_time, memory
from monitor.core.units import Duration, Memory

STAT = "cpu  1 20 300 4000 5000 6000 70000 800000 9 9\ncpu0 0 0 0 0\ncpu1 0 0 0 0\nintr 1 2 3\n"
MEMINFO = "MemTotal:        2048 kB\nMemFree:          100 kB\nMemAvailable:    1024 kB\n"


def test_the_cpus_worked_for_what_was_neither_idle_nor_waiting_nor_stolen() -> None:
    assert cpu_time(STAT) == (Duration((1 + 20 + 300 + 6000 + 70000) * TICK), 2)


@pytest.mark.parametrize(
    "stat", ["", "intr 1 2 3\n", "cpu  1 2 3 4 5 6 7\n", "cpu  1 2\ncpu0 1 2\n", "cpu  a b c\ncpu0 1"]
)
def test_a_time_that_is_not_there_is_not_made_up(stat: str) -> None:
    with pytest.raises((ValueError, LookupError)):
        cpu_time(stat)


def test_memory_is_in_kibibytes() -> None:
    assert memory(MEMINFO, "MemAvailable") == Memory(1 << 20)


def test_memory_of_another_name_is_not_taken() -> None:
    with pytest.raises(LookupError, match="no Mem"):
        memory(MEMINFO, "Mem")
