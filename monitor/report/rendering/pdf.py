"""A report as PDF/UA-1, which screen readers read: tagged, with its language, headings, contents and bookmarks.

Source: ISO 14289-1:2014, as RGAA 4.1 asks of documents in PDF. typst refuses to write what does not conform.
"""

from __future__ import annotations

import json
import re
import tempfile
from datetime import UTC, datetime
from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from monitor.config import Language
from monitor.report.document import (
    Figure,
    Headlines,
    Kind,
    Listing,
    Notice,
    Paragraph,
    Table,
    Terms,
)
from monitor.report.printing import UNKNOWN, clean, heading, plain, printed, rightwards
from monitor.report.rendering.glyphs import shown
from monitor.report.rendering.room import WORD, room_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from monitor.report.document import Block, Cell, Column, Document, Section
    from monitor.wording import Words

INSTALL: Final = "pip install 'empreinte[report]'"
DEEPEST: Final = 6
"""The lowest level of headings."""
REGIONS: Final = {Language.FRENCH: "FR", Language.ENGLISH: "GB"}
"""Whose typography each language follows."""
RUN: Final = 16
"""Characters of a word after which it may be broken, in words that are longer than LONG."""
LONG: Final = 24
BREAK: Final = "\N{ZERO WIDTH SPACE}"


class NoTypstError(Exception):
    """What writes PDF is not installed; the sentence says how to bring it."""

    def __init__(self) -> None:
        super().__init__(f"PDF needs typst, which is not here: {INSTALL}")


def pdf(made: Document, words: Words) -> bytes:
    """Return *made* as a PDF/UA-1 file: the same bytes from the same document, with the same version of typst.

    Raises:
        NoTypstError: typst is not installed; the sentence says how to bring it.
    """
    typst = _typst()
    template = (files("monitor.report.rendering") / "templates" / "report.typ").read_bytes()
    with tempfile.TemporaryDirectory(prefix="empreinte-") as nothing:
        written: bytes = typst.compile(
            template,
            root=nothing,
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"report": json.dumps(_Writing(words).document(made), sort_keys=True)},
            pdf_standards=["ua-1"],
            timestamp=_moment(made),
        )
    return written


def present() -> bool:
    """Return whether what writes PDF is installed."""
    try:
        _typst()
    except NoTypstError:
        return False
    return True


def _typst() -> ModuleType:
    try:
        return import_module("typst")
    except ImportError:
        raise NoTypstError from None


