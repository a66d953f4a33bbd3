"""Pushes to a Grafana on loopback that has the real semantics (tests/parts/grafana.py)."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from dashboards.failures import GrafanaError, NotPushedError, PreconditionFailedError, RefusedError
from dashboards.push import Change, Fate, HalfDoneError, carry_out, hash_of, marked, plan
from tests.parts.grafana import EDITOR, VIEWER, Asked, FakeGrafana, Reply
from tests.unit.dashboards.little_boards import TARGET, board, client

OVERVIEW = "empreinte-overview-fr"


@pytest.fixture
def fake() -> Iterator[FakeGrafana]:
    with FakeGrafana() as one:
        yield one


def push(fake: FakeGrafana, *models: dict[str, Any], force: bool = False, token: str = EDITOR) -> tuple[Change, ...]:
    with client(fake, token) as grafana:
        return carry_out(grafana, plan(grafana, models, TARGET, force=force), "Empreinte 0.1.0")


def fates(changes: tuple[Change, ...]) -> list[Fate]:
    return [change.fate for change in changes]


def retitle(model: dict[str, Any]) -> None:
    model["panels"][0]["title"] = "Mine"


def both() -> tuple[dict[str, Any], dict[str, Any]]:
    return board(), board("empreinte-service-fr", "Service")


def test_the_first_push_makes_folder_and_dashboards(fake: FakeGrafana) -> None:
    assert fates(push(fake, *both())) == [Fate.CREATED, Fate.CREATED]
    assert fake.store.folders["empreinte"]["title"] == "Empreinte"
    stored = fake.store.dashboards[OVERVIEW]
    assert stored["folder"] == "empreinte"
    assert stored["message"] == "Empreinte 0.1.0"
    assert stored["model"]["panels"] == board()["panels"]


def test_a_saved_dashboard_tells_its_address(fake: FakeGrafana) -> None:
    assert push(fake, board())[0].path == f"/d/{OVERVIEW}/x"


def test_the_second_push_changes_nothing(fake: FakeGrafana) -> None:
    push(fake, *both())
    before, writes = copy.deepcopy(fake.store.dashboards), len(fake.writes)
    assert fates(push(fake, *both())) == [Fate.UNCHANGED, Fate.UNCHANGED]
    assert fake.store.dashboards == before
    assert len(fake.writes) == writes


def test_a_plan_writes_nothing_and_tells_what_differs(fake: FakeGrafana) -> None:
    push(fake, board())
    writes = len(fake.writes)
    with client(fake) as grafana:
        made = plan(grafana, [board(title="Vue", refresh="5m"), board("empreinte-new-fr", "Neuf")], TARGET)
    assert fates(made.changes) == [Fate.UPDATED, Fate.CREATED]
    assert made.changes[0].paths == ("refresh", "title")
    assert not made.makes_folder
    assert len(fake.writes) == writes


def test_a_new_version_of_ours_replaces_an_old_one(fake: FakeGrafana) -> None:
    push(fake, *both())
    assert fates(push(fake, board(refresh="5m"), both()[1])) == [Fate.UPDATED, Fate.UNCHANGED]
    assert fake.store.dashboards[OVERVIEW]["model"]["refresh"] == "5m"
    assert fake.store.dashboards[OVERVIEW]["version"] == 2
    assert fates(push(fake, board(refresh="5m"), both()[1])) == [Fate.UNCHANGED, Fate.UNCHANGED]


def test_what_a_person_edited_is_left_alone(fake: FakeGrafana) -> None:
    push(fake, *both())
    fake.store.edit(OVERVIEW, retitle)
    changes = push(fake, board(refresh="5m"), both()[1])
    assert fates(changes) == [Fate.EDITED, Fate.UNCHANGED]
    assert changes[0].paths == ("panels[id=1].title", "refresh")
    assert fake.store.dashboards[OVERVIEW]["model"]["panels"][0]["title"] == "Mine"


def test_what_a_person_edited_is_left_alone_also_by_the_same_version(fake: FakeGrafana) -> None:
    push(fake, board())
    fake.store.edit(OVERVIEW, retitle)
    assert fates(push(fake, board())) == [Fate.EDITED]


def test_what_a_person_edited_is_overwritten_where_that_is_asked_for(fake: FakeGrafana) -> None:
    push(fake, board())
    fake.store.edit(OVERVIEW, retitle)
    assert fates(push(fake, board(), force=True)) == [Fate.OVERWRITTEN]
    assert fake.store.dashboards[OVERVIEW]["model"]["panels"][0]["title"] == "Énergie"
    assert fates(push(fake, board())) == [Fate.UNCHANGED]


def test_a_person_who_saved_with_no_change_stands_in_nobodys_way(fake: FakeGrafana) -> None:
    push(fake, board())
    fake.store.edit(OVERVIEW, lambda _: None)
    assert fates(push(fake, board())) == [Fate.UNCHANGED]
    assert fates(push(fake, board(refresh="5m"))) == [Fate.UPDATED]


def test_a_dashboard_that_lost_its_mark_is_a_persons(fake: FakeGrafana) -> None:
    push(fake, board())
    fake.store.edit(OVERVIEW, lambda model: model.pop("annotations"))
    assert fates(push(fake, board())) == [Fate.EDITED]


def test_a_dashboard_that_a_person_moved_is_left_alone(fake: FakeGrafana) -> None:
    push(fake, board())
    fake.store.folders["mine"] = {"id": 99, "uid": "mine", "title": "Mine", "version": 1}
    fake.store.dashboards[OVERVIEW]["folder"] = "mine"
    changes = push(fake, board())
    assert fates(changes) == [Fate.EDITED]
    assert changes[0].paths == ("folder",)


def test_a_grafana_that_brings_dashboards_up_to_date_is_no_person() -> None:
    with FakeGrafana(migrates=True) as fake:
        push(fake, board())
        assert fates(push(fake, board())) == [Fate.UNCHANGED]
        assert fates(push(fake, board(refresh="5m"))) == [Fate.UPDATED]
        fake.store.edit(OVERVIEW, retitle)
        assert fates(push(fake, board())) == [Fate.EDITED]


def test_a_folder_that_is_there_keeps_its_title(fake: FakeGrafana) -> None:
    fake.store.folders["empreinte"] = {"id": 99, "uid": "empreinte", "title": "Sobriété", "version": 3}
    push(fake, board())
    assert fake.store.folders["empreinte"]["title"] == "Sobriété"


def test_the_annotations_of_a_dashboard_stay_beside_its_mark(fake: FakeGrafana) -> None:
    own = {"name": "Events", "enable": True, "datasource": {"type": "grafana", "uid": "-- Grafana --"}}
    model = board(annotations={"list": [own]})
    push(fake, model)
    assert fake.store.dashboards[OVERVIEW]["model"]["annotations"]["list"][0] == own
    assert fates(push(fake, model)) == [Fate.UNCHANGED]


def test_the_mark_is_hidden_and_switched_off() -> None:
    mark = marked(board(), 4, "empreinte")["annotations"]["list"][-1]
    assert (mark["enable"], mark["hide"]) == (False, True)
    assert mark["name"] == f"empreinte {hash_of(board())} 4 empreinte"


def test_the_hash_does_not_see_what_grafana_counts_or_how_it_writes_numbers() -> None:
    model = marked(board(), 4, "empreinte")
    model["panels"] = copy.deepcopy(model["panels"])
    model["panels"][0]["factor"] = 1
    assert hash_of({**model, "id": 12, "version": 5, "iteration": 1}) == hash_of(board())
    assert hash_of(board(title="Other")) != hash_of(board())


def test_a_title_that_is_taken_is_told_before_anything_is_written(fake: FakeGrafana) -> None:
    push(fake, board("mine", "Service"))
    writes = len(fake.writes)
    with pytest.raises(NotPushedError, match=r"another dashboard called 'Service', mine: rename or remove it"):
        push(fake, *both(), force=True)
    assert len(fake.writes) == writes
    assert set(fake.store.dashboards) == {"mine"}


def test_the_same_title_in_another_folder_is_no_hindrance(fake: FakeGrafana) -> None:
    fake.store.provision("other", board("other", "Service"))
    assert fates(push(fake, *both())) == [Fate.CREATED, Fate.CREATED]


def test_a_dashboard_from_files_is_told_before_anything_is_written(fake: FakeGrafana) -> None:
    fake.store.provision("empreinte-service-fr", both()[1])
    with pytest.raises(NotPushedError, match=r"empreinte-service-fr come from files on its machine: take them out"):
        push(fake, *both())
    assert fake.writes == []


def test_a_grafana_without_its_database_is_asked_for_nothing(fake: FakeGrafana) -> None:
    fake.store.failing = True
    with pytest.raises(NotPushedError, match="can't reach its own database"):
        push(fake, board())
    assert [asked.path for asked in fake.asked if asked.path != "/api/health"] == []


def test_a_token_that_only_reads_writes_nothing(fake: FakeGrafana) -> None:
    with pytest.raises(RefusedError, match="give its service account the role Editor") as caught:
        push(fake, *both(), token=VIEWER)
    assert caught.value.status == 403
    assert fake.store.folders == {}
    assert fake.store.dashboards == {}


def test_what_somebody_saves_between_plan_and_push_is_not_overwritten(fake: FakeGrafana) -> None:
    push(fake, board())
    with client(fake) as grafana:
        made = plan(grafana, [board(refresh="5m")], TARGET)
        fake.store.edit(OVERVIEW, retitle)
        with pytest.raises(PreconditionFailedError, match="somebody saved it meanwhile") as caught:
            carry_out(grafana, made, "x")
    assert caught.value.reason == "version-mismatch"
    assert fake.store.dashboards[OVERVIEW]["model"]["panels"][0]["title"] == "Mine"


def test_a_failure_on_the_way_says_what_was_written_and_the_next_push_completes_it() -> None:
    failing = [True]

    def instead(asked: Asked) -> Reply | None:
        second = asked.path == "/api/dashboards/db" and asked.content["dashboard"]["uid"] == "empreinte-service-fr"
        return Reply(500, {"message": "Failed to save dashboard"}) if second and failing[0] else None

    with FakeGrafana(instead) as fake:
        with pytest.raises(HalfDoneError) as caught:
            push(fake, *both())
        assert caught.value.written == ("the folder empreinte", OVERVIEW)
        assert "Failed to save dashboard" in str(caught.value)
        assert f"written before that: the folder empreinte, {OVERVIEW}; then push again" in str(caught.value)
        failing[0] = False
        assert fates(push(fake, *both())) == [Fate.UNCHANGED, Fate.CREATED]


def test_a_failure_at_the_first_dashboard_of_a_folder_that_is_there_is_not_half_done() -> None:
    with FakeGrafana(lambda asked: Reply(500, {}) if asked.path == "/api/dashboards/db" else None) as fake:
        fake.store.folders["empreinte"] = {"id": 99, "uid": "empreinte", "title": "Empreinte", "version": 1}
        with pytest.raises(GrafanaError) as caught:
            push(fake, *both())
        assert not isinstance(caught.value, HalfDoneError)
