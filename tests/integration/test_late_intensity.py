"""A live source that is away for hours: the daemon's loop on a real ledger, its hours driven by hand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor.accounting import Accounting, Rules
from monitor.bus import Bus
from monitor.config import Config, Surroundings, load
from monitor.core.entries import ServiceFacts
from monitor.core.events import CollectionSucceeded, EntryCorrected, Observed
from monitor.core.external import ExternalFigures
from monitor.core.impact import ImpactSeries, Indicator
from monitor.core.interval import HOUR, Interval, Stamp
from monitor.core.limits import Limits
from monitor.core.readings import CounterReading, HostUsageReading, IntensityReading, Reading, UsageReading
from monitor.core.units import Duration, Energy, Memory, Power
from monitor.daemon import Daemon
from monitor.impact_accounting import ImpactAccounting
from monitor.ledger.locks import restating
from monitor.ledger.periods import Periods
from monitor.ledger.store import Ledger, LedgerError
from monitor.ledger.verify import verify
from monitor.live_intensity import LATE, LateHours, told, zone_told
from monitor.reckoning import assemble
from tests.fixtures.ear import Ear
from tests.fixtures.intensities import QUARTER, intensity
from tests.fixtures.ledgers import empty_ledger

if TYPE_CHECKING:
    from monitor.exposition.snapshot import Snapshot

SECOND = 1_000_000_000
H = HOUR.nanoseconds
MIDNIGHT = int(datetime(2026, 3, 14, 23, tzinfo=UTC).timestamp()) * SECOND
"""In Paris."""
STEP = 300
WATTS = 100
GRAMS = Decimal("10.85")
"""Half of what RTE's year comes to: each hour is worth half of its level."""


class People:
    def services(self) -> Mapping[str, ServiceFacts]:
        return {"assistant": ServiceFacts("assistant", "Assistant")}

    def present(self) -> frozenset[str]:
        return frozenset({"assistant"})


class Room:
    """A server of 100 W in a room, its ledger, and its daemon's loop, step by step."""

    def __init__(self, config: Config, ledger: Ledger, tmp_path: Path) -> None:
        self.config = config
        self.ledger = ledger
        self.shown: list[Snapshot] = []
        self.ear = Ear()
        opening, now = ledger.load(), Stamp(MIDNIGHT, 10**12)
        assembly = assemble(config, MIDNIGHT, sysfs=tmp_path / "sys", procfs=tmp_path / "proc")
        self.daemon = Daemon(
            accounting=Accounting(Rules(), opening, boot_id="boot", run_id="run", now=now),
            keeper=ledger,
            failures=LedgerError,
            people=People(),
            external=lambda _: ExternalFigures(),
            limits=lambda *_: (Limits(), ()),
            periods=Periods(ledger).of,
            impacts=ImpactAccounting(
                assembly.reckoner, opening, ledger.grain, told(config, ledger, Interval(0, MIDNIGHT))
            ),
            restate_late=LateHours(config, ledger, assembly.reckoner).restate,
            offset=ledger.exposure_offset(),
            bus=Bus([self.ear]),
            publish=self.shown.append,
            sources=dict,
            alive=lambda: None,
            commit_every=Duration.from_seconds(STEP),
            live_for=Duration.from_seconds(STEP),
        )

    def run(self, since: int, until: int, live: Sequence[IntensityReading] = ()) -> None:
        """Measure from *since* to *until*, in seconds after midnight; *live* comes in with the last step."""
        for seconds in range(since, until + 1, STEP):
            self.daemon.tick(self.observed(seconds, live if seconds + STEP > until else ()))

    def observed(self, seconds: int, live: Sequence[IntensityReading]) -> Observed:
        at = Stamp(MIDNIGHT + seconds * SECOND, 10**12 + seconds * SECOND)
        readings: dict[str, tuple[Reading, ...]] = {
            "rapl": (CounterReading("package", "0", Energy.from_joules(WATTS * seconds), Power.from_watts(500)),),
            "process": (
                HostUsageReading(Duration.from_seconds(seconds), 4, Memory.from_gibibytes(8), Memory.from_gibibytes(4)),
                UsageReading("assistant", "processes", Duration.from_seconds(seconds), Memory(1), "run"),
            ),
        }
        if live:
            readings["rte"] = tuple(live)
        outcomes = (
            CollectionSucceeded(at=at, collector=name, readings=seen, took=Duration.ZERO)
            for name, seen in readings.items()
        )
        return Observed(at=at, outcomes=tuple(outcomes))

    def emissions(self, start: int, end: int) -> int:
        """Return the emissions of all that was measured from hour *start* to hour *end*, in micrograms."""
        sums = self.ledger.sums(Interval(MIDNIGHT + start * H, MIDNIGHT + end * H)).impacts
        return sum(bounds.central for key, bounds in sums.items() if key.indicator is Indicator.GWP_USE)

    def of_day(self) -> int:
        """Return the same of the day, as it is shown."""
        impacts = self.shown[-1].period_impacts
        return sum(
            bounds.central
            for (_, indicator, period), bounds in impacts.items()
            if indicator is Indicator.GWP_USE and period == "day"
        )


