"""Have the data source that the public dashboard needs, and leave alone one that a person pointed elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards.failures import NotPushedError
from dashboards.push import Fate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboards.grafana import Grafana


def planned_source(grafana: Grafana, settings: Mapping[str, Any], *, force: bool = False) -> Fate:
    """Return what is to become of the data source of these *settings*. Writes nothing.

    One that leads to another address is left alone, or overwritten with *force*. Raises NotPushedError where that one
    comes from files, or is no Prometheus; and what Grafana raises.
    """
    there = grafana.data_source(settings["uid"])
    if there is None:
        return Fate.CREATED
    if there.kind != settings["type"]:
        message = (
            f"the data source {there.uid} of Grafana at {grafana.where} is no Prometheus, but {there.kind}: choose"
            " another uid ([grafana] data_source)"
        )
        raise NotPushedError(message)
    if there.url.rstrip("/") == settings["url"].rstrip("/"):
        return Fate.UNCHANGED
    if not force:
        return Fate.EDITED
    if there.read_only:
        message = (
            f"the data source {there.uid} of Grafana at {grafana.where} comes from files on its machine: change it"
            " there, or take `prometheus` out of [grafana]"
        )
        raise NotPushedError(message)
    return Fate.OVERWRITTEN


def write_source(grafana: Grafana, settings: Mapping[str, Any], fate: Fate) -> None:
    """Make the data source, or change it, as *fate* says. Raises what Grafana raises."""
    if fate is Fate.CREATED:
        grafana.create_data_source(settings)
    elif fate is Fate.OVERWRITTEN:
        grafana.update_data_source(settings["uid"], settings)
