"""The snapshot as Prometheus reads it: text format 0.0.4 and OpenMetrics 1.0.0, rendered at most once each."""

from __future__ import annotations

import gzip
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from monitor.exposition.series import FILLINGS
from monitor.exposition.text import openmetrics_head, series_name, text_head

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from monitor.core.delivery import Standing
    from monitor.exposition.about import About
    from monitor.exposition.catalogue import Metric
    from monitor.exposition.snapshot import Snapshot

    Labels = tuple[str, ...]
    Webhooks = Callable[[], Sequence[Standing] | None]
    """Tells how it stands with each address that is told of events; None: that can't be said now."""

TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
"""Media type of the text format."""
OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
"""Media type of OpenMetrics."""
GZIP_LEVEL: Final = 1
"""Twenty times faster than the default on a page of metrics, for a quarter more bytes. Source: measured."""


class NothingYetError(Exception):
    """No snapshot was published yet: nothing is known, and nothing must be shown as zero."""


class Exposition:
    """The newest snapshot, and its pages.

    One thread publishes, and one other asks for pages. A page is rendered when it is first asked for, and is then the
    same bytes until the next snapshot: who scrapes, or how often, changes nothing.
    """

    def __init__(self, about: About, own: CollectorRegistry | None = None, webhooks: Webhooks = list) -> None:
        """*own* has the daemon's own figures; None: those of its process, its interpreter and its memory.

        *webhooks* is asked how it stands with who is told of events whenever a page is made.
        """
        self.about = about
        self._snapshot: Snapshot | None = None
        self._shape: _Shape | None = None
        self._pages: _Pages | None = None
        self._own = _daemon() if own is None else own
        self._webhooks = webhooks

    def publish(self, snapshot: Snapshot) -> None:
        """Show *snapshot* from now on."""
        self._snapshot = snapshot

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest snapshot; None before the first."""
        return self._snapshot

    def text(self, *, gzipped: bool = False) -> bytes:
        """Return the page in the text format. Raises NothingYetError before the first snapshot."""
        pages = self._newest()
        return pages.text_gzipped if gzipped else pages.text

    def openmetrics(self, *, gzipped: bool = False) -> bytes:
        """Return the page in OpenMetrics. Raises NothingYetError before the first snapshot."""
        pages = self._newest()
        return pages.openmetrics_gzipped if gzipped else pages.openmetrics

    def _newest(self) -> _Pages:
        snapshot = self._snapshot
        if snapshot is None:
            raise NothingYetError("nothing was measured yet: ask again in a few seconds")
        if self._pages is None or self._pages.snapshot is not snapshot:
            told = tuple(self._webhooks() or ())
            seen = replace(snapshot, webhooks=told) if told else snapshot
            filled = [filling(seen, self.about) for filling in FILLINGS.values()]
            values = [value for series in filled for value in series.values()]
            self._pages = _Pages(snapshot, self._shape_of(tuple(tuple(series) for series in filled)), values, self._own)
        return self._pages

    def _shape_of(self, keys: tuple[tuple[Labels, ...], ...]) -> _Shape:
        if self._shape is None or self._shape.keys != keys:
            self._shape = _Shape(keys)
        return self._shape


class _Shape:
    """Which series there are, and the pages with a blank for each value. Made anew only when a series comes or goes."""

    def __init__(self, keys: tuple[tuple[Labels, ...], ...]) -> None:
        self.keys = keys
        numbered: list[tuple[Labels, int]] = []
        self._families: list[tuple[Metric, list[Labels]]] = []
        for metric, series in zip(FILLINGS, keys, strict=True):
            family = sorted(zip(series, range(len(numbered), len(numbered) + len(series)), strict=True))
            numbered += family
            self._families.append((metric, [labels for labels, _ in family]))
        self._order = [number for _, number in numbered]

    def fill(self, template: str, values: Sequence[float]) -> bytes:
        """Return *template* with each value in its place: as the shortest digits that are that very float."""
        # a name with bytes that are no text must not take the whole page down
        return (template % tuple([values[number] for number in self._order])).encode("utf-8", "replace")

    @cached_property
    def text(self) -> str:
        """The page in the text format."""
        return "".join(_family(text_head(metric), metric, series) for metric, series in self._families if series)

    @cached_property
    def openmetrics(self) -> str:
        """The page in OpenMetrics, without its end."""
        return "".join(_family(openmetrics_head(metric), metric, series) for metric, series in self._families if series)


class _Pages:
    """The pages of one snapshot, each made when it is first asked for."""

    def __init__(self, snapshot: Snapshot, shape: _Shape, values: Sequence[float], own: CollectorRegistry) -> None:
        self.snapshot = snapshot
        self._shape = shape
        self._values = values
        self._own = own

    @cached_property
    def text(self) -> bytes:
        return self._shape.fill(self._shape.text, self._values) + generate_latest(self._own)

    @cached_property
    def openmetrics(self) -> bytes:
        own: bytes = generate_openmetrics(self._own)  # type: ignore[no-untyped-call] # the library's has no annotations
        return self._shape.fill(self._shape.openmetrics, self._values) + own

    @cached_property
    def text_gzipped(self) -> bytes:
        return gzip.compress(self.text, GZIP_LEVEL, mtime=0)

    @cached_property
    def openmetrics_gzipped(self) -> bytes:
        return gzip.compress(self.openmetrics, GZIP_LEVEL, mtime=0)


def _daemon() -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def _family(head: str, metric: Metric, series: Iterable[Labels]) -> str:
    names = (series_name(metric, labels).replace("%", "%%") for labels in series)
    return head.replace("%", "%%") + "".join(f"{name} %r\n" for name in names)
