import os
from pathlib import Path

import pytest

from monitor.adapters.attributes import LONGEST, bytes_of, names_in, number_of, text_of


@pytest.mark.parametrize(
    ("content", "text", "number"),
    [(b"42\n", "42", 42), (b" -1 \n", "-1", -1), (b"", "", None), (b"a\0", "a", None), (b"\xff", "\ufffd", None)],
)
def test_what_an_attribute_holds(tmp_path: Path, content: bytes, text: str, number: int | None) -> None:
    file = tmp_path / "attribute"
    file.write_bytes(content)
    assert (bytes_of(file), text_of(file), number_of(file)) == (content, text, number)


def test_what_is_not_there_or_is_no_file_holds_nothing(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        assert (bytes_of(path), text_of(path), number_of(path)) == (b"", "", None)
    assert names_in(tmp_path / "none") == ()


def test_a_pipe_that_nobody_writes_to_does_not_hold_us_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert text_of(tmp_path / "pipe") == ""


def test_no_more_is_read_than_an_attribute_has(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"x" * (LONGEST + 1))
    assert len(bytes_of(tmp_path / "long")) == LONGEST


def test_names_are_in_order(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        (tmp_path / name).touch()
    assert names_in(tmp_path) == ("a", "b", "c")
