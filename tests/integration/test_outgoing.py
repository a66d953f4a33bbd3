"""Who calls other machines does so by way of `[network]`: a real proxy, a private authority, and each caller."""

from __future__ import annotations

import json
import logging
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from collectors.electricity_maps import ElectricityMapsCollector
from collectors.rte import RteCollector
from dashboards.annotations import annotate
from dashboards.connection import Connection
from dashboards.failures import UnreachableError
from monitor.adapters.connections import proxy_with_password
from monitor.collector import Grid, Host, Outgoing, Retry, Unavailable
from monitor.config import GrafanaTable, NotifyTable
from monitor.core.delivery import Accepted, Failed
from monitor.notify.marks import Marks
from monitor.notify.outbox import FILE, Letter, Outbox
from monitor.notify.posting import Poster
from tests.parts.authority import Authority
from tests.parts.grafana import EDITOR, FakeGrafana
from tests.parts.grid import GridServer, Reply
from tests.parts.loopback import LOOPBACK, free_port, wait_until
from tests.parts.proxy import Proxy
from tests.parts.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Call = Callable[[str, Outgoing], str]

ELSEWHERE = "elsewhere.invalid"
"""A name that nobody but the proxy knows. Source: RFC 6761, section 6.4."""
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PASSWORD = "s3same:öffne-dich"  # noqa: S105 - it opens nothing
TOKEN = "a-token"  # noqa: S105 - it opens nothing


def _host(outgoing: Outgoing, grid: Grid, tmp: Path) -> Host:
    return Host(
        sysfs=tmp,
        procfs=tmp,
        cgroupfs=tmp,
        workloads=None,  # type: ignore[arg-type]  # what asks of the grid has no use for it
        read_clock=None,
        run_id="run",
        own_pid=os.getpid(),
        grid=grid,
        outgoing=outgoing,
    )


def ask_rte(url: str, outgoing: Outgoing, tmp: Path) -> str:
    try:
        RteCollector.open(_host(outgoing, Grid(zone="FR", address=url), tmp)).collect()
    except Retry as why:
        return str(why)
    return ""


def ask_electricity_maps(url: str, outgoing: Outgoing, tmp: Path) -> str:
    try:
        ElectricityMapsCollector.open(_host(outgoing, Grid(zone="DE", address=url, token=TOKEN), tmp)).collect()
    except Retry as why:
        return str(why)
    return ""


def tell_a_webhook(url: str, outgoing: Outgoing, _: Path) -> str:
    outcome = Poster(NotifyTable(url=url), outgoing).post(Letter(url, "id", "{}", 1), 1)
    return outcome.why if isinstance(outcome, Failed) else ""


def ask_grafana(url: str, outgoing: Outgoing, _: Path) -> str:
    trusted = [outgoing.certificates] if outgoing.certificates else []
    host = url.partition("://")[2].partition(":")[0]
    connection = Connection(url, TOKEN, proxy=proxy_with_password(host, outgoing), certificates=trusted)
    try:
        connection.ask("GET", "/health", "say how it is")
    except UnreachableError as why:
        return str(why)
    except Exception as why:  # noqa: BLE001 - any other answer is one of the server itself, through the proxy
        return "" if "answers with" in str(why) or "will not" in str(why) else str(why)
    finally:
        connection.close()
    return ""


callers = pytest.mark.parametrize("call", [ask_rte, ask_electricity_maps, tell_a_webhook, ask_grafana])


def _server(authority: Authority) -> GridServer:
    return GridServer(lambda _: Reply.of({"total_count": 0, "results": []}), NOW, authority.serves(ELSEWHERE))


