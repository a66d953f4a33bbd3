"""A report as a document of no format."""

from __future__ import annotations

from decimal import Decimal

import pytest

from monitor.report.document import summing
from tests.fixtures.documents import COLUMNS, FIGURE, SERVICES, SOURCES, document

UNITS = {"energy_kwh": 1000, "emissions_kg": 10}


def test_tables_come_in_their_order_those_of_figures_too() -> None:
    assert list(document().tables()) == [SERVICES, FIGURE.data, SOURCES]


def test_what_is_printed_adds_up() -> None:
    rows, total = summing(COLUMNS, [("a", 1050, 1), ("b", 1050, 2)], "Ensemble", units=UNITS)
    assert rows == (("a", Decimal("1.1"), Decimal("0.10")), ("b", Decimal("1.0"), Decimal("0.20")))
    assert total == ("Ensemble", Decimal("2.1"), Decimal("0.30"))


def test_what_is_unknown_stays_unknown_and_is_no_part_of_the_sum() -> None:
    rows, total = summing(COLUMNS, [("a", 1000, None), ("b", None, None)], "Ensemble", units=UNITS)
    assert rows == (("a", Decimal("1.0"), None), ("b", None, None))
    assert total == ("Ensemble", Decimal("1.0"), None)


def test_a_column_that_is_no_amount_has_no_total() -> None:
    rows, total = summing(COLUMNS, [("a", 1000, Decimal("0.5"))], "Ensemble", units={"energy_kwh": 1000})
    assert rows == (("a", Decimal("1.0"), Decimal("0.5")),)
    assert total == ("Ensemble", Decimal("1.0"), None)


def test_an_amount_that_is_rounded_already_is_a_defect() -> None:
    with pytest.raises(TypeError, match="no whole number"):
        summing(COLUMNS, [("a", Decimal(1), 2)], "Ensemble", units=UNITS)
