"""Who is written to, as it is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.entries import ServiceFacts
from monitor.core.events import ServiceAppeared
from monitor.core.interval import Stamp
from monitor.notify.delivery import Notifier
from monitor.post import mail_of, marks_of, posts_of, source_of, writer_of
from tests.parts.grafana import EDITOR, FakeGrafana
from tests.parts.loopback import wait_until
from tests.unit.config.test_file import read

if TYPE_CHECKING:
    from pathlib import Path

EMAIL = '[email]\nhost = "smtp.example.org"\nsender = "empreinte@example.org"\n'


def test_without_a_server_there_is_no_mail(tmp_path: Path) -> None:
    assert mail_of(read(tmp_path, "")) is None


def test_the_queue_has_a_name_for_each_kind_that_somebody_gets(tmp_path: Path) -> None:
    both = mail_of(read(tmp_path, f'{EMAIL}to = ["it@example.org"]\nsummary_to = ["maire@example.org"]\n'))
    one = mail_of(read(tmp_path, f'{EMAIL}summary_to = ["maire@example.org"]\n'))
    assert both is not None
    assert both.endpoints == ("smtp://smtp.example.org:587", "smtp+summary://smtp.example.org:587")
    assert one is not None
    assert one.endpoints == ("smtp+summary://smtp.example.org:587",)


def test_it_is_written_in_the_language_of_the_table_else_of_the_organisation(tmp_path: Path) -> None:
    french = f'[organisation]\nlanguage = "fr"\n{EMAIL}to = ["it@example.org"]\n'
    assert writer_of(read(tmp_path, french)).words.language == "fr"
    assert writer_of(read(tmp_path, f'{french}language = "en"\n')).words.language == "en"


GRAFANA = '[grafana]\nurl = "https://grafana.example.org/g"\ntoken_file = "/t"\nannotations = true\n'


def test_events_are_marked_where_they_are_asked_for_alone(tmp_path: Path) -> None:
    assert marks_of(read(tmp_path, GRAFANA.replace("annotations = true", ""))) is None
    marks = marks_of(read(tmp_path, GRAFANA))
    assert marks is not None
    assert marks.endpoints == ("grafana+https://grafana.example.org",)


def test_mail_and_marks_go_by_the_same_queue_under_different_names(tmp_path: Path) -> None:
    posts = posts_of(read(tmp_path, f'{EMAIL}to = ["it@example.org"]\n{GRAFANA}'))
    assert [endpoint for post in posts for endpoint in post.endpoints] == [
        "smtp://smtp.example.org:587",
        "grafana+https://grafana.example.org",
    ]
    assert posts_of(read(tmp_path, "")) == ()


def test_what_marks_is_found_by_its_entry_point_and_speaks_the_language_of_the_boards(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(EDITOR, encoding="utf-8")
    appeared = ServiceAppeared(at=Stamp(10**18, 1), service=ServiceFacts(key="chat", name="Chat"))
    with FakeGrafana() as grafana:
        lines = f'[grafana]\nurl = "{grafana.url}"\ntoken_file = "{token}"\nannotations = true\nlanguage = "fr"\n'
        posts = posts_of(read(tmp_path, f'[organisation]\nlanguage = "en"\n{lines}'))
        with Notifier([], tmp_path, "/ia-01", lambda: 10**18, posts=posts) as notifier:
            notifier.handle(appeared)
            notifier.settle()
            wait_until(lambda: bool(grafana.store.annotations), what="the mark")
        assert grafana.store.annotations[0]["text"] == "Chat est apparu"


def test_what_events_come_from_is_a_reference(tmp_path: Path) -> None:
    assert source_of(read(tmp_path, '[host]\nname = "ia-01.mairie"\n')) == "/ia-01.mairie"
