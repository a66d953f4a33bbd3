"""A report as XLSX: a sheet for each table, real numbers and dates, texts that are never formulas.

Source of the format: ISO/IEC 29500-1.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from xlsxwriter import Workbook  # type: ignore[import-untyped]  # it has no types

from monitor.report.document import Kind
from monitor.report.rendering.archive import packed, unpacked
from monitor.report.rendering.workbook import sheets_of, whole_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlsxwriter.format import Format  # type: ignore[import-untyped]  # it has no types
    from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]  # it has no types

    from monitor.report.document import Column, Document
    from monitor.report.rendering.workbook import Sheet, Written
    from monitor.wording import Words


def xlsx(made: Document, words: Words) -> bytes:
    """Return *made* as a workbook: the same bytes from the same document."""
    content = io.BytesIO()
    book = Workbook(content, {"in_memory": True, "strings_to_urls": False, "strings_to_formulas": False})
    book.set_properties({"title": made.title, "author": made.subtitle, "created": _naive(_made(made))})
    styles = _Styles(book)
    for sheet in sheets_of(made, words):
        _write(book.add_worksheet(sheet.name), sheet, styles)
    book.close()
    return packed(unpacked(content.getvalue()))


def _made(made: Document) -> datetime:
    return datetime.fromtimestamp(made.made // 1_000_000_000, UTC)


class _Styles:
    """Formats of cells, each made once."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[tuple[str, bool], Format] = {}
        self.heading = book.add_format({"bold": True, "text_wrap": True, "valign": "bottom", "bottom": 1})

    def of(self, cell: Written, column: Column, *, total: bool) -> Format:
        """Return the format of *cell*."""
        pattern = _pattern(cell, column)
        if (pattern, total) not in self._made:
            style: dict[str, object] = {"num_format": pattern, "valign": "top"}
            if total:
                style |= {"bold": True, "top": 1}
            self._made[pattern, total] = self._book.add_format(style)
        return self._made[pattern, total]


def _pattern(cell: Written, column: Column) -> str:
    if isinstance(cell, datetime):
        return "yyyy-mm-dd" if whole_day(cell) else "yyyy-mm-dd hh:mm:ss"
    if column.kind is Kind.NUMBER:
        return f"#,##0.{'0' * column.decimals}" if column.decimals else "#,##0"
    return "@"


def _write(page: Worksheet, sheet: Sheet, styles: _Styles) -> None:
    page.freeze_panes(1, 1)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    for place, (name, width) in enumerate(zip(sheet.headings, sheet.widths(), strict=True)):
        page.set_column(place, place, width)
        page.write_string(0, place, name, styles.heading)
    for number, row in enumerate(sheet.rows, start=1):
        _row(page, number, row, sheet, styles)
    if sheet.total is not None:
        _row(page, len(sheet.rows) + 1, sheet.total, sheet, styles, total=True)


def _row(
    page: Worksheet, number: int, row: Sequence[Written], sheet: Sheet, styles: _Styles, *, total: bool = False
) -> None:
    for place, (cell, column) in enumerate(zip(row, sheet.columns, strict=True)):
        style = styles.of(cell, column, total=total)
        if isinstance(cell, Decimal):
            page.write_number(number, place, float(cell), style)
        elif isinstance(cell, datetime):
            page.write_datetime(number, place, _naive(cell), style)
        elif cell:
            page.write_string(number, place, cell, style)
        elif total:
            page.write_blank(number, place, None, style)


def _naive(moment: datetime) -> datetime:
    """Return *moment* as sheets know it: they have no time zones, and headings say that it is UTC."""
    return moment.replace(tzinfo=None)
