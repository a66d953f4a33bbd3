import re
from pathlib import Path

import pytest

from monitor.config import ConfigError, GrafanaTable
from monitor.config.grafana import MARKED, prometheus_address, uid
from monitor.config.quantities import WrongValueError
from tests.unit.config.test_file import read


def table(place: Path, lines: str) -> GrafanaTable:
    return read(place, f"[grafana]\n{lines}\n").grafana


def test_nothing_needs_to_be_said(tmp_path: Path) -> None:
    grafana = table(tmp_path, "")
    assert (grafana.url, grafana.token_file, grafana.language) == ("", None, "")
    assert (grafana.folder, grafana.folder_uid) == ("Empreinte", "empreinte")
    assert (grafana.data_source, grafana.prometheus) == ("empreinte-prometheus", "")


def test_what_is_said_is_taken(tmp_path: Path) -> None:
    grafana = table(
        tmp_path,
        'url = "https://grafana.example.org/g"\ntoken_file = "/etc/empreinte/grafana.token"\nfolder = "Sobriété"\n'
        'folder_uid = "sobriete"\nlanguage = "en"\nprometheus = "http://prometheus:9090"',
    )
    assert grafana.url == "https://grafana.example.org/g"
    assert grafana.token_file == Path("/etc/empreinte/grafana.token")
    assert (grafana.folder, grafana.folder_uid, grafana.language) == ("Sobriété", "sobriete", "en")
    assert grafana.prometheus == "http://prometheus:9090"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('url = "http://grafana.example.org"', "leaves this machine: write"),
        ('url = "https://admin:pw@grafana.example.org"', "a token has its file"),
        ('token = "glsa_x"', "there is no such key: write token_file"),
        ('token_file = "grafana.token"', "is not an absolute path"),
        ('folder_uid = "mes tableaux"', 'it has at most 40 of A-Z, a-z, 0-9, _ and -: write "mes-tableaux"'),
        ('language = "de"', "'de' is none of fr, en"),
        ("folder = 3", "it is text, in quotes"),
    ],
)
def test_what_cannot_be_is_refused_with_the_cure(tmp_path: Path, lines: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        table(tmp_path, lines)
    assert told in str(caught.value)


@pytest.mark.parametrize("value", ["", "a/b", "x" * 41, "é", 3])
def test_what_is_no_uid_is_refused(value: object) -> None:
    with pytest.raises(WrongValueError):
        uid(value)


@pytest.mark.parametrize("value", ["prometheus:9090", "ftp://a", "http://u:p@a", "http://a?x", "http://a:port", ""])
def test_what_is_no_prometheus_is_refused(value: str) -> None:
    with pytest.raises(WrongValueError):
        prometheus_address(value)


WHERE = 'url = "https://grafana.example.org:3000/g"\ntoken_file = "/t"\n'


@pytest.mark.parametrize(
    ("written", "events"),
    [
        ("true", MARKED),
        ("false", ()),
        ("[]", ()),
        ('["service_*", "gap_found"]', ("service_*", "gap_found")),
    ],
)
def test_events_are_marked_as_the_file_says(tmp_path: Path, written: str, events: tuple[str, ...]) -> None:
    grafana = table(tmp_path, f"{WHERE}annotations = {written}")
    assert grafana.annotations == events
    # what `config show` writes is read again
    assert table(tmp_path, f"{WHERE}annotations = {list(events)}").annotations == events


def test_nothing_is_marked_unless_it_is_asked_for(tmp_path: Path) -> None:
    assert table(tmp_path, WHERE).annotations == ()


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (f'{WHERE}annotations = "gap_found"', 'write ["gap_found"]'),
        (f"{WHERE}annotations = 3", "write true"),
        (f'{WHERE}annotations = ["gap_fond"]', 'write ["gap_found"]'),
        ('token_file = "/t"\nannotations = true', "grafana.url: where are events marked?"),
        ('url = "https://g.example.org"\nannotations = true', "grafana.token_file: by which token"),
    ],
)
def test_annotations_that_can_not_be_are_told_with_the_cure(tmp_path: Path, lines: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        table(tmp_path, lines)


def test_what_its_marks_are_called_holds_neither_path_nor_secret(tmp_path: Path) -> None:
    assert table(tmp_path, WHERE).marks_url == "grafana+https://grafana.example.org:3000"
