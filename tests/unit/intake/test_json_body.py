from __future__ import annotations

import contextlib
import json
import tracemalloc

import msgspec
import pytest

from monitor.intake.json_body import DEEPEST, MOST_PIECES, check, decoded, items
from monitor.intake.usage import MOST_EVENTS, RefusedError, TooMuchError


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_what_is_nested_too_deep_is_refused_and_one_less_is_not(opening: bytes) -> None:
    check(opening * DEEPEST)
    with pytest.raises(RefusedError, match="nested"):
        check(opening * (DEEPEST + 1))
    with pytest.raises(RefusedError, match="nested"):
        check(opening * 1_000_000)


def test_what_has_too_many_parts_is_refused_before_it_is_built() -> None:
    check(b'{"a":[' + b"1," * (MOST_PIECES - 10) + b"1]}")
    with pytest.raises(TooMuchError):
        check(b'{"a":[' + b"1," * (MOST_PIECES + 1) + b"1]}")


def test_members_are_counted_on_the_first_level_alone() -> None:
    check(b"[[" + b"1," * (2 * MOST_EVENTS) + b"1]]")
    with pytest.raises(TooMuchError):
        check(b"[" + b"1," * (MOST_EVENTS + 1) + b"1]")


def test_brackets_in_texts_are_text() -> None:
    for text in ("[" * 1000, '"[' * 1000, '\\"[' * 1000, "\\", "\\\\[" * 100, '\\\\"' + "{" * 100):
        check(json.dumps({"prompt": text, "n": [1]}).encode())
    with pytest.raises(RefusedError):
        check(json.dumps("\\").encode() + b"[" * (DEEPEST + 1))


@pytest.mark.parametrize("hostile", [b'"', b'\\"', b"\\", b'"\\n', b"\xff", b"{}", b'"",'])
def test_the_look_takes_time_and_memory_in_proportion(hostile: bytes) -> None:
    body = hostile * (100_000 // len(hostile))
    tracemalloc.start()
    with contextlib.suppress(RefusedError):
        check(body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * len(body) + 100_000


def test_the_reason_says_where_and_holds_no_value() -> None:
    with pytest.raises(RefusedError) as refused:
        decoded(b'{"a": [{"b": "secret"}]}', dict[str, list[dict[str, int]]])
    assert "secret" not in str(refused.value)
    assert "Expected `int`" in str(refused.value)


@pytest.mark.parametrize("body", [b"", b"nul", b"[1,]", b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(RefusedError, match="not JSON"):
        decoded(body, msgspec.Raw)


def test_members_come_unread() -> None:
    assert [bytes(item) for item in items(b'[1, {"a": 2}, "x"]')] == [b"1", b'{"a": 2}', b'"x"']
