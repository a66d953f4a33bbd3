import sqlite3
from pathlib import Path

import pytest

from tests.unit.cli.conftest import CLOSED, Call


def test_a_sound_ledger_is_said_to_be_sound(call: Call, ledger: str) -> None:
    assert ledger
    said = call("ledger", "verify")
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("checked by the hour (1) and by the minute (60): every joule has one owner")


@pytest.mark.parametrize(
    ("arguments", "hours"),
    [
        (("--year", "2026"), 1),
        (("--year", "2025"), 0),
        (("--from", "2026-03-10", "--to", "2026-03-10"), 1),
        (("--from", "2026-03-11"), 0),
        (("--to", "2026-03-09"), 0),
        (("--to", "2026-03-10"), 1),
    ],
)
def test_a_time_can_be_chosen(call: Call, ledger: str, arguments: tuple[str, ...], hours: int) -> None:
    assert ledger
    assert f"by the hour ({hours})" in call("ledger", "verify", *arguments).out


def test_a_ledger_that_is_not_sound_is_told_and_status_1(call: Call, ledger: str) -> None:
    with sqlite3.connect(ledger.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE hour_entries SET energy = energy + 1 WHERE bucket = ?", (CLOSED,))
    connection.close()
    said = call("ledger", "verify")
    assert said.status == 1
    assert "faults" in said.out.splitlines()[-1]
    assert len(said.out.splitlines()) > 1


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--year", "2026", "--from", "2026-01-01"), "give either --year, or --from and --to"),
        (("--from", "2026-03-02", "--to", "2026-03-01"), "--from 2026-03-02 is after --to 2026-03-01"),
        (("--from", "March"), "--from March is not a day: write it as 2026-03-31"),
        (("--to", "2026-02-30"), "--to 2026-02-30 is not a day"),
        (("--year", "3000"), "no ledger holds the year 3000"),
        (("--from", "3000-01-01"), "no ledger holds the year 3000"),
        (("--year", "0"), "no ledger holds the year 0"),
    ],
)
def test_a_time_that_can_not_be_is_refused(call: Call, ledger: str, arguments: tuple[str, ...], expected: str) -> None:
    assert ledger
    said = call("ledger", "verify", *arguments)
    assert said.status == 2
    assert expected in said.err


def test_the_first_and_the_last_year_can_be_asked_for(call: Call, ledger: str) -> None:
    assert ledger
    assert call("ledger", "verify", "--year", "1970").status == 0
    assert call("ledger", "verify", "--year", "2261").status == 0


def test_without_a_ledger_the_answer_is_no(call: Call) -> None:
    said = call("ledger", "verify")
    assert (said.status, said.out) == (1, "")
    assert "there is no ledger" in said.err


def test_what_is_no_ledger_can_not_be_worked_with(call: Call, place: Path) -> None:
    (place / "state").mkdir()
    (place / "state/ledger.db").write_bytes(b"not a database, by far" * 100)
    said = call("ledger", "verify")
    assert said.status == 3
    assert "damaged, or is no ledger" in said.err


def test_a_copy_is_a_ledger_itself_and_never_written_over(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    said = call("ledger", "backup", str(place / "copy.db"))
    assert (said.status, said.err) == (0, "")
    again = call("ledger", "backup", str(place / "copy.db"))
    assert again.status == 2
    assert "is there already" in again.err
    (place / "copy.toml").write_text(f'[ledger]\nurl = "sqlite:///{place}/copy.db"\n', encoding="utf-8")
    assert call("ledger", "verify", "--config", str(place / "copy.toml")).status == 0


def test_a_ledger_is_migrated_once(call: Call) -> None:
    assert call("ledger", "migrate").out == "The ledger was brought up to date.\n"
    assert call("ledger", "migrate").out == "The ledger is up to date.\n"
