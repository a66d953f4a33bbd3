"""Digest access authentication, against the standard's own example and against a server that asks for it."""

import re
from datetime import UTC, datetime

import pytest

from collectors import _digest
from collectors._digest import Digest
from collectors._http import Client, Limits, Refusal
from tests.parts.digest import DigestDoor
from tests.parts.grid import Asked, GridServer, Reply

pytestmark = pytest.mark.usefixtures("no_proxy")

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
LIMITS = Limits(connect=2, read=2, total=5, retries=0)
PASSWORD = "Circle of Life"  # noqa: S105 - the one of RFC 7616
REALM = "http-auth@example.org"
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
OPAQUE = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"


def challenge(algorithm: str = "SHA-256", **other: str) -> str:
    said = {"realm": REALM, "qop": "auth, auth-int", "algorithm": algorithm, "nonce": NONCE, "opaque": OPAQUE, **other}
    return "Digest " + ", ".join(f'{name}="{value}"' for name, value in said.items() if value)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_answer_is_that_of_the_standards_example(
    monkeypatch: pytest.MonkeyPatch, algorithm: str, response: str
) -> None:
    """RFC 7616, section 3.9.1."""
    monkeypatch.setattr(_digest.secrets, "token_hex", lambda _: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    digest = Digest("Mufasa", PASSWORD)
    assert digest.challenged(challenge(algorithm))
    proof = digest.proof("GET", "http://www.example.org/dir/index.html")
    assert f'response="{response}"' in proof
    assert f'opaque="{OPAQUE}"' in proof
    assert "nc=00000001" in proof
    assert PASSWORD not in proof


def test_of_several_challenges_the_strongest_is_answered() -> None:
    digest = Digest("Mufasa", PASSWORD)
    assert digest.challenged(f'Basic realm="here", {challenge("MD5")}, {challenge("SHA-256")}')
    assert "algorithm=SHA-256" in digest.proof("GET", "http://h/")


@pytest.mark.parametrize(
    "header",
    [
        "",
        'Basic realm="here"',
        challenge("SHA-512-256"),
        challenge("SHA-256-sess"),
        challenge(nonce=""),
        challenge(qop="auth-int"),
        challenge(realm="two\r\nlines"),
        "Digest",
        "=,=",
    ],
)
def test_what_can_not_be_answered_is_not(header: str) -> None:
    digest = Digest("Mufasa", PASSWORD)
    assert not digest.challenged(header)
    assert digest.proof("GET", "http://h/") == ""


def ask(client: Client) -> bytes:
    client.begin()
    try:
        return client.read("/rpc/Shelly.GetStatus?a=b")
    finally:
        client.rest()


def test_a_nonce_is_used_until_it_is_refused_and_the_password_never_leaves() -> None:
    door = DigestDoor("admin", PASSWORD, "SHA-256")
    with GridServer(lambda asked: door.opened(asked, Reply.of({"fine": 1})), NOW) as server:
        client = Client(server.url, None, digest=Digest("admin", PASSWORD), limits=LIMITS)
        assert ask(client) == ask(client) == b'{"fine": 1}'
        assert len(server.asked) == 3
        door.change_nonce()
        assert ask(client) == b'{"fine": 1}'
        assert len(server.asked) == 5
        assert not any(PASSWORD in str(asked.headers) for asked in server.asked)
        counts = [found[1] for one in server.asked if (found := re.search(r"nc=(\w+)", str(one.headers)))]
        assert counts == ["00000001", "00000002", "00000003", "00000001"]


def test_a_wrong_password_is_a_refusal_and_is_not_tried_for_ever() -> None:
    door = DigestDoor("admin", PASSWORD, "SHA-256")
    asked: list[Asked] = []

    def answer(one: Asked) -> Reply:
        asked.append(one)
        return door.opened(one, Reply.of({}))

    with GridServer(answer, NOW) as server:
        client = Client(server.url, None, digest=Digest("admin", "wrong"), limits=LIMITS)
        with pytest.raises(Refusal) as refused:
            ask(client)
    assert refused.value.status == 401
    assert len(asked) == 2
