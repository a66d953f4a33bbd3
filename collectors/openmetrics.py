"""What AI servers did, from their metrics pages: requests, tokens, items, images, as their counters say.

Asks each page (`Workloads.pages()`: those that are configured, and those of known servers on this machine) for the text
format of Prometheus, through no proxy. Which counter is which unit is data (`monitor/catalogue/activity_pages.toml`).
Error: none, as far as the server counts right. Privilege: none; who listens where is better seen by root.

A page that can't be read costs the others nothing. One that has no counters, or refuses, is asked again once a minute.

A look must not wake a server that sleeps (llama.cpp, `--sleep-idle-seconds`): it is asked first whether it does.

Source: docs/activity.md.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import urlsplit

from collectors._activity import Table, Told, sum_of
from collectors._exposition import NoMetricsError, samples_of
from collectors._http import Client, Limits, Refusal
from monitor.adapters.connections import is_loopback
from monitor.collector import PageRead, Retry, Unavailable
from monitor.core.activity import ActivitySeries, Unit
from monitor.core.readings import ActivityReading
from monitor.core.units import NANOSECONDS_PER_SECOND, Duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from collectors._activity import Count, Counter, Sleep
    from monitor.collector import Host, Source
    from monitor.core.readings import Reading
    from monitor.core.services import Page

LIMITS: Final = Limits(connect=1.0, read=2.0, total=3.0, body=16 << 20, retries=0)
"""For one page. Our choices: a llama.cpp amid a long decode answers late; a gateway with many keys has megabytes."""
PASS: Final = 10.0
"""Seconds for all pages of one read; those that are left are the first of the next. Our choice."""
RARELY: Final = 12
"""A page that refuses, or is none, is asked again at every so many reads: once a minute."""
CALM: Final = 60
"""So many looks at which nothing came back after a fall make up for one at which it did: five minutes."""
ACCEPT: Final = "text/plain; version=0.0.4, application/openmetrics-text; version=1.0.0; q=0.5, */*; q=0.1"
AWAKE: Final = (
    "llama.cpp was told to sleep when it is idle, and a build before {build}, or one without a number, is kept awake"
    " by looks at its page: update it, or configure the page to have it read all the same"
)
MIXED: Final = "several processes answer there, each with counters of its own: let the server add them up"

NO_PAGE: Final = (
    "switch its metrics on, or give its [[service]] the right address and token: activity = { url, token_file }"
    " (docs/activity.md)"
)
NO_ANSWER: Final = "see that its server runs, and answers within {seconds:g} s"


class _PassedOver(Exception):  # noqa: N818 - the page is all right
    """A page is left alone, for the reason that the text says."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a page stood at the last read that asked it."""

    page: Page
    told: Told | None = None
    """What it said; None: it has not answered yet."""
    trouble: str = ""
    """Why it could not be read, in one sentence; empty where it was."""
    cure: str = ""
    """What a person can do; empty where the sentence says it already."""
    asleep: bool = False
    """Its server sleeps, and was not woken: what was said before still holds."""

    @property
    def lacks_requests(self) -> bool:
        """Whether its server counts, but no requests: nothing can be said of one request, only of a token."""
        return self.told is not None and bool(self.told.units) and Unit.REQUESTS not in self.told.units


