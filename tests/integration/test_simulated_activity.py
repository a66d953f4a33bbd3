"""`empreinte simulate` as a process: its page has what its services do, for boards that need no hardware."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import pytest

from collectors.cgroup import CgroupCollector
from collectors.nvidia import NvidiaCollector
from collectors.openmetrics import OpenMetricsCollector
from collectors.process import ProcessCollector
from collectors.rapl import RaplCollector
from monitor.accounting import Accounting, Rules
from monitor.app import fill_year
from monitor.cli.simulate import SEED
from monitor.config import Surroundings, load
from monitor.config.external import external_rule
from monitor.core.activity import Unit
from monitor.core.interval import HOUR
from monitor.core.units import Duration
from monitor.intake.feed import Feed
from monitor.intake.matching import owners_of
from monitor.intake.spool import Spool
from monitor.intake.store import Batch
from monitor.schedule import Charge, Inbox, Sampler
from monitor.simulation.applications import Applications
from monitor.simulation.organisation import EXTERNAL
from monitor.simulation.pages import MetricsPages
from monitor.simulation.rules import service_rules
from monitor.simulation.townhall import townhall
from monitor.simulation.trees import HostTree
from monitor.simulation.world import World
from monitor.workloads import HostWorkloads
from tests.fixtures.host import simulated_host
from tests.parts.daemon import Daemon, Scrape
from tests.parts.loopback import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.collector import Collector
    from monitor.intake.usage import UsageEvent

pytestmark = pytest.mark.usefixtures("no_proxy")

TABLES = {"organisation": {"timezone": "Europe/Paris", "language": "en"}}
SECOND = 10**9
COLLECTORS: tuple[type[Collector], ...] = (
    RaplCollector,
    NvidiaCollector,
    CgroupCollector,
    ProcessCollector,
    OpenMetricsCollector,
)
UNITS = "empreinte_period_activity"
TOKENS = "empreinte_service_tokens_total"


class Hall:
    """The simulated town hall in simulated time, with the collectors, the spool and the books of a daemon."""

    def __init__(self, home: Path, pages: MetricsPages, spool: Spool) -> None:
        self.world = World(townhall(1))
        self.pages = pages
        self.feed = Feed(spool, HOUR)
        self.applications = Applications(self.world)
        self.applications.send_to(lambda events: self._written(spool, events))
        self.tree = HostTree(self.world, home)
        rules = service_rules(self.world.spec, pages)
        workloads = HostWorkloads(self.tree.procfs, rules, (), self.world.own_pid, pages=False)
        host = simulated_host(home, self.world, workloads)
        charges = [Charge(kind.name, partial(kind.open, host), slow=False) for kind in COLLECTORS]
        self.sampler = Sampler(charges, self.world.clock, Inbox(), Duration(5 * SECOND), workloads.refresh)
        now = self.world.clock.stamp()
        self.accounting = Accounting(Rules(), None, boot_id=self.world.clock.boot_id, run_id="run", now=now)

    def tick(self, to: int) -> None:
        self.world.advance(to)
        self.tree.write()
        self.applications.look()
        self.pages.show(self.world.lives)
        self.accounting.take(self.sampler.observe(), self.feed.take(self.accounting.cursor))

    def told(self) -> dict[tuple[str, Unit], int]:
        """Return what is in the books, without what work took."""
        counted = self.accounting.books(self.world.clock.stamp()).counted
        return {key: one.shown for key, one in counted.items() if key[1] is not Unit.ENERGY}

    def truth(self) -> dict[tuple[str, Unit], int]:
        return {
            (life.spec.consumer, unit): amount
            for life in self.world.lives
            if life.spec.work is not None and life.run is not None
            for unit, amount in life.spec.work.done(life.spec.work.answered(life.run.worked)).items()
        }

    def _written(self, spool: Spool, events: tuple[UsageEvent, ...]) -> None:
        spool.submit(Batch(events, (), self.world.timeline.wall)).result()


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    owners = owners_of(service_rules(townhall(1)), (external_rule(EXTERNAL),))
    begun = World(townhall(1)).timeline.wall
    with (
        MetricsPages() as pages,
        Spool(tmp_path / "events.db", owners, lambda: begun, Duration(HOUR.nanoseconds)) as spool,
    ):
        made = Hall(tmp_path / "host", pages, spool)
        yield made
        made.sampler.close()


def test_what_the_town_hall_does_is_in_the_books_to_the_last_token(hall: Hall) -> None:
    for number in range(300):
        hall.tick(number * 5 * SECOND)
    assert hall.told() == hall.truth()
    assert all(hall.told()[key] > 0 for key in (
        ("assistant", Unit.OUTPUT_TOKENS), ("recherche", Unit.INPUT_TOKENS),
        ("transcription", Unit.AUDIO_MILLISECONDS), ("ocr", Unit.PAGES),
    ))  # fmt: skip
    assert hall.told()["traduction", Unit.OUTPUT_TOKENS] == 0


def values(page: Scrape, name: str, label: str, **labels: str) -> dict[str, float]:
    """Return the series called *name* that have these *labels*, by another *label*."""
    return {dict(found)[label]: value for found, value in page.find(name, **labels).items()}


def under_way(page: Scrape) -> bool:
    read = page.value("empreinte_collector_success", collector="openmetrics") == 1
    drawn = page.find("empreinte_service_power_watts", service="traduction")
    return bool(read and drawn and page.find("empreinte_budget_used_ratio"))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Scrape:
    """Return what a simulated daemon says once it has read its services' pages; it has the first weeks of last year."""
    home = tmp_path_factory.mktemp("simulated")
    ledger = f"sqlite:///{home}/simulated.db"
    daemon = Daemon(home, TABLES, command=("simulate", "--ledger", ledger))
    last = datetime.now(UTC).year - 1
    config = load(Surroundings.of_this_process(), daemon.configuration)
    config = replace(config, ledger=replace(config.ledger, url=ledger))
    fill_year(config, last, SEED, until=int(datetime(last, 3, 1, tzinfo=UTC).timestamp()) * SECOND)
    with daemon:
        wait_until(lambda: under_way(daemon.scrape()), what="models are loaded, pages read, budgets reckoned")
        return daemon.scrape()


