import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.cli.event_lines import EventLines, name_of
from monitor.cli.speech import Speech
from monitor.config import Language
from monitor.core.cloudevent import names, told
from monitor.core.events import ImpactAccounted
from monitor.core.reconciliation import Disagreement
from tests.unit.core.test_cloudevent import AT, IMPACTS, SAID

EVENTS: list[dict[str, Any]] = [
    json.loads(made.as_json())
    for event in (*SAID, ImpactAccounted(at=AT, impacts=IMPACTS))
    if (made := told(event, "/ia-01")) is not None
]


def line(event: dict[str, Any], language: Language = Language.ENGLISH) -> str:
    return EventLines(Speech(language, ZoneInfo("Europe/Paris"))).of(event).replace("\N{NO-BREAK SPACE}", " ")


def of(name: str) -> dict[str, Any]:
    return next(event for event in EVENTS if name_of(event) == name)


def test_a_gap_is_told_in_the_words_of_the_page() -> None:
    assert line(of("gap_found")).startswith("on 2026-11-24 at 23:00:01  ")
    assert "was not measured for 1 min 30 s" in line(of("gap_found"))
    assert line(of("service_appeared")).endswith("  Assistant is here")
    assert line(of("service_appeared"), Language.FRENCH).endswith("  Assistant est là")


@pytest.mark.parametrize("why", list(Disagreement))
def test_why_meters_disagree_is_told_in_words_and_what_is_unknown_as_it_is(why: Disagreement) -> None:
    event = of("meters_disagreed")
    said = {line({**event, "data": {**event["data"], "why": why.value}}, language) for language in Language}
    assert len(said) == len(Language)
    assert not [one for one in said if why.value in one]
    assert "(of_late)" in line({**event, "data": {**event["data"], "why": "of_late"}})


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("name", names())
def test_every_event_has_a_sentence_of_one_line_in_every_language(name: str, language: Language) -> None:
    said = line(of(name), language)
    assert name not in said
    assert "{" not in said
    assert "\n" not in said


def test_an_event_of_another_version_is_told_by_its_name() -> None:
    event = {"type": "eu.empreinte.clause_evaluated.v1", "subject": "assistant", "time": "then", "data": {}}
    assert line(event) == "then  clause_evaluated assistant"
    assert line({**of("gap_found"), "data": {}}).endswith("  gap_found package")
