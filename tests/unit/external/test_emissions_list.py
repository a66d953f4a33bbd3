"""CodeCarbon's emissions.csv, read: what it says, and what can't be true in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from monitor.core.imported import OWN_MODE
from monitor.core.units import MICROJOULES_PER_KILOWATT_HOUR
from monitor.external.emissions_list import LARGEST, EmissionsList, EmissionsListError, Rules, read_emissions
from monitor.report.exchange.emissions_csv import COLUMNS

KWH = MICROJOULES_PER_KILOWATT_HOUR
NOW = int(datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()) * 10**9
LINE = {
    "timestamp": "2026-03-14T10:00:00",
    "project_name": "training",
    "run_id": "5b0fa12a-3dd7-45bb-9766-cc326314d9f1",
    "duration": "3600.5",
    "emissions": "0.0208",
    "energy_consumed": "0.4",
    "water_consumed": "0.125",
    "country_iso_code": "FRA",
    "codecarbon_version": "3.3.2",
    "tracking_mode": "machine",
}


def content(*lines: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> bytes:
    rows = [columns, *([(LINE | one).get(name, "") for name in columns] for one in lines)]
    return "".join(f"{','.join(row)}\n" for row in rows).encode()


def read(*lines: dict[str, str], services: dict[str, str] | None = None, zone: str = "Europe/Paris") -> EmissionsList:
    return read_emissions(content(*lines), Rules(ZoneInfo(zone), NOW, services or {}))


def test_a_row_is_read_in_whole_units_by_the_clock_of_its_machine() -> None:
    (row,) = read({}).rows
    moment = int(datetime(2026, 3, 14, 9, tzinfo=UTC).timestamp()) * 10**9
    assert (row.line, row.moment, row.since) == (2, moment, moment - 3_600_500_000_000)
    assert (row.energy, row.emissions, row.water) == (KWH * 4 // 10, 20_800_000, 125_000)
    assert (row.project, row.mode, row.version, row.zone, row.service) == ("training", "machine", "3.3.2", "FRA", "")
    assert read({}).digest == hashlib.sha256(content({})).hexdigest()


def test_what_the_file_does_not_say_is_unknown_and_never_zero() -> None:
    older = tuple(name for name in COLUMNS if name not in {"water_consumed", "tracking_mode"})
    (row,) = read_emissions(content({"emissions": ""}, columns=older), Rules(UTC, NOW)).rows
    assert (row.emissions, row.water, row.mode) == (None, None, "")


def test_this_program_s_own_file_is_in_utc_and_names_its_host() -> None:
    found = read({"tracking_mode": OWN_MODE, "experiment_id": "ia-02"})
    assert found.rows[0].moment == int(datetime(2026, 3, 14, 10, tzinfo=UTC).timestamp()) * 10**9
    assert found.own_hosts == {"ia-02"}
    assert read({"experiment_id": "ia-02"}).own_hosts == frozenset()


def test_projects_are_those_of_services() -> None:
    lines: tuple[dict[str, str], ...] = ({}, {"project_name": "tests", "run_id": "b"})
    assert [row.service for row in read(*lines, services={"training": "assistant"}).rows] == ["assistant", ""]
    both = {"training": "assistant", "": "search"}
    assert [row.service for row in read(*lines, services=both).rows] == ["assistant", "search"]


def test_rows_of_one_run_rise() -> None:
    later = {"timestamp": "2026-03-14T11:00:00", "energy_consumed": "0.6"}
    found = read(later, {}, {}, {"timestamp": "2026-03-14T12:00:00", "energy_consumed": "0.5"}, {"emissions": "0.1"})
    assert [row.energy for row in found.rows] == [KWH * 4 // 10, KWH * 6 // 10]
    assert [(line, why.partition(":")[0]) for line, why in found.faults] == [
        (5, "its run has less energy than in line 2"),
        (6, "line 3 says something else of the same run and time"),
    ]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"energy_consumed": "nan"}, "energy_consumed is 'nan', and no number from 0 on"),
        ({"energy_consumed": "inf"}, "no number from 0 on"),
        ({"emissions": "-1"}, "emissions is '-1', and no number from 0 on"),
        ({"duration": "an hour"}, "duration is 'an hour'"),
        ({"energy_consumed": ""}, "what is unknown can't be counted"),
        ({"timestamp": "2026-11-26T00:00:00"}, "is in the future"),
        ({"timestamp": "14/03/2026"}, "is no timestamp: write"),
        ({"timestamp": "0001-01-01T00:00:00"}, "before there was CodeCarbon"),
        ({"run_id": ""}, "it names no run"),
        ({"duration": "0"}, "an energy of no time"),
        ({"duration": "400000000"}, "durations are in seconds"),
        ({"energy_consumed": "400"}, "energy_consumed is in kWh"),
        ({"emissions": "20.8"}, "emissions are in kilograms"),
    ],
)
def test_what_can_not_be_is_told_by_its_line_and_the_others_count(cells: dict[str, str], said: str) -> None:
    found = read(cells, {"run_id": "another"})
    assert [row.line for row in found.rows] == [3]
    ((line, why),) = found.faults
    assert line == 2
    assert said in why


def test_a_line_with_other_cells_than_headings_is_told() -> None:
    found = read_emissions(content({}) + b"1,2\n\n", Rules(UTC, NOW))
    assert found.faults == ((3, "it has 2 cells, and the headings are 38: correct it"),)


@dataclass(frozen=True)
class Wrong:
    content: bytes
    said: str


@pytest.mark.parametrize(
    "wrong",
    [
        Wrong(b"", "the file is empty"),
        Wrong(b"\xff\xfe", "no text in UTF-8"),
        Wrong(b"a\0b", "no text"),
        Wrong(b"date,model\n2026-01,x\n", "no column timestamp, project_name, run_id"),
        Wrong(content({}, columns=("task_name", *COLUMNS)), "it is a list of tasks"),
        Wrong(content({}, columns=(*COLUMNS, "run_id")), "may be there twice"),
        Wrong(content({}).replace(b"emissions,", b"emissions_g,", 1), "no column emissions"),
        Wrong(b" " * (LARGEST + 1), "larger than 64 MB"),
        Wrong(content({}) + b'"' + b"x" * 200_000, "is no CSV"),
    ],
    ids=lambda wrong: wrong.said,
)
def test_what_is_no_such_file_is_told_in_one_sentence(wrong: Wrong) -> None:
    with pytest.raises(EmissionsListError, match=wrong.said):
        read_emissions(wrong.content, Rules(UTC, NOW))


def test_ten_megabytes_are_read() -> None:
    lines = [{"run_id": f"run-{number}"} for number in range(95_000)]
    large = content(*lines)
    assert len(large) > 10_000_000
    assert len(read_emissions(large, Rules(UTC, NOW)).rows) == 95_000
