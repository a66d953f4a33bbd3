"""All hosts and sites that one Prometheus scrapes: what each has cost, how well it is measured, where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dashboards import board, panels, queries
from dashboards.board import Board, Place
from dashboards.panels import AMBER, GREEN, KILOGRAMS, KWH, RATIO, RED, WATTS, Column, Look, Query
from dashboards.queries import GRAMS_PER_KILOGRAM, JOULES_PER_KWH
from monitor.exposition import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dashboards.words import Words

NAME: Final = "fleet"
SURE: Final = ((None, RED), (0.8, AMBER), (0.95, GREEN))


def fleet(words: Words) -> Board:
    """Return the board of all hosts."""
    return Board(NAME, tuple(_places(words)), since="now-24h", links=("overview", "infrastructure"))


def _places(words: Words) -> Iterator[Place]:
    hosts = f"count({queries.of(catalogue.HOST_INFO)})"
    yield Place(panels.stat("fleet.hosts", words, Look("short", 0), Query(hosts)), 6, 4)
    sites = f"count(count by (site) ({queries.of(catalogue.HOST_INFO)}))"
    yield Place(panels.stat("fleet.sites", words, Look("short", 0), Query(sites)), 6, 4)
    power = f"sum({queries.of(catalogue.HOST_POWER)})"
    yield Place(panels.stat("fleet.power", words, Look(WATTS, 0), Query(power)), 6, 4)
    up = f"min({queries.of(catalogue.COVERAGE, period='day')})"
    yield Place(panels.stat("fleet.coverage", words, Look(RATIO, 0, SURE, 0, 1), Query(up)), 6, 4)
    yield Place(_table(words), 24, 8)
    curve = panels.lines(
        "fleet.curves",
        words,
        Look(WATTS, 0),
        Query(queries.on_hosts(queries.per_instance(catalogue.HOST_POWER)), "{{host}}", instant=False),
        stacked=True,
        link=board.path_to("infrastructure", words.language),
    )
    yield Place(curve, 24, 9)


def _table(words: Words) -> panels.Panel:
    def column(name: str, expression: str, look: Look) -> Column:
        return Column(words(f"columns.{name}"), Query(expression, table=True), look)

    def joined(expression: str) -> str:
        # a table is joined by one column: the site is shown beside it
        return f"sum by (host) ({queries.on_hosts(expression)})"

    energy = {
        period: queries.scaled(joined(queries.per_instance(catalogue.PERIOD_ENERGY, period=period)), JOULES_PER_KWH)
        for period in ("month", "year")
    }
    gases = queries.scaled(joined(queries.per_instance(catalogue.PERIOD_EMISSIONS, period="year")), GRAMS_PER_KILOGRAM)
    sites = f"sum by (host, site) ({queries.of(catalogue.HOST_INFO)})"
    columns = (
        column("year_energy", energy["year"], Look(KWH, 1)),
        column("month_energy", energy["month"], Look(KWH, 2)),
        column("year_emissions", gases, Look(KILOGRAMS, 1)),
        column("power", joined(queries.per_instance(catalogue.HOST_POWER)), Look(WATTS, 0)),
        column("coverage", joined(queries.per_instance(catalogue.COVERAGE, period="year")), Look(RATIO, 1, SURE, 0, 1)),
        column("daemons", sites, Look("short", 0)),
    )
    return panels.table("fleet.table", words, panels.Rows(("host", "site")), *columns)
