"""A report as PDF/UA-1: what it says, how it is tagged, and that nothing from outside harms it."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.config import Language
from monitor.report.document import Document, Paragraph, Section, Table
from monitor.report.printing import printed
from monitor.report.rendering.glyphs import RANGES, has, shown
from monitor.report.rendering.pdf import NoTypstError, pdf, present
from monitor.wording import words
from tests.fixtures.documents import COLUMNS, HOSTILE, SERVICES, document, hostile
from tests.fixtures.documents import SOURCES as ADDRESSES

if TYPE_CHECKING:
    from pathlib import Path

POPPLER = pytest.mark.real("poppler")
FRENCH = words("monitor.report", Language.FRENCH)


def written(made: Document) -> bytes:
    return pdf(made, words("monitor.report", made.language))


def asked(program: str, *options: str, content: bytes, place: Path) -> str:
    """Return what *program* says of *content*."""
    path = place / "report.pdf"
    path.write_bytes(content)
    arguments = [str(path), "-"] if program == "pdftotext" else [str(path)]
    said = subprocess.run([program, *options, *arguments], check=True, capture_output=True).stdout
    return re.sub("[\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]", " ", said.decode(errors="replace"))


def long() -> Document:
    """Return a document with a table of 200 services."""
    rows = tuple((f"Service {number}", Decimal(number), None) for number in range(200))
    return replace(document(), sections=(Section("all", "Tous", (replace(SERVICES, rows=rows),)),))


def broad() -> Document:
    """Return a document with a table of 12 columns of long numbers."""
    columns = (COLUMNS[0], *(replace(COLUMNS[1], key=f"energy_{number}_kwh") for number in range(11)))
    rows = tuple((f"Service {number}", *(Decimal("1234567.8") + number,) * 11) for number in range(40))
    table = Table("broad", "Douze colonnes", columns, rows)
    return replace(document(), sections=(Section("all", "Large", (Paragraph("Avant."), table, Paragraph("Après."))),))


def test_the_same_document_gives_the_same_bytes() -> None:
    assert written(document()) == written(document())


@POPPLER
@pytest.mark.parametrize("language", Language)
def test_it_is_tagged_and_has_a_language_a_title_and_the_date_of_the_data(language: Language, tmp_path: Path) -> None:
    content = written(document(language))
    said = asked("pdfinfo", "-isodates", content=content, place=tmp_path)
    facts = {name: value.strip() for name, _, value in (line.partition(":") for line in said.splitlines())}
    assert facts["Tagged"] == "yes"
    assert facts["Title"] == "Bilan d'impact de l'IA en 2026 \N{EN DASH} Ville de Sainte-Énergie"
    assert facts["CreationDate"] == facts["ModDate"] == "2027-01-01T00:00:00Z"
    assert f"/Lang({language.value}".encode() in content.replace(b" ", b"")


@POPPLER
def test_it_declares_pdf_ua_and_its_tables_have_headings(tmp_path: Path) -> None:
    content = written(document())
    assert "<pdfuaid:part>1</pdfuaid:part>" in asked("pdfinfo", "-meta", content=content, place=tmp_path)
    tags = asked("pdfinfo", "-struct-text", content=content, place=tmp_path)
    for tag in ("H1", "H2", "TOC", "Table", "Caption", "THead", "TH", "TD", "Figure", "L (block)", "Link"):
        assert tag in tags, tag
    assert "/Scope /Column" in tags


@POPPLER
def test_all_that_is_printed_in_tables_is_in_its_text(tmp_path: Path) -> None:
    text = asked("pdftotext", "-layout", content=written(document()), place=tmp_path)
    for table in document().tables():
        for row in (*table.rows, *([table.total] if table.total else ())):
            for cell, column in zip(row, table.columns, strict=True):
                said = printed(cell, column, FRENCH).replace("\N{NARROW NO-BREAK SPACE}", " ")
                assert said in text, said


@POPPLER
def test_its_fonts_are_inside_and_are_those_that_come_with_typst(tmp_path: Path) -> None:
    lines = asked("pdffonts", content=written(document()), place=tmp_path).splitlines()[2:]
    assert lines
    for line in lines:
        assert "Libertinus" in line
        assert line.split()[-5] == "yes", line


@pytest.mark.real("qpdf")
@pytest.mark.parametrize("made", [document, hostile, long, broad])
def test_its_syntax_is_sound(made: object, tmp_path: Path) -> None:
    assert callable(made)
    path = tmp_path / "report.pdf"
    path.write_bytes(written(made()))
    said = subprocess.run(["qpdf", "--check", path], check=True, capture_output=True, text=True)
    assert "No syntax or stream encoding errors" in said.stdout


@POPPLER
def test_names_from_outside_are_printed_as_they_are(tmp_path: Path) -> None:
    text = asked("pdftotext", "-layout", content=written(hostile()), place=tmp_path)
    for name in (HOSTILE[0], HOSTILE[1], HOSTILE[2], "two lines and a tab", HOSTILE[7]):
        assert name in text
    assert "[U+1F916] robot" in text
    assert "\u202e" not in text


@POPPLER
def test_a_long_table_has_its_headings_on_each_page(tmp_path: Path) -> None:
    text = asked("pdftotext", "-layout", content=written(long()), place=tmp_path)
    pages = text.split("\f")
    with_rows = [page for page in pages if "Service 1" in page or "Service 5" in page]
    assert len(with_rows) > 2
    assert all("Énergie (kWh)" in page for page in with_rows)


@POPPLER
@pytest.mark.parametrize("lines", range(28, 44, 3))
def test_the_title_of_a_long_table_is_on_the_page_of_its_first_lines(lines: int, tmp_path: Path) -> None:
    (section,) = long().sections
    before = tuple(Paragraph(f"Ligne {number}.") for number in range(lines))
    made = replace(long(), sections=(replace(section, blocks=(*before, *section.blocks)),))
    pages = asked("pdftotext", "-layout", content=written(made), place=tmp_path).split("\f")
    (page,) = (page for page in pages if SERVICES.title in page)
    assert "Service 0" in page


@POPPLER
def test_a_broad_table_lies_on_its_side_and_loses_no_digit(tmp_path: Path) -> None:
    content = written(broad())
    sizes = asked("pdfinfo", "-l", "99", content=content, place=tmp_path)
    assert "841.89 x 595.276" in sizes
    assert "595.276 x 841.89" in sizes
    text = asked("pdftotext", "-layout", content=content, place=tmp_path)
    assert text.count("1 234 572,8") == 11


@POPPLER
def test_an_address_is_broken_after_its_signs_and_links_to_the_whole(tmp_path: Path) -> None:
    address = "https://example.org/a-rather-long-place/where-it-is-found?" + "a=1&" * 40
    columns = tuple(replace(ADDRESSES.columns[2], key=f"address_{number}") for number in range(5))
    table = replace(ADDRESSES, columns=columns, rows=((address,) * 5,))
    content = written(replace(document(), sections=(Section("all", "Tous", (table,)),)))
    text = asked("pdftotext", "-layout", content=content, place=tmp_path)
    assert re.search(r"https://example[\w./-]*[./-]\s", text)
    assert address in asked("pdfinfo", "-url", content=content, place=tmp_path)


def test_each_character_that_is_let_through_can_be_printed_plain_and_bold() -> None:
    letters = [chr(number) for first, last in RANGES for number in range(first, last + 1)]
    blocks = tuple(Paragraph(" ".join(letters[start : start + 200])) for start in range(0, len(letters), 200))
    headings = tuple(
        Section(f"s{place}", " ".join(letters[start : start + 90]))
        for place, start in enumerate(range(0, len(letters), 90))
    )
    made = replace(document(), sections=(Section("all", "Tout", blocks, headings),))
    assert written(made).startswith(b"%PDF")


def test_a_character_that_no_font_has_is_printed_as_its_number() -> None:
    assert shown("e\N{COMBINING ACUTE ACCENT}té \N{ROBOT FACE} \u4e2d") == "été [U+1F916] [U+4E2D]"
    assert not has("\N{ROBOT FACE}")


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=80))
def test_no_name_keeps_it_from_being_written(name: str) -> None:
    made = replace(document(), title=name, sections=(Section("all", name or "x", (Paragraph(name),)),))
    assert written(made).startswith(b"%PDF")


def test_without_typst_it_says_how_to_bring_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    assert not present()
    with pytest.raises(NoTypstError, match=r"pip install 'empreinte\[report\]'"):
        written(document())