@dataclass(slots=True)
class _Known:
    """What is known of a page from earlier reads."""

    client: Client | None = None
    token: str = ""
    asked: int = 0
    """The read at which it was last asked."""
    wait: int = 0
    """It is not asked before this read."""
    started: int | None = None
    starts: list[str] = field(default_factory=list)
    """The times at which its server said that it began, one after the other."""
    mixed: bool = False
    """Whether it was seen to begin at one time, then at another, and then at the first again."""
    old: frozenset[Counter] | None = None
    """The counters that it had at the first look; None before it."""
    kind: str = ""
    harmless: bool = False
    """Whether it is known that a look wakes nobody."""
    readings: tuple[ActivityReading, ...] = ()
    sums: dict[ActivitySeries, Count] = field(default_factory=dict)
    """What it said at the last look."""
    gone: dict[ActivitySeries, int] = field(default_factory=dict)
    """What series had counted that went away while others of the same sum went on."""
    fell: dict[ActivitySeries, int] = field(default_factory=dict)
    """What series had counted that fell at the last look; it is not told yet that they did."""
    back: int = 0
    """At how many looks, in the last while, series were back that had fallen."""
    calm: int = 0
    """For how many looks nothing was."""

    def begin(self, started: int | None) -> None:
        """Take notice of the process that listens there: another one begins anew, and is asked at once."""
        if started is not None and started != self.started:
            if self.started is not None:
                self.starts = []
                self._forget()
            self.started, self.wait, self.harmless, self.mixed = started, 0, False, False

    def note(self, start: str) -> None:
        """Take notice of when the server says that it began. Raises Refusal where it is now one, now another."""
        self.mixed |= start in self.starts[:-1]
        if self.mixed:
            raise Refusal(MIXED)
        if start and start not in self.starts:
            if self.starts:
                self._forget()
            self.starts.append(start)

    def went(self, series: ActivitySeries, whole: Count) -> int:
        """Return how much of *series* had been counted by what is not on the page any more."""
        before = self.sums.get(series)
        if before is not None and whole.gross < before.gross:
            # where fewer are left these went on: what they did since the last look is not known
            fewer = whole.parts < before.parts
            self.gone[series] = self.gone.get(series, 0) + max(0, before.value - whole.value) if fewer else 0
        return self.gone.get(series, 0)

    def tell(self, readings: tuple[ActivityReading, ...]) -> None:
        """Tell *readings*; of counters whose beginning nobody tells, a fall only when it is seen to stay.

        Raises Refusal where they are back each time: several servers answer there.
        """
        before = {reading.series: reading.count for reading in self.readings}
        now = {reading.series: reading.count for reading in readings if not reading.epoch}
        came_back = any(now.get(series, 0) >= count for series, count in self.fell.items())
        self.calm = 0 if came_back else self.calm + 1
        self.back = self.back + 1 if came_back else 0 if self.calm > CALM else self.back
        if self.back > 1:
            self.mixed = True
            raise Refusal(MIXED)
        known = not self.fell or came_back
        self.fell = {one: before[one] for one, count in now.items() if known and count < before.get(one, 0)}
        if not self.fell:
            self.readings = readings

    def _forget(self) -> None:
        self.old, self.readings, self.sums, self.gone, self.fell = None, (), {}, {}, {}


