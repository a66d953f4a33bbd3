"""Messages to a real server of mail on loopback: what arrives, what is refused, and what becomes of it in the queue."""

from __future__ import annotations

import json
import logging
import re
import threading
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from monitor.collector import Outgoing
from monitor.config import EmailTable, Language
from monitor.config.email import Security
from monitor.core.cloudevent import told
from monitor.core.delivery import Accepted, Failed
from monitor.core.entries import ServiceFacts
from monitor.core.events import (
    CollectorBecameUnavailable,
    CollectorRecovered,
    Event,
    GapFound,
    MetersDisagreed,
    ServiceAppeared,
)
from monitor.core.interval import HOUR, MINUTE, Interval, Stamp
from monitor.core.reconciliation import Disagreement
from monitor.core.units import Duration, Power
from monitor.notify.delivery import Notifier
from monitor.notify.letters import MOST_TOLD, Writer
from monitor.notify.mailer import Mailer
from monitor.notify.mailing import SUMMARY, Kind, Mail, MailCourier
from monitor.notify.outbox import FILE, Letter, Outbox
from monitor.wording import words
from tests.parts.authority import Authority
from tests.parts.loopback import LOOPBACK, free_port, wait_until
from tests.parts.postbox import Postbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NOW = 1_795_557_600 * 10**9
PARIS = ZoneInfo("Europe/Paris")
PASSWORD = "sesame-open-up"  # noqa: S105 - it opens nothing
TO = ("it@example.org", "dsi@example.org")


def table(port: int, **keys: Any) -> EmailTable:
    usual: dict[str, Any] = {"security": Security.NONE, "sender": "empreinte@example.org", "to": TO}
    return EmailTable(host=LOOPBACK, port=port, **{**usual, **keys})


def writer(of: EmailTable, language: Language = Language.FRENCH) -> Writer:
    return Writer(of, words("monitor.notify", language), PARIS, "ia-01")


def send(of: EmailTable, outgoing: Outgoing | None = None) -> Accepted | Failed:
    return Mailer(of, outgoing, patience=5).send(writer(of).test(NOW, of.to), of.to)


def why(of: EmailTable, outgoing: Outgoing | None = None) -> str:
    outcome = send(of, outgoing)
    assert isinstance(outcome, Failed)
    assert PASSWORD not in outcome.why
    assert "\n" not in outcome.why
    return outcome.why


def body(event: Event) -> dict[str, Any]:
    made = told(event, "/ia-01")
    assert made is not None
    content: dict[str, Any] = json.loads(made.as_json())
    return content


def recovered(number: int = 0) -> CollectorRecovered:
    return CollectorRecovered(at=Stamp(NOW + number, number), collector="rapl")


@pytest.fixture
def password(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n", encoding="utf-8")
    return file


def test_a_message_arrives_with_the_headers_that_say_what_it_is() -> None:
    with Postbox() as box:
        assert send(table(box.port)) == Accepted()
    (taken,) = box.taken
    assert box.rcpt == [list(TO)]
    assert taken["From"] == "empreinte@example.org"
    assert taken["To"] == ", ".join(TO)
    assert taken["Subject"] == "[Empreinte ia-01] essai"
    assert taken["Auto-Submitted"] == "auto-generated"
    assert taken["Message-ID"].endswith("@example.org>")
    assert taken["Date"].datetime.timestamp() * 10**9 == NOW
    assert "Les messages d'Empreinte sur ia-01 arrivent" in taken.get_content()


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_what_is_sent_is_encrypted_for_a_server_that_the_private_authority_certified(
    security: Security, tmp_path: Path, password: Path
) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "other")
    box = Postbox(
        authority.serves("localhost"),
        starttls=security is Security.STARTTLS,
        credentials=("empreinte", PASSWORD) if security is Security.STARTTLS else None,
    )
    named = {"user": "empreinte", "password_file": password} if box.credentials else {}
    with box:
        of = table(box.port, security=security, **named)
        for wrong in (None, other.file):
            assert "certificate that is not trusted" in why(of, Outgoing(certificates=wrong))
        assert box.taken == []
        # the proxy, which is away, is not asked
        way = Outgoing(proxy=f"http://{LOOPBACK}:{free_port()}", certificates=authority.file)
        assert send(of, way) == Accepted()
    assert len(box.taken) == 1


