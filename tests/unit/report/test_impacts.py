"""What a report says of impacts: nothing is lost between rows, months and year, and what is unknown is not zero."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.entries import IDLE, Meter, ServiceFacts, Share
from monitor.core.factors import How
from monitor.core.impact import Applied, Bounds, Indicator, Role, Terms
from monitor.core.interval import HOUR
from monitor.core.readings import Method
from monitor.core.uncertainty import emissions
from monitor.core.units import Duration, Energy
from monitor.report.factors import Generation, Reckoned, reckoning_of
from monitor.report.impacts import ImpactRow
from monitor.report.model import Books, Report, make
from monitor.report.opendata import opendata
from monitor.report.quantities import QUANTITIES
from monitor.report.sheets import sheets
from tests.fixtures.factors import H100, applied, asset
from tests.unit.report.test_model import ASSISTANT, books, row
from tests.unit.report.written import ENGLISH, lines, said

HELD = ServiceFacts(IDLE, IDLE)
USE, MADE = Indicator.GWP_USE, Indicator.GWP_EMBODIED
HOURS = Duration(744 * HOUR.nanoseconds)
TERMS = Terms("FR", (applied(Role.PUE, "1.6", "1.3", "2.0"), applied(Role.ELECTRICITY, "52.0", "49", "79")))


def impact(
    month: int, indicator: Indicator, amount: int, facts: ServiceFacts = ASSISTANT, spread: int = 0
) -> ImpactRow:
    return ImpactRow(month, facts, indicator, Bounds(amount - spread, amount, amount + 2 * spread))


def made(*impacts: ImpactRow, rows: tuple[Any, ...] = (), **others: Any) -> Report:
    return make(replace(books(*rows), impacts=impacts, **others))


def test_a_service_has_what_it_came_to_by_month_and_over_the_year() -> None:
    report = made(
        impact(1, USE, 500, spread=9), impact(2, USE, 70), impact(2, MADE, 3), rows=(row(1, 10**12), row(2, 10**12))
    )
    assert report.months[0].uses[0].impacts.amounts == {USE: Bounds(491, 500, 518)}
    assert report.months[1].uses[0].impacts.amounts == {USE: Bounds(70, 70, 70), MADE: Bounds(3, 3, 3)}
    assert report.uses[0].impacts.amounts == {USE: Bounds(561, 570, 588), MADE: Bounds(3, 3, 3)}
    assert report.impacts.amounts == report.uses[0].impacts.amounts
    assert report.months[2].impacts.amounts == {}


def test_emissions_have_the_error_of_the_measure() -> None:
    report = made(
        impact(1, USE, 10**9, spread=10**7),
        impact(1, MADE, 10**8),
        rows=(row(1, 10**12), row(1, 10**12, method=Method.MODELLED, resource="dram")),
    )
    meters = {
        Meter("package", Method.COUNTER): Energy(10**12),
        Meter("dram", Method.MODELLED): Energy(10**12),
    }
    expected = emissions(Bounds(99 * 10**7, 10**9, 102 * 10**7), Bounds(10**8, 10**8, 10**8), meters)
    assert report.uses[0].impacts.emissions == expected
    assert report.impacts.emissions == expected


def test_who_only_held_hardware_is_there_and_used_no_energy() -> None:
    report = made(impact(1, MADE, 7, HELD), rows=(row(1, 5),))
    assistant, idle = report.months[0].uses
    assert assistant.impacts.amounts == {}
    assert assistant.impacts.emissions is None
    assert (idle.facts, idle.total, idle.impacts.amounts) == (HELD, Energy(0), {MADE: Bounds(7, 7, 7)})


def test_the_share_of_the_energy_whose_impacts_are_known_is_told() -> None:
    report = made(impact(1, Indicator.ENERGY, 3), rows=(row(1, 4), row(1, 8, share=Share.FLOOR)))
    assert report.impact_coverage == Fraction(1, 4)
    assert said(report)["impact_coverage_ratio"] == 0.25
    assert made(rows=(row(1, 4),)).impact_coverage == 0
    assert made().impact_coverage is None
    assert said(made())["impact_coverage_ratio"] is None


def test_in_the_table_each_line_is_a_service_in_a_month_with_its_bounds() -> None:
    report = made(
        impact(1, USE, 1_234_567_890_123, spread=1),
        impact(1, Indicator.WATER_GRID, 5_000_001),
        impact(1, Indicator.ADPE_USE, 2_000_000_003),
        impact(1, Indicator.COST, 1_250_000),
        impact(1, Indicator.PRIMARY_ENERGY, 3_600_000_000_000),
        rows=(row(1, 5),),
    )
    (line,) = lines(report, "impacts")
    assert {name: text for name, text in line.items() if "emissions_use" in name} == {
        "emissions_use_kilograms": "1234.567890123",
        "emissions_use_low_kilograms": "1234.567890122",
        "emissions_use_high_kilograms": "1234.567890125",
    }
    assert line["water_grid_liters"] == "5.000001"
    assert line["abiotic_resources_use_milligrams"] == "2.000000003"
    assert line["cost_euros"] == "1.250000"
    assert line["primary_energy_kilowatt_hours"] == "1.000000"
    assert (line["service"], line["service_name"], line["contract"]) == ("assistant", "Assistant", "2026-DSI-042")
    assert line["emissions_kilograms"] == "1234.567890123"


def test_what_is_unknown_is_empty_or_null_and_not_zero() -> None:
    report = made(impact(1, USE, 5), rows=(row(1, 5),))
    (line,) = lines(report, "impacts")
    assert line["emissions_use_kilograms"] == "0.000000005"
    for name in ("water_site_liters", "cost_euros", "emissions_market_kilograms", "emissions_embodied_low_kilograms"):
        assert line[name] == ""
    told = said(report)["services"][0]["impacts"]
    assert told["water_site_liters"] is None
    assert told["emissions_use_kilograms"] == {"low": "0.000000005", "central": "0.000000005", "high": "0.000000005"}
    assert lines(made(rows=(row(1, 5),)), "impacts") == []


def test_under_other_facts_in_the_same_month_a_service_has_a_line_of_its_own() -> None:
    moved = replace(ASSISTANT, department="Culture")
    report = made(impact(1, USE, 5), impact(1, USE, 7, moved), rows=(row(1, 5), row(1, 5, facts=moved)))
    assert [(line["department"], line["emissions_use_kilograms"]) for line in lines(report, "impacts")] == [
        ("Communication", "0.000000005"),
        ("Culture", "0.000000007"),
    ]
    assert report.months[0].uses[0].impacts.amounts[USE].central == 12


def test_a_month_has_the_sum_also_where_nothing_was_measured() -> None:
    """The hardware is written off whether anybody measures or not."""
    unattributed = ServiceFacts("_unattributed", "_unattributed")
    told = said(made(impact(5, MADE, 9, unattributed)))
    assert told["months"][4]["services"] is None
    assert told["months"][4]["impacts"]["emissions_embodied_kilograms"]["central"] == "0.000000009"


def test_every_factor_at_work_is_told_once_with_its_source_and_for_how_long() -> None:
    live = Terms("FR", (*TERMS.applied, applied(Role.SHAPE, "30"), applied(Role.SHAPE_LEVEL, "40")), filled=False)
    other = replace(applied(Role.SHAPE, "60"), how=(How.EXACT,))
    later = Terms("FR", (*TERMS.applied, other, applied(Role.SHAPE_LEVEL, "40")), (asset("gpu0", H100),), filled=False)
    hour = HOUR
    report = made(
        reckoned=(
            Reckoned(TERMS, 0, HOURS),
            Reckoned(live, 2, hour),
            Reckoned(later, 2, Duration(3 * hour.nanoseconds)),
        ),
        generations=(
            Generation(2, 10**18, "marie", "live figures", "2026-11"),
            Generation(1, 10**18, "paul", "overlaid", "2026-11"),
        ),
    )
    told = said(report)["reckoning"]
    hours = {one["role"]: one["hours"] for one in told["factors"]}
    assert hours == {
        "electricity": "748",
        "hardware_gwp": "3",
        "hardware_lifetime": "3",
        "pue": "748",
        "shape_level": "4",
    }
    (electricity,) = (one for one in told["factors"] if one["role"] == "electricity")
    assert (electricity["value"], electricity["unit"], electricity["source"]) == ("52.0", "gCO2e/kWh", "a test")
    assert told["live_intensities"] == [
        {
            "provider": "somebody",
            "zone": "FR",
            "hours": "4",
            "lowest_grams_per_kilowatt_hour": "30",
            "highest_grams_per_kilowatt_hour": "60",
            "mean_grams_per_kilowatt_hour": 52.5,
        }
    ]
    assert [(one["number"], one["author"], one["hours"]) for one in told["generations"]] == [
        (0, None, "744"),
        (2, "marie", "4"),
    ]
    assert told["generations"][1]["made"] == "2001-09-09T01:46:40Z"
    assert [one["lifetime"] for one in told["hardware"]] == ["hardware_lifetime/gpu0/somebody/2024"]
    table = lines(report, "factors")
    assert [(line["role"], line["hours"]) for line in table] == list(hours.items())
    assert table[0]["how"] == "exact"
    assert table[1]["how"] == ""


def test_hours_that_the_yearly_level_stands_in_for_are_told() -> None:
    reckoning = reckoning_of([Reckoned(replace(TERMS, filled=True), 0, HOUR), Reckoned(TERMS, 0, HOURS)])
    assert reckoning.filled == HOUR


def test_a_factor_that_was_chosen_in_two_ways_is_told_twice() -> None:
    older = Terms("FR", tuple(replace(one, how=(How.OLDER_YEAR,)) for one in TERMS.applied))
    reckoning = reckoning_of([Reckoned(TERMS, 0, HOUR), Reckoned(older, 0, HOUR)])
    assert [(one.role, one.how) for one in reckoning.factors] == [
        ("electricity", (How.EXACT,)),
        ("electricity", (How.OLDER_YEAR,)),
        ("pue", (How.EXACT,)),
        ("pue", (How.OLDER_YEAR,)),
    ]


def test_what_the_organisation_states_has_no_year_where_it_gave_none() -> None:
    (pue, _) = TERMS.applied
    stated = Applied(Role.PUE, replace(pue.factor, year=0), (How.EXACT,))
    report = made(reckoned=(Reckoned(Terms("FR", (stated,)), 0, HOUR),))
    assert lines(report, "factors")[0]["year"] == ""
    assert said(report)["reckoning"]["factors"][0]["year"] is None


def test_an_asset_tells_when_it_was_bought_and_which_part_is_this_hosts() -> None:
    owned = asset("gpu0", H100, adpe="0.005", bought=date(2026, 1, 2), share="0.25")
    report = made(reckoned=(Reckoned(Terms("FR", (), (owned,)), 0, HOUR),))
    (told,) = said(report)["reckoning"]["hardware"]
    assert (told["bought"], told["share_ratio"], told["resource"]) == ("2026-01-02", "0.25", "gpu0")
    assert told["adpe"] == "hardware_adpe/gpu0/somebody/2024"


def test_the_order_of_what_the_ledger_says_does_not_matter() -> None:
    impacts = (impact(1, USE, 5), impact(2, MADE, 7, HELD), impact(1, MADE, 11))
    reckoned = (Reckoned(TERMS, 0, HOUR), Reckoned(Terms("FR", TERMS.applied[:1], (asset("gpu0", H100),)), 1, HOUR))
    one = made(*impacts, reckoned=reckoned, rows=(row(1, 5), row(2, 7)))
    two = made(*reversed(impacts), reckoned=tuple(reversed(reckoned)), rows=(row(2, 7), row(1, 5)))
    assert opendata(one, {}, ENGLISH) == opendata(two, {}, ENGLISH)
    assert sheets(one, ENGLISH) == sheets(two, ENGLISH)


def test_every_indicator_is_told() -> None:
    assert set(QUANTITIES) == set(Indicator)


AMOUNTS = st.tuples(st.integers(1, 12), st.sampled_from(list(Indicator)), st.integers(0, 10**22), st.booleans())


@given(st.lists(AMOUNTS, max_size=30))
def test_nothing_is_lost_between_rows_months_and_year(amounts: list[tuple[int, Indicator, int, bool]]) -> None:
    report = made(*(impact(month, one, amount, HELD if held else ASSISTANT) for month, one, amount, held in amounts))
    for indicator in Indicator:
        whole = sum(amount for _, one, amount, _ in amounts if one is indicator)
        assert report.impacts.amounts.get(indicator, Bounds.ZERO).central == whole
        for parts in (
            [use.impacts for use in report.uses],
            [month.impacts for month in report.months],
            [use.impacts for month in report.months for use in month.uses],
            [line.impacts for line in report.impact_lines],
        ):
            assert sum(part.amounts.get(indicator, Bounds.ZERO).central for part in parts) == whole
        quantity = QUANTITIES[indicator]
        exact = sum(
            Decimal(quantity.text(part.amounts[indicator].central)) for part in parts if indicator in part.amounts
        )
        if quantity.unit != "kilowatt_hours":
            assert exact * quantity.units == whole


def test_books_without_impacts_are_as_they_were() -> None:
    assert isinstance(books(), Books)
    assert made(rows=(row(1, 5),)).impacts.emissions is None