class OpenMetricsCollector:
    """Reads every page in turn."""

    name: ClassVar[str] = "openmetrics"
    slow: ClassVar[bool] = True
    every: ClassVar[Duration] = Duration.from_seconds(5)

    def __init__(self, host: Host, table: Table, limits: Limits, monotonic: Callable[[], float]) -> None:
        self._workloads = host.workloads
        self._own_pid = host.own_pid
        self._outgoing = host.outgoing
        self._table = table
        self._limits = limits
        self._monotonic = monotonic
        self._known: dict[str, _Known] = {}
        self._standing: dict[str, Standing] = {}
        self._number = 0
        self._since: int | None = None
        """When our run began, in clock ticks after boot: what was started later did everything under our eyes."""

    @classmethod
    def open(
        cls, host: Host, limits: Limits = LIMITS, monotonic: Callable[[], float] = time.monotonic
    ) -> OpenMetricsCollector:
        """Return a collector that is ready to ask; nothing is asked yet."""
        return cls(host, Table.load(), limits, monotonic)

    def sources(self) -> Sequence[Source]:
        """Return nothing: this measures no energy. How each page stands is `standing()`'s to say."""
        return ()

    def standing(self) -> tuple[Standing, ...]:
        """Return how each page stood at the last read, in order of its address. Any thread may ask."""
        return tuple(self._standing.values())

    def pages(self) -> Sequence[PageRead]:
        """Return the same for `doctor`, without what was counted."""
        return [
            PageRead(
                address=one.page.url,
                consumer=one.page.consumer,
                kinds=one.told.kinds if one.told else (),
                counts=tuple(unit.value for unit in Unit if one.told and unit in one.told.units),
                asleep=one.asleep,
                trouble=one.trouble,
                cure=one.cure,
            )
            for one in self.standing()
        ]

    def collect(self) -> Sequence[Reading]:
        """Return what the pages say, in order. Raises Retry where pages are configured and no page can be read."""
        pages = self._workloads.pages()
        self._number += 1
        if self._since is None:
            self._since = self._beginning()
        self._known = {page.url: self._known.get(page.url) or _Known() for page in pages}
        end = self._monotonic() + PASS
        standing: dict[str, Standing] = {}
        for page in sorted(pages, key=lambda page: self._known[page.url].asked):
            self._known[page.url].begin(page.started)
            if self._number >= self._known[page.url].wait and self._monotonic() < end:
                standing[page.url] = self._ask(page, self._known[page.url])
            else:
                standing[page.url] = self._standing.get(page.url, Standing(page))
        self._standing = {page.url: standing[page.url] for page in pages}
        return self._readings()

    def close(self) -> None:
        """Release nothing: between two reads nothing is open."""

    def _beginning(self) -> int:
        """Return the start of our own process; where that can't be seen, of the last one that is there already."""
        own = self._workloads.started(self._own_pid)
        return own or max((self._workloads.started(pid) or 0 for pid in self._workloads.living()), default=0)

    def _readings(self) -> list[ActivityReading]:
        """Return what was read this time. Raises Retry where that is nothing, and a page that is configured fails."""
        asked = [url for url, known in self._known.items() if known.asked == self._number]
        readings = [each for url in asked if not self._standing[url].trouble for each in self._known[url].readings]
        failed = [one for one in self._standing.values() if one.page.configured and one.trouble]
        if failed and not readings:
            raise Retry("; ".join(f"{one.page.url}: {one.trouble}" for one in failed))
        return sorted(readings, key=lambda reading: reading.series)

    def _ask(self, page: Page, known: _Known) -> Standing:
        """Ask *page*, and keep what it says in *known*."""
        known.asked = self._number
        before = self._standing.get(page.url, Standing(page))
        try:
            told = self._told(page, known)
        except (Refusal, NoMetricsError, Unavailable, _PassedOver) as error:
            known.wait = self._number + (1 if page.configured else RARELY)
            known.harmless = False
            sentence = f"what is there {error}" if isinstance(error, NoMetricsError) else str(error)
            return Standing(page, trouble=sentence, cure=_cure(error))
        except Retry as error:
            cure = NO_ANSWER.format(seconds=self._limits.total)
            return Standing(page, told=before.told, trouble=str(error), cure=cure)
        if told is None:
            return Standing(page, told=before.told, asleep=True)
        return Standing(page, told=told)

    def _told(self, page: Page, known: _Known) -> Told | None:
        """Return what *page* says; None where its server sleeps. Raises Refusal, NoMetricsError, Retry, Unavailable."""
        client, path = self._client(page, known), urlsplit(page.url).path
        client.begin()
        try:
            if self._is_asleep(page, known, client, path):
                return None
            samples = samples_of(client.read(path), self._table.wanted)
            told = self._table.told(samples)
        finally:
            client.rest()
        if not told.kinds:
            raise NoMetricsError("is a page of metrics with no counter that is known")
        known.kind = told.kinds[0]
        known.note(told.start)
        if known.old is None:
            known.old = self._table.counters(samples)
        known.tell(tuple(self._counted(page, known, told)))
        return told

    def _client(self, page: Page, known: _Known) -> Client:
        """Return who asks *page*, with the token as it is now. Raises Refusal (it can't be read)."""
        token = _token(page.token_file)
        if known.client is None or token != known.token:
            parts = urlsplit(page.url)
            headers = {"Accept": ACCEPT} | ({"Authorization": f"Bearer {token}"} if token else {})
            known.client = Client(
                f"{parts.scheme}://{parts.netloc}",
                self.every,
                headers,
                outgoing=self._outgoing,
                limits=self._limits,
                direct=True,
                monotonic=self._monotonic,
            )
            known.token = token
        return known.client

    def _is_asleep(self, page: Page, known: _Known, client: Client, path: str) -> bool:
        """Whether the server sleeps, so that asking for its page could wake it.

        Raises _PassedOver where it would never sleep if its page were asked for.
        """
        sleep = self._table.sleep_of(known.kind or page.kind)
        if sleep is None or known.harmless:
            return False
        state = _state(client, path.rpartition("/")[0] + sleep.state)
        known.harmless = sleep.asleep not in state or _build(state, sleep) >= sleep.harmless
        if known.harmless:
            return False
        if state[sleep.asleep] is True:
            return True
        if page.sleeps and not page.configured:
            raise _PassedOver(AWAKE.format(build=sleep.harmless))
        return False

    def _counted(self, page: Page, known: _Known, told: Told) -> Iterator[ActivityReading]:
        """Yield what was *told* as readings.

        All of a count is under our eyes where the process that listens was started after ours, and all that its server
        says is of one beginning; and where none of its counters was there at the first look at the same server. Where
        neither the process nor the beginning is known, who answers may be now one server, now another: nothing is
        fresh.
        """
        started, one = known.started, len(known.starts) <= 1
        young = started is not None and one and started > (self._since or 0)
        told_apart = started is not None or bool(told.start)
        epoch = told.start or ("" if started is None else str(started))
        # another machine may have another clock
        here = is_loopback(urlsplit(page.url).hostname or "")
        began = round(float(told.start) * NANOSECONDS_PER_SECOND) if told.start and here else None
        last = {reading.series: reading.count for reading in known.readings}
        sums = _by_series(page, told)
        for series, whole in sums.items():
            count = whole.value + known.went(series, whole)
            before = known.sums.get(series)
            # both counters of a difference may be read a moment apart: what is counted up can't fall by that
            if whole.gross != whole.value and (before is None or before.gross <= whole.gross):
                count = max(count, last.get(series, 0))
            new = told_apart and known.old is not None and known.old.isdisjoint(whole.of)
            yield ActivityReading(series, count, epoch, fresh=young or new, began=began)
        known.sums, known.gone = sums, {series: gone for series, gone in known.gone.items() if series in sums}


