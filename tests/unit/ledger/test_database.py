import os
import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from monitor.ledger.database import Access, engine_of, make_file, place_of
from monitor.ledger.errors import LedgerAbsent, LedgerError, LedgerReadOnly


def test_a_place_is_shown_without_its_password() -> None:
    place = place_of("postgresql+psycopg://empreinte:secret@db.example/ledger")
    assert "secret" not in str(place)
    assert "db.example/ledger" in str(place)
    assert "secret" in place.text
    assert place.path is None


@pytest.mark.parametrize("key", ["password", "sslpassword"])
def test_a_password_among_the_options_is_not_shown_either(key: str) -> None:
    """Where the ledger is stands in its errors, and those stand on the status page, which nobody has to log in for."""
    place = place_of(f"postgresql+psycopg:///ledger?host=db.example&{key}=secret")
    assert "secret" not in str(place)
    assert "db.example" in str(place)
    assert "secret" in place.text


def test_a_file_is_known_by_its_whole_path(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    direct, linked = (place_of(f"sqlite:///{tmp_path}/{name}/ledger.db") for name in ("real", "link"))
    # two daemons must not each lock a name of their own for one file
    assert direct.path == linked.path == tmp_path / "real" / "ledger.db"
    assert str(direct) == str(direct.path)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://u:secret@h/d",
        "postgresql://h/d?password=secret",
        "nonsense",
        "sqlite:////a?b=c",
    ],
)
def test_what_names_no_ledger_is_refused_without_telling_its_password(url: str) -> None:
    with pytest.raises(LedgerError) as refusal:
        place_of(url)
    assert "secret" not in str(refusal.value)
    assert "write sqlite:////" in refusal.value.cure


def test_a_file_is_made_once_for_its_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "ledger.db"
    make_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.write_bytes(b"content")
    make_file(path)
    assert path.read_bytes() == b"content"


def test_a_mode_that_somebody_chose_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.touch()
    path.chmod(0o640)
    make_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_file_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerReadOnly, match=r"File exists|Not a directory"):
        make_file(tmp_path / "file" / "ledger.db")


@pytest.mark.parametrize("access", list(Access))
def test_a_file_that_is_not_there_is_never_made_by_connecting(tmp_path: Path, access: Access) -> None:
    with pytest.raises(LedgerAbsent):
        engine_of(place_of(f"sqlite:///{tmp_path}/ledger.db"), access)
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - names are compared


def test_a_change_of_the_schema_is_undone_with_its_transaction(tmp_path: Path) -> None:
    make_file(tmp_path / "ledger.db")
    engine = engine_of(place_of(f"sqlite:///{tmp_path}/ledger.db"), Access.CHANGE)
    with engine.connect() as connection:
        connection.execution_options(writes=True)
        transaction = connection.begin()
        connection.execute(text("CREATE TABLE one (a INTEGER)"))
        transaction.rollback()
        assert connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar() == 0


def test_a_name_with_odd_characters_is_a_name(tmp_path: Path) -> None:
    path = tmp_path / "a &# é" / "ledger.db"
    make_file(path)
    engine = engine_of(place_of(f"sqlite:///{path}"), Access.KEEP)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE one (a INTEGER)"))
    assert path.stat().st_size or path.with_name("ledger.db-wal").exists()
