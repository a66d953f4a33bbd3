import json
from pathlib import Path

from tests.unit.cli.conftest import Call


def test_this_host_is_recorded(call: Call, place: Path) -> None:
    said = call("record", str(place / "out"))
    assert (said.status, said.err) == (0, "")
    assert f"files recorded in {place}/out" in said.out
    manifest = json.loads((place / "out/manifest.json").read_text())
    assert (manifest["version"], manifest["arguments"]) == ("0.1.0", False)
    assert "proc/stat" in manifest["files"]
    assert (place / "out/proc/stat").read_text().startswith("cpu ")


def test_a_directory_that_is_not_empty_is_left_alone(call: Call, place: Path) -> None:
    said = call("record", str(place))
    assert said.status == 2
    assert said.err == f"empreinte: {place} is there already and not empty: name a new directory\n"
    assert not (place / "manifest.json").exists()


def test_what_could_not_be_read_is_told(call: Call, place: Path) -> None:
    (place / "proc").mkdir()
    for number in range(7):
        (place / f"proc/{number + 1}").mkdir()
        (place / f"proc/{number + 1}/stat").mkdir()
    (place / "proc/sys/kernel/random").mkdir(parents=True)
    (place / "proc/sys/kernel/random/boot_id").write_text("boot\n", encoding="utf-8")
    (place / "other.toml").write_text(f'[paths]\nprocfs = "{place}/proc"\n', encoding="utf-8")
    said = call("record", str(place / "out"), "--config", str(place / "other.toml"))
    assert said.status == 0
    assert "7 could not be read" in said.out
    assert said.out.count("Is a directory") == 5
