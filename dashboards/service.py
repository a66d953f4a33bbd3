"""One service, for its owner: what it draws and why, what a unit of its work takes, and what it wastes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dashboards import board, panels, queries
from dashboards.board import Board, Place
from dashboards.panels import AMBER, GREEN, KILOGRAMS, KWH, RATIO, RED, WATT_HOURS, WATTS, Look, Query
from dashboards.queries import GRAMS_PER_KILOGRAM, JOULES_PER_KWH, WATT_HOUR
from monitor.exposition import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dashboards.words import Words

NAME: Final = "service"
CHOSEN: Final = "~$service"
IDLE: Final = ((None, GREEN), (0.5, AMBER), (0.9, RED))
"""A service that spends half of its energy waiting deserves a look; nine tenths is a model that nobody uses."""
UNITS: Final = (
    ("tokens", "output_tokens", 1000),
    ("request", "requests", 1),
    ("image", "images", 1),
    ("page", "pages", 1),
    ("audio_minute", "audio_seconds", 60),
)
"""What figures are told per, the unit that is counted, and how many of it are one."""


def service(words: Words) -> Board:
    """Return the board of one service, or of some together."""
    values = f"label_values({queries.of(catalogue.PERIOD_ENERGY, period='year')}, service)"
    variables = (board.variable("service", words, values, several=True),)
    return Board(
        NAME, tuple(_places(words)), variables, since="now-24h", links=("overview", "budgets", "infrastructure")
    )


def _places(words: Words) -> Iterator[Place]:
    yield Place(panels.heading("service.figures", words), 24, 1)
    yield from _figures(words)
    yield Place(panels.heading("service.units", words), 24, 1)
    yield from _units(words)
    yield Place(panels.heading("service.now", words), 24, 1)
    yield from _curves(words)
    yield Place(panels.text("service.reading", words), 24, 6)


def _figures(words: Words) -> Iterator[Place]:
    power = f"sum({queries.of(catalogue.SERVICE_POWER, service=CHOSEN)})"
    yield Place(panels.stat("service.power_now", words, Look(WATTS, 0), Query(power)), 4, 4)
    for period in ("month", "year"):
        energy = queries.total(catalogue.PERIOD_ENERGY, JOULES_PER_KWH, period, service=CHOSEN)
        yield Place(panels.stat(f"service.{period}_energy", words, Look(KWH, 2), Query(energy)), 4, 4)
    for phase in ("use", "embodied"):
        gases = queries.total(catalogue.PERIOD_EMISSIONS, GRAMS_PER_KILOGRAM, "year", service=CHOSEN, phase=phase)
        yield Place(panels.stat(f"service.emissions_{phase}", words, Look(KILOGRAMS, 2), Query(gases)), 4, 4)
    ready = f"sum({queries.of(catalogue.PERIOD_IDLE_ENERGY, service=CHOSEN, period='month')})"
    # of those alone of which it is known what they do: the others are in neither part of the quotient
    whole = (
        f"sum({queries.of(catalogue.PERIOD_ENERGY, service=CHOSEN, period='month')}"
        f" and on({queries.PER_SERVICE}) {queries.of(catalogue.PERIOD_IDLE_ENERGY, period='month')})"
    )
    idle = panels.stat("service.idle", words, Look(RATIO, 0, IDLE, 0, 1), Query(f"{ready} / {whole}"))
    yield Place(idle, 4, 4)


def _units(words: Words) -> Iterator[Place]:
    """Yield what a unit of work took this month: sums first, then the quotient."""
    for name, unit, many in UNITS:
        done = f"(sum({queries.of(catalogue.PERIOD_ACTIVITY_MEASURED, service=CHOSEN, unit=unit, period='month')}) > 0)"
        energy = f"sum({queries.of(catalogue.PERIOD_ACTIVITY_ENERGY, service=CHOSEN, unit=unit, period='month')})"
        expression = f"{energy} / {done} * {many} / {WATT_HOUR}"
        look = Look(WATT_HOURS, 3, none=words("service.not_counted"))
        yield Place(panels.stat(f"service.energy_per_{name}", words, look, Query(expression)), 4, 4)
    gases = queries.of(catalogue.PERIOD_ACTIVITY_EMISSIONS, service=CHOSEN, unit="output_tokens", period="month")
    tokens = queries.of(catalogue.PERIOD_ACTIVITY_MEASURED, service=CHOSEN, unit="output_tokens", period="month")
    look = Look(panels.GRAMS, 3, none=words("service.not_counted"))
    sci = panels.stat("service.sci", words, look, Query(f"sum({gases}) / (sum({tokens}) > 0) * 1000"))
    yield Place(sci, 4, 4)


def _curves(words: Words) -> Iterator[Place]:
    shares = f"sum by (share) ({queries.rate(catalogue.SERVICE_ENERGY, service=CHOSEN)})"
    look = Look(WATTS, 0, names=words.mapping("names"))
    yield Place(
        panels.lines("service.shares", words, look, Query(shares, "{{share}}", instant=False), stacked=True), 12, 9
    )
    resources = f"sum by (resource) ({queries.rate(catalogue.SERVICE_ENERGY, service=CHOSEN)})"
    curve = panels.lines(
        "service.resources", words, look, Query(resources, "{{resource}}", instant=False), stacked=True
    )
    yield Place(curve, 12, 9)
    tokens = f"sum by (direction) ({queries.rate(catalogue.SERVICE_TOKENS, service=CHOSEN)})"
    curve = panels.lines(
        "service.tokens",
        words,
        Look("short", 1, names=words.mapping("names")),
        Query(tokens, "{{direction}}", instant=False),
    )
    yield Place(curve, 8, 8)
    requests = f"sum({queries.rate(catalogue.SERVICE_REQUESTS, service=CHOSEN)})"
    curve = panels.lines(
        "service.requests", words, Look("reqps", 2), Query(requests, words("service.requests.legend"), instant=False)
    )
    yield Place(curve, 8, 8)
    energy = f"sum({queries.rate(catalogue.SERVICE_ACTIVITY_ENERGY, service=CHOSEN)})"
    written = f"(sum({queries.rate(catalogue.SERVICE_TOKENS, service=CHOSEN, direction='output')}) > 0)"
    live = f"{energy} / {written} * 1000 / {WATT_HOUR}"
    curve = panels.lines(
        "service.energy_live",
        words,
        Look(WATT_HOURS, 2),
        Query(live, words("service.energy_live.legend"), instant=False),
    )
    yield Place(curve, 8, 8)
