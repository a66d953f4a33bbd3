"""Of many services those that use most are in the sections that are read; all are in an annex, and in the files."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from monitor.core.entries import PSEUDO_SERVICES
from monitor.report.document import Kind, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.report.document import Cell, Column
    from monitor.report.material import Material
    from monitor.report.model import Use

MANY: Final = 30
"""Up to so many services all are in each table: half a page. Our choice."""
KEPT: Final = 20
"""So many are there of more."""


def rest_of(material: Material) -> tuple[Use, ...]:
    """Return the services that are put together in the tables of the report; none where all of them are there."""
    services = [use for use in material.ordered if use.facts.key not in PSEUDO_SERVICES]
    return tuple(services[KEPT:]) if len(services) > MANY else ()


def largest(uses: Sequence[Use]) -> Sequence[Use]:
    """Return those of *uses*, the largest of which is first, that a table of single services has."""
    return uses[:KEPT] if len(uses) > MANY else uses


def shortened(material: Material, table: Table, beside: Mapping[str, Cell]) -> Table:
    """Return *table*, that has a line for each use in their order, with one line for the smaller services together.

    It sums what is printed of them; of the columns *beside* it has that instead. A table of few is as it is.
    """
    rest = rest_of(material)
    if not rest:
        return table
    end = KEPT + len(rest)
    together = table.rows[KEPT:end]
    label = material.say("largest.others", count=len(rest))
    others = (
        label,
        *(_together(place, column, together, beside) for place, column in enumerate(table.columns) if place),
    )
    note = f"{table.note} {material.say('largest.note')}".strip()
    return replace(named(material, table), rows=(*table.rows[:KEPT], others, *table.rows[end:]), note=note)


def named(material: Material, table: Table) -> Table:
    """Return *table* as the one of the largest: that of all of them has its own key and title."""
    return replace(
        table, key=f"largest_{table.key}", title=material.say("largest.title", title=table.title, count=KEPT)
    )


def _together(place: int, column: Column, rows: Sequence[Sequence[Cell]], beside: Mapping[str, Cell]) -> Cell:
    if column.key in beside:
        return beside[column.key]
    if column.kind is not Kind.NUMBER:
        return ""
    known = [cell for row in rows if isinstance(cell := row[place], Decimal)]
    return sum(known, Decimal(0)) if known else None
