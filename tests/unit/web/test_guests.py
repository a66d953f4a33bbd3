from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from monitor.config import Listen
from monitor.web.server import WebError, serve_guests

if TYPE_CHECKING:
    from collections.abc import Iterator

ANY = Listen("127.0.0.1", 0)
ONE, TWO, OLD = "a" * 32, "b" * 32, "c" * 32
TOKENS = {"vm-1": (ONE.encode(), OLD.encode()), "vm-2": (TWO.encode(),), "vm-3": ()}


class Desk:
    """What each guest is told."""

    def __init__(self) -> None:
        self.zones: dict[str, list[dict[str, Any]]] = {"vm-1": [{"energy_uj": 111}], "vm-2": [{"energy_uj": 222}]}

    def told(self, service: str) -> dict[str, Any]:
        return {"format": 1, "service": service, "zones": self.zones.get(service, [])}


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def address(desk: Desk) -> Iterator[Listen]:
    with serve_guests(desk.told, TOKENS, ANY) as served:
        yield served


def asked(address: Listen, authorization: str | None, path: str = "/v1/energy") -> tuple[int, str, Any]:
    """Return status, body and headers of the answer."""
    headers = {"Authorization": authorization} if authorization is not None else {}
    request = urllib.request.Request(f"http://{address}{path}", headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), error.headers


@pytest.mark.parametrize(("token", "service", "energy"), [(ONE, "vm-1", 111), (OLD, "vm-1", 111), (TWO, "vm-2", 222)])
def test_each_token_is_told_its_own_machine(address: Listen, token: str, service: str, energy: int) -> None:
    status, body, headers = asked(address, f"Bearer {token}")
    assert (status, headers["Cache-Control"]) == (200, "no-store")
    assert json.loads(body) == {"format": 1, "service": service, "zones": [{"energy_uj": energy}]}


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", f"Basic {ONE}", f"Bearer {ONE}x", "Bearer é"])
def test_whoever_has_no_token_is_told_nothing(address: Listen, authorization: str | None) -> None:
    given = None if authorization is None else authorization.encode().decode("latin-1")
    status, body, headers = asked(address, given)
    assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "111" not in body
    assert "vm-1" not in body


def test_before_the_first_commit_it_says_when_to_ask_again(address: Listen, desk: Desk) -> None:
    desk.zones.clear()
    status, _, headers = asked(address, f"Bearer {ONE}")
    assert (status, headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/v1/status", "/api/v1/services", "/v1/energy/vm-2"])
def test_nothing_else_is_served_there(address: Listen, path: str) -> None:
    assert asked(address, f"Bearer {ONE}", path)[0] == 404


def test_an_address_that_can_not_be_had_is_told_with_its_table(address: Listen, desk: Desk) -> None:
    with pytest.raises(WebError, match=r"\[handoff\]"), serve_guests(desk.told, TOKENS, address):
        pass


def test_an_address_that_this_machine_has_not_yet_stops_nothing(desk: Desk) -> None:
    """The network of the virtual machines may come after the daemon."""
    with serve_guests(desk.told, TOKENS, Listen("192.0.2.1", 0), insecure=True) as served:
        assert served.port > 0


def test_beyond_loopback_nothing_is_served_unless_the_configuration_says_so(desk: Desk) -> None:
    with pytest.raises(WebError, match="insecure = true"), serve_guests(desk.told, TOKENS, Listen("192.0.2.1", 0)):
        pass
