"""The library of model clauses: texts for a contract, and what checks each."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class ModelClause:
    """A clause to adapt: its text in French, where it goes, and how it is checked."""

    key: str
    title: str
    place: str
    """CCTP or CCAP."""
    text: str
    check: str
    """The `[[contract.clause]]` that checks it, as TOML; empty: no figure does."""
    checked: str
    """measured, declared, or by a document."""
    source: str


def model_clauses() -> tuple[ModelClause, ...]:
    """Return all of them, those that figures check first."""
    content = tomllib.loads((files("monitor.report") / "clauses.toml").read_text(encoding="utf-8"))
    return tuple(ModelClause(**{**one, "text": " ".join(one["text"].split())}) for one in content["clause"])
