"""From a table of a TOML file to a frozen record: every fault is noted with its path, none stops the others.

A record is a dataclass whose fields are annotated with a `Key`: what it says to a person, and how its value is read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_type_hints

from monitor.config.amounts import Exact
from monitor.config.quantities import WrongValueError
from monitor.config.values import toml_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Record = TypeVar("Record")
Read = Callable[[object], Any]
"""Turns a TOML value into what the program uses. Raises WrongValueError."""

_CLOSE: Final = 0.6
"""How alike two words are before one is suggested for the other. Source: the default of difflib."""


@dataclass(frozen=True, slots=True)
class Key:
    """What a person needs to know about one key of the configuration."""

    says: str
    """One sentence, for the example and the reference."""
    read: Read | type[Any]
    """How its value is read; where that is a table itself, the record of it."""
    example: str
    """A value, as TOML."""
    unset: str = ""
    """What happens without it, where that is not its default value: "the machine's name"."""
    alternative: bool = False
    """It may stand in the place of another key: the example names it, and doesn't take it."""

    def written(self, value: object) -> str:
        """Return *value* as TOML, as it is read."""
        if isinstance(self.read, Exact) and isinstance(value, Decimal):
            return self.read.written(value)
        if not dataclasses.is_dataclass(value) or not isinstance(self.read, type):
            return toml_text(value)
        parts = (
            f"{name} = {key.written(getattr(value, name))}"
            for name, key in keys_of(self.read)
            if getattr(value, name) not in (None, "")
        )
        return "{ " + ", ".join(parts) + " }"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong: where (`sampling.every`), what, and what to write instead (empty: a person decides)."""

    path: str
    what: str
    instead: str = ""

    def __str__(self) -> str:
        sentence = f"{self.path}: {self.what}" if self.path else self.what
        return f"{sentence}: write {self.instead}" if self.instead else sentence


@dataclass(slots=True)
class Faults:
    """Collects what is wrong while the rest is still read."""

    found: list[Fault] = field(default_factory=list)

    def note(self, path: str, what: str, instead: str = "") -> None:
        """Add one."""
        self.found.append(Fault(path, what, instead))


def keys_of(record: type[Any]) -> Iterator[tuple[str, Key]]:
    """Yield each key of a record type with what is to be known about it, in order."""
    hints = get_type_hints(record, include_extras=True)
    for one in dataclasses.fields(record):
        key = next((extra for extra in getattr(hints[one.name], "__metadata__", ()) if isinstance(extra, Key)), None)
        if key is not None:
            yield one.name, key


def read_table(
    record: type[Record], table: object, path: str, faults: Faults, later: Mapping[str, str]
) -> Record | None:
    """Return *table* as a *record*; None where anything in it is wrong, which is then among the *faults*.

    *later* holds the paths of keys that a coming version knows, with what they will do.
    """
    if not isinstance(table, dict):
        faults.note(path, "it is a table", f"[{path}] and its keys below it")
        return None
    before = len(faults.found)
    known = dict(keys_of(record))
    note_unknown(table, tuple(known), path, faults, later)
    values = {}
    for name, key in known.items():
        if name in table:
            values[name] = _read_value(key, table[name], f"{path}.{name}", faults, later)
        elif _is_required(record, name):
            faults.note(f"{path}.{name}", "this key is needed", f"{name} = {key.example}")
    return record(**values) if len(faults.found) == before else None


def note_unknown(
    table: Mapping[str, object], known: tuple[str, ...], path: str, faults: Faults, later: Mapping[str, str]
) -> None:
    """Note each key of *table* that is not *known*, with the one that was probably meant."""
    for name in table:
        here = f"{path}.{name}" if path else name
        pattern = _without_indices(here)
        if name in known:
            continue
        if pattern in later:
            faults.note(here, f"not in this version ({later[pattern]}): take it out until a later one has it")
            continue
        close = get_close_matches(name, known, n=1, cutoff=_CLOSE)
        if close:
            faults.note(here, "there is no such key", close[0])
        else:
            faults.note(here, f"there is no such key (there are: {', '.join(known)})")


def read_tables(
    record: type[Record], tables: object, name: str, faults: Faults, later: Mapping[str, str]
) -> list[tuple[str, Record]]:
    """Return those of the *tables* `[[name]]` that are right, each with its path, `name[0]`."""
    if not isinstance(tables, list):
        faults.note(name, "there may be several", f"[[{name}]], with two brackets")
        return []
    paths = [f"{name}[{index}]" for index in range(len(tables))]
    read = [(path, read_table(record, table, path, faults, later)) for path, table in zip(paths, tables, strict=True)]
    return [(path, made) for path, made in read if made is not None]


def _read_value(key: Key, value: object, path: str, faults: Faults, later: Mapping[str, str]) -> object:
    if isinstance(key.read, type):
        if not isinstance(value, dict):
            faults.note(path, "it is a table", key.example)
            return None
        return read_table(key.read, value, path, faults, later)
    try:
        return key.read(value)
    except WrongValueError as wrong:
        faults.note(path, wrong.what, wrong.instead)
        return None


def _is_required(record: type[Any], name: str) -> bool:
    one = next(one for one in dataclasses.fields(record) if one.name == name)
    return one.default is MISSING and one.default_factory is MISSING


def _without_indices(path: str) -> str:
    """Return `service.match.port` for `service[0].match.port`."""
    return ".".join(part.partition("[")[0] for part in path.split("."))
