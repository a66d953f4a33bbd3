"""JSON from strangers: measured before it is read, and read into records that have no place for what is not wanted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from monitor.intake.usage import MOST_EVENTS, RefusedError, TooMuchError

if TYPE_CHECKING:
    from collections.abc import Iterator

Record = TypeVar("Record")

MOST_PIECES: Final = 1_000_000
"""Of a body: texts, objects, lists and what separates them. 512 calls in LiteLLM's format have 900 000."""
DEEPEST: Final = 48
"""How deep objects and lists may lie in one another. LiteLLM's lie ten deep, OTLP's twelve."""
LONGEST_REASON: Final = 200
_LIST: Final = re.compile(rb"\s*\[")
_PIECE: Final = re.compile(rb'"[^"]*"?|[\[\]{},]')
_OPENING, _CLOSING, _COMMA = b"[{", b"]}", ord(",")


def check(body: bytes) -> None:
    """Find out, in time and memory that are bounded, whether *body* may be read.

    Raises TooMuchError where it has more than MOST_PIECES, or is a list of more than MOST_EVENTS; RefusedError where
    it is nested deeper than DEEPEST.
    """
    depth = members = 0
    # the fields of an object are no members, nor are those of the objects that follow one another on lines
    listed = _LIST.match(body) is not None
    # without what is escaped, a text ends at the next quotation mark
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    for number, piece in enumerate(_PIECE.finditer(plain)):
        if number == MOST_PIECES:
            raise TooMuchError(f"the body has more than {MOST_PIECES} parts: send fewer events at once")
        first = plain[piece.start()]
        depth += (first in _OPENING) - (first in _CLOSING)
        members += listed and depth == 1 and first == _COMMA
        if depth > DEEPEST:
            raise RefusedError(f"the body is nested more than {DEEPEST} deep")
        if members > MOST_EVENTS:
            raise TooMuchError(f"the body has more than {MOST_EVENTS} members: send fewer events at once")


def decoded(content: bytes | msgspec.Raw, record: type[Record]) -> Record:
    """Return *content* as a *record*, or several. Raises RefusedError: it is not JSON, or not as it should be."""
    try:
        return msgspec.json.decode(content, type=record)
    except msgspec.ValidationError as error:
        raise RefusedError(f"it is not as it should be: {str(error)[:LONGEST_REASON]}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise RefusedError("it is not JSON") from None


def items(body: bytes) -> Iterator[msgspec.Raw]:
    """Yield the members of the list that *body* is, unread. Raises RefusedError where it is none."""
    yield from decoded(body, list[msgspec.Raw])
