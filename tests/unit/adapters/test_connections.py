from pathlib import Path

import pytest

from monitor.adapters.connections import asked_pause, is_near, moment_of, parts_of, proxy_to, proxy_with_password
from monitor.collector import Outgoing

DATE = "Tue, 24 Nov 2026 22:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "120"}, 120.0),
        ({"Retry-After": "Tue, 24 Nov 2026 22:01:30 GMT", "Date": DATE}, 90.0),
        ({"Retry-After": "Tue, 24 Nov 2026 21:00:00 GMT", "Date": DATE}, 0.0),
        ({"Retry-After": "Tue, 24 Nov 2026 22:01:30 GMT"}, None),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "\N{SUPERSCRIPT TWO}"}, None),
    ],
)
def test_a_server_may_ask_to_be_left_alone(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_pause(headers) == seconds


def test_what_is_no_address_has_no_parts() -> None:
    assert parts_of("http://[::1") is None
    assert parts_of("http://ia-01:99999/") is None
    found = parts_of("https://ia-01:8443/hook")
    assert found is not None
    assert (found.hostname, found.port) == ("ia-01", 8443)


def test_a_date_of_http_is_a_moment() -> None:
    assert moment_of(DATE) == 1_795_557_600.0
    assert moment_of("24/11/2026") is None


PROXY = "http://proxy.example.org:3128"


@pytest.mark.parametrize(
    ("host", "through"),
    [
        ("api.example.net", True),
        ("example.org", False),
        ("grafana.example.org", False),
        ("GRAFANA.Example.ORG.", False),
        ("notexample.org", True),
        ("10.1.2.3", False),
        ("11.1.2.3", True),
        ("192.0.2.7", False),
        ("fd00::7", False),
        ("127.0.0.1", False),
        ("::1", False),
        ("localhost", False),
    ],
)
def test_an_exception_is_a_host_a_domain_or_a_range(host: str, *, through: bool) -> None:
    outgoing = Outgoing(proxy=PROXY, direct=("example.org", "10.0.0.0/8", "192.0.2.7", "fd00::/8"))
    assert proxy_to(host, outgoing) == (PROXY if through else "")


def test_name_and_password_are_quoted_where_a_library_takes_them_in_the_address(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("a@b:c/d\n", encoding="utf-8")
    outgoing = Outgoing(proxy=PROXY, user="a clerk", password_file=file)
    made = proxy_with_password("api.example.net", outgoing)
    assert made == "http://a%20clerk:a%40b%3Ac%2Fd@proxy.example.org:3128"
    assert proxy_with_password("localhost", outgoing) == ""
    assert "a@b" not in repr(outgoing)


@pytest.mark.parametrize(
    "host", ["192.168.1.20", "10.0.0.1", "172.16.3.4", "169.254.1.1", "fd00::7", "fe80::1", "prise", "Prise.local."]
)
def test_what_is_in_the_organisations_own_network_is_near(host: str) -> None:
    assert is_near(host)


@pytest.mark.parametrize("host", ["8.8.8.8", "172.32.0.1", "2001:4860:4860::8888", "api.example.net", "local.example"])
def test_what_is_elsewhere_is_not_near(host: str) -> None:
    assert not is_near(host)
