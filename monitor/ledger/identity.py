"""What a ledger is: whose, since when, simulated or not, and how its hours are cut. Fixed when it is made."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import insert, select, update

from monitor.core.calendar import grain_of
from monitor.core.units import Duration
from monitor.ledger.errors import LedgerCorrupt, LedgerError, LedgerMismatch
from monitor.ledger.schema import hosts, meta

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from monitor.ledger.database import Place

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """The row of the table `meta`, and of the host it speaks of."""

    uuid: str
    host_id: int
    host_uuid: str
    host: str
    time_zone: str
    grain: Duration
    simulated: bool
    begun: int
    """Moment at which it was made, ns since the epoch."""


def identity_of(connection: Connection, place: Place) -> Identity:
    """Return what the ledger is. Raises LedgerCorrupt where it does not say."""
    found = _read(connection)
    if found is None:
        raise LedgerCorrupt(
            f"the ledger {place} has its tables, and nothing in them", "start the daemon, which makes it: empreinte run"
        )
    return found


def identify(connection: Connection, place: Place, wanted: Identity) -> Identity:
    """Return what the ledger is, after it took its name and time zone from *wanted*; a new one is made like that.

    Raises LedgerMismatch where it can't be what is wanted.
    """
    found = _read(connection)
    if found is None:
        return _make(connection, wanted)
    if found.simulated != wanted.simulated:
        kinds = ("a real machine", "a simulated machine")
        raise LedgerMismatch(
            f"the ledger {place} is that of {kinds[found.simulated]}, and not for {kinds[wanted.simulated]}",
            "use another ledger.url for the one or the other",
        )
    if wanted.grain.nanoseconds % found.grain.nanoseconds:
        minutes = found.grain.nanoseconds // 60_000_000_000
        raise LedgerMismatch(
            f"the ledger {place} is cut into buckets of {minutes} minutes, which don't make days in {wanted.time_zone}",
            f'set organisation.timezone to "{found.time_zone}" again, or ledger.url to a new ledger',
        )
    return _rename(connection, found, wanted)


def wanted_identity(host: str, time_zone: str, now: int, *, simulated: bool) -> Identity:
    """Return what a new ledger for *host* would be, made at *now* (ns since the epoch). Raises LedgerError."""
    try:
        grain = grain_of(ZoneInfo(time_zone), now)
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise LedgerError(
            f"days can't be cut in the time zone {time_zone!r} ({error})", 'set organisation.timezone: "Europe/Paris"'
        ) from error
    return Identity(str(uuid.uuid4()), 0, str(uuid.uuid4()), host, time_zone, grain, simulated, now)


def _read(connection: Connection) -> Identity | None:
    row = connection.execute(
        select(meta, hosts.c.uuid.label("host_uuid"), hosts.c.name).join(hosts, hosts.c.id == meta.c.host_id)
    ).first()
    if row is None:
        return None
    return Identity(
        uuid=row.uuid,
        host_id=row.host_id,
        host_uuid=row.host_uuid,
        host=row.name,
        time_zone=row.time_zone,
        grain=Duration(row.grain),
        simulated=bool(row.simulated),
        begun=row.begun,
    )


def _make(connection: Connection, wanted: Identity) -> Identity:
    connection.execute(insert(hosts).values(uuid=wanted.host_uuid, name=wanted.host))
    number = connection.execute(select(hosts.c.id).where(hosts.c.uuid == wanted.host_uuid)).scalar_one()
    identity = replace(wanted, host_id=number)
    connection.execute(
        insert(meta).values(
            one=1,
            uuid=identity.uuid,
            host_id=identity.host_id,
            time_zone=identity.time_zone,
            grain=identity.grain.nanoseconds,
            simulated=identity.simulated,
            begun=identity.begun,
        )
    )
    return identity


def _rename(connection: Connection, found: Identity, wanted: Identity) -> Identity:
    if found.time_zone != wanted.time_zone:
        log.warning(
            "days and months are cut in %s from now on, also past ones: so far it was %s",
            wanted.time_zone,
            found.time_zone,
        )
        connection.execute(update(meta).values(time_zone=wanted.time_zone))
    if found.host != wanted.host:
        connection.execute(update(hosts).where(hosts.c.id == found.host_id).values(name=wanted.host))
    return replace(found, time_zone=wanted.time_zone, host=wanted.host)
