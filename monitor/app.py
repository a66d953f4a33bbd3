"""The composition root: the only module that knows concrete classes. All is opened, and closed, in one place."""

from __future__ import annotations

import gc
import logging
import os
import platform
import signal
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from monitor import processor_power
from monitor.accounting import Accounting, Rules
from monitor.adapters.group_events import GroupEvents
from monitor.bus import Bus
from monitor.clock import SystemClock
from monitor.collector import Host, Reason, Unavailable, is_slow
from monitor.core.entries import were_present
from monitor.core.interval import HOUR, Interval
from monitor.core.units import Duration
from monitor.daemon import Daemon
from monitor.exposition.about import About
from monitor.exposition.prometheus import Exposition
from monitor.handing_over import handing_over
from monitor.impact_accounting import KEPT, ImpactAccounting
from monitor.ledger.external_periods import ExternalPeriods
from monitor.ledger.periods import Periods
from monitor.ledger.store import Ledger, LedgerError
from monitor.limits import looking_at_limits
from monitor.live_intensity import LateHours, grid_of, is_wanted, known_until, open_with_token, told
from monitor.machine import Machine, in_its_place, own_machine, town_hall
from monitor.metering import is_for_meters, openings, plated, shown_for
from monitor.monthly import Monthly
from monitor.notify.delivery import Notifier
from monitor.post import posts_of, source_of
from monitor.reckoning import assemble
from monitor.schedule import Charge, Inbox, Sampler, Schedule
from monitor.subscriber import GRAFANA, GROUP
from monitor.systemd import ServiceManager
from monitor.watch import ProcessWatch
from monitor.web.server import serve
from monitor.web.stream import Stream
from monitor.workloads import HostWorkloads, catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from monitor.bus import Subscriber
    from monitor.collector import Collector
    from monitor.config import Config, FactorsTable, Listen, MeterTable
    from monitor.core.terms import Reckoner
    from monitor.exposition.snapshot import Snapshot
    from monitor.handing_over import Committed
    from monitor.intake.feed import Feed
    from monitor.reckoning import Assembly
    from monitor.web.intake import Intake

log = logging.getLogger(__name__)

RETRY_EVERY: Final = Duration.from_seconds(60)
"""How often a source that can't be read is tried again: a driver may be loaded, a right given."""
BEYOND_CAP: Final = (
    "more AI services were found than are followed: those beyond are under _other; name yours as [[service]]"
)
STALE_TICKS: Final = 12
"""After how many ticks without a snapshot the daemon counts as ill."""


def run(config: Config) -> None:
    """Run the daemon until it is told to stop (SIGTERM, Ctrl-C).

    Raises LedgerError where the ledger can't be had, WebError where the address can't, OutboxError where the queue of
    webhooks can't, SpoolError and TokenError where events can't be taken in, ReckoningError where the zone or a factor
    can't: one sentence, with the cure.
    """
    _work(config, own_machine(config))


def simulate(config: Config, seed: int) -> None:
    """Run the daemon on a simulated town hall's server, in real time, until it is told to stop. Raises as `run`."""
    with town_hall(seed) as machine:
        _work(in_its_place(config), machine)


def fill_year(config: Config, year: int, seed: int, until: int | None = None) -> int:
    """Fill the configured ledger with a simulated local *year*, as far as it has passed; return how many hours came.

    No hour after *until* (ns since the epoch) comes; without it, those up to now do.
    What it has already stays, and nothing is filled in before it, nor once a daemon has gone on with the ledger.
    Raises LedgerError, among others where the ledger holds a real host's figures; ReckoningError.
    """
    from monitor.simulation.filling import ImpactCounters, commits  # noqa: PLC0415 - the daemon on a real host needs none of it
    from monitor.simulation.history import SimulatedYear  # noqa: PLC0415 - as above
    from monitor.simulation.purchases import list_of, purchases  # noqa: PLC0415 - as above

    clock = SystemClock(Path("/proc"))
    now = clock.stamp()
    zone = config.organisation.timezone
    assembly = assembly_of(config, now.wall, simulated=True)
    with _open_ledger(config, Machine(clock, Path(), Path(), Path(), None, 0, simulated=True)) as ledger:
        end = now.wall if until is None else min(until, now.wall)
        simulated = SimulatedYear(year, zone, seed=seed, hour=ledger.grain, until=end)
        opening = ledger.load()
        impacts = ImpactAccounting(assembly.reckoner, None, ledger.grain)
        counters = ImpactCounters(opening)
        buckets = 0
        for books, lot in commits(simulated, now, opening):
            came_to = impacts.close(lot)
            services = simulated.services_at(books.closed_through)
            ledger.commit(counters.into(books, came_to), lot, simulated.gaps, services, impacts=came_to)
            buckets += len(lot)
        if buckets:
            ledger.import_external(purchases(year, zone, seed, end), list_of(year, seed))
        return buckets * ledger.grain.nanoseconds // HOUR.nanoseconds


