"""What boards are drawn with for review: it has to show what Grafana would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dashboards.boards import dashboards
from tests.parts.board_drawing import drawn, look_of
from tests.parts.boards import Span, filled
from tests.parts.grafana_units import written
from tests.parts.prometheus import Line, Sample

if TYPE_CHECKING:
    from collections.abc import Callable

SPAN = Span(1_000_000.0, 1_001_800.0, 15.0)


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (1_234_567.0, "watth", 2, "1.23 MWh"),
        (0.05, "watth", 1, "50.0 mWh"),
        (3.6e9, "joule", 2, "3.60 GJ"),
        (0.0, "joule", 0, "0 J"),
        (1_234_567.0, "suffix:gCO₂e", 0, "1234567 gCO₂e"),
        (2924.48, "suffix:kWh", 1, "2924.5 kWh"),
        (0.123, "percentunit", 1, "12.3%"),
        (1_234_567.0, "short", 2, "1.23 Mil"),
        (12_345.0, "short", 1, "12.3 K"),
        (18_600.0, "s", 1, "5.2 hours"),
        (0.0041, "s", 1, "4.1 ms"),
        (2.5, "reqps", 1, "2.5 req/s"),
        (1_798_749_543_876.0, "time:YYYY-MM-DD", 0, "2026-12-31"),
    ],
)
def test_a_value_is_written_as_grafana_writes_it(value: float, unit: str, decimals: int, text: str) -> None:
    assert written(value, unit, decimals) == text


def test_a_unit_that_is_not_known_is_told() -> None:
    with pytest.raises(AssertionError, match="masskg"):
        written(1.0, "masskg", 1)


def test_variables_are_filled_in_as_grafana_does() -> None:
    values = {"service": ".*", **SPAN.built_in}
    assert filled('x{service=~"$service"}[$__rate_interval]', values) == 'x{service=~".*"}[60000ms]'
    assert filled("${service} $__range_s", values) == ".* 1800"
    with pytest.raises(KeyError):
        filled("$nobody", values)


class Everywhere:
    """A Prometheus with one series for whatever it is asked, and one value; None: no figure of any."""

    def __init__(self, value: float | None, labels: dict[str, str]) -> None:
        self.value = value
        self.labels = labels

    def query(self, expression: str, *, at: float | None = None) -> list[Sample]:
        value = 1.0 if expression.startswith("group by") else self.value
        return [] if value is None else [Sample(self.labels, at or 0.0, value)]

    def query_range(self, expression: str, start: float, end: float, *, step: float = 1.0) -> list[Line]:
        moments = (start, start + step, end)
        found = self.query(expression)
        return [Line(one.labels, tuple((moment, one.value) for moment in moments)) for one in found]


LABELS = {
    "service": "assistant", "instance": "ia-01", "who": "Assistant", "department": "_none", "row": "a", "name": "<IA>",
    "verdict": "breached", "contract": "2025-001", "external": "api", "limit": "10 kWh",
}  # fmt: skip


def pages(prometheus: Everywhere) -> dict[str, str]:
    return {board["uid"]: drawn(board, prometheus, SPAN) for board in dashboards("en", "the-prometheus")}


def test_names_values_and_colours_of_mappings_are_shown() -> None:
    shown = pages(Everywhere(1.5, LABELS))
    assert "No department" in shown["empreinte-overview-en"]
    assert '<td class="" style="color: #c4162a">Breached</td>' in shown["empreinte-budgets-en"]
    assert "&lt;IA&gt; · 10 kWh" in shown["empreinte-budgets-en"]
    assert "150%" in shown["empreinte-budgets-en"]
    assert "<polyline" in shown["empreinte-service-en"]


def test_where_there_is_nothing_the_words_for_it_are_shown() -> None:
    shown = pages(Everywhere(None, LABELS))
    assert "no budget set" in shown["empreinte-budgets-en"]
    assert "not counted" in shown["empreinte-service-en"]
    assert "no tariff set" in shown["empreinte-overview-en"]
    assert "No data" in shown["empreinte-service-en"]


@pytest.mark.parametrize(("value", "color"), [(0.5, "#c4162a"), (0.8, "#b07d00"), (0.99, "#1a7f4b")])
def test_a_threshold_holds_from_its_value_on(value: float, color: str) -> None:
    board = next(one for one in dashboards("en") if "overview" in one["uid"])
    panel = next(one for one in board["panels"] if one["title"] == "Time that was measured")
    assert look_of(panel, "whatever").color(value) == color


def _sorted(key: Callable[[str], int], *names: str) -> bool:
    places = [key(name) for name in names]
    return places == sorted(places)


def test_a_table_is_sorted_and_its_columns_are_in_their_order() -> None:
    page = pages(Everywhere(1.5, LABELS))["empreinte-budgets-en"]
    table = page[page.index("Clause by clause") :]
    assert _sorted(table.index, "Verdict", "Clause<", "Threshold", "Contract<", "Supplier", "Value, of the threshold")
