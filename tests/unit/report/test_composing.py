"""The report as a document: what it says of a rich year, of one that is nearly empty, and in both languages."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import Language
from monitor.core.entries import ServiceFacts
from monitor.core.factors import Quantity
from monitor.core.impact import Bounds, Indicator, Role, Terms
from monitor.core.interval import HOUR
from monitor.core.units import MICROGRAMS_PER_GRAM, MICROJOULES_PER_KILOWATT_HOUR, Duration
from monitor.factors.loading import load
from monitor.report.composing import compose, fingerprint_of
from monitor.report.document import Figure, Headlines, Listing, Notice, Paragraph
from monitor.report.equivalences import equivalences
from monitor.report.factors import Reckoned
from monitor.report.impacts import ImpactRow
from monitor.report.material import Material
from monitor.report.measures import KILOWATT_HOURS
from monitor.report.model import Covered, Report, make
from monitor.report.opendata import figures
from monitor.wording import words
from tests.fixtures.factors import applied
from tests.unit.report.test_activity import worked
from tests.unit.report.test_external import BOOKS
from tests.unit.report.test_model import ASSISTANT, OTHER, books, row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.report.document import Block, Document, Section, Table

KWH = MICROJOULES_PER_KILOWATT_HOUR
KG = 1000 * MICROGRAMS_PER_GRAM
CATALOGUE = load("2026-11")
COMPARISONS = tuple(
    factor
    for subject in CATALOGUE.subjects(Quantity.EQUIVALENCE)
    for factor in CATALOGUE.find(Quantity.EQUIVALENCE, subject)
)
ABOUT = {"organisation": "Ville de Sainte-Énergie", "siret": "", "host": "ia-01"}
LIBRARY = ServiceFacts("library", "Catalogue", "Culture")


def document(report: Report, language: Language = Language.ENGLISH, before: Report | None = None) -> Document:
    said = words("monitor.report", language)
    fingerprint = fingerprint_of(figures(report, ABOUT, words("monitor.report", Language.ENGLISH)))
    return compose(Material(report, said, ABOUT, before, COMPARISONS, fingerprint))


def impact(month: int, indicator: Indicator, amount: int, facts: ServiceFacts = ASSISTANT) -> ImpactRow:
    return ImpactRow(month, facts, indicator, Bounds(amount // 2, amount, 2 * amount))


def rich() -> Report:
    return make(
        replace(
            books(row(1, KWH), row(2, 2 * KWH), row(2, KWH // 3, facts=LIBRARY), row(1, KWH // 7, facts=OTHER)),
            impacts=(
                impact(1, Indicator.ENERGY, KWH),
                impact(1, Indicator.GWP_USE, 7 * KG),
                impact(2, Indicator.GWP_EMBODIED, 3 * KG, LIBRARY),
                impact(2, Indicator.COST, 123_456),
            ),
        )
    )


def table(made: Document, key: str) -> Table:
    return next(one for one in made.tables() if one.key == key)


def blocks(made: Document, key: str) -> tuple[Block, ...]:
    def within(sections: tuple[Section, ...]) -> Iterator[Block]:
        for one in sections:
            if one.key == key:
                yield from one.blocks
            yield from within(one.sections)

    return tuple(within(made.sections))


REPORTS = {"rich": rich, "worked": worked, "empty": lambda: make(books()), "bought": lambda: make(BOOKS)}


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("language", Language)
def test_keys_are_unique_and_rows_have_as_many_cells_as_there_are_columns(name: str, language: Language) -> None:
    made = document(REPORTS[name](), language)
    keys = [one.key for one in made.tables()]
    assert len(keys) == len(set(keys))
    for one in made.tables():
        assert len({column.key for column in one.columns}) == len(one.columns)
        assert {len(cells) for cells in (*one.rows, one.total or one.columns)} == {len(one.columns)}


@pytest.mark.parametrize("name", REPORTS)
def test_both_languages_have_the_same_tables_with_the_same_numbers(name: str) -> None:
    french, english = (document(REPORTS[name](), language) for language in (Language.FRENCH, Language.ENGLISH))
    for one, other in zip(french.tables(), english.tables(), strict=True):
        assert one.key == other.key
        assert [column.key for column in one.columns] == [column.key for column in other.columns]
        numbers = [[cell for cell in cells if isinstance(cell, Decimal)] for cells in one.rows]
        assert numbers == [[cell for cell in cells if isinstance(cell, Decimal)] for cells in other.rows]
    assert french.identity == english.identity


def test_services_sum_to_the_total_that_the_ledger_has() -> None:
    energy = table(document(rich()), "energy_by_service")
    assert energy.total is not None
    assert [cells[0] for cells in energy.rows] == ["Assistant", "Catalogue", "Other processes"]
    assert energy.total[2] == sum(cells[2] for cells in energy.rows if isinstance(cells[2], Decimal))
    assert energy.total[2] == Decimal("3.476")
    assert sum(cells[4] for cells in energy.rows if isinstance(cells[4], Decimal)) == Decimal(100)


def test_emissions_add_up_along_lines_and_down_columns_and_the_unknown_stays_unknown() -> None:
    emissions = table(document(rich()), "emissions_by_service")
    by_name = {cells[0]: cells[1:4] for cells in emissions.rows}
    assert by_name["Assistant"] == (Decimal("7.000"), None, Decimal("7.000"))
    assert by_name["Catalogue"] == (None, Decimal("3.000"), Decimal("3.000"))
    assert by_name["Other processes"] == (None, None, None)
    assert emissions.total is not None
    assert emissions.total[1:4] == (Decimal("7.000"), Decimal("3.000"), Decimal("10.000"))


def test_departments_sum_to_the_same_as_services() -> None:
    made = document(rich())
    departments, services = table(made, "by_department"), table(made, "energy_by_service")
    assert departments.total is not None
    assert services.total is not None
    assert departments.total[1] == services.total[2]
    assert [cells[0] for cells in departments.rows] == ["Communication", "Culture", "No department"]


def test_a_month_that_was_not_measured_is_unknown() -> None:
    months = table(document(rich()), "months")
    assert months.rows[0][1] == Decimal("1.143")
    assert months.rows[2][1] is None


def test_the_first_page_says_how_sure_it_is_and_what_to_decide() -> None:
    summary = blocks(document(rich()), "summary")
    (headlines,) = (block for block in summary if isinstance(block, Headlines))
    values = {item.label: (item.value, item.note) for item in headlines.items}
    assert values["Electricity"] == ("3.476\u00a0kWh", "machines alone: the PUE of the room is not known")
    assert values["Water"][0] == "unknown"
    assert values["Greenhouse gases"][0] == "10.00\u00a0kgCO₂e"
    listings = [block for block in summary if isinstance(block, Listing)]
    assert any("PUE" in item for item in listings[-1].items)
    assert len(listings[-1].items) <= 3


def test_totals_of_a_part_of_the_time_say_so_beside_them() -> None:
    summary = blocks(document(rich()), "summary")
    place = next(place for place, block in enumerate(summary) if isinstance(block, Headlines))
    warning = summary[place - 1]
    # 844 of the 1416 hours of January and February
    assert isinstance(warning, Notice)
    assert warning.text.startswith("59.6\u00a0% of the time was measured: these totals are of that time alone")
    whole = (
        Covered(1, "package", Duration(744 * HOUR.nanoseconds)),
        Covered(2, "package", Duration(672 * HOUR.nanoseconds)),
    )
    summary = blocks(document(make(replace(books(row(1, KWH)), covered=whole))), "summary")
    assert not [block for block in summary if isinstance(block, Notice) and "of the time was" in block.text]


def test_an_amount_has_four_digits_whatever_its_size() -> None:
    said = words("monitor.report", Language.ENGLISH)
    texts = [KILOWATT_HOURS.text(KWH * part // 10**6, said) for part in (123_456_789, 1_234_567, 123_456, 12_346, 12)]
    assert [text.split("\u00a0")[0] for text in texts] == ["123.5", "1.235", "0.1235", "0.01235", "0.000012"]


def test_a_year_is_compared_with_the_same_months_of_the_one_before() -> None:
    before = replace(books(row(1, KWH), row(2, KWH), row(3, 9 * KWH)), year=2025)
    summary = blocks(document(rich(), before=make(before)), "summary")
    # nothing of March is closed
    assert any(isinstance(block, Paragraph) and "2025: electricity +73.8\u00a0%." in block.text for block in summary)


def test_emissions_that_are_no_longer_known_have_not_fallen_to_nothing() -> None:
    now = make(replace(books(row(1, KWH), row(2, 2 * KWH)), impacts=()))
    before = make(
        replace(
            books(row(1, KWH), row(2, KWH)),
            year=2025,
            impacts=(impact(1, Indicator.GWP_USE, KG), impact(2, Indicator.GWP_USE, KG)),
        )
    )
    yearly = blocks(document(now, before=before), "yearly")
    assert Paragraph("Compared with the same months of 2025: electricity +50.0\u00a0%.") in yearly
    assert not any(isinstance(block, Figure) for block in yearly)


def test_made_up_figures_are_marked_first_of_all() -> None:
    made = document(make(replace(books(row(1, KWH)), simulated=True)))
    assert blocks(made, "summary")[0] == Notice(
        "These figures are simulated, for a demonstration. They describe no real machine."
    )


def test_nothing_known_is_no_zero() -> None:
    made = document(make(replace(books(), covered=())))
    (headlines,) = (block for block in blocks(made, "summary") if isinstance(block, Headlines))
    assert {item.value for item in headlines.items} == {"unknown"}
    assert any(isinstance(block, Notice) for block in blocks(made, "units"))


def test_what_is_bought_stands_apart() -> None:
    made = document(make(BOOKS))
    bought = table(made, "bought")
    assert bought.rows[0][0] == "API"
    assert all("API" not in cells for one in made.tables() if one.key != "bought" for cells in one.rows)


def test_the_fingerprint_is_of_the_figures() -> None:
    one, again, other = document(rich()), document(rich(), Language.FRENCH), document(worked())
    assert one.identity["fingerprint"] == again.identity["fingerprint"] != other.identity["fingerprint"]


@given(micrograms=st.integers(0, 10**16))
def test_at_most_three_comparisons_each_with_a_number_that_people_picture(micrograms: int) -> None:
    found = equivalences(micrograms, COMPARISONS)
    assert len(found) <= 3
    for one in found:
        assert 1 <= one.amount <= 100_000
        assert abs(one.amount * one.factor.value * KG - micrograms) < 1


def test_other_accounts_have_the_same_figures_and_the_unknown_stays_unknown() -> None:
    made = document(rich())
    beges = {cells[0]: cells[3] for cells in table(made, "beges").rows}
    assert beges == {
        "2.1 Electricity": Decimal("7.00"),
        "4.2 Capital goods": Decimal("3.00"),
        "4.5 Purchased services": None,
    }
    esrs = {cells[1]: cells[2] for cells in table(made, "esrs").rows}
    assert esrs["Electricity used"] == Decimal("3.5")
    assert esrs["Electricity, market-based"] is None


def test_a_criterion_is_answered_only_where_a_value_says_so() -> None:
    terms = Terms("FR", (applied(Role.PUE, "1.5"), applied(Role.WUE, "0.4")))
    books_of = replace(
        books(row(1, KWH)),
        impacts=(impact(1, Indicator.ENERGY, KWH), impact(1, Indicator.GWP_USE, 52 * MICROGRAMS_PER_GRAM)),
        reckoned=(Reckoned(terms, 0, HOUR),),
    )
    answers = {str(cells[0])[:3]: cells[3] for cells in table(document(make(books_of)), "rgesn").rows}
    assert (answers["8.3"], answers["8.4"], answers["8.6"]) == ("no", "yes", "yes")
    assert answers["8.5"] == "to be declared by the organisation"
    nothing = {str(cells[0])[:3]: cells[3] for cells in table(document(rich()), "rgesn").rows}
    assert nothing["8.3"] == "not shown"
