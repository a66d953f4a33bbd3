"""A card of AMD's or Intel's under a known load, from the files of its driver to the books."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from collectors.amd import AmdCollector
from collectors.intel import IntelCollector
from monitor.accounting import Accounting, Rules
from monitor.core.entries import IDLE, Share
from monitor.core.events import CollectionSucceeded, Observed
from monitor.core.floors import RESIDENCY
from monitor.core.interval import HOUR, Stamp
from monitor.core.readings import HostUsageReading
from monitor.core.units import Duration, Energy, Memory, Power
from tests.fixtures.amdsmi import FakeAmdSmi
from tests.fixtures.drm import FIRST, Drm
from tests.fixtures.host import host_at

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.collector import Collector

SECOND = 1_000_000_000
TICK = 5
NOON = 1_790_000_000 * SECOND // HOUR.nanoseconds * HOUR.nanoseconds
FLOOR, RESIDENT, FULL = 20, 10, 100
"""Watts: with nobody on the card, what a loaded model adds, what full use adds to that."""
OWNERS = {10: "assistant", 20: "search"}
GIB = 1 << 30


@dataclass
class Scene:
    """A card, two servers on it, and the books."""

    drm: Drm
    maker: str
    at: int = 0
    joules: float = 1000
    worked: dict[int, int] = field(default_factory=dict)
    """Nanoseconds of each process."""

    def __post_init__(self) -> None:
        self.drm.process(1)
        driver = "amdgpu" if self.maker == "amd" else "i915"
        self.sensors = self.drm.sensors(self.drm.card(0, driver, FIRST, "8086:56C0"), driver, power1_average=10**6)
        self.smi = FakeAmdSmi({FIRST: 1})
        self.smi.resolution = 1.0
        self.show()
        host = host_at(self.drm.root, OWNERS, amdsmi=self.smi)
        self.collector: Collector = (AmdCollector if self.maker == "amd" else IntelCollector).open(host)
        self.resource = f"gpu_{self.maker}0"
        floors = {self.resource: Power.from_watts(FLOOR), self.resource + RESIDENCY: Power.from_watts(RESIDENT)}
        self.accounting = Accounting(Rules(floor_powers=floors), None, boot_id="b", run_id="run", now=self.stamp)
        self.take()

    @property
    def stamp(self) -> Stamp:
        return Stamp(NOON + self.at * SECOND, (1000 + self.at) * SECOND)

    def show(self) -> None:
        """Show what the driver and the library would."""
        self.smi.counters[FIRST] = round(self.joules * 1e6)
        (self.sensors / "energy1_input").write_text(f"{round(self.joules * 1e6)}\n")
        region = "memory_vram" if self.maker == "amd" else "resident_local0"
        for pid, worked in self.worked.items():
            self.drm.client(pid, 7, pid, engine_compute=f"{worked} ns", **{region: "1048576 KiB"})

    def take(self) -> None:
        """Read the card, and then what the host did, as the slow and the fast job do."""
        host = HostUsageReading(Duration(self.at * SECOND), 4, Memory(16 * GIB), Memory(8 * GIB))
        for name, readings in ((self.maker, self.collector.collect()), ("process", (host,))):
            outcome = CollectionSucceeded(at=self.stamp, collector=name, readings=tuple(readings), took=Duration.ZERO)
            self.accounting.take(Observed(at=self.stamp, outcomes=(outcome,), slow=name == self.maker))

    def run(self, seconds: int, **busy: float) -> None:
        """Go on for so long; of each process (`p10=0.3`) the part of the time in which it computes."""
        shares = {int(pid.removeprefix("p")): part for pid, part in busy.items()}
        for pid in shares:
            self.worked.setdefault(pid, 0)
        for _ in range(seconds // TICK):
            self.at += TICK
            for pid, part in shares.items():
                self.worked[pid] += round(part * TICK * SECOND)
            power = FLOOR + (RESIDENT if self.worked else 0) + FULL * sum(shares.values())
            self.joules += power * TICK
            self.show()
            self.take()

    def booked(self) -> dict[tuple[str, Share], float]:
        """Return the joules of each consumer."""
        books = self.accounting.books(self.stamp)
        assert self.accounting.conservation_error == Energy.ZERO
        entries = [(one, energy) for one, energy in books.energy.items() if one.resource == self.resource]
        return {(one.consumer, one.share): energy.joules for one, energy in entries}


@pytest.fixture(params=["amd", "intel"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    return Scene(Drm(tmp_path), request.param)


def test_energy_over_a_minute_is_that_of_the_cards_own_counter(scene: Scene) -> None:
    before = scene.joules
    scene.run(60, p10=0.5)
    assert sum(scene.booked().values()) == pytest.approx(scene.joules - before, rel=0.01)


def test_two_that_share_a_card_get_the_proportion_of_their_engine_time(scene: Scene) -> None:
    scene.run(TICK, p10=0, p20=0)
    before = scene.booked()
    scene.run(60, p10=0.6, p20=0.2)
    after = scene.booked()
    parts = {name: after[(name, Share.ACTIVE)] - before.get((name, Share.ACTIVE), 0) for name in OWNERS.values()}
    assert parts["assistant"] / parts["search"] == pytest.approx(3, rel=0.05)
    assert parts["assistant"] == pytest.approx(60 * FULL * 0.6, rel=0.02)


def test_a_loaded_model_that_nobody_asks_is_residency_and_not_active(scene: Scene) -> None:
    scene.run(TICK, p10=0)
    before = scene.booked()
    scene.run(60, p10=0)
    after = scene.booked()
    assert after[("assistant", Share.RESIDENCY)] - before.get(("assistant", Share.RESIDENCY), 0) == 60 * RESIDENT
    assert after.get(("assistant", Share.ACTIVE), 0) == before.get(("assistant", Share.ACTIVE), 0)


def test_with_nobody_on_it_a_card_is_nobodys(scene: Scene) -> None:
    scene.run(60)
    assert scene.booked() == {(IDLE, Share.FLOOR): 60 * FLOOR}
