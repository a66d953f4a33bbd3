"""Each operation of the adapter, against a Grafana on loopback whose contract is stricter than the real one's."""

from collections.abc import Callable
from typing import Any

import pytest

from dashboards.connection import Connection
from dashboards.failures import (
    ConflictError,
    GrafanaError,
    NotFoundError,
    PreconditionFailedError,
    RefusedError,
    UnreachableError,
    WrongAnswerError,
    WrongRequestError,
)
from dashboards.grafana import Annotation, FoundDashboard, Grafana, Health
from tests.parts.grafana import (
    ADMIN,
    AWAY,
    BROKEN,
    EDITOR,
    LOGIN_PAGE,
    LOGIN_REDIRECT,
    SAME_SLUG,
    SILENT,
    VIEWER,
    Asked,
    FakeGrafana,
    Reply,
)
from tests.parts.loopback import free_port
from tests.unit.dashboards.little_boards import QUICK, board, client

NOON = 1_795_000_000_000
SOURCE = {
    "uid": "empreinte-prometheus",
    "name": "Empreinte (Prometheus)",
    "type": "prometheus",
    "access": "proxy",
    "url": "http://127.0.0.1:9090",
    "isDefault": False,
}
READS: dict[str, Callable[[Grafana], object]] = {
    "folder": lambda grafana: grafana.folder("empreinte"),
    "data source": lambda grafana: grafana.data_source("empreinte"),
    "dashboard": lambda grafana: grafana.dashboard("empreinte"),
    "search": lambda grafana: grafana.dashboards_titled("x"),
    "annotations": lambda grafana: grafana.annotations(["empreinte"], NOON, NOON + 1),
    "public dashboard": lambda grafana: grafana.public_dashboard("empreinte"),
}
WRITES: dict[str, Callable[[Grafana], object]] = {
    "create folder": lambda grafana: grafana.create_folder("empreinte", "Empreinte"),
    "create data source": lambda grafana: grafana.create_data_source(SOURCE),
    "update data source": lambda grafana: grafana.update_data_source("empreinte", SOURCE),
    "save dashboard": lambda grafana: grafana.save_dashboard(board(), folder="empreinte", message="x"),
    "annotate": lambda grafana: grafana.annotate("x", ["empreinte"], NOON),
}
ALL = READS | WRITES
every_operation = pytest.mark.parametrize("operation", ALL.values(), ids=ALL.keys())
every_write = pytest.mark.parametrize("operation", WRITES.values(), ids=WRITES.keys())


def with_folder(grafana: Grafana) -> None:
    grafana.create_folder("empreinte", "Empreinte")


def test_health_is_told() -> None:
    with FakeGrafana() as fake, client(fake) as grafana:
        assert grafana.health() == Health("ok", "13.0.1")


def test_health_is_told_also_where_the_database_fails() -> None:
    with FakeGrafana() as fake, client(fake) as grafana:
        fake.store.failing = True
        assert grafana.health() == Health("failing", "")


def test_a_gateway_that_answers_503_is_not_health() -> None:
    busy = FakeGrafana(lambda _: Reply(503, "busy", "text/plain"))
    with busy as fake, client(fake) as grafana, pytest.raises(RefusedError, match="status 503"):
        grafana.health()


def test_a_folder_is_made_and_found() -> None:
    with FakeGrafana() as fake, client(fake, EDITOR) as grafana:
        assert grafana.folder("empreinte") is None
        made = grafana.create_folder("empreinte", "Empreinte")
        assert (made.uid, made.title) == ("empreinte", "Empreinte")
        assert grafana.folder("empreinte") == made


def test_a_folder_of_the_same_title_is_a_conflict() -> None:
    with FakeGrafana() as fake, client(fake) as grafana:
        with_folder(grafana)
        with pytest.raises(ConflictError, match=r"will not make the folder 'Empreinte' \(409: .*rename or remove it"):
            grafana.create_folder("other", "Empreinte")


def test_a_data_source_is_made_found_and_changed() -> None:
    with FakeGrafana() as fake, client(fake) as grafana:
        assert grafana.data_source("empreinte-prometheus") is None
        made = grafana.create_data_source(SOURCE)
        assert (made.kind, made.url, made.read_only) == ("prometheus", "http://127.0.0.1:9090", False)
        assert grafana.data_source("empreinte-prometheus") == made
        changed = grafana.update_data_source("empreinte-prometheus", {**SOURCE, "url": "http://127.0.0.1:9091"})
        assert changed.url == "http://127.0.0.1:9091"
        assert grafana.data_source("empreinte-prometheus") == changed


