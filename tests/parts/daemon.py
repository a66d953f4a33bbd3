"""Empreinte itself as a process, on a configuration of the test's own, asked over HTTP as others ask it."""

from __future__ import annotations

import http.client
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prometheus_client.parser import text_string_to_metric_families

from tests.parts.child import Child, Server
from tests.parts.loopback import LOOPBACK, free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROGRAM: Final = Path(sys.executable).with_name("empreinte")
TICK: Final = "500ms"
"""Between two readings, where a test does not say otherwise: short, so that tests are."""
ANSWER_IN: Final = 30.0

HOST_ENERGY: Final = "empreinte_host_energy_joules_total"

Tables = dict[str, Any]
"""A configuration: tables by name, `service` a list of them."""


@dataclass(frozen=True, slots=True)
class Scrape:
    """A page of metrics: the value of each series, by its name and its labels."""

    page: str
    series: Mapping[tuple[str, frozenset[tuple[str, str]]], float]

    def find(self, name: str, **labels: str) -> dict[frozenset[tuple[str, str]], float]:
        """Return the series called *name* that have these *labels*, and maybe others, by all their labels."""
        asked = labels.items()
        return {found: value for (its, found), value in self.series.items() if its == name and asked <= found}

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of the series called *name* that have these *labels*; 0 where there is none yet."""
        return sum(self.find(name, **labels).values())

    def counters(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Return the ledger's counters."""
        return {
            key: value
            for key, value in self.series.items()
            if key[0].startswith("empreinte_") and key[0].endswith("_total")
        }

    def sum(self, name: str, **labels: str) -> float:
        """Return the sum of the series called *name* that have these *labels*. Fails where there is none."""
        found = self.find(name, **labels)
        assert found, f"no series {name}{labels or ''}"
        return sum(found.values())


class Daemon(Server):
    """`empreinte run`, or another command that serves, with its state in *directory*."""

    def __init__(
        self,
        directory: Path,
        tables: Tables | None = None,
        *,
        command: Sequence[str] = ("run",),
        environment: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.state = directory / "state"
        self.configuration = directory / "empreinte.toml"
        self.configuration.write_text(toml(_with_defaults(tables or {}, self.state, self.port)))
        self.child = Child(
            [PROGRAM, *command, "--config", self.configuration],
            directory / "empreinte.log",
            environment={"HOME": str(directory), "NO_COLOR": "1", **(environment or {})},
            directory=directory,
        )

    def stop(self) -> None:
        """Ask it to stop; return when it has. Fails where it does not end well."""
        status = self.child.terminate()
        assert status == 0, f"it ended with {status}\n{self.child.said()}"

    def kill(self) -> None:
        """End it in the middle of what it does."""
        self.child.kill()

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self.child.pid

    def is_ready(self) -> bool:
        """Whether /readyz says yes."""
        try:
            return self.get("/readyz")[0] == http.HTTPStatus.OK
        except OSError:
            return False

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Return the status and the body of its answer to a GET. Raises OSError where it does not answer."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=ANSWER_IN)
        try:
            connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            reply = connection.getresponse()
            return reply.status, reply.read().decode()
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()

    def scrape(self) -> Scrape:
        """Return its metrics, parsed by Prometheus's own client."""
        page = self._page("/metrics")
        samples = (sample for family in text_string_to_metric_families(page) for sample in family.samples)
        return Scrape(page, {(one.name, frozenset(one.labels.items())): one.value for one in samples})

    def status(self) -> Any:
        """Return what /api/v1/status says."""
        return json.loads(self._page("/api/v1/status"))

    def wait_for_tick(self, count: int = 1, *, seconds: float = 60.0) -> None:
        """Return when it has read and written *count* times more."""
        first = self.status()["ledger"]["commit"]
        wait_until(
            lambda: self.status()["ledger"]["commit"] >= first + count, what=f"{count} more ticks", seconds=seconds
        )

    def wait_for_energy(self, *, seconds: float = 60.0) -> None:
        """Return when it shows energy: a first reading is only where counting begins, a second makes a difference."""
        wait_until(lambda: bool(self.scrape().find(HOST_ENERGY)), what=HOST_ENERGY, seconds=seconds)

    def _page(self, path: str) -> str:
        status, body = self.get(path)
        assert status == http.HTTPStatus.OK, f"{path}: {status} {body}"
        return body


def toml(tables: Tables) -> str:
    """Return *tables* as a configuration file."""
    lines: list[str] = []
    for name, table in tables.items():
        many = isinstance(table, list)
        for one in table if many else [table]:
            lines.append(f"[[{name}]]" if many else f"[{name}]")
            lines += [f"{key} = {_value(value)}" for key, value in one.items()]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    """Return *value* as TOML writes it. A text of JSON is one of TOML too."""
    match value:
        case dict():
            return "{ " + ", ".join(f"{key} = {_value(one)}" for key, one in value.items()) + " }"
        case list() | tuple():
            return "[" + ", ".join(map(_value, value)) + "]"
        case Path():
            return json.dumps(str(value))
        case _:
            return json.dumps(value)


def _with_defaults(tables: Tables, state: Path, port: int) -> Tables:
    """Return *tables* with what keeps the daemon to itself, and quick; a key set to None is left out."""
    own: Tables = {
        # else CodeCarbon's table is read first, in a process of its own that imports pandas
        "host": {"cpu_tdp": "100 W"},
        "paths": {"state": state},
        "sampling": {"every": TICK},
        "web": {"listen": f"{LOOPBACK}:{port}"},
    }
    merged = {name: table | tables.get(name, {}) for name, table in own.items()}
    return tables | {name: _without_none(table) for name, table in merged.items()}


def _without_none(table: Mapping[str, Any]) -> Tables:
    return {key: value for key, value in table.items() if value is not None}
