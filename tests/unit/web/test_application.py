from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import httpx
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics

from monitor.config import Language
from monitor.core.interval import Stamp
from monitor.core.units import Duration
from monitor.exposition.prometheus import OPENMETRICS, TEXT, Exposition
from monitor.web.application import application
from monitor.web.health import Health
from monitor.web.protection import HEADERS
from tests.fixtures.snapshots import ABOUT, NOW, SECOND, at_work, in_trouble

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from monitor.exposition.snapshot import Snapshot

HTML = {"accept": "text/html,*/*;q=0.8"}
HELD = {"/style.css", "/icon.svg", "/api/v1/openapi.json"}
ADDRESSES = (
    "/",
    "/metrics",
    "/healthz",
    "/readyz",
    "/api/v1/status",
    "/api/v1/impacts",
    "/api/v1/services",
    "/api/v1/external",
    "/style.css",
    "/icon.svg",
    "/api/v1/openapi.json",
)


class Visitor:
    """Asks the application, with no server between."""

    def __init__(self, app: ASGIApp) -> None:
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def ask(self, method: str, address: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return asyncio.run(self._ask(method, address, {"accept-encoding": "", **(headers or {})}))

    def get(self, address: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.ask("GET", address, headers)

    async def _ask(self, method: str, address: str, headers: dict[str, str]) -> httpx.Response:
        async with httpx.AsyncClient(transport=self._transport, base_url="http://ia-01") as client:
            return await client.request(method, address, headers=headers)


def visit(snapshot: Snapshot | None = None, *, late: int = 0, language: Language = Language.ENGLISH) -> Visitor:
    """Return a visitor who comes *late* seconds after the snapshot."""
    shown, times = Exposition(ABOUT, CollectorRegistry()), [NOW.boot]
    health = Health(shown, lambda: Stamp(NOW.wall, times[-1]), Duration(30 * SECOND))
    times.append(NOW.boot + late * SECOND)
    if snapshot is not None:
        shown.publish(snapshot)
    return Visitor(application(shown, health, language, ZoneInfo("Europe/Paris")))


@pytest.mark.parametrize("address", ADDRESSES)
def test_everything_can_be_read_and_head_says_the_same_without_the_body(address: str) -> None:
    client = visit(at_work())
    got, head = client.get(address), client.ask("HEAD", address)
    assert got.status_code == head.status_code == 200
    assert got.content
    assert {**head.headers} == {**got.headers}


@pytest.mark.parametrize("address", [*ADDRESSES, "/nothing/here"])
@pytest.mark.parametrize("snapshot", [None, at_work()], ids=["before", "after"])
def test_every_answer_is_protected_and_says_how_long_it_holds(address: str, snapshot: Snapshot | None) -> None:
    headers = visit(snapshot).get(address).headers
    assert all(headers[name.decode()] == value.decode() for name, value in HEADERS)
    held = headers["cache-control"]
    assert held == ("public, max-age=3600" if address in HELD else "no-store")


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed(address: str, method: str) -> None:
    answer = visit(at_work()).ask(method, address)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert answer.text == f"{address} takes GET and HEAD requests only\n"


def test_metrics_are_in_the_format_that_is_asked_for() -> None:
    client = visit(at_work())
    text = client.get("/metrics")
    assert text.headers["content-type"] == TEXT
    assert text.headers["vary"] == "Accept, Accept-Encoding"
    openmetrics = client.get("/metrics", headers={"accept": "application/openmetrics-text;version=1.0.0"})
    assert openmetrics.headers["content-type"] == OPENMETRICS
    assert openmetrics.content.endswith(b"# EOF\n")
    assert list(read_openmetrics(openmetrics.text))


def test_metrics_are_compressed_for_who_accepts_it() -> None:
    client = visit(at_work())
    packed = client.get("/metrics", headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(packed.content)
    assert packed.content == client.get("/metrics").content


@pytest.mark.parametrize(
    "address", ["/", "/metrics", "/api/v1/status", "/api/v1/impacts", "/api/v1/services", "/api/v1/external", "/readyz"]
)
def test_before_the_first_reading_nothing_is_shown_as_zero(address: str) -> None:
    answer = visit().get(address)
    assert answer.status_code == 503
    assert "0 W" not in answer.text
    assert "joules" not in answer.text
    assert address == "/readyz" or answer.headers["retry-after"] == "5"


def test_asking_changes_nothing() -> None:
    client = visit(at_work())
    before = client.get("/metrics").content
    for address in (*ADDRESSES, "/nothing") * 3:
        client.get(address, HTML)
    assert client.get("/metrics").content == before


def test_health_is_told_in_one_line_with_the_reason() -> None:
    assert visit(at_work()).get("/healthz").text == visit(at_work()).get("/readyz").text == "ok\n"
    late = visit(at_work(), late=60).get("/healthz")
    assert (late.status_code, late.text) == (503, "nothing new was measured for 60 s: see the daemon's log\n")
    full = visit(in_trouble())
    assert full.get("/healthz").status_code == 200
    assert full.get("/readyz").status_code == 503
    assert full.get("/readyz").text == f"{in_trouble().ledger_error}\n"


def test_the_status_for_programs_is_what_the_page_says() -> None:
    answer = visit(at_work()).get("/api/v1/status")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["power_watts"] == 460.08
    assert "Assistant rédactionnel" in answer.text
    assert answer.json()["stale"] is False
    assert visit(at_work(), late=60).get("/api/v1/status").json()["stale"] is True


def test_the_impacts_for_programs_agree_with_the_status() -> None:
    visitor = visit(at_work())
    answer = visitor.get("/api/v1/impacts")
    assert answer.headers["content-type"] == "application/json"
    day, told = answer.json()["periods"]["day"], visitor.get("/api/v1/status").json()["periods"]["day"]
    assert day["emissions_grams"]["central"] == told["emissions_grams"]
    assert day["emissions_grams"]["low"] == told["emissions_low_grams"]
    assert day["water_grid_liters"]["central"] == told["water_grid_liters"]
    assert visit(at_work(), late=60).get("/api/v1/impacts").json()["stale"] is True


@pytest.mark.parametrize(
    ("address", "accepted", "spoken"),
    [("/", "", "fr"), ("/?lang=en", "fr", "en"), ("/", "en-GB,fr;q=0.5", "en"), ("/?lang=xx", "", "fr")],
)
def test_the_page_speaks_the_visitors_language(address: str, accepted: str, spoken: str) -> None:
    answer = visit(at_work(), language=Language.FRENCH).get(address, headers={"accept-language": accepted})
    assert f'<html lang="{spoken}">' in answer.text
    assert answer.headers["content-language"] == spoken
    assert answer.headers["vary"] == "Accept-Language"


def test_a_page_of_each_language_and_age_is_made_once_for_each_snapshot() -> None:
    client = visit(at_work())
    first, french, again = (client.get(address) for address in ("/?lang=en", "/?lang=fr", "/?lang=en"))
    assert first.text == again.text != french.text
    assert "These figures are old" not in first.text
    assert "These figures are old" in visit(at_work(), late=60).get("/").text


def test_the_style_sheet_may_be_kept_for_ever_under_the_address_that_the_page_gives() -> None:
    client = visit(at_work())
    address = client.get("/").text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert address.startswith("style.css?")
    assert "immutable" in client.get(f"/{address}").headers["cache-control"]
    assert "immutable" not in client.get("/style.css?other").headers["cache-control"]
    assert len(client.get("/style.css").content) < 10_000


def test_what_is_not_served_is_told_to_people_in_a_page_and_to_programs_in_a_line() -> None:
    client = visit(at_work())
    page = client.get("/no/such/thing", headers=HTML)
    assert page.status_code == 404
    assert "This page does not exist" in page.text
    assert 'href="../../style.css?' in page.text
    assert 'href="../../?lang=en"' in page.text
    assert client.get("/no/such/thing").text == "/no/such/thing is not served here\n"
    assert "<h1>This address can only be read</h1>" in client.ask("POST", "/", HTML).text


def test_what_somebody_writes_into_an_address_stays_text() -> None:
    answer = visit(at_work()).get("/<script>alert(1)</script>", headers=HTML)
    assert answer.status_code == 404
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_an_address_that_ends_with_a_slash_leads_nowhere_else() -> None:
    assert visit(at_work()).get("/metrics/").status_code == 404


def test_a_defect_is_told_in_one_line_and_shows_nothing_of_the_program() -> None:
    class Broken(Exposition):
        def text(self, *, gzipped: bool = False) -> bytes:
            raise RuntimeError("secret" + str(gzipped))

    shown = Broken(ABOUT)
    app = application(shown, Health(shown, lambda: NOW, Duration(SECOND)), Language.ENGLISH, ZoneInfo("UTC"))
    answer = Visitor(app).get("/metrics", headers=HTML)
    assert answer.status_code == 500
    assert answer.text == "a defect of the program: its log says more; measuring goes on\n"
    assert answer.headers["x-content-type-options"] == "nosniff"
