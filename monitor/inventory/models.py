"""Which names of hardware mean which model of the factors, as data: exact names, never what is merely similar."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING

import msgspec

from monitor.config.impact_tables import AssetKind

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Named:
    """One model of the factors, and the names that mean it: regular expressions for the whole of a name."""

    model: str
    names: list[str] = field(default_factory=list)
    with_gpus: bool = False
    """Its figure contains its GPUs."""


@dataclass(frozen=True, slots=True)
class Models:
    """The names that are known, by kind."""

    by_kind: dict[AssetKind, tuple[Named, ...]]

    @classmethod
    def of(cls, rows: Iterable[tuple[AssetKind, Named]]) -> Models:
        """Return the models of *rows*."""
        by_kind: dict[AssetKind, tuple[Named, ...]] = {}
        for kind, row in rows:
            by_kind[kind] = (*by_kind.get(kind, ()), row)
        return cls(by_kind)

    def model_of(self, kind: AssetKind, name: str) -> str:
        """Return the model that *name* means; empty where no name is it."""
        said = " ".join(name.split())
        rows = self.by_kind.get(kind, ())
        return next((row.model for row in rows if any(re.fullmatch(one, said) for one in row.names)), "")

    def contains_gpus(self, model: str) -> bool:
        """Return whether the figure of the server *model* contains that of its GPUs."""
        return any(row.with_gpus for row in self.by_kind.get(AssetKind.SERVER, ()) if row.model == model)


def shipped_models() -> Models:
    """Return the names that come with the program."""
    text = files("monitor.catalogue").joinpath("hardware_models.toml").read_text("utf-8")
    tables = tomllib.loads(text)
    return Models.of((AssetKind(kind), msgspec.convert(row, Named)) for kind, rows in tables.items() for row in rows)
