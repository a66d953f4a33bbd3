"""What is particular to a ledger in a file: power cuts, full disks, rights, damage, files put in its place."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor.core.entries import OpenBooks
from monitor.core.interval import HOUR, Interval, Stamp
from monitor.ledger.errors import (
    LedgerAbsent,
    LedgerCorrupt,
    LedgerFull,
    LedgerTaken,
)
from monitor.ledger.store import Ledger
from tests.contract.bookkeeping import PARIS, START, Bookkeeping
from tests.contract.committer import total
from tests.fixtures.ledgers import empty_ledger
from tests.fixtures.unprivileged import NOBODY, directory_for_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.conftest import Site

ROOT = Path(__file__).parents[2]
HR = HOUR.nanoseconds
DAY = 86_400
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk, and become another user")


def open_at(path: Path, now: int = START) -> Ledger:
    return Ledger.open(f"sqlite:///{path}", host="ia-01", timezone=PARIS, now=Stamp(now, 0))


def checked(path: Path) -> str:
    connection = sqlite3.connect(path)
    found: str = connection.execute("PRAGMA integrity_check").fetchone()[0]
    connection.close()
    return found


# --- made, and made safe ---------------------------------------------------------------------------------------------


def test_a_new_ledger_is_made_with_its_directory_for_its_user_alone_and_without_alembic(tmp_path: Path) -> None:
    path = tmp_path / "state" / "empreinte" / "ledger.db"
    code = (
        "import os, sys; os.umask(0)\n"
        "from pathlib import Path\n"
        "from tests.contract.test_ledger_file import open_at\n"
        f"with open_at(Path({str(path)!r})):\n"
        "    print('alembic' in sys.modules)\n"
        f"    print([oct(one.stat().st_mode & 0o777) for one in sorted(Path({str(path.parent)!r}).iterdir())])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded, modes = done.stdout.splitlines()
    assert loaded == "False"
    assert set(re.findall(r"0o\d+", modes)) == {"0o600"}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_an_empty_file_becomes_a_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.touch()
    with pytest.raises(LedgerAbsent):
        Ledger.read(f"sqlite:///{path}")
    with open_at(path) as ledger:
        assert ledger.load() is None


def test_every_commit_is_on_the_disk_before_it_is_acknowledged(file_site: Site) -> None:
    with file_site.open() as ledger, ledger.transaction() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


# --- killed ----------------------------------------------------------------------------------------------------------


def test_killed_ten_times_while_it_commits_it_loses_nothing_that_was_acknowledged(file_site: Site) -> None:
    assert file_site.file is not None
    for seed in range(10):
        number, booked = killed_after(file_site.url, seed, commits=3 + seed * 2)
        with file_site.read() as reader:
            books = reader.load()
            found = file_site.sql("SELECT commit_number FROM open_books")[0][0]
        assert books is not None
        assert checked(file_site.file) == "ok"
        # one more may have been committed than was heard of
        assert found in {number, number + 1}
        assert total(books) == booked if found == number else total(books) > booked
    assert books is not None
    with file_site.open(now=books.at.wall) as ledger:
        closed = ledger.sums(Interval(START, books.at.wall))
        still_open = [one for one in books.open if one.grain == "hour"]
        summed = sum(one.microjoules for one in closed.measured.values())
        summed += sum(one.microjoules for bucket in still_open for one in bucket.measured.values())
        assert summed == total(books)
        assert ledger.exposure_offset().measured == {}


def killed_after(url: str, seed: int, commits: int) -> tuple[int, int]:
    """Kill a committing child once it has acknowledged so many *commits*; return the last that it told."""
    command = [sys.executable, "-m", "tests.contract.committer", url, str(seed)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(commits)]
        child.kill()
        lines += child.stdout.read().splitlines(keepends=True)
    number, booked = [line for line in lines if line.endswith("\n")][-1].split()
    return int(number), int(booked)


# --- no room ---------------------------------------------------------------------------------------------------------


@contextmanager
def small_disk(directory: Path, size: str) -> Iterator[Path]:
    directory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(directory)], check=True)
    try:
        yield directory
    finally:
        # lazily: what a failed test still holds open must not keep the disk there
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as filler:
        try:
            while filler.write(b"\0" * 4096):
                pass
        except OSError:
            return


@as_root
def test_a_full_disk_loses_nothing_and_the_same_may_be_given_again(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "1M") as disk:
        path = disk / "ledger.db"
        empty_ledger(path)
        keeping = Bookkeeping([f"service-{number}" for number in range(20)])
        with open_at(path) as ledger:
            first = keeping.tick()
            first.to(ledger)
            fill(disk / "filler")
            commit = keeping.tick(2 * 3600)
            for _ in range(2):
                with pytest.raises(LedgerFull, match=r"no room left.*: free some space"):
                    commit.to(ledger)
            assert ledger.load() == first.books
            (disk / "filler").unlink()
            assert commit.to(ledger) == 2
            assert ledger.load() == commit.books
        assert checked(path) == "ok"


@as_root
def test_a_ledger_that_does_not_fit_on_the_disk_is_not_begun(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "24k") as disk, pytest.raises(LedgerFull):
        open_at(disk / "ledger.db")


# --- no right --------------------------------------------------------------------------------------------------------

AS_NOBODY = """
import os, sys
from monitor.core.interval import Stamp
from monitor.ledger.store import Ledger, LedgerError
import sqlalchemy.dialects.sqlite
import encodings.idna
from tests.contract.bookkeeping import PARIS
from zoneinfo import ZoneInfo
ZoneInfo(PARIS)
os.setgroups([]); os.setgid({nobody}); os.setuid({nobody})
for call in (
    lambda: Ledger.open({url!r}, host="ia-01", timezone=PARIS, now=Stamp({now}, 0)),
    lambda: Ledger.read({url!r}),
):
    try:
        call()
    except LedgerError as error:
        print(type(error).__name__, error)
