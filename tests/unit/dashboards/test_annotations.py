"""Events as marks: what is said of each, in both languages, when it is marked, and what Grafana's answers mean."""

from __future__ import annotations

import re
import tomllib
from fractions import Fraction
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from dashboards.annotations import LONGEST_TAG, LONGEST_TEXT, annotate, mark_of
from dashboards.boards import dashboards
from dashboards.words import LANGUAGES, words
from monitor.core.cloudevent import names, told
from monitor.core.delivery import Accepted, Failed
from monitor.core.entries import ServiceFacts
from monitor.core.events import (
    BudgetCrossed,
    CollectorBecameUnavailable,
    EntryCorrected,
    Event,
    GapFound,
    ServiceAppeared,
)
from monitor.core.interval import Interval, Stamp
from monitor.core.reconciliation import Disagreement
from monitor.subscriber import LOST, Place
from tests.parts.grafana import ADMIN, AWAY, EDITOR, VIEWER, Asked, FakeGrafana, Reply
from tests.parts.loopback import free_port

if TYPE_CHECKING:
    from pathlib import Path

PARIS = ZoneInfo("Europe/Paris")
NOON = 1_795_000_000 * 10**9
NOON_MS = NOON // 10**6
HOUR = 3600 * 10**9
CHAT = ServiceAppeared(at=Stamp(NOON, 1), service=ServiceFacts(key="chat", name="Assistant"))
GAP = GapFound(at=Stamp(NOON, 1), resource="gpu0", interval=Interval(NOON - 2 * HOUR, NOON - HOUR), cause="reboot")


def cloud(event: Event, *, simulated: bool = False) -> dict[str, Any]:
    made = told(event, "/ia%2001", simulated=simulated)
    assert made is not None
    return {
        "id": made.id,
        "source": made.source,
        "type": made.type,
        "time": made.time,
        "subject": made.subject,
        "data": made.data,
        **({"simulated": True} if simulated else {}),
    }


def table(language: str) -> dict[str, Any]:
    text = files("dashboards").joinpath("locales", f"{language}.toml").read_text("utf-8")
    annotations: dict[str, Any] = tomllib.loads(text)["annotations"]
    return annotations


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(f"{EDITOR}\n", encoding="utf-8")
    return file


def place(url: str, token: Path, language: str = "en") -> Place:
    return Place(url=url, token_file=token, language=language, zone=PARIS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_words_for_every_event_that_is_told(language: str) -> None:
    assert table(language)["told"].keys() == {*names(), LOST}


def test_both_languages_say_the_same_things_with_the_same_parts() -> None:
    french, english = (table(language) for language in LANGUAGES)
    for key in ("told", "causes", "verdicts", "disagreements", "resources"):
        assert french[key].keys() == english[key].keys()
        for name, sentence in french[key].items():
            assert sorted(re.findall(r"{(\w+)}", sentence)) == sorted(re.findall(r"{(\w+)}", english[key][name]))


def test_an_appearance_is_a_moment_with_its_service_and_its_host() -> None:
    event = cloud(CHAT)
    mark = mark_of(event, words("fr"), PARIS)
    assert mark.text == "Assistant est apparu"
    assert (mark.begin, mark.end) == (NOON_MS, None)
    assert mark.tags == ("empreinte", "service_appeared", "host:ia 01", "service:chat", f"event:{event['id']}")


def test_a_gap_is_a_region_from_its_beginning_to_its_end() -> None:
    mark = mark_of(cloud(GAP), words("fr"), PARIS)
    assert (mark.begin, mark.end) == (NOON_MS - 7_200_000, NOON_MS - 3_600_000)
    assert mark.text == "Pas de mesure pendant 1\N{NO-BREAK SPACE}h : GPU 0 (redémarrage de la machine)"


def test_a_gap_of_what_a_service_did_has_the_tag_of_the_service() -> None:
    gap = GapFound(at=GAP.at, resource="activity:chat", interval=Interval(NOON - 90 * 10**9, NOON), cause="a new cause")
    mark = mark_of(cloud(gap), words("fr"), PARIS)
    assert "service:chat" in mark.tags
    assert mark.text == "Pas de mesure pendant 1,5\N{NO-BREAK SPACE}min : ce que chat a fait (a new cause)"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "Budget Mairie : 82\u202f% de 100 kWh consommés, seuil de 80\u202f% franchi"),
        ("en", "Budget Mairie: 82% of 100 kWh used, past its threshold of 80%"),
    ],
)
def test_a_budget_says_how_much_of_what_is_used(language: str, text: str) -> None:
    crossed = BudgetCrossed(
        at=Stamp(NOON, 1),
        budget="mairie",
        name="Mairie",
        limit="100 kWh",
        interval=Interval(NOON, NOON + HOUR),
        threshold=Fraction(4, 5),
        used_ratio=Fraction(82, 100),
        forecast_ratio=None,
        exhausted_at=None,
    )
    assert mark_of(cloud(crossed), words(language), PARIS).text == text


