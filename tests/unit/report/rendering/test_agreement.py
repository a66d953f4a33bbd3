"""All formats say the same: each is read back by a reader of its own, and compared with the others cell by cell."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from decimal import Decimal
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from monitor.config import Language
from monitor.report.datapackage import packaged
from monitor.report.document import Figure, Kind
from monitor.report.model import make
from monitor.report.rendering.html import page
from monitor.report.rendering.ods import ods
from monitor.report.rendering.pdf import pdf
from monitor.report.rendering.tables import tables_json
from monitor.report.rendering.xlsx import xlsx
from monitor.wording import words
from tests.fixtures.documents import document, hostile
from tests.unit.report.test_activity import worked
from tests.unit.report.test_composing import document as composed
from tests.unit.report.test_composing import rich
from tests.unit.report.test_external import BOOKS
from tests.unit.report.test_model import books

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.report.document import Document, Section, Table

Numbers = list[list[Decimal | None]]
"""Of one table: the cells of its columns of numbers, row by row, the total last."""
STEM = "empreinte-2026"
MADE = {
    "plain": document(),
    "hostile": hostile(),
    "rich": composed(rich(), Language.FRENCH),
    "rich in English": composed(rich()),
    "worked": composed(worked(), Language.FRENCH),
    "bought": composed(make(BOOKS)),
    "nearly empty": composed(make(books())),
}
EVERY = pytest.mark.parametrize("made", MADE.values(), ids=MADE)


def numbers(made: Document) -> dict[str, Numbers]:
    """Return what the document has."""
    return {
        table.key: [picked(table, row) for row in (*table.rows, *([table.total] if table.total else []))]
        for table in made.tables()
    }


def picked(table: Table, row: Any) -> list[Decimal | None]:
    """Return the cells of *row* in the columns of numbers, as exact numbers."""
    return [number(cell) for cell, column in zip(row, table.columns, strict=True) if column.kind is Kind.NUMBER]


def number(cell: object) -> Decimal | None:
    """Return the number that *cell* says, however it is written; None: it says that it is unknown, or nothing."""
    if cell is None or isinstance(cell, Decimal):
        return cell
    text = str(cell).strip()
    return None if text in {"", "—", "—inconnu", "—unknown"} else Decimal(text)


def spoken(text: str, language: Language) -> str:
    """Return a number as programs write it, from how the *language* does."""
    text = re.sub(r"[\s\u202f\u00a0]", "", text)
    return text.replace(",", ".") if language is Language.FRENCH else text.replace(",", "")


def same(found: dict[str, Numbers], made: Document) -> None:
    expected = numbers(made)
    assert any(known is not None for rows in expected.values() for row in rows for known in row)
    assert list(found) == list(expected)
    for key, rows in expected.items():
        assert found[key] == rows, key


def by_sheet(sheets: list[list[list[Any]]], made: Document) -> dict[str, Numbers]:
    """Return the numbers of a workbook; the first of its sheets and the last are no tables."""
    found = {}
    for table, rows in zip(made.tables(), sheets[1:-1], strict=True):
        full = [[*row, *[None] * (len(table.columns) - len(row))] for row in rows[1:]]
        # a row of a table all of which is unknown is not told from none
        full += [[None] * len(table.columns)] * (len(table.rows) + bool(table.total) - len(full))
        found[table.key] = [picked(table, [plain(cell) for cell in row]) for row in full]
    return found


def plain(cell: object) -> object:
    return repr(cell) if isinstance(cell, float) else cell


@EVERY
def test_the_xlsx_has_the_numbers(made: Document) -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx(made, words("monitor.report", made.language))))
    same(by_sheet([[list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book], made), made)


@EVERY
def test_the_ods_has_the_numbers(made: Document) -> None:
    book = CalamineWorkbook.from_filelike(io.BytesIO(ods(made, words("monitor.report", made.language))))
    same(by_sheet([book.get_sheet_by_name(name).to_python() for name in book.sheet_names], made), made)


@EVERY
def test_the_csv_has_the_numbers_and_its_description_the_totals(made: Document) -> None:
    files = packaged(made, STEM, {})
    described = json.loads(files[f"{STEM}-datapackage.json"])["resources"]
    found = {}
    for table, resource in zip(made.tables(), described, strict=True):
        rows = list(csv.reader(io.StringIO(files[resource["path"]].decode(), newline="")))[1:]
        if table.total:
            total = resource["total"]
            rows.append([total.get(column.key, "") for column in table.columns])
        found[table.key] = [picked(table, row) for row in rows]
    same(found, made)


@EVERY
def test_the_json_has_the_numbers(made: Document) -> None:
    found = {}
    for table, told in zip(made.tables(), json.loads(tables_json(made))["tables"], strict=True):
        rows = [*told["rows"], *([told["total"]] if told["total"] else [])]
        found[told["key"]] = [picked(table, row) for row in rows]
    same(found, made)


class Page(HTMLParser):
    """The cells of the tables of a page, below their headings."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self._inside = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append("")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.tables[-1][-1][-1] += data


def read(tables: list[list[list[str]]], order: list[Table], language: Language) -> dict[str, Numbers]:
    """Return the numbers of printed *tables*, of which each has its headings first."""
    found = {}
    for table, rows in zip(order, tables, strict=True):
        found[table.key] = [picked(table, [spoken(cell, language) for cell in row]) if row else [] for row in rows[1:]]
    return found


@EVERY
def test_the_page_has_the_numbers(made: Document) -> None:
    text = page(made, words("monitor.report", made.language)).decode()
    same(read(Page(text).tables, list(made.tables()), made.language), made)


def on_paper(sections: tuple[Section, ...]) -> Iterator[Table]:
    """Yield the tables in the order of the PDF, which has the data of figures at its end."""
    blocks = list(all_blocks(sections))
    yield from (block for block in blocks if not isinstance(block, Figure) and hasattr(block, "columns"))
    yield from (block.data for block in blocks if isinstance(block, Figure))


def all_blocks(sections: tuple[Section, ...]) -> Iterator[Any]:
    for section in sections:
        yield from section.blocks
        yield from all_blocks(section.sections)


def tagged(text: str) -> list[list[list[str]]]:
    """Return the cells of the tables of a PDF, from its tags: those that screen readers read."""
    tables: list[list[list[str]]] = []
    inside = -1
    for line in text.splitlines():
        depth, said = len(line) - len(line.lstrip()), line.strip()
        if said.startswith("Table "):
            tables.append([])
        elif re.match(r"TR\b", said):
            tables[-1].append([])
        elif re.match(r"T[HD]\b", said):
            tables[-1][-1].append("")
            inside = depth
        elif depth <= inside and not said.startswith('"'):
            inside = -1
        elif inside >= 0 and said.startswith('"'):
            tables[-1][-1][-1] += said.removeprefix('"').removesuffix('"')
    return tables


@pytest.mark.real("poppler")
@EVERY
def test_the_pdf_has_the_numbers(made: Document, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf(made, words("monitor.report", made.language)))
    said = subprocess.run(["pdfinfo", "-struct-text", path], check=True, capture_output=True).stdout
    order = list(on_paper(made.sections))
    found = read(tagged(said.decode(errors="replace")), order, made.language)
    same({key: found[key] for key in numbers(made)}, made)
