"""Who is written to, and by which server, as the file says it."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from monitor.config import values
from monitor.config.grafana import language_of
from monitor.config.notify import event_names
from monitor.config.quantities import WrongValueError
from monitor.config.tables import Faults, Key
from monitor.config.values import Listen
from monitor.core.interval import HOUR, MINUTE
from monitor.core.units import Duration

_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
"""Source: RFC 5321, 4.1.2 (dot-string, domain), without quoted names."""
_HOST: Final = re.compile(r"[A-Za-z0-9._:-]+")
TO_BE_KNOWN: Final = (
    "budget_crossed",
    "clause_breached",
    "gap_found",
    "collection_failed",
    "collector_became_unavailable",
    "collector_recovered",
    "handler_failed",
)
"""What a person has to know. Our choice."""
SHORTEST_GAP: Final = Duration(10 * MINUTE.nanoseconds)
WAIT: Final = Duration(5 * MINUTE.nanoseconds)
LONGEST_WAIT: Final = HOUR
LONGEST_GAP: Final = Duration(24 * HOUR.nanoseconds)
MOST_PER_HOUR: Final = 60
HIGHEST_PORT: Final = 65535
PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
"""Source: RFC 6409 (587), RFC 8314 (465), RFC 5321 (25)."""


class Security(StrEnum):
    """How what is sent to the server is encrypted."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


def host_name(value: object) -> str:
    """Return the name or the address of a server."""
    name = values.text(value)
    if _HOST.fullmatch(name) is None or name.startswith("-"):
        message = f"{name!r} is not the name of a server"
        raise WrongValueError(message, '"smtp.example.org"')
    return name


def mailbox(value: object) -> str:
    """Return one address of e-mail."""
    address = values.text(value)
    if _ADDRESS.fullmatch(address) is None:
        message = f"{address!r} is not an address of e-mail"
        raise WrongValueError(message, '"empreinte@example.org"')
    return address


def mailboxes(value: object) -> tuple[str, ...]:
    """Return a list of addresses of e-mail, each once."""
    if not isinstance(value, list):
        raise WrongValueError("it is a list", f'["{value}"]' if isinstance(value, str) else '["it@example.org"]')
    return tuple(dict.fromkeys(mailbox(item) for item in value))


def port_number(value: object) -> int:
    """Return a port."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= HIGHEST_PORT:
        message = f"{value!r} is not a port"
        raise WrongValueError(message, "587")
    return value


def per_hour(value: object) -> int:
    """Return how many messages an hour, 1 to MOST_PER_HOUR."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_PER_HOUR:
        message = f"{value!r} is not a number of messages from 1 to {MOST_PER_HOUR}"
        raise WrongValueError(message, "6")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailTable:
    """Who is told by e-mail, without Alertmanager: docs/notifications.md."""

    host: Annotated[str, Key("Server that takes the mail.", host_name, '"smtp.example.org"', unset="none is sent")] = ""
    port: Annotated[int, Key("Its port.", port_number, "587", unset="587 (starttls), 465 (tls), 25 (none)")] = 0
    security: Annotated[
        Security,
        Key(
            'How it is encrypted: "starttls" or "tls"; "none" for a server on this machine.',
            values.choice(Security),
            '"starttls"',
        ),
    ] = Security.STARTTLS
    insecure: Annotated[
        bool, Key('Whether security = "none" may leave this machine, to be read by others.', values.flag, "false")
    ] = False
    user: Annotated[str, Key("Name by which the server knows us.", values.text, '"empreinte"', unset="none")] = ""
    password_file: Annotated[
        Path | None,
        Key(
            "File with the password, which only the daemon's user can read.",
            values.absolute_path,
            '"/etc/empreinte/smtp.password"',
            unset="none is given",
        ),
    ] = None
    sender: Annotated[str, Key("Who it is from.", mailbox, '"empreinte@example.org"', unset="none is sent")] = ""
    to: Annotated[
        tuple[str, ...],
        Key("Who is told of events.", mailboxes, '["it@example.org"]', unset="nobody"),
    ] = ()
    events: Annotated[
        tuple[str, ...],
        Key(
            "Which events, by their names, globs.",
            event_names,
            '["budget_crossed", "gap_found"]',
            unset=f"{', '.join(TO_BE_KNOWN)}",
        ),
    ] = TO_BE_KNOWN
    shortest_gap: Annotated[
        Duration,
        Key(
            "How long something has to be unmeasured for anybody to be told.",
            values.between(Duration(0), LONGEST_GAP),
            '"10min"',
        ),
    ] = SHORTEST_GAP
    wait: Annotated[
        Duration,
        Key(
            "How long what happens next is waited for, to be told in the same message.",
            values.between(Duration(0), LONGEST_WAIT),
            '"5min"',
        ),
    ] = WAIT
    most_per_hour: Annotated[
        int, Key("How many messages are sent within an hour; what is more waits for the next.", per_hour, "6")
    ] = 6
    summary_to: Annotated[
        tuple[str, ...],
        Key("Who gets the summary of each month.", mailboxes, '["direction@example.org"]', unset="nobody"),
    ] = ()
    language: Annotated[
        str, Key('Language of what is sent: "fr" or "en".', language_of, '"fr"', unset="organisation.language")
    ] = ""

    @property
    def url(self) -> str:
        """What it is called in the queue, and in what is told of it: it holds no secret."""
        return f"smtp://{self.host}:{self.actual_port}"

    @property
    def summary_url(self) -> str:
        """The same, for summaries."""
        return f"smtp+summary://{self.host}:{self.actual_port}"

    @property
    def actual_port(self) -> int:
        """The port that is given, else the one that is usual for how it is encrypted."""
        return self.port or PORTS[self.security]

    @property
    def tells_events(self) -> bool:
        """Whether anybody is told of events."""
        return bool(self.host and self.to)

    @property
    def sends_summaries(self) -> bool:
        """Whether anybody gets summaries."""
        return bool(self.host and self.summary_to)


def check_email(table: EmailTable, faults: Faults) -> None:
    """Note what is right by itself and wrong together."""
    if not table.host:
        for key in ("to", "summary_to", "sender", "user"):
            if getattr(table, key):
                faults.note("email.host", f"{key} is given, and no server: by which is it sent?", '"smtp.example.org"')
                return
        return
    if not table.sender:
        faults.note("email.sender", "who is it from?", f'"empreinte@{table.host.partition(".")[2] or table.host}"')
    if not (table.to or table.summary_to):
        faults.note("email.to", "who is told?", '["it@example.org"]')
    if table.security is Security.NONE and not table.insecure and not Listen(table.host, 0).is_loopback:
        message = f"what is sent to {table.host} would leave this machine with no encryption"
        faults.note("email.security", message, '"starttls"')
    if bool(table.user) != (table.password_file is not None):
        missing = "password_file" if table.user else "user"
        faults.note(f"email.{missing}", "a server that knows us wants both user and password_file: give the other too")