def test_a_data_source_of_the_same_name_is_a_conflict() -> None:
    with FakeGrafana() as fake, client(fake) as grafana:
        grafana.create_data_source(SOURCE)
        with pytest.raises(ConflictError):
            grafana.create_data_source({**SOURCE, "uid": "other"})


def test_a_data_source_from_files_is_not_changed() -> None:
    with FakeGrafana() as fake, client(fake) as grafana:
        grafana.create_data_source(SOURCE)
        fake.store.data_sources["empreinte-prometheus"]["readOnly"] = True
        there = grafana.data_source("empreinte-prometheus")
        assert there is not None
        assert there.read_only
        with pytest.raises(RefusedError, match="403: Cannot update read-only data source"):
            grafana.update_data_source("empreinte-prometheus", SOURCE)


def test_a_dashboard_is_saved_and_found() -> None:
    with FakeGrafana() as fake, client(fake) as grafana:
        with_folder(grafana)
        assert grafana.dashboard("empreinte-overview-fr") is None
        saved = grafana.save_dashboard(board(), folder="empreinte", message="first")
        assert (saved.uid, saved.version, saved.path) == ("empreinte-overview-fr", 1, "/d/empreinte-overview-fr/x")
        stored = grafana.dashboard("empreinte-overview-fr")
        assert stored is not None
        assert (stored.folder, stored.version, stored.provisioned) == ("empreinte", 1, False)
        assert stored.model["panels"] == board()["panels"]
        hit = FoundDashboard("empreinte-overview-fr", "Vue d'ensemble", "empreinte")
        assert grafana.dashboards_titled("Vue d'ensemble") == [hit]
        assert grafana.dashboards_titled("Vue") == []


def test_a_version_that_is_not_the_one_there_is_refused_unless_it_is_to_be_overwritten() -> None:
    with FakeGrafana() as fake, client(fake) as grafana:
        with_folder(grafana)
        grafana.save_dashboard(board(), folder="empreinte", message="first")
        with pytest.raises(PreconditionFailedError, match=r"412.*somebody saved it meanwhile") as caught:
            grafana.save_dashboard(board(version=7), folder="empreinte", message="second")
        assert caught.value.reason == "version-mismatch"
        saved = grafana.save_dashboard(board(version=7), folder="empreinte", message="third", overwrite=True)
        assert saved.version == 2


def test_a_title_that_is_taken_is_refused_with_grafanas_word_for_it() -> None:
    with FakeGrafana() as fake, client(fake) as grafana:
        with_folder(grafana)
        grafana.save_dashboard(board(), folder="empreinte", message="first")
        with pytest.raises(PreconditionFailedError, match="another dashboard of that title is in the folder") as caught:
            grafana.save_dashboard(board("other"), folder="empreinte", message="second")
        assert caught.value.reason == "name-exists"


def test_412_without_a_word_for_it_is_told_too() -> None:
    with FakeGrafana(lambda asked: SAME_SLUG if asked.writes else None) as fake, client(fake) as grafana:
        with pytest.raises(
            PreconditionFailedError, match="412: Multiple dashboards with the same slug exists"
        ) as caught:
            grafana.save_dashboard(board(), folder="empreinte", message="first")
        assert caught.value.reason == ""


@pytest.mark.parametrize(
    ("change", "told"),
    [({"refresh": "1s"}, "400: Dashboard refresh interval is too low"), ({}, "404: folder not found")],
)
def test_a_dashboard_that_grafana_does_not_take_is_refused(change: dict[str, Any], told: str) -> None:
    with FakeGrafana() as fake, client(fake) as grafana:
        if change:
            with_folder(grafana)
        with pytest.raises(RefusedError, match=told):
            grafana.save_dashboard(board(**change), folder="empreinte", message="x")


def test_a_dashboard_from_files_is_not_saved() -> None:
    with FakeGrafana() as fake, client(fake) as grafana:
        with_folder(grafana)
        fake.store.provision("empreinte-overview-fr", board())
        with pytest.raises(RefusedError, match="it comes from files on Grafana's machine"):
            grafana.save_dashboard(board(), folder="empreinte", message="x", overwrite=True)


