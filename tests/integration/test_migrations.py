"""The steps of the schema: what they make is what the program expects, and one that fails changes nothing."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from msgspec import msgpack
from sqlalchemy import create_engine, insert, select, text

from monitor.core.activity import ActivitySeries, Authority, Unit
from monitor.core.entries import ServiceFacts, Tallied
from monitor.core.impact import ImpactSeries, Indicator
from monitor.core.interval import Interval, Stamp
from monitor.ledger import migrations, upgrade
from monitor.ledger.database import Access, engine_of, place_of
from monitor.ledger.errors import LedgerError, LedgerLocked, LedgerOlder
from monitor.ledger.migrate import configuration, main, migrate
from monitor.ledger.schema import SCHEMA, VERSION_TABLE, metadata
from monitor.ledger.store import Ledger
from monitor.ledger.upgrade import bring_up_to_date
from monitor.ledger.verify import verify
from tests.contract.bookkeeping import Bookkeeping
from tests.contract.reckoned import reckoned
from tests.contract.test_ledger_external import hour as bought_hour
from tests.parts.postgresql import PostgreSQL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from monitor.core.entries import OpenBooks

ROOT = Path(__file__).parents[2]
SCHEMA_OF_BOUGHT = 4
"""The first that had services that are bought."""
NOW = Stamp(1_772_600_400 * 10**9, 0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQL]:
    with PostgreSQL(tmp_path_factory.mktemp("postgresql") / "postgresql.log") as started:
        yield started


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.real("postgresql"))])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty file, or of an empty database."""
    if request.param == "file":
        (tmp_path / "ledger.db").touch()
        return f"sqlite:///{tmp_path}/ledger.db"
    found: PostgreSQL = request.getfixturevalue("server")
    return found.new_database()


def tables(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Return every table with its rows."""
    engine = create_engine(url)
    catalogue = (
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if url.startswith("sqlite")
        else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    )
    with engine.connect() as connection:
        names = sorted(connection.execute(text(catalogue)).scalars())
        found = {name: [tuple(row) for row in connection.execute(text(f"SELECT * FROM {name}"))] for name in names}  # noqa: S608 - the names are the database's
    engine.dispose()
    return found


def test_the_steps_make_the_schema_that_the_program_expects(url: str) -> None:
    migrate(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == f"{SCHEMA:04}"
    engine.dispose()


def test_the_steps_are_numbered_and_in_one_line() -> None:
    steps = list(ScriptDirectory.from_config(configuration()).walk_revisions())
    assert [step.revision for step in steps] == [f"{number:04}" for number in range(SCHEMA, 0, -1)]


def test_what_grows_is_stored_in_the_order_of_its_key(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.touch()
    migrate(f"sqlite:///{path}")
    connection = sqlite3.connect(path)
    made = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    connection.close()
    for grain in ("minute", "hour"):
        for kind in ("entries", "measured", "covered"):
            assert "PRIMARY KEY (bucket, " in made[f"{grain}_{kind}"]
            assert made[f"{grain}_{kind}"].rstrip().endswith("WITHOUT ROWID")


def test_migrating_twice_changes_nothing(url: str) -> None:
    migrate(url)
    before = tables(url)
    migrate(url)
    assert tables(url) == before
    assert bring_up_to_date(place_of(url)) is False


def test_a_step_that_fails_leaves_the_ledger_as_it_was(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        # the name of the table that the first step makes last
        connection.execute(text("CREATE TABLE exposure_offsets (taken TEXT)"))
    engine.dispose()
    before = tables(url)
    with pytest.raises(LedgerError):
        migrate(url)
    assert tables(url) == before


def test_the_child_says_in_one_sentence_why_it_failed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main([f"sqlite:///{tmp_path}/nothing/ledger.db"]) == 3
    kind, sentence, cure = capsys.readouterr().err.splitlines()
    assert (kind, cure) == ("LedgerAbsent", "start the daemon: empreinte run")
    assert "there is no ledger" in sentence


def test_the_url_can_be_given_where_nobody_sees_it(url: str) -> None:
    child = [sys.executable, "-m", "monitor.ledger.migrate", "-"]
    subprocess.run(child, input=url, text=True, check=True, cwd=ROOT)
    assert "open_books" in tables(url)


def test_a_command_migrates_only_what_no_daemon_keeps(url: str) -> None:
    assert Ledger.migrate(url, now=NOW) is True
    assert Ledger.migrate(url, now=NOW) is False
    with (
        Ledger.open(url, host="ia-01", timezone="Europe/Paris", now=NOW),
        pytest.raises(LedgerLocked, match="ia-01"),
    ):
        Ledger.migrate(url, now=NOW)


def test_an_older_ledger_is_not_read_before_it_was_migrated(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger.open(url, host="ia-01", timezone="Europe/Paris", now=NOW):
        pass
    # the program of the next version
    monkeypatch.setattr(upgrade, "SCHEMA", SCHEMA + 1)
    with pytest.raises(LedgerOlder, match="ledger migrate"):
        Ledger.read(url)


def test_what_grows_of_impacts_is_stored_in_the_order_of_its_key(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.touch()
    migrate(f"sqlite:///{path}")
    connection = sqlite3.connect(path)
    made = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    connection.close()
    for name in ("hour_impacts", "hour_reserved", "hour_terms", "hour_activity"):
        assert "PRIMARY KEY (bucket, " in made[name]
        assert made[name].rstrip().endswith("WITHOUT ROWID")
    assert "PRIMARY KEY (start, " in made["intensities"]


def schema_of(url: str, number: int) -> None:
    """Bring the schema to what the program of schema *number* made."""
    place, alembic = place_of(url), configuration()
    with engine_of(place, Access.CHANGE).connect() as connection:
        connection.execution_options(writes=True)
        with connection.begin():
            alembic.attributes["connection"] = connection
            command.upgrade(alembic, f"{number:04}")


def layout_of(body: Any, number: int) -> bytes:
    """Return open books as the program of schema *number* wrote them.

    The first had neither impacts nor who held the hardware, the second no activity, the third is as it is now.
    """
    if number > 2:
        return bytes(body)
    row, page = {1: (12, 5), 2: (13, 6)}[number]
    fields = msgpack.decode(zlib.decompress(body), type=list)
    pages = [one[:page] for one in fields[8]]
    return zlib.compress(msgpack.encode([number, *fields[1:8], pages, *fields[9:row]]))


def rows_of(url: str, names: Iterable[str]) -> dict[str, list[dict[str, object]]]:
    """Return every row of the tables *names*."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {
            name: [dict(row) for row in connection.execute(select(metadata.tables[name])).mappings()] for name in names
        }
    engine.dispose()
    return found


