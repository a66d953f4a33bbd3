"""Energy of NVIDIA cards, and who uses them, through NVIDIA's management library (NVML).

Reads, of each board: its energy counter (millijoules since the driver was loaded, moved on about every 100 ms; Volta
and newer), else its power; the processes with a context open, and the time of the streaming multiprocessors (SMs) that
each had. Error: +-5 % (vendor); the sensor of A100 and H100 looks a quarter of the time, and sees bursts by chance.
Privilege: none, but /dev/nvidiactl and /dev/nvidia[0-9]* must be open to the daemon.

Traps: a partitioned card (MIG) has one energy for all its instances, and does not say who computes: what is set aside
for each stands for that; the order of the cards changes when one falls off the bus; a driver that is loaded again
counts from zero; a call may hang with its driver. Counters for profiling (GPM, DCGM) are never switched on: they make
an idle card draw twice as much (dcgm-exporter, issue 464).

Source: NVML API reference; arXiv 2312.02741 (sensor); docs/collectors.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from collectors._nvml import Context, Down, Lost, NotNow, NotOffered, Sample, Session
from collectors._sharing import of_the_clients, set_aside
from monitor.collector import Reason, Retry, Source, Unavailable
from monitor.core.readings import CounterReading, GpuUsageReading, GpuUse, Method, PowerReading, gpu
from monitor.core.units import Duration, Memory, Power

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from monitor.collector import Host
    from monitor.core.readings import Reading

HIGHEST: Final = Power.from_watts(3000)
"""The most that a board may draw which states no limit. Our choice: twice the largest of today (B300, 1,400 W)."""
ABOVE_LIMIT: Final = 2
"""A board may draw this many times its highest limit for a moment. Our choice: nothing wraps here, so it only has
to tell a counter that went on from one that holds nonsense."""
HOLD: Final = Duration.from_seconds(60)
"""How long a power stands where there is no counter. Our choice: a card's load changes within seconds, and a minute
bounds what one that fell silent is charged."""
LONGEST_WAIT: Final = 64
"""Reads between two attempts to get a lost card back: an attempt opens the library anew and may take 100 ms."""
ACCURACY: Final = {Method.COUNTER: "+-5 % (vendor); more where the load comes in bursts", Method.INTEGRATED: "+-10 %"}


@dataclass(slots=True)
class Board:
    """One card: what is known of it for good, and how it is reached in this session."""

    uuid: str
    resource: str
    model: str = ""
    method: Method | None = None
    """None where it tells neither energy nor power."""
    plausible: Power = HIGHEST
    partitioned: bool = False
    tells_use: bool = True
    """Whether the driver says who computes on it."""
    memory: Memory | None = None
    """All of it; None until the driver has told it."""
    handle: object = None
    """None while it is lost."""
    seen: int = 0
    """The newest sample of use that was read, on the driver's clock, us."""


