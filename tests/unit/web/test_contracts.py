"""The table of clauses on the status page."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from monitor.config import Language
from monitor.core.calendar import named_period
from monitor.core.contracts import METRICS, Measured, Operator, Reason, Span, Verdict, Window, evaluate
from monitor.web.contracts import Line, line_of, lines_of, metric_name
from monitor.web.page import Pages
from monitor.web.quantities import Quantities
from monitor.web.status import status_of
from monitor.web.voice import Voice
from monitor.wording import words
from tests.fixtures.contracts import CONTRACT, clause, figure
from tests.fixtures.snapshots import ABOUT, at_work, just_started

PARIS = ZoneInfo("Europe/Paris")
LANGUAGES = pytest.mark.parametrize("language", list(Language))


def spoken(language: Language) -> tuple[Voice, Quantities]:
    said = words("monitor.web", language)
    write = Quantities(said, PARIS)
    return Voice(said, write), write


def lines(language: Language = Language.ENGLISH) -> tuple[Line, ...]:
    return lines_of(status_of(at_work()), *spoken(language))


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_each_clause_says_what_was_agreed_what_is_known_and_what_is_shown() -> None:
    energy, carbon, idle, water = lines()
    assert (energy.name, energy.about) == (
        "Au plus 3 Wh pour 1 000 jetons produits",
        "energy per 1,000 output tokens",
    )
    assert (energy.facts, plain(energy.limit)) == ("CCTP art. 4.2 · this month", "at most 3.00 Wh")
    assert (plain(energy.value), plain(energy.between)) == ("1.22 Wh", "between 1.10 Wh and 1.34 Wh")
    assert (carbon.name, plain(carbon.limit), carbon.verdict) == (
        carbon.about,
        "at most 40.0 kg CO₂e",
        Verdict.BREACHED,
    )
    assert (idle.coverage, idle.why) == (
        "99.1%",
        ("The limit lies within the range: surer meters or factors, or a longer window, may decide.",),
    )
    assert (water.value, water.coverage, water.why) == ("", "", ("Avenant n°1",))


@LANGUAGES
def test_each_metric_operator_window_verdict_and_reason_has_words(language: Language) -> None:
    voice, write = spoken(language)
    names = [metric_name(metric, voice) for metric in METRICS.values()]
    assert len(set(names)) == len(METRICS)
    said = words("monitor.web", language).sentences
    keys = (
        *(f"measured.{one}" for one in Measured),
        *(f"operator.{one.name.lower()}" for one in Operator),
        *(f"reason.{one}" for one in Reason),
        *(f"verdict.{one}" for one in Verdict),
        *(f"period.{one}" for one in Window),
        *(f"period.previous_{one}" for one in Window if one is not Window.CONTRACT),
    )
    assert [key for key in keys if f"contracts.{key}" not in said] == []
    for name in METRICS:
        one = evaluate(
            CONTRACT, clause("c", name, "3"), Span("month", named_period("2026-03", 0, PARIS), 1 << 61), figure(1, 2, 3)
        )
        assert line_of(one, voice, write).value, name


def test_a_window_that_somebody_asked_for_is_told_by_its_days() -> None:
    march = Span("2026-03-01", named_period("2026-03", 0, PARIS), 1 << 61)
    line = line_of(evaluate(CONTRACT, clause(), march, Reason.NO_DATA), *spoken(Language.ENGLISH))
    assert line.facts == "2026-03-01 to 2026-03-31"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (Language.ENGLISH, ("Clauses of contracts", "breached", "put aside", "at most")),
        (Language.FRENCH, ("Les clauses des marchés", "non respectée", "écartée", "au plus")),
    ],
)
def test_the_page_shows_them_in_each_language(language: Language, said: tuple[str, ...]) -> None:
    shown = Pages(ABOUT, PARIS, "1").status(status_of(at_work()), language, stale=False)
    assert [one for one in said if one not in shown] == []


def test_without_contracts_the_page_has_no_such_table() -> None:
    shown = Pages(ABOUT, PARIS, "1").status(status_of(just_started()), Language.ENGLISH, stale=False)
    assert 'id="contracts"' not in shown
