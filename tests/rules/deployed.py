"""The rules and alerts of deploy/, as Prometheus reads them, and their runbooks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
DEPLOYED: Final = ROOT / "deploy" / "prometheus"
FILES: Final = (DEPLOYED / "empreinte.rules.yml", DEPLOYED / "empreinte.alerts.yml")
RUNBOOKS: Final = ROOT / "docs" / "runbooks"
TESTS: Final = tuple(sorted(Path(__file__).parent.glob("*.yml")))


def rules(kind: str) -> dict[str, dict[str, Any]]:
    """Return the rules of a *kind*, `record` or `alert`, by their name."""
    found = [one for group in _groups() for one in group["rules"] if kind in one]
    named = {one[kind]: one for one in found}
    assert len(named) == len(found), "two rules have one name"
    return named


def names_in(expression: str) -> set[str]:
    """Return the names of series in *expression*, also those that a regular expression over names stands for."""
    names = set(re.findall(r"(?<![\w:])(?:\w+:)?(?:empreinte|process)_\w+(?::\w+)?", expression))
    for start, choices, end in re.findall(r'__name__=~"(\w+)\((.*?)\)(\w+)"', expression):
        names.discard(start)
        names |= {f"{start}{choice}{end}" for choice in choices.split("|")}
    return names


def _groups() -> Iterator[dict[str, Any]]:
    for file in FILES:
        yield from yaml.safe_load(file.read_text())["groups"]