"""


@as_root
@pytest.mark.parametrize(
    ("directory", "file", "expected"),
    [
        (0o755, None, ["LedgerReadOnly", "LedgerAbsent"]),
        (0o755, 0o600, ["LedgerReadOnly", "LedgerReadOnly"]),
        (0o700, 0o600, ["LedgerReadOnly", "LedgerReadOnly"]),
    ],
    ids=["directory can't be written", "file can't be read", "directory can't be entered"],
)
def test_without_the_right_to_it_the_sentence_says_so(directory: int, file: int | None, expected: list[str]) -> None:
    with directory_for_all() as root:
        home = root / "state"
        home.mkdir()
        if file is not None:
            empty_ledger(home / "ledger.db")
            (home / "ledger.db").chmod(file)
        home.chmod(directory)
        url = f"sqlite:///{home}/ledger.db"
        program = AS_NOBODY.format(nobody=NOBODY, url=url, now=START)
        done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == expected
    assert "can't be opened or written by this user" in lines[0]
    assert "run as the user who owns it" in lines[0]


# --- damaged ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["garbage", "truncated", "somebody else's"])
def test_what_is_no_ledger_is_refused_and_left_as_it_is(file_site: Site, how: str) -> None:
    path = file_site.file
    assert path is not None
    with file_site.open() as ledger:
        Bookkeeping().tick(7200).to(ledger)
    if how == "garbage":
        path.write_bytes(b"this is a letter, not a database\n" * 1000)
    elif how == "truncated":
        os.truncate(path, path.stat().st_size // 2)
    else:
        path.unlink()
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE guests (name TEXT)")
        connection.close()
    before = path.read_bytes()
    with pytest.raises(LedgerCorrupt):
        file_site.open()
    with pytest.raises(LedgerCorrupt):
        file_site.read()
    assert path.read_bytes() == before


@pytest.mark.parametrize("replaced", [True, False])
def test_a_file_that_nobody_would_find_again_is_not_written(file_site: Site, replaced: bool) -> None:
    path = file_site.file
    assert path is not None
    keeping = Bookkeeping()
    with file_site.open() as ledger:
        keeping.tick().to(ledger)
        path.rename(path.with_suffix(".old"))
        if replaced:
            empty_ledger(path)
        with pytest.raises(LedgerTaken, match="restart the daemon"):
            keeping.tick().to(ledger)


# --- a backup put back -----------------------------------------------------------------------------------------------


def copied(path: Path, to: Path) -> None:
    source, target = sqlite3.connect(path), sqlite3.connect(to)
    source.backup(target)
    source.close()
    target.close()


def put_back(backup: Path, path: Path) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    shutil.copy(backup, path)


def test_after_a_backup_was_put_back_counters_begin_again_from_zero(file_site: Site, tmp_path: Path) -> None:
    path = file_site.file
    assert path is not None
    keeping = Bookkeeping()
    with file_site.open() as ledger:
        early = keeping.tick()
        early.to(ledger)
        copied(path, tmp_path / "backup.db")
        keeping.tick().to(ledger)
    put_back(tmp_path / "backup.db", path)
    with file_site.open() as ledger:
        offset = ledger.exposure_offset()
        assert (offset.energy, offset.measured, offset.gaps) == (
            early.books.energy,
            early.books.measured,
            early.books.gaps,
        )
        again = Bookkeeping(opening=ledger.load(), start=early.books.at.wall)
        later = again.tick()
        later.to(ledger)
    with file_site.open() as ledger:
        # a restart is no other restoration
        assert ledger.exposure_offset().measured == early.books.measured
        assert ledger.load() == later.books


def test_a_daemon_killed_before_it_noted_the_offset_notes_the_same_again(file_site: Site, tmp_path: Path) -> None:
    path = file_site.file
    assert path is not None
    keeping = Bookkeeping()
    with file_site.open() as ledger:
        early = keeping.tick()
        early.to(ledger)
        copied(path, tmp_path / "backup.db")
        keeping.tick().to(ledger)
    seen = file_site.sidecar.read_bytes()
    put_back(tmp_path / "backup.db", path)
    for _ in range(2):
        file_site.sidecar.write_bytes(seen)
        with file_site.open() as ledger:
            assert ledger.exposure_offset().measured == early.books.measured


def test_another_ledger_in_its_place_begins_from_zero_too(file_site: Site) -> None:
    path = file_site.file
    assert path is not None
    with file_site.open() as ledger:
        Bookkeeping().tick().to(ledger)
    other = path.with_name("other.db")
    empty_ledger(other)
    with open_at(other) as ledger:
        foreign = Bookkeeping(seed=1).tick()
        foreign.to(ledger)
    put_back(other, path)
    with file_site.open() as ledger:
        assert ledger.exposure_offset().measured == foreign.books.measured


@pytest.mark.parametrize("seen", [b"", b"\0" * 58, b"torn"])
def test_what_stands_beside_the_ledger_may_be_lost_or_torn(file_site: Site, seen: bytes) -> None:
    keeping = Bookkeeping()
    with file_site.open() as ledger:
        keeping.tick().to(ledger)
    file_site.sidecar.write_bytes(seen)
    with file_site.open() as ledger:
        assert ledger.exposure_offset() == OpenBooks(Stamp(0, 0), "", 0)
        keeping.tick().to(ledger)
    with file_site.open() as ledger:
        assert ledger.exposure_offset().measured == {}


# --- cost ------------------------------------------------------------------------------------------------------------


def written() -> int:
    """Return the bytes that this process has written so far, to files and elsewhere."""
    return int(re.findall(r"^wchar: (\d+)$", Path("/proc/self/io").read_text(), re.MULTILINE)[0])


def test_fifty_services_cost_less_than_a_gigabyte_of_writes_a_day(file_site: Site) -> None:
    keeping = Bookkeeping([f"service-{number:02}" for number in range(50)])
    with file_site.open() as ledger:
        keeping.tick(3600).to(ledger)
        before = written()
        for _ in range(720):
            keeping.tick(5).to(ledger)
        per_hour = written() - before
    print(f"{per_hour / 720:.0f} bytes a commit, {per_hour * 24 / 1e6:.0f} MB a day")  # noqa: T201 - told with -s
    assert per_hour * 24 < 10**9
