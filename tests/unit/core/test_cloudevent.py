import json
import re
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path
from typing import get_args

import pytest

from monitor.core import events
from monitor.core.cloudevent import TOLD, CloudEvent, is_asked_for, name_of, names, told
from monitor.core.contracts import Span, Verdict, evaluate
from monitor.core.entries import ServiceFacts
from monitor.core.events import (
    BudgetCrossed,
    ClauseBreached,
    ClauseEvaluated,
    CollectionFailed,
    CollectionSucceeded,
    CollectorBecameUnavailable,
    CollectorRecovered,
    EntryCorrected,
    Event,
    GapFound,
    HandlerFailed,
    ImpactAccounted,
    MetersAgreed,
    MetersDisagreed,
    ServiceAppeared,
    ServiceDisappeared,
)
from monitor.core.impact import Bounds, HourImpacts, ImpactSeries, Indicator, Terms
from monitor.core.interval import Interval, Stamp
from monitor.core.reconciliation import Disagreement
from monitor.core.units import Duration, Power
from tests.fixtures.contracts import CONTRACT, figure

SECOND = 10**9
START = 1_795_557_600 * SECOND
"""24 November 2026, 22:00:00 UTC."""
AT = Stamp(wall=START + 1_234_567_890, boot=77)
SPAN = Interval(START, START + 90 * SECOND)
IMPACTS = HourImpacts(
    START,
    {
        ImpactSeries("assistant", Indicator.ENERGY): Bounds(3_600_000, 3_600_000, 3_600_000),
        ImpactSeries("assistant", Indicator.GWP_USE): Bounds(1_000_000, 2_000_000, 3_500_000),
        ImpactSeries("_idle", Indicator.WATER_GRID): Bounds(1, 2, 4_000_000),
    },
    Terms("FR", (), filled=True),
)
BREACH = evaluate(
    CONTRACT,
    CONTRACT.clauses[0],
    Span("month", Interval(START, START + 30 * 86400 * SECOND), START + 86400 * SECOND),
    figure(10_900, 12_000, 13_500, coverage="0.95"),
)
CLAUSE_SAID: dict[str, object] = {
    "contract": "2026-DSI-042",
    "clause": "energie",
    "text": "Au plus 3 Wh pour 1 000 jetons produits",
    "metric": "energy_per_1000_output_tokens",
    "operator": "<=",
    "threshold": "3 Wh",
    "unit": "joules",
    "limit_amount": 10_800.0,
    "value": {"low": 10_900.0, "central": 12_000.0, "high": 13_500.0},
    "coverage_ratio": 0.95,
    "period": "month",
    "start": "2026-11-24T22:00:00Z",
    "end": "2026-12-24T22:00:00Z",
    "over": False,
    "verdict": "breached",
    "reasons": [],
    "penalty": "100 EUR par mois",
}
SAID: dict[Event, tuple[str, dict[str, object]]] = {
    ServiceAppeared(at=AT, service=ServiceFacts("a", "Assistant", "Com", "42", "vllm", "configured", ("b",))): (
        "a",
        {
            "service": "a",
            "name": "Assistant",
            "department": "Com",
            "contract": "42",
            "kind": "vllm",
            "found_by": "configured",
        },
    ),
    ServiceDisappeared(at=AT, service="a"): ("a", {"service": "a"}),
    GapFound(at=AT, resource="package", interval=SPAN, cause="reboot"): (
        "package",
        {
            "resource": "package",
            "cause": "reboot",
            "start": "2026-11-24T22:00:00.000Z",
            "end": "2026-11-24T22:01:30.000Z",
            "duration_seconds": 90.0,
        },
    ),
    CollectionFailed(at=AT, collector="rapl", why="busy", took=Duration.ZERO): (
        "rapl",
        {"collector": "rapl", "why": "busy", "defect": False},
    ),
    CollectorBecameUnavailable(at=AT, collector="rapl", reason="absent", what="none", cure="buy one"): (
        "rapl",
        {"collector": "rapl", "reason": "absent", "what": "none", "cure": "buy one"},
    ),
    CollectorRecovered(at=AT, collector="rapl"): ("rapl", {"collector": "rapl"}),
    MetersDisagreed(
        at=AT,
        collector="shelly:prise",
        why=Disagreement.DRIFTED,
        platform=Power.from_watts(310),
        components=Power.from_watts(200),
        expected=Power.from_watts(250.5),
    ): (
        "shelly:prise",
        {
            "collector": "shelly:prise",
            "why": "drifted",
            "platform_watts": 310.0,
            "components_watts": 200.0,
            "expected_watts": 250.5,
        },
    ),
    MetersAgreed(at=AT, collector="shelly:prise"): ("shelly:prise", {"collector": "shelly:prise"}),
    EntryCorrected(at=AT, interval=SPAN, generation=3, reason="new factors"): (
        "",
        {
            "generation": 3,
            "reason": "new factors",
            "start": "2026-11-24T22:00:00.000Z",
            "end": "2026-11-24T22:01:30.000Z",
            "duration_seconds": 90.0,
        },
    ),
    BudgetCrossed(
        at=AT,
        budget="ia",
        name="IA",
        limit="120 kgCO2e",
        interval=Interval(START, START + 30 * 86400 * SECOND),
        threshold=Fraction(4, 5),
        used_ratio=Fraction(13, 16),
        forecast_ratio=Fraction(9, 8),
        exhausted_at=START + 86400 * SECOND,
    ): (
        "ia",
        {
            "budget": "ia",
            "name": "IA",
            "limit": "120 kgCO2e",
            "start": "2026-11-24T22:00:00.000Z",
            "end": "2026-12-24T22:00:00.000Z",
            "threshold": 0.8,
            "used_ratio": 0.8125,
            "forecast_ratio": 1.125,
            "exhausted": "2026-11-25T22:00:00.000Z",
        },
    ),
    ClauseBreached(at=AT, evaluation=BREACH): ("2026-DSI-042", CLAUSE_SAID),
    ClauseEvaluated(at=AT, evaluation=BREACH, before=Verdict.UNDECIDED): (
        "2026-DSI-042",
        CLAUSE_SAID | {"verdict_before": "undecided"},
    ),
    HandlerFailed(at=AT, handler="mail", error="no"): ("mail", {"handler": "mail", "error": "no"}),
}


