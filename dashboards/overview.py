"""For managers: what AI has cost this year and this month, against last year, by department and service, and how sure.

The public variant is the same without what only the house may see: budgets, contracts, what is bought of whom, and
links into the other boards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dashboards import board, panels, queries
from dashboards.board import Board, Place
from dashboards.panels import AMBER, EUROS, GREEN, KILOGRAMS, KWH, LITERS, RATIO, RED, Column, Look, Query
from dashboards.queries import GRAMS_PER_KILOGRAM, JOULES_PER_KWH, WHO
from monitor.exposition import budget_rows, catalogue, contract_rows, department_rows, external_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dashboards.words import Words
    from monitor.exposition.metric import Metric

NAME: Final = "overview"
PUBLIC: Final = "public"
CHANGE: Final = ((None, GREEN), (0.01, AMBER), (0.1, RED))
"""Less than last year, or as much, is good; a tenth more is not."""
LEFT: Final = ((None, RED), (0.0, AMBER), (0.2, GREEN))
"""A budget warns at four fifths where nothing else is configured."""
BAD: Final = ((None, GREEN), (1.0, RED))
COMING: Final = ((None, GREEN), (1.0, AMBER))
SURE: Final = ((None, RED), (0.8, AMBER), (0.95, GREEN))
"""Below 80 % of a year measured its sums say little; above 95 % they say all that matters."""


def overview(words: Words) -> Board:
    """Return the managers' board."""
    return Board(NAME, tuple(_places(words, public=False)), since="now-30d", links=("service", "budgets", "fleet"))


def public(words: Words) -> Board:
    """Return the board for everybody: without variables, which a public dashboard can't have."""
    return Board(PUBLIC, tuple(_places(words, public=True)), since="now-30d")


def _places(words: Words, *, public: bool) -> Iterator[Place]:
    yield from _this_year(words)
    yield from _this_month(words)
    yield from _last_year(words)
    if not public:
        yield from _promised(words)
    yield from _by_whom(words, public=public)
    if not public:
        yield from _spent(words)
        yield from _bought(words)
    yield from _how_sure(words)
    yield Place(panels.text("overview.reading", words), 24, 7)


def _this_year(words: Words) -> Iterator[Place]:
    yield Place(panels.heading("overview.year", words), 24, 1)
    yield from _headline(words, "year")
    energy = queries.change(catalogue.PERIOD_ENERGY, "year", "previous_year_to_date")
    gases = queries.change(catalogue.PERIOD_EMISSIONS, "year", "previous_year_to_date")
    look = Look(RATIO, 1, CHANGE, none=words("overview.no_year_before"))
    yield Place(panels.stat("overview.year_energy_change", words, look, Query(energy)), 4, 4)
    yield Place(panels.stat("overview.year_emissions_change", words, look, Query(gases)), 4, 4)


def _this_month(words: Words) -> Iterator[Place]:
    yield Place(panels.heading("overview.month", words), 24, 1)
    yield from _headline(words, "month")
    before = queries.total(catalogue.PERIOD_ENERGY, JOULES_PER_KWH, "previous_month")
    gases = queries.total(catalogue.PERIOD_EMISSIONS, GRAMS_PER_KILOGRAM, "previous_month")
    yield Place(panels.stat("overview.previous_month_energy", words, Look(KWH, 1), Query(before)), 4, 4)
    yield Place(panels.stat("overview.previous_month_emissions", words, Look(KILOGRAMS, 1), Query(gases)), 4, 4)


def _last_year(words: Words) -> Iterator[Place]:
    yield Place(panels.heading("overview.previous_year", words), 24, 1)
    yield from _headline(words, "previous_year", width=6)


def _headline(words: Words, period: str, width: int = 4) -> Iterator[Place]:
    figures = (
        ("energy", catalogue.PERIOD_ENERGY, JOULES_PER_KWH, Look(KWH, 1)),
        ("emissions", catalogue.PERIOD_EMISSIONS, GRAMS_PER_KILOGRAM, Look(KILOGRAMS, 1)),
        ("water", catalogue.PERIOD_WATER, 1, Look(LITERS, 0)),
        ("cost", catalogue.PERIOD_COST, 1, Look(EUROS, 2, none=words("overview.no_tariff"))),
    )
    for name, metric, by, look in figures:
        key = f"overview.{period}_{name}"
        yield Place(panels.stat(key, words, look, Query(queries.total(metric, by, period))), width, 4)


def _promised(words: Words) -> Iterator[Place]:
    yield Place(panels.heading("overview.promised", words), 24, 1)
    link = board.path_to("budgets", words.language)
    left = f"sort(1 - {queries.budget_shares(budget_rows.USED)})"
    look = Look(RATIO, 0, LEFT, 0, 1, none=words("overview.no_budget"))
    yield Place(panels.bars("overview.budget_left", words, look, Query(left, "{{name}} · {{limit}}"), link=link), 12, 7)
    breached = f"sum({queries.of(contract_rows.VERDICT, verdict='breached', period=queries.NOW)})"
    look = Look(panels.COUNT, 0, BAD, none=words("overview.no_contract"))
    yield Place(panels.stat("overview.breached", words, look, Query(breached), link=link), 6, 7)
    coming = f"sum({queries.of(budget_rows.FORECAST)} >= bool 1)"
    look = Look(panels.COUNT, 0, COMING, none=words("overview.no_budget"))
    yield Place(panels.stat("overview.overrun", words, look, Query(coming), link=link), 6, 7)