def test_what_was_restated_is_told_in_the_time_of_the_organisation() -> None:
    # 2026-01-01, midnight in Paris
    start = 1_767_222_000 * 10**9
    corrected = EntryCorrected(at=Stamp(NOON, 1), interval=Interval(start, start + HOUR), generation=2, reason="RTE")
    mark = mark_of(cloud(corrected), words("en"), PARIS)
    assert mark.text == "Figures restated, from 2026-01-01 00:00 to 2026-01-01 01:00: RTE"
    assert (mark.begin, mark.end) == (NOON_MS, None)


@pytest.mark.parametrize("verdict", ["met", "breached", "undecided", "waived"])
def test_a_clause_is_told_with_its_verdict(verdict: str) -> None:
    data = {
        "contract": "2026-IA",
        "clause": "E1",
        "metric": "energy",
        "operator": "<=",
        "threshold": "3 kWh",
        "verdict": verdict,
    }
    event = {**cloud(CHAT), "type": "eu.empreinte.clause_evaluated.v1", "data": data}
    expected = f"Contrat 2026-IA : clause E1 (energy ‹= 3 kWh) {table('fr')['verdicts'][verdict]}"  # noqa: RUF001 - what a page takes for no tag
    assert mark_of(event, words("fr"), PARIS).text == expected


@pytest.mark.parametrize("why", Disagreement)
def test_meters_that_disagree_are_told_with_why(why: Disagreement) -> None:
    data = {"collector": "shelly:prise", "platform_watts": 80, "components_watts": 240, "why": why.value}
    event = {**cloud(CHAT), "type": "eu.empreinte.meters_disagreed.v1", "data": data}
    for language in LANGUAGES:
        assert mark_of(event, words(language), PARIS).text.endswith(f"({table(language)['disagreements'][why]})")


def test_of_a_simulated_host_it_says_so() -> None:
    mark = mark_of(cloud(CHAT, simulated=True), words("fr"), PARIS)
    assert mark.text == "Simulé : Assistant est apparu"
    assert mark.tags[-1] == "simulated"


def test_an_event_that_there_are_no_words_for_has_its_name() -> None:
    event = {**cloud(CHAT), "type": "eu.empreinte.year_closed.v1"}
    assert mark_of(event, words("fr"), PARIS).text == "year_closed chat"


def test_what_others_named_is_one_short_line_with_no_markup() -> None:
    evil = ServiceAppeared(
        at=CHAT.at, service=ServiceFacts(key="k" * 300, name="<img src=x>\n\x1b[31m{text}" + "n" * 2000)
    )
    mark = mark_of(cloud(evil, simulated=True), words("en"), PARIS)
    assert not set("<>\n\x1b") & set("".join((mark.text, *mark.tags)))
    assert "{text}" in mark.text
    assert len(mark.text) == LONGEST_TEXT
    assert max(map(len, mark.tags)) == LONGEST_TAG


def test_an_event_is_marked_once_however_often_it_is_brought(token: Path) -> None:
    with FakeGrafana() as grafana:
        for event in (CHAT, GAP, CHAT, GAP):
            assert annotate(place(grafana.url, token), cloud(event)) == Accepted()
        assert [one["tags"][1] for one in grafana.store.annotations] == ["service_appeared", "gap_found"]
        gap = grafana.store.annotations[1]
        assert (gap["time"], gap["timeEnd"]) == (NOON_MS - 7_200_000, NOON_MS - 3_600_000)


