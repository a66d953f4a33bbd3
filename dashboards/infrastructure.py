"""For those who run it: meters, how the energy was obtained, what was missed, collectors, what the monitor costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dashboards import board, panels, queries
from dashboards.board import Board, Place
from dashboards.panels import AMBER, GRAMS_PER_KWH, GREEN, KWH, RATIO, RED, SECONDS, WATTS, Column, Look, Query
from dashboards.queries import JOULES_PER_KWH
from monitor.exposition import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dashboards.words import Words

NAME: Final = "infrastructure"
CHOSEN: Final = "~$instance"
EXACT: Final = ((None, RED), (0.0, GREEN), (1e-6, RED))
"""Every joule that was measured is somebody's: anything but nothing is a defect."""
WORKS: Final = ((None, RED), (1.0, GREEN))
METERS: Final = ("meter", "resource", "method", "used")
FACTORS: Final = ("role", "factor", "provider", "year")
"""Whose rows are by all of these labels."""
LATE: Final = ((None, GREEN), (60.0, AMBER), (300.0, RED))
"""Counters are read every few seconds, and slow meters once a minute: five minutes without one is a fault."""


def infrastructure(words: Words) -> Board:
    """Return the board of one host, or of some."""
    values = f"label_values({queries.of(catalogue.HOST_INFO)}, instance)"
    variables = (board.variable("instance", words, values, several=True),)
    return Board(NAME, tuple(_places(words)), variables, since="now-24h", links=("overview", "fleet"))


def _places(words: Words) -> Iterator[Place]:
    yield Place(panels.heading("infrastructure.state", words), 24, 1)
    yield from _state(words)
    yield Place(panels.heading("infrastructure.energy", words), 24, 1)
    yield from _energy(words)
    yield Place(panels.heading("infrastructure.collectors", words), 24, 1)
    yield from _collectors(words)
    yield Place(panels.heading("infrastructure.reckoned", words), 24, 1)
    yield from _reckoned(words)


def _state(words: Words) -> Iterator[Place]:
    error = f"max(abs({queries.of(catalogue.CONSERVATION_ERROR, instance=CHOSEN)}))"
    yield Place(panels.stat("infrastructure.conservation", words, Look("joule", 0, EXACT), Query(error)), 4, 4)
    written = f"min({queries.of(catalogue.LEDGER_COMMIT_SUCCESS, instance=CHOSEN)})"
    look = Look("short", 0, WORKS, texts={"1": words("infrastructure.yes"), "0": words("infrastructure.no")})
    yield Place(panels.stat("infrastructure.ledger", words, look, Query(written)), 4, 4)
    late = f"time() - min({queries.of(catalogue.LEDGER_LAST_COMMIT, instance=CHOSEN)})"
    yield Place(panels.stat("infrastructure.ledger_age", words, Look(SECONDS, 0, LATE), Query(late)), 4, 4)
    coverage = f"min by (period) ({queries.of(catalogue.COVERAGE, instance=CHOSEN, period='~day|month|year')})"
    look = Look(RATIO, 1, ((None, RED), (0.8, AMBER), (0.95, GREEN)), 0, 1, words.mapping("names"))
    yield Place(panels.stat("infrastructure.coverage", words, look, Query(coverage, "{{period}}")), 8, 4)
    own = f"sum({queries.of(catalogue.SERVICE_POWER, instance=CHOSEN, service='_monitor')})"
    yield Place(panels.stat("infrastructure.own", words, Look(WATTS, 2), Query(own)), 4, 4)


def _energy(words: Words) -> Iterator[Place]:
    names = words.mapping("names")
    power = f"sum by (resource) ({queries.rate(catalogue.HOST_ENERGY, instance=CHOSEN)})"
    curve = panels.lines(
        "infrastructure.resources",
        words,
        Look(WATTS, 0, names=names),
        Query(power, "{{resource}}", instant=False),
        stacked=True,
    )
    yield Place(curve, 12, 9)
    methods = queries.scaled(
        f"sum by (method) ({queries.of(catalogue.PERIOD_METHOD_ENERGY, instance=CHOSEN, period='year')})",
        JOULES_PER_KWH,
    )
    look = Look(KWH, 1, names=names)
    yield Place(panels.bars("infrastructure.methods", words, look, Query(methods, "{{method}}")), 6, 9)
    gaps = f"sum by (cause) ({queries.of(catalogue.GAP, instance=CHOSEN)})"
    look = Look(SECONDS, 0, names=names, none=words("infrastructure.no_gap"))
    yield Place(panels.bars("infrastructure.gaps", words, look, Query(gaps, "{{cause}}")), 6, 9)


def _collectors(words: Words) -> Iterator[Place]:
    def column(name: str, expression: str, look: Look) -> Column:
        return Column(words(f"columns.{name}"), Query(expression, table=True), look)

    state = {"1": words("infrastructure.yes"), "0": words("infrastructure.no")}
    success = f"min by (collector) ({queries.of(catalogue.COLLECTOR_SUCCESS, instance=CHOSEN)})"
    age = f"time() - min by (collector) ({queries.of(catalogue.COLLECTOR_LAST_SUCCESS, instance=CHOSEN)})"
    took = f"max by (collector) ({queries.of(catalogue.COLLECTOR_DURATION, instance=CHOSEN)})"
    columns = (
        column("read", success, Look("short", 0, texts=state)),
        column("age", age, Look(SECONDS, 0, LATE)),
        column("took", took, Look(SECONDS, 1)),
    )
    yield Place(panels.table("infrastructure.readers", words, panels.Rows(("collector",)), *columns), 12, 9)
    used = f"count by (resource, meter, method, used) ({queries.of(catalogue.ENERGY_SOURCE, instance=CHOSEN)})"
    meters = column("hosts", used, Look("short", 0))
    yield Place(panels.table("infrastructure.meters", words, panels.Rows(METERS), meters), 12, 9)


def _reckoned(words: Words) -> Iterator[Place]:
    intensity = queries.of(catalogue.GRID_INTENSITY, instance=CHOSEN)
    curve = panels.lines(
        "infrastructure.intensity",
        words,
        Look(GRAMS_PER_KWH, 0),
        Query(f"max by (zone, provider, basis) ({intensity})", "{{zone}} · {{provider}} · {{basis}}", instant=False),
    )
    yield Place(curve, 12, 8)
    factors = f"count by (role, factor, provider, year) ({queries.of(catalogue.IMPACT_FACTOR, instance=CHOSEN)})"
    hosts = Column(words("columns.hosts"), Query(factors, table=True), Look("short", 0))
    table = panels.table("infrastructure.factors", words, panels.Rows(FACTORS), hosts)
    yield Place(table, 12, 8)
