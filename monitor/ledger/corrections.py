"""The record of what people corrected: one row for each, written with what it changed, and read in the order made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from monitor.core.corrections import Correction, Evidence, Grounds, Kind
from monitor.core.interval import Interval
from monitor.core.units import Duration
from monitor.ledger import schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Row


def write_correction(
    connection: Connection, host: int, one: Correction, impacts: int | None, after: Mapping[str, int]
) -> None:
    """Write *one*, with the number of the generation of impacts that it made, and the energy by consumer *after* it."""
    told = {
        "resource": one.resource,
        "cause": one.cause,
        "origin": one.origin,
        "target": one.target,
        "energy": one.energy,
        "time": one.time.nanoseconds,
        "revokes": one.revokes,
        "after": dict(sorted(after.items())),
    }
    grounds = one.grounds
    connection.execute(
        insert(schema.corrections).values(
            number=one.number,
            host_id=host,
            kind=one.kind.value,
            since=one.interval.start,
            until=one.interval.end,
            made=grounds.made,
            author=grounds.author,
            reason=grounds.reason,
            evidence=grounds.evidence.digest,
            evidence_name=grounds.evidence.name,
            impacts=impacts,
            told=json.dumps(told, ensure_ascii=False),
        )
    )


def read_corrections(connection: Connection, host: int) -> tuple[Correction, ...]:
    """Return all corrections of *host*, in the order of their numbers; each knows whether it was revoked."""
    table = schema.corrections
    rows = connection.execute(select(table).where(table.c.host_id == host).order_by(table.c.number)).all()
    told = {row.number: json.loads(row.told) for row in rows}
    revoked = {one["revokes"]: number for number, one in told.items() if one["revokes"]}
    return tuple(_correction(row, told[row.number], revoked.get(row.number, 0)) for row in rows)


def _correction(row: Row[Any], told: Mapping[str, Any], revoked_by: int) -> Correction:
    return Correction(
        number=row.number,
        kind=Kind(row.kind),
        interval=Interval(row.since, row.until),
        grounds=Grounds(row.made, row.author, row.reason, Evidence(row.evidence, row.evidence_name)),
        resource=told["resource"],
        cause=told["cause"],
        origin=told["origin"],
        target=told["target"],
        energy=told["energy"],
        time=Duration(told["time"]),
        revokes=told["revokes"],
        revoked_by=revoked_by,
    )
