"""The factors as one page: docs/factors.md."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from monitor.config.tables import keys_of
from monitor.factors.guide import HEADINGS, INTRODUCTION, NOT_SHIPPED, OWN_FILE
from monitor.factors.loading import shipped
from monitor.factors.row import Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.core.factors import Catalogue, Factor, Quantity


def reference() -> str:
    """Return the reference of the factors that are shipped, as Markdown."""
    catalogue = shipped()
    sections = (part for quantity in HEADINGS for part in _section(catalogue, quantity))
    return "\n".join((INTRODUCTION, *_keys(), OWN_FILE, NOT_SHIPPED, f"# The set {catalogue.name}\n", *sections))


def _keys() -> Iterator[str]:
    yield "| key | what it is | example |\n|---|---|---|"
    for name, key in keys_of(Row):
        absent = f"; without it: {key.unset}" if key.unset else ""
        yield f"| `{name}` | {key.says}{absent} | `{key.example}` |"
    yield ""


def _section(catalogue: Catalogue, quantity: Quantity) -> Iterator[str]:
    """Yield a heading, what is to be known, and a table of the factors of each provider."""
    heading, introduction = HEADINGS[quantity]
    yield f"## {heading}\n\n{introduction}\n"
    factors = [factor for factor in catalogue.factors if factor.quantity is quantity]
    for provider, group in groupby(sorted(factors, key=_order), key=lambda factor: factor.provider):
        yield f"### {heading}: {provider}\n"
        yield from _table([_cells(factor) for factor in group])


def _order(factor: Factor) -> tuple[str, str, int]:
    return factor.provider, factor.subject, factor.year


def _cells(factor: Factor) -> dict[str, str]:
    """Return what the page says of *factor*, by column."""
    basis = [word.value for word in (factor.basis.cycle, factor.basis.boundary, factor.basis.accounting) if word]
    return {
        "key": f"`{factor.key}`",
        "figure": f"{factor.value:f}",
        "range": f"{factor.low:f} to {factor.high:f}",
        "unit": factor.unit,
        "data of": str(factor.year),
        "ends": str(factor.valid_to or ""),
        "basis": ", ".join(basis).replace("_", " "),
        "source": f"[{factor.source}]({factor.address})",
        "licence": factor.licence,
        "note": factor.note,
    }


def _table(rows: Sequence[dict[str, str]]) -> Iterator[str]:
    """Yield a table of *rows*; what is the same in several of them is said once, above it."""
    shared = {
        name: rows[0][name]
        for name in rows[0]
        if len(rows) > 1 and name not in _OWN and len({row[name] for row in rows}) == 1
    }
    if any(shared.values()):
        yield from (f"- {name}: {value}" for name, value in shared.items() if value)
        yield ""
    columns = [name for name in rows[0] if name not in shared and any(row[name] for row in rows)]
    yield f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}"
    yield from (f"| {' | '.join(row[name] for name in columns)} |" for row in rows)
    yield ""


_OWN: Final = ("key", "figure", "range")
"""What each row says itself, even if others say the same."""
