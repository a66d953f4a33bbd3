"""What a report says of the services' work: exact amounts, and what a unit of it took."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from monitor.config import Language
from monitor.core.activity import ActivitySeries, Authority, Unit
from monitor.core.entries import ServiceFacts, Share
from monitor.core.functional import Functional
from monitor.core.impact import Bounds, Indicator
from monitor.core.spread import UnitHours
from monitor.core.units import MICROJOULES_PER_KILOWATT_HOUR, Energy
from monitor.report.activity import ActivityRow
from monitor.report.composing import compose
from monitor.report.impacts import ImpactRow
from monitor.report.material import Material
from monitor.report.model import Report, make
from monitor.report.opendata import opendata
from monitor.report.scope import Scope, narrowed
from monitor.report.sheets import sheets
from monitor.wording import words
from tests.unit.report.test_model import ASSISTANT, books, row
from tests.unit.report.written import ENGLISH, lines, said

KWH = MICROJOULES_PER_KILOWATT_HOUR
WH = KWH // 1000
LIBRARY = ServiceFacts("library", "Library", "Culture")
PAGE, OTHER_PAGE = "http://127.0.0.1:8000/metrics", "http://127.0.0.1:8001/metrics"


def deed(
    month: int,
    unit: Unit,
    amount: int,
    *,
    facts: ServiceFacts = ASSISTANT,
    authority: Authority = Authority.SERVER,
    counted: bool = True,
    model: str = "",
    meter: str = PAGE,
    measured: bool = True,
) -> ActivityRow:
    series = ActivitySeries(facts.key, authority, meter, model, unit, measured)
    return ActivityRow(month, series, facts, amount, counted)


def impact(month: int, indicator: Indicator, amount: int) -> ImpactRow:
    return ImpactRow(month, ASSISTANT, indicator, Bounds(amount, amount, amount))


def worked() -> Report:
    """Return the report of a kilowatt-hour in January, and half a one in February."""
    return make(
        replace(
            books(row(1, KWH * 3 // 4), row(1, KWH // 4, share=Share.FLOOR), row(2, KWH // 2)),
            impacts=(
                *(impact(month, Indicator.ENERGY, amount) for month, amount in ((1, KWH), (2, KWH // 2))),
                *(impact(month, Indicator.GWP_USE, amount) for month, amount in ((1, 60_000_000), (2, 20_000_000))),
                impact(1, Indicator.GWP_EMBODIED, 20_000_000),
            ),
            activity=(
                deed(1, Unit.OUTPUT_TOKENS, 150_000, model="m"),
                deed(1, Unit.OUTPUT_TOKENS, 100_000, model="m", meter=OTHER_PAGE),
                deed(1, Unit.ENERGY, KWH * 3 // 4, meter=""),
                deed(1, Unit.REQUESTS, 3, authority=Authority.EVENTS),
                deed(1, Unit.REQUESTS, 4, counted=False),
                deed(2, Unit.OUTPUT_TOKENS, 50_000, model="n"),
                deed(2, Unit.ENERGY, KWH // 2, meter=""),
            ),
        )
    )


def hourly(*parts: tuple[ServiceFacts, Unit, UnitHours], before: int = 0) -> Report:
    """Return the same, with what its hours took, at *before* years before."""
    made = books(row(1, KWH), row(1, KWH, facts=LIBRARY))
    activity = tuple(
        deed(1, unit, amount, facts=facts, meter="")
        for facts in (ASSISTANT, LIBRARY)
        for unit, amount in ((Unit.OUTPUT_TOKENS, 4000), (Unit.INPUT_TOKENS, 9000), (Unit.ENERGY, KWH))
    )
    hours = {(facts, unit): one for facts, unit, one in parts}
    return make(replace(made, activity=activity, unit_hours=hours, year=made.year - before))


def test_amounts_are_told_exactly_by_who_says_so() -> None:
    told = [
        (line["month"], line["model"], line["unit"], line["authority"], line["counted"], line["amount"])
        for line in lines(worked(), "activity")
    ]
    assert told == [
        ("1", "", "requests", "events", "yes", "3"),
        ("1", "", "energy", "server", "yes", "2700000000000"),
        ("1", "", "requests", "server", "no", "4"),
        ("1", "m", "output_tokens", "server", "yes", "250000"),
        ("2", "", "energy", "server", "yes", "1800000000000"),
        ("2", "n", "output_tokens", "server", "yes", "50000"),
    ]


def test_no_address_of_a_server_is_in_a_report_that_is_published() -> None:
    files = {**sheets(worked(), ENGLISH), **opendata(worked(), {}, ENGLISH)}
    assert not any(b"127.0.0.1" in content for content in files.values())


def test_a_unit_of_work_is_told_with_numerator_and_denominator() -> None:
    tokens, requests, later = lines(worked(), "units")
    assert [one["functional_unit"] for one in (tokens, requests, later)] == [
        "1000_output_tokens",
        "request",
        "1000_output_tokens",
    ]
    assert (tokens["units"], tokens["energy_microjoules"]) == ("250.000000000", "2700000000000")
    assert (tokens["energy_watt_hours"], tokens["energy_low_watt_hours"]) == ("3.000000000", "2.700000000")
    assert tokens["energy_high_watt_hours"] == "3.300000000"
    assert tokens["emissions_grams"] == "0.240000000"
    assert tokens["sci_grams"] == "0.240000000"
    assert (tokens["sci_energy_kilowatt_hours"], tokens["sci_intensity_grams_per_kilowatt_hour"]) == (
        "0.750000000",
        "60.000000000",
    )
    assert tokens["sci_embodied_grams"] == "15"
    assert (tokens["known_ratio"], tokens["idle_ratio"]) == ("0.750000", "0.250000")
    assert requests["cautions"] == "cross_check_differs"
    # of February's hardware nothing is known: emissions of use alone, and no score
    assert (later["emissions_grams"], later["sci_grams"], later["sci_embodied_grams"]) == ("0.400000000", "", "")
    assert later["cautions"] == "implausible"


def test_over_the_year_numerators_and_denominators_are_added_before_they_are_divided() -> None:
    (use,) = worked().uses
    assert use.units is not None
    tokens = use.units.per_unit[Functional.OUTPUT_TOKENS]
    assert tokens.watt_hours == (750 + 500) / tokens.units == 1250 / tokens.units
    told = said(worked())["services"][0]["activity"]
    assert told["amounts"] == {"output_tokens": 300_000, "requests": 3}
    assert told["models"] == {"m": {"output_tokens": 250_000}, "n": {"output_tokens": 50_000}}
    assert told["energy_microjoules"] == KWH * 5 // 4
    assert told["per_unit"]["1000_output_tokens"]["units"] == "300.000000000"
    assert told["per_unit"]["1000_output_tokens"]["energy_watt_hours"]["central"] == "4.166666667"
    assert told["per_unit"]["request"]["sci"]["functional_units"] == "3.000000000"
    assert told["cross_checks"] == [
        {"authority": "server", "unit": "requests", "amount": 4, "counted": 3, "difference": 1}
    ]
    assert told["authorities"] == ["events", "server"]


def test_hours_are_weighed_by_what_was_done_in_them() -> None:
    moved = replace(ASSISTANT, department="Elsewhere")
    report = hourly(
        (ASSISTANT, Unit.OUTPUT_TOKENS, UnitHours([9000, 500], [9 * WH, 1 * WH], 3, 1)),
        # the same service, under other facts
        (moved, Unit.OUTPUT_TOKENS, UnitHours([500, 1], [4 * WH, WH], 2, 0)),
        # it reads to write: no figure is per token that was read
        (ASSISTANT, Unit.INPUT_TOKENS, UnitHours([9000], [WH])),
        (LIBRARY, Unit.OUTPUT_TOKENS, UnitHours([], [], 7, 4)),
    )
    common = {"functional_unit": "1000_output_tokens"}
    assert json.loads(opendata(report, {}, ENGLISH)["empreinte-2026.json"])["unit_hours"] == [
        {
            "service": "assistant",
            "hours": 4,
            "waiting_hours": 5,
            "unknown_hours": 1,
            "median_watt_hours": "1.000000000",
            "p95_watt_hours": "8.000000000",
            **common,
        },
        {
            "service": "library",
            "hours": 0,
            "waiting_hours": 7,
            "unknown_hours": 4,
            "median_watt_hours": None,
            "p95_watt_hours": None,
            **common,
        },
    ]


@pytest.mark.parametrize("language", list(Language))
def test_percentiles_stand_beside_those_of_the_year_before(language: Language) -> None:
    now = hourly((ASSISTANT, Unit.OUTPUT_TOKENS, UnitHours([1000, 1000], [2 * WH, 3 * WH], 1)))
    last = hourly((ASSISTANT, Unit.OUTPUT_TOKENS, UnitHours([1000], [7 * WH])), before=1)
    said = words("monitor.report", language)
    tables = {table.key: table for table in compose(Material(now, said, {}, last)).tables()}
    found = dict(
        zip((column.key for column in tables["per_unit_hours"].columns), tables["per_unit_hours"].rows[0], strict=True)
    )
    assert {key: str(value) for key, value in list(found.items())[2:]} == {
        "unit_hours": "2",
        "waiting_hours": "1",
        "unknown_hours": "0",
        "median_wh": "2.0000",
        "p95_wh": "3.0000",
        "median_before_wh": "7.0000",
        "p95_before_wh": "7.0000",
    }
    alone = next(one for one in compose(Material(now, said)).tables() if one.key == "per_unit_hours")
    assert alone.rows[0][-2:] == (None, None), "of a year that is unknown, nothing is said"
    without = [one.key for one in compose(Material(worked(), said)).tables()]
    assert "per_unit_hours" not in without


def test_models_have_what_they_did_and_no_energy() -> None:
    made = {table.key: table for table in compose(Material(worked(), ENGLISH)).tables()}["by_model"]
    assert [column.key for column in made.columns] == [
        "model",
        "services",
        "requests",
        "input_tokens",
        "output_tokens",
    ]
    assert [[str(cell) for cell in row] for row in (*made.rows, made.total or ())] == [
        ["m", "1", "None", "None", "250000"],
        ["n", "1", "None", "None", "50000"],
        ["Not told apart", "1", "3", "None", "None"],
        ["Together", "None", "3", "None", "300000"],
    ]
    without = [one.key for one in compose(Material(hourly(), ENGLISH)).tables()]
    assert "by_model" not in without, "nobody tells models apart"


def test_hours_of_another_department_are_none_of_its_own() -> None:
    hours = UnitHours([1000], [WH])
    both = {(ASSISTANT, Unit.OUTPUT_TOKENS): hours, (LIBRARY, Unit.OUTPUT_TOKENS): hours}
    kept = narrowed(replace(books(), unit_hours=both), Scope(service="library"))
    assert kept.unit_hours == {(LIBRARY, Unit.OUTPUT_TOKENS): hours}


def test_of_a_service_that_tells_nothing_nothing_is_said() -> None:
    report = make(books(row(1, 5)))
    assert said(report)["services"][0]["activity"] is None
    assert lines(report, "activity") == lines(report, "units") == []


def test_work_without_energy_has_amounts_and_empty_figures() -> None:
    report = make(replace(books(), activity=(deed(1, Unit.REQUESTS, 7),)))
    (line,) = lines(report, "units")
    assert (line["functional_unit"], line["units"]) == ("request", "7.000000000")
    figures = {name: text for name, text in line.items() if "energy" in name or "grams" in name or "ratio" in name}
    assert set(figures.values()) == {""}
    assert report.uses[0].total == Energy(0)
    assert said(report)["services"][0]["activity"]["per_unit"]["request"]["energy_watt_hours"] is None


def test_what_was_done_while_nothing_was_measured_is_told_apart_and_divides_nothing() -> None:
    report = make(
        replace(
            books(row(1, KWH)),
            activity=(
                deed(1, Unit.REQUESTS, 100),
                deed(1, Unit.REQUESTS, 900, measured=False),
                deed(1, Unit.ENERGY, KWH),
            ),
        )
    )
    told = [(one["unit"], one["measured"], one["amount"]) for one in lines(report, "activity")]
    assert told == [("energy", "yes", str(KWH)), ("requests", "no", "900"), ("requests", "yes", "100")]
    (line,) = lines(report, "units")
    assert (line["units"], line["energy_watt_hours"]) == ("100.000000000", "10.000000000")
    activity = said(report)["services"][0]["activity"]
    assert (activity["amounts"], activity["measured"]) == ({"requests": 1000}, {"requests": 100})


def test_under_other_facts_in_the_same_month_a_service_has_lines_of_its_own() -> None:
    moved = replace(ASSISTANT, department="Culture")
    report = make(
        replace(
            books(row(1, KWH), row(1, KWH, facts=moved)),
            activity=(
                deed(1, Unit.REQUESTS, 10),
                deed(1, Unit.ENERGY, KWH),
                deed(1, Unit.REQUESTS, 30, facts=moved),
                deed(1, Unit.ENERGY, KWH, facts=moved),
            ),
        )
    )
    told = [(one["department"], one["units"], one["energy_watt_hours"]) for one in lines(report, "units")]
    assert told == [
        ("Communication", "10.000000000", "100.000000000"),
        ("Culture", "30.000000000", "33.333333333"),
    ]
    assert report.uses[0].units is not None
    assert report.uses[0].units.per_unit[Functional.REQUEST].watt_hours == 50


def test_the_order_of_the_rows_does_not_matter() -> None:
    report = worked()
    again = make(
        replace(books(*reversed(report.rows)), impacts=worked_impacts(), activity=tuple(reversed(report.activity)))
    )
    assert sheets(again, ENGLISH) == sheets(report, ENGLISH)
    assert opendata(again, {}, ENGLISH) == opendata(report, {}, ENGLISH)


def worked_impacts() -> tuple[ImpactRow, ...]:
    return (
        impact(1, Indicator.GWP_EMBODIED, 20_000_000),
        impact(2, Indicator.GWP_USE, 20_000_000),
        impact(1, Indicator.GWP_USE, 60_000_000),
        impact(2, Indicator.ENERGY, KWH // 2),
        impact(1, Indicator.ENERGY, KWH),
    )
