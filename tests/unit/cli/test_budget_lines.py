"""What `empreinte status` says of budgets."""

from zoneinfo import ZoneInfo

import pytest

from monitor.cli.budget_lines import budget_lines
from monitor.cli.overview import as_json, page, told_by_daemon, told_by_ledger
from monitor.cli.speech import Speech
from monitor.cli.terminal import Terminal
from monitor.config import Language
from monitor.core.calendar import utc
from monitor.core.figures import Figures
from monitor.web.api import as_json as status_as_json
from monitor.web.budget_api import budget_told
from monitor.web.status import status_of
from tests.fixtures.snapshots import ABOUT, at_work, just_started

WIDE = Terminal(200, colours=False)
TOLD = [budget_told(one) for one in at_work().budgets]


def lines(language: Language) -> list[str]:
    made = budget_lines(TOLD, Speech(language, ZoneInfo("Europe/Paris")), WIDE)
    return [line.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ") for line in made]


def test_each_budget_has_a_line() -> None:
    assert lines(Language.ENGLISH) == [
        "",
        "Budgets",
        "Toute l'IA: 73.9% of 2600 kWh used by now, 78.1% at the end (73.5% to 82.7%); it lasts.",
        "Assistant: 98.1% of 95 kgCO2e used by now, 107.9% at the end (74.4% to 144.5%); used up 2026-12-01.",
        "Communication: 104.5% of 28 EUR used by now; exceeded since 2026-11-22.",
        "Eau (1 m3): what is used is unknown.",
    ]


def test_they_are_told_in_french_too() -> None:
    assert (
        lines(Language.FRENCH)[4]
        == "Communication : 104,5 % de 28 EUR consommés à ce jour ; dépassé depuis le 22/11/2026."
    )


@pytest.mark.parametrize("language", list(Language))
def test_the_status_ends_with_them_and_without_any_says_nothing(language: Language) -> None:
    speech = Speech(language, ZoneInfo("Europe/Paris"))
    with_them = page(told_by_daemon(status_as_json(status_of(at_work()), ABOUT, stale=False)), speech, WIDE)
    assert with_them.endswith("\n".join(budget_lines(TOLD, speech, WIDE)))
    without = page(told_by_daemon(status_as_json(status_of(just_started()), ABOUT, stale=False)), speech, WIDE)
    assert "Budgets" not in without


def test_where_no_daemon_answers_the_ledger_tells_the_same() -> None:
    view = told_by_ledger("ia-01", utc(0), Figures(), {}, simulated=False, budgets=at_work().budgets)
    assert as_json(view)["budgets"] == TOLD
