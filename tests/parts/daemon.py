"""The daemon as a user runs it: a process of its own, with a configuration and a state directory of the test's."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from prometheus_client.parser import text_string_to_metric_families

from tests.parts.child import Child
from tests.parts.loopback import LOOPBACK, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Scrape:
    """One page of metrics, parsed."""

    samples: Mapping[tuple[str, Labels], float]
    types: Mapping[str, str] = field(default_factory=dict)

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of the samples of *name* that have these *labels*, among others; 0 where there is none."""
        wanted = set(labels.items())
        return sum(value for (one, has), value in self.samples.items() if one == name and wanted <= has)

    def counters(self) -> dict[tuple[str, Labels], float]:
        """Return the ledger's counters."""
        return {
            key: value
            for key, value in self.samples.items()
            if key[0].startswith("empreinte_") and key[0].endswith("_total")
        }


class Daemon:
    """`empreinte run` (or `simulate`) with a configuration file."""

    def __init__(
        self,
        directory: Path,
        *,
        tables: str = "",
        every: str = "1s",
        environment: Mapping[str, str] | None = None,
        command: tuple[str, ...] = ("run",),
        port: int | None = None,
    ) -> None:
        """*tables* is TOML beside what is needed to stay within *directory*."""
        self.port = port or free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.state = directory / "state"
        self.ledger = f"sqlite:///{self.state}/ledger.db"
        self.config = directory / "empreinte.toml"
        self.config.write_text(
            f'[web]\nlisten = "{LOOPBACK}:{self.port}"\n[sampling]\nevery = "{every}"\n'
            f'[organisation]\ntimezone = "Europe/Paris"\n{_with_state(tables, self.state)}'
        )
        name, *options = command
        line = [Path(sys.executable).parent / "empreinte", name, "--config", self.config, *options]
        self.child = Child(line, directory / "daemon.log", environment=environment)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.child.close()

    def start(self) -> None:
        """Start it, or start it again; return when it is ready."""
        self.child.start()
        self.child.wait_until(self.ready, what=f"the daemon is ready at {self.url}", seconds=60)

    def ready(self) -> bool:
        """Whether it says that it is ready."""
        try:
            self.get("/readyz")
        except (OSError, urllib.error.URLError):
            return False
        return True

    def get(self, path: str, **headers: str) -> str:
        """Return what it serves at *path*. Raises HTTPError for another status than 200."""
        request = urllib.request.Request(self.url + path, headers=headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            text: str = answer.read().decode()
            return text

    def scrape(self) -> Scrape:
        """Return its metrics."""
        samples: dict[tuple[str, Labels], float] = {}
        types: dict[str, str] = {}
        for family in text_string_to_metric_families(self.get("/metrics")):
            types[family.name] = family.type
            for sample in family.samples:
                samples[sample.name, frozenset(sample.labels.items())] = sample.value
        return Scrape(samples, types)

    def status(self) -> Any:
        """Return `/api/v1/status`."""
        return json.loads(self.get("/api/v1/status"))


def _with_state(tables: str, state: Path) -> str:
    """Return *tables* with the state directory in their `[paths]`."""
    line = f'state = "{state}"\n'
    if "[paths]\n" in tables:
        return tables.replace("[paths]\n", f"[paths]\n{line}")
    return f"{tables}\n[paths]\n{line}"
