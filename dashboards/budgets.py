"""Budgets and contracts: what is used and what is left of each, when it will be spent, and which clauses are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dashboards import panels, queries
from dashboards.board import Board, Place
from dashboards.panels import (
    AMBER,
    ANY_WATT_HOURS,
    COUNT,
    DAY,
    EUROS,
    GREEN,
    KILOGRAMS,
    KWH,
    LITERS,
    NEUTRAL,
    RATIO,
    RED,
    Column,
    Look,
    Query,
    Rows,
)
from dashboards.queries import GRAMS_PER_KILOGRAM, JOULES_PER_KWH, PER_BUDGET, WATT_HOUR
from monitor.exposition import budget_rows as rows
from monitor.exposition import contract_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dashboards.panels import Panel
    from dashboards.words import Words

NAME: Final = "budgets"
SPENT: Final = ((None, GREEN), (0.8, AMBER), (1.0, RED))
"""Four fifths is where a budget warns unless it says otherwise."""
REMAINS: Final = ((None, RED), (0.0, NEUTRAL))
ONE_IS_BAD: Final = ((None, GREEN), (1.0, RED))
ONE_WARNS: Final = ((None, GREEN), (1.0, AMBER))
VERDICTS: Final = {"met": GREEN, "breached": RED, "undecided": AMBER}
SECONDS_PER_MILLISECOND: Final = 1000
AMOUNTS: Final = (
    ("energy", "joules", JOULES_PER_KWH, Look(KWH, 1)),
    ("emissions", "grams", GRAMS_PER_KILOGRAM, Look(KILOGRAMS, 1)),
    ("water", "liters", 1, Look(LITERS, 0)),
    ("cost", "euros", 1, Look(EUROS, 2)),
)
"""What may be budgeted: the unit in which it is told, how much of it is one of those that people read, and which."""


def budgets(words: Words) -> Board:
    """Return the board of budgets and contracts."""
    return Board(NAME, tuple(_places(words)), since="now-30d", links=("overview", "service"))


def _places(words: Words) -> Iterator[Place]:
    yield Place(panels.heading("budgets.state", words), 24, 1)
    yield from _state(words)
    yield Place(panels.heading("budgets.amounts", words), 24, 1)
    yield from _amounts(words)
    yield Place(panels.heading("budgets.contracts", words), 24, 1)
    yield from _contracts(words)
    yield Place(panels.text("budgets.reading", words), 24, 6)


def _state(words: Words) -> Iterator[Place]:
    used, info = queries.of(rows.USED), queries.of(rows.INFO)
    warned = f"sum(({used} >= bool on({PER_BUDGET}) {queries.of(rows.WARN)}) * on({PER_BUDGET}) ({used} < bool 1))"
    figures = (
        ("number", f"count({info})", ((None, NEUTRAL),)),
        ("warned", warned, ONE_WARNS),
        ("spent", f"sum({used} >= bool 1)", ONE_IS_BAD),
        ("overrun", f"sum({queries.of(rows.FORECAST)} >= bool 1)", ONE_WARNS),
    )
    for name, expression, steps in figures:
        look = Look(COUNT, 0, steps, none=words("budgets.no_budget"))
        yield Place(panels.stat(f"budgets.{name}", words, look, Query(expression)), 6, 4)
    look = Look(RATIO, 0, SPENT, 0, 1, none=words("budgets.no_budget"))
    for name, metric in (("used", rows.USED), ("forecast", rows.FORECAST)):
        query = Query(f"sort_desc({queries.budget_shares(metric)})", "{{name}} · {{limit}}")
        yield Place(panels.bars(f"budgets.{name}", words, look, query), 12, 8)
    yield Place(_budgets(words), 24, 7)
    curve = Query(queries.budget_shares(rows.USED), "{{name}} · {{limit}}", instant=False)
    yield Place(panels.lines("budgets.curve", words, Look(RATIO, 0), curve), 24, 8)


def _column(words: Words, name: str, expression: str, look: Look) -> Column:
    return Column(words(f"columns.{name}"), Query(expression, table=True), look)


def _of_budgets(*labels: str) -> Rows:
    return Rows(labels, by=queries.ROW, facts=queries.budget_facts())


def _budgets(words: Words) -> Panel:
    share = Look(RATIO, 1, SPENT)
    end = f"{queries.budget(queries.of(rows.EXHAUSTED))} * {SECONDS_PER_MILLISECOND}"
    columns = (
        _column(words, "used_share", queries.budget(queries.of(rows.USED)), share),
        _column(words, "warns_at", queries.budget(queries.of(rows.WARN)), Look(RATIO, 0)),
        _column(words, "forecast", queries.budget(queries.of(rows.FORECAST)), share),
        _column(words, "forecast_low", queries.budget(queries.of(rows.FORECAST_LOW)), Look(RATIO, 1)),
        _column(words, "forecast_high", queries.budget(queries.of(rows.FORECAST_HIGH)), Look(RATIO, 1)),
        _column(words, "spent_on", end, Look(DAY, none=words("budgets.not_spent"))),
    )
    return panels.table("budgets.table", words, _of_budgets("name", "holder", "period", "limit"), *columns)


def _amounts(words: Words) -> Iterator[Place]:
    used, low, high = (queries.of(metric) for metric in (rows.USED, rows.FORECAST_LOW, rows.FORECAST_HIGH))
    shares = {"used_amount": used, "left": f"(1 - {used})", "end_low": low, "end_high": high}
    for name, unit, by, look in AMOUNTS:
        # the rows are those of the first column: what is budgeted in another unit has none
        whole = queries.amounts(f"({queries.of(rows.WARN)} * 0 + 1)", unit, by)
        first = _column(words, "limit", whole, look)
        others = [
            _column(words, column, queries.amounts(share, unit, by), _remaining(look) if column == "left" else look)
            for column, share in shares.items()
        ]
        yield Place(_amounts_in(name, unit, words, (first, *others)), 12, 5)


def _amounts_in(name: str, unit: str, words: Words, columns: Sequence[Column]) -> Panel:
    named = f"{queries.of(rows.LIMIT, unit=unit)} * on({PER_BUDGET}) group_left(name) {queries.of(rows.INFO)}"
    facts = queries.with_row(named, "name")
    return panels.table(f"budgets.{name}", words, Rows(("name",), by=queries.ROW, facts=facts), *columns)


def _remaining(look: Look) -> Look:
    return Look(look.unit, look.decimals, REMAINS)


def _contracts(words: Words) -> Iterator[Place]:
    for verdict, steps in (("met", ((None, GREEN),)), ("breached", ONE_IS_BAD), ("undecided", ONE_WARNS)):
        number = f"sum({queries.of(contract_rows.VERDICT, verdict=verdict, period=queries.NOW)})"
        look = Look(COUNT, 0, steps, none=words("budgets.no_contract"))
        yield Place(panels.stat(f"budgets.{verdict}", words, look, Query(number)), 8, 4)
    yield Place(_clauses(words), 24, 10)
    yield Place(_values(words), 24, 10)
    yield Place(_of_contracts(words), 24, 5)


def _of_clauses(words: Words, *labels: str) -> Rows:
    verdict = Look(COUNT, texts=words.mapping("names"), none="", colors=VERDICTS)
    return Rows(labels, by=queries.ROW, facts=queries.clause_facts(), looks={"verdict": verdict})


def _clauses(words: Words) -> Panel:
    share = Look(RATIO, 0, none=words("budgets.unknown"))
    columns = (
        _column(words, "of_threshold", queries.of_threshold(contract_rows.VALUE), share),
        _column(words, "at_least", queries.of_threshold(contract_rows.VALUE_LOW), share),
        _column(words, "at_most", queries.of_threshold(contract_rows.VALUE_HIGH), share),
    )
    labels = ("verdict", "text", "period", "threshold", "title", "supplier")
    return panels.table("budgets.clauses", words, _of_clauses(words, *labels), *columns)


def _values(words: Words) -> Panel:
    """Return what the clauses' figures are, in their own units: each row has one of these columns."""

    def value(unit: str) -> str:
        return queries.of(contract_rows.VALUE, unit=unit)

    energy = queries.scaled(queries.clause(value("joules")), WATT_HOUR)
    grams = queries.clause(f"({value('grams')} < {GRAMS_PER_KILOGRAM})")
    kilograms = queries.scaled(queries.clause(f"({value('grams')} >= {GRAMS_PER_KILOGRAM})"), GRAMS_PER_KILOGRAM)
    columns = (
        _column(words, "energy", energy, Look(ANY_WATT_HOURS, 2, none="")),
        _column(words, "grams", grams, Look(panels.GRAMS, 2, none="")),
        _column(words, "kilograms", kilograms, Look(KILOGRAMS, 1, none="")),
        _column(words, "liters", queries.clause(value("liters")), Look(LITERS, 1, none="")),
        _column(words, "share", queries.clause(value("share")), Look(RATIO, 1, none="")),
        _column(words, "known", queries.clause(queries.of(contract_rows.COVERAGE)), Look(RATIO, 0)),
        _column(words, "measured", queries.clause(queries.of(contract_rows.MEASURED)), Look(RATIO, 0)),
    )
    return panels.table("budgets.values", words, _of_clauses(words, "text", "period", "threshold"), *columns)


def _of_contracts(words: Words) -> Panel:
    energy, gases = contract_rows.ENERGY, contract_rows.EMISSIONS
    figures = (
        ("year_energy", energy, JOULES_PER_KWH, "year", Look(KWH, 1)),
        ("month_energy", energy, JOULES_PER_KWH, "month", Look(KWH, 1)),
        ("year_emissions", gases, GRAMS_PER_KILOGRAM, "year", Look(KILOGRAMS, 1)),
        ("year_water", contract_rows.WATER, 1, "year", Look(LITERS, 0)),
        ("year_cost", contract_rows.COST, 1, "year", Look(EUROS, 2)),
    )
    columns = [
        _column(words, name, queries.scaled(f"sum by (contract) ({queries.of(metric, period=period)})", by), look)
        for name, metric, by, period, look in figures
    ]
    facts = f"sum by (contract, title, supplier, starts, ends) ({queries.of(contract_rows.INFO)})"
    rows_of = Rows(("title", "contract", "supplier", "starts", "ends"), by="contract", facts=facts)
    return panels.table("budgets.of_contracts", words, rows_of, *columns)
