from __future__ import annotations

import html
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from monitor.config import Language
from monitor.core.entries import ServiceFacts
from monitor.core.units import Energy
from monitor.web.page import Pages
from monitor.web.status import status_of
from monitor.wording import words
from tests.fixtures.snapshots import ABOUT, at_work, in_trouble, just_started

if TYPE_CHECKING:
    from monitor.exposition.snapshot import Snapshot

STATES = {"work": at_work(), "start": just_started(), "trouble": in_trouble()}
EVERY = pytest.mark.parametrize(
    ("snapshot", "language"),
    [(snapshot, language) for snapshot in STATES.values() for language in Language],
    ids=[f"{name}-{language}" for name in STATES for language in Language],
)
VOID = {"meta", "link", "br", "path", "rect"}
SPEAKING = (
    "templates/frame.html",
    "templates/notice.html",
    "templates/status.html",
    "page.py",
    "voice.py",
    "quantities.py",
)
BY_NAME = {"cause", "explained", "method", "name", "notice", "period", "resource", "sources", "why"}
"""Tables from which a sentence is taken by a name that is known only when it is said."""
LANDMARKS = ("header", "nav", "main", "footer")


def page(
    snapshot: Snapshot, language: Language = Language.ENGLISH, *, stale: bool = False, simulated: bool = False
) -> str:
    pages = Pages(replace(ABOUT, simulated=simulated), ZoneInfo("Europe/Paris"), "0")
    return pages.status(status_of(snapshot), language, stale=stale)


def text(document: str) -> str:
    """Return what a reader reads; every kind of space is one."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", document.partition("<body>")[2])).split())


class Outline(HTMLParser):
    """The elements of a document, checked to be closed in order."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(document)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


