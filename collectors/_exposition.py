"""A page of metrics: the text format of Prometheus, 0.0.4, and OpenMetrics, as far as a few names are wanted of it.

Strict where a name is wanted: a line that can't be read makes the page unreadable, since a sum without it would be
wrong. All other lines are passed over unread, which keeps a page of megabytes cheap.

Tolerated: HELP and TYPE missing; a whole page in quotes, as JSON text (llama.cpp, builds 7010 to 7100); a byte-order
mark; exemplars and times behind a value; values that are no number (NaN, Inf), for whoever asks to judge.

Source: Prometheus, "Exposition formats"; OpenMetrics 1.0; llama.cpp, issue 17384.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

NAME: Final = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*+")
LABEL: Final = re.compile(r'[ \t]*+([A-Za-z_][A-Za-z0-9_]*+)[ \t]*+=[ \t]*+"([^"\\]*+(?:\\.[^"\\]*+)*+)"[ \t]*+(,?)')
VALUE: Final = re.compile(
    r"[ \t]*+([+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?|[+-]?[Ii]nf(?:inity)?|[Nn]a[Nn])"
    r"(?:[ \t]++-?[\d.]++(?:[eE][+-]?\d++)?)?+[ \t]*+(?:#.*+)?\r?"
)
"""A value, a time, an exemplar."""
TYPE: Final = re.compile(r"#[ \t]++TYPE[ \t]++([A-Za-z_:][A-Za-z0-9_:]*+)[ \t]")
END: Final = re.compile(r"#[ \t]*+EOF[ \t]*+\r?")
ESCAPED: Final = re.compile(r"\\(.)")
SUFFIXES: Final = ("", "_total", "_sum", "_count")
"""What the samples of one type are called after it."""
OTHER_FORMATS: Final = {"<": "HTML", "{": "JSON", "[": "JSON"}


class NoMetricsError(Exception):
    """It is no page of metrics, or not all of one. The text says what it is, and goes on a sentence about the page."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One series, as it is now."""

    labels: Mapping[str, str]
    value: float


def samples_of(body: bytes, wanted: Collection[str]) -> Mapping[str, tuple[Sample, ...]]:
    """Return what the page *body* has of the *wanted* names: name -> series, none where it is announced and not there.

    Raises NoMetricsError where it is no page of metrics, or a line of a wanted name can't be read.
    """
    found: dict[str, list[Sample]] = {}
    for line in _lines(_text(body)):
        if line.startswith("#"):
            announced = TYPE.match(line)
            if announced:
                for suffix in SUFFIXES:
                    if announced[1] + suffix in wanted:
                        found.setdefault(announced[1] + suffix, [])
            continue
        name = NAME.match(line)
        if name is not None and name[0] in wanted:
            found.setdefault(name[0], []).append(_sample(name[0], line[name.end() :]))
    return {name: tuple(series) for name, series in found.items()}


def _text(body: bytes) -> str:
    """Return the text of a page. Raises NoMetricsError where it is something else, or cut."""
    try:
        text = body.decode("utf-8-sig").lstrip()
        if text.startswith('"'):
            text = str(json.loads(text)).lstrip()
    except UnicodeDecodeError as error:
        raise NoMetricsError("is no text in UTF-8") from error
    except ValueError as error:
        raise NoMetricsError("is text in quotes that does not end") from error
    if text[:1] in OTHER_FORMATS:
        raise NoMetricsError(f"is {OTHER_FORMATS[text[0]]}, and no page of metrics")
    # the last line has to end: a number of which the end is missing would be another number
    if text and not text.endswith("\n"):
        raise NoMetricsError("is no page of metrics, or breaks off in its last line")
    return text


def _lines(text: str) -> Iterable[str]:
    """Yield the lines that say something. Raises NoMetricsError where none of them can be of a page of metrics."""
    lines = [line.lstrip(" \t") for line in text.split("\n")]
    if not any(line.startswith("#") or NAME.match(line) for line in lines) and any(lines):
        raise NoMetricsError("is no page of metrics")
    for line in lines:
        if END.fullmatch(line):
            return
        if line:
            yield line


def _sample(name: str, rest: str) -> Sample:
    """Return what follows the *name* of a series. Raises NoMetricsError where it can't be read."""
    labels, rest = _labels(name, rest.lstrip(" \t"))
    value = VALUE.fullmatch(rest)
    if value is None:
        raise NoMetricsError(f"has a line of {name} that can't be read")
    return Sample(labels, float(value[1]))


def _labels(name: str, rest: str) -> tuple[dict[str, str], str]:
    """Return the labels that *rest* begins with, and what follows them."""
    labels: dict[str, str] = {}
    if not rest.startswith("{"):
        return labels, rest
    at = 1
    while (label := LABEL.match(rest, at)) is not None:
        labels[label[1]] = ESCAPED.sub(_unescaped, label[2])
        at = label.end()
        if not label[3]:
            break
    end = rest[at:].lstrip(" \t")
    if not end.startswith("}"):
        raise NoMetricsError(f"has a line of {name} that can't be read")
    return labels, end[1:]


def _unescaped(found: re.Match[str]) -> str:
    return "\n" if found[1] == "n" else found[1]
