"""The wire format of Protocol Buffers, read in one pass: what nobody asks for is stepped over, never built.

Source: Protocol Buffers documentation, Encoding.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, TypeAlias

from monitor.intake.usage import RefusedError, TooMuchError

if TYPE_CHECKING:
    from collections.abc import Iterator

Field: TypeAlias = int | memoryview
"""The value of a field: a number, or the bytes of a text or a message."""

MOST_FIELDS: Final = 300_000
"""Of a body. 1,000 of LiteLLM's spans have 250 000."""
LONGEST_BLOB: Final = 64
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT: Final = 10
_SIGN: Final = 1 << 63


class Wire:
    """Reads messages, and counts the fields of all of them together."""

    def __init__(self) -> None:
        self._left = MOST_FIELDS

    def fields(self, message: memoryview) -> Iterator[tuple[int, Field]]:
        """Yield each field of *message*: its number and value. Numbers of fixed width come as their bits.

        Raises RefusedError where it is cut short or not of this format, TooMuchError where the body has too many.
        """
        at = 0
        while at < len(message):
            self._left -= 1
            if self._left < 0:
                raise TooMuchError(f"the body has more than {MOST_FIELDS} parts: send fewer at once")
            tag, at = _varint(message, at)
            value, at = _value(message, at, tag & 7)
            yield tag >> 3, value


def text(field: Field) -> str:
    """Return the text in *field*. What is not UTF-8 in it is replaced. Raises RefusedError where it is a number."""
    return str(data(field), "utf-8", "replace")


def data(field: Field) -> memoryview:
    """Return the bytes in *field*. Raises RefusedError where it is a number."""
    if isinstance(field, int):
        raise RefusedError("it is not a message of this kind: a text or a message was expected, and a number came")
    return field


def blob(field: Field) -> bytes:
    """Return a copy of the bytes in *field*, of an id. Raises as `data`, and where it is longer than an id."""
    found = data(field)
    if len(found) > LONGEST_BLOB:
        raise RefusedError(f"an id is longer than {LONGEST_BLOB} bytes")
    return bytes(found)


def whole(field: Field) -> int:
    """Return the number without a sign in *field*. Raises RefusedError where it is none."""
    if not isinstance(field, int):
        raise RefusedError("it is not a message of this kind: a number was expected, and something else came")
    return field


def signed(field: Field) -> int:
    """Return the number in *field*, which may be below 0. Raises as `whole`."""
    number = whole(field)
    return number - 2 * _SIGN if number >= _SIGN else number


def double(field: Field) -> float:
    """Return the number with a point in *field*. Raises as `whole`."""
    (number,) = struct.unpack("<d", whole(field).to_bytes(8, "little"))
    return float(number)


def _value(message: memoryview, at: int, kind: int) -> tuple[Field, int]:
    if kind == _VARINT:
        return _varint(message, at)
    if kind == _LENGTH:
        length, at = _varint(message, at)
        return _cut(message, at, length), at + length
    width = {_FIXED64: 8, _FIXED32: 4}.get(kind)
    if width is None:
        raise RefusedError("the body is not in the format of Protocol Buffers")
    return int.from_bytes(_cut(message, at, width), "little"), at + width


def _cut(message: memoryview, at: int, length: int) -> memoryview:
    if at + length > len(message):
        raise RefusedError("the body is cut short, or not in the format of Protocol Buffers")
    return message[at : at + length]


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    number = 0
    for place in range(_LONGEST_VARINT):
        if at + place >= len(message):
            raise RefusedError("the body is cut short, or not in the format of Protocol Buffers")
        byte = message[at + place]
        number |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follow
            return number & (2 * _SIGN - 1), at + place + 1
    raise RefusedError("the body is not in the format of Protocol Buffers")
