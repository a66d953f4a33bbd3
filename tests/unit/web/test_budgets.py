"""The table of budgets on the status page."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from monitor.config import Language
from monitor.core.budgets import Measure, State
from monitor.web.budgets import INDICATORS, Line, lines_of
from monitor.web.page import Pages
from monitor.web.quantities import Quantities
from monitor.web.status import status_of
from monitor.web.voice import Voice
from monitor.wording import words
from tests.fixtures.snapshots import ABOUT, at_work, just_started

PARIS = ZoneInfo("Europe/Paris")


def lines(language: Language = Language.ENGLISH) -> tuple[Line, ...]:
    spoken = words("monitor.web", language)
    write = Quantities(spoken, PARIS)
    return lines_of(status_of(at_work()), Voice(spoken, write), write)


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def page(language: Language) -> str:
    return Pages(ABOUT, PARIS, "1").status(status_of(at_work()), language, stale=False)


def test_each_budget_says_what_is_used_and_how_it_will_end() -> None:
    whole, assistant, communication, missing = lines()
    assert [plain(one.limit) for one in (whole, assistant, communication, missing)] == [
        "2.60 MWh",
        "95.0 kg CO₂e",
        "€28.00",
        "1.00 m³",
    ]
    assert (whole.facts, whole.used, whole.coming) == ("all of this machine · this year", "73.9%", "78.1%")
    assert (whole.between, whole.spent) == ("between 73.5% and 82.7%", "not in this period")
    assert (assistant.facts, assistant.spent) == ("service assistant · this year", "2026-12-01")
    assert (communication.state, communication.used, communication.part) == (State.EXCEEDED, "104.5%", 1.0)
    assert (communication.coming, communication.between, communication.spent) == ("", "", "2026-11-22")
    assert (missing.used, missing.amount, missing.coming, missing.spent) == ("", "", "", "")


def test_every_measure_is_written_in_its_unit() -> None:
    assert INDICATORS.keys() == set(Measure)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (Language.ENGLISH, ("near its limit", "exceeded", "not in this period", "fewer than three whole days")),
        (Language.FRENCH, ("proche de la limite", "dépassé", "pas sur cette période", "moins de trois jours entiers")),
    ],
)
def test_the_page_shows_them_in_each_language(language: Language, said: tuple[str, ...]) -> None:
    shown = page(language)
    assert [one for one in said if one not in shown] == []
    assert "01/12/2026" in page(Language.FRENCH)


def test_without_budgets_the_page_has_no_such_table() -> None:
    shown = Pages(ABOUT, PARIS, "1").status(status_of(just_started()), Language.ENGLISH, stale=False)
    assert 'id="budgets"' not in shown
