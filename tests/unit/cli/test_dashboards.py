import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from dashboards.boards import dashboards
from tests.parts.grafana import (
    ADMIN,
    BROKEN,
    EDITOR,
    LOGIN_PAGE,
    LOGIN_REDIRECT,
    SAME_SLUG,
    VIEWER,
    Asked,
    FakeGrafana,
    Reply,
)
from tests.parts.loopback import free_port
from tests.unit.cli.conftest import Call, Outcome

HOUSE = len(dashboards("en"))
Push = Callable[..., Outcome]


@pytest.fixture
def push(call: Call, place: Path) -> Push:
    """Return what pushes to a Grafana with a token."""

    def push_it(url: str, *further: str, token: str = EDITOR) -> Outcome:
        file = place / "grafana.token"
        file.write_text(f"{token}\n", encoding="utf-8")
        return call("dashboards", "push", "--url", url, "--token-file", str(file), *further)

    return push_it


def test_the_first_push_makes_all_and_the_second_changes_nothing(push: Push) -> None:
    with FakeGrafana() as fake:
        said = push(fake.url)
        assert (said.status, said.err) == (0, "")
        assert said.out.count("created") == HOUSE
        assert "empreinte-overview-en" in said.out
        assert len(fake.store.dashboards) == HOUSE
        writes = len(fake.writes)
        again = push(fake.url)
        assert again.status == 0
        assert again.out.count("unchanged") == HOUSE
        assert again.out.endswith("All was there already.\n")
        assert len(fake.writes) == writes


def test_a_dry_run_says_what_would_be_done_and_does_nothing(push: Push) -> None:
    with FakeGrafana() as fake:
        said = push(fake.url, "--dry-run", "--lang", "fr")
        assert said.status == 0
        assert said.out.startswith("Ce qui serait fait dans le dossier empreinte")
        assert said.out.count("créé") == HOUSE
        assert fake.writes == []


def test_what_a_person_edited_is_left_alone_told_and_overwritten_only_by_force(push: Push) -> None:
    with FakeGrafana() as fake:
        push(fake.url)
        fake.store.edit("empreinte-overview-en", lambda model: model.update(title="Mine", refresh="1m"))
        seen = push(fake.url, "--dry-run")
        assert seen.status == 0
        assert "differs in refresh, title" in " ".join(seen.out.split())
        said = push(fake.url)
        assert said.status == 1
        assert "Edited in Grafana, and left alone: 1." in said.out
        assert fake.store.dashboards["empreinte-overview-en"]["model"]["title"] == "Mine"
        forced = push(fake.url, "--force", "--json")
        assert forced.status == 0
        fates = {one["uid"]: one["fate"] for one in json.loads(forced.out)["dashboards"]}
        assert fates.pop("empreinte-overview-en") == "overwritten"
        assert set(fates.values()) == {"unchanged"}


def test_programs_get_all_of_it_as_json(push: Push) -> None:
    with FakeGrafana() as fake:
        told = json.loads(push(fake.url, "--json", "--folder", "green", "--lang", "fr").out)
        assert (told["grafana"], told["folder"], told["dry_run"]) == (fake.url, "green", False)
        assert (told["data_source"], told["public"]) == (None, None)
        overview = told["dashboards"][0]
        assert overview["uid"] == "empreinte-overview-fr"
        assert (overview["fate"], overview["differs"]) == ("created", [])
        assert overview["path"] == "/d/empreinte-overview-fr/x"


def test_the_configuration_says_where_and_the_public_dashboard_gets_its_data_source(call: Call, place: Path) -> None:
    (place / "token").write_text(ADMIN, encoding="utf-8")
    with FakeGrafana() as fake:
        with (place / "empreinte.toml").open("a", encoding="utf-8") as file:
            file.write(
                f'[grafana]\nurl = "{fake.url}"\ntoken_file = "{place}/token"\nfolder = "Sobriété"\nlanguage = "fr"\n'
                'prometheus = "http://prometheus:9090"\n'
            )
        said = call("dashboards", "push", "--public")
        assert (said.status, said.err) == (0, "")
        assert fake.store.folders["empreinte"]["title"] == "Sobriété"
        assert fake.store.data_sources["empreinte-prometheus"]["url"] == "http://prometheus:9090"
        shared = fake.store.publics["empreinte-public-fr"]
        assert f"{fake.url}/public-dashboards/{shared['accessToken']}" in said.out
        writes = len(fake.writes)
        again = json.loads(call("dashboards", "push", "--public", "--json").out)
        assert again["data_source"] == {"uid": "empreinte-prometheus", "fate": "unchanged"}
        assert again["public"].endswith(shared["accessToken"])
        assert len(fake.writes) == writes


def test_a_public_dashboard_without_a_data_source_is_refused_before_anything_is_written(push: Push) -> None:
    with FakeGrafana() as fake:
        said = push(fake.url, "--public", token=ADMIN)
        assert (said.status, said.out) == (1, "")
        assert "has no data source empreinte-prometheus for the public dashboard: name yours" in said.err
        assert fake.writes == []


