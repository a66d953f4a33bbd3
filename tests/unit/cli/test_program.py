import io
import os
import re
import sys
from pathlib import Path

import pytest

from monitor.cli.program import program, run
from tests.unit.cli.conftest import Call


def test_alone_it_says_what_it_can_do(call: Call) -> None:
    said = call()
    assert (said.status, said.err) == (0, "")
    for name in ("run", "doctor", "status", "report", "record", "simulate", "config", "ledger"):
        assert f"\n  {name} " in said.out


@pytest.mark.parametrize(
    "command",
    [
        ("run",),
        ("doctor",),
        ("status",),
        ("report",),
        ("record",),
        ("simulate",),
        ("config",),
        ("config", "check"),
        ("config", "show"),
        ("config", "example"),
        ("ledger",),
        ("ledger", "verify"),
        ("ledger", "backup"),
        ("ledger", "migrate"),
    ],
)
def test_every_command_explains_itself_and_takes_a_configuration(call: Call, command: tuple[str, ...]) -> None:
    said = call(*command, "--help")
    assert (said.status, said.err) == (0, "")
    if command not in {("config",), ("ledger",)}:
        assert "--config FILE" in said.out
        assert "empreinte " in said.out.partition("\n")[2]


def test_every_summary_fits_into_the_list(call: Call) -> None:
    for command in ((), ("config",), ("ledger",)):
        assert "..." not in call(*command, "--help").out.partition("Commands:")[2]


def test_it_tells_its_version(call: Call) -> None:
    assert call("--version").out == "empreinte 0.1.0\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("frobnicate",), "empreinte: no such command 'frobnicate'"),
        (("run", "--frob"), "empreinte: no such option: --frob"),
        (("report",), "empreinte: which year is to be reported? add --year"),
        (("report", "--year", "x"), "empreinte: invalid value for '--year'"),
        (("doctor", "--lang", "de"), "empreinte: invalid value for '--lang': 'de' is not one of 'fr', 'en'"),
        (("record",), "empreinte: missing argument 'DIR'"),
        (("--config", "/nowhere", "config", "check"), "empreinte: /nowhere: it does not exist"),
        (("config", "check", "--config", "/nowhere"), "empreinte: /nowhere: it does not exist"),
    ],
)
def test_wrong_use_is_one_sentence_and_status_2(call: Call, arguments: tuple[str, ...], expected: str) -> None:
    said = call(*arguments)
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith(expected)
    assert said.err.count("\n") == 1


def test_the_option_after_the_command_wins(call: Call, place: Path) -> None:
    (place / "other.toml").write_text('[host]\nname = "ia-99"\n', encoding="utf-8")
    said = call("--config", "/nowhere", "config", "show", "--config", str(place / "other.toml"))
    assert re.search(r'^host\.name += "ia-99"', said.out, re.MULTILINE)


def test_what_the_system_refuses_is_one_sentence_with_the_cure_and_status_3(call: Call, place: Path) -> None:
    (place / "file").write_text("", encoding="utf-8")
    said = call("record", str(place / "file" / "below"))
    assert said.status == 3
    assert said.err.startswith(f"empreinte: {place}/file/")
    assert said.err.endswith(": Not a directory: name a directory\n")


def test_a_defect_is_told_without_a_traceback_unless_asked_for(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        message = "oops"
        raise ZeroDivisionError(message)

    monkeypatch.setattr("monitor.cli.config.example_file", fail)
    said = call("config", "example")
    assert said.status == 3
    assert said.err.startswith("empreinte: a defect of the program, ZeroDivisionError: oops")
    assert "Traceback" not in said.err
    assert "Traceback" in call("config", "example", "--debug").err
    assert "Traceback" in call("--debug", "config", "example").err


def test_a_reader_that_has_seen_enough_is_no_failure(
    place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert place.is_dir()
    read, write = os.pipe()
    os.close(read)
    with io.TextIOWrapper(io.FileIO(write, "w"), write_through=True) as closed:
        monkeypatch.setattr(sys, "stdout", closed)
        assert run(["config", "example"]) == 0
    assert capfd.readouterr().err == ""


def test_ctrl_c_ends_it_without_a_word(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("monitor.cli.config.example_file", interrupt)
    said = call("config", "example")
    assert (said.status, said.err) == (130, "")


def test_two_programs_share_nothing() -> None:
    assert program() is not program()
