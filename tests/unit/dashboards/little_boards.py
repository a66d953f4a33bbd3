"""This file knows how to make small dashboards, and somebody who speaks with a Grafana."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dashboards.connection import Connection
from dashboards.grafana import Grafana
from dashboards.push import Target
from tests.parts.grafana import ADMIN

if TYPE_CHECKING:
    from tests.parts.grafana import FakeGrafana

TARGET: Final = Target("empreinte", "Empreinte")
QUICK: Final = (2.0, 0.4)
"""In seconds: how long a test waits for a Grafana that says nothing."""


def board(uid: str = "empreinte-overview-fr", title: str = "Vue d'ensemble", **more: object) -> dict[str, Any]:
    """Return a dashboard of two panels."""
    return {
        "uid": uid,
        "title": title,
        "schemaVersion": 37,
        "tags": ["empreinte", "fr"],
        "panels": [
            {"id": 1, "type": "stat", "title": "Énergie", "gridPos": {"h": 4, "w": 6, "x": 0, "y": 0}, "factor": 1.0},
            {"id": 2, "type": "text", "title": "Lire", "gridPos": {"h": 4, "w": 6, "x": 6, "y": 0}},
        ],
        **more,
    }


def client(fake: FakeGrafana, token: str = ADMIN) -> Grafana:
    """Return what speaks with *fake*."""
    return Grafana(Connection(fake.url, token, patience=QUICK))
