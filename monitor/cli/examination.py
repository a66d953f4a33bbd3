"""Put the examination together: the collectors, the services, the ledger, the page, as the daemon would have them.

Heavy: imported when `doctor` runs. It changes nothing on the machine.
"""

from __future__ import annotations

import os
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final

import msgspec

from monitor import watch
from monitor.adapters import codecarbon, cpuinfo
from monitor.cli.inquiry import answers
from monitor.cli.ledger_standing import ledger_standing
from monitor.clock import SystemClock, process_clock
from monitor.collector import Host
from monitor.comparison import beside, measure
from monitor.core.units import Duration
from monitor.doctor import Examination, ServiceSeen, Standing, State, ask, page_standing, zone_standing
from monitor.ledger.store import Ledger, LedgerError
from monitor.workloads import HostWorkloads, catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.collector import Collector
    from monitor.comparison import Line
    from monitor.config import Config
    from monitor.core.units import Power

CPU_POWER: Final = "cpu_power"
"""Under which the ledger remembers the looked-up power of the CPUs."""
TICK: Final = Duration.from_seconds(2)
"""Between two readings of a comparison."""

Collectors = list[tuple[str, "Callable[[], Collector]"]]


def examine(config: Config) -> Examination:
    """Return what can be measured here under *config*."""
    workloads = workloads_of(config)
    sources = ask(collectors(config, workloads), SystemClock(config.paths.procfs).stamp())
    services = workloads.services()
    return Examination(
        meters=sources.meters,
        unmeasured=sources.unmeasured,
        users=sources.users,
        unreadable=sources.unreadable,
        services=tuple(ServiceSeen(services[key], key in workloads.present()) for key in sorted(services)),
        ledger=ledger_standing(config.ledger.url),
        page=page_standing(config.web.listen, daemon_answers=answers(config.web.listen)),
        watch=_watch_standing(),
        zone=zone_standing(config.host.zone, config.organisation.timezone),
    )


def compare(config: Config, elapsed: Duration) -> tuple[tuple[Line, ...], str]:
    """Return what we and CodeCarbon measure over *elapsed*, part by part, and CodeCarbon's version.

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
    return beside(ours, theirs.result()), theirs.result().version


def workloads_of(config: Config) -> HostWorkloads:
    """Return who is on this host now."""
    kinds = catalogue() if config.sampling.discovery else ()
    workloads = HostWorkloads(config.paths.procfs, config.services, kinds, os.getpid())
    workloads.refresh()
    return workloads


def collectors(config: Config, workloads: HostWorkloads) -> Collectors:
    """Return every installed collector, in order of name: its name, and what opens it on this host."""
    host = _host(config, workloads)
    points = sorted(entry_points(group="monitor.collectors"), key=lambda point: point.name)
    return [(point.name, partial(point.load().open, host)) for point in points]


def _host(config: Config, workloads: HostWorkloads) -> Host:
    power, accuracy = _cpu_power(config)
    paths = config.paths
    return Host(
        sysfs=paths.sysfs,
        procfs=paths.procfs,
        cgroupfs=paths.cgroupfs,
        workloads=workloads,
        read_clock=process_clock(paths.procfs, os.getpid()),
        run_id=uuid.uuid4().hex,
        own_pid=os.getpid(),
        cpu_power=power,
        cpu_power_accuracy=accuracy,
        memory=config.host.memory,
    )


def _cpu_power(config: Config) -> tuple[Power | None, str]:
    """Return the thermal design power of the CPUs and its error: configured, remembered, looked up, or guessed."""
    if config.host.cpu_tdp is not None:
        return config.host.cpu_tdp, "+-50 %"
    try:
        found = codecarbon.cpu_power_of(config.paths.procfs, _remembered(config))
    except OSError:
        return None, ""
    except codecarbon.CodeCarbonFailed:
        found = codecarbon.guess(cpuinfo.read(config.paths.procfs))
    return found.power, found.accuracy


def _remembered(config: Config) -> codecarbon.CpuPower | None:
    try:
        with Ledger.read(config.ledger.url) as ledger:
            text = ledger.remembered(CPU_POWER)
        return msgspec.json.decode(text, type=codecarbon.CpuPower) if text is not None else None
    except (LedgerError, msgspec.MsgspecError):
        return None


def _watch_standing() -> Standing:
    try:
        watch.listen().close()
    except OSError as error:
        return Standing(State.REDUCED, "", error.strerror or str(error))
    return Standing(State.READY, "")
