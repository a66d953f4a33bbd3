"""The copy as a file; that it is whole while a daemon writes is in tests/contract/test_ledger_figures.py."""

import stat
from pathlib import Path

import pytest

from monitor.core.interval import Stamp
from monitor.ledger.backup import backup
from monitor.ledger.store import Ledger, LedgerAbsent, LedgerCorrupt, LedgerError, LedgerReadOnly
from tests.contract.bookkeeping import START, Bookkeeping


def keep(url: str) -> Bookkeeping:
    keeping = Bookkeeping()
    with Ledger.open(url, host="h", timezone="Europe/Paris", now=Stamp(START, 0)) as ledger:
        keeping.tick(7200).to(ledger)
    return keeping


def test_the_copy_is_one_file_for_its_user_alone(url: str, tmp_path: Path) -> None:
    keep(url)
    (tmp_path / "copies").mkdir()
    copy = tmp_path / "copies" / "ledger.db"
    backup(url, copy)
    assert [path.name for path in copy.parent.iterdir()] == ["ledger.db"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    # in rollback mode: nothing of it is in a log beside. Source: sqlite.org/fileformat2.html, 1.3.3
    assert copy.read_bytes()[18:20] == b"\x01\x01"


def test_the_copy_holds_what_was_only_in_the_log(url: str, tmp_path: Path) -> None:
    with Ledger.open(url, host="h", timezone="Europe/Paris", now=Stamp(START, 0)) as ledger:
        commit = Bookkeeping().tick(7200)
        commit.to(ledger)
        log = tmp_path / "ledger.db-wal"
        assert log.stat().st_size > 0
        backup(url, tmp_path / "copy.db")
    with Ledger.read(f"sqlite:///{tmp_path}/copy.db") as reader:
        assert reader.load() == commit.books


def test_what_is_no_ledger_is_not_copied(tmp_path: Path) -> None:
    with pytest.raises(LedgerAbsent):
        backup(f"sqlite:///{tmp_path}/absent.db", tmp_path / "copy.db")
    (tmp_path / "letter.db").write_bytes(b"this is a letter\n" * 1000)
    with pytest.raises(LedgerCorrupt):
        backup(f"sqlite:///{tmp_path}/letter.db", tmp_path / "copy.db")
    assert [path.name for path in tmp_path.iterdir()] == ["letter.db"]


def test_where_it_cannot_be_written_nothing_is_left(url: str, tmp_path: Path) -> None:
    keep(url)
    with pytest.raises(LedgerReadOnly, match="No such file or directory"):
        backup(url, tmp_path / "absent" / "copy.db")


def test_what_an_earlier_attempt_left_is_no_hindrance(url: str, tmp_path: Path) -> None:
    keep(url)
    partial = tmp_path / ".copy.db.partial"
    partial.write_bytes(b"half a ledger")
    backup(url, tmp_path / "copy.db")
    assert not partial.exists()
    with pytest.raises(LedgerError, match="is there already: name another file"):
        backup(url, tmp_path / "copy.db")


def test_a_link_laid_where_the_copy_is_made_leads_nowhere(url: str, tmp_path: Path) -> None:
    """Whoever may write to the directory, /tmp say, could have root write over any file."""
    keep(url)
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".copy.db.partial").symlink_to(victim)
    backup(url, tmp_path / "copy.db")
    assert victim.read_text() == "precious"
    assert not (tmp_path / "copy.db").is_symlink()
