import sqlite3
import stat
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.unit.cli.conftest import CLOSED, Call

END = CLOSED // 10**9 + 3600
ENERGY = 'empreinte_service_energy_joules_total{resource="package",service="assistant",share="active"}'


def test_the_closed_hour_is_exported_as_the_page_of_metrics_has_it(call: Call, ledger: str) -> None:
    assert ledger
    said = call("ledger", "export", "--openmetrics")
    assert (said.status, said.err) == (0, "")
    assert f"{ENERGY} 10800.0 {END}\n" in said.out
    assert f'empreinte_host_energy_joules_total{{method="counter",resource="package"}} 14400.0 {END}\n' in said.out
    assert "# TYPE empreinte_service_energy_joules counter\n# UNIT empreinte_service_energy_joules joules" in said.out
    assert said.out.endswith("\n# EOF\n")
    families = text_string_to_metric_families(said.out)  # type: ignore[no-untyped-call] # the library's has no annotations
    assert {family.name for family in families} == {
        "empreinte_host_energy_joules",
        "empreinte_service_energy_joules",
    }


def test_victoria_metrics_gets_milliseconds_and_no_end(call: Call, ledger: str) -> None:
    assert ledger
    said = call("ledger", "export", "--victoria-metrics")
    assert f"{ENERGY} 10800.0 {END}000\n" in said.out
    assert "EOF" not in said.out
    assert "# TYPE empreinte_service_energy_joules_total counter\n" in said.out


def test_labels_that_scrapes_add_are_among_the_others(call: Call, ledger: str) -> None:
    assert ledger
    said = call("ledger", "export", "--openmetrics", "--label", "job=empreinte", "--label", 'instance=a "b"')
    labels = 'instance="a \\"b\\"",job="empreinte",method="counter",resource="package"'
    assert f"empreinte_host_energy_joules_total{{{labels}}} 14400.0 {END}\n" in said.out


def test_of_a_day_that_is_not_over_the_point_is_at_the_last_closed_hour(call: Call, ledger: str) -> None:
    assert ledger
    said = call("ledger", "export", "--openmetrics", "--step", "day")
    assert f"{ENERGY} 10800.0 {END}\n" in said.out


def test_a_file_is_made_and_never_written_over(call: Call, ledger: str, place: Path) -> None:
    assert ledger
    file = place / "past.om"
    said = call("ledger", "export", "--openmetrics", "--output", str(file))
    assert (said.status, said.err) == (0, "")
    assert said.out == f"{file} holds 3 points ({file.stat().st_size / 1e6:.1f} MB).\n"
    assert file.read_text() == call("ledger", "export", "--openmetrics").out
    assert stat.S_IMODE(file.stat().st_mode) & 0o444 == 0o444
    before = file.read_bytes()
    again = call("ledger", "export", "--victoria-metrics", "--output", str(file))
    assert again.status == 2
    assert "is there already" in again.err
    assert file.read_bytes() == before


def test_an_export_that_fails_half_way_leaves_no_file(call: Call, ledger: str, place: Path) -> None:
    with sqlite3.connect(ledger.removeprefix("sqlite:///")) as connection:
        connection.execute("DROP TABLE hour_activity")
        connection.execute("CREATE TABLE hour_activity (bucket INTEGER)")
    connection.close()
    before = sorted(place.iterdir())
    said = call("ledger", "export", "--openmetrics", "--output", str(place / "past.om"))
    assert said.status == 3
    assert sorted(place.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        ((), 2, "say who is to read it"),
        (("--openmetrics", "--victoria-metrics"), 2, "say who is to read it"),
        (("--openmetrics", "--from", "March"), 2, "--from March is not a day"),
        (("--openmetrics", "--from", "2026-03-02", "--to", "2026-03-01"), 2, "is after --to"),
        (("--openmetrics", "--to", "2026-03-09"), 1, "no hour of that time is closed"),
        (("--openmetrics", "--from", "2026-03-11"), 1, "no hour of that time is closed"),
        (("--openmetrics", "--step", "week"), 2, "week"),
        (("--openmetrics", "--label", "job"), 2, "--label job is no label: write it as job=empreinte"),
        (("--openmetrics", "--label", "job="), 2, "is no label"),
        (("--openmetrics", "--label", "__name__=x"), 2, "is no label"),
        (("--openmetrics", "--label", "service=x"), 2, "there is a label service already"),
        (("--openmetrics", "--label", "job=a", "--label", "job=b"), 2, "there is a label job already"),
        (("--openmetrics", "--output", "/nowhere/past.om"), 3, "No such file or directory"),
    ],
)
def test_what_can_not_be_exported_is_said_in_one_sentence(
    call: Call, ledger: str, arguments: tuple[str, ...], status: int, expected: str
) -> None:
    assert ledger
    said = call("ledger", "export", *arguments)
    assert (said.status, said.out) == (status, "")
    assert expected in said.err
    assert len(said.err.splitlines()) == 1


def test_without_a_ledger_nothing_is_exported(call: Call, place: Path) -> None:
    said = call("ledger", "export", "--openmetrics", "--output", str(place / "past.om"))
    assert (said.status, said.out) == (1, "")
    assert not (place / "past.om").exists()