def quarters(start: int, end: int) -> list[IntensityReading]:
    """Return a reading for every quarter from hour *start* to hour *end*."""
    moments = range(MIDNIGHT + start * H, MIDNIGHT + end * H, QUARTER.nanoseconds)
    return [intensity(moment, str(GRAMS), raw=f'{{"at": {moment}}}') for moment in moments]


def configured(tmp_path: Path, host: str = 'zone = "FR"') -> Config:
    file = tmp_path / "empreinte.toml"
    file.write_text(
        f'[paths]\nstate = "{tmp_path}"\n[organisation]\ntimezone = "Europe/Paris"\n[host]\n{host}\n'
        '[factors]\nlive = "rte"\nprovider = "ademe"\n'
    )
    return load(Surroundings({}, root=False, host_name="ia-01", time_zone="Europe/Paris"), file)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return configured(tmp_path)


@pytest.fixture
def ledger(config: Config) -> Iterator[Ledger]:
    now = Stamp(MIDNIGHT, 10**12)
    url = empty_ledger(config.paths.state / "ledger.db")
    assert url == config.ledger.url
    with Ledger.open(url, host="ia-01", timezone="Europe/Paris", now=now) as ledger:
        yield ledger


HOURLY = 4_610_000
"""Micrograms of 0.1 kWh at ADEME's level of 2025, 46.1 g/kWh."""


def test_six_hours_without_live_source_leave_no_hole_and_are_restated(
    config: Config, ledger: Ledger, tmp_path: Path
) -> None:
    room = Room(config, ledger, tmp_path)
    room.run(0, 3600, quarters(0, 1))
    room.run(3600 + STEP, 2 * 3600, quarters(1, 2))
    room.run(2 * 3600 + STEP, 8 * 3600 + STEP)
    assert room.emissions(0, 2) == HOURLY
    away = Interval(MIDNIGHT + 2 * H, MIDNIGHT + 8 * H)
    assert ledger.filled(0) == (away,)
    assert room.emissions(2, 8) == 6 * HOURLY
    counted = dict(room.shown[-1].impacts)
    room.run(8 * 3600 + 2 * STEP, 8 * 3600 + 2 * STEP, quarters(2, 8))
    assert ledger.filled(0) == ()
    assert room.emissions(0, 8) == 8 * HOURLY // 2
    (restated,) = ledger.restatements()
    assert (restated.interval, restated.reason, restated.hours) == (away, LATE, 6)
    corrected = [event for event in room.ear.heard if isinstance(event, EntryCorrected)]
    assert [event.interval for event in corrected] == [away]
    key = ImpactSeries("assistant", Indicator.GWP_USE)
    assert room.shown[-1].impacts[key] >= counted[key]
    assert verify(ledger).faults == ()
    room.run(8 * 3600 + 3 * STEP, 9 * 3600 + STEP, quarters(8, 9))
    # five minutes at 100 W of the hour in hand, by the newest live intensity
    assert room.of_day() == room.emissions(0, 9) + HOURLY // 2 * STEP // 3600


def test_data_that_tell_of_some_hours_restate_those_and_leave_the_others(
    config: Config, ledger: Ledger, tmp_path: Path
) -> None:
    room = Room(config, ledger, tmp_path)
    room.run(0, 4 * 3600 + STEP)
    room.run(4 * 3600 + 2 * STEP, 4 * 3600 + 2 * STEP, [*quarters(0, 1), *quarters(2, 3)])
    first, third = Interval(MIDNIGHT + H, MIDNIGHT + 2 * H), Interval(MIDNIGHT + 3 * H, MIDNIGHT + 4 * H)
    assert ledger.filled(0) == (first, third)
    assert room.emissions(0, 4) == 3 * HOURLY
    assert len(ledger.restatements()) == 2


def test_the_same_data_told_again_restate_nothing(config: Config, ledger: Ledger, tmp_path: Path) -> None:
    room = Room(config, ledger, tmp_path)
    room.run(0, 2 * 3600 + STEP)
    for step in (2, 3, 4):
        room.run(2 * 3600 + step * STEP, 2 * 3600 + step * STEP, quarters(0, 2))
    assert len(ledger.restatements()) == 1
    assert len(ledger.intensities("rte", "FR", Interval(MIDNIGHT, MIDNIGHT + 2 * H))) == 8


def test_an_hour_that_is_told_of_quarter_by_quarter_is_restated_once_with_all_of_them(
    config: Config, ledger: Ledger, tmp_path: Path
) -> None:
    room = Room(config, ledger, tmp_path)
    room.run(0, 3600 + STEP)
    for count in (1, 2, 3):
        room.run(3600 + (count + 1) * STEP, 3600 + (count + 1) * STEP, quarters(0, 1)[:count])
        assert room.emissions(0, 1) == HOURLY
        assert len(ledger.filled(0)) == 1
    other = replace(quarters(0, 1)[3], grams_per_kilowatt_hour=3 * GRAMS)
    room.run(3600 + 5 * STEP, 3600 + 5 * STEP, [other])
    assert room.emissions(0, 1) == HOURLY * 3 // 4
    assert len(ledger.restatements()) == 1


