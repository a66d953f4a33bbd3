"""What a request asks for: which language, which format, compressed or not. Source: RFC 9110, section 12."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.config import Language

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_CHOICES: Final = 32
"""Of a header that lists choices, so many are read."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the choices that a header lists. `value` and the names of `parameters` are in lower case."""

    value: str
    parameters: Mapping[str, str]
    weight: float


def choices(header: str) -> list[Choice]:
    """Return what *header* accepts, best first; what it refuses (a weight of 0) is left out."""
    found = [_choice(part) for part in header.split(",")[:MOST_CHOICES] if part.strip()]
    return sorted((choice for choice in found if choice.weight > 0), key=lambda choice: -choice.weight)


def language(asked: str, accepted: str, default: Language) -> Language:
    """Return the language to answer in: the one *asked* for, else the best *accepted*, else *default*.

    *asked* and *accepted* are as they came: a parameter of the address, an Accept-Language header.
    """
    for tag in (asked.lower(), *(choice.value for choice in choices(accepted))):
        for spoken in Language:
            if tag.split("-")[0] == spoken.value:
                return spoken
    return default


def wants_openmetrics(accepted: str) -> bool:
    """Whether OpenMetrics 1.0.0 is asked for by name, and no kind of plain text is liked better."""
    for choice in choices(accepted):
        if choice.value == "application/openmetrics-text" and choice.parameters.get("version", "1.0.0") == "1.0.0":
            return True
        if choice.value in {"text/plain", "text/*", "*/*"}:
            return False
    return False


def wants_html(accepted: str) -> bool:
    """Whether the answer is for a browser."""
    return any(choice.value == "text/html" for choice in choices(accepted))


def wants_gzip(accepted: str) -> bool:
    """Whether the answer may be compressed with gzip."""
    return any(choice.value == "gzip" for choice in choices(accepted))


def _choice(part: str) -> Choice:
    value, *rest = (piece.strip() for piece in part.split(";"))
    pairs = (piece.partition("=") for piece in rest)
    parameters = {name.strip().lower(): content.strip() for name, _, content in pairs}
    return Choice(value.lower(), parameters, _weight(parameters.get("q", "1")))


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