def assembly_of(config: Config, now: int, *, simulated: bool = False) -> Assembly:
    """Return what impacts are reckoned with: of this machine, or of the simulated one. Raises ReckoningError."""
    if not simulated:
        return assemble(config, now, sysfs=config.paths.sysfs, procfs=config.paths.procfs)
    with town_hall(0) as machine:
        return assemble(in_its_place(config), now, sysfs=machine.sysfs, procfs=machine.procfs, nvml=machine.nvml)


def _work(config: Config, machine: Machine) -> None:
    with ExitStack() as stack:
        manager = ServiceManager(os.environ.get("NOTIFY_SOCKET", ""))
        inbox = Inbox()
        assembly = assemble(
            config, machine.clock.stamp().wall, sysfs=machine.sysfs, procfs=machine.procfs, nvml=machine.nvml
        )
        ledger = stack.enter_context(_open_ledger(config, machine))
        workloads = _workloads(config, machine)
        fast, slow = _samplers(config, machine, workloads, ledger, inbox)
        for sampler in (fast, *slow):
            stack.callback(sampler.close)
        stream = Stream(source_of(config), simulated=machine.simulated)
        notifier = stack.enter_context(_notifier(config, machine, ledger))
        exposition = Exposition(_about(config, machine), webhooks=notifier.standing)
        intake, feed = _taken_in(config, machine, ledger, stack)
        address = stack.enter_context(_serve(config, machine, exposition, stream, notifier, intake=intake))
        daemon = _daemon(
            config,
            machine,
            ledger,
            workloads,
            reckoner=assembly.reckoner,
            publish=exposition.publish,
            samplers=(fast, *slow),
            alive=manager.alive,
            subscribers=(stream, notifier, *_installed_subscribers()),
            feed=feed,
            notice=notifier.notice,
            hand_over=handing_over(config, machine, ledger, stack),
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: daemon.stop(inbox))
        _settle_memory()
        with Schedule(fast, slow, config.sampling.every) as schedule:
            if not machine.simulated:
                _watch(machine, workloads, schedule, stack)
            _say_what_is_missing(assembly)
            log.info("measuring every %g s; status page: http://%s/", config.sampling.every.seconds, address)
            manager.ready(f"status page: http://{address}/")
            daemon.run(inbox, schedule, stall=Duration(2 * config.sampling.every.nanoseconds + 10**9))
            manager.stopping()
        daemon.finish(inbox, fast.observe())


def _say_what_is_missing(assembly: Assembly) -> None:
    if assembly.reckoner is None:
        log.info("no host.zone is configured: energy is measured, and impacts are unknown until it is")
        return
    for finding in assembly.inventory.missing:
        log.info("not counted in the hardware: %s: %s", finding.what, finding.cure)


def _installed_subscribers() -> list[Subscriber]:
    """Return those that other packages bring; one that can't be loaded stops nobody."""
    found: list[Subscriber] = []
    for point in entry_points(group=GROUP):
        if point.name == GRAFANA:
            continue
        try:
            found.append(point.load()())
        except Exception as error:  # noqa: BLE001 - somebody else's package may fail in any way
            log.error("the subscriber %s can't be loaded: %s: reinstall the package that brings it", point.name, error)  # noqa: TRY400 - the sentence says it
    return found


def _notifier(config: Config, machine: Machine, ledger: Ledger) -> Notifier:
    posts = posts_of(config)
    books = ledger.load() if config.webhooks or posts else None
    return Notifier(
        config.webhooks,
        config.paths.state,
        source_of(config),
        _wall(machine),
        committed=None if books is None else books.at.wall,
        simulated=machine.simulated,
        outgoing=config.network.outgoing,
        posts=posts,
    )


