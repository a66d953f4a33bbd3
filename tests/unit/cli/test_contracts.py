"""What may be said of clauses, of a real ledger: one hour in which the assistant used 3 Wh, on 10 March 2026."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from monitor.cli.contracts_page import clause_json, clause_text, clause_titles
from monitor.cli.evaluated import evaluated_in
from monitor.cli.terminal import Terminal
from monitor.config import Surroundings, load
from monitor.core.calendar import named_period
from monitor.core.contracts import Reason, Verdict
from monitor.ledger.store import Ledger
from monitor.report.clauses import model_clauses

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Call

CONTRACT = '[[contract]]\nuid = "2026-DSI-042"\ntitle = "Rédaction"\nstarts = 2026-03-10\n'
CLAUSE = (
    '[[contract.clause]]\nid = "{}"\nmetric = "energy"\noperator = "<="\nthreshold = "{}"\nperiod = "{}"\n'
    "min_coverage = 0.05\n"
)
BREACHED = CLAUSE.format("peu", "1 Wh", "month")
UNDECIDED = CLAUSE.format("assez", "1 kWh", "year")
MARCH = ("contracts", "evaluate", "--period", "2026-03")


def add(place: Path, *stated: str) -> None:
    file = place / "empreinte.toml"
    file.write_text(file.read_text(encoding="utf-8") + "".join(stated), encoding="utf-8")


@pytest.mark.usefixtures("ledger")
def test_a_breach_that_is_shown_is_told_and_ends_with_one(call: Call, place: Path) -> None:
    add(place, CONTRACT, BREACHED)
    said = call(*MARCH)
    assert (said.status, said.err) == (1, "")
    assert "2026-DSI-042 · Rédaction" in said.out
    shown = said.out.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
    row = next(line for line in shown.splitlines() if "peu" in line)
    assert [part.strip() for part in row.split("  ") if part] == [
        "peu",
        "breached",
        "3.00 Wh",
        "at most 1.00 Wh",
        "7.1%",
    ]
    assert "between 2.70 Wh" in shown


@pytest.mark.usefixtures("ledger")
def test_what_is_not_shown_says_why_and_ends_with_zero(call: Call, place: Path) -> None:
    add(place, CONTRACT, UNDECIDED)
    said = call("contracts", "evaluate", "--period", "2026", "--json")
    (found,) = json.loads(said.out)["contracts"][0]["evaluations"]
    assert (said.status, found["verdict"], found["reasons"]) == (0, "undecided", ["not_over"])
    assert (found["period"], found["value"]["central"], found["unit"]) == ("2026-01-01", 10_800, "joules")


@pytest.mark.usefixtures("ledger")
def test_only_what_begins_in_the_time_that_is_asked_for_is_judged(call: Call, place: Path) -> None:
    add(place, CONTRACT, BREACHED, UNDECIDED)
    (march,) = json.loads(call(*MARCH, "--json").out)["contracts"]
    assert [one["clause"] for one in march["evaluations"]] == ["peu"]
    february = call("contracts", "evaluate", "--period", "2026-02")
    assert (february.status, "No window of its clauses" in february.out) == (0, True)


@pytest.mark.usefixtures("ledger")
def test_a_whole_contract_is_judged_by_its_name(call: Call, place: Path) -> None:
    add(place, CONTRACT, BREACHED, CLAUSE.format("tout", "1 Wh", "contract"))
    said = call("contracts", "evaluate", "--period", "contract", "--json")
    (found,) = json.loads(said.out)["contracts"][0]["evaluations"]
    assert (said.status, found["clause"], found["verdict"], found["ends_at"]) == (1, "tout", "breached", None)


@pytest.mark.usefixtures("ledger")
def test_wrong_use_ends_with_two_and_the_cure(call: Call, place: Path) -> None:
    said = call("contracts", "evaluate")
    assert (said.status, said.err) == (
        2,
        "empreinte: no contract is configured: add a [[contract]] with its clauses, see docs/contracts.md\n",
    )
    add(place, CONTRACT, BREACHED)
    said = call("contracts", "evaluate", "--contract", "2026-DSI-024")
    assert (said.status, "did you mean 2026-DSI-042?" in said.err) == (2, True)
    assert call("contracts", "evaluate", "--period", "soon").status == 2


def test_without_a_ledger_it_ends_with_three(call: Call, place: Path) -> None:
    add(place, CONTRACT, BREACHED)
    assert call("contracts", "evaluate").status == 3


@pytest.mark.usefixtures("ledger")
def test_hours_after_the_time_that_is_asked_for_are_not_looked_at(place: Path, url: str) -> None:
    add(place, CONTRACT, CLAUSE.format("tout", "1 Wh", "contract"))
    config = load(Surroundings.of_this_process(), place / "empreinte.toml")
    with Ledger.read(url) as ledger:

        def judged(period: str) -> tuple[Verdict, tuple[Reason, ...]]:
            within = named_period(period, 0, ZoneInfo("Europe/Paris"))
            (one,) = evaluated_in(ledger, config, config.contracts, within)[0].evaluations
            return one.verdict, one.reasons

        assert judged("2026-03-10") == (Verdict.BREACHED, ())
        before = evaluated_in(ledger, config, config.contracts, named_period("2025", 0, ZoneInfo("Europe/Paris")))
        assert before[0].evaluations == ()


def test_a_model_clause_can_be_pasted_under_a_contract(call: Call, place: Path) -> None:
    checked = [one for one in model_clauses() if one.check]
    pasted = "".join(f"{call('contracts', 'clauses', one.key).out}" for one in checked)
    assert len(tomllib.loads(CONTRACT + pasted)["contract"][0]["clause"]) == len(checked) > 1
    add(place, CONTRACT, pasted)
    assert call("config", "check").status == 0


def test_the_library_is_listed_with_what_figures_check(call: Call) -> None:
    said = call("contracts", "clauses")
    assert (said.status, said.err) == (0, "")
    assert [line.split()[0] for line in said.out.splitlines() if "  CC" in line] == [one.key for one in model_clauses()]
    told = json.loads(call("contracts", "clauses", "--json").out)
    assert [(one["key"], bool(one["toml"]), bool(one["source"])) for one in told] == [
        (one.key, bool(one.check), True) for one in model_clauses()
    ]


def test_a_clause_that_no_figure_checks_is_a_text_alone() -> None:
    clause = next(one for one in model_clauses() if not one.check)
    assert all(line.startswith("#") for line in clause_text(clause).splitlines())
    assert clause_json(clause)["toml"] == ""
    assert "-" in clause_titles([clause], Terminal(80, colours=False))


def test_an_unknown_clause_is_wrong_use_with_the_nearest(call: Call) -> None:
    said = call("contracts", "clauses", "peu")
    assert (said.status, "there is no clause 'peu': did you mean pue" in said.err) == (2, True)