def _cure(error: Exception) -> str:
    """Return what a person can do where a page is refused, or is none; empty where the *error* says it already."""
    if isinstance(error, Unavailable):
        return error.cure
    return NO_PAGE if isinstance(error, NoMetricsError) or ": " not in str(error) else ""


def _by_series(page: Page, told: Told) -> dict[ActivitySeries, Count]:
    """Return by series what a page says."""
    counts: dict[ActivitySeries, list[Count]] = {}
    for count in told.counts:
        series = ActivitySeries(page.consumer, count.authority, page.url, count.model or page.model, count.unit)
        counts.setdefault(series, []).append(count)
    return {series: sum_of(several, series.model) for series, several in counts.items()}


def _token(file: str) -> str:
    """Return the token that *file* holds; empty where none is named. Raises Refusal (it can't be read)."""
    if not file:
        return ""
    try:
        token = Path(file).read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise Refusal(f"the file of its token, {file}, can't be read: let the daemon's user alone read it") from error
    if not token:
        raise Refusal(f"the file of its token, {file}, is empty: write the token in it")
    return token


def _state(client: Client, path: str) -> dict[str, object]:
    """Return what a server says of itself at *path*; nothing where it has no such page. Raises Retry."""
    try:
        state = json.loads(client.read(path))
    except (Refusal, ValueError, RecursionError):
        return {}
    return state if isinstance(state, dict) else {}


def _build(state: dict[str, object], sleep: Sleep) -> int:
    """Return the number of a server's build (`b11549-0a1b2c3`); 0 where it says none."""
    number = str(state.get(sleep.build, "")).partition("-")[0].removeprefix("b")
    return int(number) if number.isascii() and number.isdigit() and len(number) < len("1000000") else 0