def test_a_wrong_password_is_said_with_the_cure_and_may_be_right_the_next_time(
    tmp_path: Path, password: Path, caplog: pytest.LogCaptureFixture
) -> None:
    authority = Authority(tmp_path)
    with Postbox(authority.serves(), starttls=True, credentials=("empreinte", "another")) as box:
        of = table(box.port, security=Security.STARTTLS, user="empreinte", password_file=password)
        with caplog.at_level(logging.DEBUG):
            outcome = send(of, Outgoing(certificates=authority.file))
    assert outcome == Failed(f"{LOOPBACK} takes neither name nor password: correct email.user and email.password_file")
    assert PASSWORD not in caplog.text


def test_a_password_that_cannot_be_sent_is_told_with_the_cure(tmp_path: Path, password: Path) -> None:
    authority = Authority(tmp_path)
    password.write_text("öffne-dich", encoding="utf-8")
    with Postbox(authority.serves(), starttls=True, credentials=("empreinte", "another")) as box:
        of = table(box.port, security=Security.STARTTLS, user="empreinte", password_file=password)
        assert "is not ASCII" in why(of, Outgoing(certificates=authority.file))
        password.unlink()
        assert "can't be read" in why(of, Outgoing(certificates=authority.file))


def test_a_server_that_does_not_encrypt_is_not_given_anything() -> None:
    with Postbox() as box:
        assert "does not offer what is asked of it" in why(table(box.port, security=Security.STARTTLS))
        assert "does not speak TLS" in why(table(box.port, security=Security.TLS))
        assert box.taken == []


def test_a_server_that_is_away_is_told_from_one_that_refuses() -> None:
    assert "can't be reached" in why(table(free_port()))
    with Postbox(answers=["451 4.7.1 greylisted, come back", "550 5.7.1 we take no\r\n such thing"]) as box:
        assert send(table(box.port)) == Failed(
            f"{LOOPBACK} does not take the message (451 4.7.1 greylisted, come back)"
        )
        final = send(table(box.port))
    assert isinstance(final, Failed)
    assert final.final


def test_who_has_no_mailbox_is_told_of_and_the_others_get_it(caplog: pytest.LogCaptureFixture) -> None:
    with Postbox(unknown={TO[0]}) as box:
        assert send(table(box.port)) == Accepted()
        assert box.rcpt == [[TO[1]]]
        assert f"does not take mail for {TO[0]} (550 no such mailbox)" in caplog.text
        box.unknown.add(TO[1])
        nobody = send(table(box.port))
    assert isinstance(nobody, Failed)
    assert nobody.final


def test_a_name_adds_no_header_and_no_line() -> None:
    evil = "Assistant\r\nBcc: everybody@example.org\r\n\r\nBuy\N{RIGHT-TO-LEFT OVERRIDE}"
    event = ServiceAppeared(at=Stamp(NOW, 1), service=ServiceFacts(key="evil", name=evil))
    with Postbox() as box:
        of = table(box.port)
        message = writer(of).of_events([body(event)], ["id"], NOW)
        assert Mailer(of).send(message, of.to) == Accepted()
    (taken,) = box.taken
    assert taken["Bcc"] is None
    assert box.rcpt == [list(TO)]
    assert "Assistant Bcc: everybody@example.org" in " ".join(taken["Subject"].split())
    assert sum("everybody" in line for line in taken.get_content().splitlines()) == 1


