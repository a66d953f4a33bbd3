"""A tiny budget that the daemon as a process uses up: told once for each threshold, however it ends."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.parts.daemon import PROGRAM, Daemon
from tests.parts.loopback import wait_until
from tests.parts.powercap import Powercap
from tests.parts.receiver import Receiver

if TYPE_CHECKING:
    from pathlib import Path

    from tests.parts.daemon import Scrape, Tables

pytestmark = pytest.mark.usefixtures("no_proxy")

USED = "empreinte_budget_used_ratio"


BUDGETS: Final = [
    {"key": "tiny", "period": "year", "limit": "0.01 Wh", "warn_at": 0.5},
    {"key": "huge", "period": "year", "limit": "9 MWh"},
    {"key": "gases", "period": "year", "limit": "1 gCO2e"},
]


@dataclass(frozen=True)
class Seen:
    """What the daemon said at last of its budgets, in each of its ways."""

    page: Scrape
    budgets: list[dict[str, Any]]
    said: str


def _seen(daemon: Daemon) -> Seen:
    status, body = daemon.get("/api/v1/budgets")
    assert status == 200
    command = [PROGRAM, "status", "--lang", "en", "--config", daemon.configuration]
    said = subprocess.run([*map(str, command)], capture_output=True, text=True, check=True).stdout
    return Seen(daemon.scrape(), json.loads(body)["budgets"], said)


def _used_up(daemon: Daemon, powercap: Powercap, receiver: Receiver) -> Seen:
    """Use the tiny budget up, end the daemon, and kill it; return what it says after each."""
    try:
        daemon.start()
        powercap.move()
        wait_until(lambda: len(receiver.taken) == 2, what="both thresholds are told")
        powercap.stand()
        daemon.wait_for_tick(3)
        daemon.stop()
        daemon.start()
        powercap.move()
        daemon.wait_for_tick(5)
        daemon.kill()
        daemon.start()
        daemon.wait_for_tick(5)
        seen = _seen(daemon)
        daemon.stop()
    finally:
        powercap.stand()
        daemon.child.close()
    return seen


def test_a_budget_that_is_used_up_is_told_once_over_a_restart_and_a_kill(tmp_path: Path) -> None:
    with Powercap(tmp_path) as powercap, Receiver() as receiver:
        tables: Tables = {
            "paths": {"sysfs": powercap.sysfs},
            "sampling": {"every": "200ms", "discovery": False},
            "notify": [{"url": receiver.url, "events": ["budget_crossed"]}],
            "budget": BUDGETS,
        }
        seen = _used_up(Daemon(tmp_path, tables), powercap, receiver)
    told = [one.event for one in receiver.taken]
    assert [(one["subject"], one["data"]["threshold"]) for one in told] == [("tiny", 0.5), ("tiny", 1.0)]
    assert all(one["data"]["used_ratio"] >= one["data"]["threshold"] for one in told)
    assert seen.page.value(USED, budget="tiny") > 1
    assert 0 < seen.page.value(USED, budget="huge") < 0.001
    # no zone is configured: greenhouse gases are unknown, not zero
    assert not seen.page.find(USED, budget="gases")
    assert [one["state"] for one in seen.budgets] == ["exceeded", "within", "unknown"]
    # when it was told, to the second, also after a restart
    assert seen.budgets[0]["exhausted_at"][:19] == told[1]["time"][:19]
    assert "gases (1 gCO2e): what is used is unknown." in seen.said
    assert "of 0.01 Wh used by now; exceeded since" in seen.said
