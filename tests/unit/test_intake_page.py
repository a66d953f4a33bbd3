"""The page about the intake tells of the limits, fields and addresses that there are, and its examples work."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from monitor.config.intake import RATE, RETENTION
from monitor.core.activity import Unit
from monitor.core.interval import HOUR
from monitor.intake import json_body, names, spool, store, usage
from monitor.intake.cloudevents import STRUCTURED, UsageData, parse
from monitor.web import bodies, tokens
from monitor.web.application import INTAKE_PATHS
from tests.fixtures.intake import NOW

PAGE = (Path(__file__).parents[2] / "docs/intake.md").read_text()
FLAT = " ".join(PAGE.split())
MIB = 1024 * 1024


def section(number: int) -> str:
    return PAGE.partition(f"\n## {number}. ")[2].partition("\n## ")[0]


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(
    "sentence",
    [
        f"of {tokens.SHORTEST} characters or more",
        f"Up to {names.MOST_SERVICES} keys that no configuration knows",
        f"within {bodies.LONGEST_WAIT:.0f} seconds",
        f"more than {bodies.LARGEST // MIB} MiB, also unpacked",
        f"{bodies.LARGEST // MIB} MiB for a body, {bodies.MOST_HELD // MIB} MiB for all",
        f"{usage.MOST_EVENTS:,} events in it, {json_body.DEEPEST} levels deep",
        f"more than {usage.MOST_EVENTS:,} events",
        f"`[intake] events_per_second` ({RATE}) for each token",
        f"`[intake] retention` ({RETENTION.nanoseconds // (24 * HOUR.nanoseconds)} days)",
        f"{names.OTHERS['model'][0]} models, {names.OTHERS['provider'][0]} providers",
        f"and {names.OTHERS['source'][0]} sources are told apart",
        f"{spool.MOST_WAITING:,} events may wait",
        f"{store.MOST_UNMATCHED:,} that are of no service",
        f"for {store.MOST_REMEMBERED:,} events",
        f"is at most {store.LARGEST // MIB} MiB",
        f"where that has {usage.SHORTEST_RESPONSE_ID} characters or more",
    ],
)
def test_limits_are_those_of_the_program(sentence: str) -> None:
    assert sentence in FLAT


def test_a_burst_is_ten_seconds_and_clocks_may_be_an_hour_ahead() -> None:
    assert tokens.BURST == 10
    assert HOUR.nanoseconds == usage.MOST_AHEAD


def test_the_addresses_are_those_that_are_served() -> None:
    assert tuple(re.findall(r"^\| `POST (\S+)`", PAGE, re.MULTILINE)) == INTAKE_PATHS


def test_the_fields_are_those_that_are_read() -> None:
    cells = re.findall(r"^\| (`[^|]*) \|", section(4), re.MULTILINE)
    told = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert told == [field.name for field in msgspec.structs.fields(UsageData)]


def test_the_operations_are_those_that_are_told_apart() -> None:
    (row,) = [line for line in section(4).splitlines() if line.startswith("| `operation`")]
    assert set(re.findall(r"`(\w+)`", row)) - {"operation"} == set(usage.OPERATIONS.values())


def test_the_example_of_an_event_is_taken() -> None:
    (command,) = [block for block in blocks("sh") if "curl" in block]
    body = command.partition("-d '")[2].rpartition("'")[0]
    (event,) = parse(STRUCTURED, {}, body.encode(), usage.Arrival(NOW + 10**15)).events
    assert (event.service, event.source) == ("assistant", "portail.example.fr")
    assert event.counts[Unit.COMPUTED_INPUT_TOKENS] == 40


def test_the_examples_of_the_configuration_are_toml_and_the_answer_is_json() -> None:
    assert [set(tomllib.loads(block)) for block in blocks("toml")] == [{"intake"}, {"service"}]
    (answer,) = blocks("json")
    assert set(json.loads(answer)) == {"accepted", "duplicates", "unmatched", "ignored", "refused", "reasons"}