def _port(server: GridServer | Receiver) -> int:
    return int(server.url.rpartition(":")[2].partition("/")[0])


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def password(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n", encoding="utf-8")
    return file


@callers
def test_a_call_goes_through_the_proxy_and_trusts_the_private_authority(
    call: Callable[..., str], authority: Authority, tmp_path: Path
) -> None:
    with _server(authority) as server, Proxy(_port(server)) as proxy:
        outgoing = Outgoing(proxy=proxy.url, certificates=authority.file)
        call(f"https://{ELSEWHERE}", outgoing, tmp_path)
        assert set(proxy.opened) == {f"{ELSEWHERE}:443"}
        if call is not tell_a_webhook:  # of that, this server understands nothing
            assert server.asked


@callers
def test_a_certificate_of_another_authority_is_refused_with_the_cure(
    call: Callable[..., str], authority: Authority, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "other")
    with _server(authority) as server, Proxy(_port(server)) as proxy:
        for certificates in (None, other.file):
            why = call(f"https://{ELSEWHERE}", Outgoing(proxy=proxy.url, certificates=certificates), tmp_path)
            assert "shows a certificate that is not trusted" in why
            assert "network.certificates" in why
        assert server.asked == []


@callers
def test_a_proxy_that_wants_a_password_is_given_it_and_without_one_the_cure_is_said(
    call: Callable[..., str], authority: Authority, password: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with _server(authority) as server, Proxy(_port(server), credentials=f"empreinte:{PASSWORD}") as proxy:
        plain = Outgoing(proxy=proxy.url, certificates=authority.file)
        with caplog.at_level(logging.DEBUG):
            why = call(f"https://{ELSEWHERE}", plain, tmp_path)
            assert "the proxy wants a name and a password" in why
            assert "network.proxy_password_file" in why
            assert not server.asked
            assert not proxy.opened
            named = Outgoing(proxy=proxy.url, certificates=authority.file, user="empreinte", password_file=password)
            call(f"https://{ELSEWHERE}", named, tmp_path)
        assert proxy.opened
        assert PASSWORD not in caplog.text


@callers
def test_a_proxy_that_lets_nobody_through_is_told_from_one_that_is_away(
    call: Callable[..., str], tmp_path: Path
) -> None:
    with Proxy(free_port(), declines=403) as proxy:
        why = call(f"https://{ELSEWHERE}", Outgoing(proxy=proxy.url), tmp_path)
        assert "lets nobody through to it (status 403)" in why
    away = Outgoing(proxy=f"http://{LOOPBACK}:{free_port()}")
    assert "the proxy does not answer: check network.proxy" in call(f"https://{ELSEWHERE}", away, tmp_path)


@callers
def test_what_is_here_or_excepted_is_called_without_the_proxy(
    call: Callable[..., str], authority: Authority, tmp_path: Path
) -> None:
    with _server(authority) as server, Proxy(_port(server)) as proxy:
        outgoing = Outgoing(proxy=proxy.url, certificates=authority.file, direct=("invalid",))
        call(server.url, outgoing, tmp_path)
        assert "has no address" in call(f"https://{ELSEWHERE}", outgoing, tmp_path) or call is ask_grafana
        assert proxy.asked == []


@callers
def test_the_environments_proxy_is_not_obeyed(
    call: Callable[..., str], authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _server(authority) as server, Proxy(_port(server)) as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.upper(), proxy.url)
        assert call(f"https://{ELSEWHERE}", Outgoing(certificates=authority.file), tmp_path)
        assert proxy.asked == []


def test_an_event_arrives_through_the_proxy(authority: Authority) -> None:
    with Receiver(context=authority.serves(ELSEWHERE)) as receiver, Proxy(_port(receiver)) as proxy:
        url = f"https://{ELSEWHERE}/hook"
        poster = Poster(NotifyTable(url=url), Outgoing(proxy=proxy.url, certificates=authority.file))
        assert poster.post(Letter(url, "id", '{"id": "id"}', 1), 1) == Accepted()
        assert receiver.ids == ["id"]


def test_an_event_is_marked_in_grafana_through_the_proxy_and_its_password(
    authority: Authority, password: Path, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(EDITOR, encoding="utf-8")
    event = {"id": "1", "source": "/ia-01", "type": "x", "time": f"{NOW:%Y-%m-%dT%H:%M:%SZ}", "data": {}}
    with FakeGrafana(context=authority.serves(ELSEWHERE)) as grafana:
        port = int(grafana.origin.rpartition(":")[2])
        with Proxy(port, credentials=f"empreinte:{PASSWORD}") as proxy:
            table = GrafanaTable(url=f"https://{ELSEWHERE}", token_file=token, annotations=("*",))
            outgoing = Outgoing(proxy=proxy.url, user="empreinte", password_file=password, certificates=authority.file)
            marks = Marks(table, outgoing, lambda: annotate, source="/ia-01", language="fr", zone=UTC)
            with Outbox(tmp_path / FILE) as outbox:
                outbox.put([Letter(table.marks_url, "1", json.dumps(event), 1)])
            (courier,) = marks.couriers(tmp_path / FILE, lambda: 1)
            with courier:
                wait_until(lambda: bool(grafana.store.annotations), what="the mark")
            assert set(proxy.opened) == {f"{ELSEWHERE}:443"}


@pytest.mark.parametrize(("content", "why"), [(None, "can't be read"), (b"", "is empty"), (b"a\nb\n", "one line")])
def test_a_password_that_cannot_be_had_is_told_with_the_cure(tmp_path: Path, content: bytes | None, why: str) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    outgoing = Outgoing(proxy="http://proxy.invalid:3128", user="empreinte", password_file=file)
    with pytest.raises(Unavailable, match=why) as caught:
        proxy_with_password(ELSEWHERE, outgoing)
    assert caught.value.cure
