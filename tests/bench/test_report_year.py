"""What a report of a year costs: little more than to read its rows from the file, and all formats not much more."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from monitor.cli.report import material_of
from monitor.cli.report_files import MAKERS, files_of
from monitor.cli.reported import reported
from monitor.cli.stated import stated_of
from monitor.config import Language, Surroundings, load
from monitor.ledger.store import Ledger
from monitor.report.scope import Scope
from tests.bench.test_ledger_year import least
from tests.fixtures.years import YEAR, Filling, fill, numbered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from monitor.report.model import Report

SERVICES = (10, pytest.param(50, marks=pytest.mark.long))
TABLES = ("hour_entries", "hour_measured", "hour_covered", "hour_impacts", "hour_terms", "hour_activity")
MOST_BEFORE_RENDERING = 1.1
"""Of the processor time that it takes to read all rows by sqlite3 alone.

Measured: 0.82 with 10 services (1.7 million rows), 0.69 with 50 (7.4 million: 2.9 s of 4.1 s). Two processors share
most of it: by the clock it is 0.54 with 10 services (0.5 s), and 0.42 with 50 (1.75 s).
"""
MOST_OF_ALL = 2.0
"""The same of the figures and all formats together.

Measured: 1.42 to 1.57 with 10 services, 1.05 with 50 (4.3 s); by the clock 1.16 (1.1 s) and 0.74 (3.0 s).
"""


@pytest.fixture(scope="module", params=SERVICES)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the ledger of a year is."""
    path = tmp_path_factory.mktemp("year") / "ledger.db"
    fill(path, Filling(numbered(request.param)))
    return path


@pytest.fixture
def ledger(place: Path) -> Iterator[Ledger]:
    with Ledger.read(f"sqlite:///{place}") as opened:
        yield opened


def rows(place: Path) -> int:
    """Read every row that a report is of, one after the other; return how many there are."""
    connection = sqlite3.connect(place)
    found = sum(1 for table in TABLES for _ in connection.execute(f"SELECT * FROM {table}"))  # noqa: S608 - our names
    connection.close()
    return found


def made_of(ledger: Ledger) -> Report:
    return reported(ledger, YEAR, (), Scope())


def written(ledger: Ledger, formats: Sequence[str], place: Path) -> dict[str, bytes]:
    """Return the files of the year, as the command makes them."""
    config = load(
        Surroundings({"HOME": str(place.parent)}, root=False, host_name="ia-01", time_zone="Europe/Paris"), None
    )
    made = made_of(ledger)
    material = material_of((made, None), stated_of(ledger, made, None, config), config, "ia-01", Language.FRENCH)
    return files_of(material, tuple(formats), lambda _: None)


def test_a_year_is_made_in_little_more_than_its_rows_take_to_read(place: Path, ledger: Ledger) -> None:
    assert least(lambda: made_of(ledger), 3) < MOST_BEFORE_RENDERING * least(lambda: rows(place), 3)


def test_all_formats_take_a_few_times_what_the_rows_take_to_read(place: Path, ledger: Ledger) -> None:
    # CodeCarbon's mapper is a process of its own: its time is not ours
    formats = [name for name in MAKERS if name != "boamps"]
    assert least(lambda: written(ledger, formats, place), 3) < MOST_OF_ALL * least(lambda: rows(place), 3)
