"""The ledger: what was measured and to whom it belongs, durable, exact, and never written twice.

One daemon keeps it (`Ledger.open`); any number of commands read it beside (`Ledger.read`).
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, Self

from sqlalchemy import delete, insert, select

from monitor.core.entries import Grain, OpenBooks
from monitor.core.interval import Stamp
from monitor.core.units import NANOSECONDS_PER_SECOND, Duration
from monitor.ledger.activity import ActivityRow, read_activity_series
from monitor.ledger.codec import BrokenBooksError, decode
from monitor.ledger.consulting import Consulted
from monitor.ledger.correcting import Corrected, Correcting
from monitor.ledger.database import Access, place_of
from monitor.ledger.derived import read_impact_series
from monitor.ledger.errors import (
    LedgerAbsent,
    LedgerBusy,
    LedgerCorrupt,
    LedgerError,
    LedgerFull,
    LedgerLocked,
    LedgerMismatch,
    LedgerNewer,
    LedgerOlder,
    LedgerReadOnly,
    LedgerRefused,
    LedgerTaken,
    LedgerUnreachable,
)
from monitor.ledger.external import ExternalWriter, Imported
from monitor.ledger.identity import identify, identity_of, wanted_identity
from monitor.ledger.impacts import ImpactRow
from monitor.ledger.imported import ImportedRuns, import_runs
from monitor.ledger.keeping import Keeping, locked_session, path_of_sidecar
from monitor.ledger.past import Past
from monitor.ledger.reading import Monthly, MonthRow, Sums
from monitor.ledger.restatement import Occasion, Restatement, restate
from monitor.ledger.schema import exposure_offsets, open_books, remembered
from monitor.ledger.session import Session
from monitor.ledger.sidecar import Sidecar
from monitor.ledger.upgrade import bring_up_to_date, require_schema
from monitor.ledger.writing import Pen, claim, read_series

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from monitor.core.corrections import Grounds, Order
    from monitor.core.entries import Bucket, Gap, ServiceFacts
    from monitor.core.external import ExternalAmount, FileRow
    from monitor.core.impact import HourImpacts
    from monitor.core.imported import RunRow, Source
    from monitor.core.interval import Interval
    from monitor.core.readings import IntensityReading
    from monitor.ledger.database import Place
    from monitor.ledger.identity import Identity
    from monitor.ledger.naming import Naming

__all__ = [
    "ActivityRow",
    "Corrected",
    "ImpactRow",
    "Imported",
    "ImportedRuns",
    "Ledger",
    "LedgerAbsent",
    "LedgerBusy",
    "LedgerCorrupt",
    "LedgerError",
    "LedgerFull",
    "LedgerLocked",
    "LedgerMismatch",
    "LedgerNewer",
    "LedgerOlder",
    "LedgerReadOnly",
    "LedgerRefused",
    "LedgerTaken",
    "LedgerUnreachable",
    "MonthRow",
    "Monthly",
    "Restatement",
    "Sums",
]

log = logging.getLogger(__name__)

RETENTION: Final = Duration(40 * 86_400 * NANOSECONDS_PER_SECOND)
"""How long minutes are kept, unless configured."""


class Ledger(Consulted):
    """One ledger. One thread uses it."""

    @classmethod
    def open(
        cls,
        url: str,
        *,
        host: str,
        timezone: str,
        now: Stamp,
        simulated: bool = False,
        holder: str = "",
        retention: Duration = RETENTION,
        sidecar: Path | None = None,
    ) -> Ledger:
        """Return the ledger at *url* to keep: made or migrated where needed, and locked against another daemon.

        *holder* says in the lock what keeps it. Minutes are kept for *retention*. *sidecar* is the file by which a
        restored backup is known: `<file>.seen` for SQLite; for PostgreSQL none unless given.
        Raises LedgerError, one of its kinds: one sentence, with the cure.
        """
        place = place_of(url)
        wanted = wanted_identity(host, timezone, now.wall, simulated=simulated)
        with ExitStack() as stack:
            session = locked_session(place, f"{holder or 'empreinte'} on {host}", now, stack)
            bring_up_to_date(place)
            keeping = Keeping(retention)
            if (path := path_of_sidecar(place, sidecar)) is not None:
                keeping.sidecar = Sidecar(path, str(place))
                stack.callback(keeping.sidecar.close)
            with session.transaction(writes=True) as connection:
                identity = identify(connection, place, wanted)
                ledger = cls(place, session, identity, keeping)
                ledger._begin(connection)
            keeping.note(identity.uuid)
            ledger._stack = stack.pop_all()
            return ledger

    @classmethod
    def read(cls, url: str) -> Ledger:
        """Return the ledger at *url* to read, beside a daemon that may keep it.

        Raises LedgerAbsent, LedgerOlder, LedgerNewer, LedgerCorrupt, LedgerReadOnly, LedgerUnreachable.
        """
        return cls._consulted(place_of(url), Access.READ, "empreinte, reading")

    @classmethod
    def change(cls, url: str) -> Ledger:
        """Return the ledger at *url* to restate hours of it, in short transactions, beside a daemon that may keep it.

        Raises what `read` raises.
        """
        return cls._consulted(place_of(url), Access.CHANGE, "empreinte, restating")

    @classmethod
    def _consulted(cls, place: Place, access: Access, name: str) -> Ledger:
        session = Session(place, access, name)
        with ExitStack() as stack:
            stack.callback(session.close)
            with session.transaction() as connection:
                require_schema(connection, place)
                identity = identity_of(connection, place)
            ledger = cls(place, session, identity, None)
            ledger._restates = access is Access.CHANGE
            ledger._stack = stack.pop_all()
            return ledger

    @classmethod
    def migrate(cls, url: str, *, now: Stamp) -> bool:
        """Make or migrate the schema of the ledger at *url*; return whether there was anything to do.

        Raises LedgerError: nothing was changed. LedgerLocked: the daemon that keeps it does this when it starts.
        """
        place = place_of(url)
        with ExitStack() as stack:
            locked_session(place, "empreinte ledger migrate", now, stack)
            return bring_up_to_date(place)

    def __init__(self, place: Place, session: Session, identity: Identity, keeping: Keeping | None) -> None:
        """Made by `open`, `read` and `change`."""
        super().__init__(place, session, identity)
        self._keeping = keeping
        self._restates = keeping is not None
        self._stack = ExitStack()

    def load(self) -> OpenBooks | None:
        """Return the open books as they were committed last; None where nothing was ever. Raises LedgerCorrupt."""
        with self.transaction() as connection:
            return self.books(connection)

    def books(self, connection: Connection) -> OpenBooks | None:
        """Return the same within a transaction, for the other parts of this package."""
        table = open_books
        body = connection.execute(select(table.c.body).where(table.c.host_id == self._host_id)).scalar()
        return self._decoded(connection, body) if body is not None else None

    def exposure_offset(self) -> OpenBooks:
        """Return what is to be taken from the totals before they are exposed as counters.

        Nothing, unless the ledger is a backup that was put back: then its totals at that moment, so that the counters
        begin again from zero.
        """
        with self.transaction() as connection:
            table = exposure_offsets
            body = connection.execute(select(table.c.body).where(table.c.host_id == self._host_id)).scalar()
            return self._decoded(connection, body) if body is not None else OpenBooks(Stamp(0, 0), "", 0)

    def past(self, interval: Interval) -> Past:
        """Return how the counters stood at the end of each hour that lies whole in *interval* and is closed."""
        return Past(self, self._host_id, interval)

    def commit(
        self,
        books: OpenBooks,
        closed: Sequence[Bucket],
        gaps: Sequence[Gap],
        services: Sequence[ServiceFacts],
        *,
        impacts: Sequence[HourImpacts] = (),
        intensities: Sequence[tuple[int, IntensityReading]] = (),
    ) -> int:
        """Write all of it in one transaction; return the number of the commit.

        Each of *intensities* comes with when it was received, ns since the epoch. What is there already stays as it
        is, so the same rows may be given again. Raises LedgerError: then give them again with the next commit.
        """
        keeping = self._kept()
        keeping.require_patience(books.at)
        pen, keeping.pen = keeping.pen, None
        number = keeping.number + 1
        try:
            with self.transaction(writes=True) as connection:
                pen = pen or Pen(connection, self._host_id)
                pen.write_closed(connection, closed)
                pen.write_impacts(connection, impacts)
                pen.write_intensities(connection, intensities)
                pen.write_gaps(connection, gaps)
                pen.write_services(connection, services, books.at.wall)
                if any(bucket.grain is Grain.HOUR for bucket in closed):
                    pen.delete_minutes(connection, books.closed_through - keeping.retention.nanoseconds)
                if not pen.write_books(connection, books, number, keeping.token, keeping.number):
                    raise _taken(self.place)
        except LedgerUnreachable as error:
            keeping.note_silence(error, books.at)
            raise
        keeping.pen, keeping.number = pen, number
        keeping.note(self.uuid)
        return number

    def restate(
        self,
        hours: Iterable[HourImpacts],
        interval: Interval,
        *,
        made: int,
        author: str,
        reason: str,
        factor_set: str,
    ) -> Restatement | None:
        """Make *hours*, in order of time, what the closed hours of *interval* come to: a new generation, which counts.

        Those of *interval* that are not among *hours* have unknown impacts from then on. Earlier generations stay as
        they are. *made* is now, in ns since the epoch. Returns None where nothing differs: then nothing is written.
        It is written in short transactions, and no reader sees it before the last one. Raises LedgerError, also where
        hours are not closed yet, or another program restates (LedgerBusy): then nothing has changed.
        """
        self._require_change()
        return restate(self, self._host_id, hours, interval, Occasion(made, author, reason, factor_set))

    def add_external(self, amounts: Iterable[ExternalAmount], *, stream: str, through: int) -> bool:
        """Add, by the hour, what bought services did by the events of *stream* up to number *through*.

        Returns False, and adds nothing, where these are in it already: they may be given again. Raises LedgerError:
        then none of it was written, or the answer was lost, and `external_mark` says which.
        """
        self._require_change()
        with self.transaction(writes=True) as connection:
            return ExternalWriter(connection, self._host_id).add_events(amounts, stream, through)

    def import_external(self, rows: Sequence[FileRow], digest: str) -> Imported:
        """Write what the *rows* of a file tell of bought services; *digest* is that of its content.

        What is there already stays as it is, and what somebody else has told of is not written. Raises LedgerError:
        nothing was.
        """
        self._require_change()
        with self.transaction(writes=True) as connection:
            return ExternalWriter(connection, self._host_id).add_file(rows, digest)

    def import_runs(self, rows: Sequence[RunRow], source: Source) -> ImportedRuns:
        """Write *rows* of another program's runs, which came with the file *source*: they are in no sum of this host.

        What is there already stays as it is, so the same file may be given again. Raises LedgerError: nothing was.
        """
        self._require_change()
        with self.transaction(writes=True) as connection:
            return import_runs(connection, self._host_id, rows, source)

    def correct(self, order: Order, grounds: Grounds, *, dry_run: bool = False) -> Corrected:
        """Correct closed hours as a person orders it, on those *grounds*: a new generation, which counts from then on.

        What was there before stays as it is. With *dry_run* nothing is written: what is returned has the number 0.
        Raises LedgerError: then nothing has changed. LedgerRefused: it can't be done with what the ledger holds.
        """
        correcting = Correcting(self, self._host_id)
        if dry_run:
            return correcting.rehearse(order, grounds)
        self._require_change()
        return correcting.make(order, grounds)

    def naming(self) -> Naming:
        """Return what services were called, by date."""
        if self._keeping is not None and self._keeping.pen is not None:
            return self._keeping.pen.naming
        return super().naming()

    def remember(self, key: str, value: str) -> None:
        """Keep *value*, a small JSON text, under *key*. Raises LedgerError: it was not kept."""
        self._kept()
        table = remembered
        with self.transaction(writes=True) as connection:
            connection.execute(delete(table).where(table.c.host_id == self._host_id, table.c.key == key))
            connection.execute(insert(table).values(host_id=self._host_id, key=key, value=value))

    def close(self) -> None:
        """Give back the connection, the lock and the files. To close it twice does no harm."""
        self._stack.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def _begin(self, connection: Connection) -> None:
        """Claim the ledger, take up the number of its last commit, and see whether it is a backup put back."""
        keeping = self._kept()
        claim(connection, self._host_id, keeping.token)
        row = connection.execute(select(open_books).where(open_books.c.host_id == self._host_id)).one()
        keeping.number = row.commit_number
        if row.body is not None and keeping.is_restored(self.uuid):
            log.warning("the ledger %s is a backup that was put back: its counters begin again from zero", self.place)
            table = exposure_offsets
            connection.execute(delete(table).where(table.c.host_id == self._host_id))
            connection.execute(insert(table).values(host_id=self._host_id, body=row.body))

    def _decoded(self, connection: Connection, body: bytes) -> OpenBooks:
        try:
            host = self._host_id
            return decode(
                body,
                read_series(connection, host),
                read_impact_series(connection, host),
                read_activity_series(connection, host),
            )
        except BrokenBooksError as error:
            raise LedgerCorrupt(
                f"the open books of the ledger {self.place} can't be read ({error})",
                "put its last backup in its place (docs/ledger.md)",
            ) from error

    def _require_change(self) -> None:
        if not self._restates:
            raise LedgerReadOnly(f"the ledger {self.place} was opened for reading", "open it to change it")

    def _kept(self) -> Keeping:
        if self._keeping is None:
            raise LedgerReadOnly(f"the ledger {self.place} was opened for reading", "open it to keep it")
        return self._keeping


def _taken(place: Place) -> LedgerTaken:
    return LedgerTaken(
        f"the ledger {place} has been opened by another daemon, or replaced, since this one opened it",
        "stop one of the two; then start the other again",
    )
