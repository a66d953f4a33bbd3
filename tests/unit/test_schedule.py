import logging
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import ClassVar

import pytest

from monitor.collector import Reason, Retry, Source, Unavailable
from monitor.core.events import (
    CollectionFailed,
    CollectionSucceeded,
    CollectorBecameUnavailable,
    Observed,
    Outcome,
)
from monitor.core.interval import Stamp
from monitor.core.readings import CounterReading, Reading
from monitor.core.units import Duration, Energy, Power
from monitor.schedule import Charge, Inbox, Sampler, Schedule, newest
from tests.fixtures.intensities import intensity

SECOND = Duration.from_seconds(1)


class Ticking:
    """A clock that moves a second each time it is looked at."""

    boot_id = "boot"

    def __init__(self) -> None:
        self.now = 0

    def stamp(self) -> Stamp:
        self.now += 1_000_000_000
        return Stamp(self.now, self.now)


class Meter:
    name: ClassVar[str] = "meter"
    slow: ClassVar[bool] = False

    def __init__(self, script: Sequence[int | Exception] = ()) -> None:
        self._script = list(script)
        self.closed = 0

    def sources(self) -> Sequence[Source]:
        return [Source("package", "m", "counter", "a test", "exact")]

    def collect(self) -> Sequence[Reading]:
        step = self._script.pop(0) if self._script else 0
        if isinstance(step, Exception):
            raise step
        return [CounterReading("package", "m", Energy(step), Power.from_watts(1))]

    def close(self) -> None:
        self.closed += 1


def _sampler(open_one: Callable[[], Meter], inbox: Inbox | None = None, retry: float = 10) -> Sampler:
    charge = Charge("meter", open_one, slow=False)  # type: ignore[arg-type] - a test double opens without a host
    return Sampler([charge], Ticking(), inbox or Inbox(), Duration.from_seconds(retry))


def test_a_read_is_stamped_before_and_timed_around() -> None:
    (outcome,) = _sampler(lambda: Meter([7])).observe().outcomes
    assert isinstance(outcome, CollectionSucceeded)
    assert outcome.at == Stamp(2_000_000_000, 2_000_000_000)
    assert outcome.took == SECOND
    assert [reading.energy for reading in outcome.readings if isinstance(reading, CounterReading)] == [Energy(7)]


def test_what_is_unavailable_is_tried_again_only_later() -> None:
    meter = Meter([Unavailable(Reason.FORBIDDEN, "may not", "ask root")])
    sampler = _sampler(lambda: meter, retry=5)
    (outcome,) = sampler.observe().outcomes
    assert outcome == CollectorBecameUnavailable(
        at=Stamp(2_000_000_000, 2_000_000_000), collector="meter", reason="forbidden", what="may not", cure="ask root"
    )
    assert meter.closed == 1
    assert sampler.observe().outcomes == ()
    assert sampler.observe().outcomes == ()
    assert isinstance(sampler.observe().outcomes[0], CollectionSucceeded)


def test_a_retry_keeps_the_collector_open() -> None:
    meter = Meter([Retry("busy"), 5])
    sampler = _sampler(lambda: meter)
    (outcome,) = sampler.observe().outcomes
    assert isinstance(outcome, CollectionFailed)
    assert not outcome.defect
    assert meter.closed == 0
    assert isinstance(sampler.observe().outcomes[0], CollectionSucceeded)


def test_a_defect_of_one_collector_leaves_the_others_their_turn(caplog: pytest.LogCaptureFixture) -> None:
    broken, sound = Meter([ValueError("oh")]), Meter([1])
    charges = [Charge("broken", lambda: broken, slow=False), Charge("sound", lambda: sound, slow=False)]  # type: ignore[arg-type,return-value] - test doubles
    sampler = Sampler(charges, Ticking(), Inbox(), SECOND)
    with caplog.at_level(logging.CRITICAL):
        failed, read = sampler.observe().outcomes
    assert isinstance(failed, CollectionFailed)
    assert failed.defect
    assert failed.why == "ValueError: oh"
    assert isinstance(read, CollectionSucceeded)


class Stuck(Meter):
    def close(self) -> None:
        super().close()
        message = "can't be closed"
        raise OSError(message)


