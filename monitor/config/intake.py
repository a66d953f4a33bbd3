"""Which events are taken from outside, and whose they are, as the file says it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from monitor.config import values
from monitor.config.quantities import WrongValueError
from monitor.config.tables import Faults, Key
from monitor.core.interval import HOUR
from monitor.core.services import EventRule
from monitor.core.units import Duration

RETENTION: Final = Duration(7 * 24 * HOUR.nanoseconds)
LONGEST_RETENTION: Final = Duration(40 * 24 * HOUR.nanoseconds)
RATE: Final = 1000
HIGHEST_RATE: Final = 100_000


def globs(value: object) -> tuple[str, ...]:
    """Return a list of globs that is not empty."""
    if not isinstance(value, list) or not value:
        raise WrongValueError("it is a list", f'["{value}"]' if isinstance(value, str) else '["mistral-small*"]')
    return tuple(values.text(item) for item in value)


def rate(value: object) -> int:
    """Return a whole number from 1 to HIGHEST_RATE."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongValueError("it is a whole number, without quotes", str(RATE))
    if not 1 <= value <= HIGHEST_RATE:
        message = f"{value} is not between 1 and {HIGHEST_RATE}"
        raise WrongValueError(message)
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeTable:
    """What other systems may send: docs/intake.md. Without a token file nothing is taken in."""

    token_file: Annotated[
        Path | None,
        Key(
            "File with the tokens of those who may send, one a line, which only the daemon's user can read.",
            values.absolute_path,
            '"/etc/empreinte/intake.token"',
            unset="nothing is taken in",
        ),
    ] = None
    events_per_second: Annotated[
        int, Key("How many events each token may send in a second, over ten seconds.", rate, "1000")
    ] = RATE
    retention: Annotated[
        Duration,
        Key(
            "How long it is known which events came, so that none counts twice; older ones are refused. Events that"
            " are no service's are kept as long.",
            values.between(HOUR, LONGEST_RETENTION),
            '"7d"',
        ),
    ] = RETENTION


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsTable:
    """Which events from outside are a service's. What is set has to fit."""

    models: Annotated[tuple[str, ...], Key("Names of models, globs.", globs, '["mistral-small*"]', unset="any")] = ()
    sources: Annotated[
        tuple[str, ...],
        Key("Names of those who send them, globs: hosts, applications.", globs, '["litellm"]', unset="any"),
    ] = ()


def event_rule(table: EventsTable, path: str, faults: Faults) -> EventRule:
    """Return what *table*, at *path*, says; note where it says nothing."""
    if not table.models and not table.sources:
        faults.note(path, "which events are its own?", '{ models = ["mistral-small*"] }')
    return EventRule(table.models, table.sources)