def _taken_in(config: Config, machine: Machine, ledger: Ledger, stack: ExitStack) -> tuple[Intake | None, Feed | None]:
    """Return who takes events in, and who gives them to the books; nobody where it is not configured."""
    if config.intake.token_file is None and machine.applications is None:
        return None, None
    from monitor.taking_in import take_in  # noqa: PLC0415 - the daemon that takes nothing in needs none of it

    return take_in(config, machine, ledger, config.intake.token_file, stack)


def _wall(machine: Machine) -> Callable[[], int]:
    return lambda: machine.clock.stamp().wall


def _serve(
    config: Config,
    machine: Machine,
    exposition: Exposition,
    stream: Stream,
    notifier: Notifier,
    *,
    intake: Intake | None,
) -> AbstractContextManager[Listen]:
    return serve(
        exposition,
        config.web.listen,
        language=config.organisation.language,
        zone=config.organisation.timezone,
        now=machine.clock.stamp,
        patience=Duration(STALE_TICKS * config.sampling.every.nanoseconds),
        insecure=config.web.insecure,
        intake=intake,
        stream=stream,
        webhooks=notifier.standing,
    )


def _watch(machine: Machine, workloads: HostWorkloads, schedule: Schedule, stack: ExitStack) -> None:
    groups = partial(GroupEvents, machine.cgroupfs, machine.procfs, workloads.service_pids)
    watch = ProcessWatch(workloads.is_service, workloads.service_pids, schedule.wake, follow_groups=groups)
    if stack.enter_context(watch).unavailable:
        log.info("%s; other services that come and go are noticed at the next tick", watch.unavailable)


def _open_ledger(config: Config, machine: Machine) -> Ledger:
    config.paths.state.mkdir(parents=True, exist_ok=True)
    return Ledger.open(
        config.ledger.url,
        host=config.host.name,
        timezone=config.organisation.timezone.key,
        now=machine.clock.stamp(),
        simulated=machine.simulated,
        holder="empreinte simulate" if machine.simulated else "empreinte run",
        retention=config.ledger.retention_minutes,
        sidecar=None if config.ledger.url.startswith("sqlite") else config.paths.state / "ledger.seen",
    )


def _workloads(config: Config, machine: Machine) -> HostWorkloads:
    kinds = catalogue() if config.sampling.discovery else ()
    own = config.services
    if machine.simulated:  # of what is made up only its own pages are asked, and no real one
        own = tuple(replace(rule, activity=None) for rule in own)
    rules = (*own, *machine.rules)
    pages = config.sampling.activity and not machine.simulated
    return HostWorkloads(machine.procfs, rules, kinds, machine.own_pid, pages=pages)


def _samplers(
    config: Config, machine: Machine, workloads: HostWorkloads, ledger: Ledger, inbox: Inbox
) -> tuple[Sampler, list[Sampler]]:
    """Return the sampler of all fast collectors, and one for each slow one."""
    host = _host(config, machine, workloads, ledger)

    said: set[str] = set()

    def before_read() -> None:
        machine.before_read()
        workloads.refresh()
        for sentence in {workloads.unseen, BEYOND_CAP if workloads.beyond_cap else ""} - said - {""}:
            log.warning("%s", sentence)
            said.add(sentence)

    charges = list(_charges(host, config.factors, () if machine.simulated else config.meters))
    if not machine.simulated:  # the plate is the real machine's
        for charge in charges:
            charge.open = plated(charge.open, config.host.nameplate_power)
    # what is made up answers at once, and only the thread that moves its world on may look at it
    apart = {charge.name for charge in charges if charge.slow and not (machine.simulated and charge.every is None)}
    fast = [charge for charge in charges if charge.name not in apart]
    return Sampler(fast, machine.clock, inbox, RETRY_EVERY, before_read), [
        Sampler([charge], machine.clock, inbox, RETRY_EVERY, slow=True) for charge in charges if charge.name in apart
    ]