class NvidiaCollector:
    """Reads every card that the driver shows. One that is lost is left out, looked for, and keeps its name."""

    name: ClassVar[str] = "nvidia"
    slow: ClassVar[bool] = True

    def __init__(self, host: Host, session: Session) -> None:
        """Read the cards of *session*, which is closed with the collector."""
        self._host = host
        self._session: Session | None = session
        self._boards: dict[str, Board] = {}
        self._wait = 1
        self._reads_to_wait = 0
        self._epoch = _driver(host.sysfs)
        self._complete = self._look(session)

    @classmethod
    def open(cls, host: Host) -> NvidiaCollector:
        """Return a collector of every card. Raises Unavailable without library, driver, right or card."""
        session = Session(host.nvml)
        try:
            collector = cls(host, session)
            collector._refuse_nothing()
        except (Down, Lost, NotOffered, NotNow) as fact:
            session.close()
            raise Retry(str(fact)) from fact
        except Unavailable:
            session.close()
            raise
        return collector

    def sources(self) -> Sequence[Source]:
        """Return the cards that tell their energy or power, in order of their number."""
        return [_source(board) for board in self._in_order() if board.method is not None]

    def collect(self) -> Sequence[Reading]:
        """Return each card's energy and who uses it. Raises Retry where no card answers, Unavailable as `open` does."""
        self._restore()
        readings: list[Reading] = []
        trouble = "no NVIDIA card answers"
        for board in self._in_order():
            try:
                readings += self._read(board)
            except Lost as fact:
                board.handle = None
                self._complete = False
                trouble = str(fact)
            except Down as fact:
                self._end()
                raise Retry(str(fact)) from fact
        if not readings:
            raise Retry(trouble)
        return readings

    def close(self) -> None:
        """Close the session."""
        self._end()

    def _in_order(self) -> list[Board]:
        return sorted(self._boards.values(), key=lambda board: int(board.resource.removeprefix("gpu")))

    def _end(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _refuse_nothing(self) -> None:
        """Raise Unavailable where there is no card, or none that tells anything."""
        if not self._boards and self._complete:
            raise Unavailable(Reason.ABSENT, "the NVIDIA driver shows no card", "see what `nvidia-smi -L` says")
        if self._complete and not any(self._read(board) for board in self._in_order()):
            raise Unavailable(
                Reason.UNSUPPORTED, "no NVIDIA card tells its energy, or who uses it", "update the NVIDIA driver"
            )

    def _restore(self) -> None:
        """Open a session where there is none; where a card is lost, from time to time open one anew to find it."""
        if self._session is not None and self._complete:
            return
        if self._session is not None and self._reads_to_wait > 0:
            self._reads_to_wait -= 1
            return
        self._end()
        try:
            session = Session(self._host.nvml)
        except Unavailable as fact:
            if fact.reason is Reason.ABSENT:
                raise Retry(f"{fact.what}; it worked before") from fact
            raise
        self._session = session
        self._epoch = _driver(self._host.sysfs)
        for board in self._boards.values():
            board.handle = None
        try:
            self._complete = self._look(session)
        except (Down, Lost, NotOffered, NotNow) as fact:
            self._end()
            raise Retry(str(fact)) from fact
        self._wait = 1 if self._complete else min(2 * self._wait, LONGEST_WAIT)
        self._reads_to_wait = self._wait

    def _look(self, session: Session) -> bool:
        """Take up every card that the session shows; return whether none is missing.

        Raises Down; and Lost, NotOffered, NotNow where it can't be said how many there are.
        """
        complete = True
        for index in range(session.count()):
            try:
                self._take_up(session, index)
            except NotOffered:
                continue  # not ours to read, now or later
            except (Lost, NotNow):
                complete = False
        return complete and all(board.handle is not None for board in self._boards.values())

    def _take_up(self, session: Session, index: int) -> None:
        handle = session.handle(index)
        uuid = session.uuid(handle)
        board = self._boards.get(uuid) or Board(uuid, self._free_name(index))
        board.model = session.model(handle)
        board.partitioned = session.partitioned(handle)
        board.plausible = _plausible(session, handle)
        board.method = _method(session, handle)
        board.tells_use = not board.partitioned and _tells_use(session, handle)
        board.memory = None
        board.handle = handle
        self._boards[uuid] = board

    def _free_name(self, index: int) -> str:
        """Return the name for a card that is new at *index*: a name that another card ever had is never given again."""
        taken = {board.resource for board in self._boards.values()}
        while gpu(index) in taken:
            index += 1
        return gpu(index)

    def _read(self, board: Board) -> list[Reading]:
        if board.handle is None or self._session is None:
            return []
        readings = [self._energy(self._session, board), self._usage(self._session, board)]
        return [reading for reading in readings if reading is not None]

    def _energy(self, session: Session, board: Board) -> Reading | None:
        try:
            if board.method is Method.COUNTER:
                energy = session.energy(board.handle)
                return CounterReading(board.resource, board.uuid, energy, board.plausible, epoch=self._epoch)
            if board.method is Method.INTEGRATED:
                power = session.power(board.handle)
                # what no card draws is a sensor that failed
                sound = Power.ZERO < power <= board.plausible
                return PowerReading(board.resource, board.uuid, power, HOLD) if sound else None
        except (NotOffered, NotNow):
            return None
        return None

    def _usage(self, session: Session, board: Board) -> GpuUsageReading | None:
        """Return who uses the card; None where the driver does not say who has a context open."""
        try:
            contexts = session.contexts(board.handle, partitioned=board.partitioned)
        except (NotOffered, NotNow):
            return None
        percents = self._percents(session, board, contexts) if board.tells_use else None
        memory = _memory(session, board, contexts)
        ended = {pid: Memory(0) for pid in percents or {} if pid not in memory}
        reserved = _reserved(session, board, contexts)
        whose, computed = self._host.workloads.consumer_of, percents or {}
        uses = tuple(
            GpuUse(whose(pid), pid, computed.get(pid, 0), held, reserved=reserved.get(pid, 0))
            for pid, held in sorted({**memory, **ended}.items())
        )
        board.memory = board.memory or _total_memory(session, board)
        return GpuUsageReading(board.resource, uses, utilisation_known=percents is not None, memory_total=board.memory)

    def _percents(self, session: Session, board: Board, contexts: Sequence[Context]) -> Mapping[int, int] | None:
        """Return the share of the SMs' time that each process had since the last read; None where it is not known."""
        try:
            samples = session.samples(board.handle, board.seen)
            if not samples and board.seen:
                return self._unless_set_back(session, board)
        except (NotOffered, NotNow):
            return None
        since, board.seen = board.seen, max((sample.moment for sample in samples), default=board.seen)
        return of_the_clients(mean_percents(samples, since), contexts, self._host.procfs)

    def _unless_set_back(self, session: Session, board: Board) -> Mapping[int, int] | None:
        """Return that nobody computed; or None where the clock was set back, so that all samples look old.

        The driver's moments are of the wall clock.
        """
        try:
            if not session.is_busy(board.handle):
                return {}
        except (NotOffered, NotNow):
            return {}
        newest = max((sample.moment for sample in session.samples(board.handle, 0)), default=board.seen)
        if newest >= board.seen:
            return {}
        board.seen = newest
        return None


def mean_percents(samples: Iterable[Sample], since: int) -> dict[int, int]:
    """Return, for each process of *samples*, the mean share of the SMs' time after the moment *since*, 1 to 100 %.

    The driver gives one sample for each process, the mean over the time up to its moment, or one for each process and
    sampling period. A process that has samples for a part of the time only counts in part: each sample counts for the
    time that it covers, of the time up to the newest. What was used at all is not rounded to nothing.
    """
    rows = sorted(samples, key=lambda sample: (sample.moment, sample.pid))
    if not rows:
        return {}
    newest = rows[-1].moment
    period = min(_gaps(rows), default=newest)
    start = since or max(0, rows[0].moment - period)
    used: dict[int, int] = {}
    for sample in rows:
        covered = min(period, sample.moment - start)
        used[sample.pid] = used.get(sample.pid, 0) + sample.percent * covered
    return {pid: min(max(round(total / (newest - start)), 1), 100) for pid, total in used.items()}


def _gaps(rows: Iterable[Sample]) -> Iterator[int]:
    """Yield the times between two samples of one process; *rows* are in order of their moments."""
    before: dict[int, int] = {}
    for sample in rows:
        if sample.moment > before.get(sample.pid, sample.moment):
            yield sample.moment - before[sample.pid]
        before[sample.pid] = sample.moment


def _memory(session: Session, board: Board, contexts: Sequence[Context]) -> dict[int, Memory]:
    """Return the memory that each process holds; where the driver doesn't tell, an even part of what nobody claims."""
    known = {context.pid: context.memory for context in contexts if context.memory is not None}
    silent = [context.pid for context in contexts if context.memory is None]
    if not silent:
        return known
    try:
        used = session.used_memory(board.handle).bytes
    except (NotOffered, NotNow):
        used = 0
    each = max(0, used - sum(memory.bytes for memory in known.values())) // len(silent)
    return known | dict.fromkeys(silent, Memory(each))


def _reserved(session: Session, board: Board, contexts: Sequence[Context]) -> dict[int, int]:
    """Return what is set aside for each process on a partitioned card, in thousandths; nothing elsewhere."""
    if not board.partitioned:
        return {}
    try:
        return set_aside(contexts, *session.slices(board.handle))
    except (NotOffered, NotNow):
        return {}


def _tells_use(session: Session, handle: object) -> bool:
    try:
        session.samples(handle, 0)
    except NotOffered:
        return False
    except NotNow:
        return True
    return True


def _total_memory(session: Session, board: Board) -> Memory | None:
    """Return all the memory of the card; None where it has none of its own to tell (one that shares the machine's)."""
    try:
        memory = session.total_memory(board.handle)
    except (NotOffered, NotNow):
        return None
    return memory if memory.bytes > 0 else None


def _plausible(session: Session, handle: object) -> Power:
    try:
        limit = session.highest_limit(handle)
    except (NotOffered, NotNow):
        return HIGHEST
    return Power(ABOVE_LIMIT * limit.microwatts) if limit > Power.ZERO else HIGHEST


def _method(session: Session, handle: object) -> Method | None:
    for method, ask in ((Method.COUNTER, session.energy), (Method.INTEGRATED, session.power)):
        try:
            ask(handle)
        except NotOffered:
            continue
        return method
    return None


def _source(board: Board) -> Source:
    method = board.method or Method.COUNTER
    what = "energy counter" if method is Method.COUNTER else "power"
    use = "" if board.tells_use else "; the driver does not tell who computes: shared by the memory held"
    if board.partitioned:
        use = ", whole board, partitioned (MIG); shared by the slices set aside"
    return Source(board.resource, board.uuid, method, f"{board.model}, NVML {what}{use}", ACCURACY[method])


def _driver(sysfs: Path) -> str:
    """Return what tells one loading of the driver from the next: the inode of its directory; empty where it has none.

    It stays the same across runs of the daemon, unlike a count of sessions, so that the energy of a pause is not lost.
    Where there is no such directory a counter that begins anew is told by its fall.
    """
    try:
        return str((sysfs / "module/nvidia").stat().st_ino)
    except OSError:
        return ""
