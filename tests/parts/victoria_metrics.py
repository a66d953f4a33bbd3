"""Debian's VictoriaMetrics on loopback, scraping what a test names, and importing what it is given."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

from tests.parts.child import Child, Server
from tests.parts.loopback import LOOPBACK, free_port
from tests.parts.prometheus import Sample

if TYPE_CHECKING:
    from pathlib import Path


class VictoriaMetrics(Server):
    """A VictoriaMetrics that scrapes *targets*, each `host:port`, as job `test`, and keeps *retention*."""

    def __init__(self, directory: Path, *targets: str, every: str = "1s", retention: str = "10y") -> None:
        port = free_port()
        self.url = f"http://{LOOPBACK}:{port}"
        scrapes = directory / f"victoria-metrics-{port}.yml"
        job = {"job_name": "test", "scrape_interval": every, "static_configs": [{"targets": targets}]}
        # JSON is YAML
        scrapes.write_text(json.dumps({"scrape_configs": [job]}))
        command = [
            "victoria-metrics",
            f"-storageDataPath={directory / f'victoria-metrics-{port}'}",
            f"-httpListenAddr={LOOPBACK}:{port}",
            f"-retentionPeriod={retention}",
            # else it hides the last half minute
            "-search.latencyOffset=0s",
            f"-promscrape.config={scrapes}",
        ]
        self.child = Child(command, directory / f"victoria-metrics-{port}.log")

    def take(self, text: bytes) -> None:
        """Import *text*; return when it can be asked for. Raises urllib.error.HTTPError where it is refused."""
        request = urllib.request.Request(f"{self.url}/api/v1/import/prometheus", data=text)
        with urllib.request.urlopen(request, timeout=60):
            pass
        self._get("/internal/force_flush")

    def query(self, expression: str, *, at: float | None = None) -> list[Sample]:
        """Return what *expression* is now, or *at* a moment (s since the epoch), one for each series; none: []."""
        moment = {} if at is None else {"time": repr(at)}
        parameters = urllib.parse.urlencode({"query": expression, "nocache": "1", **moment})
        found: Any = json.loads(self._get(f"/api/v1/query?{parameters}"))["data"]
        return [Sample(one["metric"], float(one["value"][0]), float(one["value"][1])) for one in found["result"]]

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            return self._get("/health") == b"OK"
        except OSError:
            return False

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=30) as reply:
            body: bytes = reply.read()
            return body
