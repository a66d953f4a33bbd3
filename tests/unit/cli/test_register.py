"""`empreinte register`: checked and published from the command line."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from monitor.cli.register import last_year
from monitor.config.register import example

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Call

LEAST = '[[service]]\nkey = "assistant"\nname = "Assistant"\nstatus = "in_use"\n'


@pytest.fixture
def register(ledger: str, place: Path) -> Path:
    """Return the file of the register that the configuration names."""
    file = place / "register.toml"
    with (place / "empreinte.toml").open("a", encoding="utf-8") as stream:
        stream.write(f'\n[register]\nfile = "{file}"\n')
    assert ledger
    file.write_text(LEAST, encoding="utf-8")
    return file


def test_an_example_can_be_made(call: Call) -> None:
    said = call("register", "example")
    assert (said.status, said.out) == (0, example())


def test_what_is_missing_is_said_with_the_rule_that_asks(call: Call, register: Path) -> None:
    said = call("register", "check", "--lang", "en")
    assert said.status == 1
    assert "assistant: Class of risk (EU AI Act)" in said.out
    register.write_text(example(), encoding="utf-8")
    said = call("register", "check", "--lang", "en")
    assert (said.status, said.out) == (0, "Services: 1; fields still to be said: 0.\n")


def test_a_prohibited_use_is_no_good_register(call: Call, register: Path) -> None:
    register.write_text(example().replace('risk = "minimal"', 'risk = "prohibited"'), encoding="utf-8")
    assert json.loads(call("register", "check", "--json").out)["assistant"]["prohibited"] is True
    assert call("register", "check").status == 1


def test_it_is_published_with_what_was_measured(call: Call, register: Path, place: Path) -> None:
    assert register
    said = call("register", "export", "--output", str(place / "out"))
    assert (said.status, said.err) == (0, "")
    assert sorted(path.name for path in (place / "out").iterdir()) == [
        "inventaire-algorithmes.csv",
        "register.csv",
        "register.html",
        "register.json",
        "register.schema.json",
    ]
    content = json.loads((place / "out/register.json").read_text())
    assert (content["year"], content["services"][0]["energy_kwh"]) == (2026, "0.003")


def test_only_the_formats_that_are_asked_for_are_written(call: Call, register: Path, place: Path) -> None:
    assert register
    assert call("register", "export", "--format", "json", "--output", str(place / "out")).status == 0
    assert [path.name for path in (place / "out").iterdir()] == ["register.json"]
    assert "there is no format 'pdf'" in call("register", "export", "--format", "pdf").err


def test_the_first_moment_of_a_year_has_nothing_of_it() -> None:
    paris = ZoneInfo("Europe/Paris")
    begins = int(datetime(2027, 1, 1, tzinfo=paris).timestamp()) * 10**9
    assert [last_year(moment, paris) for moment in (begins, begins + 1, 0)] == [2026, 2027, 1970]


def test_no_year_is_none_that_is_not_asked_for(call: Call, register: Path) -> None:
    assert register
    said = call("register", "export", "--year", "0", "--output", "/nowhere")
    assert (said.status, "no ledger holds the year 0" in said.err) == (2, True)


def test_without_a_register_the_cure_is_said(call: Call, ledger: str) -> None:
    assert ledger
    said = call("register", "check")
    assert said.status == 1
    assert "`empreinte register example` makes one" in said.err


def test_a_register_with_faults_is_refused(call: Call, register: Path) -> None:
    register.write_text("[[service]]\n", encoding="utf-8")
    said = call("register", "export")
    assert said.status == 2
    assert "this key is needed" in said.err
