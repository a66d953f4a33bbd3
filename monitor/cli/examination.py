"""Put the examination together: the collectors, the services, the ledger, the page, as the daemon would have them.

Heavy: imported when `doctor` runs. It changes nothing on the machine.
"""

from __future__ import annotations

import os
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from monitor import processor_power, watch
from monitor.adapters import codecarbon
from monitor.adapters.connections import is_near, proxy_to
from monitor.adapters.virtualisation import hypervisor
from monitor.app import assembly_of
from monitor.cli.inquiry import answers
from monitor.cli.ledger_standing import ledger_standing
from monitor.clock import SystemClock, process_clock
from monitor.collector import Host
from monitor.comparison import beside, measure
from monitor.config import LiveSource
from monitor.core.units import Duration
from monitor.doctor import (
    Destination,
    Examination,
    ServiceSeen,
    Standing,
    State,
    Webhook,
    ask,
    factors_standing,
    impact_standings,
    live_standing,
    page_standing,
    strangers_of,
    webhook_of,
    zone_standing,
)
from monitor.ledger.store import Ledger, LedgerError
from monitor.live_intensity import grid_of, open_with_token
from monitor.metering import is_for_meters, openings, plated
from monitor.notify.outbox import FILE, OutboxError, standings
from monitor.post import posts_of
from monitor.reckoning import ReckoningError
from monitor.totals import totals
from monitor.web.tokens import TokenError, tokens_of
from monitor.workloads import HostWorkloads, catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from monitor.collector import Collector
    from monitor.comparison import Line
    from monitor.config import Config, HandoffTable
    from monitor.totals import Total

TICK: Final = Duration.from_seconds(2)
"""Between two readings of a comparison."""

PROXY_VARIABLES: Final = frozenset({"http_proxy", "https_proxy", "all_proxy"})

PROVIDERS: Final = {
    LiveSource.RTE: "odre.opendatasoft.com",
    LiveSource.ELECTRICITY_MAPS: "api.electricitymaps.com",
}
"""Who is asked where no gateway is configured; a test holds it against the collectors, which are never imported."""

Collectors = list[tuple[str, "Callable[[], Collector]"]]


def examine(config: Config) -> Examination:
    """Return what can be measured here under *config*."""
    workloads = workloads_of(config)
    now, live = SystemClock(config.paths.procfs).stamp(), config.factors.live or ""
    sources = ask([*collectors(config, workloads), *_live(config, workloads)], now, live)
    services = workloads.services()
    webhooks, webhooks_fault = _webhooks(config)
    return Examination(
        meters=sources.meters,
        unmeasured=sources.unmeasured,
        users=sources.users,
        unreadable=sources.unreadable,
        services=tuple(ServiceSeen(services[key], key in workloads.present()) for key in sorted(services)),
        ledger=ledger_standing(config.ledger.url),
        page=page_standing(config.web.listen, daemon_answers=answers(config.web.listen)),
        watch=_watch_standing(),
        zone=zone_standing(config.zone, config.organisation.timezone),
        pages=sources.pages,
        webhooks=webhooks,
        webhooks_fault=webhooks_fault,
        destinations=tuple(destinations(config)),
        unheeded=tuple(sorted(name for name in os.environ if name.lower() in PROXY_VARIABLES)),
        handoff=_handoff_standing(config.handoff),
        strangers=strangers_of(config.budgets, (*(rule.facts for rule in config.services), *services.values())),
        impacts=factors_standing(_fault_of_factors(config, now.wall))
        | live_standing(live, sources.unreadable)
        | impact_standings(
            config.zone,
            pue=f"{config.pue or ''}",
            site_kind=config.site.kind or "" if config.site else "",
            virtual=bool(hypervisor(config.paths.sysfs, config.paths.procfs)),
            share=config.host.hardware_share is not None,
            assets=len(config.assets),
            detect=config.inventory.detect,
        ),
    )


