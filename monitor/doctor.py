"""What can be measured here, what can't, why, and the cure: the examination, as plain records. It prints nothing.

It asks what the daemon would ask, by the same means: the collectors are opened and read once, and the source that would
be used is the one that the accounting itself prefers.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from monitor.collector import Retry, Unavailable
from monitor.core.activity import Unit
from monitor.core.meters import Meters
from monitor.core.readings import (
    DRAM,
    PACKAGE,
    PLATFORM,
    CounterReading,
    GpuUsageReading,
    HostUsageReading,
    LoadReading,
    Method,
    PowerReading,
    UsageReading,
)
from monitor.core.units import Duration, Energy, Power

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from monitor.collector import Collector, PageRead, Source
    from monitor.config import Listen
    from monitor.core.budgets import Budget
    from monitor.core.delivery import Standing as Delivery
    from monitor.core.entries import ServiceFacts
    from monitor.core.interval import Stamp
    from monitor.core.readings import Reading

EVERYWHERE: Final = (PACKAGE, DRAM, PLATFORM)
"""What every machine has, so that what nobody measures can be named."""
_PATIENCE: Final = Duration.from_seconds(60)
"""Of no effect on a single reading."""


class State(StrEnum):
    """How one thing that the daemon needs stands."""

    READY = "ready"
    """It can be used."""
    NEW = "new"
    """It isn't there yet, and will be made."""
    RUNNING = "running"
    """A daemon uses it now."""
    REDUCED = "reduced"
    """It works, less well than it could."""
    UNUSABLE = "unusable"
    """The daemon can't start because of it."""


class Verdict(StrEnum):
    """The answer of the whole examination."""

    MEASURES = "measures"
    """The daemon can run, and knows some energy."""
    BLIND = "blind"
    """The daemon can run, and knows no energy at all."""
    IMPOSSIBLE = "impossible"
    """The daemon could not run."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one thing that the daemon needs stands: where it is, what is wrong with it, and the cure."""

    state: State
    where: str
    what: str = ""
    cure: str = ""


@dataclass(frozen=True, slots=True)
class MeterFound:
    """One source of energy that answers here. `used` says whether the daemon would book it, or keep it in reserve."""

    collector: str
    source: Source
    used: bool


@dataclass(frozen=True, slots=True)
class Unreadable:
    """One collector that doesn't answer here: why, and the cure."""

    collector: str
    reason: str
    """`absent`, `forbidden`, `unsupported`; `retry`: not this time; `defect`: the program's own."""
    what: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class PageSeen:
    """A page on which a service tells what it does."""

    collector: str
    page: PageRead

    @property
    def lacks_requests(self) -> bool:
        """Whether its server counts, but no requests: nothing can be said of one request, only of a token."""
        return bool(self.page.counts) and Unit.REQUESTS not in self.page.counts


@dataclass(frozen=True, slots=True)
class Webhook:
    """How it stands with an address that is told of events, and what a person can do; empty: nothing is to be done."""

    standing: Delivery
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Destination:
    """A server elsewhere that is called: for what, where, and through which proxy; empty: directly."""

    purpose: str
    """`live`, `webhook`, `grafana` or `email`."""
    host: str
    proxy: str = ""


@dataclass(frozen=True, slots=True)
class ServiceSeen:
    """A service that is configured or was discovered, and whether it runs now."""

    facts: ServiceFacts
    running: bool


@dataclass(frozen=True, slots=True)
class Stranger:
    """A budget of a service, department or contract that nobody here is, or has: the name may be wrong."""

    budget: str
    scope: str
    """`service`, `department` or `contract`."""
    holder: str


@dataclass(frozen=True, slots=True)
class Examination:
    """All that `doctor` found."""

    meters: tuple[MeterFound, ...]
    unmeasured: tuple[str, ...]
    """Resources that every machine has, and nothing measures here."""
    users: tuple[str, ...]
    """The collectors that see who uses the machine."""
    unreadable: tuple[Unreadable, ...]
    services: tuple[ServiceSeen, ...]
    ledger: Standing
    page: Standing
    watch: Standing
    zone: Standing
    pages: tuple[PageSeen, ...] = ()
    """Where services tell what they do."""
    webhooks: tuple[Webhook, ...] = ()
    """Who is told of events."""
    webhooks_fault: str = ""
    """Why it can't be said how they stand, with the cure; empty where it can."""
    impacts: Mapping[str, Standing] = field(default_factory=dict)
    """What the impacts need beside the zone: `factors`, `live`, `pue`, `site`, `hardware`, `virtual`."""
    strangers: tuple[Stranger, ...] = ()
    """Budgets of whom nobody knows."""
    destinations: tuple[Destination, ...] = ()
    """Who is called over the network, and how."""
    handoff: Standing | None = None
    """How virtual machines on this host are told of their energy; None: none is."""
    unheeded: tuple[str, ...] = ()
    """Variables of the environment that name a proxy, which is not used."""

    @property
    def verdict(self) -> Verdict:
        """The answer in one word."""
        if State.UNUSABLE in {self.ledger.state, self.page.state, *(one.state for one in self.impacts.values())}:
            return Verdict.IMPOSSIBLE
        return Verdict.MEASURES if self.meters else Verdict.BLIND


