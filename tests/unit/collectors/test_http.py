"""A provider's server that misbehaves in every way that a server can, and what is said of it."""

import contextlib
import gzip
import hashlib
import ipaddress
import json
import logging
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import pytest

from collectors._http import Client, Limits, Refusal
from monitor.collector import Outgoing, Reason, Retry, Unavailable
from monitor.core.units import Duration
from tests.parts.grid import GridServer, Reply
from tests.parts.loopback import LOOPBACK, free_port

pytestmark = pytest.mark.usefixtures("no_proxy")

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
FIVE = Duration.from_seconds(300)
SECRET = "k3y-that-nobody-must-see"  # noqa: S105 - it opens nothing
TIGHT = Limits(connect=2, read=0.3, total=2, body=1000, retries=2, pause=0.01, patience=0.2)


class Clock:
    """A clock that moves only when somebody waits."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def server() -> Iterator[GridServer]:
    with GridServer(lambda _: Reply.of({"fine": True}), NOW) as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _client(server: GridServer, clock: Clock | None = None, limits: Limits = TIGHT, path: str = "") -> Client:
    times = {} if clock is None else {"monotonic": clock, "wait": clock.wait}
    return Client(server.url + path, FIVE, {"auth-token": SECRET}, limits=limits, **times)  # type: ignore[arg-type] - both are callable


def _get(client: Client) -> object:
    client.begin()
    try:
        return client.get("/records", {"zone": "FR"}).content
    finally:
        client.rest()


def _why(client: Client) -> str:
    """Return what is said of a failure; it is one sentence, and has no secret."""
    with pytest.raises(Retry) as caught:
        _get(client)
    why = str(caught.value)
    assert SECRET not in why
    assert "\n" not in why
    assert why.startswith((f"{client.host} ", f"what {client.host} "))
    return why


def test_what_is_asked_says_who_asks_and_has_the_key_in_a_header(server: GridServer) -> None:
    client = _client(server, path="/behind/a/gateway/")
    client.begin()
    answer = client.get("/records", {"zone": "FR", "where": "a >= 'b c'"})
    client.rest()
    assert answer.content == {"fine": True}
    assert answer.now == 1_781_092_800_000_000_000
    (asked,) = server.asked
    assert asked.path == "/behind/a/gateway/records"
    assert asked.query == {"zone": "FR", "where": "a >= 'b c'"}
    assert asked.headers["User-Agent"] == f"empreinte/{version('empreinte')}"
    assert asked.headers["auth-token"] == SECRET
    assert asked.headers["Accept-Encoding"] == "gzip"


def test_a_server_that_tells_no_time_is_believed_all_the_same(server: GridServer) -> None:
    server.now = None
    client = _client(server)
    client.begin()
    assert client.get("/records", {}).now is None
    client.rest()


GZIPPED = {"Content-Encoding": "gzip"}
BROKEN = {
    "page": (Reply(b"<html>maintenance</html>", headers={"Content-Type": "text/html"}), "is no JSON"),
    "cut": (Reply(b'{"results": [{"taux_co2": 1'), "is no JSON, or not all of it"),
    "nothing": (Reply(), "is no JSON"),
    "not text": (Reply(b"\xff\xfe\x00"), "is no JSON"),
    "deep": (Reply(b"[" * 900), "is no JSON"),
    "shorter than said": (Reply(b'{"fine": true}', length=500), "broke off its answer"),
    "longer than said": (Reply(b'{"fine": true}', length=5), "is no JSON, or not all of it"),
    "too big": (Reply(b" " * 1001), "answers with more than 1000 bytes"),
    "big once unpacked": (Reply(gzip.compress(b" " * 100_000), headers=GZIPPED), "answers with more than 1000 bytes"),
    "not packed": (Reply(b'{"fine": true}', headers=GZIPPED), "can't be read"),
    "packed in pieces": (Reply(gzip.compress(b"[1,") + gzip.compress(b"2]"), headers=GZIPPED), "in a way that can't"),
    "packed and followed": (Reply(gzip.compress(b"[1, 2]") + b"more", headers=GZIPPED), "in a way that can't be read"),
    "packed and cut": (Reply(gzip.compress(b'{"fine": true}')[:-12], headers=GZIPPED), "broke off its answer"),
    "gone": (Reply(b"{}", status=404), "answers with status 404"),
    "no content": (Reply(status=204), "answers with status 204"),
    "elsewhere": (Reply(status=302, headers={"Location": "http://198.51.100.7/records"}), "redirects to another host"),
    "other port": (Reply(status=301, headers={"Location": "//127.0.0.1:1/records"}), "redirects to another host"),
    "other scheme": (Reply(status=307, headers={"Location": "ftp://127.0.0.1/records"}), "redirects to another host"),
    "nowhere": (Reply(status=308, headers={"Location": "http://[oops"}), "redirects to another host"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_answer_is_told_and_the_next_good_one_is_taken(server: GridServer, name: str) -> None:
    reply, what = BROKEN[name]
    server.next.append(reply)
    client = _client(server)
    why = _why(client)
    assert what in why
    assert "it is asked again in 5 min" in why
    assert len(server.asked) == 1
    assert _get(client) == {"fine": True}


def test_a_redirect_within_the_host_is_followed(server: GridServer) -> None:
    server.next.append(Reply(status=302, headers={"Location": "/moved?x=1"}))
    assert _get(_client(server)) == {"fine": True}
    assert [asked.path for asked in server.asked] == ["/records", "/moved"]


def test_a_redirect_in_a_circle_ends() -> None:
    with GridServer(lambda _: Reply(status=302, headers={"Location": "/records"}), NOW) as server:
        assert "redirects in a circle" in _why(_client(server))
        assert len(server.asked) == 4


def test_packed_answers_are_unpacked(server: GridServer) -> None:
    server.next.append(Reply(gzip.compress(b'{"packed": 1}'), headers=GZIPPED))
    assert _get(_client(server)) == {"packed": 1}


def test_a_server_that_says_nothing_is_given_up(server: GridServer) -> None:
    server.next.append(Reply(silent=True))
    client = _client(server)
    assert "did not answer in time" in _why(client)
    assert _get(client) == {"fine": True}


def test_a_server_that_goes_on_and_on_is_given_up_when_the_reads_time_is_over(server: GridServer) -> None:
    """Each byte comes in time, the answer does not."""
    server.next.append(Reply(b" " * 900 + b"{}", drip=0.02))
    client = _client(server, limits=Limits(read=5, total=0.3))
    began = time.monotonic()
    assert "took longer than 0.3 s" in _why(client)
    assert time.monotonic() - began < 900 * 0.02
    assert _get(client) == {"fine": True}


@pytest.mark.parametrize("endless", [b"x", b"X-A: b\r\n"])
def test_a_head_without_end_is_given_up_when_the_reads_time_is_over(endless: bytes) -> None:
    """No line of it, or one after the other: each piece comes in time."""
    stopping = threading.Event()

    class Slow(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(b"HTTP/1.1 200 OK\r\n")
            with contextlib.suppress(OSError):
                while not stopping.wait(0.02):
                    self.request.sendall(endless)

    with socketserver.TCPServer((LOOPBACK, 0), Slow) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        client = Client(f"http://{LOOPBACK}:{server.server_address[1]}", FIVE, limits=Limits(read=5, total=0.3))
        began = time.monotonic()
        assert "took longer than 0.3 s" in _why(client)
        # a head may have a hundred lines, and one of 64 KiB
        assert time.monotonic() - began < 100 * 0.02
        stopping.set()
        thread.join()


def test_a_read_has_no_more_time_than_in_total_however_much_is_asked(server: GridServer, clock: Clock) -> None:
    client = _client(server, clock)
    client.begin()
    client.get("/records", {})
    clock.now += TIGHT.total
    with pytest.raises(Retry, match="took longer than 2 s"):
        client.get("/records", {})
    client.rest()
    assert _get(client) == {"fine": True}


def test_nobody_listening_is_told() -> None:
    client = Client(f"http://{LOOPBACK}:{free_port()}", FIVE, limits=TIGHT)
    assert "can't be reached" in _why(client)


def test_a_name_that_nobody_knows_is_told() -> None:
    client = Client("https://grid.invalid", FIVE, limits=Limits(connect=5, total=20))
    assert "grid.invalid has no address that is known here: it is asked again in 5 min" in _why(client)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_servers_fault_is_asked_about_twice_more_with_growing_pauses(
    server: GridServer, clock: Clock, status: int
) -> None:
    server.next += [Reply(status=status), Reply(status=status)]
    assert _get(_client(server, clock)) == {"fine": True}
    assert clock.waits == [0.01, 0.02]
    server.next += [Reply(status=status)] * 3
    assert f"answers with status {status}: it is asked again in 5 min" in _why(_client(server, clock))
    assert len(server.asked) == 6


def test_a_short_pause_that_a_server_asks_for_is_made_within_the_read(server: GridServer, clock: Clock) -> None:
    server.next.append(Reply(status=429, headers={"Retry-After": "3"}))
    patient = Limits(total=30, patience=5, pause=0.01)
    assert _get(_client(server, clock, patient)) == {"fine": True}
    assert clock.waits == [3.0]


def _until(moment: datetime) -> str:
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")


@pytest.mark.parametrize("asked", ["120", _until(NOW + timedelta(seconds=120))])
def test_in_a_long_pause_that_a_server_asks_for_it_is_not_asked(server: GridServer, clock: Clock, asked: str) -> None:
    server.next.append(Reply(status=429, headers={"Retry-After": asked}))
    client = _client(server, clock)
    why = _why(client)
    assert "is asked too often and asks to be left alone for 120 s: it is asked again in 5 min, not before that" in why
    assert clock.waits == []
    clock.now += 119
    assert "asked to be left alone for another 1 s" in _why(client)
    assert len(server.asked) == 1
    clock.now += 2
    assert _get(client) == {"fine": True}


@pytest.mark.parametrize("asked", ["99999999", "9" * 400, _until(NOW + timedelta(days=9))])
def test_no_pause_is_longer_than_an_hour(server: GridServer, clock: Clock, asked: str) -> None:
    server.next.append(Reply(status=503, headers={"Retry-After": asked}))
    client = _client(server, clock)
    assert "asks to be left alone for 3600 s" in _why(client)
    clock.now += 3601
    assert _get(client) == {"fine": True}


@pytest.mark.parametrize("asked", ["soon", "-5", "", "1e3", _until(NOW - timedelta(days=9))])
def test_a_pause_that_says_nothing_is_no_pause(server: GridServer, clock: Clock, asked: str) -> None:
    server.next += [Reply(status=429, headers={"Retry-After": asked})] * 3
    client = _client(server, clock)
    assert f"{client.host} is asked too often: it is asked again in 5 min" in _why(client)
    assert _get(client) == {"fine": True}


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_is_one_and_is_not_repeated(server: GridServer, status: int) -> None:
    server.next.append(Reply(status=status))
    with pytest.raises(Refusal):
        _get(_client(server))
    assert len(server.asked) == 1


@pytest.mark.parametrize("key", ["two\nlines", "a\r\nX: y", "naïve", "bell\x07"])
def test_a_key_that_no_header_can_have_is_refused_unseen(server: GridServer, key: str) -> None:
    with pytest.raises(Unavailable) as caught:
        Client(server.url, FIVE, {"auth-token": key})
    assert caught.value.reason is Reason.FORBIDDEN
    assert caught.value.cure
    assert key not in caught.value.what + caught.value.cure


@pytest.mark.parametrize(
    "address", ["odre.opendatasoft.com", "ftp://host", "https://", "http://user:pw@host", "http://[oops", "http://h:x/"]
)
def test_an_address_that_is_none_is_refused_with_the_cure(address: str) -> None:
    with pytest.raises(Unavailable) as caught:
        Client(address, FIVE)
    assert caught.value.reason is Reason.UNSUPPORTED
    assert "https://" in caught.value.cure


def test_what_is_not_encrypted_goes_through_the_proxy_too(server: GridServer, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("sesame\n", encoding="utf-8")
    outgoing = Outgoing(proxy=server.url, user="clerk", password_file=file)
    client = Client("http://grid.invalid/api", FIVE, outgoing=outgoing, limits=TIGHT)
    assert _get(client) == {"fine": True}
    (asked,) = server.asked
    assert asked.path == "http://grid.invalid/api/records"
    assert asked.headers["Proxy-Authorization"] == "Basic Y2xlcms6c2VzYW1l"


@pytest.mark.parametrize("name", [LOOPBACK, "localhost"])
def test_what_is_on_this_machine_is_asked_through_no_proxy(server: GridServer, name: str) -> None:
    """The key would leave the machine in clear text."""
    outgoing = Outgoing(proxy=f"http://{LOOPBACK}:{free_port()}")
    client = Client(server.url.replace(LOOPBACK, name), FIVE, {"auth-token": "k3y"}, outgoing=outgoing, limits=TIGHT)
    assert _get(client) == {"fine": True}


def _certified(place: Path) -> tuple[ssl.SSLContext, Path]:
    """Return what serves as 127.0.0.1, and the certificate by which it is known."""
    from cryptography import x509  # noqa: PLC0415 - slow to load, for two tests
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - as above

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a gateway")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(LOOPBACK))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = place / "certificate.pem", place / "key.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public


def test_a_certificate_is_trusted_only_where_its_authority_is_configured(tmp_path: Path) -> None:
    context, public = _certified(tmp_path)
    with GridServer(lambda _: Reply.of({"fine": True}), NOW, context) as server:
        assert "shows a certificate that is not trusted" in _why(_client(server))
        assert server.asked == []
        trusting = Client(server.url, FIVE, certificates=public, limits=TIGHT)
        assert _get(trusting) == {"fine": True}


def test_a_certificate_is_trusted_by_its_fingerprint_whoever_signed_it_and_no_other_is(tmp_path: Path) -> None:
    context, public = _certified(tmp_path)
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(public.read_text())).hexdigest()
    with GridServer(lambda _: Reply.of({"fine": True}), NOW, context) as server:
        assert _get(Client(server.url, FIVE, fingerprint=digest, limits=TIGHT)) == {"fine": True}
        server.asked.clear()
        other = f"{'0' if digest[0] != '0' else '1'}{digest[1:]}"
        assert "another certificate" in _why(Client(server.url, FIVE, fingerprint=other, limits=TIGHT))
        assert server.asked == []


@pytest.mark.parametrize("content", [None, b"", b"not a certificate"])
def test_certificates_that_cannot_be_read_are_refused_with_the_cure(tmp_path: Path, content: bytes | None) -> None:
    place = tmp_path / "authority.pem"
    if content is not None:
        place.write_bytes(content)
    with pytest.raises(Unavailable, match=r"authority\.pem") as caught:
        Client("https://grid.invalid", FIVE, certificates=place)
    assert caught.value.cure


def test_no_key_is_in_any_log(server: GridServer, caplog: pytest.LogCaptureFixture) -> None:
    server.next += [Reply(b"<html>"), Reply(status=500), Reply(silent=True)]
    client = _client(server)
    with caplog.at_level(logging.DEBUG):
        _why(client)
        _why(client)
        _get(client)
    assert SECRET not in caplog.text
    assert SECRET not in json.dumps([record.__dict__ for record in caplog.records], default=str)


def test_what_has_something_done_is_sent_once_with_its_content_and_what_came_of_it_is_told(server: GridServer) -> None:
    client = _client(server, path="/behind/a/gateway")
    client.begin()
    server.next.append(Reply.of({"Id": "7"}, status=201, headers={"Location": "/sessions/7"}))
    reply = client.send("POST", "/sessions", {"X-Trace": "1"}, {"UserName": "monitor"})
    assert (reply.status, reply.headers["Location"], json.loads(reply.body)) == (201, "/sessions/7", {"Id": "7"})
    server.next.append(Reply(status=503, headers={"Retry-After": "0"}))
    assert client.send("DELETE", "/sessions/7").status == 503
    client.rest()
    posted, deleted = server.asked
    assert (posted.method, posted.path) == ("POST", "/behind/a/gateway/sessions")
    assert posted.headers["Content-Type"] == "application/json"
    assert posted.headers["X-Trace"] == "1"
    assert json.loads(posted.body) == {"UserName": "monitor"}
    assert (deleted.method, deleted.body) == ("DELETE", b"")


def test_what_has_something_done_is_sent_to_no_other_place(server: GridServer) -> None:
    client = _client(server)
    client.begin()
    server.next.append(Reply(status=307, headers={"Location": "/elsewhere"}))
    assert client.send("POST", "/sessions", content={"Password": SECRET}).status == 307
    client.rest()
    assert len(server.asked) == 1


def test_a_header_that_goes_with_one_question_does_not_go_with_the_next(server: GridServer) -> None:
    client = _client(server)
    client.begin()
    client.read("/records", {"X-Auth-Token": "abc"})
    client.read("/records")
    client.rest()
    assert [asked.headers.get("X-Auth-Token") for asked in server.asked] == ["abc", None]
    assert all(asked.headers["auth-token"] == SECRET for asked in server.asked)
