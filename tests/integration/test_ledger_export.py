"""`empreinte ledger export` as a process: how far it is, Ctrl-C, and a reader that has seen enough."""

from __future__ import annotations

import os
import pty
import signal
import sqlite3
import subprocess
from typing import TYPE_CHECKING

import pytest

from monitor.core.interval import Stamp
from monitor.ledger.store import Ledger
from tests.contract.bookkeeping import PARIS, START, books_of, hour_bucket, series
from tests.contract.reckoned import HR
from tests.fixtures.ledgers import empty_ledger
from tests.integration.test_cli import environment
from tests.parts.daemon import PROGRAM, toml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVICES = 200
HOURS = 2000
AGAIN = """
WITH RECURSIVE later(hours) AS (SELECT 1 UNION ALL SELECT hours + 1 FROM later WHERE hours + 1 < {hours})
INSERT INTO {table} SELECT bucket + hours * {hour}, {columns} FROM {table}, later
"""


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """Keep a ledger of many hours, all alike; return the configuration that names it."""
    url = empty_ledger(tmp_path / "ledger.db")
    hour = hour_bucket(START, {series(f"service-{number}"): 10**6 for number in range(SERVICES)})
    through = START + HOURS * HR
    with Ledger.open(url, host="ia-01", timezone=PARIS, now=Stamp(through, 10**15)) as ledger:
        ledger.commit(books_of([hour], through), [hour], [], [])
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        for table, columns in (
            ("hour_entries", "series_id, generation, energy"),
            ("hour_covered", "host_id, resource, covered"),
        ):
            connection.execute(AGAIN.format(hours=HOURS, table=table, hour=HR, columns=columns))
    connection.close()
    file = tmp_path / "empreinte.toml"
    file.write_text(toml({"organisation": {"language": "en"}, "ledger": {"url": url}}))
    return file


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Return the two ends of a terminal."""
    ends = pty.openpty()
    yield ends
    for end in ends:
        os.close(end)


def test_ctrl_c_leaves_no_half_file(configuration: Path, terminal: tuple[int, int]) -> None:
    """It comes as soon as a terminal shows how far it is."""
    mine, its = terminal
    home = configuration.parent
    before = sorted(home.iterdir())
    file = home / "past.om"
    command = [str(PROGRAM), "ledger", "export", "--openmetrics", "--output", str(file), "--config", str(configuration)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=its, text=True, env=environment(home))
    shown = ""
    while "points, empreinte_service_energy_joules_total" not in shown:
        shown += os.read(mine, 4096).decode()
    assert [one for one in home.iterdir() if one.suffix == ".part"]
    assert not file.exists()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    left = set(home.iterdir()) - set(before)
    assert not [one for one in left if "past.om" in one.name]


def test_a_reader_that_has_seen_enough_is_no_failure(configuration: Path) -> None:
    command = [str(PROGRAM), "ledger", "export", "--victoria-metrics", "--config", str(configuration)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(configuration.parent)
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("# HELP empreinte_")
        process.stdout.close()
        assert (process.wait(60), process.stderr.read()) == (0, "")
