"""Debian's PostgreSQL on loopback, with a database for each test that asks for one."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import psycopg

from tests.parts.child import PATIENCE, Child
from tests.parts.loopback import LOOPBACK, free_port
from tests.parts.presence import POSTGRESQL

if TYPE_CHECKING:
    from types import TracebackType

USER: Final = "postgres"
"""Who owns the server where the tests run as root: it refuses to run as root. Source: Debian's postgresql-common."""
MEMORY: Final = "/dev/shm"  # noqa: S108 - a directory with a name of its own is made in it
ITS_RIGHTS: Final = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
"""For initdb alone, which writes to /dev/null: in some containers only root may."""


class PostgreSQL:
    """A server without passwords, for the loopback address alone. Its data are gone when it is closed."""

    def __init__(self, log: Path, port: int | None = None) -> None:
        self.port = port or free_port()
        self._programs = max(Path("/").glob(POSTGRESQL.lstrip("/")), key=lambda path: int(path.parent.name))
        self._numbers = count(1)
        self._log = log
        # not below pytest's directory, which other users can't enter; in memory, where there is such a place
        self._home = Path(
            tempfile.mkdtemp(prefix="empreinte-postgresql-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None)
        )
        self.child = Child(self._command(), log)

    def __enter__(self) -> Self:
        """Make its data and start it; return when it answers."""
        try:
            self._make()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, and delete its data."""
        self.close()

    def start(self) -> None:
        """Start it, also after `stop`; return when it answers."""
        self.child.start()
        self.child.wait_until(self._ready, what=f"PostgreSQL answers at port {self.port}")

    def stop(self) -> None:
        """End it as for a restart: who is connected is cut off."""
        self.child.process.send_signal(signal.SIGINT)
        self.child.process.wait(PATIENCE)

    def close(self) -> None:
        """End it, and delete its data."""
        if self.child.runs:
            self.child.resume()
            # at once: what it would still write is deleted
            self.child.process.send_signal(signal.SIGQUIT)
            self.child.process.wait(PATIENCE)
        self.child.close()
        shutil.rmtree(self._home, ignore_errors=True)

    def new_database(self, template: str = "template0") -> str:
        """Make a database, as a copy of *template*; return its URL."""
        name = f"ledger{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Delete the database at *url*, also where somebody is connected to it."""
        self.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def url(self, database: str, user: str = USER) -> str:
        """Return the URL of *database*, for *user*."""
        return f"postgresql+psycopg://{user}@{LOOPBACK}:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run *statement* in *database* as the server's own user; return its rows, [] where it has none."""
        with self._connection(database) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    @property
    def programs(self) -> Path:
        """The directory of its programs, for $PATH: pg_dump, pg_restore."""
        return self._programs

    def _connection(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=LOOPBACK, port=self.port, user=USER, dbname=database, autocommit=True, connect_timeout=5
        )

    def _make(self) -> None:
        if os.geteuid() == 0:
            owner = pwd.getpwnam(USER)
            os.chown(self._home, owner.pw_uid, owner.pw_gid)
        arguments = ["--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        with self._log.open("ab") as log:
            subprocess.run(
                [*_as_its_user(*ITS_RIGHTS), self._programs / "initdb", *arguments, self._home / "data"],
                check=True,
                cwd="/",
                stdout=log,
                stderr=log,
            )

    def _command(self) -> list[object]:
        settings = {
            "listen_addresses": LOOPBACK,
            "port": self.port,
            "unix_socket_directories": self._home,
            # the tests cut off connections, not the power
            "fsync": "off",
            "shared_buffers": "16MB",
            # in files among its data, so that nothing is left behind when it is ended at once
            "dynamic_shared_memory_type": "mmap",
            "max_connections": 40,
            "log_min_messages": "warning",
        }
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        return [*_as_its_user(), self._programs / "postgres", "-D", self._home / "data", *options]

    def _ready(self) -> bool:
        try:
            with self._connection("postgres"):
                return True
        except psycopg.OperationalError:
            return False


def _as_its_user(*rights: str) -> list[str]:
    """Return what to put before a command so that it does not run as root, though with these *rights* of root."""
    user = [f"--reuid={USER}", f"--regid={USER}", "--init-groups", *rights] if os.geteuid() == 0 else []
    # so that it ends with the tests, also when they are killed
    return ["setpriv", "--pdeathsig=QUIT", *user]
