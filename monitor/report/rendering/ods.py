"""A report as ODS: a sheet for each table, exact numbers, dates, texts that are never formulas.

Source of the format: OASIS, OpenDocument 1.3, parts 2 (packages) and 3 (schema).
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

from monitor.config import Language
from monitor.report.document import Kind
from monitor.report.printing import plain
from monitor.report.rendering.archive import packed
from monitor.report.rendering.workbook import sheets_of, whole_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.report.document import Column, Document
    from monitor.report.rendering.workbook import Sheet, Written
    from monitor.wording import Words

MIME: Final = "application/vnd.oasis.opendocument.spreadsheet"
COUNTRIES: Final = {Language.FRENCH: "FR", Language.ENGLISH: "GB"}
CENTIMETRES: Final = 0.2
"""How wide a character is in a sheet, about."""
NAMESPACES: Final = " ".join(
    f'xmlns:{short}="{name}"'
    for short, name in (
        ("office", "urn:oasis:names:tc:opendocument:xmlns:office:1.0"),
        ("style", "urn:oasis:names:tc:opendocument:xmlns:style:1.0"),
        ("text", "urn:oasis:names:tc:opendocument:xmlns:text:1.0"),
        ("table", "urn:oasis:names:tc:opendocument:xmlns:table:1.0"),
        ("fo", "urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"),
        ("meta", "urn:oasis:names:tc:opendocument:xmlns:meta:1.0"),
        ("dc", "http://purl.org/dc/elements/1.1/"),
        ("number", "urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0"),
        ("config", "urn:oasis:names:tc:opendocument:xmlns:config:1.0"),
        ("manifest", "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"),
    )
)
VERSION: Final = 'office:version="1.3"'
DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


def ods(made: Document, words: Words) -> bytes:
    """Return *made* as a workbook: the same bytes from the same document."""
    sheets = sheets_of(made, words)
    parts = {
        "content.xml": _content(sheets),
        "styles.xml": _styles(made.language),
        "meta.xml": _meta(made),
        "settings.xml": _settings(sheets),
    }
    whole = [("mimetype", MIME), *parts.items(), ("META-INF/manifest.xml", _manifest(tuple(parts)))]
    return packed((name, text.encode()) for name, text in whole)


def _element(name: str, attributes: str, *children: str) -> str:
    start = f"<{name} {attributes}" if attributes else f"<{name}"
    return f"{start}>{''.join(children)}</{name}>" if children else f"{start}/>"


def _document(name: str, *children: str) -> str:
    return DECLARATION + _element(f"office:{name}", f"{NAMESPACES} {VERSION}", *children)


def _content(sheets: Sequence[Sheet]) -> str:
    decimals = sorted({column.decimals for sheet in sheets for column in sheet.columns})
    widths = sorted({width for sheet in sheets for width in sheet.widths()})
    styles = _element("office:automatic-styles", "", *_columns(widths), *_formats(decimals))
    book = _element("office:spreadsheet", "", *map(_table, sheets))
    return _document("document-content", styles, _element("office:body", "", book))


def _columns(widths: Sequence[int]) -> Iterator[str]:
    for width in widths:
        size = f'style:column-width="{width * CENTIMETRES:.2f}cm"'
        name = f'style:name="width-{width}" style:family="table-column"'
        yield _element("style:style", name, _element("style:table-column-properties", size))


def _formats(decimals: Sequence[int]) -> Iterator[str]:
    """Yield the styles of cells: each kind of content, in the rows and in the total."""
    yield from _dates()
    for count in decimals:
        places = f'number:decimal-places="{count}" number:min-decimal-places="{count}" number:min-integer-digits="1"'
        number = _element("number:number", f'{places} number:grouping="true"')
        yield _element("number:number-style", f'style:name="as-number-{count}"', number)
    yield _element("number:text-style", 'style:name="as-text"', "<number:text-content/>")
    bold = '<style:text-properties fo:font-weight="bold"/>'
    line = '<style:table-cell-properties fo:border-bottom="0.75pt solid #1b1f23" fo:wrap-option="wrap"/>'
    yield _element("style:style", 'style:name="heading" style:family="table-cell"', line, bold)
    for name in ("text", "day", "moment", *(f"number-{count}" for count in decimals)):
        same = f'style:family="table-cell" style:data-style-name="as-{name}"'
        top = '<style:table-cell-properties style:vertical-align="top"/>'
        above = '<style:table-cell-properties fo:border-top="0.75pt solid #1b1f23"/>'
        yield _element("style:style", f'style:name="{name}" {same}', top)
        yield _element("style:style", f'style:name="{name}-total" {same}', above, bold)


def _dates() -> Iterator[str]:
    dash = "<number:text>-</number:text>"
    day = f'<number:year number:style="long"/>{dash}<number:month number:style="long"/>{dash}'
    day += '<number:day number:style="long"/>'
    colon = "<number:text>:</number:text>"
    time = f'<number:text> </number:text><number:hours number:style="long"/>{colon}'
    time += f'<number:minutes number:style="long"/>{colon}<number:seconds number:style="long"/>'
    yield _element("number:date-style", 'style:name="as-day"', day)
    yield _element("number:date-style", 'style:name="as-moment"', day, time)


def _table(sheet: Sheet) -> str:
    columns = (_element("table:table-column", f'table:style-name="width-{width}"') for width in sheet.widths())
    heading = _element("table:table-row", "", *(_text(name, "heading") for name in sheet.headings))
    rows = (_row(row, sheet, "") for row in sheet.rows)
    total = (_row(sheet.total, sheet, "-total"),) if sheet.total is not None else ()
    head = _element("table:table-header-rows", "", heading)
    return _element("table:table", f"table:name={quoteattr(sheet.name)}", *columns, head, *rows, *total)


def _row(row: Sequence[Written], sheet: Sheet, suffix: str) -> str:
    cells = (_cell(cell, column, suffix) for cell, column in zip(row, sheet.columns, strict=True))
    return _element("table:table-row", "", *cells)


def _cell(cell: Written, column: Column, suffix: str) -> str:
    if isinstance(cell, Decimal):
        style = f'table:style-name="number-{column.decimals}{suffix}" office:value-type="float"'
        return _element("table:table-cell", f'{style} office:value="{cell:f}"', _paragraph(f"{cell:f}"))
    if isinstance(cell, datetime):
        kind, shape = ("day", "%Y-%m-%d") if whole_day(cell) else ("moment", "%Y-%m-%dT%H:%M:%S")
        style = f'table:style-name="{kind}{suffix}" office:value-type="date"'
        return _element(
            "table:table-cell", f'{style} office:date-value="{cell:{shape}}"', _paragraph(f"{cell:{shape}}")
        )
    if not cell:
        style = f"number-{column.decimals}" if column.kind is Kind.NUMBER else "text"
        return _element("table:table-cell", f'table:style-name="{style}{suffix}"')
    return _text(cell, f"text{suffix}")


def _text(text: str, style: str) -> str:
    return _element("table:table-cell", f'table:style-name="{style}" office:value-type="string"', _paragraph(text))


def _paragraph(text: str) -> str:
    return _element("text:p", "", escape(text))


def _styles(language: Language) -> str:
    spoken = f'fo:language="{language.value}" fo:country="{COUNTRIES[language]}"'
    text = _element("style:text-properties", spoken)
    default = _element("style:default-style", 'style:family="table-cell"', text)
    return _document("document-styles", _element("office:styles", "", default))


def _meta(made: Document) -> str:
    moment = datetime.fromtimestamp(made.made // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    facts = (
        ("dc:title", plain(made.title)),
        ("meta:initial-creator", plain(made.subtitle)),
        ("meta:creation-date", moment),
        ("dc:date", moment),
        ("dc:language", made.language.value),
    )
    return _document("document-meta", _element("office:meta", "", *(_element(n, "", escape(t)) for n, t in facts)))


def _settings(sheets: Sequence[Sheet]) -> str:
    """Return how the sheets are shown: the first row and the first column stay where they are."""
    frozen = "".join(
        f'<config:config-item config:name="{name}" config:type="{kind}">{value}</config:config-item>'
        for name, kind, value in (
            ("HorizontalSplitMode", "short", 2),
            ("VerticalSplitMode", "short", 2),
            ("HorizontalSplitPosition", "int", 1),
            ("VerticalSplitPosition", "int", 1),
            ("ActiveSplitRange", "short", 3),
            ("PositionRight", "int", 1),
            ("PositionBottom", "int", 1),
        )
    )
    entry = "config:config-item-map-entry"
    each = (_element(entry, f"config:name={quoteattr(sheet.name)}", frozen) for sheet in sheets)
    tables = _element("config:config-item-map-named", 'config:name="Tables"', *each)
    views = _element("config:config-item-map-indexed", 'config:name="Views"', _element(entry, "", tables))
    shown = _element("config:config-item-set", 'config:name="ooo:view-settings"', views)
    return _document("document-settings", _element("office:settings", "", shown))


def _manifest(parts: Sequence[str]) -> str:
    entries = [("/", MIME), *((name, "text/xml") for name in parts)]
    listed = (
        _element("manifest:file-entry", f'manifest:full-path="{path}" manifest:media-type="{kind}"')
        for path, kind in entries
    )
    space = 'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.3"'
    return DECLARATION + _element("manifest:manifest", space, *listed)
