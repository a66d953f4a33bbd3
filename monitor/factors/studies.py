"""What providers have published of their models: life-cycle figures of an answer, shipped with the factors."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from monitor.config import external
from monitor.core.external import RATE_TOKENS, Impact, Origin, TokenRate, provider_of, within_class
from monitor.factors.loading import NEWEST, SETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FILE: Final = "external/studies.toml"
"""In a folder of its own: a set's other files hold factors."""
_READERS: Final = {
    Impact.ENERGY: external.energy,
    Impact.GWP: external.gases,
    Impact.WATER: external.drink,
    Impact.ADPE: external.metals,
}


@dataclass(frozen=True, slots=True)
class Studies:
    """The rates of models that were studied, by provider and model."""

    by_model: Mapping[tuple[str, str], tuple[TokenRate, ...]]

    def of(self, provider: str, model: str) -> tuple[TokenRate, ...]:
        """Return what was published of *model*; nothing where no study is of this very model."""
        return self.by_model.get((provider_of(provider), model), ())


def shipped_studies(name: str = NEWEST) -> Studies:
    """Return the studies of the set *name*. A study without a range has that of modelled figures, +-50 %."""
    tables = tomllib.loads((SETS / name / FILE).read_text(encoding="utf-8"))["study"]
    return Studies(dict(_rows(tables)))


def _rows(tables: Iterable[Mapping[str, Any]]) -> Iterable[tuple[tuple[str, str], tuple[TokenRate, ...]]]:
    for table in tables:
        rates = tuple(_rate(impact, table) for impact in Impact if impact.value in table)
        yield from (((table["provider"], model), rates) for model in table["models"])


def _rate(impact: Impact, table: Mapping[str, Any]) -> TokenRate:
    told = Fraction(_READERS[impact](table[impact.value])) * external.UNITS[impact]
    return TokenRate(
        impact=impact,
        origin=Origin.PUBLISHED,
        amount=within_class(told * RATE_TOKENS / table["output_tokens"], Origin.PUBLISHED),
        source=table["source"],
        year=table["year"],
        address=table["address"],
        licence=table["licence"],
        boundary=table["boundary"],
        parameters=(("output_tokens", str(table["output_tokens"])),),
    )
