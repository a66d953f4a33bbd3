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
from monitor.core.activity import Authority, Unit
from monitor.core.entries import ServiceFacts
from monitor.core.external import ExternalFigures
from monitor.core.functional import Said
from monitor.core.impact import Indicator, Role
from monitor.core.units import Energy
from monitor.web.impacts import WATER
from monitor.web.page import Pages
from monitor.web.status import status_of
from monitor.wording import words
from tests.fixtures.impacts import TERMS, YEARLY
from tests.fixtures.snapshots import ABOUT, at_work, in_trouble, just_started, without_a_zone

if TYPE_CHECKING:
    from monitor.exposition.snapshot import Snapshot

STATES = {"work": at_work(), "start": just_started(), "trouble": in_trouble(), "no-zone": without_a_zone()}
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
    "templates/impacts.html",
    "templates/units.html",
    "templates/bought.html",
    "templates/budgets.html",
    "templates/contracts.html",
    "templates/parts.html",
    "bought.py",
    "budgets.py",
    "contracts.py",
    "cards.py",
    "page.py",
    "voice.py",
    "quantities.py",
)
BY_NAME = {
    "budgets",
    "card",
    "caution",
    "cause",
    "contracts",
    "cure",
    "cycle",
    "explained",
    "external",
    "factor_unit",
    "factors",
    "how",
    "indicator",
    "indicator_note",
    "method",
    "name",
    "notice",
    "per",
    "period",
    "provider",
    "resource",
    "role",
    "sources",
    "unknown_of",
    "why",
}
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
    assert all(header.get("scope") in {"col", "row", "rowgroup"} for header in outline.all("th"))


@EVERY
def test_there_is_no_script_no_style_in_it_and_nothing_from_elsewhere(snapshot: Snapshot, language: Language) -> None:
    outline = Outline(page(snapshot, language))
    assert outline.all("script", "style", "iframe", "img", "object", "form") == []
    for tag, attributes in outline.elements:
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        if re.match(r"[a-z]+:|//", attributes.get("href") or ""):
            # the sources of factors are led to, and nothing of them is loaded
            assert (tag, attributes.get("rel")) == ("a", "external noreferrer")
            assert (attributes["href"] or "").startswith("https://")


def test_figures_are_there_with_their_method_and_coverage() -> None:
    said = text(page(at_work(), Language.FRENCH))
    assert "Puissance Maintenant 460 W Obtenu par compteur." in said
    assert "Électricité Cette année 1,92 MWh Obtenu par compteur (96,0 %) et modèle" in said
    assert "Ce mois 207 kWh Aujourd'hui 7,75 kWh" in said
    assert "207 kWh Obtenu par compteur. Mesuré pendant 99,6 % du temps écoulé." in said
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


def test_three_numbers_come_first_and_the_emissions_with_their_interval() -> None:
    said = text(page(at_work(), Language.FRENCH))
    emissions = (
        "Gaz à effet de serre Cette année 192 kg CO₂e entre 133 kg et 262 kg"
        " Connu pour 94,0 % de l'énergie : le reste date d'avant la configuration de la zone."
        " Ce mois 22,0 kg CO₂e Aujourd'hui 825 g CO₂e"
    )
    water = "Eau Cette année 10,0 m³ Consommée sur le site et pour produire l'électricité. Ce mois 1,15 m³"
    places = [
        said.find(card) for card in ("Électricité Cette année 1,92 MWh", emissions, water, "Puissance Maintenant")
    ]
    assert -1 < places[0] < places[1] < places[2] < places[3] < said.find("La dernière heure")


def test_each_service_says_what_it_emits_with_its_interval() -> None:
    said = text("<body>" + page(at_work()).partition(">Who emits<")[2])
    assert (
        "Assistant rédactionnel 401 g CO₂e between 276 g and 536 g 10.7 kg CO₂e between 7.37 kg and 14.3 kg"
        " 93.2 kg CO₂e between 64.3 kg and 125 kg 48.5%" in said
    )
    assert "All together 825 g CO₂e between 573 g and 1.12 kg" in said


