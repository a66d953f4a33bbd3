"""A correction as plain values: what the command and the report tell of it, under the same names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitor.core.calendar import utc
from monitor.core.corrections import OF_ENERGY

if TYPE_CHECKING:
    from monitor.core.corrections import Correction


def correction_told(one: Correction) -> dict[str, Any]:
    """Return one correction with its energy in microjoules and its time in seconds; what it has none of is None."""
    grounds = one.grounds
    return {
        "number": one.number or None,
        "kind": one.kind.value,
        "start": utc(one.interval.start),
        "end": utc(one.interval.end),
        "made": utc(grounds.made),
        "author": grounds.author,
        "reason": grounds.reason,
        "evidence": {"name": grounds.evidence.name, "sha256": grounds.evidence.digest}
        if grounds.evidence.digest
        else None,
        "resource": one.resource or None,
        "cause": one.cause or None,
        "from_service": one.origin or None,
        "to_service": one.target or None,
        "energy_microjoules": one.energy if one.kind in OF_ENERGY else None,
        "seconds": one.time.seconds if one.time.nanoseconds else None,
        "revokes": one.revokes or None,
        "revoked_by": one.revoked_by or None,
    }
