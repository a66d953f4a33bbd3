"""The register as people write it, and what is wrong with it."""

from __future__ import annotations

import csv
import dataclasses
from datetime import date
from typing import TYPE_CHECKING

import pytest

from monitor.config.register import EntryTable, RegisterError, entries_of, example
from monitor.core.register import Automation, Entry, Risk, Status

if TYPE_CHECKING:
    from pathlib import Path

LEAST = '[[service]]\nkey = "a"\nname = "A"\nstatus = "in_use"\n'


def write(place: Path, text: str, name: str = "register.toml") -> Path:
    file = place / name
    file.write_text(text, encoding="utf-8")
    return file


def test_the_example_has_every_key_and_is_right(tmp_path: Path) -> None:
    (entry,) = entries_of(write(tmp_path, example()))
    assert (entry.key, entry.status, entry.risk) == ("assistant", Status.IN_USE, Risk.MINIMAL)
    assert all(getattr(entry, one.name) not in ("", (), None) for one in dataclasses.fields(entry))


def test_a_table_has_the_same_keys_as_the_entry() -> None:
    assert [one.name for one in dataclasses.fields(EntryTable)] == [one.name for one in dataclasses.fields(Entry)]


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_table_of_a_spreadsheet_says_the_same(tmp_path: Path, separator: str) -> None:
    names = ("key", "name", "status", "models", "individual_decisions", "decisions_per_year", "updated", "automation")
    cells = ("a", "A, the first" if separator == ";" else '"A, the first"', "tried", "small | large", "non", "12")
    lines = [separator.join(names), separator.join((*cells, "2026-01-02", "full")), separator.join(("b", "B", "ended"))]
    first, second = entries_of(write(tmp_path, "\ufeff" + "\r\n".join(lines), "register.csv"))
    assert (first.name, first.models, first.individual_decisions) == ("A, the first", ("small", "large"), False)
    assert (first.decisions_per_year, first.updated, first.automation) == (12, date(2026, 1, 2), Automation.FULL)
    assert (second.status, second.models) == (Status.ENDED, ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LEAST + LEAST, "'a' is there 2 times"),
        (LEAST + 'risk = "hgh"\n', '"high"'),
        (LEAST + "updated = 12\n", "is no day"),
        (LEAST + 'models = "small"\n', "it is a list"),
        (LEAST + "decisions_per_year = -1\n", "whole number"),
        (LEAST + 'purose = "x"\n', "there is no such key"),
        ('[[service]]\nkey = "a"\n', "this key is needed"),
        ("[[services]]\n", "service"),
        ("not toml", "not TOML"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(RegisterError) as raised:
        entries_of(write(tmp_path, text))
    assert expected in str(raised.value)
    assert str(tmp_path) in str(raised.value)


def test_a_text_of_a_table_may_be_a_number(tmp_path: Path) -> None:
    text = "key,name,status,legal_basis,users\na,2026,in_use,42,40\n"
    (entry,) = entries_of(write(tmp_path, text, "register.csv"))
    assert (entry.name, entry.legal_basis, entry.users) == ("2026", "42", "40")


def test_what_a_spreadsheet_leaves_empty_says_nothing(tmp_path: Path) -> None:
    text = "key; name ;status;personal_data;\na;A;in_use;VRAI;;;\n;;;;\n\nb;B;ended\n"
    first, second = entries_of(write(tmp_path, text, "register.csv"))
    assert (first.key, first.personal_data, second.key, second.personal_data) == ("a", True, "b", None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key,name,status\na,A,in_use,more\n", "line 2: it has a cell below no name of a key"),
        ("key,name,,status\na,A,more,in_use\n", "line 2: it has a cell below no name of a key"),
        ("key,name,name,status\na,A,B,in_use\n", "line 1: 'name' is there 2 times"),
        ('key,name,status\na,"A,in_use\n', "is no line of a table"),
        ('key,name,status\na,"A"x,in_use\n', "line 2 is no line of a table"),
        ("key,name,status\na," + "x" * 20_000 + ",in_use\n", "line 2: it has a cell as long as a file"),
        ("key,name,status,decisions_per_year\na,A,in_use," + "1" * 5000 + "\n", "it is a whole number"),
        ("key,name,status\r\ra,A,in_use\r", "is no line of a table"),
    ],
)
def test_what_is_wrong_in_a_table_is_said(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(RegisterError) as raised:
        entries_of(write(tmp_path, text, "register.csv"))
    assert expected in str(raised.value)


@pytest.mark.parametrize("limit", [131_072, 1 << 30])
def test_a_cell_beyond_all_limits_is_refused_whatever_the_limit_of_csv(tmp_path: Path, limit: int) -> None:
    before = csv.field_size_limit(limit)
    try:
        with pytest.raises(RegisterError, match="line 2"):
            entries_of(write(tmp_path, "key,name,status\na," + "x" * 200_000 + ",in_use\n", "register.csv"))
    finally:
        csv.field_size_limit(before)


def test_a_file_that_is_not_there_can_be_made(tmp_path: Path) -> None:
    with pytest.raises(RegisterError, match="empreinte register example"):
        entries_of(tmp_path / "none.toml")