def test_tokens_and_requests_are_counted_on_from_the_past(page: Scrape) -> None:
    past = values(page, UNITS, "unit", service="assistant", period="previous_year")
    assert page.sum(TOKENS, service="assistant", direction="output") >= past["output_tokens"] > 10**7
    assert page.sum("empreinte_service_requests_total", service="recherche") > 10**5


def test_what_is_loaded_and_never_asked_has_zeros_and_draws(page: Scrape) -> None:
    assert set(page.find("empreinte_service_requests_total", service="traduction").values()) == {0.0}
    assert page.sum("empreinte_period_idle_energy_joules", service="traduction", period="previous_year") > 10**6
    assert page.sum("empreinte_service_power_watts", service="traduction") > 0


def test_every_kind_of_unit_has_its_energy(page: Scrape) -> None:
    told = values(page, "empreinte_period_activity_energy_joules", "unit", period="previous_year")
    assert {"requests", "input_tokens", "output_tokens", "pages"} <= set(told)


def test_energy_for_a_thousand_tokens_is_plausible_last_year(page: Scrape) -> None:
    labels = {"service": "assistant", "period": "previous_year", "unit": "output_tokens"}
    joules = page.sum("empreinte_period_activity_energy_joules", **labels)
    assert 0.1 < joules / 3600 / (page.sum(UNITS, **labels) / 1000) < 5


def test_money_budgets_and_what_is_bought_have_rows(page: Scrape) -> None:
    assert page.sum("empreinte_period_cost_euros", period="previous_year") > 10
    # that of a department which took a service over follows in the next hour
    assert len(page.find("empreinte_budget_used_ratio")) >= 4
    assert {dict(one)["scope"] for one in page.find("empreinte_budget_info")} == {
        "all", "service", "department", "contract",
    }  # fmt: skip
    assert page.sum("empreinte_period_external_energy_joules", period="previous_year") > 0
    assert page.sum("empreinte_external_tokens_total", direction="output") > 10**5


def test_water_and_gases_are_known_with_all_their_parts(page: Scrape) -> None:
    water = values(page, "empreinte_period_water_liters", "source", period="previous_year", service="assistant")
    gases = values(page, "empreinte_period_emissions_grams", "phase", period="previous_year", service="assistant")
    assert min(water["grid"], water["site"], gases["use"], gases["embodied"]) > 0
