from pathlib import Path

from monitor.core.entries import PSEUDO_SERVICES
from monitor.core.interval import Stamp
from monitor.simulation.realtime import RealTimeWorld
from monitor.simulation.townhall import townhall
from tests.unit.simulation.small import SECOND


class HandClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = Stamp(1_800_000_000 * SECOND, 50_000 * SECOND)
        self.boot_id = "the machine's own"

    def pass_by(self, time: int) -> None:
        self.now = Stamp(self.now.wall + time, self.now.boot + time)

    def stamp(self) -> Stamp:
        return self.now


def test_the_world_catches_up_with_the_clock_before_it_is_read(tmp_path: Path) -> None:
    clock = HandClock()
    real = RealTimeWorld(townhall(1), tmp_path, clock)
    file = real.tree.sysfs / "class/powercap/intel-rapl:0/energy_uj"
    first = int(file.read_text())
    clock.pass_by(10 * SECOND)
    assert int(file.read_text()) == first
    real.before_read()
    assert 10 * 48 * 10**6 < int(file.read_text()) - first < 10 * 185 * 10**6
    assert real.stamp() == clock.now == real.world.clock.stamp()


def test_each_run_is_a_boot_of_its_own(tmp_path: Path) -> None:
    clock = HandClock()
    first = RealTimeWorld(townhall(1), tmp_path / "first", clock)
    clock.pass_by(SECOND)
    second = RealTimeWorld(townhall(1), tmp_path / "second", clock)
    assert len({first.boot_id, second.boot_id, clock.boot_id}) == 3
    shown = (first.tree.procfs / "sys/kernel/random/boot_id").read_text()
    assert shown == f"{first.boot_id}\n"


def test_processes_start_when_the_machine_was_already_up(tmp_path: Path) -> None:
    clock = HandClock()
    real = RealTimeWorld(townhall(1), tmp_path, clock)
    stat = (real.tree.procfs / str(real.world.own_pid) / "stat").read_text()
    assert int(stat.rpartition(")")[2].split()[19]) == 50_000 * 100


def test_a_minute_of_the_town_hall_shows_something_and_a_day_does_not_grow(tmp_path: Path) -> None:
    clock = HandClock()
    real = RealTimeWorld(townhall(1), tmp_path, clock)
    seen: set[str] = set()
    for _ in range(60):
        clock.pass_by(10 * SECOND)
        real.before_read()
        seen |= {process.consumer for process in real.world.machine.processes.values() if process.gpu_load.rate}
    assert seen == {"assistant", "recherche", "transcription"}
    assert all(not line._past for line in real.world.machine.cpu.lines.values())
    assert all(len(process.gpu_load._past) < 200 for process in real.world.machine.processes.values())


def test_nights_are_quieter_than_days(tmp_path: Path) -> None:
    real = RealTimeWorld(townhall(1), tmp_path, HandClock())
    day = real.world.spec.day
    assert day is not None
    begun = real.world.timeline.wall % day.nanoseconds
    to_midnight = day.nanoseconds - begun
    used = []
    for hour in (1, 5, 8, 12):
        real.world.advance(to_midnight + hour * day.nanoseconds // 24)
        used.append(sum(real.world.machine.sm[0].lines[key].at(real.world.now) for key in ("assistant",)))
    assert (used[1] - used[0]) / 4 < (used[3] - used[2]) / 4 / 3


def test_its_services_have_names_and_departments_in_french() -> None:
    known = [spec for spec in townhall(1).services if spec.consumer not in PSEUDO_SERVICES]
    assert len(known) == 7
    assert all(spec.name and spec.department and spec.match for spec in known)
    assert "Assistant rédactionnel" in {spec.name for spec in known}
