"""Figures of a report: what they draw is what their data say, and the data are a table that is read."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from monitor.config import Language
from monitor.core.entries import ServiceFacts
from monitor.core.interval import HOUR
from monitor.core.units import MICROJOULES_PER_KILOWATT_HOUR, Energy
from monitor.report.material import Material
from monitor.report.model import make
from monitor.report.sections.figures import by_hour, by_service
from monitor.wording import words
from tests.unit.report.test_model import books, row

if TYPE_CHECKING:
    from monitor.report.model import Books

KWH = MICROJOULES_PER_KILOWATT_HOUR


def material(of: Books, language: Language = Language.ENGLISH) -> Material:
    return Material(make(of), words("monitor.report", language))


def test_the_largest_users_are_shares_of_the_whole_year_and_their_data_sum_to_it() -> None:
    services = [ServiceFacts(f"s{number:02}", f"S{number}") for number in range(20)]
    figure = by_service(material(books(*(row(1, KWH, facts=one) for one in services))))
    assert figure is not None
    assert [cells[0] for cells in figure.data.rows[-2:]] == ["S11", "The others together"]
    assert figure.data.rows[-1][1] == Decimal("8.000")
    assert figure.data.total is not None
    assert figure.data.total[1] == Decimal("20.000")
    assert re.findall(r"(\d+)\N{NO-BREAK SPACE}%", figure.svg)[-1] == "60"
    assert figure.alternative.endswith("Together they make 60\N{NO-BREAK SPACE}% of all.")


def test_where_all_users_are_drawn_nothing_is_beside_them() -> None:
    services = [ServiceFacts(f"s{number}", f"S{number}") for number in range(2)]
    figure = by_service(material(books(*(row(1, KWH, facts=one) for one in services))))
    assert figure is not None
    assert [cells[0] for cells in figure.data.rows] == ["S0", "S1"]


def test_the_hours_of_the_week_are_a_line_each_under_their_days() -> None:
    start = make(books()).interval.start
    energies = {start + hour * HOUR.nanoseconds: Energy((1 + hour) * KWH // 1000) for hour in range(48)}
    figure = by_hour(material(replace(books(row(1, KWH)), hourly=energies)))
    assert figure is not None
    assert [column.key for column in figure.data.columns[:3]] == ["hour", "monday_wh", "tuesday_wh"]
    assert len(figure.data.rows) == 24
    # 2026 begins on a Thursday
    assert figure.data.rows[0] == ("0:00", None, None, None, Decimal("1.0"), Decimal("25.0"), None, None)
    assert figure.data.rows[23][4:6] == (Decimal("24.0"), Decimal("48.0"))