@EVERY
def test_the_document_is_well_formed_and_its_references_lead_somewhere(snapshot: Snapshot, language: Language) -> None:
    outline = Outline(page(snapshot, language, stale=True, simulated=True))
    ids = [attributes["id"] for _, attributes in outline.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    for _, attributes in outline.elements:
        for name in ("aria-labelledby", "aria-describedby"):
            assert name not in attributes or attributes[name] in ids
        href = attributes.get("href") or ""
        assert not href.startswith("#") or href[1:] in ids


@EVERY
def test_it_has_landmarks_one_title_and_headings_in_order(snapshot: Snapshot, language: Language) -> None:
    outline = Outline(page(snapshot, language))
    assert [len(outline.all(tag)) for tag in LANDMARKS] == [1] * len(LANDMARKS)
    levels = [int(tag[1]) for tag, _ in outline.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip([0, *levels], levels, strict=False))
    assert outline.all("html") == [{"lang": language.value}]
    assert outline.all("a")[0] == {"class": "skip", "href": "#content"}


@EVERY
def test_every_table_has_a_caption_and_scopes(snapshot: Snapshot, language: Language) -> None:
    outline = Outline(page(snapshot, language))
    assert len(outline.all("caption")) == len(outline.all("table"))
    assert all(header.get("scope") in {"col", "row"} for header in outline.all("th"))


@EVERY
def test_there_is_no_script_no_style_in_it_and_nothing_from_elsewhere(snapshot: Snapshot, language: Language) -> None:
    outline = Outline(page(snapshot, language))
    assert outline.all("script", "style", "iframe", "img", "object", "form") == []
    for _, attributes in outline.elements:
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        assert not re.match(r"[a-z]+:|//", attributes.get("href") or "")


def test_figures_are_there_with_their_method_and_coverage() -> None:
    said = text(page(at_work(), Language.FRENCH))
    assert "Maintenant 460 W Obtenu par compteur." in said
    assert "Ce mois 207 kWh Obtenu par compteur. Mesuré pendant 99,6 % du temps écoulé." in said
    assert "Obtenu par compteur (96,0 %) et modèle" in said
    assert "mémoire et reste de la machine" in said


def test_a_row_has_all_that_is_known_of_a_service() -> None:
    row = text("<body>" + page(at_work()).partition("Assistant rédactionnel")[2].partition("</tr>")[0])
    assert row == ("Communication · vllm · contract 2026-DSI-042 231 W 3.89 kWh 104 kWh 963 kWh 50.1%")
    assert "not running" in text(page(at_work()))


def test_each_pseudo_service_is_explained() -> None:
    said = text(page(at_work()))
    for key in ("_other", "_monitor", "_idle", "_unattributed"):
        spoken = words("monitor.web", Language.ENGLISH)
        assert f"{spoken.say(f'name.{key}')} {spoken.say(f'explained.{key}')}" in said


@pytest.mark.parametrize("language", Language)
def test_what_is_unknown_says_so_with_the_reason_and_is_never_zero(language: Language) -> None:
    said = text(page(just_started(), language))
    assert not re.search(r"\b0\s(W|Wh|kWh|%)", said)
    assert said.count("inconnu" if language is Language.FRENCH else "unknown") >= 4 + 5 * 5
    reasons = ("no_power", "no_period")
    assert all(words("monitor.web", language).say(f"reason.{reason}") in said for reason in reasons)


def test_trouble_is_told_with_its_reason_and_its_cure() -> None:
    said = text(page(in_trouble(), stale=True))
    assert "Nothing is being recorded at the moment" in said
    assert "free space in /var/lib/empreinte" in said
    assert "These figures are old" in said
    assert "rapl forbidden" in said
    assert "Cure: Give the daemon CAP_DAC_READ_SEARCH" in said
    assert "Last read on 2026-11-24 at 22:45:05." in said
    assert "Obtained by model" in said


def test_sentences_in_english_are_marked_as_such_on_a_french_page() -> None:
    assert '<span lang="en">No power sensor of a whole machine' in page(in_trouble(), Language.FRENCH)
    assert '<span lang="en">' not in page(in_trouble(), Language.ENGLISH)


def test_the_chart_has_an_alternative_in_words_and_in_figures() -> None:
    document = page(at_work())
    assert 'role="img"' in document
    said = text(document)
    assert "From 22:00 to 23:00: between 180 W and 380 W, 273 W on average. 5 minutes were not measured." in said
    assert len(re.findall(r'<th scope="row">\d\d:\d\d</th>', document)) == 55
    assert "No whole minute was measured yet." in text(page(just_started()))


def test_gaps_are_told_by_cause_the_longest_first() -> None:
    said = text(page(at_work()))
    assert "daemon not running 2 h 3 min reboot of the machine 1 min 35 s" in said
    assert "Nothing is missing" in text(page(replace(at_work(), gaps={})))
    assert "Unknown: the ledger was not written yet." in text(page(just_started()))


def test_a_simulated_host_is_called_one() -> None:
    assert "simulated" in text(page(at_work(), simulated=True))
    assert "simulated" not in text(page(at_work()))


def test_a_conservation_error_is_called_a_defect() -> None:
    assert "Defect of the program" in text(page(replace(at_work(), conservation_error=Energy(1))))
    assert "Defect" not in text(page(at_work()))


def test_names_from_outside_stay_text() -> None:
    facts = ServiceFacts("ocr", '<b onclick="x">', department="{{ 7*7 }}")
    document = page(replace(at_work(), services={"ocr": facts}))
    assert "&lt;b onclick=&#34;x&#34;&gt;" in document
    assert "{{ 7*7 }}" in document


def test_nothing_is_said_of_impacts_that_are_not_known() -> None:
    for language in Language:
        assert not re.search(r"co2|carbon|eau|water", text(page(at_work(), language)), re.IGNORECASE)


@pytest.mark.parametrize("what", ["starting", "missing", "method"])
def test_a_notice_says_what_is_the_matter_and_leads_on(what: str) -> None:
    for language in Language:
        document = Pages(ABOUT, ZoneInfo("UTC"), "0").notice(what, language, root="../", path="/a/<b>")
        outline = Outline(document)
        assert len(outline.all("h1")) == 1
        assert {"href": f"../?lang={language.value}"} in outline.all("a")
        assert "<b>" not in document


def test_both_languages_say_the_same_things_and_all_of_them_are_used() -> None:
    french, english = (words("monitor.web", language).sentences for language in Language)
    assert list(french) == list(english)
    for key, sentence in french.items():
        assert set(re.findall(r"{(\w+)}", sentence)) == set(re.findall(r"{(\w+)}", english[key])), key
    source = "".join((files("monitor.web") / part).read_text(encoding="utf-8") for part in SPEAKING)
    assert [key for key in french if key not in source and key.partition(".")[0] not in BY_NAME] == []


def luminance(colour: str) -> float:
    """Source: WCAG 2.2, relative luminance."""
    digits = colour.lstrip("#")
    digits = digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
    linear = []
    for place in (0, 2, 4):
        part = int(digits[place : place + 2], 16) / 255
        linear.append(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_what_it_is_on(scheme: int) -> None:
    sheet = (files("monitor.web") / "static/style.css").read_text(encoding="utf-8")
    block = re.findall(r":root {(.*?)}", sheet, re.DOTALL)[scheme]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+);", block))
    on = {
        "page": ("ink", "quiet", "accent", "bad"),
        "surface": ("ink", "quiet", "accent"),
        "bad-wash": ("ink", "bad"),
        "note-wash": ("ink",),
    }
    for ground, inks in on.items():
        for ink in inks:
            low, high = sorted((luminance(colours[ground]), luminance(colours[ink])))
            assert (high + 0.05) / (low + 0.05) >= 4.5, f"{ink} on {ground}"
