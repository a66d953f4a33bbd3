"""What Grafana asks of a Prometheus for a dashboard, its variables filled in, and what it is answered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.parts.prometheus import Line, Sample

LABEL_VALUES: Final = re.compile(r"label_values\((.+), (\w+)\)")
POINTS: Final = 400
"""How many points a curve has, about: as many as a panel has pixels."""


class Answering(Protocol):
    """Who is asked."""

    def query(self, expression: str, *, at: float | None = None) -> list[Sample]:
        """Return what *expression* is at a moment."""
        ...

    def query_range(self, expression: str, start: float, end: float, *, step: float = 1.0) -> list[Line]:
        """Return what *expression* is from *start* to *end*."""
        ...


@dataclass(frozen=True, slots=True)
class Span:
    """The time that is looked at, in s since the epoch, and how often the targets are scraped, in s."""

    start: float
    end: float
    scraped_every: float = 1.0

    @property
    def step(self) -> float:
        """Seconds between two points: Grafana's `$__interval`."""
        return max(self.scraped_every, (self.end - self.start) / POINTS)

    @property
    def built_in(self) -> Mapping[str, str]:
        """Grafana's own variables."""
        length = round(self.end - self.start)
        rate = max(self.step + self.scraped_every, 4 * self.scraped_every)
        return {
            "__interval": f"{round(self.step * 1000)}ms",
            "__rate_interval": f"{round(rate * 1000)}ms",
            "__range": f"{length}s",
            "__range_s": str(length),
            "__range_ms": str(length * 1000),
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """One query of a panel, its variables filled in."""

    panel: Mapping[str, Any]
    target: Mapping[str, Any]
    expression: str


def asked(board: Mapping[str, Any], prometheus: Answering, span: Span) -> Iterator[Asked]:
    """Yield each query of *board* as Grafana sends it, when all values of its variables are chosen."""
    values = {**chosen(board, prometheus), **span.built_in}
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield Asked(panel, target, filled(target["expr"], values))


def chosen(board: Mapping[str, Any], prometheus: Answering) -> dict[str, str]:
    """Return what is chosen of the variables of *board* at first. Fails where one has no value to choose."""
    found = {}
    for variable in board["templating"]["list"]:
        if variable["type"] != "query":
            continue
        match = LABEL_VALUES.fullmatch(variable["definition"])
        assert match, f"{variable['definition']} is no label_values()"
        values = {sample.labels[match[2]] for sample in prometheus.query(f"group by ({match[2]}) ({match[1]})")}
        assert values, f"{board['uid']}: nothing can be chosen of {variable['name']}"
        found[variable["name"]] = variable["allValue"] if variable["includeAll"] else min(values)
    return found


def filled(expression: str, values: Mapping[str, str]) -> str:
    """Return *expression* with its variables replaced. Fails on one that has no value."""

    def value(match: re.Match[str]) -> str:
        return values[match[1] or match[2]]

    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", value, expression)


def answer(one: Asked, prometheus: Answering, span: Span) -> Sequence[Sample | Line]:
    """Return the series that a query is answered with: for a moment, or for all the time."""
    if one.target["instant"]:
        return prometheus.query(one.expression, at=span.end)
    return prometheus.query_range(one.expression, span.start, span.end, step=span.step)


def samples(one: Asked, prometheus: Answering, span: Span) -> list[Sample]:
    """Return what the expression of a query is at the end of *span*, also where a curve is asked for."""
    return prometheus.query(one.expression, at=span.end)
