"""How Grafana is connected to: addresses, trust, proxies, and nothing of the environment."""

import ipaddress
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import cast

import pytest

from dashboards.connection import Connection
from dashboards.failures import NotFoundError, RefusedError, UnreachableError, WrongRequestError
from dashboards.grafana import Grafana
from tests.parts.grafana import ADMIN, FakeGrafana, Reply
from tests.parts.loopback import LOOPBACK, free_port
from tests.unit.dashboards.little_boards import QUICK


def certified(place: Path) -> tuple[ssl.SSLContext, Path]:
    """Return what a server shows, and the file of its authority."""
    from cryptography import x509  # noqa: PLC0415 - slow to load, for one test
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - as above

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a Grafana")])
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


def health(connection: Connection) -> str:
    with Grafana(connection) as grafana:
        return grafana.health().database


@pytest.mark.parametrize("slash", ["", "/"])
def test_grafana_may_be_served_under_a_path(slash: str) -> None:
    with FakeGrafana(prefix="/outils/grafana") as fake:
        assert health(Connection(fake.url + slash, ADMIN, patience=QUICK)) == "ok"


def test_a_path_that_grafana_is_not_served_under_is_told() -> None:
    with FakeGrafana(prefix="/grafana") as fake, pytest.raises(NotFoundError, match=r"status 404.*check the address"):
        health(Connection(fake.url.removesuffix("/grafana"), ADMIN, patience=QUICK))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "grafana.example.org",
        "ftp://grafana.example.org",
        "https://",
        "https://admin:secret@grafana.example.org",
        "https://grafana.example.org/?orgId=1",
        "https://grafana.example.org:port",
        "https://[::1",
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(WrongRequestError, match="not the address of Grafana: write it as") as caught:
        Connection(url, ADMIN)
    assert "secret" not in str(caught.value)


def test_an_address_of_ipv6_keeps_its_brackets() -> None:
    port = free_port()
    with pytest.raises(UnreachableError, match=rf"Grafana at \[::1\]:{port} can't be reached"):
        health(Connection(f"http://[::1]:{port}", ADMIN, patience=QUICK))


@pytest.mark.parametrize("token", ["", "glsa_a\nX-Evil: 1", "glsa_é", "two words"])
def test_what_is_no_token_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(WrongRequestError, match="give the token alone, in one line") as caught:
        Connection("http://127.0.0.1:3000", token)
    assert not token or token not in str(caught.value)


def test_a_server_that_repeats_the_token_does_not_make_us_repeat_it() -> None:
    echo = FakeGrafana(lambda _: Reply(400, {"message": f"what is {ADMIN}?"}))
    with echo as fake, pytest.raises(RefusedError, match=r"what is \*\*\*\?") as caught:
        health(Connection(fake.url, ADMIN, patience=QUICK))
    assert ADMIN not in str(caught.value)


def test_a_certificate_is_trusted_only_where_its_authority_is_named(tmp_path: Path) -> None:
    context, public = certified(tmp_path)
    with FakeGrafana(context=context) as fake:
        with pytest.raises(UnreachableError, match="a certificate that is not trusted: name the file of its authority"):
            health(Connection(fake.url, ADMIN, patience=QUICK))
        assert health(Connection(fake.url, ADMIN, certificates=[public], patience=QUICK)) == "ok"


def test_certificates_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing\n")
    for name in ("empty.pem", "missing.pem"):
        with pytest.raises(WrongRequestError, match=rf"{name} holds no certificates that can be read: give a file"):
            Connection("https://127.0.0.1:3000", ADMIN, certificates=[tmp_path / name])


def test_the_environment_is_not_asked_for_a_proxy_nor_for_passwords(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, nobody)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login admin password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with FakeGrafana() as fake:
        assert health(Connection(fake.url, ADMIN, patience=QUICK)) == "ok"
        assert fake.asked[0].headers["Authorization"] == f"Bearer {ADMIN}"


class Proxy(BaseHTTPRequestHandler):
    """A proxy that answers by itself, and notes whom it was asked for."""

    def do_GET(self) -> None:
        cast("Through", self.server).asked.append(self.path)
        self.send_response_only(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"database": "ok"}')

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


class Through(HTTPServer):
    asked: list[str]


def test_what_is_elsewhere_is_asked_through_the_proxy_and_what_is_here_is_not() -> None:
    with Through((LOOPBACK, 0), Proxy) as proxy, FakeGrafana() as here:
        proxy.asked = []
        serving = threading.Thread(target=proxy.serve_forever, args=(0.02,))
        serving.start()
        address = f"http://{LOOPBACK}:{proxy.server_port}"
        try:
            assert health(Connection("http://grafana.example.org/x", ADMIN, proxy=address, patience=QUICK)) == "ok"
            assert health(Connection(here.url, ADMIN, proxy=address, patience=QUICK)) == "ok"
        finally:
            proxy.shutdown()
            serving.join()
        assert proxy.asked == ["http://grafana.example.org/x/api/health"]


def test_a_proxy_that_is_not_there_is_told_without_its_password() -> None:
    proxy = f"http://user:hidden@127.0.0.1:{free_port()}"
    with pytest.raises(UnreachableError, match="as the proxy does not answer") as caught:
        health(Connection("http://grafana.example.org", ADMIN, proxy=proxy, patience=QUICK))
    assert "hidden" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
