"""A report as XLSX and ODS: sheets with real numbers, and texts that are no formulas."""

from __future__ import annotations

import io
import time
import zipfile
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from monitor.config import Language
from monitor.report.printing import plain
from monitor.report.rendering.archive import packed, unpacked
from monitor.report.rendering.ods import ods
from monitor.report.rendering.workbook import LONGEST_NAME, sheets_of
from monitor.report.rendering.xlsx import xlsx
from monitor.wording import words
from tests.fixtures.documents import HOSTILE, SERVICES, document, hostile

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.report.document import Document
    from monitor.wording import Words

    Writer = Callable[[Document, Words], bytes]

FRENCH = words("monitor.report", Language.FRENCH)
BOTH = pytest.mark.parametrize("write", [xlsx, ods])


def read(content: bytes) -> dict[str, list[list[Any]]]:
    """Return the sheets with their rows, as a reader that shares nothing with the writers finds them."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


@BOTH
def test_each_table_has_a_sheet_with_its_headings_numbers_and_total(write: Writer) -> None:
    found = read(write(document(), FRENCH))
    assert list(found) == [
        "Lisez-moi",
        "1 Énergie et émissions par serv",
        "2 Énergie et émissions par serv",
        "3 D'où viennent les facteurs",
        "Colonnes",
    ]
    assert found["1 Énergie et émissions par serv"] == [
        ["Service", "Énergie (kWh)", "Émissions (kgCO₂e)"],
        ["Assistant rédactionnel", 1234.5, 64.07],
        ["Transcription", 0.5, ""],
        ["Ensemble", 1235.0, 64.07],
    ]


@BOTH
def test_a_date_is_a_date_and_an_address_a_text(write: Writer) -> None:
    row = read(write(document(), FRENCH))["3 D'où viennent les facteurs"][1]
    assert row[0] == "Électricité"
    assert datetime.fromisoformat(str(row[1])) == datetime(2026, 6, 12)  # noqa: DTZ001 - sheets have no time zones
    assert row[2] == "https://example.org/base-empreinte?a=1&b=2"


@BOTH
def test_the_first_sheet_says_what_it_is_and_the_last_what_columns_mean(write: Writer) -> None:
    found = read(write(document(), FRENCH))
    about = found["Lisez-moi"]
    assert ["Période", "2026"] in about
    assert ["À savoir", "Données simulées."] in about
    assert ["Registre clos jusqu'au (UTC)", "2027-01-01T00:00:00Z"] in about
    meaning = found["Colonnes"]
    assert [cell for cell in meaning[2] if cell][1:] == [
        "by_service",
        "energy_kwh",
        "Énergie",
        "kWh",
        "nombre",
        "Energy of the machines.",
    ]
    assert len(meaning) == 1 + sum(len(table.columns) for table in document().tables())


@BOTH
def test_names_from_outside_are_texts(write: Writer) -> None:
    found = read(write(hostile(), FRENCH))
    rows = next(rows for name, rows in found.items() if name.startswith("1 "))
    assert [row[0] for row in rows[1:]] == [plain(name) for name in HOSTILE]


def test_no_cell_of_the_xlsx_is_a_formula_and_none_is_merged() -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx(hostile(), FRENCH)))
    for sheet in book:
        assert not sheet.merged_cells.ranges
        assert sheet.freeze_panes == "B2"
        assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_no_cell_of_the_ods_is_a_formula_and_all_its_parts_are_xml() -> None:
    parts = dict(unpacked(ods(hostile(), FRENCH)))
    assert next(iter(parts)) == "mimetype"
    for name, content in parts.items():
        if name != "mimetype":
            ET.fromstring(content)  # noqa: S314 - it is our own
    assert b"table:formula" not in parts["content.xml"]
    assert b'office:value="1234.5"' in dict(unpacked(ods(document(), FRENCH)))["content.xml"]


def test_numbers_of_the_xlsx_are_shown_with_the_decimals_of_their_columns() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx(document(), FRENCH))).worksheets[1]
    assert [cell.number_format for cell in sheet[2]] == ["@", "#,##0.0", "#,##0.00"]
    assert [cell.font.bold for cell in sheet[4]] == [True, True, True]


@BOTH
def test_the_same_document_gives_the_same_bytes_at_any_time(write: Writer) -> None:
    first = write(document(), FRENCH)
    time.sleep(1.1)  # a clock of seconds goes on
    assert write(document(), FRENCH) == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {about.date_time for about in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {about.compress_type for about in archive.infolist()} == {zipfile.ZIP_STORED}


def test_names_of_sheets_are_short_different_and_legal() -> None:
    made = document()
    section = replace(made.sections[0], blocks=(replace(SERVICES, title="'[a]:*?/\\" * 9),) * 12)
    names = [sheet.name for sheet in sheets_of(replace(made, sections=(section,)), FRENCH)]
    assert len({name.casefold() for name in names}) == 14
    for name in names:
        assert len(name) <= LONGEST_NAME
        assert not set(name) & set("[]:*?/\\")
        assert name.strip("'") == name


def test_a_number_of_many_digits_is_exact_in_the_ods() -> None:
    made = document()
    rows = (("Many", Decimal("12345678901234567.8"), None),)
    section = replace(made.sections[0], blocks=(replace(SERVICES, rows=rows),))
    parts = dict(unpacked(ods(replace(made, sections=(section,)), FRENCH)))
    assert b'office:value="12345678901234567.8"' in parts["content.xml"]


def test_what_is_packed_comes_out_again_in_its_order() -> None:
    parts = [("b", b"1"), ("a/c", b"")]
    assert list(unpacked(packed(parts))) == parts