def test_each_service_that_tells_what_it_did_says_what_a_unit_of_it_took() -> None:
    document = page(at_work())
    said = text("<body>" + document.partition(">What a unit of work takes<")[2].partition("</section>")[0])
    assert (
        "Assistant rédactionnel per 1,000 output tokens · 40.0% of its energy to be ready"
        " 1.85 Wh 0.19 g CO₂e 1.85 Wh 0.19 g CO₂e Transcription" in said
    )
    assert "Transcription du conseil municipal per minute of audio" in said
    assert "Recherche documentaire per 1,000 input tokens" in said
    assert said.endswith("40.0 mWh 4.12 mg CO₂e 40.0 mWh 4.12 mg CO₂e")
    assert "ollama" not in said
    french = text("<body>" + page(at_work(), Language.FRENCH).partition(">Ce que demande une unité de service<")[2])
    assert "pour 1 000 jetons produits · 40,0 % de son énergie en attente" in french


def test_figures_of_work_that_ask_for_a_look_say_so() -> None:
    tokens = {("assistant", "", Unit.OUTPUT_TOKENS, "year"): 1000, ("assistant", "", Unit.ENERGY, "year"): 3_600_000}
    said = {("assistant", Authority.EVENTS, Unit.OUTPUT_TOKENS, "year"): Said(1000)}
    beside = {("assistant", Authority.SERVER, Unit.OUTPUT_TOKENS, "year"): Said(0, 900)}
    shown = text(page(replace(at_work(), period_activity=tokens, period_said={**said, **beside})))
    assert "Far from the figures that others published (0.01 to 5 Wh): worth a look." in shown
    assert "What another source counted differs by more than 5%. unknown" in shown


def test_work_of_unknown_energy_says_so() -> None:
    counted = {("assistant", "", Unit.REQUESTS, "month"): 7}
    said = text(page(replace(at_work(), period_activity=counted)))
    assert "Assistant rédactionnel per request · 40.0% of its energy to be ready unknown : What it took" in said
    assert "What a unit of work takes" not in text(page(just_started()))


def test_without_a_zone_a_unit_of_work_has_energy_alone() -> None:
    said = text(
        "<body>" + page(without_a_zone()).partition(">What a unit of work takes<")[2].partition("</section>")[0]
    )
    assert "1.85 Wh 1.85 Wh" in said


def test_every_indicator_that_is_known_is_in_the_table_and_the_bought_electricity_is_for_information() -> None:
    said = text("<body>" + page(at_work(), Language.FRENCH).partition(">Tous les indicateurs<")[2])
    for line in (
        "Électricité, local compris Avec refroidissement et alimentation (PUE). 10,9 kWh 290 kWh 2,53 MWh",
        "Utilisation, selon l'électricité achetée Pour information (méthode fondée sur le marché). 130 g CO₂e",
        "Eau du site 3,10 L 82,7 L 722 L",
        "Énergie primaire De l'électricité, local compris. 20,6 kWh 550 kWh 4,80 MWh",
        "9,06 mg Sb éq. entre 8,80 mg et 9,33 mg",
        "Local compris, au tarif configuré. 2,19 € 58,36 € 509,43 €",
        "Énergie dont les impacts sont connus 100 % 100 % 94,0 %",
    ):
        assert line in said


def test_what_is_not_known_is_no_line_but_a_cure() -> None:
    known = {
        key: bounds for key, bounds in at_work().period_impacts.items() if key[1] not in {Indicator.COST, *WATER[1:]}
    }
    applied = tuple(one for one in TERMS.applied if one.role not in {Role.PRICE, Role.WUE})
    said = text(
        page(replace(at_work(), period_impacts=known, terms=replace(TERMS, applied=applied), budgets=(), contracts=()))
    )
    assert "€" not in said.partition("The factors applied now")[0]
    assert "Water of the site 3" not in said
    assert "The cost Give your tariff: [[tariff]]." in said
    assert "Water of the site (WUE) Give wue in [host], or the kind of the site in [[site]]." in said
    assert "Where the electricity is generated; that of the site is unknown." in said