def test_a_revised_figure_restates_its_hour(config: Config, ledger: Ledger, tmp_path: Path) -> None:
    room = Room(config, ledger, tmp_path)
    room.run(0, 3600, quarters(0, 1))
    room.run(3600 + STEP, 3600 + STEP)
    assert room.emissions(0, 1) == HOURLY // 2
    revised = [replace(one, grams_per_kilowatt_hour=2 * GRAMS) for one in quarters(0, 1)]
    room.run(3600 + 2 * STEP, 3600 + 2 * STEP, revised)
    assert room.emissions(0, 1) == HOURLY
    assert [one.interval for one in ledger.restatements()] == [Interval(MIDNIGHT, MIDNIGHT + H)]


def test_late_data_leave_what_else_was_configured_since_as_it_was(
    config: Config, ledger: Ledger, tmp_path: Path
) -> None:
    Room(config, ledger, tmp_path).run(0, 3600 + STEP)
    again = Room(configured(tmp_path, 'zone = "FR"\npue = 2.0'), ledger, tmp_path)
    again.run(3600 + 2 * STEP, 3600 + 2 * STEP, quarters(0, 1))
    assert again.emissions(0, 1) == HOURLY // 2
    assert ledger.filled(0) == ()


def test_in_a_part_of_the_country_the_country_s_figures_count(tmp_path: Path) -> None:
    config = configured(tmp_path, 'zone = "FR-IDF"')
    url = empty_ledger(config.paths.state / "ledger.db")
    assert url == config.ledger.url
    with Ledger.open(url, host="ia-01", timezone="Europe/Paris", now=Stamp(MIDNIGHT, 10**12)) as ledger:
        assert zone_told(config) == "FR"
        room = Room(config, ledger, tmp_path)
        room.run(0, 3600, quarters(0, 1))
        room.run(3600 + STEP, 3600 + STEP)
        assert room.emissions(0, 1) == HOURLY // 2
        assert len(told(config, ledger, Interval(MIDNIGHT, MIDNIGHT + H))) == 4


def test_while_another_program_restates_the_daemon_goes_on_and_restates_after_it(
    config: Config, ledger: Ledger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    room = Room(config, ledger, tmp_path)
    room.run(0, 3600 + STEP)
    with Ledger.change(config.ledger.url) as other, restating(other.place, other.transaction):
        room.run(3600 + 2 * STEP, 3600 + 2 * STEP, quarters(0, 1))
        before = room.shown[-1]
        room.run(3600 + 3 * STEP, 3600 + 4 * STEP)
    assert (before.ledger_error, room.shown[-1].ledger_error) == ("", "")
    assert sum(one.joules for one in room.shown[-1].host_energy.values()) == WATTS * (3600 + 4 * STEP)
    assert len([one for one in caplog.records if "restated" in one.message]) == 1
    assert room.emissions(0, 1) == HOURLY
    room.run(3600 + 5 * STEP, 3600 + 5 * STEP)
    assert room.emissions(0, 1) == HOURLY // 2


def test_what_a_daemon_was_killed_before_is_restated_by_the_next(
    config: Config, ledger: Ledger, tmp_path: Path
) -> None:
    room = Room(config, ledger, tmp_path)
    room.run(0, 3600, quarters(0, 1))
    room.run(3600 + STEP, 3600 + STEP)
    revised = [replace(one, grams_per_kilowatt_hour=2 * GRAMS) for one in quarters(0, 1)]
    books = ledger.load()
    assert books is not None
    ledger.commit(books, (), (), (), intensities=[(books.at.wall, one) for one in revised])
    again = Room(config, ledger, tmp_path)
    again.run(3600 + 2 * STEP, 3600 + 2 * STEP, quarters(1, 2)[:1])
    assert again.emissions(0, 1) == HOURLY


def test_after_a_restart_late_data_are_still_waited_for(config: Config, ledger: Ledger, tmp_path: Path) -> None:
    Room(config, ledger, tmp_path).run(0, 2 * 3600 + STEP)
    again = Room(config, ledger, tmp_path)
    again.run(2 * 3600 + 2 * STEP, 2 * 3600 + 2 * STEP, quarters(0, 2))
    assert ledger.filled(0) == ()
    assert again.emissions(0, 2) == HOURLY


def test_the_hours_are_those_of_the_ledger_whoever_asks(config: Config, ledger: Ledger, tmp_path: Path) -> None:
    room = Room(config, ledger, tmp_path)
    room.run(0, 3 * 3600 + STEP)
    reading = partial(Ledger.read, config.ledger.url)
    with reading() as beside:
        assert beside.sums(Interval(0, MIDNIGHT + 3 * H)) == ledger.sums(Interval(0, MIDNIGHT + 3 * H))