def compare(config: Config, elapsed: Duration) -> tuple[tuple[Line, ...], str, tuple[Total, ...]]:
    """Return what we and CodeCarbon measure over *elapsed*, part by part, CodeCarbon's version, and the totals.

    Raises CodeCarbonFailed.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(1) as beside_us:
        theirs = beside_us.submit(codecarbon.compare, elapsed, None)
        theirs.add_done_callback(lambda _: stop.set())
        ours = measure(
            collectors(config, workloads_of(config)),
            SystemClock(config.paths.procfs),
            TICK,
            lambda time: stop.wait(time.seconds),
        )
    said = theirs.result()
    return beside(ours, said), said.version, totals(ours, said, elapsed)


def workloads_of(config: Config) -> HostWorkloads:
    """Return who is on this host now."""
    kinds = catalogue() if config.sampling.discovery else ()
    pages = config.sampling.activity
    workloads = HostWorkloads(config.paths.procfs, config.services, kinds, os.getpid(), pages=pages)
    workloads.refresh()
    return workloads


def collectors(config: Config, workloads: HostWorkloads) -> Collectors:
    """Return every installed collector of this machine, in order of name: its name, and what opens it.

    None that is opened on request is among them: those ask over the network.
    """
    host = _host(config, workloads)
    kinds = dict(_kinds())
    always = [
        (name, partial(kind.open, host))
        for name, kind in kinds.items()
        if not getattr(kind, "on_request", False) and not is_for_meters(kind)
    ]
    all_of_them = always + [(one.name, one.open) for one in openings(config.meters, kinds, host)]
    return [(name, plated(opening, config.host.nameplate_power)) for name, opening in all_of_them]


def _live(config: Config, workloads: HostWorkloads) -> Collectors:
    """Return the collector of the live source that is configured, likewise; none where none is."""
    host = replace(_host(config, workloads), grid=grid_of(config))
    token = config.factors.token_file
    return [
        (name, partial(open_with_token, kind, host, token)) for name, kind in _kinds() if name == config.factors.live
    ]


def _kinds() -> list[tuple[str, type[Collector]]]:
    points = sorted(entry_points(group="monitor.collectors"), key=lambda point: point.name)
    return [(point.name, point.load()) for point in points]


def _webhooks(config: Config) -> tuple[tuple[Webhook, ...], str]:
    """Return how it stands with each address that is told of events, and why that can't be said; empty: it can."""
    try:
        others = (endpoint for post in posts_of(config) for endpoint in post.endpoints)
        endpoints = [*(table.url for table in config.webhooks), *others]
        found = standings(config.paths.state / FILE, endpoints)
    except OutboxError as error:
        return (), str(error)
    return tuple(webhook_of(one) for one in found), ""


def destinations(config: Config) -> Iterator[Destination]:
    """Yield who is called over the network under *config*, and through which proxy."""
    called = [("webhook", urlsplit(table.url).hostname) for table in config.webhooks]
    if config.grafana.url:
        called.append(("grafana", urlsplit(config.grafana.url).hostname))
    if config.factors.live is not None:
        called.insert(0, ("live", urlsplit(config.factors.address).hostname or PROVIDERS[config.factors.live]))
    for purpose, host in called:
        yield Destination(purpose, host or "", proxy_to(host or "", config.network.outgoing))
    if config.email.host:
        yield Destination("email", config.email.host)
    yield from _to_meters(config)


def _to_meters(config: Config) -> Iterator[Destination]:
    """Yield where meters are asked: through the proxy where they are far away, and speak HTTP."""
    for table in config.meters:
        parts = urlsplit(table.address if "://" in table.address else f"//{table.address}")
        if parts.hostname:
            far = parts.scheme in {"http", "https"} and not is_near(parts.hostname)
            yield Destination("meter", parts.hostname, proxy_to(parts.hostname, config.network.outgoing) if far else "")


def _fault_of_factors(config: Config, now: int) -> str:
    """Return why the daemon could not reckon impacts, and so not start; empty where it could."""
    try:
        assembly_of(config, now)
    except ReckoningError as error:
        return "; ".join(str(error).splitlines())
    return ""


def _host(config: Config, workloads: HostWorkloads) -> Host:
    paths = config.paths
    processors = processor_power.find(config.host.cpu_tdp, paths.procfs, _remembered(config))
    return Host(
        sysfs=paths.sysfs,
        powercap=paths.powercap,
        procfs=paths.procfs,
        cgroupfs=paths.cgroupfs,
        workloads=workloads,
        read_clock=process_clock(paths.procfs, os.getpid()),
        run_id=uuid.uuid4().hex,
        own_pid=os.getpid(),
        cpu_power=processors.power,
        cpu_power_accuracy=processors.accuracy,
        memory=config.host.memory,
        outgoing=config.network.outgoing,
    )


def _remembered(config: Config) -> str | None:
    """Return what the ledger remembers of the power of the CPUs; None where there is no ledger to ask."""
    try:
        with Ledger.read(config.ledger.url) as ledger:
            return ledger.remembered(processor_power.KEY)
    except LedgerError:
        return None


def _handoff_standing(table: HandoffTable) -> Standing | None:
    """Return how the guests are told; None where there are none. Nothing is made."""
    if not table.guests:
        return None
    ways = [str(way) for way in (table.directory, table.listen) if way is not None]
    place = table.directory
    while place is not None and not place.exists() and place != place.parent:
        place = place.parent
    if place is not None and not (place.is_dir() and os.access(place, os.W_OK | os.X_OK)):
        cure = "let the daemon's user make it: docs/virtual-machines.md"
        return Standing(State.REDUCED, str(table.directory), f"{place} may not be written in", cure)
    try:
        for guest in table.guests:
            if guest.token_file is not None:
                tokens_of(guest.token_file, "handoff.guest.token_file")
    except TokenError as error:
        return Standing(State.REDUCED, str(table.listen), f"{error}")
    return Standing(State.READY, ", ".join(ways), ", ".join(guest.service for guest in table.guests))


def _watch_standing() -> Standing:
    try:
        watch.listen().close()
    except OSError as error:
        return Standing(State.REDUCED, "", error.strerror or str(error))
    return Standing(State.READY, "")
