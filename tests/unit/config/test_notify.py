from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config.notify import event_names, webhook
from monitor.config.quantities import WrongValueError
from monitor.config.reference import shown
from tests.unit.config.test_intake import loaded, refusal

HOOK = '[[notify]]\nurl = "https://hooks.example.org/empreinte"\n'


def test_nobody_is_told_unless_it_is_configured(tmp_path: Path) -> None:
    assert loaded(tmp_path, "").webhooks == ()


def test_the_table_is_read(tmp_path: Path) -> None:
    text = f'{HOOK}events = ["gap_found", "service_*"]\nsecret_file = "/etc/secret"\ncertificates = "/etc/ca.pem"\n'
    (one, other) = loaded(tmp_path, f'{text}[[notify]]\nurl = "http://127.0.0.1:8080/"\n').webhooks
    assert one.url == "https://hooks.example.org/empreinte"
    assert one.events == ("gap_found", "service_*")
    assert (one.secret_file, one.certificates) == (Path("/etc/secret"), Path("/etc/ca.pem"))
    assert (other.events, other.secret_file, other.certificates) == (("*",), None, None)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://hooks.example.org/", "would leave this machine with no encryption"),
        ("https://me:password@hooks.example.org/", "no name or password belongs in the address"),
        ("https://hooks.example.org/#here", "no name or password"),
        ("ftp://hooks.example.org/", "is not the address of a webhook"),
        ("https://", "is not the address of a webhook"),
        ("https://hooks.example.org:99999/", "is not the address of a webhook"),
        ("hooks.example.org", "is not the address of a webhook"),
    ],
)
def test_what_is_no_safe_address_is_refused(address: str, said: str) -> None:
    with pytest.raises(WrongValueError, match=said):
        webhook(address)


@pytest.mark.parametrize("address", ["http://localhost:1/", "http://[::1]/x", "https://ia-01/hook?key=1"])
def test_safe_addresses_are_taken(address: str) -> None:
    assert webhook(address) == address


def test_a_name_of_no_event_is_refused_with_the_one_that_was_meant(tmp_path: Path) -> None:
    assert '["gap_found"]' in refusal(tmp_path, f'{HOOK}events = ["gap_fund"]\n')
    with pytest.raises(WrongValueError, match="it is a list"):
        event_names("gap_found")


def test_one_address_is_told_once(tmp_path: Path) -> None:
    assert "is already told, at notify[0]" in refusal(tmp_path, HOOK + HOOK)


def test_the_path_of_an_address_is_not_shown_as_it_may_be_secret(tmp_path: Path) -> None:
    text = '[[notify]]\nurl = "https://hooks.example.org/services/T0/B1/hunter2?key=hunter2"\n'
    rows = {
        path: value for path, value, _ in shown(loaded(tmp_path, f'{text}[[notify]]\nurl = "http://[::1]:8080/"\n'))
    }
    assert rows["notify[0].url"] == '"https://hooks.example.org/***"'
    assert rows["notify[1].url"] == '"http://[::1]:8080/"'
    assert "hunter2" not in str(rows)


def test_no_fault_tells_the_path_of_an_address(tmp_path: Path) -> None:
    address = "hooks.example.org/services/hunter2"
    twice = f'[[notify]]\nurl = "https://{address}"\n' * 2
    for text in (twice, *(f'[[notify]]\nurl = "{one}{address}"\n' for one in ("http://", "", "https://me:hunter2@"))):
        assert "hunter2" not in refusal(tmp_path, text)
