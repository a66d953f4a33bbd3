import os
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.ledger.errors import LedgerLocked, LedgerReadOnly
from monitor.ledger.locks import FileLock
from tests.fixtures.unprivileged import NOBODY


def test_one_at_a_time_and_the_other_is_told_who(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db.lock"
    lock = FileLock(path, "ledger.db", "the first")
    for _ in range(2):
        with pytest.raises(LedgerLocked, match=r"ledger\.db is kept by another daemon \(the first\)"):
            FileLock(path, "ledger.db", "the second")
    lock.release()
    FileLock(path, "ledger.db", "the third").release()


def test_what_an_earlier_holder_wrote_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    FileLock(path, "ledger.db", "a very long name of a daemon").release()
    assert path.read_bytes() == b""
    lock = FileLock(path, "ledger.db", "short")
    assert path.read_bytes() == b"short"
    lock.release()


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys, os, signal; from pathlib import Path; from monitor.ledger.locks import FileLock\n"
        f"lock = FileLock(Path({str(path)!r}), 'l', 'the dead')\n"
        "print('held', flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("held\n", -9)
    assert path.read_text() == "the dead"
    FileLock(path, "ledger.db", "the living").release()


def test_a_holder_that_has_not_written_its_name_yet_is_still_the_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = FileLock(path, "ledger.db", "")
    with pytest.raises(LedgerLocked, match="does not say"):
        FileLock(path, "ledger.db", "another")
    lock.release()


def test_a_refused_lock_leaves_no_file_open(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock", "ledger.db", "one")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names are counted
    with pytest.raises(LedgerLocked):
        FileLock(tmp_path / "lock", "ledger.db", "two")
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - names are counted
    lock.release()


def test_where_it_cannot_be_made_the_sentence_names_the_ledger(tmp_path: Path) -> None:
    with pytest.raises(LedgerReadOnly, match="the ledger here can't be opened"):
        FileLock(tmp_path / "absent" / "lock", "here", "one")


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "passwd"
    precious.write_text("root")
    (tmp_path / "ledger.db.restating").symlink_to(precious)
    with pytest.raises(LedgerReadOnly):
        FileLock(tmp_path / "ledger.db.restating", "ledger.db", "pid 1")
    assert precious.read_text() == "root"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files for others")
def test_what_root_locks_the_daemons_user_can_lock_after(tmp_path: Path) -> None:
    ledger, lock = tmp_path / "ledger.db", tmp_path / "ledger.db.restating"
    ledger.touch()
    os.chown(ledger, NOBODY, NOBODY)
    FileLock(lock, "ledger.db", "pid 1").release()
    assert (lock.stat().st_uid, lock.stat().st_gid) == (NOBODY, NOBODY)
    other = tmp_path / "new.db.lock"
    os.chown(tmp_path, NOBODY, NOBODY)
    FileLock(other, "new.db", "pid 1").release()
    assert other.stat().st_uid == NOBODY
