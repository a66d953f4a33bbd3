import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from monitor.accounting import Accounting, Rules
from monitor.bus import Bus
from monitor.core.activity import EventSum, Taken, Unit
from monitor.core.entries import OTHER, Bucket, Gap, OpenBooks, ServiceFacts
from monitor.core.events import (
    BudgetCrossed,
    CollectionFailed,
    CollectionSucceeded,
    CollectorBecameUnavailable,
    CollectorRecovered,
    EnergyMeasured,
    EntryCorrected,
    Event,
    ImpactAccounted,
    IntensityObserved,
    Observed,
    Outcome,
)
from monitor.core.external import ExternalFigures
from monitor.core.figures import Figures
from monitor.core.impact import HourImpacts, ImpactSeries, Indicator
from monitor.core.interval import HOUR, Interval, Stamp
from monitor.core.limits import Limits
from monitor.core.readings import CounterReading, HostUsageReading, IntensityReading, Reading, UsageReading
from monitor.core.terms import Choices, Reckoner
from monitor.core.units import Duration, Energy, Memory, Power
from monitor.daemon import Daemon
from monitor.exposition.snapshot import Snapshot
from monitor.impact_accounting import ImpactAccounting
from monitor.pending import MOST_PENDING, Pending
from monitor.schedule import Inbox, Sampler, Schedule
from tests.fixtures.ear import Ear
from tests.fixtures.factors import shipped_factors
from tests.fixtures.intensities import intensity

SECOND = 1_000_000_000
NOON = 1_790_000_000 * SECOND // HOUR.nanoseconds * HOUR.nanoseconds


class DiskFullError(Exception):
    pass


class Shelf:
    """A keeper that can be full."""

    def __init__(self) -> None:
        self.full = False
        self.books: list[OpenBooks] = []
        self.closed: list[Bucket] = []
        self.gaps: list[Gap] = []
        self.services: list[ServiceFacts] = []
        self.impacts: list[HourImpacts] = []
        self.intensities: list[tuple[int, IntensityReading]] = []

    def commit(
        self,
        books: OpenBooks,
        closed: Sequence[Bucket],
        gaps: Sequence[Gap],
        services: Sequence[ServiceFacts],
        *,
        impacts: Sequence[HourImpacts] = (),
        intensities: Sequence[tuple[int, IntensityReading]] = (),
    ) -> int:
        if self.full:
            message = "the disk is full"
            raise DiskFullError(message)
        self.books.append(books)
        self.closed += closed
        self.gaps += gaps
        self.services += services
        self.impacts += impacts
        self.intensities += intensities
        return len(self.books)


class Village:
    """Who is there."""

    def __init__(self) -> None:
        self.here: set[str] = {"a"}

    def services(self) -> Mapping[str, ServiceFacts]:
        return {key: ServiceFacts(key, key.upper()) for key in ("a", "b")}

    def present(self) -> frozenset[str]:
        return frozenset(self.here)


class Door:
    """Where events come in."""

    def __init__(self) -> None:
        self.waiting: list[EventSum] = []
        self.asked: list[str] = []
        self.dropped: list[str] = []

    def take(self, cursor: str) -> Taken:
        self.asked.append(cursor)
        sums, self.waiting = tuple(self.waiting), []
        return Taken(sums, f"file:{len(self.asked)}")

    def committed(self, cursor: str) -> None:
        self.dropped.append(cursor)


