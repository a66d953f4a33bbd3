"""The page about services tells of the servers that the catalogue knows, and of the matches that there are."""

import dataclasses
import re
from pathlib import Path

from monitor.core.entries import PSEUDO_SERVICES
from monitor.core.services import Match, ServerKind
from monitor.workloads import CAP, catalogue

PAGE = (Path(__file__).parents[2] / "docs/services.md").read_text()


def row_of(kind: ServerKind) -> str:
    page = f"`{kind.metrics}`" if kind.metrics else "none"
    return f"| `{kind.kind}` | {kind.name} | {kind.port or 'none'} | {page} |"


def section(number: int) -> str:
    return PAGE.partition(f"\n## {number}. ")[2].partition("\n## ")[0]


def test_the_table_is_the_catalogue() -> None:
    rows = [row for row in section(5).splitlines() if row.startswith("| `")]
    assert sorted(rows) == sorted(row_of(kind) for kind in catalogue())
    assert rows == sorted(rows, key=lambda row: row.split(" | ")[1].lower())


def test_every_match_is_told() -> None:
    assert re.findall(r"^\| `(\w+)` \|", section(2), re.MULTILINE) == [one.name for one in dataclasses.fields(Match)]


def test_every_reserved_name_is_told() -> None:
    assert re.findall(r"^\| `(_\w+)` \|", section(4), re.MULTILINE) == list(PSEUDO_SERVICES)


def test_the_cap_is_told() -> None:
    assert f"At most {CAP} services are found" in section(3)
