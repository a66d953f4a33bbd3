"""docs/meters.md says what is: its examples are configured, and what it says of the BMC is so."""

from __future__ import annotations

import re
import textwrap
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from collectors import ipmi, redfish
from collectors._chassis import FINE
from collectors._rapl import PLATFORM_BOUND
from collectors.prometheus_query import question_of
from monitor.config import ConfigError
from monitor.core import reconciliation
from monitor.metering import is_for_meters
from tests.unit.config.test_file import read

PAGE = (Path(__file__).parents[2] / "docs/meters.md").read_text(encoding="utf-8")
EXAMPLES = [textwrap.dedent(block) for block in re.findall(r"^ *```toml\n(.*?)^ *```", PAGE, re.DOTALL | re.MULTILINE)]
FRENCH = PAGE[PAGE.index("## En français") :]


def test_the_bmc_is_explained_with_an_example_in_both_languages() -> None:
    assert FRENCH.count('kind = "redfish"') == 1
    assert PAGE.count('kind = "redfish"') == 2


def test_every_kind_of_meter_has_an_example_and_its_name_in_the_french_steps() -> None:
    kinds = {point.name for point in entry_points(group="monitor.collectors") if is_for_meters(point.load())}
    assert kinds - {"empreinte"} == set(re.findall(r'^ *kind = "(\w+)"', PAGE, re.MULTILINE))
    assert all(f"`{kind}`" in FRENCH or f'kind = "{kind}"' in FRENCH for kind in kinds - {"empreinte"})


def test_what_it_says_of_reconciliation_is_what_is_done() -> None:
    assert (reconciliation.WINDOW.seconds, reconciliation.IN_A_ROW, reconciliation.ENOUGH) == (600, 3, 24)
    assert (reconciliation.LESS, reconciliation.LEAST.watts, reconciliation.TOLERANCE) == (1.03, 10, 0.1)
    assert (reconciliation.PATIENCE, reconciliation.SPREAD, reconciliation.STEEPEST) == (144, 4, (1.0, 1.6))
    assert (reconciliation.SAME, reconciliation.VARIED) == (1e-4, 0.1)
    assert all(f"`{why}`" in FRENCH and f"| `{why}` |" in PAGE for why in reconciliation.Disagreement)


def test_each_query_of_an_example_says_its_unit() -> None:
    points = re.findall(r'kind = "prometheus_query"\n.*\npoints = \["(.*)"\]', PAGE)
    assert [question_of(point).unit for point in points] == ["kWh"]


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_example_can_be_taken(tmp_path: Path, example: str) -> None:
    try:
        config = read(tmp_path, example)
        assert config.meters or config.host.nameplate_power
    except ConfigError as error:
        pytest.fail(str(error))


def test_the_right_to_read_the_bmc_is_that_which_doctor_names_with_what_it_exposes() -> None:
    (rule,) = re.findall(r"`(SUBSYSTEM==[^`]*)`", ipmi.RIGHT_CURE)
    assert PAGE.count(rule) == 2
    assert "switch the machine off" in PAGE
    assert "switch the machine off" in ipmi.RIGHT_CURE
    (device,) = re.findall(r"`(DeviceAllow=[^`]*)`", ipmi.RIGHT_CURE)
    assert PAGE.count(device) == 2


def test_its_figures_are_those_of_the_collectors() -> None:
    assert f"a reading each {ipmi.IpmiCollector.every.seconds:.0f} s" in PAGE
    assert (ipmi.HOLD.seconds, PLATFORM_BOUND.watts) == (60, 20_000)
    assert f"shown to {10.0**FINE:g} kWh" in PAGE
    assert f"longer than {redfish.LIMITS.total:.0f} s" in PAGE
    assert redfish.LIMITS.body == 1 << 20
