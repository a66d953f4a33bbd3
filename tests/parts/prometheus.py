"""Debian's Prometheus on loopback, scraping what a test names, and its lint."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.parts.child import Child, Server
from tests.parts.loopback import LOOPBACK, free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sample:
    """One series at one moment. `labels` has its name under `__name__`; `at` is in s since the epoch."""

    labels: Mapping[str, str]
    at: float
    value: float


@dataclass(frozen=True, slots=True)
class Line:
    """One series over time: its points are (s since the epoch, value), in order."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]


class Asking:
    """Who asks a Prometheus that is there already, at *url*."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, expression: str, *, at: float | None = None) -> list[Sample]:
        """Return what *expression* is now, or *at* a moment (s since the epoch), one for each series; none: []."""
        moment = {} if at is None else {"time": repr(at)}
        found = self._ask("query", query=expression, **moment)
        if found["resultType"] == "scalar":
            return [Sample({}, float(found["result"][0]), float(found["result"][1]))]
        return [Sample(one["metric"], float(one["value"][0]), float(one["value"][1])) for one in found["result"]]

    def value(self, expression: str, *, at: float | None = None) -> float:
        """Return the one value of *expression*. Fails where there is none or more than one."""
        (sample,) = self.query(expression, at=at)
        return sample.value

    def query_range(self, expression: str, start: float, end: float, *, step: float = 1.0) -> list[Line]:
        """Return *expression* from *start* to *end* (s since the epoch), a point each *step* s, by series."""
        found = self._ask("query_range", query=expression, start=repr(start), end=repr(end), step=repr(step))
        return [
            Line(one["metric"], tuple((float(at), float(value)) for at, value in one["values"]))
            for one in found["result"]
        ]

    def _ask(self, kind: str, **parameters: str) -> Any:
        query = urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{kind}?{query}", timeout=30) as reply:
                return json.load(reply)["data"]
        except urllib.error.HTTPError as refusal:
            raise AssertionError(f"{parameters}: {refusal.read().decode()}") from refusal


class Prometheus(Asking, Server):
    """A Prometheus that scrapes *targets*, each `host:port` or a whole URL of a metrics page, as *job*.

    It keeps *retention*, and evaluates the files of *rules*. Blocks made for it can be put in `storage` before it
    starts.
    """

    def __init__(
        self,
        directory: Path,
        *targets: str,
        every: str = "1s",
        port: int | None = None,
        retention: str = "15d",
        job: str = "test",
        rules: Sequence[Path] = (),
    ) -> None:
        self.port = port or free_port()
        super().__init__(f"http://{LOOPBACK}:{self.port}")
        self.targets = targets
        self.job = job
        self.storage = directory / f"prometheus-{self.port}"
        configuration = directory / f"prometheus-{self.port}.yml"
        # JSON is YAML
        configuration.write_text(json.dumps(_configuration(targets, every, job, rules), indent=1))
        command = [
            "prometheus",
            f"--config.file={configuration}",
            f"--storage.tsdb.path={self.storage}",
            f"--storage.tsdb.retention.time={retention}",
            f"--web.listen-address={LOOPBACK}:{self.port}",
        ]
        self.child = Child(command, directory / f"prometheus-{self.port}.log")

    def wait_for_scrapes(self, count: int = 1, *, seconds: float = 60.0) -> None:
        """Return when each target has been scraped with success *count* times."""

        def enough() -> bool:
            found = self.query(f'sum_over_time(up{{job="{self.job}"}}[1d])')
            return len(found) == len(self.targets) and all(sample.value >= count for sample in found)

        wait_until(enough, what=f"{count} scrapes of {', '.join(self.targets)}", seconds=seconds, every=0.2)

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5):
                return True
        except OSError:
            return False


def lint(page: str) -> list[str]:
    """Return what `promtool check metrics` finds wrong in *page*, a line each; [] where all is well."""
    return _promtool("check", "metrics", text=page)


def check_configuration(file: Path) -> list[str]:
    """Return what `promtool check config` finds wrong in *file*, a line each; [] where all is well."""
    return _promtool("check", "config", str(file))


def make_blocks(openmetrics: Path, storage: Path, *, longest: str = "2h") -> None:
    """Make blocks of a file of OpenMetrics in *storage*, each as *longest* says, at most. Fails where it is refused."""
    command = ["promtool", "tsdb", "create-blocks-from", f"--max-block-duration={longest}", "openmetrics"]
    done = subprocess.run([*command, openmetrics, storage], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


def _promtool(*arguments: str, text: str = "") -> list[str]:
    done = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, timeout=60, check=False)
    complaints = done.stderr.splitlines()
    if done.returncode and not complaints:
        complaints = done.stdout.splitlines()
    return complaints


def _configuration(targets: Sequence[str], every: str, job: str, rules: Sequence[Path]) -> Mapping[str, object]:
    return {
        "global": {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every},
        "rule_files": [str(file) for file in rules],
        "scrape_configs": [
            {
                "job_name": job,
                "static_configs": [_target(target) for target in targets],
                "relabel_configs": [
                    {"source_labels": ["path"], "regex": "(.+)", "target_label": "__metrics_path__"},
                    {"regex": "path", "action": "labeldrop"},
                ],
            }
        ],
    }


def _target(target: str) -> Mapping[str, object]:
    url = urllib.parse.urlsplit(target if "//" in target else f"//{target}/metrics")
    return {"targets": [url.netloc], "labels": {"path": url.path}}
