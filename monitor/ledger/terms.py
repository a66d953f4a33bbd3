"""Terms and factors as rows that are never written twice: each is known by the digest of what it says.

A factor is kept whole, so that the ledger alone can explain every figure, also when the catalogue has changed. Factors
that stay the same take one row for thousands of hours.
"""

from __future__ import annotations

from datetime import date  # noqa: TC003 - msgspec looks the types of its records up
from decimal import Decimal  # noqa: TC003 - likewise
from hashlib import sha256
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
from sqlalchemy import select

from monitor.core.embodied import Asset
from monitor.core.factors import Factor, How
from monitor.core.impact import Applied, Role, Terms
from monitor.ledger import schema
from monitor.ledger.errors import LedgerCorrupt

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from sqlalchemy import Connection, Table

    from monitor.ledger.insertion import Insertion

MOST_HELD: Final = 2000
"""Terms, or factors, held in memory: beyond it they are looked up again."""
AT_ONCE: Final = 500
"""Rows asked for in one statement."""

_ENCODER: Final = msgspec.json.Encoder(order="sorted")
"""The same always comes out as the same text: keys are sorted, decimals are texts, exact to their last digit."""

Key = TypeVar("Key")
Row = TypeVar("Row")


class _Applied(msgspec.Struct, frozen=True):
    role: Role
    factor: str
    """Its digest."""
    how: tuple[How, ...]


class _Asset(msgspec.Struct, frozen=True):
    """As `Asset`, its factors by digest."""

    name: str
    resource: str
    gwp: str
    adpe: str | None
    amount: Decimal
    lifetime: str
    bought: date | None
    share: Decimal


class _Terms(msgspec.Struct, frozen=True):
    zone: str
    applied: tuple[_Applied, ...]
    assets: tuple[_Asset, ...]
    filled: bool


class TermsWriter:
    """Gives terms their numbers. It holds those that it has given: after a failure it must be thrown away."""

    def __init__(self, insertion: Insertion) -> None:
        self._insertion = insertion
        self._numbers: dict[Terms, int] = {}
        self._digests: dict[Factor, str] = {}

    def numbers(self, connection: Connection, wanted: Iterable[Terms]) -> dict[Terms, int]:
        """Return the numbers of the *wanted* terms, which are written now where they are new."""
        asked = set(wanted)
        known = {one: self._numbers[one] for one in asked & self._numbers.keys()}
        new = asked - known.keys()
        if not new:
            return known
        digests = self._stored(connection, {factor for one in new for factor in _factors_of(one)})
        bodies = {one: _body_of(one, digests) for one in new}
        self._insertion.into(connection, schema.terms, {(digest_of(body), body) for body in bodies.values()})
        numbers = dict(_rows(connection, schema.terms, {digest_of(body) for body in bodies.values()}))
        found = {one: numbers[digest_of(body)] for one, body in bodies.items()}
        _hold(self._numbers, found)
        return known | found

    def _stored(self, connection: Connection, wanted: set[Factor]) -> dict[Factor, str]:
        """Return the digests of the *wanted* factors, which are written now where they are new."""
        known = {one: self._digests[one] for one in wanted & self._digests.keys()}
        bodies = {one: _ENCODER.encode(one).decode() for one in wanted - known.keys()}
        self._insertion.into(connection, schema.factors, {(digest_of(body), body) for body in bodies.values()})
        found = {one: digest_of(body) for one, body in bodies.items()}
        _hold(self._digests, found)
        return known | found


def digest_of(body: str) -> str:
    """Return the digest by which *body* is known."""
    return sha256(body.encode()).hexdigest()


def read_terms(connection: Connection, numbers: Collection[int]) -> dict[int, Terms]:
    """Return the terms of the *numbers*, with their factors whole. Raises LedgerCorrupt where one can't be read."""
    bodies = {number: _decoded(body, _Terms) for number, body in _bodies(connection, schema.terms, "id", numbers)}
    wanted = {digest for body in bodies.values() for digest in _digests_in(body)}
    factors = {digest: _decoded(body, Factor) for digest, body in _bodies(connection, schema.factors, "digest", wanted)}
    try:
        # equal assets are one object: there may be thousands of terms that say them again
        assets = {one: _asset(one, factors) for body in bodies.values() for one in body.assets}
        return {number: _terms(body, factors, assets) for number, body in bodies.items()}
    except KeyError as error:
        raise _broken(f"the factor {error} is not there") from error


def _factors_of(terms: Terms) -> Iterator[Factor]:
    for applied in terms.applied:
        yield applied.factor
    for asset in terms.assets:
        yield from (one for one in (asset.gwp, asset.adpe, asset.lifetime) if one is not None)


def _digests_in(body: _Terms) -> Iterator[str]:
    for applied in body.applied:
        yield applied.factor
    for asset in body.assets:
        yield from (one for one in (asset.gwp, asset.adpe, asset.lifetime) if one is not None)


def _body_of(terms: Terms, digests: Mapping[Factor, str]) -> str:
    assets = (
        _Asset(
            name=one.name,
            resource=one.resource,
            gwp=digests[one.gwp],
            adpe=None if one.adpe is None else digests[one.adpe],
            amount=one.amount,
            lifetime=digests[one.lifetime],
            bought=one.bought,
            share=one.share,
        )
        for one in terms.assets
    )
    applied = (_Applied(one.role, digests[one.factor], one.how) for one in terms.applied)
    return _ENCODER.encode(_Terms(terms.zone, tuple(applied), tuple(assets), terms.filled)).decode()


def _terms(body: _Terms, factors: Mapping[str, Factor], assets: Mapping[_Asset, Asset]) -> Terms:
    return Terms(
        body.zone,
        tuple(Applied(one.role, factors[one.factor], one.how) for one in body.applied),
        tuple(assets[one] for one in body.assets),
        body.filled,
    )


def _asset(body: _Asset, factors: Mapping[str, Factor]) -> Asset:
    return Asset(
        name=body.name,
        resource=body.resource,
        gwp=factors[body.gwp],
        adpe=None if body.adpe is None else factors[body.adpe],
        amount=body.amount,
        lifetime=factors[body.lifetime],
        bought=body.bought,
        share=body.share,
    )


def _decoded(body: str, kind: type[Row]) -> Row:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise _broken(str(error)) from error


def _broken(why: str) -> LedgerCorrupt:
    return LedgerCorrupt(
        f"what some hours were reckoned with can't be read ({why})",
        "run `empreinte ledger verify`, and put the last backup in the ledger's place (docs/ledger.md)",
    )


def _rows(connection: Connection, table: Table, digests: Collection[str]) -> Iterator[tuple[str, int]]:
    for some in _lots(digests):
        rows = connection.execute(select(table.c.digest, table.c.id).where(table.c.digest.in_(some)))
        yield from ((row.digest, row.id) for row in rows)


def _bodies(connection: Connection, table: Table, key: str, wanted: Collection[Key]) -> Iterator[tuple[Key, str]]:
    column = table.c[key]
    for some in _lots(wanted):
        rows = connection.execute(select(column.label("key"), table.c.body).where(column.in_(some)))
        yield from ((row.key, row.body) for row in rows)


def _lots(wanted: Collection[Key]) -> Iterator[list[Key]]:
    everything = list(wanted)
    for first in range(0, len(everything), AT_ONCE):
        yield everything[first : first + AT_ONCE]


def _hold(held: dict[Key, Row], found: Mapping[Key, Row]) -> None:
    if len(held) + len(found) > MOST_HELD:
        held.clear()
    held.update(found)
