"""`empreinte ledger import`, as people and programs run it."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from monitor.core.interval import Interval
from monitor.ledger.store import Ledger
from tests.contract.bookkeeping import Bookkeeping
from tests.unit.cli.conftest import WATT_HOUR, Call
from tests.unit.external.test_emissions_list import content

EVER = Interval(0, 1 << 62)
PAST = {"timestamp": "2026-03-09T10:00:00"}


def file_of(place: Path, *lines: dict[str, str]) -> str:
    file = place / "emissions.csv"
    file.write_bytes(content(*(PAST | one for one in lines)))
    return str(file)


def test_a_file_is_imported_once(call: Call, ledger: str, place: Path) -> None:
    file = file_of(place, {}, {"run_id": "b", "timestamp": "2026-03-09T12:00:00"})
    options = ("--machine", "gpu-lab-02", "--service", "training=assistant", "--by", "anna")
    said = call("ledger", "import", file, *options)
    assert (said.status, said.out, said.err) == (0, "2 rows imported, 0 imported before.\n", "")
    assert call("ledger", "import", file, *options).out == "0 rows imported, 2 imported before.\n"
    with Ledger.read(ledger) as opened:
        (use,) = opened.imported(EVER)
    assert (use.project, use.service, use.runs, use.energy) == ("training", "assistant", 2, 800 * WATT_HOUR)
    digest = hashlib.sha256(Path(file).read_bytes()).hexdigest()
    assert (use.source.name, use.source.machine, use.source.author) == ("emissions.csv", "gpu-lab-02", "anna")
    assert use.source.digest == digest
    assert call("ledger", "verify").status == 0


def test_lines_that_can_not_be_used_are_told_and_the_others_count(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    file = file_of(place, {"energy_consumed": "nan"}, {"run_id": "b"}, {"run_id": "c"})
    said = call("ledger", "import", file, "--machine", "gpu-lab-02", "--json")
    assert said.status == 1
    told = json.loads(said.out)
    assert (told["written"], [one["line"] for one in told["refused"]]) == ([3], [2, 4])
    assert f"{file}, line 2: energy_consumed is 'nan'" in said.err
    assert "line 4: its run and b counted the same hardware" in said.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "--machine"),
        (("--machine", " "), "--machine is empty"),
        (("--machine", "x", "--service", "nobody"), "no service nobody, name one of assistant"),
        (("--machine", "x", "--timezone", "Mars"), "no time zone"),
    ],
)
def test_wrong_use_is_told_with_the_cure(
    call: Call, ledger: str, place: Path, options: tuple[str, ...], said: str
) -> None:
    assert ledger
    outcome = call("ledger", "import", file_of(place, {}), *options)
    assert (outcome.status, outcome.out) == (2, "")
    assert said in outcome.err


def test_a_file_that_is_none_is_told(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    wrong = place / "wrong.csv"
    wrong.write_text("a,b\n1,2\n", encoding="utf-8")
    for file, said in ((wrong, "no emissions.csv of CodeCarbon"), (place / "none.csv", "can't be read")):
        outcome = call("ledger", "import", str(file), "--machine", "x")
        assert outcome.status == 2
        assert said in outcome.err


def test_without_a_ledger_the_status_is_no(call: Call, place: Path) -> None:
    assert call("ledger", "import", file_of(place, {}), "--machine", "x").status == 1


def test_what_another_host_of_this_program_exported_comes_in_whole(call: Call, ledger: str, place: Path) -> None:
    write = ("report", "--year", "2026", "--format", "codecarbon", "--output", str(place / "out"))
    assert call(*write).status == 0
    exported = next((place / "out").glob("*emissions*.csv"))
    own = call("ledger", "import", str(exported), "--machine", "ia-01")
    assert own.status == 2
    assert "figures that this host's own report has" in own.err
    shutil.rmtree(Path(ledger.removeprefix("sqlite:///")).parent)
    other(place)
    said = call("ledger", "import", str(exported), "--machine", "ia-01")
    assert (said.status, said.err) == (0, "")
    with Ledger.read(ledger) as opened:
        (use,) = opened.imported(EVER)
    # as CodeCarbon has it: with what the room adds, by a PUE of 1.4
    assert (use.project, use.modes, use.energy) == ("assistant", ("empreinte",), 3 * WATT_HOUR * 14 // 10)


def other(place: Path) -> None:
    """Make the ledger that of another host, with nothing in it."""
    keeping = Bookkeeping()
    (place / "state").mkdir()
    url = f"sqlite:///{place}/state/ledger.db"
    done = keeping.tick(3600)
    with Ledger.open(url, host="ia-02", timezone="Europe/Paris", now=done.books.at) as opened:
        done.to(opened)


def test_the_report_of_the_year_has_what_was_imported_in_its_own_section(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    assert call("ledger", "import", file_of(place, {}), "--machine", "gpu-lab-02").status == 0
    write = ("report", "--year", "2026", "--format", "csv,json", "--output", str(place / "out"))
    assert call(*write).status == 0
    told = json.loads((place / "out/empreinte-2026.json").read_text())["imported"]
    assert [(one["machine"], one["energy_microjoules"]) for one in told["runs"]] == [("gpu-lab-02", 400 * WATT_HOUR)]
    assert "gpu-lab-02,training" in (place / "out/empreinte-2026-table-imported.csv").read_text(encoding="utf-8")
