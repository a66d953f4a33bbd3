"""The deployed rules in a real Prometheus that scrapes the daemon: all record, one fires, none cries wolf.

What waits for minutes or hours in the files waits here for nothing, so that whatever is wrong is seen at once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from tests.parts.daemon import Daemon
from tests.parts.loopback import wait_until
from tests.parts.powercap import Powercap
from tests.parts.prometheus import Prometheus
from tests.rules.deployed import FILES, rules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.real("prometheus"), pytest.mark.usefixtures("no_proxy")]

WITHOUT_DATA: Final = {
    "instance_cause:empreinte_gap_seconds:delta6h": "it compares with what was scraped six hours ago",
    "instance_service:empreinte_service_joules_per_output_token:ratio_rate1h": "nobody asks for a token by night",
}
"""Recording rules that have nothing to record a minute after the start, and why."""
BUDGETS: Final = [
    {"key": "tiny", "name": "Tiny", "period": "year", "limit": "0.01 Wh"},
    {"key": "huge", "name": "Huge", "period": "year", "limit": "9 MWh"},
]


def impatient(directory: Path) -> Iterator[Path]:
    """Yield copies of the deployed files, in *directory*, that wait for nothing and are looked at each second."""
    for file in FILES:
        copy = directory / file.name
        text = re.sub(r"^( +)(?:for|keep_firing_for|interval): \w+\n", "", file.read_text(), flags=re.MULTILINE)
        copy.write_text(text)
        yield copy


def alerts(prometheus: Prometheus) -> set[str]:
    return {sample.labels["alertname"] for sample in prometheus.query("ALERTS")}


def test_a_simulated_town_hall_has_data_for_each_rule_and_no_alert(tmp_path: Path) -> None:
    files = tuple(impatient(tmp_path))
    daemon = Daemon(tmp_path, {"host": {"zone": "FR"}}, command=("simulate",))
    with daemon, Prometheus(tmp_path, daemon.url.removeprefix("http://"), job="empreinte", rules=files) as prometheus:
        prometheus.wait_for_scrapes(15)
        expected = rules("record").keys() - WITHOUT_DATA.keys()
        wait_until(lambda: all(prometheus.query(name) for name in expected), what="each rule records", seconds=30)
        recorded = {name for name in rules("record") if prometheus.query(name)}
        ever = {line.labels["alertname"] for line in prometheus.query("count_over_time(ALERTS[1h])")}
    assert expected <= recorded
    # a daemon that has just started has read all its code, within a minute that stands for an hour
    assert ever - {"EmpreinteUsesMuchProcessor"} == set()


def test_a_budget_that_is_used_up_fires_and_a_restart_is_told_as_nothing_else(tmp_path: Path) -> None:
    files = tuple(impatient(tmp_path))
    with Powercap(tmp_path) as powercap:
        tables = {"paths": {"sysfs": powercap.sysfs}, "sampling": {"every": "500ms"}, "budget": BUDGETS}
        daemon = Daemon(tmp_path, tables)
        try:
            daemon.start()
            powercap.move()
            target = daemon.url.removeprefix("http://")
            with Prometheus(tmp_path, target, job="empreinte", rules=files) as prometheus:
                firing = 'ALERTS{alertname="EmpreinteBudgetExhausted", alertstate="firing"}'
                wait_until(lambda: bool(prometheus.query(firing)), what="the budget is told", seconds=60)
                (told,) = prometheus.query(firing)
                daemon.stop()
                wait_until(lambda: alerts(prometheus) == {"EmpreinteDown"}, what="it alone is missed", seconds=30)
                daemon.start()
                wait_until(lambda: "EmpreinteDown" not in alerts(prometheus), what="it is back", seconds=30)
                wait_until(lambda: bool(prometheus.query(firing)), what="the budget is told again", seconds=30)
                ever = {line.labels["alertname"] for line in prometheus.query("count_over_time(ALERTS[1h])")}
        finally:
            powercap.stand()
            daemon.child.close()
    assert (told.labels["budget"], told.labels["name"], told.labels["limit"]) == ("tiny", "Tiny", "0.01 Wh")
    assert ever - {"EmpreinteUsesMuchProcessor"} <= {
        "EmpreinteDown",
        "EmpreinteBudgetWarning",
        "EmpreinteBudgetExhausted",
    }
