"""What bought services did, as rows: each with its time, who says so, and what its tokens are reckoned with.

Impacts are not stored: they follow from the sums of tokens and their bases, so that all of a year is rounded once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import and_, select, update

from monitor.core.activity import RANKS, Unit
from monitor.core.external import Basis, ExternalAmount, ExternalSeries, ExternalSum
from monitor.core.interval import HOUR
from monitor.ledger import schema
from monitor.ledger.errors import LedgerCorrupt
from monitor.ledger.exactness import exact, split_sum
from monitor.ledger.insertion import Insertion
from monitor.ledger.terms import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, FromClause, Row

    from monitor.core.activity import Authority
    from monitor.core.external import FileRow
    from monitor.core.interval import Interval

FILE: Final = "file"
"""How the sources of rows of files begin: `file:<digest>:<line>`."""
LONGEST: Final = 32 * 24 * HOUR.nanoseconds
"""No row is of a longer time: a file tells by the day or by the month."""
_ENCODER: Final = msgspec.json.Encoder(order="sorted")


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of the rows of a file, by their lines."""

    written: tuple[int, ...]
    known: tuple[int, ...]
    """They were there already, and say the same."""
    refused: tuple[int, ...]
    """Somebody else has told of their time: to add them would count it twice."""


class ExternalWriter:
    """Writes for one host, within one transaction."""

    def __init__(self, connection: Connection, host: int) -> None:
        self._connection = connection
        self._host = host
        self._insertion = Insertion(connection)

    def add_events(self, amounts: Iterable[ExternalAmount], stream: str, through: int) -> bool:
        """Add what the events of *stream* up to number *through* count; return whether they were not in it yet.

        *amounts* are by the hour. An hour is reckoned by the basis that its first event had. Of a service and hour
        the authority counts that is believed first, and of what a file has told that file; the others are a
        cross-check.
        """
        if self.mark(stream) >= through:
            return False
        sums: dict[tuple[int, int, ExternalSeries, Authority], ExternalAmount] = {}
        for one in amounts:
            key = (one.since, one.until, one.series, one.authority)
            sums[key] = (
                replace(one, amount=one.amount + sums[key].amount, basis=sums[key].basis) if key in sums else one
            )
        numbers, bases = self._numbers(sums.values())
        for one in sums.values():
            self._add(one, numbers[one.series], bases)
        self._set_mark(stream, through)
        return True

    def add_file(self, rows: Sequence[FileRow], digest: str) -> Imported:
        """Write the *rows* of the file whose content has *digest*; what is there already stays as it is.

        But for this: tokens that nobody had any rate for get those that are known by now.
        """
        written: list[int] = []
        known: list[int] = []
        refused: list[int] = []
        numbers, bases = self._numbers(one for row in rows for one in row.amounts)
        for row in rows:
            source = f"{FILE}:{digest}:{row.line}"
            told = self._told(row, f"{FILE}:{digest}:")
            if told is None:
                # by its source alone: its service may have been called otherwise, and it is the same line
                before = self._present(row, source)
                if before:
                    self._complete(row, source, bases)
                else:
                    values = (self._values(one, numbers[one.series], source, bases) for one in row.amounts)
                    self._insertion.into(self._connection, schema.external_amounts, values)
                (known if before else written).append(row.line)
            else:
                (known if told else refused).append(row.line)
        return Imported(tuple(written), tuple(known), tuple(refused))

    def mark(self, stream: str) -> int:
        """Return up to which number the events of *stream* are in the tables; 0 where none is."""
        return read_mark(self._connection, self._host, stream)

    def _add(self, one: ExternalAmount, number: int, bases: Mapping[Basis, int]) -> None:
        """Add *one* to its row; a new row counts unless somebody who goes before it has told of its time."""
        table, source = schema.external_amounts, one.authority.value
        same = and_(
            table.c.since == one.since,
            table.c.until == one.until,
            table.c.series_id == number,
            table.c.source == source,
        )
        added = self._connection.execute(update(table).where(same).values(amount=table.c.amount + one.amount))
        if added.rowcount:
            return
        better = [other.value for other in RANKS if RANKS[other] < RANKS[one.authority]]
        told = any(True for _ in self._overlapping([one], of_file(table))) or self._said(one, better)
        values = self._values(one, number, source, bases)
        self._insertion.into(self._connection, table, [(*values[:5], not told, values[6])])
        worse = [other.value for other in RANKS if RANKS[other] > RANKS[one.authority]]
        if worse and not told:
            self._connection.execute(update(table).where(self._of_hour(one, worse)).values(counted=False))

    def _said(self, one: ExternalAmount, sources: Sequence[str]) -> bool:
        table = schema.external_amounts
        rows = self._connection.execute(select(table.c.amount).where(self._of_hour(one, sources)).limit(1))
        return rows.first() is not None

    def _of_hour(self, one: ExternalAmount, sources: Sequence[str]) -> ColumnElement[bool]:
        """Return the condition of what *sources* have told of the service of *one* in its hour, whatever the model."""
        table, series = schema.external_amounts, schema.external_series
        numbers = select(series.c.id).where(series.c.host_id == self._host, series.c.external == one.series.external)
        return and_(table.c.since == one.since, table.c.series_id.in_(numbers), table.c.source.in_(sources))

    def _told(self, row: FileRow, own: str) -> bool | None:
        """Return whether others have told the same of the time of *row*; None where none has told anything of it."""
        table = schema.external_amounts
        others = and_(table.c.counted, ~table.c.source.startswith(own, autoescape=True))
        found = list(self._overlapping(row.amounts, others))
        if not found:
            return None
        said = {(one.since, one.until, one.series, one.amount) for one in row.amounts}
        return {(since, until, series, amount) for since, until, series, amount in found} == said

    def _overlapping(
        self, amounts: Sequence[ExternalAmount], condition: ColumnElement[bool]
    ) -> Iterator[tuple[int, int, ExternalSeries, int]]:
        """Yield what there is of the model and time of *amounts*, which have one of each, under *condition*."""
        table, series, one = schema.external_amounts, schema.external_series, amounts[0]
        rows = self._connection.execute(
            select(table.c.since, table.c.until, table.c.amount, series)
            .join(series, series.c.id == table.c.series_id)
            .where(
                series.c.host_id == self._host,
                series.c.external == one.series.external,
                series.c.model == one.series.model,
                table.c.since < one.until,
                table.c.until > one.since,
                # says no more than that, and spares the database all the years before
                table.c.since > one.since - LONGEST,
                condition,
            )
        )
        yield from ((row.since, row.until, series_of(row), row.amount) for row in rows)

    def _complete(self, row: FileRow, source: str, bases: Mapping[Basis, int]) -> None:
        table, first = schema.external_amounts, row.amounts[0]
        mine = and_(
            table.c.since == first.since,
            table.c.until == first.until,
            table.c.source == source,
            table.c.basis_id.is_not(None),
        )
        stored = self._connection.execute(select(table.c.basis_id).where(mine)).scalars().all()
        unknown = [number for number, basis in read_bases(self._connection, stored).items() if not basis.rates]
        for one in row.amounts:
            if unknown and one.basis is not None and one.basis.rates:
                lacking = and_(mine, table.c.basis_id.in_(unknown))
                self._connection.execute(update(table).where(lacking).values(basis_id=bases[one.basis]))

    def _present(self, row: FileRow, source: str) -> bool:
        table, series, one = schema.external_amounts, schema.external_series, row.amounts[0]
        found = self._connection.execute(
            select(table.c.amount)
            .join(series, series.c.id == table.c.series_id)
            .where(
                series.c.host_id == self._host,
                table.c.since == one.since,
                table.c.until == one.until,
                table.c.source == source,
            )
            .limit(1)
        )
        return found.first() is not None

    def _values(self, one: ExternalAmount, number: int, source: str, bases: Mapping[Basis, int]) -> tuple[object, ...]:
        basis = None if one.basis is None else bases[one.basis]
        return one.since, one.until, number, source, one.amount, True, basis

    def _numbers(self, amounts: Iterable[ExternalAmount]) -> tuple[Mapping[ExternalSeries, int], Mapping[Basis, int]]:
        """Return the numbers of all series and bases of *amounts*, which are written now where they are new."""
        asked = list(amounts)
        series = {one.series for one in asked}
        rows = ((self._host, one.external, one.provider, one.model, one.unit.value) for one in series)
        self._insertion.into(self._connection, schema.external_series, rows)
        known = read_external_series(self._connection, self._host)
        bodies = {one: body_of(one) for one in {one.basis for one in asked if one.basis is not None}}
        digests = {one: digest_of(body) for one, body in bodies.items()}
        self._insertion.into(
            self._connection, schema.external_bases, {(digests[one], body) for one, body in bodies.items()}
        )
        table = schema.external_bases
        ids = {
            row.digest: row.id
            for row in self._connection.execute(
                select(table.c.digest, table.c.id).where(table.c.digest.in_(list(digests.values())))
            )
        }
        return (
            {one: number for number, one in known.items()},
            {one: ids[digest] for one, digest in digests.items()},
        )

    def _set_mark(self, stream: str, through: int) -> None:
        table = schema.external_marks
        mine = and_(table.c.host_id == self._host, table.c.stream == stream)
        if not self._connection.execute(update(table).where(mine).values(through=through)).rowcount:
            self._insertion.into(self._connection, table, [(self._host, stream, through)])


