"""From a file to the tables of its TOML and the line of each key, or to the one reason why not."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from monitor.config.lines import lines_of
from monitor.config.tables import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LARGEST: Final = 1 << 20
"""A file beyond that is not a configuration but something else that was named by mistake."""
_LINE: Final = re.compile(r"^(?P<what>.*) \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")
_UNQUOTED: Final = re.compile(r"\s*(?P<key>[\w.-]+)\s*=\s*(?P<value>[^\s\"'\[\]{}#][^\"'\[\]{}#]*?)\s*(#.*)?")


class SourceError(Exception):
    """A file has no tables that could be read. `fault` says why, with the cure."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def tables_of(file: Path, made_by: str = "empreinte config example") -> tuple[Mapping[str, Any], Mapping[str, int]]:
    """Return the tables of *file*, its decimals exact, and the line of each key. *made_by*: the command that makes one.

    Raises SourceError: it can't be read, is too large, is not UTF-8, not TOML, or has a number of thousands of digits.
    """
    content = content_of(file, made_by)
    try:
        tables = tomllib.loads(content, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise SourceError(_syntax(str(error), content)) from error
    except RecursionError as error:
        raise SourceError(Fault("", "its tables are nested too deep: name the right file")) from error
    except ValueError as error:
        # all that the parser leaves to Python to refuse
        raise SourceError(Fault("", "a number in it has thousands of digits: name the right file")) from error
    return tables, lines_of(content)


def content_of(file: Path, made_by: str) -> str:
    """Return the text of *file*. Raises SourceError: it can't be read, is too large, or is not UTF-8."""
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        why = {
            FileNotFoundError: f"it does not exist: name another, or make one with `{made_by}`",
            PermissionError: "it may not be read: let the user that runs empreinte read it",
            IsADirectoryError: "it is a directory: name the file in it",
        }.get(type(error), f"it can't be read ({error.strerror})")
        raise SourceError(Fault("", why)) from error
    if len(content) > LARGEST:
        raise SourceError(Fault("", "it is larger than a configuration can be: name the right file"))
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SourceError(Fault("", f"line {line} is not text in UTF-8: save it as UTF-8")) from error


def _syntax(error: str, content: str) -> Fault:
    """Return what the parser found, with the line itself, and the quotes that are most often what is missing."""
    match = _LINE.match(error)
    if match is None or match["line"] is None:
        return Fault("", f"it is not TOML ({error})")
    number = int(match["line"])
    line = content.split("\n")[number - 1].strip()
    unquoted = _UNQUOTED.fullmatch(line)
    instead = f'{unquoted["key"]} = "{unquoted["value"]}"' if unquoted else ""
    return Fault(f"line {number}", f"it is not TOML ({match['what'].lower()}): {line}", instead)
