"""A place for a ledger on each database: a file of SQLite, and a database of a real PostgreSQL."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from monitor.core.interval import Stamp
from monitor.ledger.migrate import migrate
from monitor.ledger.store import Ledger
from tests.contract.bookkeeping import PARIS, START
from tests.fixtures.ledgers import empty_ledger
from tests.parts.postgresql import PostgreSQL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Site:
    """Where a ledger is, with all its tables and nothing in them yet."""

    url: str
    sidecar: Path
    file: Path | None
    server: PostgreSQL | None

    def open(
        self,
        *,
        now: int = START,
        host: str = "ia-01",
        timezone: str = PARIS,
        simulated: bool = False,
        holder: str = "",
    ) -> Ledger:
        """Open it as a daemon does."""
        return Ledger.open(
            self.url,
            host=host,
            timezone=timezone,
            simulated=simulated,
            holder=holder,
            now=Stamp(now, now - START + 10**15),
            sidecar=self.sidecar,
        )

    def read(self) -> Ledger:
        """Open it as a command does, beside a daemon."""
        return Ledger.read(self.url)

    def sql(self, statement: str, **values: object) -> list[tuple[object, ...]]:
        """Run *statement* behind the ledger's back; return its rows, [] where it has none."""
        engine = create_engine(self.url)
        with engine.begin() as connection:
            done = connection.execute(text(statement), values)
            rows = [tuple(row) for row in done] if done.returns_rows else []
        engine.dispose()
        return rows

    def contents(self) -> dict[str, list[tuple[object, ...]]]:
        """Return every row of every table but that of the open books, whose number changes with each commit."""
        names = [f"{grain}_{kind}" for grain in ("minute", "hour") for kind in ("entries", "measured", "covered")] + [
            "gaps",
            "services",
            "service_attributes",
            "series",
            "meta",
            "hosts",
            "remembered",
            "impact_series",
            "hour_impacts",
            "hour_reserved",
            "hour_terms",
            "factors",
            "terms",
            "intensities",
            "impact_generations",
            "activity_series",
            "hour_activity",
            "external_series",
            "external_bases",
            "external_amounts",
            "external_marks",
            "generations",
            "corrections",
            "hour_struck",
            "imports",
            "imported_runs",
        ]
        return {name: sorted(self.sql(f"SELECT * FROM {name}"), key=repr) for name in names}  # noqa: S608 - no input

    @contextmanager
    def written_by_another(self) -> Iterator[None]:
        """Have another program write to it all the while."""
        engine = create_engine(self.url)
        with engine.connect() as connection:
            if self.server is None:
                connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.exec_driver_sql("LOCK TABLE open_books IN ACCESS EXCLUSIVE MODE")
            try:
                yield
            finally:
                connection.rollback()
        engine.dispose()


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQL]:
    """Start a server for all tests of this run."""
    with PostgreSQL(tmp_path_factory.mktemp("postgresql") / "postgresql.log") as server:
        yield server


@pytest.fixture(scope="session")
def empty_database(postgresql: PostgreSQL) -> str:
    """Return the name of a database with the tables of a ledger."""
    postgresql.execute("CREATE DATABASE empty")
    migrate(postgresql.url("empty"))
    return "empty"


@pytest.fixture
def file_site(tmp_path: Path) -> Site:
    """Return a place for a ledger in a file."""
    path = tmp_path / "ledger.db"
    return Site(empty_ledger(path), tmp_path / "ledger.db.seen", path, None)


@pytest.fixture
def new_database(postgresql: PostgreSQL, empty_database: str) -> Callable[[], str]:
    """Return what makes a database with the tables of a ledger, and gives its URL."""

    def make() -> str:
        return postgresql.new_database(template=empty_database)

    return make


@pytest.fixture
def server_site(tmp_path: Path, postgresql: PostgreSQL, new_database: Callable[[], str]) -> Iterator[Site]:
    """Return a place for a ledger in a database of PostgreSQL."""
    url = new_database()
    yield Site(url, tmp_path / "seen", None, postgresql)
    postgresql.drop(url)


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.real("postgresql"))])
def site(request: pytest.FixtureRequest) -> Site:
    """Return a place for a ledger: each test runs on both databases."""
    found = request.getfixturevalue(f"{request.param}_site")
    assert isinstance(found, Site)
    return found


@pytest.fixture
def ledger(site: Site) -> Iterator[Ledger]:
    """Return a ledger that a daemon has just opened for the first time."""
    with site.open() as opened:
        yield opened
