"""The Grafana that dashboards are pushed to, as the file says it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from monitor.config import values
from monitor.config.notify import event_names
from monitor.config.quantities import WrongValueError
from monitor.config.tables import Faults, Key

FOLDER: Final = "empreinte"
SOURCE: Final = "empreinte-prometheus"
LANGUAGES: Final = ("fr", "en")
MARKED: Final = (
    "service_appeared",
    "service_disappeared",
    "gap_found",
    "entry_corrected",
    "budget_crossed",
    "clause_breached",
    "clause_evaluated",
)
"""What explains a curve to whoever looks at it. Our choice."""
_UID: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")


def uid(value: object) -> str:
    """Return a uid of Grafana: at most 40 of A-Z, a-z, 0-9, `_`, `-`. Source: Grafana 9.4, HTTP API, dashboard."""
    name = values.text(value)
    if _UID.fullmatch(name) is None:
        message = f"{name!r} is not a uid: it has at most 40 of A-Z, a-z, 0-9, _ and -"
        raise WrongValueError(message, f'"{re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:40] or FOLDER}"')
    return name


def marked(value: object) -> tuple[str, ...]:
    """Return which events are marked: those of MARKED for true, none for false or an empty list, else what is named."""
    if isinstance(value, bool):
        return MARKED if value else ()
    if not isinstance(value, list):
        instead = f'["{value}"]' if isinstance(value, str) else "true"
        raise WrongValueError("it is true, or a list of events", instead)
    return event_names(value) if value else ()


def language_of(value: object) -> str:
    """Return the language of dashboards, `fr` or `en`."""
    if value not in LANGUAGES:
        message = f"{value!r} is none of {', '.join(LANGUAGES)}"
        raise WrongValueError(message, f'"{LANGUAGES[0]}"')
    return str(value)


def prometheus_address(value: object) -> str:
    """Return the address of Prometheus as Grafana reaches it: http also elsewhere, as no token of ours goes there."""
    address = values.text(value)
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc or parts.query or parts.fragment:
        message = "it is not the address of a Prometheus, without name and password"
        raise WrongValueError(message, '"http://127.0.0.1:9090"')
    return address


@dataclass(frozen=True, slots=True, kw_only=True)
class GrafanaTable:
    """The Grafana that dashboards are pushed to, and in which events are marked: docs/grafana.md."""

    url: Annotated[
        str,
        Key(
            "Its address, with the path that it is served under.",
            values.web_address,
            '"https://grafana.example.org"',
            unset="dashboards are not pushed",
        ),
    ] = ""
    token_file: Annotated[
        Path | None,
        Key(
            "File with the token of a service account, role Editor; Admin for `prometheus` and public dashboards.",
            values.absolute_path,
            '"/etc/empreinte/grafana.token"',
            unset="dashboards are not pushed",
        ),
    ] = None
    folder: Annotated[str, Key("Title of the folder, where it is to be made.", values.text, '"Empreinte"')] = (
        "Empreinte"
    )
    folder_uid: Annotated[str, Key("Uid of the folder.", uid, f'"{FOLDER}"')] = FOLDER
    language: Annotated[
        str,
        Key('Language of the dashboards: "fr" or "en".', language_of, '"fr"', unset="organisation.language"),
    ] = ""
    data_source: Annotated[
        str, Key("Uid of the data source from which the public dashboard takes its figures.", uid, f'"{SOURCE}"')
    ] = SOURCE
    prometheus: Annotated[
        str,
        Key(
            "Prometheus, as Grafana reaches it: `data_source` is made to lead there.",
            prometheus_address,
            '"http://127.0.0.1:9090"',
            unset="data sources are not touched",
        ),
    ] = ""
    certificates: Annotated[
        Path | None,
        Key(
            "File of further authorities (PEM) to trust there, beside the system's.",
            values.absolute_path,
            '"/etc/empreinte/authority.pem"',
            unset="the system's alone",
        ),
    ] = None
    annotations: Annotated[
        tuple[str, ...],
        Key(
            "Which events the daemon marks there, by their names, globs; true: those that explain a curve.",
            marked,
            "true",
            unset="none",
        ),
    ] = ()

    @property
    def marks_url(self) -> str:
        """What its marks are called in the queue, and in what is told of it: it holds no secret."""
        parts = urlsplit(self.url)
        return f"grafana+{parts.scheme}://{parts.netloc}"


def check_grafana(table: GrafanaTable, faults: Faults) -> None:
    """Note what is right by itself and wrong together."""
    if not table.annotations:
        return
    if not table.url:
        faults.note("grafana.url", "where are events marked?", '"https://grafana.example.org"')
    if table.token_file is None:
        faults.note("grafana.token_file", "by which token are events marked?", '"/etc/empreinte/grafana.token"')