@pytest.mark.parametrize("evil", ["=?utf-8?q?=0ABcc:everybody?=", "=?utf-8?b?DQpCY2M6IGE=?=", "==??utf-8?q?=0ABcc:a?="])
def test_a_name_that_is_encoded_as_headers_are_adds_none(evil: str) -> None:
    event = ServiceAppeared(at=Stamp(NOW, 1), service=ServiceFacts(key="evil", name=evil))
    message = writer(table(25)).of_events([body(event)], ["id"], NOW)
    head = message.as_bytes().partition(b"\r\n\r\n")[0]
    assert b"\n" not in head.replace(b"\r\n", b"")
    assert not any(line.startswith(b"Bcc") for line in head.splitlines())


def test_figures_are_written_as_the_language_does_and_many_events_are_one_message() -> None:
    gap = GapFound(
        at=Stamp(NOW, 1), resource="gpu1", interval=Interval(NOW - 90 * MINUTE.nanoseconds, NOW), cause="unreadable"
    )
    of = table(25)
    text = writer(of).sentence(body(gap))
    assert text.startswith("GPU 1 : pas de mesure pendant 1,5\N{NO-BREAK SPACE}h (source illisible), à partir du ")
    assert "not measured for 1.5\N{NO-BREAK SPACE}h" in writer(of, Language.ENGLISH).sentence(body(gap))
    events = [body(recovered(number)) for number in range(MOST_TOLD + 3)]
    message = writer(of).of_events(events, [event["id"] for event in events], NOW)
    assert "53 événements, dont" in message["Subject"]
    assert "et 3 autres" in message.get_content()


def test_the_same_events_have_the_same_message_id() -> None:
    write = writer(table(25))
    events = [body(recovered())]
    assert write.of_events(events, ["a"], NOW)["Message-ID"] == write.of_events(events, ["a"], NOW + 9)["Message-ID"]
    assert write.of_events(events, ["a"], NOW)["Message-ID"] != write.of_events(events, ["b"], NOW)["Message-ID"]


def test_nobody_is_told_of_what_never_was_there_nor_of_a_short_gap() -> None:
    write = writer(table(25))

    def gap(minutes: int) -> dict[str, Any]:
        start = NOW - minutes * MINUTE.nanoseconds
        return body(GapFound(at=Stamp(NOW, 1), resource="package", interval=Interval(start, NOW), cause="reboot"))

    def gone(reason: str) -> dict[str, Any]:
        return body(CollectorBecameUnavailable(at=Stamp(NOW, 1), collector="nvidia", reason=reason, what="", cure=""))

    assert [write.is_worth_telling(one) for one in (gap(9), gap(10))] == [False, True]
    assert [write.is_worth_telling(one) for one in (gone("absent"), gone("forbidden"))] == [False, True]


@pytest.mark.parametrize("why", Disagreement)
def test_why_meters_disagree_is_told_in_words(why: Disagreement) -> None:
    plug, parts = Power.from_watts(80), Power.from_watts(240)
    event = body(
        MetersDisagreed(
            at=Stamp(NOW, 1), collector="shelly:prise", why=why, platform=plug, components=parts, expected=None
        )
    )
    told_in = {writer(table(25), language).sentence(event) for language in Language}
    assert len(told_in) == len(Language)
    assert all(sentence.startswith("shelly:prise ") and why.value not in sentence for sentence in told_in)


@pytest.mark.parametrize("language", Language)
def test_every_event_has_a_sentence_in_every_language(language: Language) -> None:
    from monitor.core.cloudevent import names  # noqa: PLC0415 - for this test alone

    say = words("monitor.notify", language)
    assert all(say.maybe(f"told.{name}", "") for name in names())


