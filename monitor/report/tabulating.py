"""Tables of amounts: labels, amounts that are summed, and figures beside that are no part of a sum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.report.document import Table, summing
from monitor.report.rounding import alone, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from monitor.report.document import Cell, Column
    from monitor.report.measures import Measure
    from monitor.wording import Words


@dataclass(frozen=True, slots=True)
class Amounts:
    """A column of amounts, one for each row, in whole units of the ledger; None: unknown."""

    key: str
    measure: Measure
    amounts: Sequence[int | None]


@dataclass(frozen=True, slots=True)
class Beside:
    """A column that is not summed, one value for each row, and what stands in the line of the total."""

    column: Column
    values: Sequence[Cell]
    total: Cell = None


def tabulated(
    key: str,
    words: Words,
    labels: tuple[Sequence[Column], Sequence[Sequence[Cell]]],
    *columns: Amounts | Beside,
) -> Table:
    """Return the table *key*: the columns of *labels* with their cells by row, then *columns*, with the total.

    Its title and its note are the sentences `table.KEY.title` and, where there is one, `table.KEY.note`.
    """
    heads, cells = labels
    made = [
        one.measure.column(one.key, words, one.amounts) if isinstance(one, Amounts) else one.column for one in columns
    ]
    parts = [one.amounts if isinstance(one, Amounts) else one.values for one in columns]
    rows = [(*head, *(part[place] for part in parts)) for place, head in enumerate(cells)]
    sizes = {
        column.key: one.measure.size for column, one in zip(made, columns, strict=True) if isinstance(one, Amounts)
    }
    whole = (*heads, *made)
    printed, total = summing(whole, rows, words.say("table.total"), units=sizes)
    beside = [one.total if isinstance(one, Beside) else None for one in columns]
    told = (*total[: len(heads)], *(b if a is None else a for a, b in zip(total[len(heads) :], beside, strict=True)))
    return Table(key, words.say(f"table.{key}.title"), whole, printed, told, words.maybe(f"table.{key}.note", ""))


def whole_and_parts(amounts: Sequence[int]) -> tuple[tuple[Decimal | None, ...], Decimal | None]:
    """Return which part of their sum each of *amounts* is, in per cent, and the 100 that they add up to.

    None: there is no sum.
    """
    whole = sum(amounts)
    if not whole:
        return (None,) * len(amounts), None
    return rounded([100 * amount for amount in amounts], whole, 1)


def percent(part: int, whole: int) -> Decimal | None:
    """Return *part* of *whole* in per cent; None: there is no whole."""
    return alone(100 * part, whole, 1) if whole else None
