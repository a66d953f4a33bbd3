"""A real Prometheus scrapes the daemon: what it computes is what the ledger has."""

from pathlib import Path

import pytest

from tests.parts.daemon import Daemon
from tests.parts.powercap import Powercap
from tests.parts.prometheus import Prometheus

pytestmark = pytest.mark.real("prometheus")


def test_what_prometheus_adds_up_is_what_the_ledger_has_and_a_restart_is_invisible(tmp_path: Path) -> None:
    with Powercap(tmp_path) as powercap:
        daemon = Daemon(tmp_path, {"paths": {"sysfs": powercap.sysfs}})
        try:
            daemon.start()
            powercap.move()
            with Prometheus(tmp_path, daemon.url.removeprefix("http://")) as prometheus:
                prometheus.wait_for_scrapes(2)
                before = daemon.scrape().value("empreinte_host_energy_joules_total")
                seen_before = prometheus.value("sum(empreinte_host_energy_joules_total)")
                prometheus.wait_for_scrapes(10)
                daemon.child.terminate()
                daemon.start()
                prometheus.wait_for_scrapes(25)
                after = daemon.scrape().value("empreinte_host_energy_joules_total")
                seen_after = prometheus.value("sum(empreinte_host_energy_joules_total)")
                resets = prometheus.value("sum(resets(empreinte_host_energy_joules_total[2m]))")
                increase = prometheus.value("sum(increase(empreinte_host_energy_joules_total[30s]))")
                rate = prometheus.value("sum(rate(empreinte_host_energy_joules_total[30s]))")
        finally:
            daemon.child.close()
    assert resets == 0
    # one scrape interval (1 s) at 60 W, at either end
    assert abs((seen_after - seen_before) - (after - before)) <= 2 * 60 * 1.5
    assert abs(increase - 30 * 60) <= 60 * 3
    assert abs(rate - 60) <= 6
