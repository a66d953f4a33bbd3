"""Proves what the ledger promises of corrections: each is recorded, and changes no joule that it does not tell of."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, select

from monitor.core.calendar import utc
from monitor.core.corrections import OF_ENERGY, Kind
from monitor.core.entries import Grain
from monitor.ledger import schema
from monitor.ledger.corrections import read_corrections
from monitor.ledger.exactness import exact, split_sum
from monitor.ledger.hour_books import MEASURED, corrections_over, in_stretch
from monitor.ledger.stretches import stretches

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection

    from monitor.core.corrections import Correction
    from monitor.core.interval import Interval
    from monitor.core.units import Duration

_DIGEST: Final = re.compile(r"[0-9a-f]{64}|")
_CHANGES: Final = {Kind.DECLARE: 1, Kind.STRIKE: -1}
"""What becomes of what was measured, by the energy of the correction."""


class CorrectionExamination:
    """Looks for faults of corrections, kind by kind. They are few: all of them are looked at."""

    def __init__(self, connection: Connection, grain: Duration) -> None:
        self._connection = connection
        self._grain = grain
        hosts = connection.execute(select(schema.hosts.c.id)).scalars().all()
        self._made = {(host, one.number): one for host in hosts for one in read_corrections(connection, host)}

    def kinds(self) -> Iterator[Iterator[str]]:
        """Yield the faults of each kind, in sentences."""
        yield self._unsound()
        yield self._unrecorded()
        yield self._changed()
        yield self._lost_or_made_up()
        yield self._struck_beyond_covered()

    def _unsound(self) -> Iterator[str]:
        """Records that can't be: of no time, by nobody, with evidence that is no hash, that revoke nothing."""
        for (host, number), one in self._made.items():
            grounds = one.grounds
            if one.interval.start >= one.interval.end:
                yield f"correction {number} is of no time"
            if not grounds.author or not grounds.reason:
                yield f"nothing says who made correction {number}, or why"
            if _DIGEST.fullmatch(grounds.evidence.digest) is None:
                yield f"the evidence of correction {number} is no SHA-256"
            if one.revokes and (host, one.revokes) not in self._made:
                yield f"correction {number} revokes correction {one.revokes}, which nothing is known of"

    def _unrecorded(self) -> Iterator[str]:
        """Corrections of energy whose generation does not count, though nothing says that it does not."""
        table = schema.generations
        current = {
            (row.host_id, row.number): (row.since, row.until)
            for row in self._connection.execute(select(table).where(table.c.current))
        }
        for key, one in self._made.items():
            if _makes_generation(one) and current.get(key) != (one.interval.start, one.interval.end):
                yield f"correction {one.number} is recorded, and its generation of energy does not count"

    def _changed(self) -> Iterator[str]:
        """Corrections that don't come to what they were made with, or lose or make up energy."""
        table = schema.corrections
        told = {
            (row.host_id, row.number): json.loads(row.told)["after"]
            for row in self._connection.execute(select(table.c.host_id, table.c.number, table.c.told))
        }
        sums = self._sums() if self._made else {}
        for key, one in self._made.items():
            found = {consumer: energy for consumer, energy in sums.get(key, {}).items() if energy}
            if found != {consumer: energy for consumer, energy in told[key].items() if energy}:
                then = _spoken(told[key])
                yield f"correction {one.number} came to {then} when it was made, and to {_spoken(found)} now"

    def _lost_or_made_up(self) -> Iterator[str]:
        """Corrections after which more or less was measured than they say: to move energy measures none."""
        for (host, number), one in self._made.items():
            if not _makes_generation(one):
                continue
            before = self._measured(host, one.interval, one.revokes or number)
            expected = before + _CHANGES.get(one.kind, 0) * one.energy
            if (found := self._measured(host, one.interval, number + 1)) != expected:
                yield f"correction {number} leaves {found} uJ measured in its hours, where {expected} uJ have to be"

    def _measured(self, host: int, interval: Interval, below: int) -> int:
        """Return what counts as measured in *interval* by the generations below *below*, in microjoules."""
        over = stretches(interval, corrections_over(self._connection, host, interval, below), self._grain)
        sums = (
            self._connection.execute(
                select(*split_sum(MEASURED.c.energy)).where(in_stretch(MEASURED, one), MEASURED.c.host_id == host)
            ).one()
            for one in over
        )
        return sum(exact(millions or 0, rest or 0) for millions, rest in sums)

    def _sums(self) -> dict[tuple[int, int], Counter[str]]:
        """Return the energy of each generation of a correction, by host, number and consumer."""
        table, series = schema.entries[Grain.HOUR], schema.series
        key = (series.c.host_id, table.c.generation, series.c.consumer)
        rows = self._connection.execute(
            select(*key, *split_sum(table.c.energy))
            .join(series, series.c.id == table.c.series_id)
            .where(table.c.generation != schema.AS_BOOKED)
            .group_by(*key)
        )
        sums: dict[tuple[int, int], Counter[str]] = {}
        for host, generation, consumer, millions, rest in rows:
            sums.setdefault((host, generation), Counter())[consumer] = exact(millions, rest)
        return sums

    def _struck_beyond_covered(self) -> Iterator[str]:
        """Hours of which more time was struck out than was measured."""
        table, covered = schema.hour_struck, schema.covered[Grain.HOUR]
        same = and_(
            covered.c.bucket == table.c.bucket,
            covered.c.host_id == table.c.host_id,
            covered.c.resource == table.c.resource,
        )
        rows = self._connection.execute(
            select(table, covered.c.covered).outerjoin(covered, same).order_by(table.c.bucket, table.c.generation)
        )
        for row in rows:
            if row.struck > (row.covered or 0):
                yield (
                    f"in the hour of {utc(row.bucket)}, generation {row.generation}, {row.struck} ns of {row.resource}"
                    f" were struck out, and {row.covered or 0} measured"
                )


def _makes_generation(one: Correction) -> bool:
    """Return whether *one* changes energy: one that revokes an explanation of a gap does not."""
    return one.kind in OF_ENERGY or (one.kind is Kind.REVOKE and not one.cause)


def _spoken(sums: Mapping[str, int]) -> str:
    return ", ".join(f"{energy} uJ of {consumer}" for consumer, energy in sorted(sums.items())) or "nothing"
