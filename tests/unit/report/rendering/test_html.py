"""A report as one page of HTML."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from monitor.config import Language
from monitor.report.document import Column, Section, Table
from monitor.report.rendering.html import page
from monitor.wording import words
from tests.fixtures.documents import COLUMNS, HOSTILE, document, hostile


class Read(HTMLParser):
    """What a page says, and of which elements it is made."""

    VOID = frozenset({"meta", "link", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.said: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def read(language: Language = Language.FRENCH) -> Read:
    return Read(page(document(language), words("monitor.report", language)).decode())


def test_every_element_is_closed_and_every_id_is_unique() -> None:
    found = read()
    assert not found.open
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_headings_go_down_without_a_step_left_out() -> None:
    levels = [int(tag[1]) for tag, _ in read().elements if tag in {"h1", "h2", "h3", "h4"}]
    assert levels == [1, 2, 2, 2, 3, 3]


@pytest.mark.parametrize("language", Language)
def test_the_language_is_told_and_numbers_are_written_as_it_does(language: Language) -> None:
    found = read(language)
    assert found.named("html") == [{"lang": language.value}]
    number = {Language.FRENCH: "1\u202f234,5", Language.ENGLISH: "1,234.5"}[language]
    assert number in found.said


def test_nothing_is_loaded_and_nothing_runs() -> None:
    found = read()
    assert not [tag for tag, _ in found.elements if tag in {"script", "link", "img", "iframe"}]
    assert all("src" not in attributes for _, attributes in found.elements)
    assert "@import" not in "".join(found.said)


def test_tables_have_headings_of_columns_and_rows_and_a_title() -> None:
    found = read()
    tables = len(found.named("table"))
    assert tables == len(found.named("caption")) == 3
    scopes = [attributes.get("scope") for attributes in found.named("th")]
    assert set(scopes) == {"col", "row"}


def test_a_drawing_has_a_text_that_says_the_same() -> None:
    drawings = [attributes for attributes in read().named("div") if attributes.get("role") == "img"]
    assert [one["aria-label"] for one in drawings] == ["Un histogramme : 80 kWh en janvier, rien de connu en février."]


def test_what_is_unknown_is_said_to_be() -> None:
    found = read()
    assert "inconnu" in found.said
    assert "—" in found.said


def test_names_from_outside_do_no_harm() -> None:
    text = page(hostile(), words("monitor.report", Language.FRENCH)).decode()
    found = Read(text)
    assert not found.named("script")
    assert not found.open
    assert "\u202e" not in "".join(found.said)
    assert "=1+1" in found.said
    assert HOSTILE[3] not in found.said[: found.said.index("=1+1")]


def test_the_same_document_gives_the_same_bytes() -> None:
    said = words("monitor.report", Language.FRENCH)
    assert page(document(), said) == page(document(), said)


def test_a_threshold_stands_in_one_line_and_the_title_of_a_section_is_cut() -> None:
    columns = (COLUMNS[0], Column("threshold", "Threshold", "What was agreed."))
    rows = (("a", "≤\N{NO-BREAK SPACE}12\N{NO-BREAK SPACE}kgCO2e"), ("b", "in words, that may be broken"))
    table = Table("clauses", "Clauses", columns, rows)
    made = replace(document(), sections=(Section("all", "x" * 10_000, (table,)),))
    text = page(made, words("monitor.report", Language.FRENCH)).decode()
    assert '<td class="brief">≤' in text
    assert "<td>in words" in text
    assert "x" * 1000 not in text