def of_file(table: FromClause) -> ColumnElement[bool]:
    """Return the condition of what a file has told in *table*, that of the amounts or an alias of it."""
    return table.c.source.startswith(f"{FILE}:")


def read_mark(connection: Connection, host: int, stream: str) -> int:
    """Return up to which number the events of *stream* are in the tables; 0 where none is."""
    table = schema.external_marks
    found = connection.execute(select(table.c.through).where(table.c.host_id == host, table.c.stream == stream))
    return int(found.scalar() or 0)


def external_sums(
    connection: Connection, host: int, interval: Interval, *, counted: bool = True
) -> tuple[ExternalSum, ...]:
    """Return the sums over the times that lie whole in *interval*; those that are not *counted* are cross-checks.

    Raises LedgerCorrupt where a basis can't be read.
    """
    table, series = schema.external_amounts, read_external_series(connection, host)
    rows = connection.execute(
        select(table.c.series_id, table.c.basis_id, *split_sum(table.c.amount))
        .where(table.c.since >= interval.start, table.c.until <= interval.end, table.c.counted.is_(counted))
        .group_by(table.c.series_id, table.c.basis_id)
    ).all()
    bases = read_bases(connection, {row.basis_id for row in rows} - {None})
    return tuple(
        ExternalSum(series[number], exact(millions, rest), bases.get(basis))
        for number, basis, millions, rest in sorted(rows, key=lambda row: (row[0], row[1] or 0))
        # what belongs to another host has no number here
        if number in series
    )


