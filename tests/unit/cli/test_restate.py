import getpass
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from monitor.cli.restate import login
from monitor.core.impact import Indicator
from monitor.core.interval import Interval
from monitor.ledger.store import Ledger
from tests.unit.cli.conftest import CLOSED, Call
from tests.unit.cli.reckoned import END, EVERYTHING, HOURS, HR, configure, hours, keep, live

WHOLE = Interval(CLOSED, END)
FACTOR = """
[[factor]]
key = "electricity/FR/ours/2026"
quantity = "electricity"
subject = "FR"
provider = "ours"
value = 20.0
low = 15
high = 25
unit = "gCO2e/kWh"
year = 2026
valid_from = 2026-01-01
cycle = "life_cycle"
boundary = "consumption"
accounting = "location"
source = "a test"
address = "https://example.org/"
licence = "none"
retrieved = 2026-11-23
"""


@pytest.fixture
def kept(place: Path) -> str:
    """Keep a ledger of hours whose impacts are known; return where it is."""
    config = configure(place)
    keep(config, hours())
    return config.ledger.url


@pytest.fixture
def factors(place: Path) -> str:
    """Write a file of the organisation's own factors; return where it is."""
    file = place / "ours.toml"
    file.write_text(FACTOR, encoding="utf-8")
    return str(file)


def grams(url: str, interval: Interval = WHOLE) -> int:
    """Return what all consumers came to, in micrograms of use."""
    with Ledger.read(url) as ledger:
        return sum(
            amount.central
            for key, amount in ledger.sums(interval).impacts.items()
            if key.indicator is Indicator.GWP_USE
        )


def told(call: Call, *arguments: str) -> Any:
    said = call("restate", *arguments, "--json")
    assert (said.status, said.err) == (0, "")
    return json.loads(said.out)


def test_under_another_factor_the_hours_come_to_something_else(call: Call, kept: str, factors: str) -> None:
    before = grams(kept)
    said = told(call, "2026-03", "--factors", factors, "--reason", "our own study", "--author", "marie")
    difference = said["differences"]["emissions_use_micrograms"]
    assert difference["before"]["central"] == before
    assert difference["after"]["central"] == grams(kept)
    shown = json.loads(call("factors", "show", "electricity/FR/ademe/2025", "--json").out)
    # each hour of each consumer is rounded to the microgram
    assert abs(grams(kept) - before * Fraction(20) / Fraction(str(shown["value"]))) < 2 * HOURS
    assert (said["generation"], said["hours_changed"], said["dry_run"]) == (1, HOURS, False)
    assert (said["author"], said["reason"]) == ("marie", "our own study")
    assert said["factor_set"].startswith("2026-11+")
    same = said["differences"]["emissions_embodied_micrograms"]
    assert same["before"] == same["after"]


def test_what_it_says_by_service_sums_to_what_it_says_of_all(call: Call, kept: str, factors: str) -> None:
    assert kept
    said = told(call, "2026", "--factors", factors, "--reason", "r")
    names = ("emissions_use_micrograms", "emissions_embodied_micrograms")
    for when in ("before", "after"):
        whole = sum(said["differences"][name][when]["central"] for name in names)
        assert sum(one[when]["central"] for one in said["services"].values()) == whole
    assert set(said["services"]) == {"assistant", "_other", "_idle", "_unattributed"}


def test_the_same_terms_change_nothing_and_make_no_generation(call: Call, kept: str) -> None:
    before = grams(kept)
    said = call("restate", "2026-03", "--reason", "to see")
    assert (said.status, said.err) == (0, "")
    assert "Nothing changes" in said.out
    assert (call("restate", "--list").out.strip(), grams(kept)) == (
        "Nothing was ever restated: every hour counts as it was derived when it closed.",
        before,
    )
    assert told(call, "2026-03", "--reason", "to see")["generation"] is None


def test_a_dry_run_says_the_same_and_writes_nothing(call: Call, kept: str, factors: str, place: Path) -> None:
    file = place / "state/ledger.db"
    before, content = grams(kept), file.read_bytes()
    dry = told(call, "2026-03", "--factors", factors, "--dry-run")
    assert (grams(kept), file.read_bytes()) == (before, content)
    assert told(call, "--list") == []
    wet = told(call, "2026-03", "--factors", factors, "--reason", "r")
    assert dry["differences"] == wet["differences"]
    assert dry["services"] == wet["services"]
    assert (dry["hours_changed"], dry["generation"]) == (wet["hours_changed"], None)
    said = call("restate", "2026-03", "--dry-run", "--factors", "2026-11").out
    assert "Nothing was written" in " ".join(said.split())


def test_it_is_printed_for_people_in_both_languages(call: Call, kept: str, factors: str) -> None:
    assert kept
    english = call("restate", "2026-03", "--factors", factors, "--dry-run").out
    assert "36 h from 2026-03-10 13:00 to 2026-03-12 01:00" in english
    assert "before" in english
    assert "Assistant" in english
    assert "kgCO2e" in english
    french = call(
        "restate", "2026-03", "--factors", factors, "--reason", "étude", "--author", "zoé", "--lang", "fr"
    ).out
    assert "la génération 1, de zoé, compte" in " ".join(french.split())
    assert "2026-03" not in french
    assert "10/03/2026" in french


def test_only_the_days_that_are_named_are_restated(call: Call, kept: str, factors: str) -> None:
    first = Interval(CLOSED, CLOSED + 11 * HR)
    before = grams(kept, first)
    said = told(call, "--from", "2026-03-11", "--to", "2026-03-11", "--factors", factors, "--reason", "r")
    assert (said["start"], said["end"]) == ("2026-03-10T23:00:00Z", "2026-03-11T23:00:00Z")
    assert grams(kept, first) == before
    assert told(call, "2026-03-11", "--factors", factors, "--reason", "r")["generation"] is None


