from __future__ import annotations

import urllib.request
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitor.core.entries import Meter, OpenBooks, Series, Share
from monitor.core.interval import Stamp
from monitor.core.readings import PACKAGE, Method
from monitor.core.units import Energy
from monitor.handing_over import handing_over
from monitor.ledger.store import Ledger
from monitor.machine import own_machine
from monitor.web.tokens import TokenError
from tests.fixtures.ledgers import empty_ledger
from tests.parts.loopback import LOOPBACK, free_port
from tests.unit.config.test_file import read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.config import Config

TOKEN = "t" * 32  # it opens what the test made


class Desk:
    """What is put together of a configuration, and given one commit."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port = free_port()
        (root / "state").mkdir()
        (root / "vm-1.token").write_text(f"{TOKEN}\n", encoding="utf-8")
        (root / "vm-1.token").chmod(0o600)

    def config(self, table: str = "") -> Config:
        text = f'[paths]\nstate = "{self.root}/state"\n[[service]]\nkey = "vm-1"\nmatch = {{ port = 1 }}\n'
        return read(self.root, text + table)

    def commit(self, config: Config, stack: ExitStack, *, simulated: bool = False) -> None:
        now = Stamp(10**18, 10**12)
        ledger = stack.enter_context(
            Ledger.open(empty_ledger(self.root / "ledger.db"), host="h", timezone="UTC", simulated=simulated, now=now)
        )
        machine = replace(own_machine(config), simulated=simulated)
        committed = handing_over(config, machine, ledger, stack)
        energy = {Series("vm-1", PACKAGE, Share.ACTIVE, Method.COUNTER): Energy(7)}
        measured = {Meter(PACKAGE, Method.COUNTER): Energy(7)}
        committed(OpenBooks(now, "boot", 0, energy=energy, measured=measured), [])


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def by_both_ways(desk: Desk) -> str:
    return (
        f'[handoff]\ndirectory = "{desk.root}/energy"\nlisten = "{LOOPBACK}:{desk.port}"\n'
        f'[[handoff.guest]]\nservice = "vm-1"\ntoken_file = "{desk.root}/vm-1.token"\n'
    )


def asked(desk: Desk) -> str:
    request = urllib.request.Request(
        f"http://{LOOPBACK}:{desk.port}/v1/energy", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return str(answer.read().decode())


def test_a_guest_is_told_by_both_ways_once_it_is_committed(desk: Desk, stack: ExitStack) -> None:
    desk.commit(desk.config(by_both_ways(desk)), stack)
    assert (desk.root / "energy/vm-1/intel-rapl:0/energy_uj").read_text() == "7\n"
    assert '"energy_uj":7' in asked(desk)


def test_what_is_made_up_is_told_to_no_machine(desk: Desk, stack: ExitStack) -> None:
    desk.commit(desk.config(by_both_ways(desk)), stack, simulated=True)
    assert not (desk.root / "energy").exists()
    with pytest.raises(OSError, match="refused"):
        asked(desk)


def test_without_guests_there_is_nobody_to_tell(desk: Desk, stack: ExitStack) -> None:
    desk.commit(desk.config(), stack)
    assert list((desk.root / "state").iterdir()) == []


def test_a_token_that_can_not_be_had_stops_the_start_with_its_key(desk: Desk, stack: ExitStack) -> None:
    (desk.root / "vm-1.token").unlink()
    with pytest.raises(TokenError, match=r"handoff\.guest\.token_file"):
        desk.commit(desk.config(by_both_ways(desk)), stack)
