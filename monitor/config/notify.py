"""Who is told of events, as the file says it."""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from monitor.config import values
from monitor.config.quantities import WrongValueError
from monitor.config.tables import Faults, Key
from monitor.config.values import Listen
from monitor.core.cloudevent import is_asked_for, names


def webhook(value: object) -> str:
    """Return the address of a webhook: https, or http on this machine; with no name and no password in it."""
    address = values.text(value)
    usual = '"https://hooks.example.org/empreinte"'
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in {"http", "https"} or not host or " " in address or not address.isascii():
        # the address itself may be secret, and this is written to a log
        message = "it is not the address of a webhook"
        raise WrongValueError(message, usual)
    if "@" in parts.netloc or parts.fragment:
        message = "no name or password belongs in the address: what is sent can be signed, with secret_file"
        raise WrongValueError(message, usual)
    if parts.scheme == "http" and not Listen(host, 0).is_loopback:
        message = "what is told would leave this machine with no encryption"
        raise WrongValueError(message, f'"https://{parts.netloc}/..."')
    return address


def without_path(url: str) -> str:
    """Return the address *url* as it may be shown: whoever knows the path of a webhook may use it."""
    parts = urlsplit(url)
    hidden = "/***" if parts.path.strip("/") or parts.query else parts.path
    return f"{parts.scheme}://{parts.netloc}{hidden}"


def event_names(value: object) -> tuple[str, ...]:
    """Return a list of globs, each of which fits the name of an event."""
    if not isinstance(value, list) or not value:
        raise WrongValueError("it is a list", f'["{value}"]' if isinstance(value, str) else '["gap_found"]')
    globs = tuple(values.text(item) for item in value)
    for glob in globs:
        if not any(is_asked_for(name, (glob,)) for name in names()):
            message = f"no event is called {glob!r}; there are {', '.join(names())}"
            close = get_close_matches(glob, names(), n=1)
            raise WrongValueError(message, f'["{close[0]}"]' if close else "")
    return globs


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyTable:
    """An address that events are sent to as they happen (a webhook): docs/events.md."""

    url: Annotated[
        str,
        Key("Where they are sent.", webhook, '"https://hooks.example.org/empreinte"'),
    ]
    events: Annotated[
        tuple[str, ...],
        Key("Which events, by their names, globs.", event_names, '["gap_found", "service_*"]', unset="all"),
    ] = ("*",)
    secret_file: Annotated[
        Path | None,
        Key(
            "File with the secret by which what is sent is signed, which only the daemon's user can read.",
            values.absolute_path,
            '"/etc/empreinte/webhook.secret"',
            unset="nothing is signed",
        ),
    ] = None
    certificates: Annotated[
        Path | None,
        Key(
            "File of further authorities (PEM) to trust there, beside the system's.",
            values.absolute_path,
            '"/etc/empreinte/authority.pem"',
            unset="the system's alone",
        ),
    ] = None


def check_webhooks(tables: list[tuple[str, NotifyTable]], faults: Faults) -> None:
    """Note addresses that are there twice."""
    seen: dict[str, str] = {}
    for path, table in tables:
        if table.url in seen:
            twice = f"{without_path(table.url)} is already told, at {seen[table.url]}: name all its events there"
            faults.note(f"{path}.url", twice)
        seen.setdefault(table.url, path)