def test_hours_that_precede_the_ledger_are_not_made_up(call: Call, kept: str, factors: str) -> None:
    assert kept
    said = told(call, "2026", "--factors", factors, "--reason", "r")
    assert (said["start"], said["end"]) == ("2026-03-10T12:00:00Z", "2026-03-12T00:00:00Z")


def test_all_restatements_are_listed_with_who_and_why(call: Call, kept: str, factors: str) -> None:
    assert kept
    told(call, "2026-03-11", "--factors", factors, "--reason", "first", "--author", "anna")
    told(call, "2026-03", "--reason", "back to ADEME", "--author", "bruno")
    listed = told(call, "--list")
    assert [(one["generation"], one["author"], one["reason"]) for one in listed] == [
        (1, "anna", "first"),
        (2, "bruno", "back to ADEME"),
    ]
    assert listed[1]["hours_changed"] == 24
    said = call("restate", "--list").out
    assert "Generation 1" in said
    assert "bruno: back to ADEME" in said


def test_an_explanation_tells_the_generation(call: Call, kept: str, factors: str) -> None:
    assert kept
    told(call, "2026-03-11", "--factors", factors, "--reason", "our own study", "--author", "marie")
    said = " ".join(call("explain", "assistant", "2026-03").out.split())
    assert "Generation 0: as derived when the hours closed." in said
    assert "by marie, with the factors 2026-11+" in said
    assert "our own study" in said
    assert "\u00d7 20.0 gCO2e/kWh" in said


def test_hours_that_had_no_zone_get_their_impacts(call: Call, place: Path) -> None:
    keep(configure(place, "", ""), hours())
    configure(place)
    said = told(call, "2026", "--reason", "the zone is set")
    assert said["differences"]["emissions_use_micrograms"]["before"] is None
    assert said["services"]["assistant"]["before"] is None
    assert said["services"]["assistant"]["after"]["central"] > 0
    assert "unknown" in call("restate", "--list").out


def test_live_intensities_that_the_ledger_has_are_used(call: Call, place: Path) -> None:
    tables = '[factors]\nlive = "rte"\n[inventory]\ndetect = false\n'
    config = configure(place, tables)
    keep(config, hours(), live())
    assert told(call, "2026", "--reason", "to see")["generation"] is None


def test_without_a_reason_it_is_not_done(call: Call, kept: str, factors: str) -> None:
    before = grams(kept)
    for reason in ((), ("--reason", " ")):
        said = call("restate", "2026-03", "--factors", factors, *reason)
        assert said.status == 2
        assert "say why" in said.err
    assert grams(kept) == before


@pytest.mark.parametrize("arguments", [(), ("2026", "--from", "2026-01-01")])
def test_the_time_is_named_once(call: Call, kept: str, arguments: tuple[str, ...]) -> None:
    assert kept
    said = call("restate", *arguments, "--reason", "r")
    assert said.status == 2
    assert "name the time to restate" in said.err


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        (("2027",), 1, "no hour of that time is closed"),
        (("2025",), 1, "no hour of that time is closed"),
        (("soon",), 2, "'soon' is no time"),
        (("2026", "--factors", "2019-01"), 2, "neither a file nor a set: the sets are 2026-11"),
        (("--from", "yesterday"), 2, "--from yesterday is not a day"),
    ],
)
def test_what_can_not_be_done_is_told_with_the_cure(
    call: Call, kept: str, arguments: tuple[str, ...], status: int, expected: str
) -> None:
    assert kept
    said = call("restate", *arguments, "--reason", "r")
    assert (said.status, said.out) == (status, "")
    assert expected in said.err


def test_without_a_zone_the_cure_is_named(call: Call, place: Path) -> None:
    keep(configure(place, "", ""), hours())
    said = call("restate", "2026", "--reason", "r")
    assert said.status == 2
    assert "set host.zone" in said.err


def test_a_file_of_factors_that_is_wrong_is_told(call: Call, kept: str, factors: str) -> None:
    assert kept
    Path(factors).write_text(FACTOR.replace('unit = "gCO2e/kWh"\n', ""), encoding="utf-8")
    said = call("restate", "2026", "--factors", factors, "--reason", "r")
    assert said.status == 2
    assert "unit" in said.err


def test_without_a_ledger_the_status_is_no(call: Call, place: Path) -> None:
    configure(place)
    assert call("restate", "2026", "--reason", "r").status == 1
    assert call("restate", "2026", "--dry-run").status == 1
    assert call("restate", "--list").status == 1


@contextmanager
def environment(monkeypatch: pytest.MonkeyPatch, **values: str) -> Iterator[None]:
    for name in ("SUDO_USER", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    yield


def test_who_restates_is_the_user_also_behind_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    with environment(monkeypatch, LOGNAME="root", SUDO_USER="marie"):
        assert login() == "marie"
    with environment(monkeypatch, LOGNAME="paul"):
        assert login() == "paul"
    with environment(monkeypatch):
        assert login() in {getpass.getuser(), f"uid {os.getuid()}"}


def test_everything_that_is_configured_is_reckoned_with(call: Call, kept: str, place: Path) -> None:
    """Another PUE restates as another factor does."""
    before = grams(kept)
    file = place / "empreinte.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("pue = 1.42", "pue = 2.84"), encoding="utf-8")
    said = told(call, "2026-03", "--reason", "the PUE was measured")
    assert abs(grams(kept) - 2 * before) <= HOURS * 2
    assert (
        said["differences"]["water_site_microliters"]["before"]
        == said["differences"]["water_site_microliters"]["after"]
    )
    assert EVERYTHING in file.read_text(encoding="utf-8")
