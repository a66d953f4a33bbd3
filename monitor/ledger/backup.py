"""A consistent copy of a ledger, made while a daemon keeps it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from typing import TYPE_CHECKING, Final

from monitor.ledger.database import BUSY, PATIENT, place_of
from monitor.ledger.errors import LedgerError, forbidden_or_full, understand
from monitor.ledger.store import Ledger

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.ledger.database import Place

LONGEST: Final = 3600.0
"""Seconds that a copy may take."""


def backup(url: str, to: Path) -> None:
    """Copy the ledger at *url* to the new file *to*: an SQLite file, or what pg_restore reads. Complete, or not there.

    Raises LedgerError where the ledger can't be read, *to* can't be written or is there already.
    """
    place = place_of(url)
    if to.exists():
        raise LedgerError(f"{to} is there already", "name another file: a backup is never written over")
    Ledger.read(url).close()
    partial = to.with_name(f".{to.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        if place.path is not None:
            _copy_file(place, place.path, partial)
        else:
            _dump(place, partial)
        _keep(partial, to)
    except OSError as error:
        raise forbidden_or_full(error, str(to)) from error
    finally:
        partial.unlink(missing_ok=True)


def _copy_file(place: Place, path: Path, partial: Path) -> None:
    try:
        source = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=BUSY)
        copy = sqlite3.connect(partial)
        try:
            # all pages in one go are one moment of the ledger; in WAL mode that stops nobody from writing
            source.backup(copy, pages=-1)
            # in one file, without a log beside it: whoever copies it has all of it
            copy.execute("PRAGMA journal_mode = DELETE")
            (verdict,) = copy.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            copy.close()
            source.close()
    except sqlite3.Error as error:
        raise understand(error, str(place)) from error
    if verdict != "ok":
        raise LedgerError(f"the copy of {place} is damaged ({verdict})", "run `empreinte ledger verify`")


def _dump(place: Place, partial: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise LedgerError(f"pg_dump, which copies the ledger {place}, is not here", "apt-get install postgresql-client")
    url = place.url.difference_update_query(["password"]).set(drivername="postgresql", password=None).render_as_string()
    # everybody can read a command line: the password goes by the environment
    secret = place.url.query.get("password") or place.url.password
    password = {"PGPASSWORD": str(secret)} if secret else {}
    wait = f"--lock-wait-timeout={round(PATIENT * 1000)}"
    try:
        done = subprocess.run(  # noqa: S603 - the program that PATH names, as a person would call it
            [program, "--format=custom", "--no-password", wait, f"--file={partial}", f"--dbname={url}"],
            env={**os.environ, **password},
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LedgerError(f"pg_dump took more than {LONGEST:.0f} s for {place}", "look at pg_stat_activity") from error
    if done.returncode:
        said = next(iter(done.stderr.strip().splitlines()), "no reason given")
        raise LedgerError(f"the ledger {place} could not be copied ({said})", "use the pg_dump of the server's version")


def _keep(partial: Path, to: Path) -> None:
    """Put the file in its place, and wait until the disk has it."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.rename(to)
    directory = os.open(to.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