def test_a_collector_that_cannot_be_closed_blinds_nobody(caplog: pytest.LogCaptureFixture) -> None:
    stuck, sound = Stuck([Unavailable(Reason.ABSENT, "gone")]), Meter([1])
    charges = [Charge("stuck", lambda: stuck, slow=False), Charge("sound", lambda: sound, slow=False)]  # type: ignore[arg-type,return-value] - test doubles
    sampler = Sampler(charges, Ticking(), Inbox(), SECOND)
    with caplog.at_level(logging.CRITICAL):
        gone, read = sampler.observe().outcomes
        assert isinstance(gone, CollectorBecameUnavailable)
        assert isinstance(read, CollectionSucceeded)
        assert isinstance(sampler.observe().outcomes[0], CollectionSucceeded)
        sampler.close()
    assert (stuck.closed, sound.closed) == (2, 1)


def test_a_defect_before_reading_keeps_no_meter_from_being_read(caplog: pytest.LogCaptureFixture) -> None:
    def defect() -> None:
        raise KeyError(7)

    charge = Charge("meter", lambda: Meter([1, 2]), slow=False)  # type: ignore[arg-type,return-value] - a test double
    sampler = Sampler([charge], Ticking(), Inbox(), SECOND, defect)
    with caplog.at_level(logging.CRITICAL):
        failed, read = sampler.observe().outcomes
    assert isinstance(failed, CollectionFailed)
    assert (failed.collector, failed.why, failed.defect) == ("workloads", "KeyError: 7", True)
    assert isinstance(read, CollectionSucceeded)


def test_a_full_inbox_loses_nothing_cumulative() -> None:
    inbox = Inbox(room=1)
    sampler = _sampler(lambda: Meter([1, 2, 3, 4]), inbox)
    for _ in range(3):
        sampler.sample()
    first = inbox.take(SECOND)
    sampler.sample()
    last = inbox.take(SECOND)
    assert first is not None
    assert last is not None
    assert [_energy(first), _energy(last)] == [1, 4]


def _energy(observed: Observed) -> int:
    (outcome,) = observed.outcomes
    assert isinstance(outcome, CollectionSucceeded)
    (reading,) = outcome.readings
    assert isinstance(reading, CounterReading)
    return reading.energy.microjoules


def test_of_two_observations_the_newer_outcome_of_each_collector_stays() -> None:
    def failed(at: int, name: str) -> CollectionFailed:
        return CollectionFailed(at=Stamp(at, at), collector=name, why="", took=SECOND)

    older = Observed(at=Stamp(1, 1), outcomes=(failed(1, "a"), failed(1, "b")))
    newer = Observed(at=Stamp(2, 2), outcomes=(failed(2, "b"),))
    assert newest(older, newer) == Observed(at=Stamp(2, 2), outcomes=(failed(1, "a"), failed(2, "b")))


def _told(at: int, *intensities: tuple[int, int], collector: str = "rte") -> CollectionSucceeded:
    readings = tuple(intensity(start, str(grams), SECOND) for start, grams in intensities)
    return CollectionSucceeded(at=Stamp(at, at), collector=collector, readings=readings, took=SECOND)


def _failed(at: int, collector: str = "rte") -> CollectionFailed:
    return CollectionFailed(at=Stamp(at, at), collector=collector, why="", took=SECOND)


def _observed(at: int, *outcomes: Outcome) -> Observed:
    return Observed(at=Stamp(at, at), outcomes=outcomes, slow=True)


def test_intensities_that_found_no_room_join_the_next_ones_and_a_revision_counts_once() -> None:
    held = _observed(1, _told(1, (0, 20), (15, 21)))
    joined = newest(held, _observed(2, _told(2, (15, 30), (30, 22))))
    assert joined == _observed(2, _told(2, (0, 20), (15, 30), (30, 22)))


def test_intensities_that_found_no_room_outlive_a_failure() -> None:
    held = _observed(1, _told(1, (0, 20)))
    joined = newest(held, _observed(2, _failed(2)))
    assert joined == _observed(2, _told(1, (0, 20)))
    assert newest(joined, _observed(3, _told(3, (15, 21)))) == _observed(3, _told(3, (0, 20), (15, 21)))


