from __future__ import annotations

import struct

import pytest

from monitor.intake.usage import RefusedError, TooMuchError
from monitor.intake.wire import MOST_FIELDS, Wire, blob, data, double, signed, text, whole


def fields(message: bytes) -> list[tuple[int, object]]:
    return [(n, bytes(v) if isinstance(v, memoryview) else v) for n, v in Wire().fields(memoryview(message))]


def test_each_kind_of_field_is_read() -> None:
    message = b"\x08\x96\x01" + b"\x12\x02hi" + b"\x19" + struct.pack("<Q", 7) + b"\x25" + struct.pack("<I", 9)
    assert fields(message) == [(1, 150), (2, b"hi"), (3, 7), (4, 9)]
    assert fields(b"") == []


def test_numbers_below_zero_and_with_a_point_are_read() -> None:
    assert signed(2**64 - 1) == -1
    assert signed(5) == 5
    assert double(struct.unpack("<Q", struct.pack("<d", 24.5))[0]) == 24.5
    assert whole(3) == 3
    assert text(memoryview(b"caf\xc3\xa9\xff")) == "café\ufffd"


@pytest.mark.parametrize(
    "message",
    [
        b"\x08",
        b"\x08\x80",
        b"\x08" + b"\x80" * 10 + b"\x01",
        b"\x12\x05hi",
        b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x19\x00",
        b"\x25\x00",
        b"\x0b",
        b"\x0c",
        b"\x0e",
        b"\x0f",
    ],
)
def test_what_is_cut_short_or_of_another_format_is_refused(message: bytes) -> None:
    with pytest.raises(RefusedError):
        fields(message)


def test_a_number_where_a_text_is_expected_is_refused_and_no_memory_is_taken_for_it() -> None:
    for read in (data, text, blob):
        with pytest.raises(RefusedError):
            read(10**15)
    for number in (whole, signed, double):
        with pytest.raises(RefusedError):
            number(memoryview(b"x"))
    with pytest.raises(RefusedError, match="longer"):
        blob(memoryview(b"x" * 65))


def test_the_fields_of_all_messages_together_are_counted() -> None:
    wire = Wire()
    half = memoryview(b"\x08\x01" * (MOST_FIELDS // 2))
    assert len(list(wire.fields(half))) == MOST_FIELDS // 2
    assert len(list(wire.fields(half))) == MOST_FIELDS // 2
    with pytest.raises(TooMuchError):
        next(wire.fields(half))