def test_annotations_are_made_and_found_by_tags_and_time() -> None:
    with FakeGrafana() as fake, client(fake, EDITOR) as grafana:
        moment = grafana.annotate("A service appeared & more?", ["empreinte", "service"], NOON)
        span = grafana.annotate("A gap", ["empreinte", "gap"], NOON - 5000, NOON - 1000)
        grafana.annotate("Not ours", ["other"], NOON)
        found = grafana.annotations(["empreinte"], NOON - 10_000, NOON + 10_000)
        assert [one.id for one in found] == [span, moment]
        assert found[0] == Annotation(span, NOON - 5000, NOON - 1000, "A gap", ("empreinte", "gap"))
        assert (found[1].begin, found[1].end) == (NOON, NOON)
        assert [one.id for one in grafana.annotations(["empreinte", "gap"], NOON - 2000, NOON)] == [span]
        assert grafana.annotations(["empreinte"], NOON + 1, NOON + 2) == []
        assert len(grafana.annotations(["empreinte"], NOON - 10_000, NOON, limit=1)) == 1


def test_a_dashboard_is_made_public_once() -> None:
    with FakeGrafana() as fake, client(fake) as grafana:
        with_folder(grafana)
        grafana.save_dashboard(board(), folder="empreinte", message="x")
        assert grafana.public_dashboard("empreinte-overview-fr") is None
        made = grafana.publish("empreinte-overview-fr")
        assert made.enabled
        assert made.access_token
        writes = len(fake.writes)
        assert grafana.publish("empreinte-overview-fr") == made
        assert len(fake.writes) == writes


def test_a_public_dashboard_that_was_switched_off_is_switched_on_at_the_same_address() -> None:
    with FakeGrafana() as fake, client(fake) as grafana:
        with_folder(grafana)
        grafana.save_dashboard(board(), folder="empreinte", message="x")
        made = grafana.publish("empreinte-overview-fr")
        fake.store.publics["empreinte-overview-fr"]["isEnabled"] = False
        assert grafana.publish("empreinte-overview-fr") == made


def test_a_grafana_without_public_dashboards_says_so() -> None:
    with FakeGrafana(public=False) as fake, client(fake) as grafana:
        assert grafana.public_dashboard("empreinte-overview-fr") is None
        with pytest.raises(NotFoundError, match="has no public dashboards: they come with Grafana 10"):
            grafana.publish("empreinte-overview-fr")


@every_write
def test_a_token_that_only_reads_is_told_what_it_lacks(operation: Callable[[Grafana], object]) -> None:
    with FakeGrafana() as fake, client(fake, VIEWER) as grafana:
        with pytest.raises(RefusedError, match=r"\(403: You'll need .*\): the token does not allow it") as caught:
            operation(grafana)
        assert caught.value.status == 403


def test_data_sources_and_public_dashboards_are_the_administrators() -> None:
    with FakeGrafana() as fake, client(fake, EDITOR) as grafana:
        with pytest.raises(RefusedError, match="or Admin where data sources or public dashboards"):
            grafana.create_data_source(SOURCE)
        with pytest.raises(RefusedError, match="or Admin where data sources or public dashboards"):
            grafana.publish("empreinte-overview-fr")


@every_operation
def test_a_wrong_token_is_told_and_not_repeated(operation: Callable[[Grafana], object]) -> None:
    token = "glsa_wrong"  # noqa: S105 - of nobody
    with FakeGrafana() as fake, client(fake, token) as grafana:
        with pytest.raises(RefusedError, match="does not know the token: make a new one") as caught:
            operation(grafana)
        assert caught.value.status == 401
        assert token not in str(caught.value)


@pytest.mark.parametrize("name", ["folder", "search", "save dashboard"])
@pytest.mark.parametrize(
    ("reply", "kind", "told"),
    [
        (LOGIN_REDIRECT, WrongAnswerError, r"redirects to /login \(status 302\): give the address of Grafana itself"),
        (
            Reply(301, {}, headers={"Location": "https://elsewhere/?x=1"}),
            WrongAnswerError,
            r"redirects to elsewhere/ \(status 301\)",
        ),
        (LOGIN_PAGE, WrongAnswerError, "answers with a web page, such as a login page"),
        (Reply(200, "fine", "text/plain"), WrongAnswerError, "answers with something that is no JSON"),
        (Reply(204, ""), WrongAnswerError, "is broken off, or no JSON"),
        (Reply(200, '{"uid": "x"'), WrongAnswerError, "is broken off, or no JSON"),
        (Reply(200, "1"), WrongAnswerError, "answers what no known version does"),
        (BROKEN, RefusedError, r"\(500: Failed to get dashboard\): its log says why"),
        (Reply(409, "[]"), ConflictError, "status 409"),
        (Reply(412, "<html>", "text/html"), PreconditionFailedError, "status 412"),
        (Reply(429, {"message": "slow down"}), RefusedError, "429: slow down"),
        (Reply(400, {"message": "no\nlines \x07" + "x" * 500}), RefusedError, r"\(400: no lines x+\.\.\.\)"),
        (SILENT, UnreachableError, "did not answer in time"),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Reply) else "",
)
def test_each_failure_is_one_sentence(name: str, reply: Reply, kind: type[GrafanaError], told: str) -> None:
    with FakeGrafana(lambda _: reply) as fake, client(fake) as grafana:
        with pytest.raises(kind, match=told) as caught:
            ALL[name](grafana)
        assert "\n" not in str(caught.value)
        assert ADMIN not in str(caught.value)


