import pytest

from monitor.adapters.connections import asked_pause, moment_of, parts_of

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