def read_external_series(connection: Connection, host: int) -> dict[int, ExternalSeries]:
    """Return every series of bought services of *host*, by number."""
    table = schema.external_series
    return {row.id: series_of(row) for row in connection.execute(select(table).where(table.c.host_id == host))}


def series_of(row: Row[Any]) -> ExternalSeries:
    """Return the series that *row* of the table of series is."""
    return ExternalSeries(row.external, row.provider, row.model, Unit(row.unit))


def read_bases(connection: Connection, numbers: Iterable[int]) -> dict[int, Basis]:
    """Return the bases of the *numbers*. Raises LedgerCorrupt where one can't be read."""
    table = schema.external_bases
    rows = connection.execute(select(table.c.id, table.c.body).where(table.c.id.in_(sorted(numbers))))
    return {row.id: basis_in(row.body) for row in rows}


def body_of(basis: Basis) -> str:
    """Return *basis* as it is stored: the same always comes out as the same text."""
    return _ENCODER.encode(basis).decode()


def basis_in(body: str) -> Basis:
    """Return the basis that *body* says. Raises LedgerCorrupt."""
    try:
        return msgspec.json.decode(body, type=Basis)
    except msgspec.MsgspecError as error:
        raise LedgerCorrupt(
            f"what tokens of bought services were reckoned with can't be read ({error})",
            "run `empreinte ledger verify`, and put the last backup in the ledger's place (docs/ledger.md)",
        ) from error
