"""A report as sheets of cells, of no format yet: what it is, a sheet for each table, what the columns mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from monitor.report.document import Column, Kind, Notice
from monitor.report.printing import heading, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.report.document import Cell, Document, Section, Table
    from monitor.wording import Words

LONGEST_NAME: Final = 31
"""Characters of the name of a sheet. Source: Microsoft, Excel specifications and limits."""
LONGEST: Final = 32_767
"""Characters of a cell. Source: the same."""
WIDEST: Final = 60
"""Characters that a column is wide at most."""
LICENCE: Final = "Licence Ouverte 2.0 / Open Licence 2.0 (etalab-2.0)"
EARLIEST: Final = 1900
"""The first year that sheets know."""

Written = str | Decimal | datetime | None
"""What stands in a cell: a text, an exact number, a day or moment in UTC, or nothing."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its headings stand in the first row, and *total* in the last."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Written, ...], ...]
    total: tuple[Written, ...] | None = None

    @property
    def headings(self) -> tuple[str, ...]:
        """What stands above the columns, with their units."""
        return tuple(plain(heading(column)) for column in self.columns)

    def widths(self) -> Iterator[int]:
        """Yield how wide each column is, in characters."""
        for place, name in enumerate(self.headings):
            cells = (len(_width_of(row[place], self.columns[place])) for row in self.rows)
            yield min(WIDEST, max(10, len(name) + 2, *cells, 0))


def sheets_of(made: Document, words: Words) -> tuple[Sheet, ...]:
    """Return the sheets of *made*: the first says what it is, the last what the columns mean."""
    tables = tuple(made.tables())
    names = tuple(_names(tables))
    own = tuple(
        Sheet(
            name,
            table.columns,
            tuple(_row(row, table.columns) for row in table.rows),
            _row(table.total, table.columns) if table.total else None,
        )
        for name, table in zip(names, tables, strict=True)
    )
    return _about(made, words, names, tables), *own, _dictionary(words, names, tables)


def _names(tables: Sequence[Table]) -> Iterator[str]:
    """Yield names that tell the sheets apart and that every program takes: their number, and as much as fits."""
    for number, table in enumerate(tables, start=1):
        name = " ".join(_FORBIDDEN.sub(" ", plain(table.title)).split())
        yield f"{number} {name}"[:LONGEST_NAME].strip(" '")


_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\]")


def _row(row: Sequence[Cell], columns: Sequence[Column]) -> tuple[Written, ...]:
    return tuple(_written(cell, column) for cell, column in zip(row, columns, strict=True))


def _written(cell: Cell, column: Column) -> Written:
    if cell is None or isinstance(cell, Decimal):
        return cell
    if column.kind is Kind.DATE and (moment := _moment(cell)):
        return moment
    return plain(cell)[:LONGEST]


def _moment(text: str) -> datetime | None:
    """Return the day or moment that *text* is, in UTC; None where it is none, or none that sheets know."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment if moment.year > EARLIEST else None


def whole_day(moment: datetime) -> bool:
    """Return whether *moment* is a day, and no time of it."""
    return (moment.hour, moment.minute, moment.second) == (0, 0, 0)


def _width_of(cell: Written, column: Column) -> str:
    if isinstance(cell, Decimal):
        return f"{cell:,.{column.decimals}f}  "
    if isinstance(cell, datetime):
        return "2026-01-01 00:00:00"
    return cell or ""


def _about(made: Document, words: Words, names: Sequence[str], tables: Sequence[Table]) -> Sheet:
    columns = (_column("item", words), _column("value", words))
    facts = [
        ("title", made.title),
        ("organisation", made.subtitle),
        *((name, _fact(name, value, words)) for name, value in made.identity.items()),
        ("language", made.language.value),
        ("made", datetime.fromtimestamp(made.made // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("licence", LICENCE),
        ("unknown", words.say("workbook.unknown_meaning")),
        *(("notice", text) for text in _notices(made.sections)),
    ]
    told = [(words.maybe(f"workbook.{name}", name), value) for name, value in facts]
    listed = [(name, f"{table.title} {table.note}".strip()) for name, table in zip(names, tables, strict=True)]
    rows = tuple(_row(row, columns) for row in (*told, *listed))
    return Sheet(words.say("workbook.about"), columns, rows)


def _fact(name: str, value: str, words: Words) -> str:
    if name == "edition":
        return words.maybe(f"cover.{value}", value)
    return words.maybe(f"workbook.{value}", value) if name == "simulated" else value


def _notices(sections: Sequence[Section]) -> Iterator[str]:
    for section in sections:
        yield from (block.text for block in section.blocks if isinstance(block, Notice))
        yield from _notices(section.sections)


def _dictionary(words: Words, names: Sequence[str], tables: Sequence[Table]) -> Sheet:
    columns = tuple(_column(key, words) for key in ("sheet", "table", "column", "heading", "unit", "kind", "meaning"))
    rows = tuple(
        _row(
            (
                name,
                table.key,
                one.key,
                one.heading,
                one.unit,
                words.say(f"kind.{one.kind.value}"),
                one.meaning,
            ),
            columns,
        )
        for name, table in zip(names, tables, strict=True)
        for one in table.columns
    )
    return Sheet(words.say("workbook.dictionary"), columns, rows)


def _column(key: str, words: Words) -> Column:
    return Column(key, words.say(f"workbook.{key}"), "")