def fill(url: str, rows: dict[str, list[dict[str, object]]]) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            if rows.get(table.name):
                connection.execute(insert(table), rows[table.name])
    engine.dispose()


def kept_by_the_newest(url: str, number: int) -> None:
    """Keep a ledger for some hours, with what the program of schema *number* could keep."""
    keeping = Bookkeeping()
    counted = {ImpactSeries("assistant", Indicator.GWP_USE): Tallied(5, 6)} if number > 1 else {}
    with Ledger.open(url, host="ia-01", timezone="Europe/Paris", now=Stamp(keeping.now, 0)) as ledger:
        done = keeping.tick(3 * 3600 + 100)
        books = replace(done.books, impacts=counted)
        impacts = reckoned(done.closed) if number > 1 else []
        ledger.commit(books, done.closed, keeping.skip(600), [ServiceFacts("assistant", "Assistant")], impacts=impacts)
        ledger.remember("cpu_power", "95 W")
        if number >= SCHEMA_OF_BOUGHT:
            ledger.add_external([bought_hour(400)], stream="spool", through=1)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_ledger_of_an_earlier_schema_is_read_as_it_was_and_goes_on(url: str, tmp_path: Path, number: int) -> None:
    newer = f"sqlite:///{tmp_path}/newer.db"
    kept_by_the_newest(newer, number)
    with Ledger.read(newer) as ledger:
        monthly, minutes, books = ledger.monthly(2026), ledger.minutes(0), ledger.load()
        applied, bought = ledger.applied(Interval(0, 2**62)), ledger.external(Interval(0, 2**62))
    assert books is not None
    schema_of(url, number)
    before = sorted(tables(url).keys() - {VERSION_TABLE})
    rows = rows_of(newer, before)
    (kept,) = rows["open_books"]
    kept["body"] = layout_of(kept["body"], number)
    rows["exposure_offsets"] = [{"host_id": 1, "body": kept["body"]}]
    fill(url, rows)
    with pytest.raises(LedgerOlder, match=f"schema {number}, here {SCHEMA}"):
        Ledger.read(url)
    assert Ledger.migrate(url, now=NOW) is True
    assert rows_of(url, before) == rows
    with Ledger.read(url) as ledger:
        assert (ledger.monthly(2026), ledger.minutes(0), ledger.load()) == (monthly, minutes, books)
        assert ledger.exposure_offset() == books
        assert verify(ledger).faults == ()
        assert ledger.applied(Interval(0, 2**62)) == applied
        assert ledger.external(Interval(0, 2**62)) == bought
        assert bool(bought) is (number >= SCHEMA_OF_BOUGHT)
        assert (ledger.made_by_hand(), ledger.imported(Interval(0, 2**62))) == ((), ())
    went_on(url, books)


def went_on(url: str, books: OpenBooks) -> None:
    """Go on with *books* under the program of now: with impacts and activity."""
    keeping = Bookkeeping(start=books.at.wall, opening=books)
    tokens = ActivitySeries("assistant", Authority.SERVER, "http://127.0.0.1:8000/metrics", "m", Unit.OUTPUT_TOKENS)
    with Ledger.open(url, host="ia-01", timezone="Europe/Paris", now=Stamp(keeping.now, 0)) as ledger:
        start = keeping.now
        keeping.books.act(Interval(start, start + 60 * 10**9), {tokens: 700})
        done = keeping.tick(2 * 3600)
        counted = {ImpactSeries("assistant", Indicator.GWP_USE): Tallied(5, 6)}
        went = replace(done.books, impacts=counted, activity=keeping.books.activity(), counted=keeping.books.counted())
        ledger.commit(went, done.closed, [], [], impacts=reckoned(done.closed))
        assert ledger.load() == went
        assert ledger.sums(Interval(0, keeping.now)).activity == {tokens: 700}
        assert verify(ledger).faults == ()


def test_the_steps_are_in_the_wheel(tmp_path: Path) -> None:
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not here: pip install uv")
    subprocess.run([uv, "build", "--wheel", "--offline", "--out-dir", tmp_path], cwd=ROOT, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    listed = subprocess.run(
        [sys.executable, "-m", "zipfile", "--list", wheel], capture_output=True, text=True, check=True
    ).stdout
    for step in Path(migrations.__file__).parent.rglob("*.py"):
        assert f"monitor/ledger/{step.relative_to(Path(migrations.__file__).parents[1])}" in listed