def test_a_failure_takes_the_place_of_a_reading_with_no_intensity() -> None:
    assert newest(_observed(1, _told(1)), _observed(2, _failed(2))) == _observed(2, _failed(2))


def test_an_empty_inbox_says_so_and_a_woken_one_returns() -> None:
    inbox = Inbox()
    with pytest.raises(queue.Empty):
        inbox.take(Duration.from_seconds(0.01))
    inbox.wake()
    assert inbox.take(SECOND) is None


class Counting(Sampler):
    """A sampler that only counts how often it was asked."""

    def __init__(self) -> None:
        self.count = 0
        self.asked = threading.Semaphore(0)

    def sample(self) -> None:
        self.count += 1
        self.asked.release()


def test_every_sampler_is_read_at_once_and_again_on_time() -> None:
    fast, slow = Counting(), Counting()
    with Schedule(fast, [slow], Duration.from_seconds(0.2)):
        for sampler in (fast, slow):
            for _ in range(3):
                assert sampler.asked.acquire(timeout=20)


class Hanging(Meter):
    """A meter whose device answers when it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        self.let_go = threading.Event()

    def collect(self) -> Sequence[Reading]:
        self.asked.set()
        self.let_go.wait(60)
        return super().collect()


def test_a_meter_that_hangs_delays_neither_the_others_nor_the_end(caplog: pytest.LogCaptureFixture) -> None:
    hanging, fast, other = Hanging(), Counting(), Counting()
    slow = _sampler(lambda: hanging)
    patience = Duration.from_seconds(0.2)
    try:
        with Schedule(fast, [slow, other], Duration.from_seconds(0.2), patience=patience):
            assert hanging.asked.wait(20)
            for sampler in (fast, other):
                for _ in range(3):
                    assert sampler.asked.acquire(timeout=20)
        slow.close()
        assert hanging.closed == 0
        assert "meter does not answer, and is left as it is" in caplog.text
    finally:
        hanging.let_go.set()


def test_a_read_that_does_not_end_is_told_to_hang_until_it_does() -> None:
    clock, inbox, hanging = Ticking(), Inbox(), Hanging()
    charge = Charge("meter", lambda: hanging, slow=True)  # type: ignore[arg-type,return-value] - a test double
    sampler = Sampler([charge], clock, inbox, SECOND, slow=True)
    sampler.tell_if_stuck()
    reading = threading.Thread(target=sampler.sample)
    reading.start()
    assert hanging.asked.wait(20)
    sampler.tell_if_stuck()
    assert list(inbox.drain()) == []
    clock.now += 75 * 1_000_000_000
    sampler.tell_if_stuck()
    (observed,) = inbox.drain()
    (outcome,) = observed.outcomes
    assert isinstance(outcome, CollectionFailed)
    assert (observed.slow, outcome.collector, outcome.defect) == (True, "meter", False)
    assert re.fullmatch(r"it does not answer: it has been read for 7\d s", outcome.why)
    hanging.let_go.set()
    reading.join(20)
    clock.now += 75 * 1_000_000_000
    sampler.tell_if_stuck()
    (observed,) = inbox.drain()
    assert [type(one) for one in observed.outcomes] == [CollectionSucceeded]


def test_a_meter_that_hangs_does_not_keep_the_program_from_ending() -> None:
    program = """
from monitor.schedule import Schedule
from tests.unit.test_schedule import Counting, Duration, Hanging, _sampler
hanging, short = Hanging(), Duration.from_seconds(0.1)
with Schedule(Counting(), [_sampler(lambda: hanging)], short, patience=short):
    assert hanging.asked.wait(20)
print("ended")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=50)
    assert done.stdout == "ended\n"


def test_a_read_in_hand_is_waited_for_at_the_end_and_then_closed() -> None:
    hanging, inbox = Hanging(), Inbox()
    slow = _sampler(lambda: hanging, inbox)
    with Schedule(Counting(), [slow], Duration.from_seconds(3600)):
        assert hanging.asked.wait(20)
        threading.Timer(0.2, hanging.let_go.set).start()
    slow.close()
    assert hanging.closed == 1
    assert len(list(inbox.drain())) == 1


def _intervals(schedule: Schedule) -> dict[str, float]:
    return {job.id: job.trigger.interval.total_seconds() for job in schedule._scheduler.get_jobs()}