def test_a_grafana_that_can_make_nothing_public_is_told_with_what_was_written(push: Push) -> None:
    with FakeGrafana(public=False) as fake:
        fake.store.data_sources["empreinte-prometheus"] = {"uid": "empreinte-prometheus", "type": "prometheus"}
        said = push(fake.url, "--public", token=ADMIN)
        assert said.status == 1
        assert "has no public dashboards" in said.err
        assert "written before that: empreinte-overview-en" in said.err


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (LOGIN_REDIRECT, "redirects to /login (status 302)"),
        (LOGIN_PAGE, "answers with a web page, such as a login page"),
        (BROKEN, "its log says why"),
        (SAME_SLUG, "412: Multiple dashboards with the same slug exists"),
        (Reply(412, {"message": "changed", "status": "version-mismatch"}), "somebody saved it meanwhile"),
    ],
)
def test_each_failure_is_one_sentence_and_nothing_is_written(push: Push, reply: Reply, told: str) -> None:
    with FakeGrafana(lambda _: reply) as fake:
        said = push(fake.url)
        assert (said.status, said.out) == (1, "")
        assert said.err.count("\n") == 1
        assert said.err.startswith("empreinte: ")
        assert told in said.err
        assert fake.store.dashboards == {}


@pytest.mark.parametrize(("token", "told"), [(VIEWER, "the role Editor"), ("glsa_wrong", "does not know the token")])
def test_a_token_that_will_not_do_is_told_and_nothing_is_written(push: Push, token: str, told: str) -> None:
    with FakeGrafana() as fake:
        said = push(fake.url, token=token)
        assert (said.status, said.out) == (1, "")
        assert told in said.err
        assert token not in said.err
        assert (fake.store.folders, fake.store.dashboards) == ({}, {})


def test_a_grafana_that_is_down_is_told(push: Push) -> None:
    said = push(f"http://127.0.0.1:{free_port()}")
    assert (said.status, said.out) == (1, "")
    assert "can't be reached: start it" in said.err


def test_a_failure_on_the_way_says_what_was_written(push: Push) -> None:
    saves = []

    def instead(asked: Asked) -> Reply | None:
        if asked.path == "/api/dashboards/db":
            saves.append(asked)
        return BROKEN if len(saves) == 2 else None

    with FakeGrafana(instead) as fake:
        said = push(fake.url)
        assert said.status == 1
        assert "written before that: the folder empreinte, empreinte-overview-en; then push again" in said.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "it is not said which Grafana: give --url, or url in [grafana]"),
        (("--url", "http://127.0.0.1:3000"), "by which token: give --token-file"),
        (("--url", "http://grafana.example.org"), "--url: 'http://grafana.example.org' is not encrypted"),
        (("--url", "http://127.0.0.1:3000", "--folder", "a/b"), "--folder: 'a/b' is not a uid"),
        (("--url", "http://127.0.0.1:3000", "--token-file", "/nowhere/token"), "the token can't be read from /nowhere"),
    ],
)
def test_wrong_use_is_told_as_such(call: Call, arguments: tuple[str, ...], told: str) -> None:
    said = call("dashboards", "push", *arguments)
    assert (said.status, said.out) == (2, "")
    assert told in said.err


def test_a_file_that_holds_no_token_is_told_without_what_it_holds(push: Push) -> None:
    said = push("http://127.0.0.1:3000", token="two words")  # noqa: S106 - that is what is told
    assert said.status == 2
    assert "give the token alone" in said.err
    assert "two words" not in said.err


def test_an_export_holds_the_dashboards_and_how_grafana_finds_them(call: Call, tmp_path: Path) -> None:
    place = tmp_path / "made" / "here"
    said = call("dashboards", "export", str(place), "--lang", "fr", "--found-at", "/etc/grafana/empreinte")
    assert (said.status, said.err) == (0, "")
    wanted = dashboards("fr", "empreinte-prometheus")
    found = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in (place / "dashboards").iterdir()}
    assert found == {board["uid"]: board for board in wanted}
    assert said.out.startswith(f"{len(wanted)} tableaux de bord sont dans {place}")
    provider = yaml.safe_load((place / "provisioning/dashboards/empreinte.yaml").read_text(encoding="utf-8"))
    assert provider["providers"][0]["options"]["path"] == "/etc/grafana/empreinte/dashboards"
    source = yaml.safe_load((place / "provisioning/datasources/empreinte.yaml").read_text(encoding="utf-8"))
    assert source["datasources"][0]["uid"] == "empreinte-prometheus"
    assert call("dashboards", "export", str(place), "--lang", "fr").status == 0


def test_a_directory_that_cannot_be_written_is_told(call: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    said = call("dashboards", "export", str(tmp_path / "file" / "below"))
    assert said.status == 3
    assert said.err.count("\n") == 1