def _by_whom(words: Words, *, public: bool) -> Iterator[Place]:
    yield Place(panels.heading("overview.whom", words), 24, 1)
    gases = f"sort_desc({queries.departments(department_rows.EMISSIONS, GRAMS_PER_KILOGRAM, 'year')})"
    look = Look(KILOGRAMS, 1, names=words.mapping("names"))
    yield Place(panels.bars("overview.departments", words, look, Query(gases, "{{department}}")), 8, 9)
    figures = (department_rows.ENERGY, department_rows.EMISSIONS, department_rows.WATER)
    columns = _columns(words, queries.departments, *figures)
    yield Place(panels.table("overview.by_department", words, panels.Rows(("department",)), *columns), 16, 9)
    figures = (catalogue.PERIOD_ENERGY, catalogue.PERIOD_EMISSIONS, catalogue.PERIOD_WATER)
    columns = _columns(words, queries.services, *figures)
    link = "" if public else board.path_to("service", words.language)
    yield Place(panels.table("overview.services", words, panels.Rows((WHO,)), *columns, link=link), 24, 11)


def _columns(words: Words, query: Callable[[Metric, int, str], str], *metrics: Metric) -> list[Column]:
    energy, gases, water = metrics
    figures = (
        ("year_energy", energy, JOULES_PER_KWH, "year", Look(KWH, 1)),
        ("month_energy", energy, JOULES_PER_KWH, "month", Look(KWH, 1)),
        ("previous_year_energy", energy, JOULES_PER_KWH, "previous_year", Look(KWH, 1)),
        ("year_emissions", gases, GRAMS_PER_KILOGRAM, "year", Look(KILOGRAMS, 1)),
        ("previous_year_emissions", gases, GRAMS_PER_KILOGRAM, "previous_year", Look(KILOGRAMS, 1)),
        ("year_water", water, 1, "year", Look(LITERS, 0)),
    )
    return [
        Column(words(f"columns.{name}"), Query(query(metric, by, period), table=True), look)
        for name, metric, by, period, look in figures
    ]


def _spent(words: Words) -> Iterator[Place]:
    yield Place(panels.heading("overview.spent", words), 24, 1)
    power = queries.by_name(f"sum by ({queries.PER_SERVICE}) ({queries.of(catalogue.SERVICE_POWER)})")
    look = Look(panels.WATTS, 0, names=words.mapping("names"))
    link = board.path_to("infrastructure", words.language)
    curve = panels.lines("overview.power", words, look, Query(power, "{{who}}", instant=False), stacked=True, link=link)
    yield Place(curve, 24, 12)


def _bought(words: Words) -> Iterator[Place]:
    """Yield what is bought as an API: beside the sums of our own servers, and in none of them."""
    yield Place(panels.heading("overview.bought", words), 24, 1)
    look = Look(KILOGRAMS, 1, none=words("overview.none_bought"))
    bounds = (
        (external_rows.EMISSIONS, words("overview.central")),
        (external_rows.EMISSIONS_LOW, words("overview.low")),
        (external_rows.EMISSIONS_HIGH, words("overview.high")),
    )
    gases = [Query(queries.total(metric, GRAMS_PER_KILOGRAM, "year"), legend) for metric, legend in bounds]
    yield Place(panels.stat("overview.bought_emissions", words, look, *gases), 12, 5)
    columns = [
        Column(words(f"columns.{name}"), Query(_of_bought(metric, by), table=True), look)
        for name, metric, by, look in (
            ("year_energy", external_rows.ENERGY, JOULES_PER_KWH, Look(KWH, 1)),
            ("year_emissions", external_rows.EMISSIONS, GRAMS_PER_KILOGRAM, Look(KILOGRAMS, 1)),
            ("unknown_tokens", external_rows.UNKNOWN, 1, Look(panels.COUNT, 0, none="")),
        )
    ]
    facts = f"sum by (external, name, provider, department) ({queries.of(external_rows.INFO)})"
    rows = panels.Rows(("name", "provider", "department"), by="external", facts=facts)
    yield Place(panels.table("overview.bought_services", words, rows, *columns), 12, 5)


def _of_bought(metric: Metric, by: int) -> str:
    return queries.scaled(f"sum by (external) ({queries.of(metric, period='year')})", by)


def _how_sure(words: Words) -> Iterator[Place]:
    yield Place(panels.heading("overview.sure", words), 24, 1)
    measured = f"min({queries.of(catalogue.COVERAGE, period='year')})"
    known = f"min({queries.of(catalogue.IMPACT_COVERAGE, period='year')})"
    low = queries.total(catalogue.PERIOD_EMISSIONS_LOW, GRAMS_PER_KILOGRAM, "year")
    high = queries.total(catalogue.PERIOD_EMISSIONS_HIGH, GRAMS_PER_KILOGRAM, "year")
    ratio = Look(RATIO, 1, SURE, 0, 1)
    yield Place(panels.stat("overview.coverage", words, ratio, Query(measured)), 6, 4)
    yield Place(panels.stat("overview.impact_coverage", words, ratio, Query(known)), 6, 4)
    yield Place(
        panels.stat(
            "overview.range",
            words,
            Look(KILOGRAMS, 1),
            Query(low, words("overview.low")),
            Query(high, words("overview.high")),
        ),
        12,
        4,
    )