def test_a_slow_sampler_with_an_interval_of_its_own_keeps_it_when_rearmed() -> None:
    fast, slow, seldom = Counting(), Counting(), Counting()
    seldom.every = Duration.from_seconds(300)
    wanted = {"fast": 5, "slow0": 5, "slow1": 300}
    with Schedule(fast, [slow, seldom], Duration.from_seconds(5)) as schedule:
        assert seldom.asked.acquire(timeout=20), "the first read is at once"
        assert _intervals(schedule) == wanted
        schedule.rearm()
        assert seldom.asked.acquire(timeout=20)
        assert _intervals(schedule) == wanted


@pytest.mark.parametrize(
    ("wanted", "every"), [([300, 900], 300), ([300, None], None), ([None], None), ([900], 900), ([], None)]
)
def test_a_sampler_is_asked_as_often_as_any_of_its_collectors_wants(
    wanted: list[int | None], every: int | None
) -> None:
    charges = [
        Charge("meter", Meter, slow=True, every=None if each is None else Duration.from_seconds(each))  # type: ignore[arg-type] - a test double opens without a host
        for each in wanted
    ]
    sampler = Sampler(charges, Ticking(), Inbox(), SECOND, slow=True)
    assert sampler.every == (None if every is None else Duration.from_seconds(every))


def test_wakes_within_a_second_are_one_reading() -> None:
    fast = Counting()
    with Schedule(fast, [], Duration.from_seconds(3600)) as schedule:
        assert fast.asked.acquire(timeout=20)
        schedule.wake()
        assert fast.asked.acquire(timeout=20)
        for _ in range(50):
            schedule.wake()
        assert fast.asked.acquire(timeout=20)
        assert not fast.asked.acquire(timeout=1.5)
    assert fast.count == 3


def test_wakes_that_never_cease_do_not_put_the_reading_off() -> None:
    fast = Counting()
    with Schedule(fast, [], Duration.from_seconds(3600)) as schedule:
        assert fast.asked.acquire(timeout=20)
        for _ in range(200):
            schedule.wake()
            if fast.count >= 4:
                break
            fast.asked.acquire(timeout=0.1)
    assert fast.count >= 4


def test_rearming_makes_a_job_that_was_put_off_due_now() -> None:
    fast = Counting()
    with Schedule(fast, [], Duration.from_seconds(3600)) as schedule:
        assert fast.asked.acquire(timeout=20)
        job = schedule._scheduler.get_job("fast")
        job.modify(next_run_time=job.next_run_time + timedelta(hours=1))
        schedule.rearm()
        assert fast.asked.acquire(timeout=20)


def test_a_clock_that_is_set_decades_ahead_is_followed_at_once_with_one_reading() -> None:
    fast, every = Counting(), timedelta(seconds=3600)
    with Schedule(fast, [], Duration.from_seconds(3600)) as schedule:
        assert fast.asked.acquire(timeout=20)
        job = schedule._scheduler.get_job("fast")
        due = job.next_run_time
        # for the scheduler this is as if the clock had been set: what was due is long past
        job.modify(next_run_time=due - 20_000 * 365 * every)
        assert fast.asked.acquire(timeout=20)
        following = schedule._scheduler.get_job("fast").next_run_time
    assert fast.count == 2
    assert (following - due) % every == timedelta(0)
    assert timedelta(0) <= following - due <= every


def test_what_is_left_in_the_inbox_comes_out_in_order() -> None:
    inbox = Inbox()
    first, second = Observed(at=Stamp(1, 1), outcomes=()), Observed(at=Stamp(2, 2), outcomes=())
    inbox.offer(first)
    inbox.wake()
    inbox.offer(second)
    assert list(inbox.drain()) == [first, second]


def test_what_a_collector_reads_is_known_once_it_was_read() -> None:
    sampler = _sampler(Meter)
    assert sampler.sources() == {"meter": ()}
    sampler.observe()
    assert [source.resource for source in sampler.sources()["meter"]] == ["package"]


def test_closing_a_sampler_closes_its_collectors() -> None:
    meter = Meter()
    sampler = _sampler(lambda: meter)
    sampler.observe()
    sampler.close()
    sampler.close()
    assert meter.closed == 1
