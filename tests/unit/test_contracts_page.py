"""The pages on contracts say what the program does."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest

from monitor.config import Surroundings, load
from monitor.core.activity import Unit
from monitor.core.clause_figures import Use, figure_of
from monitor.core.contracts import METRICS, Measured, Reason, Span, evaluate
from monitor.core.entries import Meter
from monitor.core.functional import Functional, Work, over
from monitor.core.interval import HOUR, Interval
from monitor.core.readings import Method
from monitor.core.units import MICROJOULES_PER_KILOWATT_HOUR, Energy

DOCS = Path(__file__).parents[2] / "docs"
PAGES = pytest.mark.parametrize("name", ["contracts.md", "contrats.md"])
METHODS = {"counter": Method.COUNTER, "modelled": Method.MODELLED}
MONTH = Interval(0, 30 * 24 * HOUR.nanoseconds)
ROW = re.compile(r"\| ([\d.]+) kWh \| (\w+), .* \| ([\d.]+) to ([\d.]+) Wh \| `(\w+)`(?:: `(\w+)`)? \|")


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@PAGES
def test_the_example_of_a_file_can_be_used(name: str, tmp_path: Path) -> None:
    file = tmp_path / "empreinte.toml"
    file.write_text(text(name).partition("```toml\n")[2].partition("```")[0], encoding="utf-8")
    config = load(Surroundings({"HOME": "/home/m"}, False, "ia-01", "Europe/Paris", file), file)
    assert config.contracts[0].clauses[0].threshold.written == "3 Wh"


@PAGES
def test_every_metric_and_functional_unit_is_named(name: str) -> None:
    page = text(name)
    wanted = [f"`{one}_..." if one.value.endswith("_per") else f"`{one}`" for one in Measured]
    assert [one for one in (*wanted, *(f"`{unit}`" for unit in Functional)) if one not in page] == []


def test_every_reason_is_explained() -> None:
    assert re.findall(r"^\| `(\w+)` \| (?=[a-z])", text("contracts.md").partition("Why nothing")[2], re.MULTILINE) == [
        reason.value for reason in Reason
    ]


def test_the_example_is_reckoned_so(tmp_path: Path) -> None:
    file = tmp_path / "empreinte.toml"
    file.write_text(text("contracts.md").partition("```toml\n")[2].partition("```")[0], encoding="utf-8")
    contract = load(Surroundings({"HOME": "/home/m"}, False, "ia-01", "Europe/Paris", file), file).contracts[0]
    rows = ROW.findall(text("contracts.md"))
    assert len(rows) == 5
    for kilowatt_hours, method, low, high, verdict, reason in rows:
        energy = int(Fraction(kilowatt_hours) * MICROJOULES_PER_KILOWATT_HOUR)
        done = {("", Unit.OUTPUT_TOKENS): 10**6, (over([Unit.OUTPUT_TOKENS]), Unit.ENERGY): energy}
        work = Work(done, Energy(energy), meters={Meter("package", METHODS[method]): Energy(energy)})
        found = figure_of(METRICS["energy_per_1000_output_tokens"], Use({"assistant": work}, covered=Fraction(1)))
        one = evaluate(contract, contract.clauses[0], Span("month", MONTH, MONTH.end), found)
        assert one.figure is not None
        assert f"{float(one.figure.value.low) / 3600:.2f}" == low
        assert f"{float(one.figure.value.high) / 3600:.2f}" == high
        assert one.verdict == verdict
        # more reasons may hold than the one that is told
        assert not reason or reason in one.reasons