class World:
    """A daemon with everything around it."""

    def __init__(
        self, commit_every: float = 5, reckoner: Reckoner | None = None, were_present: Sequence[str] = ()
    ) -> None:
        self.shelf, self.village, self.ear = Shelf(), Village(), Ear()
        self.shown: list[Snapshot] = []
        self.pings = 0
        self.offset = OpenBooks(Stamp(0, 0), "", 0)
        self.period_energy: dict[tuple[str, str], Energy] = {}
        self.period_activity: dict[tuple[str, str, Unit, str], int] = {}
        self.open_hours: Sequence[HourImpacts] = ()
        self.restated: list[tuple[Stamp, int]] = []
        self.silent = False
        self.door = Door()
        self.impacts = ImpactAccounting(reckoner, None)
        self.commit_every = commit_every
        self.were_present = were_present
        self.daemon = self.build()

    def build(self) -> Daemon:
        now = Stamp(NOON, 1000 * SECOND)
        return Daemon(
            accounting=Accounting(Rules(), None, boot_id="boot", run_id="run", now=now),
            keeper=self.shelf,
            failures=DiskFullError,
            people=self.village,
            external=lambda _: ExternalFigures(),
            limits=self.look,
            periods=self.figures,
            impacts=self.impacts,
            restate_late=self.restate,
            offset=self.offset,
            bus=Bus([self.ear]),
            publish=self.shown.append,
            sources=dict,
            alive=self.ping,
            commit_every=Duration.from_seconds(self.commit_every),
            live_for=Duration.from_seconds(15),
            feed=self.door,
            present=self.were_present,
        )

    def figures(self, _books: OpenBooks, _now: Stamp, open_hours: Sequence[HourImpacts]) -> Figures:
        self.open_hours = open_hours
        if self.silent:
            message = "the ledger does not answer"
            raise DiskFullError(message)
        return Figures(self.period_energy, activity=self.period_activity)

    def look(self, *_: object) -> tuple[Limits, Sequence[BudgetCrossed]]:
        return Limits(), ()

    def restate(self, at: Stamp, told: Sequence[IntensityReading]) -> Sequence[EntryCorrected]:
        if not told:
            return []
        self.restated.append((at, len(told)))
        return [EntryCorrected(at=at, interval=Interval(0, 1), generation=1, reason="late")]

    def ping(self) -> None:
        self.pings += 1

    def tick(self, seconds: float, *outcomes: Outcome, last: bool = False) -> Snapshot:
        self.daemon.tick(self.observed(seconds, *outcomes), last=last)
        return self.shown[-1]

    def observed(self, seconds: float, *outcomes: Outcome) -> Observed:
        at = Stamp(NOON + round(seconds * SECOND), round((1000 + seconds) * SECOND))
        readings: dict[str, tuple[Reading, ...]] = {
            "rapl": (CounterReading("package", "0", Energy.from_joules(20 * seconds), Power.from_watts(500)),),
            "process": (
                HostUsageReading(Duration.from_seconds(seconds), 4, Memory.from_gibibytes(8), Memory.from_gibibytes(4)),
                UsageReading("a", "processes", Duration.from_seconds(0.5 * seconds), Memory(1), "run"),
            ),
        }
        read = [
            CollectionSucceeded(at=at, collector=name, readings=rows, took=Duration.ZERO)
            for name, rows in readings.items()
            if name not in {outcome.collector for outcome in outcomes}
        ]
        return Observed(at=at, outcomes=(*read, *outcomes))

    def heard(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.ear.heard if isinstance(event, kind)]


def _exposed(snapshot: Snapshot) -> float:
    return sum(energy.joules for energy in snapshot.host_energy.values())


def test_what_is_shown_is_what_is_committed() -> None:
    world = World()
    world.tick(0)
    snapshot = world.tick(5)
    assert _exposed(snapshot) == 100
    assert sum(energy.joules for energy in world.shelf.books[-1].measured.values()) == 100
    assert snapshot.service_power == {"a": Power.from_watts(10), OTHER: Power.from_watts(10)}
    assert snapshot.ledger_commit == 2


