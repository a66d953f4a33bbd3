"""A host tells two virtual machines of their energy, each by its own way, and what they count is what the host counted.

The machines are busy processes that the host takes for services; the guests are daemons of their own, with their own
ledgers, whose powercap is the directory that would be shared with them.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from tests.parts.daemon import HOST_ENERGY, Daemon, Tables
from tests.parts.loopback import LOOPBACK, free_port, wait_until
from tests.parts.powercap import Powercap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BURNER: Final = """
import time
name, share = "{name}", {share}
while True:
    t = time.monotonic() + share * 0.1
    while time.monotonic() < t:
        pass
    time.sleep(0.1 - share * 0.1)
"""
MACHINES: Final = {"vm-1": 0.6, "vm-2": 0.3}
SERVICE_ENERGY: Final = "empreinte_service_energy_joules_total"


class Site:
    """A host with two machines on it."""

    def __init__(self, root: Path, patience: str = "1min") -> None:
        """Have the guests wait for their host as long as *patience* says."""
        self.patience = patience
        self.root = root
        self.handoff = root / "handoff"
        (root / "host").mkdir()
        self.port = free_port()
        self.token = root / "vm-2.token"
        self.token.write_text("t" * 40)
        self.token.chmod(0o600)
        self.powercap = Powercap(root / "host")
        self.first = self.powercap.microjoules
        tables: Tables = {
            "paths": {"sysfs": self.powercap.sysfs},
            "service": [{"key": key, "match": {"process": f'name, share = "{key}"'}} for key in MACHINES],
            "handoff": {"directory": self.handoff, "listen": f"{LOOPBACK}:{self.port}"},
            "handoff.guest": [{"service": "vm-1"}, {"service": "vm-2", "token_file": self.token}],
        }
        self.host = Daemon(root / "host", tables)
        self.guests = {key: self._guest(key) for key in MACHINES}
        self._burners = [
            subprocess.Popen([sys.executable, "-c", BURNER.format(name=key, share=share)])
            for key, share in MACHINES.items()
        ]

    def _guest(self, key: str) -> Daemon:
        """The first machine reads its directory, the second asks the host."""
        (self.root / key).mkdir()
        if key == "vm-1":
            return Daemon(
                self.root / key, {"paths": {"powercap": self.handoff / key}, "sampling": {"patience": self.patience}}
            )
        meter = {
            "name": "host",
            "kind": "empreinte",
            "address": f"http://{LOOPBACK}:{self.port}",
            "secret_file": self.token,
            "points": [key],
            "every": "1s",
        }
        nothing = self.root / key / "sys"
        nothing.mkdir()
        return Daemon(
            self.root / key, {"meter": [meter], "paths": {"sysfs": nothing}, "sampling": {"patience": self.patience}}
        )

    def close(self) -> None:
        for burner in self._burners:
            burner.kill()
            burner.wait()
        for daemon in (self.host, *self.guests.values()):
            daemon.child.close()
        self.powercap.stand()

    def shown(self, key: str) -> int:
        """What the directory of machine *key* shows, in microjoules; 0 where it is not there yet."""
        file = self.handoff / key / "intel-rapl:0/energy_uj"
        return int(file.read_text()) if file.exists() else 0

    def counted(self, key: str) -> int:
        """What the host counts as machine *key*'s, in microjoules."""
        return _microjoules(self.host.scrape().value(SERVICE_ENERGY, service=key, resource="package"))

    def measured(self, key: str) -> int:
        """What the guest *key* has measured, in microjoules."""
        return _microjoules(self.guests[key].scrape().value(HOST_ENERGY, resource="package", method="counter"))

    def _come_to_rest(self) -> None:
        """Return once no guest has measured anything more over five ticks: one asks only once in two of them."""
        before: list[int] = []
        while before != (now := [self.measured(key) for key in MACHINES]):
            before = now
            for guest in self.guests.values():
                guest.wait_for_tick(5 if guest is self.guests["vm-1"] else 1)

    def _booked(self) -> int:
        return _microjoules(self.host.scrape().value(HOST_ENERGY, resource="package", method="counter"))

    def settle(self) -> dict[str, tuple[int, int]]:
        """Let the counter stand; return, by machine, what the host counts and the guest measured once both know all."""
        last = self.powercap.stand()
        wait_until(lambda: self._booked() >= last - self.first, what="the host has booked all")
        wait_until(lambda: all(self.shown(key) == self.counted(key) for key in MACHINES), what="all is handed over")
        self._come_to_rest()
        return {key: (self.counted(key), self.measured(key)) for key in MACHINES}


def _microjoules(joules: float) -> int:
    return round(joules * 1e6)


@pytest.fixture
def site(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    made = Site(tmp_path, *([request.param] if hasattr(request, "param") else []))
    try:
        yield made
    finally:
        made.close()


def start(site: Site) -> None:
    """Start all daemons, with the counter moving, and return once every guest has measured something."""
    site.host.start()
    site.powercap.move()
    wait_until(lambda: all(site.shown(key) > 0 for key in MACHINES), what="the machines are told")
    for guest in site.guests.values():
        guest.start()
    wait_until(lambda: all(site.measured(key) > 0 for key in MACHINES), what="the guests measure")


def test_what_a_guest_measures_is_what_the_host_counts_as_its_to_the_microjoule(site: Site) -> None:
    """Defect 16: a fifth of it, where powers were added up as energies. Also over a restart of the guests."""
    start(site)
    before = site.settle()
    site.powercap.move()
    site.host.wait_for_tick(8)
    for key, guest in site.guests.items():
        guest.kill()
        shown = site.shown(key)
        wait_until(lambda key=key, shown=shown: site.shown(key) > shown, what="the machine draws on")  # type: ignore[misc]
        guest.start()
    site.host.wait_for_tick(4)
    after = site.settle()
    for key in MACHINES:
        counted, measured = (late - early for early, late in zip(before[key], after[key], strict=True))
        assert counted == measured > 0, key
    whole = sum(counted for counted, _ in after.values())
    assert whole < site.powercap.microjoules - site.first, "the host used some of it itself"


@pytest.mark.long
@pytest.mark.parametrize("site", ["2s"], indirect=True)
def test_a_host_that_was_away_leaves_a_gap_and_no_zero_and_no_counter_falls(site: Site) -> None:
    start(site)
    site.host.kill()
    lowest = {key: site.shown(key) for key in MACHINES}
    for key, guest in site.guests.items():
        measured, known = site.measured(key), missed(guest)
        wait_until(lambda guest=guest, known=known: missed(guest) > known + 1, what=f"{key} misses its host")  # type: ignore[misc]
        assert site.measured(key) >= measured
    site.host.start()
    wait_until(lambda: all(site.shown(key) > lowest[key] for key in MACHINES), what="the machines are told again")
    for _ in range(3):
        site.host.wait_for_tick(2)
        now = {key: site.shown(key) for key in MACHINES}
        assert all(now[key] >= lowest[key] for key in MACHINES)
        lowest = now
    again = {key: site.measured(key) for key in MACHINES}
    wait_until(lambda: all(site.measured(key) > again[key] for key in MACHINES), what="the guests measure again")
    site.settle()
    assert all(site.measured(key) <= site.shown(key) for key in MACHINES), "and nothing twice"


def missed(guest: Daemon) -> float:
    """For how many seconds the guest did not know what was drawn."""
    scrape = guest.scrape()
    modelled = scrape.value(HOST_ENERGY, resource="package", method="modelled")
    return scrape.value("empreinte_gap_seconds_total", cause="unreadable") + modelled
