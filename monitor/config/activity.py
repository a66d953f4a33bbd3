"""Where a service tells what it does, as the file says it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from monitor.config import values
from monitor.config.quantities import WrongValueError
from monitor.config.tables import Faults, Key
from monitor.config.values import Listen
from monitor.core.services import PageRule


def page_address(value: object) -> str:
    """Return the address of a metrics page: http or https, anywhere, with no password and no question in it."""
    address = values.text(value)
    usual = '"http://127.0.0.1:8000/metrics"'
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in {"http", "https"} or not host or " " in address:
        message = f"{address!r} is not the address of a metrics page"
        raise WrongValueError(message, usual)
    if "@" in parts.netloc or parts.query or parts.fragment:
        message = "no name, password or question belongs in the address: a token has its file"
        raise WrongValueError(message, f'"{parts.scheme}://{parts.netloc.rpartition("@")[2]}{parts.path}"')
    if parts.path in {"", "/"}:
        message = f"{address!r} names no page"
        raise WrongValueError(message, f'"{parts.scheme}://{parts.netloc}/metrics"')
    return address


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityTable:
    """Where a service tells what it does."""

    url: Annotated[
        str,
        Key(
            "Address of its metrics page, on this machine or another.",
            page_address,
            '"http://127.0.0.1:8000/metrics"',
        ),
    ]
    model: Annotated[
        str,
        Key("Model that it serves, where its page names none.", values.text, '"mistral-small"', unset="none"),
    ] = ""
    token_file: Annotated[
        Path | None,
        Key(
            "File with the token that the page asks for, which only the daemon's user can read.",
            values.absolute_path,
            '"/etc/empreinte/localai.token"',
            unset="none is sent",
        ),
    ] = None


def page_rule(table: ActivityTable, path: str, faults: Faults) -> PageRule:
    """Return what *table*, at *path*, says; note a token that would leave this machine for all to read."""
    parts = urlsplit(table.url)
    if table.token_file is not None and parts.scheme == "http" and not Listen(parts.hostname or "", 0).is_loopback:
        message = "the token would leave this machine with no encryption"
        faults.note(f"{path}.url", message, f'"https{table.url.removeprefix("http")}"')
    return PageRule(table.url, table.model, str(table.token_file or ""))