@every_operation
def test_a_grafana_that_is_down_is_told(operation: Callable[[Grafana], object]) -> None:
    told = "can't be reached: start it, or check address and port"
    nobody = Connection(f"http://127.0.0.1:{free_port()}", ADMIN, patience=QUICK)
    with Grafana(nobody) as grafana, pytest.raises(UnreachableError, match=told):
        operation(grafana)


@pytest.mark.parametrize("uid", ["", "a/../../admin/users", "a#b", "a?x=1", "a b", "é", "x" * 41, "a%2Fb", "a\n"])
def test_a_uid_that_is_none_is_never_sent(uid: str) -> None:
    with FakeGrafana() as fake, client(fake) as grafana:
        asking: list[Callable[[], object]] = [
            lambda: grafana.folder(uid),
            lambda: grafana.create_folder(uid, "x"),
            lambda: grafana.data_source(uid),
            lambda: grafana.create_data_source({**SOURCE, "uid": uid}),
            lambda: grafana.update_data_source(uid, SOURCE),
            lambda: grafana.dashboard(uid),
            lambda: grafana.save_dashboard(board(uid), folder="empreinte", message="x"),
            lambda: grafana.save_dashboard(board(), folder=uid, message="x"),
            lambda: grafana.public_dashboard(uid),
            lambda: grafana.publish(uid),
        ]
        for ask in asking:
            with pytest.raises(WrongRequestError, match="can't be a uid of Grafana"):
                ask()
        assert fake.asked == []


@pytest.mark.parametrize("failures", [1, 2])
def test_a_read_that_fails_in_passing_is_repeated(failures: int) -> None:
    seen: list[Asked] = []

    def instead(asked: Asked) -> Reply | None:
        seen.append(asked)
        return AWAY if len(seen) <= failures else None

    with FakeGrafana(instead) as fake, client(fake) as grafana:
        assert grafana.folder("empreinte") is None
        assert len(fake.asked) == failures + 1


def test_a_read_that_goes_on_failing_is_told() -> None:
    with FakeGrafana(lambda _: AWAY) as fake, client(fake) as grafana:
        with pytest.raises(RefusedError, match="status 502"):
            grafana.folder("empreinte")
        assert len(fake.asked) == 3


@every_write
@pytest.mark.parametrize("reply", [AWAY, SILENT], ids=["away", "silent"])
def test_a_write_is_never_repeated(operation: Callable[[Grafana], object], reply: Reply) -> None:
    with FakeGrafana(lambda _: reply) as fake, client(fake) as grafana:
        with pytest.raises(GrafanaError):
            operation(grafana)
        assert len(fake.asked) == 1


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda grafana: grafana.save_dashboard({**board(), "pannels": []}, folder="a", message="x"), "pannels"),
        (lambda grafana: grafana.annotate("x", ["a"], 1_795_000_000), "946684800000"),
        (lambda grafana: grafana.create_data_source({"uid": "a", "name": "a"}), "'url' is a required property"),
        (lambda grafana: grafana.annotations([], NOON, NOON), "tags"),
    ],
)
def test_what_breaks_the_contract_fails_a_test(ask: Callable[[Grafana], object], told: str) -> None:
    fake = FakeGrafana(lambda _: BROKEN)
    with fake, client(fake) as grafana:
        with pytest.raises(GrafanaError):
            ask(grafana)
        assert len(fake.violations) == 1
        assert told in fake.violations[0]
        fake.violations.clear()


def test_a_broken_contract_is_told_at_the_end() -> None:
    fake = FakeGrafana()
    fake.violations.append("GET /api/x: no such thing")
    with pytest.raises(AssertionError, match="GET /api/x: no such thing"), fake:
        pass
