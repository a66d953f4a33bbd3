"""A simulated year, reported, and restated as a person would: all that show a figure show the same one afterwards."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from tests.integration.test_cli import empreinte, environment
from tests.parts.daemon import PROGRAM, Daemon, toml
from tests.parts.loopback import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FACTOR = """
[[factor]]
key = "electricity/FR/ademe/YEAR"
quantity = "electricity"
subject = "FR"
provider = "ademe"
value = 40.5
low = 30
high = 60
unit = "gCO2e/kWh"
year = YEAR
valid_from = YEAR-01-01
valid_to = YEAR-12-31
cycle = "life_cycle"
boundary = "consumption"
accounting = "location"
source = "a test"
address = "https://example.org/"
licence = "none"
retrieved = 2026-11-23
"""
USE = "emissions_use"
EMITTED = "empreinte_service_emissions_grams_total"
ORGANISATION = {"timezone": "Europe/Paris", "language": "en"}


@dataclass(frozen=True)
class Filled:
    """A ledger with the simulated year before this one, and a file with another factor for it."""

    home: Path
    year: int
    url: str
    config: Path
    factors: Path

    def said(self, *arguments: object) -> Any:
        """Return what a command says in JSON."""
        done = empreinte(*arguments, "--json", "--config", self.config, home=self.home)
        assert (done.status, done.err) == (0, ""), done
        return json.loads(done.out)

    def is_sound(self) -> bool:
        """Return whether its year is without faults."""
        arguments = ("ledger", "verify", "--year", self.year, "--config", self.config)
        return empreinte(*arguments, home=self.home).status == 0

    def report(self) -> dict[str, Any]:
        """Return the yearly report."""
        folder = self.home / "reports"
        arguments = ("report", "--year", self.year, "--format", "json", "--output", folder, "--config", self.config)
        assert empreinte(*arguments, home=self.home).status == 0
        content: dict[str, Any] = json.loads((folder / f"empreinte-{self.year}-simulated.json").read_text())
        return content


def last_year() -> int:
    """Return the year before this one, as the ledger's time zone has it."""
    return datetime.now(ZoneInfo(ORGANISATION["timezone"])).year - 1


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fill a ledger with the year before this one, once; return its file."""
    home = tmp_path_factory.mktemp("simulated")
    file, config = home / "simulated.db", home / "empreinte.toml"
    config.write_text(toml({"organisation": ORGANISATION}))
    arguments = ("simulate", "--history", last_year(), "--once", "--ledger", f"sqlite:///{file}", "--config", config)
    done = empreinte(*arguments, home=home)
    assert (done.status, done.err) == (0, "")
    return file


@pytest.fixture
def filled(tmp_path: Path, simulated: Path) -> Filled:
    """Return a copy of that ledger, with a configuration and factors of its own."""
    shutil.copy(simulated, tmp_path / simulated.name)
    url = f"sqlite:///{tmp_path / simulated.name}"
    config = tmp_path / "empreinte-filled.toml"
    config.write_text(toml({"organisation": ORGANISATION, "ledger": {"url": url}}))
    factors = tmp_path / "ademe.toml"
    factors.write_text(FACTOR.replace("YEAR", str(last_year())))
    return Filled(tmp_path, last_year(), url, config, factors)


def emitted(daemon: Daemon, period: str = "previous_year") -> dict[str, float]:
    """Return what the API says that each consumer emitted by using electricity, in grams."""
    status, body = daemon.get("/api/v1/impacts")
    assert status == 200
    told = {one["key"]: one["periods"].get(period, {}) for one in json.loads(body)["consumers"]}
    return {
        key: found["emissions_use_grams"]["central"] for key, found in told.items() if "emissions_use_grams" in found
    }


def reported(report: dict[str, Any]) -> dict[str, float]:
    """Return what a report says of the same."""
    found = {use["service"]: use["impacts"][f"{USE}_kilograms"] for use in report["services"]}
    return {key: 1000 * float(amount["central"]) for key, amount in found.items() if amount is not None}


def test_a_simulated_year_can_be_reported_and_is_marked_as_such(filled: Filled) -> None:
    content = filled.report()
    assert content["simulated"]
    assert len(content["months"]) == 12
    assert filled.is_sound()


@pytest.mark.long
def test_after_a_restatement_all_say_the_same_and_the_counters_do_not_move(filled: Filled) -> None:
    daemon = Daemon(filled.home, {"organisation": ORGANISATION}, command=("simulate", "--ledger", filled.url))
    # it looks for restatements once a minute: what is done before, while it runs, need not be waited for
    with daemon:
        before = filled.report()
        same = filled.said("restate", f"{filled.year}-03", "--reason", "to see")
        assert (same["generation"], same["hours_changed"]) == (None, 0)
        daemon.wait_for_energy()
        assert emitted(daemon) == pytest.approx(reported(before))
        counted = daemon.scrape().value(EMITTED)
        month = f"{filled.year}-03"
        made = filled.said("restate", month, "--factors", filled.factors, "--reason", "ADEME revised it")
        assert made["generation"] == 1
        after = filled.report()
        assert reported(after) != pytest.approx(reported(before))
        wait_until(
            lambda: emitted(daemon) == pytest.approx(reported(after)), what="the daemon shows it", seconds=120, every=1
        )
        saved = (made["differences"][f"{USE}_micrograms"]["before"]["central"] / 1e6) - (
            made["differences"][f"{USE}_micrograms"]["after"]["central"] / 1e6
        )
        # they go on with what is used meanwhile, and know nothing of the year before
        assert counted <= daemon.scrape().value(EMITTED) < counted + saved / 10
        page = daemon.scrape()
        shown = page.find("empreinte_period_emissions_grams", period="previous_year", phase="use")
        totals = {dict(labels)["service"]: value for labels, value in shown.items()}
        assert totals == pytest.approx({key: value for key, value in reported(after).items() if key in totals})
        daemon.stop()

    told = filled.said("explain", "assistant", filled.year)
    assert told["totals"][f"{USE}_micrograms"]["central"] / 1e6 == pytest.approx(reported(after)["assistant"])
    assert [one["number"] for one in told["generations"]] == [0, 1]
    assert [one["number"] for one in after["reckoning"]["generations"]] == [0, 1]
    assert filled.is_sound()


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Return the two ends of a terminal."""
    ends = pty.openpty()
    yield ends
    for end in ends:
        os.close(end)


def test_one_that_is_cut_off_leaves_the_ledger_as_it_was(filled: Filled, terminal: tuple[int, int]) -> None:
    """Ctrl-C comes as soon as a terminal shows how far it is."""
    before = filled.report()
    mine, its = terminal
    arguments = ("restate", filled.year, "--factors", filled.factors, "--reason", "r", "--config", filled.config)
    process = subprocess.Popen(
        [PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE, stderr=its, text=True, env=environment(filled.home)
    )
    shown = ""
    while not re.search(r"\r\d{3,} / \d{4} h", shown):
        shown += os.read(mine, 4096).decode()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "what was not finished counts nowhere" in os.read(mine, 4096).decode()
    assert filled.said("restate", "--list") == []
    assert filled.report() == before
    month = filled.said("restate", f"{filled.year}-02", "--factors", filled.factors, "--reason", "r")
    assert month["hours_changed"] == month_hours(filled.year)
    assert len(filled.said("restate", "--list")) == 1


def month_hours(year: int) -> int:
    """Return the hours of February."""
    return 24 * (datetime(year, 3, 1, tzinfo=ZoneInfo("UTC")) - datetime(year, 2, 1, tzinfo=ZoneInfo("UTC"))).days
