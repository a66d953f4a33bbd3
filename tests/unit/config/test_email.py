"""What `[email]` says, and what is refused in it."""

from pathlib import Path

import pytest

from monitor.config import ConfigError, EmailTable, Surroundings, load
from monitor.config.email import TO_BE_KNOWN, Security, mailbox

WHOLE = ('host = "smtp.example.org"', 'sender = "empreinte@example.org"', 'to = ["it@example.org"]')


def _loaded(tmp_path: Path, *lines: str) -> EmailTable:
    file = tmp_path / "empreinte.toml"
    file.write_text("\n".join(("[email]", *lines)), encoding="utf-8")
    return load(Surroundings({}, root=False, host_name="ia-01", time_zone="UTC"), file).email


def test_without_it_nothing_is_sent(tmp_path: Path) -> None:
    table = _loaded(tmp_path)
    assert not table.tells_events
    assert not table.sends_summaries


def test_a_server_a_sender_and_a_reader_are_enough(tmp_path: Path) -> None:
    table = _loaded(tmp_path, *WHOLE)
    assert table.tells_events
    assert table.security is Security.STARTTLS
    assert table.events == TO_BE_KNOWN
    assert (table.actual_port, table.url) == (587, "smtp://smtp.example.org:587")


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465)])
def test_the_port_is_that_of_the_way_it_is_encrypted(tmp_path: Path, security: str, port: int) -> None:
    assert _loaded(tmp_path, *WHOLE, f'security = "{security}"').actual_port == port
    assert _loaded(tmp_path, *WHOLE, f'security = "{security}"', "port = 2525").actual_port == 2525


def test_nothing_leaves_this_machine_unencrypted_unless_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="with no encryption"):
        _loaded(tmp_path, *WHOLE, 'security = "none"')
    assert _loaded(tmp_path, *WHOLE, 'security = "none"', "insecure = true").actual_port == 25
    assert _loaded(tmp_path, 'host = "127.0.0.1"', *WHOLE[1:], 'security = "none"').actual_port == 25


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (WHOLE[:1], "who is it from"),
        (WHOLE[:2], "who is told"),
        (WHOLE[1:], "no server"),
        ((*WHOLE, 'user = "x"'), "password_file"),
        ((*WHOLE, 'password_file = "/x"'), "email.user"),
        ((*WHOLE, 'events = ["gap_fund"]'), "gap_found"),
        ((*WHOLE[:2], 'to = "it@example.org"'), "it is a list"),
        ((*WHOLE[:2], 'to = ["it@example.org\\nBcc: x@example.org"]'), "email.to"),
        ((*WHOLE, "most_per_hour = 0"), "from 1 to 60"),
        ((*WHOLE, "port = 70000"), "is not a port"),
        ((*WHOLE, 'security = "ssl"'), "starttls"),
    ],
)
def test_what_cannot_be_is_refused_with_the_cure(tmp_path: Path, lines: tuple[str, ...], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        _loaded(tmp_path, *lines)


def test_an_address_is_one_address() -> None:
    assert mailbox("a.b+c@example.org") == "a.b+c@example.org"
