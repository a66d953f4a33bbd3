from pathlib import Path

import pytest

from monitor import processor_power
from monitor.core.units import Power

CPUINFO = """\
processor\t: {number}
physical id\t: 0
cpu cores\t: 16
model name\t: Intel(R) Xeon(R) Gold 6326 CPU @ 2.90GHz

"""


@pytest.fixture
def procfs(tmp_path: Path) -> Path:
    (tmp_path / "cpuinfo").write_text("".join(CPUINFO.format(number=number) for number in range(32)))
    return tmp_path


def test_what_is_configured_wins_and_nothing_is_looked_up(tmp_path: Path) -> None:
    found = processor_power.find(Power.from_watts(280), tmp_path / "nowhere", None)
    assert found == processor_power.Found(Power.from_watts(280), "+-50 %")


def test_it_is_looked_up_once_and_then_remembered(procfs: Path) -> None:
    first = processor_power.find(None, procfs, None)
    assert first.power == Power.from_watts(185)
    assert first.to_remember is not None
    again = processor_power.find(None, procfs, first.to_remember)
    assert again == processor_power.Found(first.power, first.accuracy)


@pytest.mark.parametrize("text", ["no JSON", '{"power": 1}'])
def test_what_another_version_remembered_is_looked_up_anew(procfs: Path, text: str) -> None:
    found = processor_power.find(None, procfs, text)
    assert found.power == Power.from_watts(185)
    assert found.to_remember is not None


def test_without_cpuinfo_it_is_unknown(tmp_path: Path) -> None:
    assert processor_power.find(None, tmp_path, None) == processor_power.Found(None, "")
