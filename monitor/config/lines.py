"""Where in the text of a TOML file each key stands: the parser does not say, and a person who errs needs to know."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def lines_of(text: str) -> dict[str, int]:
    """Return the line, from 1, of each key of the TOML document *text*: `sampling.every`, `service[0].match.port`.

    Tables stand at the line of their header, keys at the line where they begin. *text* has to be valid TOML.
    """
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    prefix = ""
    for number, statement in _statements(text):
        if statement.startswith("["):
            prefix = _header(statement, counts)
            lines.setdefault(prefix, number)
            continue
        for path in _paths(tomllib.loads(statement), prefix):
            lines.setdefault(path, number)
    return lines


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield each statement with the line where it begins. One that goes on over lines is complete once it parses."""
    begun = 0
    pending: list[str] = []
    # the line feed alone ends a line in TOML: what else Python takes for one may stand in a string
    for number, line in enumerate(text.split("\n"), start=1):
        if not pending and (not line.strip() or line.lstrip().startswith("#")):
            continue
        begun = begun if pending else number
        pending.append(line)
        statement = "\n".join(pending).strip()
        if _complete(statement):
            yield begun, statement
            pending = []


def _complete(statement: str) -> bool:
    try:
        tomllib.loads(statement)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _header(statement: str, counts: dict[str, int]) -> str:
    """Return the path that the header *statement* opens, `service[1].match`; count it where it is one of several."""
    table: object = tomllib.loads(statement)
    path = ""
    while isinstance(table, dict) and table:
        (name, table) = next(iter(table.items()))
        path = f"{path}.{name}" if path else name
        if isinstance(table, list):
            counts[path] = counts.get(path, -1) + 1
            return f"{path}[{counts[path]}]"
        if path in counts:
            path = f"{path}[{counts[path]}]"
    return path


def _paths(table: Mapping[str, object], prefix: str) -> Iterator[str]:
    for name, value in table.items():
        path = f"{prefix}.{name}" if prefix else name
        yield path
        if isinstance(value, dict):
            yield from _paths(value, path)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield f"{path}[{index}]"
                if isinstance(item, dict):
                    yield from _paths(item, f"{path}[{index}]")