def _moment(made: Document) -> datetime:
    return datetime.fromtimestamp(made.made // 1_000_000_000, UTC)


class _Writing:
    """Everything that the template is given: plain values, all texts of which can be printed."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def document(self, made: Document) -> dict[str, Any]:
        """Return the whole."""
        moment = _moment(made)
        return {
            "language": made.language.value,
            "region": REGIONS[made.language],
            "title": self._short(made.title) or UNKNOWN,
            "subtitle": self._short(made.subtitle),
            "edition": self._short(self._words.maybe(f"cover.{made.identity.get('edition', '')}", "")),
            "identifier": self._short(made.identity.get("identifier", "")),
            "made": [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second],
            "contents": self._words.say("document.contents"),
            "unknown": self._words.say("document.dash"),
            "figures": self._words.say("document.figures"),
            "see": self._words.say("document.see"),
            "long": WORD,
            "parts": [part for section in made.sections for part in self._parts(section, 1)],
            "data": [self._table(figure.data) | {"name": figure.key} for figure in _figures(made.sections)],
        }

    def _parts(self, section: Section, level: int) -> Iterator[dict[str, Any]]:
        yield {"kind": "heading", "level": min(level, DEEPEST), "text": self._short(section.title) or UNKNOWN}
        yield from map(self._block, section.blocks)
        for inner in section.sections:
            yield from self._parts(inner, level + 1)

    def _block(self, block: Block) -> dict[str, Any]:
        written: dict[str, Any]
        match block:
            case Paragraph(text):
                written = {"kind": "paragraph", "text": self._text(text)}
            case Notice(text):
                written = {"kind": "notice", "text": self._text(text)}
            case Listing(items):
                written = {"kind": "listing", "items": [self._text(item) for item in items]}
            case Terms(pairs):
                written = {"kind": "terms", "pairs": [[self._short(name), self._short(what)] for name, what in pairs]}
            case Headlines(items):
                told = [[self._short(one.label), self._short(one.value), self._text(one.note)] for one in items]
                written = {"kind": "headlines", "items": told}
            case Table():
                written = {"kind": "table"} | self._table(block)
            case Figure():
                written = {"kind": "figure"} | self._figure(block)
        return written

    def _figure(self, figure: Figure) -> dict[str, str]:
        return {
            "name": figure.key,
            "title": self._short(figure.title),
            "alternative": shown(plain(figure.alternative)) or UNKNOWN,
            "svg": _drawable(figure.svg),
        }

    def _table(self, table: Table) -> dict[str, Any]:
        rows = [self._row(row, table.columns) for row in table.rows]
        total = self._row(table.total, table.columns) if table.total else []
        headings = [self._short(heading(column)) for column in table.columns]
        right = [rightwards(column) for column in table.columns]
        room = room_of(headings, [*rows, total] if total else rows, right)
        return {
            "title": self._short(table.title),
            "note": self._text(table.note),
            "headings": headings,
            "right": right,
            "whole": room.whole,
            "addresses": [
                [_address(cell, column) for cell, column in zip(row, table.columns, strict=True)] for row in table.rows
            ],
            "rows": rows,
            "total": total,
            "size": room.size,
            "wide": room.wide,
            "widths": room.widths,
        }

    def _row(self, row: Sequence[Cell], columns: Sequence[Column]) -> list[str]:
        cells = zip(row, columns, strict=True)
        return [self._text(printed(cell, column, self._words)) for cell, column in cells]

    def _short(self, text: str) -> str:
        return self._text(clean(text))

    def _text(self, text: str) -> str:
        line = _UNIT.sub("\N{NO-BREAK SPACE}", plain(text))
        if self._words.language is Language.FRENCH:
            line = _THIN.sub("\N{NARROW NO-BREAK SPACE}", line)
            line = _BEFORE.sub("\N{NO-BREAK SPACE}", line)
            line = _AFTER.sub("\N{NO-BREAK SPACE}", line)
        return _LONG_WORD.sub(_breakable, shown(line))


_UNIT: Final = re.compile(r"(?<=\d) (?=[%€])")
_THIN: Final = re.compile(r" (?=[;?!])")
_BEFORE: Final = re.compile(r" (?=[:»])")
"""A space that must not end a line. Source: Lexique des règles typographiques en usage à l'Imprimerie nationale."""
_AFTER: Final = re.compile(r"(?<=«) ")
_LONG_WORD: Final = re.compile(rf"\S{{{LONG + 1},}}")


def _breakable(word: re.Match[str]) -> str:
    """Return a long word with the places where it may be broken: after the signs of addresses, or anywhere."""
    return BREAK.join(_PIECE.findall(word[0]))


_PIECE: Final = re.compile(rf"[/._?&=-]+|[^/._?&=-]{{1,{RUN}}}[/._?&=-]*[,;:!)»]*")


def _address(cell: Cell, column: Column) -> str:
    """Return where *cell* leads on the web; empty: nowhere."""
    leads = column.kind is Kind.ADDRESS and isinstance(cell, str) and cell.startswith(("https://", "http://"))
    return plain(str(cell)) if leads else ""


def _drawable(svg: str) -> str:
    """Return *svg* with characters and a font that are there on every machine."""
    return _FONT.sub('font-family="Libertinus Serif"', shown(svg))


_FONT: Final = re.compile(r'font-family="[^"]*"')


def _figures(sections: Sequence[Section]) -> Iterator[Figure]:
    for section in sections:
        yield from (block for block in section.blocks if isinstance(block, Figure))
        yield from _figures(section.sections)
