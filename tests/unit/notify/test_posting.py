from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING

import pytest

from monitor.config import NotifyTable
from monitor.core.delivery import Accepted, Failed
from monitor.notify.outbox import Letter
from monitor.notify.posting import Poster, SecretError, secret_in, signature
from tests.parts.loopback import free_port
from tests.parts.receiver import Receiver, Verdict

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("no_proxy")

SECOND = 10**9
NOW = 1_795_557_600 * SECOND
BODY = json.dumps({"id": "abc", "data": {"cause": "é"}}, ensure_ascii=False)


def letter(url: str) -> Letter:
    return Letter(url, "abc", BODY, NOW)


def posted(receiver: Receiver, table: NotifyTable | None = None, answer: float = 10.0) -> Accepted | Failed:
    return Poster(table or NotifyTable(url=receiver.url), answer=answer).post(letter(receiver.url), NOW)


def test_an_event_arrives_whole_with_its_kind_and_without_a_signature() -> None:
    with Receiver() as receiver:
        assert posted(receiver) == Accepted()
    (told,) = receiver.taken
    assert told.body.decode() == BODY
    assert told.path == "/secret-path"
    assert told.headers["Content-Type"] == "application/cloudevents+json; charset=utf-8"
    assert told.headers["User-Agent"].startswith("empreinte/")
    assert (told.headers["webhook-id"], told.headers["webhook-timestamp"]) == ("abc", "1795557600")
    assert "webhook-signature" not in told.headers


def test_the_signature_is_over_id_time_and_body(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret that is long enough\n")
    with Receiver() as receiver:
        posted(receiver, NotifyTable(url=receiver.url, secret_file=secret))
    (told,) = receiver.taken
    version, _, value = told.headers["webhook-signature"].partition(",")
    signed = b"abc.1795557600." + told.body
    expected = hmac.new(b"a secret that is long enough", signed, hashlib.sha256).digest()
    assert (version, base64.b64decode(value)) == ("v1", expected)


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """Source of the figures: Standard Webhooks' reference libraries, test of signing."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    said = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert said == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_is_text_or_base64(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("whsec_" + base64.b64encode(bytes(range(24))).decode() + "\n")
    assert secret_in(file) == bytes(range(24))
    file.write_text("0123456789abcdef")
    assert secret_in(file) == b"0123456789abcdef"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"short", "is shorter than 16 bytes"),
        (b"", "is shorter than 16 bytes"),
        (b"whsec_???", "holds no secret"),
        (b"\xff" * 20, "holds no secret"),
        (None, "can't be read"),
    ],
)
def test_a_secret_that_is_none_sends_nothing_and_is_told(tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SecretError, match=said):
        secret_in(file)
    with Receiver() as receiver:
        outcome = posted(receiver, NotifyTable(url=receiver.url, secret_file=file))
    assert receiver.asked == []
    assert isinstance(outcome, Failed)
    assert said in outcome.why
    assert not outcome.final


@pytest.mark.parametrize(
    ("status", "final"),
    [(400, True), (401, False), (404, False), (410, True), (422, True), (429, False), (500, False), (503, False)],
)
def test_what_a_refusal_means(status: int, final: bool) -> None:
    with Receiver(lambda _: Verdict(status)) as receiver:
        assert posted(receiver) == Failed(f"127.0.0.1 answers with status {status}", final)


def test_a_redirect_is_not_followed() -> None:
    with Receiver() as elsewhere, Receiver(lambda _: Verdict(307, {"Location": elsewhere.url})) as receiver:
        outcome = posted(receiver)
    assert elsewhere.asked == []
    assert isinstance(outcome, Failed)
    assert "redirects (status 307), which is not followed" in outcome.why


def test_the_receiver_may_ask_for_a_pause() -> None:
    with Receiver(lambda _: Verdict(503, {"Retry-After": "77"})) as receiver:
        outcome = posted(receiver)
    assert isinstance(outcome, Failed)
    assert outcome.pause == 77.0


@pytest.mark.parametrize(
    ("verdict", "said"),
    [(Verdict(silent=True), "did not answer in time"), (Verdict(broken=True), "broke off its answer")],
)
def test_who_says_nothing_has_not_taken_it(verdict: Verdict, said: str) -> None:
    with Receiver(lambda _: verdict) as receiver:
        outcome = posted(receiver, answer=0.3)
    assert outcome == Failed(f"127.0.0.1 {said}")


def test_who_is_not_there_has_not_taken_it() -> None:
    url = f"http://127.0.0.1:{free_port()}/secret-path"
    outcome = Poster(NotifyTable(url=url)).post(letter(url), NOW)
    assert outcome == Failed("127.0.0.1 can't be reached")