def test_what_grafana_took_without_an_answer_is_not_marked_again(token: Path) -> None:
    lost: list[Asked] = []

    def forgets_to_answer(asked: Asked) -> Reply | None:
        if asked.method == "POST" and not lost:
            lost.append(asked)
            grafana.store.does("Editor", "POST", asked.path, {}, asked.content)
            return AWAY
        return None

    with FakeGrafana(forgets_to_answer) as grafana:
        first = annotate(place(grafana.url, token), cloud(CHAT))
        assert isinstance(first, Failed)
        assert not first.final
        assert len(grafana.writes) == 1  # a write is never repeated unseen
        assert annotate(place(grafana.url, token), cloud(CHAT)) == Accepted()
        assert len(grafana.store.annotations) == 1


def test_a_look_is_repeated_where_a_gateway_says_that_it_will_pass(token: Path) -> None:
    with FakeGrafana(lambda _: AWAY if len(grafana.asked) == 1 else None) as grafana:
        assert annotate(place(grafana.url, token), cloud(CHAT)) == Accepted()
        assert [asked.method for asked in grafana.asked] == ["GET", "GET", "POST"]


@pytest.mark.parametrize(
    ("bad", "status", "cure"),
    [("glsa_unknown", "401", "make a new one for its service account"), (VIEWER, "403", "the role Editor")],
)
def test_a_wrong_token_is_told_with_its_cure_and_the_event_is_kept(
    bad: str, status: str, cure: str, token: Path
) -> None:
    token.write_text(bad, encoding="utf-8")
    with FakeGrafana() as grafana:
        outcome = annotate(place(grafana.url, token), cloud(CHAT))
        assert isinstance(outcome, Failed)
        assert not outcome.final
        assert status in outcome.why
        assert cure in outcome.why
        assert bad not in outcome.why
        token.write_text(ADMIN, encoding="utf-8")
        assert annotate(place(grafana.url, token), cloud(CHAT)) == Accepted()


def test_what_grafana_will_never_take_is_given_up(token: Path) -> None:
    def refuses(asked: Asked) -> Reply | None:
        return Reply(400, {"message": "Failed to save annotation"}) if asked.writes else None

    with FakeGrafana(refuses) as grafana:
        outcome = annotate(place(grafana.url, token), cloud(CHAT))
    assert isinstance(outcome, Failed)
    assert outcome.final


@pytest.mark.parametrize("change", [{"time": "noon"}, {"data": {"resource": 1}}, {"data": None}, {"id": None}])
def test_an_event_that_can_not_be_read_is_given_up(change: dict[str, object], token: Path) -> None:
    event = {key: value for key, value in {**cloud(GAP), **change}.items() if key != "id" or value}
    outcome = annotate(place("http://127.0.0.1:1", token), event)
    assert isinstance(outcome, Failed)
    assert outcome.final
    assert "another version" in outcome.why


def test_where_there_is_no_grafana_the_event_is_kept(token: Path) -> None:
    outcome = annotate(place(f"http://127.0.0.1:{free_port()}", token), cloud(CHAT))
    assert isinstance(outcome, Failed)
    assert not outcome.final
    assert "can't be reached" in outcome.why


def test_where_there_is_no_token_it_is_told(tmp_path: Path) -> None:
    outcome = annotate(place("http://127.0.0.1:1", tmp_path / "none"), cloud(CHAT))
    assert isinstance(outcome, Failed)
    assert not outcome.final
    assert "put it there" in outcome.why


def test_every_board_but_the_public_one_shows_what_is_marked() -> None:
    for language in LANGUAGES:
        *house, public = dashboards(language, "prometheus")
        for board in house:
            (query,) = board["annotations"]["list"]
            assert query["target"]["tags"] == ["empreinte"]
            assert query["enable"]
        # its texts are not for everybody
        assert public["uid"].startswith("empreinte-public")
        assert public["annotations"]["list"] == []


def test_a_part_that_is_missing_here_is_told_with_what_it_is() -> None:
    event = CollectorBecameUnavailable(at=CHAT.at, collector="rapl", reason="absent", what="no RAPL", cure="none")
    assert mark_of(cloud(event), words("en"), PARIS).text == "rapl can't be read: no RAPL"