def test_without_a_zone_impacts_are_unknown_with_the_cure_and_no_figure_of_them_is_there() -> None:
    for language in Language:
        said = text(page(replace(without_a_zone(), external=ExternalFigures(), budgets=(), contracts=()), language))
        assert not re.search(r"\d\s*(g|kg|t) CO₂e|\d\s*(m³|L\b)|€", said)
        assert 'zone = "FR"' in said
        assert words("monitor.web", language).say("factors.none") in said
        assert re.search(r"1[,.]92\sMWh", said)


def test_a_zone_that_was_just_set_has_nothing_reckoned_yet() -> None:
    said = text(page(replace(without_a_zone(), terms=TERMS)))
    assert "Greenhouse gases This year unknown Nothing of this period was reckoned yet." in said
    assert "Water This year unknown Nothing of this period was reckoned yet." in said


def test_emissions_of_the_electricity_alone_say_so() -> None:
    bare = replace(TERMS, assets=())
    assert "Of the electricity alone: making the hardware is unknown." in text(page(replace(at_work(), terms=bare)))
    assert "making the hardware is unknown" not in text(page(at_work()))


def test_each_factor_is_there_with_its_value_year_source_and_choice() -> None:
    document = page(at_work(), Language.FRENCH)
    said = text("<body>" + document.partition(">Les facteurs appliqués maintenant<")[2])
    assert (
        "Électricité, niveau annuel 51,9 g CO₂e/kWh entre 31 et 58 2024 ADEME, Base Empreinte, electricity 2024,"
        " average mix, consumption electricity/FR/ademe/2024 D'une année antérieure." in said
    )
    assert "0,04858 mg Sb éq./kWh entre 0,02429 et 0,07287 2011" in said
    assert "D'une année antérieure, autre source que celle préférée." in said
    assert (
        "PUE du site 1,4 - stated in /etc/empreinte/empreinte.toml configured/host.pue Déclaré dans la configuration."
        in said
    )
    assert "NVIDIA H100, GPU 0 273 kg CO₂e entre 164 et 575 5 ans" in said
    assert '<a href="https://base-empreinte.ademe.fr/" rel="external noreferrer"><span lang="en">ADEME' in document


def test_an_address_that_is_no_page_is_not_led_to() -> None:
    (first, *_) = TERMS.applied
    bad = replace(first, factor=replace(first.factor, address="javascript:alert(1)"))
    assert "javascript" not in page(replace(at_work(), terms=replace(TERMS, applied=(bad,))))


def test_the_live_intensity_is_told_with_its_age_and_a_silent_source_is_told_too() -> None:
    said = text(page(at_work()))
    assert "At the moment a kilowatt-hour counts for 43.1 g CO₂e/kWh (grid FR, before the PUE)." in said
    assert (
        "Live, RTE tells 18.0 g CO₂e/kWh (combustion only), which held until 22:45, 15 min 5 s ago."
        " It is an estimate, which the provider will revise." in said
    )
    assert "does not answer" not in said
    live = at_work().intensity
    assert live is not None
    ahead = replace(live, start=live.start + 2 * live.length.nanoseconds, estimated=False)
    said = text(page(replace(at_work(), intensity=ahead)))
    assert "which holds until 23:15." in said
    assert "It is an estimate" not in said
    silent = replace(at_work(), terms=replace(YEARLY, filled=True), intensity=None)
    assert "The live source does not answer: the yearly level stands in" in text(page(silent))


def test_a_factor_that_is_missing_is_named_and_no_zone_is_asked_for() -> None:
    lacking = replace(without_a_zone(), terms_fault="there is no electricity factor of PL: give one")
    said = text(page(lacking))
    assert "There is no electricity factor of PL: give one." in said
    assert "on which electricity grid the machine is" not in said
    assert "on which electricity grid the machine is" in text(page(without_a_zone()))


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
