"""The page about activity tells of every kind, of every name that is read, and of the limits."""

import re
from pathlib import Path

import pytest

from collectors._activity import LONGEST, MODELS, PageKind, Table
from collectors.openmetrics import LIMITS, PASS, OpenMetricsCollector
from monitor.core.activity import Unit

PAGE = (Path(__file__).parents[2] / "docs/activity.md").read_text()
KINDS = {kind.kind: kind for kind in Table.load().kinds}
COLUMNS = (Unit.REQUESTS, Unit.INPUT_TOKENS, Unit.COMPUTED_INPUT_TOKENS, Unit.OUTPUT_TOKENS)


def section(number: int) -> str:
    return PAGE.partition(f"\n## {number}. ")[2].partition("\n## ")[0]


def rows() -> dict[str, list[str]]:
    lines = [line for line in section(3).splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): row[1:] for row in cells}


def first_names(kind: PageKind, unit: Unit) -> set[str]:
    ways = kind.units.get(unit, ())
    return {kind.prefixes[0] + name for name in ways[0].plus} if ways else set()


def test_every_kind_has_its_row_in_order() -> None:
    assert list(rows()) == sorted(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_kind_counts_is_named_and_what_it_does_not_is_left_empty(kind: str) -> None:
    for unit, cell in zip(COLUMNS, rows()[kind], strict=False):
        names = first_names(KINDS[kind], unit)
        assert names <= set(re.findall(r"`([^`]+)`", cell)) or "the same less" in cell or "as sent less" in cell
        assert bool(names) == bool(cell.strip("* ").replace("none", "")), (kind, unit)


def test_every_other_unit_is_named() -> None:
    others = {"triton": Unit.ITEMS, "litellm": Unit.IMAGES}
    for kind, each in KINDS.items():
        assert set(each.units) - set(COLUMNS) == ({others[kind]} if kind in others else set())
    assert all(f"{unit.value}: `" in rows()[kind][4] for kind, unit in others.items())


def test_the_limits_are_told() -> None:
    assert f"every {OpenMetricsCollector.every.seconds:g} s" in PAGE
    limits = f"{LIMITS.connect:g} s to be reached, {LIMITS.read:g} s to go on and {LIMITS.total:g} s in all"
    assert limits in section(7)
    assert f"at most some {PASS + LIMITS.total:g} s" in section(7)
    assert f"{LIMITS.body >> 20} MiB" in section(7)
    assert f"longer than {LONGEST} characters" in section(3)
    assert f"more than {MODELS} models" in section(3)


def test_the_build_that_no_look_wakes_is_told() -> None:
    sleep = KINDS["llama-cpp"].sleep
    assert sleep is not None
    assert f"build {sleep.harmless}" in section(6)
    assert sleep.state in section(6)
