"""Of many services the largest are read, and all of them are there: in the annex, and in sums as they are printed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from monitor.config import Language
from monitor.core.activity import ActivitySeries, Authority, Unit
from monitor.core.entries import ServiceFacts
from monitor.core.impact import Bounds, Indicator
from monitor.report.activity import ActivityRow
from monitor.report.composing import compose
from monitor.report.document import Cell, Document, Notice, Table
from monitor.report.impacts import ImpactRow
from monitor.report.material import Material
from monitor.report.model import Report, make
from monitor.report.sections.annex import annex
from monitor.report.sections.largest import KEPT, MANY
from monitor.wording import words
from tests.unit.report.test_composing import KG, KWH, blocks, table
from tests.unit.report.test_model import OTHER, books, row

BY_SERVICE = ("energy_by_service", "emissions_by_service", "resources_by_service")


def services(count: int) -> list[ServiceFacts]:
    return [
        ServiceFacts(f"s{place:03}", f"Service {place}", "Culture", found_by="configured") for place in range(count)
    ]


def report(count: int, telling: int = 0) -> Report:
    """Return a year of so many services, of which so many tell what they do; the first uses most."""
    found = services(count)
    rows = [row(1, KWH + (count - place) * KWH // 7, facts=facts) for place, facts in enumerate(found)]
    impacts = [
        ImpactRow(1, facts, indicator, Bounds(place * KG // 30, place * KG // 13, place * KG // 7))
        for place, facts in enumerate(found)
        for indicator in (Indicator.GWP_USE, Indicator.WATER_GRID)
    ]
    series = [ActivitySeries(one.key, Authority.SERVER, "http://x", "", Unit.REQUESTS) for one in found[:telling]]
    done = [ActivityRow(1, one, facts, 7, counted=True) for one, facts in zip(series, found, strict=False)]
    of = books(*rows, row(1, KWH // 3, facts=OTHER))
    return make(replace(of, impacts=tuple(impacts), activity=tuple(done)))


def material(of: Report, language: Language = Language.ENGLISH) -> Material:
    return Material(of, words("monitor.report", language))


def composed(of: Report, language: Language = Language.ENGLISH) -> Document:
    return compose(material(of, language))


def numbers(rows: tuple[tuple[Cell, ...], ...], place: int) -> Decimal:
    return sum((cell for cells in rows if isinstance(cell := cells[place], Decimal)), Decimal(0))


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("key", BY_SERVICE)
def test_the_smaller_ones_share_a_line_and_all_of_it_sums_to_what_the_annex_has(key: str, language: Language) -> None:
    made = composed(report(60), language)
    short, full = table(made, f"largest_{key}"), table(made, key)
    assert len(short.rows) == KEPT + 2
    assert len(full.rows) == 61
    assert short.rows[:KEPT] == full.rows[:KEPT]
    assert short.rows[-1] == full.rows[-1], "what no service used stays apart"
    assert str(60 - KEPT) in str(short.rows[KEPT][0])
    assert short.total == full.total
    for place, column in enumerate(full.columns):
        if column.key not in {"idle_percent", "measured_percent"}:
            assert numbers(short.rows, place) == numbers(full.rows, place), column.key


def test_what_is_no_sum_is_not_summed() -> None:
    short = table(composed(report(60)), "largest_energy_by_service")
    at = [column.key for column in short.columns].index("measured_percent")
    assert short.rows[KEPT][at] == Decimal("100.0")


@pytest.mark.parametrize("count", [1, MANY])
def test_of_few_each_has_its_line_and_there_is_no_annex(count: int) -> None:
    made = composed(report(count))
    assert [len(table(made, key).rows) for key in BY_SERVICE] == [count + 1] * 3
    assert not any(one.key.startswith("largest_") for one in made.tables())
    assert annex(material(report(count))) is None


def test_the_annex_is_the_last_of_all() -> None:
    made = composed(report(MANY + 1))
    assert made.sections[-1].key == "all-services"
    tables = [one for one in made.sections[-1].blocks if isinstance(one, Table)]
    assert [one.key for one in tables] == list(BY_SERVICE)


def test_what_the_largest_do_is_told_and_of_all_in_the_annex() -> None:
    made = composed(report(60, telling=40))
    assert len(table(made, "largest_activity").rows) == KEPT
    assert len(table(made, "activity").rows) == 40


def test_who_tells_nothing_is_named_as_far_as_names_are_read() -> None:
    (notice,) = (one for one in blocks(composed(report(60, telling=2)), "units") if isinstance(one, Notice))
    assert notice.text.endswith("Service 21 and 38 others.")
    (notice,) = (one for one in blocks(composed(report(4, telling=2)), "units") if isinstance(one, Notice))
    assert notice.text.endswith("Service 2, Service 3.")