@dataclass(frozen=True, slots=True)
class Sources:
    """What the collectors answered."""

    meters: tuple[MeterFound, ...]
    users: tuple[str, ...]
    unreadable: tuple[Unreadable, ...]
    pages: tuple[PageSeen, ...] = ()

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """Resources that every machine has, and nothing measures here."""
        measured = {meter.source.resource for meter in self.meters}
        return tuple(resource for resource in EVERYWHERE if resource not in measured)


def ask(collectors: Sequence[tuple[str, Callable[[], Collector]]], at: Stamp, live: str = "") -> Sources:
    """Open each collector, read it once, close it; return what can be read of energy and of use, and what can't.

    *live* is the name of the one that tells of the grid, and of neither; empty where there is none.
    """
    sources: dict[str, tuple[Source, ...]] = {}
    readings: dict[str, Sequence[Reading]] = {}
    pages: dict[str, Sequence[PageRead]] = {}
    unreadable = []
    for name, open_it in collectors:
        try:
            sources[name], readings[name] = _read(open_it, partial(pages.__setitem__, name))
        except Unavailable as fact:
            unreadable.append(Unreadable(name, fact.reason.value, fact.what, fact.cure))
        except Retry as fact:
            unreadable.append(Unreadable(name, "retry", str(fact)))
        except Exception as defect:  # noqa: BLE001 - a defect of one collector must not hide what the others say
            unreadable.append(Unreadable(name, "defect", f"{type(defect).__name__}: {defect}"))
    meters = Meters(_PATIENCE)
    meters.take(at, {name: [*seen, *_yet_to_tell(sources[name], seen)] for name, seen in readings.items()})
    used = meters.used()
    found = (
        MeterFound(name, source, (name, source.resource) in used)
        for name, described in sources.items()
        for source in described
    )
    ranked = sorted(found, key=lambda meter: (_place(meter.source.resource), not meter.used, meter.collector))
    users = tuple(
        name
        for name, seen in readings.items()
        if name != live and name not in pages and (not sources[name] or any(isinstance(one, _USE) for one in seen))
    )
    seen = tuple(PageSeen(name, page) for name, several in pages.items() for page in several)
    return Sources(tuple(ranked), users, tuple(unreadable), seen)


def _yet_to_tell(sources: Sequence[Source], seen: Sequence[Reading]) -> Iterator[CounterReading]:
    """Yield a reading for each of *sources* of which none was *seen*: it is read, and has nothing new to tell yet."""
    told = {reading.meter for reading in seen if isinstance(reading, CounterReading | PowerReading | LoadReading)}
    for source in sources:
        if source.meter not in told:
            yield CounterReading(
                source.resource, source.meter, Energy.ZERO, Power.from_watts(1), method=Method(source.method)
            )