def test_counters_stand_still_while_the_ledger_cannot_be_written_and_nothing_is_lost(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    world.tick(0)
    world.tick(5)
    world.shelf.full = True
    with caplog.at_level(logging.INFO):
        for seconds in range(10, 300, 5):
            snapshot = world.tick(seconds)
    assert _exposed(snapshot) == 100
    assert snapshot.ledger_error == "the disk is full"
    assert snapshot.ledger_committed_at == NOON + 5 * SECOND
    assert snapshot.host_power != {}
    assert len([record for record in caplog.records if "disk is full" in record.message]) == 1
    told = len(world.ear.heard)
    world.shelf.full = False
    assert _exposed(world.tick(300)) == 6000
    assert world.shown[-1].ledger_error == ""
    assert len(world.heard(EnergyMeasured)) == 60
    assert len(world.ear.heard) > told
    assert [bucket.start for bucket in world.shelf.closed] == [NOON + 60 * SECOND * minute for minute in range(5)]


def test_events_are_told_only_once_they_are_committed() -> None:
    world = World()
    world.shelf.full = True
    world.tick(0)
    assert world.ear.heard == []


def test_a_slow_disk_is_written_to_less_often_and_shown_no_sooner() -> None:
    world = World(commit_every=60)
    world.tick(0)
    for seconds in range(5, 55, 5):
        assert _exposed(world.tick(seconds)) == 0
    assert len(world.shelf.books) == 1
    assert _exposed(world.tick(60)) == 1200


def test_the_last_tick_is_always_committed() -> None:
    world = World(commit_every=60)
    world.tick(0)
    assert _exposed(world.tick(7, last=True)) == 140


def test_a_restored_ledger_is_exposed_from_zero() -> None:
    world = World()
    world.tick(0)
    world.tick(5)
    world.offset = world.shelf.books[-1]
    world.daemon = world.build()
    world.tick(0)
    assert _exposed(world.tick(5)) == 0


def test_a_collector_that_falls_and_returns_is_told_once_each(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    gone = CollectorBecameUnavailable(
        at=Stamp(1, 1), collector="nvidia", reason="absent", what="no driver", cure="install it"
    )
    with caplog.at_level(logging.INFO):
        for tick in range(4):
            snapshot = world.tick(5 * tick, gone)
        (health,) = [one for one in snapshot.collectors if one.name == "nvidia"]
        assert (health.success, health.reason, health.cure, health.last_success) == (
            False, "absent", "install it", None,
        )  # fmt: skip
        back = CollectionSucceeded(at=Stamp(NOON, 1), collector="nvidia", readings=(), took=Duration.ZERO)
        world.tick(25, back)
    assert len(world.heard(CollectorBecameUnavailable)) == 1
    assert [event.collector for event in world.heard(CollectorRecovered) if isinstance(event, CollectorRecovered)] == [
        "nvidia"
    ]
    assert len([record for record in caplog.records if "nvidia" in record.message]) == 2


def test_a_failed_read_keeps_the_time_of_the_last_success() -> None:
    world = World()
    world.tick(0)
    failed = CollectionFailed(at=Stamp(1, 1), collector="rapl", why="busy", took=Duration.ZERO)
    snapshot = world.tick(5, failed)
    (health,) = [one for one in snapshot.collectors if one.name == "rapl"]
    assert (health.success, health.reason, health.what, health.last_success) == (False, "retry", "busy", NOON)


def test_a_service_gone_for_long_is_retired_from_the_page_but_not_from_the_ledger() -> None:
    world = World()
    world.tick(0)
    world.tick(5)
    world.village.here = set()
    snapshot = world.tick(10)
    assert "a" not in {series.consumer for series in snapshot.service_energy}
    assert "a" in {series.consumer for series in world.shelf.books[-1].energy}
    world.period_energy[("a", "previous_month")] = Energy(1)
    assert "a" in {series.consumer for series in world.tick(15).service_energy}


def test_the_watchdog_is_fed_at_every_tick_even_while_the_ledger_fails() -> None:
    world = World()
    world.shelf.full = True
    world.tick(0)
    world.tick(5)
    assert world.pings == 2


def test_a_slow_collector_alone_does_not_feed_the_watchdog() -> None:
    world = World()
    world.tick(0)
    world.daemon.tick(replace(world.observed(5), slow=True))
    assert world.pings == 1


def test_hours_are_never_let_go_while_minutes_may_be() -> None:
    pending = Pending()
    world = World()
    for seconds in range(0, 3700, 5):
        world.tick(seconds)
    hours = [bucket for bucket in world.shelf.closed if bucket.grain == "hour"]
    minutes = [bucket for bucket in world.shelf.closed if bucket.grain == "minute"]
    pending.closed = [minutes[0], *hours, *(minutes[1:2] * MOST_PENDING)]
    pending.bound()
    assert len(pending.closed) == MOST_PENDING + 2 - MOST_PENDING // 10
    assert pending.closed[0] == hours[0]


def test_gaps_do_not_fill_the_memory_while_the_ledger_cannot_be_written() -> None:
    gap = Gap("package", Interval(NOON, NOON + SECOND), "hold_exceeded")
    pending = Pending(gaps=[gap] * (MOST_PENDING + 7))
    pending.bound()
    assert len(pending.gaps) == MOST_PENDING


class Sleepy(Sampler):
    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)

    def sample(self) -> None:
        self.asked.release()


def test_when_nothing_comes_the_schedule_is_put_on_time_again_until_told_to_stop() -> None:
    world, inbox, sampler = World(), Inbox(), Sleepy()
    with Schedule(sampler, [], Duration.from_seconds(3600)) as schedule:
        thread = threading.Thread(target=world.daemon.run, args=(inbox, schedule, Duration.from_seconds(0.05)))
        thread.start()
        for _ in range(3):
            assert sampler.asked.acquire(timeout=20)
        world.daemon.stop(inbox)
        thread.join(timeout=20)
    assert not thread.is_alive()


def test_a_stop_loses_neither_what_is_in_the_inbox_nor_the_open_tick() -> None:
    world, inbox = World(commit_every=60), Inbox()
    world.tick(0)
    for seconds in (5, 10):
        inbox.offer(world.observed(seconds))
    world.daemon.finish(inbox, world.observed(13))
    assert _exposed(world.shown[-1]) == 260


def french() -> Reckoner:
    return Reckoner(shipped_factors(), Choices(zone="FR", live="rte"), ZoneInfo("Europe/Paris"))


def live(seconds: float) -> CollectionSucceeded:
    start = NOON + round(seconds * SECOND)
    readings = (intensity(start, "21.7", HOUR),)
    return CollectionSucceeded(at=Stamp(start, 0), collector="rte", readings=readings, took=Duration.ZERO)


def test_impacts_are_committed_with_the_books_and_shown_after() -> None:
    world = World(reckoner=french())
    world.tick(0)
    shown = world.tick(5)
    key = ImpactSeries("a", Indicator.GWP_USE)
    assert shown.impacts[key] == world.shelf.books[-1].impacts[key].units > 0
    world.shelf.full = True
    assert world.tick(10).impacts == shown.impacts


def test_what_a_full_disk_kept_out_of_the_counters_is_in_them_later() -> None:
    hindered, free = World(reckoner=french()), World(reckoner=french())
    for seconds in (0, 5, 10, 15):
        hindered.shelf.full = seconds in {5, 10}
        hindered.tick(seconds)
        free.tick(seconds)
    assert hindered.shown[-1].impacts == free.shown[-1].impacts


def test_an_hour_that_closes_is_reckoned_committed_and_told() -> None:
    world = World(reckoner=french())
    for seconds in range(0, 3700, 50):
        world.tick(seconds)
    assert [one.start for one in world.shelf.impacts] == [NOON]
    (told,) = [event for event in world.ear.heard if isinstance(event, ImpactAccounted)]
    assert told.impacts == world.shelf.impacts[0]
    assert [one.start for one in world.open_hours] == [NOON + HOUR.nanoseconds]


def test_live_intensities_are_kept_until_they_are_written_and_then_late_hours_are_restated() -> None:
    world = World(reckoner=french())
    world.shelf.full = True
    world.tick(0, live(0))
    world.tick(5, live(0))
    assert world.restated == []
    world.shelf.full = False
    shown = world.tick(10)
    assert [(received, one.start) for received, one in world.shelf.intensities] == [(NOON, NOON)]
    assert world.restated == [(shown.at, 1)]
    kinds = [type(event) for event in world.ear.heard]
    assert kinds.count(IntensityObserved) == kinds.count(EntryCorrected) == 1
    assert shown.intensity is not None
    assert shown.intensity.grams_per_kilowatt_hour == Decimal("21.7")


def test_what_was_committed_counts_also_where_the_ledger_cannot_say_what_the_periods_came_to(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(reckoner=french())
    world.period_energy = {("a", "day"): Energy(7)}
    world.tick(0)
    world.silent = True
    with caplog.at_level(logging.WARNING):
        first, second = world.tick(5, live(5)), world.tick(10)
    assert (_exposed(first), _exposed(second)) == (100, 200)
    assert second.period_energy == {("a", "day"): Energy(7)}
    assert second.ledger_error == "the ledger does not answer"
    assert len(world.shelf.intensities) == len(world.restated) == 1
    assert len(world.heard(IntensityObserved)) == len(world.heard(EntryCorrected)) == 1
    assert ["from before" in record.message for record in caplog.records] == [True]
    world.silent = False
    assert world.tick(15).ledger_error == ""


def test_without_a_zone_no_impact_is_shown() -> None:
    world = World()
    world.tick(0)
    shown = world.tick(5)
    assert (shown.impacts, shown.terms) == ({}, None)
