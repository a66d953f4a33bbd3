"""How the schema is looked at, and what a failed child says; the steps are in tests/integration/test_migrations.py."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from monitor.ledger.database import Access, engine_of, place_of
from monitor.ledger.errors import LedgerAbsent, LedgerCorrupt, LedgerError, LedgerFull, LedgerNewer
from monitor.ledger.schema import SCHEMA
from monitor.ledger.upgrade import bring_up_to_date, failure, require_schema


def change(url: str, statement: str, **values: str) -> None:
    with engine_of(place_of(url), Access.CHANGE).begin() as connection:
        connection.execute(text(statement), values)


def require(url: str) -> None:
    place = place_of(url)
    with engine_of(place, Access.READ).begin() as connection:
        require_schema(connection, place)


def test_a_ledger_that_is_up_to_date_is_left_alone(url: str) -> None:
    require(url)
    assert bring_up_to_date(place_of(url)) is False


def test_a_newer_one_is_refused_by_whoever_opens_it(url: str) -> None:
    change(url, "UPDATE schema_version SET version_num = :number", number=f"{SCHEMA + 1:04}")
    with pytest.raises(LedgerNewer, match=f"schema {SCHEMA + 1}, here {SCHEMA}"):
        require(url)
    with pytest.raises(LedgerNewer):
        bring_up_to_date(place_of(url))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE schema_version SET version_num = 'abc'",
        "DELETE FROM schema_version",
        "INSERT INTO schema_version VALUES ('0001')",
    ],
)
def test_one_that_does_not_say_which_schema_it_has_is_refused(url: str, statement: str) -> None:
    change(url, statement)
    with pytest.raises(LedgerCorrupt, match="does not say which schema"):
        require(url)
    with pytest.raises(LedgerCorrupt):
        bring_up_to_date(place_of(url))


def test_the_file_of_another_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(LedgerCorrupt, match=r"\(bookmarks\)"):
        bring_up_to_date(place_of(f"sqlite:///{path}"))
    assert path.read_bytes() == before


def test_an_empty_file_is_no_ledger_to_read(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").touch()
    with pytest.raises(LedgerAbsent, match="start the daemon"):
        require(f"sqlite:///{tmp_path}/ledger.db")


def test_what_a_failed_child_says_keeps_its_kind() -> None:
    found = failure(place_of("sqlite:////l"), ["LedgerFull", "there is no room left", "free some space"])
    assert type(found) is LedgerFull
    assert str(found) == "there is no room left, while it was migrated (it is as it was): free some space"


@pytest.mark.parametrize(
    "said", [[], ["Traceback", "  File ...", "  line", "MemoryError: much"], ["Exec format error"]]
)
def test_a_child_that_died_is_a_defect_with_its_last_word(said: list[str]) -> None:
    found = failure(place_of("sqlite:////l"), said)
    assert type(found) is LedgerError
    assert (said[-1] if said else "no reason given") in found.sentence
    assert "please report it" in found.cure