def page_standing(listen: Listen, *, daemon_answers: bool) -> Standing:
    """Return whether the address of the web server can be had. *daemon_answers*: a daemon serves there now."""
    where = f"http://{listen}/"
    if daemon_answers:
        return Standing(State.RUNNING, where)
    try:
        kind, _, _, _, address = socket.getaddrinfo(listen.address, listen.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(kind, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        why = error.strerror or str(error)
        return Standing(State.UNUSABLE, where, why, "set web.listen to an address of this machine with a free port")
    return Standing(State.READY, where)


def zone_standing(zone: str, time_zone: ZoneInfo) -> Standing:
    """Return whether the zone of the grid is known, with a proposal from the time zone where it isn't."""
    if zone:
        return Standing(State.READY, zone)
    proposed = " or ".join(f'"{one}"' for one in zones_of(time_zone.key))
    return Standing(State.REDUCED, "", cure=f"host.zone = {proposed}" if proposed else "")


def zones_of(time_zone: str) -> tuple[str, ...]:
    """Return the zones of the grid that *time_zone* lies in, the likeliest first; none where it is no country's.

    Source: IANA time zone database, zone.tab and its comments.
    """
    if time_zone in _PARTS:
        return _PARTS[time_zone]
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
    countries = {row[0] for row in rows if row[2] == time_zone}
    return (countries.pop(),) if len(countries) == 1 else ()


_ALASKA: Final = ("Anchorage", "Juneau", "Sitka", "Metlakatla", "Yakutat", "Nome", "Adak")
_PARTS: Final = {
    "Europe/Paris": ("FR", "FR-COR"),
    "Atlantic/Canary": ("ES-CN",),
    "Africa/Ceuta": ("ES-CE", "ES-ML"),
    "Atlantic/Madeira": ("PT-30",),
    "Atlantic/Azores": ("PT-20",),
    "Pacific/Honolulu": ("US-HI",),
    **{f"America/{place}": ("US-AK",) for place in _ALASKA},
}
"""Time zones of parts of a country whose grid stands alone (monitor.core.zones): the country's would be wrong there."""


def factors_standing(fault: str) -> dict[str, Standing]:
    """Return how the factors stand: nothing where they can be used, else that the daemon can't start, by the *fault*.

    The fault has the cure in it.
    """
    return {"factors": Standing(State.UNUSABLE, "", fault)} if fault else {}


def live_standing(live: str, unreadable: Sequence[Unreadable]) -> dict[str, Standing]:
    """Return how the source *live* of the grid's intensity stands; nothing where there is none.

    Why it does not answer stands among the *unreadable*.
    """
    if not live:
        return {}
    silent = any(one.collector == live for one in unreadable)
    return {"live": Standing(State.REDUCED if silent else State.READY, live)}


def impact_standings(
    zone: str, *, pue: str, site_kind: str, virtual: bool, share: bool, assets: int, detect: bool
) -> dict[str, Standing]:
    """Return how what the impacts need beside the *zone* stands; nothing while that is unknown, as they are then too.

    *pue* is the one that is stated, *site_kind* the kind of the site (both empty: not said), *share* whether
    host.hardware_share is set, *assets* how many are given, *detect* whether hardware is detected.
    """
    if not zone:
        return {}
    hardware = _hardware_standing(virtual=virtual, share=share, assets=assets, detect=detect)
    return _site_standing(pue, site_kind) | hardware


def _site_standing(pue: str, site_kind: str) -> dict[str, Standing]:
    if pue:
        return {"pue": Standing(State.READY, pue)}
    if site_kind:
        return {"site": Standing(State.READY, site_kind)}
    return {"pue": Standing(State.REDUCED, "")}


def _hardware_standing(*, virtual: bool, share: bool, assets: int, detect: bool) -> dict[str, Standing]:
    if virtual and not (assets and share):
        return {"virtual": Standing(State.REDUCED, "")}
    if assets:
        return {"hardware": Standing(State.READY, str(assets))}
    return {} if detect else {"hardware": Standing(State.REDUCED, "")}


_USE: Final = (UsageReading, HostUsageReading, GpuUsageReading)


def _read(
    open_it: Callable[[], Collector], note_pages: Callable[[Sequence[PageRead]], None]
) -> tuple[tuple[Source, ...], Sequence[Reading]]:
    collector = open_it()
    try:
        try:
            readings = collector.collect()
        finally:
            # how each page stands is known also where none could be read
            if (pages := getattr(collector, "pages", None)) is not None:
                note_pages(pages())
        return tuple(collector.sources()), readings
    finally:
        collector.close()


def strangers_of(budgets: Iterable[Budget], services: Iterable[ServiceFacts]) -> tuple[Stranger, ...]:
    """Return those of *budgets* that are of none of *services*, which are configured or were seen, and of no group."""
    known = {(scope, name) for facts in services for scope, name in _scopes(facts)}
    return tuple(
        Stranger(budget.key, budget.scope, budget.held_by)
        for budget in budgets
        if budget.holder is not None and (budget.scope, budget.held_by) not in known
    )


def _scopes(facts: ServiceFacts) -> tuple[tuple[str, str], ...]:
    return ("service", facts.key), ("department", facts.department), ("contract", facts.contract)


def webhook_of(standing: Delivery) -> Webhook:
    """Return *standing* with what a person can do about it."""
    if standing.error:
        return Webhook(standing, "see that the receiver answers; what waits is sent then")
    return Webhook(standing, "`empreinte events dead` shows what was given up" if standing.dead else "")


def _place(resource: str) -> tuple[int, str]:
    """Return where *resource* stands in a list: what every machine has before the rest."""
    return (EVERYWHERE.index(resource), "") if resource in EVERYWHERE else (len(EVERYWHERE), resource)