def _charges(host: Host, factors: FactorsTable, meters: Sequence[MeterTable]) -> Iterator[Charge]:
    """Yield every installed collector, in order of name; of those that are opened on request the live source's.

    After them comes one for each of *meters*, in their order.
    """
    kinds: dict[str, type[Collector]] = {}
    for point in sorted(entry_points(group="monitor.collectors"), key=lambda point: point.name):
        try:
            kind = point.load()
        except Exception as error:  # noqa: BLE001 - somebody else's package may fail in any way, and stops nobody
            yield Charge(point.name, partial(_refuse, point.name, error), slow=False)
            continue
        kinds[point.name] = kind
        if is_for_meters(kind):
            continue
        if is_wanted(point.name, kind, factors):
            live = point.name == factors.live
            opening = partial(open_with_token, kind, host, factors.token_file) if live else partial(kind.open, host)
            yield Charge(point.name, opening, slow=is_slow(kind, host), every=getattr(kind, "every", None))
    for one in openings(meters, kinds, host):
        yield Charge(one.name, one.open, slow=True, every=one.table.every)


def _refuse(name: str, error: Exception) -> NoReturn:
    raise Unavailable(
        Reason.UNSUPPORTED, f"the collector {name} can't be loaded: {error}", "reinstall the package that brings it"
    ) from error


def _host(config: Config, machine: Machine, workloads: HostWorkloads, ledger: Ledger) -> Host:
    processors = processor_power.find(config.host.cpu_tdp, machine.procfs, ledger.remembered(processor_power.KEY))
    if processors.to_remember is not None:
        ledger.remember(processor_power.KEY, processors.to_remember)
    return Host(
        sysfs=machine.sysfs,
        procfs=machine.procfs,
        cgroupfs=machine.cgroupfs,
        workloads=workloads,
        read_clock=machine.read_clock,
        run_id=machine.run_id,
        own_pid=machine.own_pid,
        cpu_power=processors.power,
        cpu_power_accuracy=processors.accuracy,
        memory=config.host.memory,
        nvml=machine.nvml,
        powercap=machine.powercap,
        grid=grid_of(config, known_until(config, ledger)),
        outgoing=config.network.outgoing,
    )


def _about(config: Config, machine: Machine) -> About:
    return About(
        version=version("empreinte"),
        python=platform.python_version(),
        host=config.host.name,
        kernel=platform.release(),
        architecture=platform.machine(),
        organisation=config.organisation.name,
        site=config.host.site,
        simulated=machine.simulated,
    )


def _daemon(
    config: Config,
    machine: Machine,
    ledger: Ledger,
    workloads: HostWorkloads,
    *,
    reckoner: Reckoner | None,
    publish: Callable[[Snapshot], None],
    samplers: Sequence[Sampler],
    alive: Callable[[], None],
    subscribers: Sequence[Subscriber],
    feed: Feed | None,
    notice: Callable[[], None],
    hand_over: Committed,
) -> Daemon:
    sampling = config.sampling
    opening, now = ledger.load(), machine.clock.stamp()
    monthly = Monthly(config, ledger, simulated=machine.simulated, notice=notice)
    known = told(config, ledger, Interval(now.wall - KEPT.nanoseconds, now.wall + HOUR.nanoseconds))
    rules = Rules(
        floor=sampling.floor, floor_powers=sampling.floor_power, patience=sampling.patience, hour=ledger.grain
    )
    accounting = Accounting(rules, opening, boot_id=machine.clock.boot_id, run_id=machine.run_id, now=now)
    return Daemon(
        accounting=accounting,
        keeper=ledger,
        failures=LedgerError,
        people=workloads,
        periods=Periods(ledger).of,
        external=ExternalPeriods(ledger, config.external_rules).of,
        limits=monthly.watching(looking_at_limits(config, ledger)),
        impacts=ImpactAccounting(reckoner, opening, ledger.grain, known),
        restate_late=LateHours(config, ledger, reckoner).restate,
        offset=ledger.exposure_offset(),
        bus=Bus(subscribers),
        publish=publish,
        sources=lambda: {name: sources for sampler in samplers for name, sources in sampler.sources().items()},
        alive=alive,
        commit_every=config.ledger.commit_every,
        live_for=shown_for(sampling.every, config.meters),
        feed=feed,
        hand_over=hand_over,
        recent_power=ledger.minutes(now.wall - HOUR.nanoseconds),
        present=were_present(opening, machine.clock.boot_id),
    )


def _settle_memory() -> None:
    """What was made by now stays for good: the collector of garbage need not look at it again."""
    gc.collect()
    gc.freeze()
