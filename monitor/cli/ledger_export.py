"""`empreinte ledger export`: the past of the ledger's counters, for a time-series database that is new."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Protocol
from zoneinfo import ZoneInfo

import typer

from monitor.cli.session import CommandError, ConfigFile, Debug, Status, session_of
from monitor.cli.terminal import progress

if TYPE_CHECKING:
    from monitor.exposition.backfill import Form
    from monitor.ledger.past import Past

LABEL: Final = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")
"""What a label may be called. Source: Prometheus, "Metric names and labels": those with two underscores are its own."""
OUTPUT: Final = "-"
"""Standard output."""


class Step(StrEnum):
    """How far apart points are."""

    HOUR = "hour"
    DAY = "day"


class Output(Protocol):
    """What takes bytes."""

    def write(self, some: bytes, /) -> object:
        """Take *some*."""


def export(
    context: typer.Context,
    *,
    openmetrics: Annotated[
        bool, typer.Option("--openmetrics", help="For Prometheus: what promtool makes blocks of. Times in seconds.")
    ] = False,
    victoria_metrics: Annotated[
        bool, typer.Option("--victoria-metrics", help="For /api/v1/import/prometheus. Times in milliseconds.")
    ] = False,
    first: Annotated[
        str, typer.Option("--from", metavar="YYYY-MM-DD", help="From this day on. [default: the ledger's first]")
    ] = "",
    last: Annotated[
        str, typer.Option("--to", metavar="YYYY-MM-DD", help="Through this day. [default: the last closed hour]")
    ] = "",
    step: Annotated[Step, typer.Option(metavar="hour|day", help="How far apart points are.")] = Step.HOUR,
    label: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="A label that your scrapes add: job=..., instance=... May be repeated."
        ),
    ] = None,
    output: Annotated[
        str, typer.Option(metavar="FILE|-", help="The file to make; it must not exist. -: standard output.")
    ] = OUTPUT,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Write how the counters stood at the end of each closed hour.

    Under the names and labels of /metrics, and as /metrics showed them then: what was booked first, in joules, grams,
    litres, requests and tokens since the ledger began. What the daemon shows now goes on from the last point, as the
    same series where it has the same labels. An hour that was not measured has no point. It reads only, beside the
    daemon. Step by step: docs/backfill.md.

    \b
    Examples:
      empreinte ledger export --openmetrics --label job=empreinte --label instance=ia-01:21031 --output past.om
      empreinte ledger export --victoria-metrics | curl -X POST -T - http://127.0.0.1:8428/api/v1/import/prometheus
      empreinte ledger export --openmetrics --from 2026-01-01 --to 2026-03-31 --step day

    Exit status: 0 written; 1 no hour of that time is closed; 2 wrong use; 3 it can't be read, or not be written.
    """
    from monitor.cli.ledger import days, opened

    form, labels = _form(openmetrics=openmetrics, victoria_metrics=victoria_metrics), _labels(label or ())
    with opened(session_of(context, config, debug=debug).config()) as ledger:
        zone = ZoneInfo(ledger.timezone)
        past = ledger.past(days(first, last, zone))
        if past.interval.start == past.interval.end:
            message = "no hour of that time is closed in the ledger: an hour closes about a minute after its end"
            raise CommandError(message, Status.NO)
        with _written(output) as out:
            count = _write(past, _Shape(form, zone if step is Step.DAY else None, labels), out)
    if output != OUTPUT:
        typer.echo(f"{output} holds {count} points ({Path(output).stat().st_size / 1e6:.1f} MB).")
    return Status.DONE


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is written of the past; `zone` is where days are cut, None: the hours as they are."""

    form: "Form"
    zone: ZoneInfo | None
    labels: Mapping[str, str]


def _form(*, openmetrics: bool, victoria_metrics: bool) -> "Form":
    from monitor.exposition.backfill import Form

    if openmetrics == victoria_metrics:
        message = "say who is to read it: --openmetrics for Prometheus, or --victoria-metrics"
        raise CommandError(message, Status.WRONG)
    return Form.OPENMETRICS if openmetrics else Form.TEXT


def _labels(asked: Iterable[str]) -> dict[str, str]:
    """Return the labels *asked* for. Raises CommandError for one that can't be."""
    from monitor.exposition.backfill import own_labels

    own, labels = own_labels(), dict[str, str]()
    for text in asked:
        name, equals, value = text.partition("=")
        if not equals or not value or not LABEL.fullmatch(name):
            message = f"--label {text} is no label: write it as job=empreinte"
            raise CommandError(message, Status.WRONG)
        if name in own or name in labels:
            message = f"--label {text}: there is a label {name} already, name another"
            raise CommandError(message, Status.WRONG)
        labels[name] = value
    return labels


def _write(past: "Past", shape: _Shape, out: Output) -> int:
    """Write all of *past* to *out*, a series at a time; return how many points it has."""
    from monitor.core.past import by_day
    from monitor.exposition.backfill import FAMILIES, end, head, lines

    count = 0
    with progress() as tell:
        for family in FAMILIES:
            begun = False
            with closing(past.courses(family.totals, family.found)) as courses:
                for course in courses:
                    points = course.points
                    if shape.zone is not None:
                        points = tuple(by_day(points, shape.zone, past.interval.end))
                    out.write(b"" if begun else head(family, shape.form))
                    out.write(lines(family, course.key, points, shape.form, shape.labels))
                    begun, count = True, count + len(points)
                    tell(f"{count} points, {family.metric.name}")
    out.write(end(shape.form))
    return count


@contextmanager
def _written(output: str) -> Iterator[Output]:
    """Give what is written to. A file is there when it is whole, and until then under another name.

    Raises CommandError for one that is there already.
    """
    if output == OUTPUT:
        yield typer.get_binary_stream("stdout")
        return
    path = Path(output)
    if path.exists():
        message = f"{path} is there already: name another file, an export is never written over"
        raise CommandError(message, Status.WRONG)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with part.open("xb") as file:
        try:
            yield file
            file.flush()
            part.rename(path)
        finally:
            part.unlink(missing_ok=True)