def sent(event: Event, *, simulated: bool = False) -> CloudEvent:
    made = told(event, "/ia-01", simulated=simulated)
    assert made is not None
    return made


@pytest.mark.parametrize(("event", "said"), SAID.items(), ids=lambda one: type(one).__name__)
def test_what_is_said_of_an_event_is_all_that_is_said(event: Event, said: tuple[str, dict[str, object]]) -> None:
    subject, data = said
    content = json.loads(sent(event).as_json())
    assert re.fullmatch(r"[0-9a-f]{32}", content.pop("id"))
    assert content.pop("subject", "") == subject
    assert content == {
        "specversion": "1.0",
        "source": "/ia-01",
        "type": f"eu.empreinte.{name_of(type(event))}.v1",
        "time": "2026-11-24T22:00:01.234Z",
        "datacontenttype": "application/json",
        "data": data,
    }


def test_what_an_hour_came_to_is_told_by_consumer_in_base_units() -> None:
    content = json.loads(sent(ImpactAccounted(at=AT, impacts=IMPACTS)).as_json())
    assert "subject" not in content
    assert content["data"] == {
        "start": "2026-11-24T22:00:00.000Z",
        "zone": "FR",
        "filled": True,
        "consumers": {
            "_idle": {"water_grid_liters": {"low": 1e-6, "central": 2e-6, "high": 4.0}},
            "assistant": {
                "energy_joules": {"low": 3.6, "central": 3.6, "high": 3.6},
                "emissions_use_grams": {"low": 1.0, "central": 2.0, "high": 3.5},
            },
        },
    }


def test_a_budget_of_which_no_forecast_is_known_is_told_without_one() -> None:
    known = next(event for event in SAID if isinstance(event, BudgetCrossed))
    data = json.loads(sent(replace(known, forecast_ratio=None, exhausted_at=None)).as_json())["data"]
    assert data["forecast_ratio"] is None
    assert data["exhausted"] is None


def test_the_same_event_has_the_same_id_and_another_one_has_another() -> None:
    gap = GapFound(at=AT, resource="package", interval=SPAN, cause="reboot")
    others = [
        replace(gap, resource="dram"),
        replace(gap, cause="unreadable"),
        replace(gap, at=replace(AT, wall=AT.wall + 1)),
        replace(gap, interval=Interval(SPAN.start, SPAN.end + SECOND)),
    ]
    assert sent(gap).id == sent(replace(gap)).id
    assert sent(gap).id != getattr(told(gap, "/ia-02"), "id", None)
    assert len({sent(one).id for one in [gap, *others]}) == 5


def test_what_comes_of_a_simulated_host_says_so() -> None:
    assert json.loads(sent(CollectorRecovered(at=AT, collector="rapl"), simulated=True).as_json())["simulated"] is True


def test_what_happens_at_each_reading_is_not_told() -> None:
    assert told(CollectionSucceeded(at=AT, collector="rapl", readings=(), took=Duration.ZERO), "/ia-01") is None
    kept = {kind.__name__ for kind in get_args(Event)} - {kind.__name__ for kind in TOLD}
    assert kept == {"CollectionSucceeded", "EnergyMeasured", "ActivityObserved", "IntensityObserved"}


def test_every_kind_that_is_told_is_tested_here() -> None:
    assert {type(event) for event in SAID} | {ImpactAccounted} == set(TOLD)


@pytest.mark.parametrize(
    ("globs", "asked"), [(("gap_found",), True), (("service_*",), False), (("x", "gap_*"), True), ((), False)]
)
def test_events_are_asked_for_by_globs(globs: tuple[str, ...], asked: bool) -> None:
    assert is_asked_for("gap_found", globs) is asked


def documented() -> dict[str, str]:
    page = (Path(__file__).parents[3] / "docs" / "events.md").read_text(encoding="utf-8")
    events = next(part for part in page.split("\n## ") if part.startswith("The events\n"))
    return {part.split("\n")[0]: part for part in events.split("\n### ")[1:]}


def test_every_event_that_is_told_is_documented_with_its_fields() -> None:
    sections = documented()
    assert tuple(sections) == names()
    for event, (_, data) in SAID.items():
        section = sections[name_of(type(event))]
        assert {name for name in data if f"`{name}`" not in section} == set()
        said = (type(event).__doc__ or "").split(".")[0]
        assert said.split(": ")[0] in " ".join(section.split())
    section = sections["impact_accounted"]
    assert [name for name in ("start", "zone", "filled", "consumers") if f"`{name}`" not in section] == []


def test_every_event_has_a_docstring_and_a_time() -> None:
    for kind in get_args(Event):
        assert kind.__doc__
        assert getattr(events, kind.__name__) is kind
        assert fields(kind)[0].name == "at"


def test_a_name_of_a_file_that_is_no_utf_8_can_be_told() -> None:
    made = told(CollectionFailed(at=AT, collector="rapl", why="no /sys/\udcff/energy", took=Duration.ZERO), "/ia-01")
    assert made is not None
    assert json.loads(made.as_json().encode())["data"]["why"] == "no /sys/?/energy"
