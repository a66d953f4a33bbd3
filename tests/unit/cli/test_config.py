from pathlib import Path

import pytest

from tests.unit.cli.conftest import Call


def test_a_right_file_is_said_to_be_right(call: Call, place: Path) -> None:
    said = call("config", "check")
    assert (said.status, said.out) == (0, f"{place}/empreinte.toml is right.\n")


def test_without_a_file_the_defaults_are_in_force(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMPREINTE_CONFIG")
    monkeypatch.setattr("monitor.config.file.USUAL_FILE", Path("/nowhere"))
    assert "defaults are in force" in call("config", "check").out


def test_everything_that_is_wrong_is_told(call: Call, place: Path) -> None:
    (place / "wrong.toml").write_text('[sampling]\nevery = 5\nevry = "5s"\n', encoding="utf-8")
    said = call("config", "check", "--config", str(place / "wrong.toml"))
    assert (said.status, said.out) == (2, "")
    assert said.err == (
        f"empreinte: {place}/wrong.toml has 2 faults:\n"
        '  line 2: sampling.every: a bare number needs a unit: write "5s"\n'
        "  line 3: sampling.evry: there is no such key: write every\n"
    )


def test_what_is_in_force_is_shown_with_its_origin(call: Call) -> None:
    lines = call("config", "show").out.splitlines()
    shown = {line.partition(" ")[0]: line for line in lines}
    assert shown["host.name"].split("= ")[1].split() == ['"ia-01"', "#", "line", "6"]
    assert shown["sampling.every"].split("= ")[1].split() == ['"5s"', "#", "default"]


def test_the_example_can_be_used_as_it_is(call: Call, place: Path) -> None:
    (place / "example.toml").write_text(call("config", "example").out, encoding="utf-8")
    assert call("config", "check", "--config", str(place / "example.toml")).status == 0


def test_alone_it_explains_itself(call: Call) -> None:
    assert "check" in call("config").out
