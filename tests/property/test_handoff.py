"""A guest's figures against its host's, in simulated time: what is handed over is measured once, or is a gap."""

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from collectors.process import ProcessCollector
from collectors.rapl import RaplCollector
from monitor.accounting import Accounting, Rules
from monitor.core.entries import Cause, OpenBooks
from monitor.core.readings import DRAM, PACKAGE, REST
from monitor.core.units import Duration
from monitor.handoff import HandOff
from monitor.schedule import Charge, Inbox, Sampler
from monitor.simulation.rules import service_rules
from monitor.simulation.scenario import Ingredient, world_spec
from monitor.simulation.spec import Platform
from monitor.workloads import HostWorkloads
from tests.fixtures.host import simulated_host
from tests.property.test_truth import EVERYDAY, TICK, Run, measured, running, total, worlds

MACHINE = "assistant"
ALL = "all"
ACCIDENTS = [Ingredient.COUNTER_RESET, Ingredient.SUSPEND, Ingredient.UNREADABLE]


def guest_in(run: Run, shared: Path) -> tuple[Sampler, Accounting]:
    world, tree = run.world, run.tree
    workloads = HostWorkloads(tree.procfs, service_rules(world.spec), (), world.own_pid)
    host = replace(simulated_host(tree.procfs.parent, world, workloads), powercap=shared)
    kinds = (RaplCollector, ProcessCollector)
    charges = [Charge(kind.name, lambda kind=kind: kind.open(host), slow=False) for kind in kinds]
    sampler = Sampler(charges, world.clock, Inbox(), Duration(TICK), workloads.refresh)
    clock = world.clock
    return sampler, Accounting(Rules(), None, boot_id=clock.boot_id, run_id="guest", now=clock.stamp())


@worlds
@given(
    st.integers(0, 10**6),
    st.sets(st.sampled_from(EVERYDAY)),
    st.sets(st.sampled_from(ACCIDENTS), max_size=2),
    st.sampled_from((Platform.NONE, Platform.PSYS)),
)
def test_a_guest_measures_what_its_host_counts_as_its_or_says_what_is_missing(
    seed: int, ingredients: set[Ingredient], accidents: set[Ingredient], platform: Platform
) -> None:
    with running(world_spec(seed, ingredients | accidents, platform=platform)) as run:
        root = run.tree.procfs.parent
        (root / "state").mkdir()
        desk = HandOff([MACHINE], root / "handoff", root / "state", None)

        def tick(at: int) -> None:
            run.tick(at)
            desk.commit(run.books(), run.accounting.take_gaps())

        tick(0)
        tick(TICK)
        sampler, accounting = guest_in(run, root / "handoff" / MACHINE)
        begun = shares(run)
        for at in range(2 * TICK, 60 * TICK + 1, TICK):
            tick(at)
            observed = sampler.observe()
            accounting.take(observed)
            accounting.close(observed.at)
            if at == 3 * TICK:  # one tick to listen, and then the guest begins to count
                begun = shares(run)
            books = accounting.books(observed.at)
            for part, share in shares(run).items():
                assert known(books, part) <= share - begun[part], f"{part}: more than there was"
        missing = {cause for cause in books.gaps if cause != Cause.CLOCK_STEP}
        assert accidents or not missing
        for part, share in shares(run).items():
            assert known(books, part) == share - begun[part] or missing, part
        assert known(books, PACKAGE) > 0
        sampler.close()


def shares(run: Run) -> dict[str, int]:
    """Return what the host counts as the machine's: of the processors, of the memory, of all together."""
    books = run.books()
    resources = {series.resource for series in books.energy}
    parts = {resource: total(books, MACHINE, resource) for resource in (PACKAGE, DRAM)}
    return parts | {ALL: sum(total(books, MACHINE, resource) for resource in resources)}


def known(books: OpenBooks, part: str) -> int:
    """Return what the guest has measured of the same."""
    return sum(measured(books, resource) for resource in ((PACKAGE, DRAM, REST) if part == ALL else (part,)))
