"""docs/virtual-machines.md says what is: its examples are configured, its zones are those that are written."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from collectors._handoff import told_in
from monitor.config import ConfigError
from monitor.core.readings import DRAM, PACKAGE, PLATFORM
from monitor.handoff import NAMES, ZONES
from monitor.web.guests import PATH
from tests.unit.config.test_file import read

PAGE = (Path(__file__).parents[2] / "docs/virtual-machines.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
SERVICE = '[[service]]\nkey = "vm-1"\nmatch = { virtual_machine = "web" }\n'


def test_there_are_examples_for_host_and_guest_by_both_ways() -> None:
    assert [re.findall(r"^\[+[a-z.]+\]+", example, re.MULTILINE) for example in EXAMPLES] == [
        ["[[service]]", "[handoff]", "[[handoff.guest]]"],
        ["[paths]"],
        ["[handoff]", "[[handoff.guest]]"],
        ["[[meter]]"],
    ]


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_example_can_be_taken(tmp_path: Path, example: str) -> None:
    needs = SERVICE if "handoff.guest" in example and "[[service]]" not in example else ""
    try:
        config = read(tmp_path, example + needs)
    except ConfigError as error:
        pytest.fail(str(error))
    assert config.handoff.guests or config.paths.powercap or config.meters


def test_the_zones_are_those_that_are_written() -> None:
    rows = re.findall(r"^\| `(intel-rapl[:\d]+)`[^|]*\| `([^`]+)` \|", PAGE, re.MULTILINE)
    assert rows == [(ZONES[name][-1], NAMES[name]) for name in (PACKAGE, DRAM, PLATFORM)]


def test_what_is_told_over_http_is_what_a_guest_understands() -> None:
    told = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])
    assert [told_in(zone).resource for zone in told["zones"]] == [PACKAGE]
    assert f"`GET {PATH}`" in PAGE
