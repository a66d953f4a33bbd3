"""A report as a document: sections of paragraphs, tables and figures, in one language and of no format.

Each format is made of this and of nothing else, so that all of them say the same. Numbers stand in it as they are
printed: rounded once, exact decimals from then on.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

from monitor.report.rounding import rounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from monitor.config import Language

Cell = str | Decimal | None
"""What stands in a table: a text, an exact number, or nothing that is known."""
Given = str | int | Decimal | None
"""The same before it is rounded: amounts are whole units of the ledger."""


class Kind(Enum):
    """What a column holds. Formats align by it, and files of data are typed by it."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    """A day, or a moment in UTC, as ISO 8601 writes it."""
    ADDRESS = "address"
    """Where something is found on the web."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `key` names it in files, with its unit; `heading` is read by people, and so is `unit`."""

    key: str
    heading: str
    meaning: str
    kind: Kind = Kind.TEXT
    unit: str = ""
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, as many in each as there are columns. `total` is the sum that is printed below them."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing, the text that says the same to who does not see it, and the data that it shows."""

    key: str
    title: str
    alternative: str
    svg: str
    data: Table


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text of one paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Listing:
    """Texts one below the other, each with a mark."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """What nobody may overlook: data that are missing, figures that are made up."""

    text: str


@dataclass(frozen=True, slots=True)
class Terms:
    """Names with what they stand for, such as who made the report, and of what."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Headline:
    """One large number with its unit, what it is, and how sure it is."""

    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Headlines:
    """The few numbers that are read first."""

    items: tuple[Headline, ...]


Block = Paragraph | Listing | Notice | Terms | Headlines | Table | Figure


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what is below it: its own blocks first, then the sections in it."""

    key: str
    title: str
    blocks: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """The whole: what its title page says, and its sections."""

    language: Language
    title: str
    subtitle: str
    identity: Mapping[str, str]
    """What tells it from others, for files: identifier, edition, period, data set, program."""
    made: int
    """The moment up to which it knows the ledger, ns since the epoch: no document has another date."""
    sections: tuple[Section, ...]

    def tables(self) -> Iterator[Table]:
        """Yield all tables, those of figures too, in the order in which they stand."""
        for section in self.sections:
            yield from _tables(section)


def _tables(section: Section) -> Iterator[Table]:
    for block in section.blocks:
        if isinstance(block, Table):
            yield block
        elif isinstance(block, Figure):
            yield block.data
    for inner in section.sections:
        yield from _tables(inner)


def summing(
    columns: Sequence[Column],
    rows: Iterable[Sequence[Given]],
    label: str,
    *,
    units: Mapping[str, int],
) -> tuple[tuple[tuple[Cell, ...], ...], tuple[Cell, ...]]:
    """Return *rows* and their total as they are printed, so that what is printed adds up.

    Amounts of the columns in *units* are given in whole units of the ledger, so many of which are one of the column.
    The *label* stands before the total, which leaves the other columns empty. Unknown amounts stay unknown, and the
    total of a column without any known is unknown too.
    """
    given = [tuple(row) for row in rows]
    printed: list[list[Given]] = [list(row) for row in given]
    total: list[Cell] = [None if column.kind is Kind.NUMBER else "" for column in columns]
    for place, column in enumerate(columns):
        if column.key not in units:
            continue
        known = [number for number, row in enumerate(given) if row[place] is not None]
        parts, whole = rounded([_amount(given[number][place]) for number in known], units[column.key], column.decimals)
        for number, part in zip(known, parts, strict=True):
            printed[number][place] = part
        total[place] = whole if known else None
    total[0] = label
    return tuple(tuple(_cell(value) for value in row) for row in printed), tuple(total)


def _amount(value: Given) -> int:
    if not isinstance(value, int):
        message = f"{value!r} is no whole number of the ledger's units"
        raise TypeError(message)
    return value


def _cell(value: Given) -> Cell:
    return Decimal(value) if isinstance(value, int) else value
