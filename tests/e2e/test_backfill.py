"""A new Prometheus, and a new VictoriaMetrics, are given the past of a ledger, and go on with what the daemon shows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from monitor.core.activity import ActivitySeries, Authority, Unit
from monitor.core.calendar import named_period
from monitor.core.entries import Counted, Share, Tallied
from monitor.core.impact import ImpactSeries, Indicator
from monitor.core.interval import Interval, Stamp, bucket_of
from monitor.core.units import Duration
from monitor.ledger.store import Ledger
from tests.contract.bookkeeping import PARIS, books_of, hour_bucket, series
from tests.contract.reckoned import HR, reckoned
from tests.fixtures.ledgers import empty_ledger
from tests.integration.test_cli import empreinte
from tests.parts.daemon import Daemon
from tests.parts.loopback import wait_until
from tests.parts.powercap import Powercap
from tests.parts.prometheus import Prometheus, make_blocks
from tests.parts.victoria_metrics import VictoriaMetrics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.core.entries import Bucket
    from tests.parts.prometheus import Sample

HOURS = 70 * 24
"""A whole month is among them, whatever day it is."""
MISSED = range(100, 103)
ENERGY = "empreinte_service_energy_joules_total"
GASES = "empreinte_service_emissions_grams_total"
TOKENS = "empreinte_service_tokens_total"
TOLD = ActivitySeries("assistant", Authority.SERVER, "a page", "", Unit.OUTPUT_TOKENS)
ZONE = ZoneInfo(PARIS)


def an_hour(start: int, number: int) -> Bucket:
    energies = {
        series("assistant"): 300_000_000 + number,
        series("assistant", share=Share.FLOOR): 7 * number,
        series("_other"): 200_000_001,
        # a service that has nothing to do at night
        **({series("search"): 50_000_003} if number % 24 > 6 else {}),
    }
    return replace(hour_bucket(start, energies), activity={TOLD: 10 * number})


def past_of(url: str, through: int) -> None:
    """Fill the ledger at *url* with HOURS, of which some were not measured, up to *through*."""
    hours = [an_hour(through - (HOURS - number) * HR, number) for number in range(HOURS) if number not in MISSED]
    impacts = reckoned(hours)
    counters: Counter[ImpactSeries] = Counter()
    for hour in impacts:
        counters.update({key: amount.central for key, amount in hour.amounts.items()})
    books = replace(
        books_of(hours, through),
        impacts={key: Tallied(units, 0) for key, units in counters.items() if key.indicator is Indicator.GWP_USE},
        counted={("assistant", Unit.OUTPUT_TOKENS): Counted(sum(hour.activity[TOLD] for hour in hours))},
    )
    now = Stamp(through, 10**15)
    with Ledger.open(url, host="ia-01", timezone=PARIS, now=now) as ledger:
        ledger.commit(books, hours, [], [], impacts=impacts)


@dataclass(frozen=True)
class Scene:
    """A daemon that goes on with a ledger that has a past."""

    home: Path
    daemon: Daemon
    url: str
    through: int

    @property
    def target(self) -> str:
        return self.daemon.url.removeprefix("http://")

    def export(self, form: str, *arguments: str) -> Path:
        """Export its past, with the labels that scrapes add; return the file."""
        file = self.home / f"past{form}{len(arguments)}"
        labels = ("--label", "job=test", "--label", f"instance={self.target}")
        done = empreinte(
            *("ledger", "export", form, *labels, *arguments, "--output", file, "--config", self.daemon.configuration),
            home=self.home,
        )
        assert (done.status, done.err) == (0, "")
        return file

    def periods(self) -> list[Interval]:
        """Return the last whole local month, a day, and the hours around those that were not measured."""
        month = named_period("previous_month", self.through, ZONE)
        day = named_period(f"{datetime.fromtimestamp(self.through // 10**9, ZONE) - timedelta(days=10):%F}", 0, ZONE)
        first = self.through - (HOURS - MISSED.start) * HR
        return [month, day, Interval(first - HR, first + len(MISSED) * HR + HR)]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    url = empty_ledger(tmp_path / "ledger.db")
    with Powercap(tmp_path) as powercap:
        tables = {
            "organisation": {"timezone": PARIS, "language": "en"},
            "host": {"name": "ia-01"},
            "ledger": {"url": url},
            "paths": {"sysfs": powercap.sysfs},
        }
        daemon = Daemon(tmp_path, tables)
        through = bucket_of(int(datetime.now(ZONE).timestamp()) * 10**9, Duration(HR))
        past_of(url, through)
        powercap.move()
        with daemon:
            daemon.wait_for_energy()
            yield Scene(tmp_path, daemon, url, through)


def at(database: Prometheus | VictoriaMetrics, expression: str, moment: int) -> dict[tuple[str, ...], float]:
    """Return what *expression* is at *moment*, by the values of its labels."""
    found: list[Sample] = database.query(expression, at=moment / 10**9)
    return {tuple(value for _, value in sorted(one.labels.items())): one.value for one in found}


def agree(scene: Scene, database: Prometheus | VictoriaMetrics) -> None:
    """Compare what has been added over each period, in *database* and in the ledger."""
    with Ledger.read(scene.url) as ledger:
        for period in scene.periods():
            sums = ledger.sums(period)
            energy: Counter[tuple[str, ...]] = Counter()
            for one, amount in sums.energy.items():
                energy[(one.consumer,)] += amount.microjoules
            assert added(database, f"sum by (service) ({ENERGY})", period) == close(energy, 10**6)
            gases: Counter[tuple[str, ...]] = Counter()
            for key, bounds in sums.impacts.items():
                if key.indicator is Indicator.GWP_USE:
                    gases[(key.consumer,)] += bounds.central
            assert added(database, f"sum by (service) ({GASES})", period) == close(gases, 10**6)
            assert list(added(database, TOKENS, period).values()) == [sums.activity[TOLD]]


def added(database: Prometheus | VictoriaMetrics, expression: str, period: Interval) -> dict[tuple[str, ...], float]:
    first, last = (at(database, expression, moment) for moment in (period.start, period.end))
    return {key: value - first[key] for key, value in last.items()}


def close(amounts: Counter[tuple[str, ...]], per: int) -> object:
    return pytest.approx({key: amount / per for key, amount in amounts.items()}, rel=1e-9)


def goes_on(scene: Scene, database: Prometheus | VictoriaMetrics) -> None:
    """Nothing of what was shown before is a series of its own, and none of them fell when the daemon's came."""
    names = '{__name__=~"empreinte_(host|service)_.*_total",job="test"}'
    resets = database.query(f"resets({names}[80d])")
    assert len(resets) > 6
    assert {one.value for one in resets} == {0}
    last = at(database, ENERGY, scene.through)
    now = {tuple(value for _, value in sorted(one.labels.items())): one.value for one in database.query(ENERGY)}
    assert last.keys() <= now.keys()
    assert all(value <= now[key] for key, value in last.items())
    assert sum(now.values()) > sum(last.values())
    moved = sum(now.values()) - sum(last.values())
    live = scene.daemon.scrape().sum(ENERGY) - sum(last.values())
    assert 0 < moved <= live


