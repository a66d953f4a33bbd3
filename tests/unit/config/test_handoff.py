from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config import ConfigError, GuestTable, Listen
from monitor.config.reference import shown
from tests.unit.config.test_file import read

SERVICE = '[[service]]\nkey = "vm-1"\nmatch = { cgroup = "/machine.slice/*web.scope" }\n'
GUEST = '[[handoff.guest]]\nservice = "vm-1"\n'
BY_TOKEN = 'token_file = "/etc/empreinte/vm-1.token"\n'  # noqa: S105 - where one is, and none itself


def test_nobody_is_told_unless_it_is_configured(tmp_path: Path) -> None:
    table = read(tmp_path, "").handoff
    assert (table.directory, table.listen, table.guests) == (None, None, ())


def test_guests_are_told_by_directory_or_by_token(tmp_path: Path) -> None:
    text = f'[handoff]\ndirectory = "/run/energy"\nlisten = "127.0.0.1:21032"\n{GUEST}{BY_TOKEN}{SERVICE}'
    config = read(tmp_path, text)
    assert config.handoff.directory == Path("/run/energy")
    assert config.handoff.listen == Listen("127.0.0.1", 21032)
    assert config.handoff.guests == (GuestTable(service="vm-1", token_file=Path("/etc/empreinte/vm-1.token")),)
    rows = {path: (value, origin) for path, value, origin in shown(config)}
    assert rows["handoff.directory"] == ('"/run/energy"', "line 2")
    assert rows["handoff.guest[0].service"] == ('"vm-1"', "line 5")


def test_a_guest_says_where_its_host_shares_its_energy(tmp_path: Path) -> None:
    assert read(tmp_path, '[paths]\npowercap = "/mnt/energy"\n').paths.powercap == Path("/mnt/energy")
    assert read(tmp_path, "").paths.powercap is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[handoff]\ndirectory = "/run/energy"\n', "who is to be told"),
        (f"{GUEST}{SERVICE}", "how are the guests to be told"),
        (f'[handoff]\ndirectory = "/run/energy"\n{GUEST}', "there is no service 'vm-1'"),
        (f'[handoff]\ndirectory = "/run/energy"\n{GUEST.replace("vm-1", "vm1")}{SERVICE}', 'write "vm-1"'),
        (f'[handoff]\ndirectory = "/run/energy"\n{GUEST}{GUEST}{SERVICE}', "is already the guest at handoff.guest[0]"),
        (
            f'[handoff]\ndirectory = "/run/energy"\n{GUEST}{BY_TOKEN}{SERVICE}',
            "a guest has a token, and nothing listens",
        ),
        (f'[handoff]\nlisten = "127.0.0.1:1"\n{GUEST}{SERVICE}', "no guest has a token_file"),
        (f'[handoff]\nlisten = "10.0.0.1:1"\n{GUEST}{BY_TOKEN}{SERVICE}', "no encryption: add insecure = true"),
        (f'[handoff]\ndirectory = "energy"\n{GUEST}{SERVICE}', "handoff.directory"),
        ('[handoff]\ndirectori = "/run/energy"\n', "directory"),
        ('[[handoff]]\ndirectory = "/run/energy"\n', "it is a table"),
        ("[handoff]\nguest = 3\n", "[[handoff.guest]], with two brackets"),
        (f'[handoff]\ndirectory = "/run/energy"\n{GUEST}key = "x"\n{SERVICE}', "there is no such key"),
    ],
)
def test_what_can_not_be_is_refused_with_the_cure(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, text)
    assert why in str(refused.value)