class Waits:
    """Notes for how long a courier wants to wait, and lets it go on after a moment."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._never = threading.Event()

    def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        self._never.wait(0.01)


def courier(of: EmailTable, path: Path, waits: Waits, most: int = 100) -> MailCourier:
    kind = Kind(of.url, of.to, writer(of).of_events, most, of.wait.seconds)
    mailer = Mailer(of, patience=5)
    # as the daemon does: two that make it at once would be in each other's way
    with Outbox(path):
        pass
    return MailCourier(kind, mailer, path, lambda: NOW, most_per_hour=of.most_per_hour, luck=lambda: 1.0, wait=waits)


def put(path: Path, of: EmailTable, numbers: Sequence[int]) -> None:
    with Outbox(path) as outbox:
        outbox.put([Letter(of.url, f"id-{n}", json.dumps(body(recovered(n))), NOW) for n in numbers])


def standing(path: Path, of: EmailTable) -> tuple[int, int, int]:
    with Outbox(path) as outbox:
        found = outbox.standing(of.url)
    return found.waiting, found.delivered, found.dead


def test_what_waits_is_one_message_also_after_the_server_was_away_and_greylisted(tmp_path: Path) -> None:
    path, waits, port = tmp_path / FILE, Waits(), free_port()
    of = table(port)
    put(path, of, range(3))
    with courier(of, path, waits):
        wait_until(lambda: len(waits.asked) > 2, what="failures")
        with Postbox(port=port, answers=["451 greylisted"]) as box:
            wait_until(lambda: standing(path, of) == (0, 3, 0), what="the message")
    assert len(box.taken) == 1
    assert waits.asked[0] == of.wait.seconds
    assert 5.0 in waits.asked


def test_what_is_refused_for_good_is_told_once_and_kept_for_people(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, waits = tmp_path / FILE, Waits()
    with Postbox(answers=["550 no"]) as box:
        of = table(box.port)
        put(path, of, range(2))
        with courier(of, path, waits):
            wait_until(lambda: standing(path, of) == (0, 0, 2), what="giving up")
    assert box.taken == []
    assert caplog.text.count("refused for good") == 1


def test_there_is_no_flood_of_messages(tmp_path: Path) -> None:
    path, waits = tmp_path / FILE, Waits()
    with Postbox() as box:
        of = table(box.port, most_per_hour=2)
        with courier(of, path, waits, most=1):
            put(path, of, range(3))
            wait_until(lambda: standing(path, of) == (3, 0, 0) or standing(path, of)[1] == 3, what="the queue")
    put(path, of, range(3))
    with Postbox(port=box.port), courier(of, path, waits, most=1):
        wait_until(lambda: standing(path, of)[1] >= 3, what="three messages")
    assert HOUR.seconds in waits.asked


def test_the_queue_of_webhooks_carries_mail_too_across_a_restart(tmp_path: Path) -> None:
    port = free_port()
    of = table(port, summary_to=("maire@example.org",), wait=Duration(0))
    mail = Mail(of, writer(of), Outgoing())
    with Notifier([], tmp_path, "/ia-01", lambda: NOW, posts=[mail]) as notifier:
        notifier.handle(recovered())
        notifier.handle(ServiceAppeared(at=Stamp(NOW, 2), service=ServiceFacts(key="a", name="A")))
        notifier.settle()
        stands = notifier.standing()
    assert stands is not None
    assert [(one.address, one.waiting) for one in stands] == [(of.url, 1), (of.summary_url, 0)]
    month = {"type": SUMMARY, "data": {"subject": "octobre 2026", "text": "Bonjour."}}
    with Outbox(tmp_path / FILE) as outbox:
        outbox.put([Letter(of.summary_url, "2026-10", json.dumps(month), NOW)])
    with Postbox(port=port) as box, Notifier([], tmp_path, "/ia-01", lambda: NOW, posts=[mail]):
        wait_until(lambda: len(box.taken) == 2, what="both messages")
    by_reader = {message["To"]: message for message in box.taken}
    assert by_reader["maire@example.org"]["Subject"] == "[Empreinte ia-01] octobre 2026"
    assert "rapl peut de nouveau être lu" in by_reader[", ".join(TO)].get_content()


def test_both_languages_say_the_same_things_with_the_same_parts() -> None:
    french, english = (words("monitor.notify", language).sentences for language in Language)
    assert french.keys() == english.keys()
    for key, sentence in french.items():
        assert sorted(re.findall(r"{(\w+)", sentence)) == sorted(re.findall(r"{(\w+)", english[key])), key
