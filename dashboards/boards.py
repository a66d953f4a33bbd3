"""All dashboards, in one language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards.board import CHOSEN, dashboard
from dashboards.budgets import budgets
from dashboards.fleet import fleet
from dashboards.infrastructure import infrastructure
from dashboards.overview import overview, public
from dashboards.service import service
from dashboards.words import words

if TYPE_CHECKING:
    from collections.abc import Callable

    from dashboards.board import Board
    from dashboards.words import Words

HOUSE: tuple[Callable[[Words], Board], ...] = (overview, service, budgets, infrastructure, fleet)


def dashboards(language: str, source: str = "") -> list[dict[str, Any]]:
    """Return every dashboard in *language* as Grafana's classic JSON.

    The public one has no variables, so it needs the uid of its data *source*; without one it is left out.
    Raises ValueError for a language that there is none in.
    """
    said = words(language)
    house = [dashboard(board(said), said, CHOSEN) for board in HOUSE]
    return [*house, dashboard(public(said), said, source)] if source else house