@pytest.mark.real("prometheus")
def test_a_new_prometheus_is_given_the_past_and_goes_on_with_it(scene: Scene) -> None:
    prometheus = Prometheus(scene.home, scene.target, retention="400d")
    make_blocks(scene.export("--openmetrics"), prometheus.storage, longest="744h")
    with prometheus:
        prometheus.wait_for_scrapes(3)
        agree(scene, prometheus)
        goes_on(scene, prometheus)


@pytest.mark.real("victoria-metrics")
def test_a_new_victoria_metrics_is_given_the_past_and_goes_on_with_it(scene: Scene) -> None:
    with VictoriaMetrics(scene.home, scene.target) as database:
        database.take(scene.export("--victoria-metrics").read_bytes())
        wait_until(lambda: bool(database.query(f"count_over_time({ENERGY}[1m]) > 3")), what="three scrapes")
        agree(scene, database)
        goes_on(scene, database)


@pytest.mark.real("prometheus")
def test_days_suffice_for_what_days_and_months_came_to(scene: Scene) -> None:
    prometheus = Prometheus(scene.home, scene.target, retention="400d")
    make_blocks(scene.export("--openmetrics", "--step", "day"), prometheus.storage, longest="744h")
    with prometheus:
        month, day, _ = scene.periods()
        with Ledger.read(scene.url) as ledger:
            for period in (month, day):
                energy = sum(amount.microjoules for amount in ledger.sums(period).energy.values())
                found = added(prometheus, f"sum(last_over_time({ENERGY}[1d]))", period)
                assert list(found.values()) == [pytest.approx(energy / 10**6, rel=1e-9)]
