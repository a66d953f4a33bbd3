"""The register of AI services: a file that people keep, as TOML or as a table (CSV), and what is wrong with it."""

import csv
import dataclasses
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final, get_type_hints

from monitor.config import values
from monitor.config.quantities import WrongValueError
from monitor.config.source import SourceError, content_of, tables_of
from monitor.config.tables import Fault, Faults, Key, keys_of, note_unknown, read_tables
from monitor.core.register import Automation, Entry, Risk, Status

MADE_BY: Final = "empreinte register example"
SEPARATORS: Final = (",", ";")
"""Between cells: the second is what a French spreadsheet writes."""
WITHIN: Final = "|"
"""Between several values in one cell."""
DIGITS: Final = 18
"""What is longer is no number of decisions."""
LONGEST: Final = 10_000
"""Characters that nobody says of a service in one line. The limit of csv is everybody's, and others move it."""
YES: Final[Mapping[str, bool]] = dict.fromkeys(("oui", "yes", "true", "vrai"), True) | dict.fromkeys(
    ("non", "no", "false", "faux"), False
)
"""What people write, and what spreadsheets do."""


class RegisterError(Exception):
    """The register can't be used; the text says everything that is wrong with it."""

    def __init__(self, file: Path, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(f"{file}: {fault}" for fault in faults))


def day(value: object) -> date:
    """Return a day, 2026-03-14."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        message = f"{str(value)!r} is no day"
        raise WrongValueError(message, "2026-03-14, for example") from None


def texts(value: object) -> tuple[str, ...]:
    """Return a list of lines of text, each once."""
    if not isinstance(value, list):
        raise WrongValueError("it is a list", f'["{value}"]' if isinstance(value, str) else '["..."]')
    return tuple(dict.fromkeys(values.text(one) for one in value))


def count(value: object) -> int:
    """Return a whole number that is not below zero."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise WrongValueError("it is a whole number, without quotes", "1200, for example")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterTable:
    """The register of AI services: docs/register.md."""

    file: Annotated[
        Path | None,
        Key(
            "File that holds it, TOML or CSV.",
            values.absolute_path,
            '"/etc/empreinte/register.toml"',
            unset="there is no register",
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryTable:
    """One service of the register. What measures say of it comes from the ledger, by its key."""

    key: Annotated[
        str, Key("Key of the [[service]] or [[external]] that it is about.", values.service_key, '"assistant"')
    ]
    name: Annotated[str, Key("Its name, for people.", values.text, '"Assistant rédactionnel"')]
    status: Annotated[Status, Key("studied, tried, in_use or ended.", values.choice(Status), '"in_use"')]
    purpose: Annotated[str, Key("What it is for.", values.text, '"Aider à rédiger les courriers"')] = ""
    context: Annotated[str, Key("In which service to the public it stands.", values.text, '"Accueil"')] = ""
    department: Annotated[str, Key("Which department answers for it.", values.text, '"Communication"')] = ""
    contact: Annotated[str, Key("Whom to write to about it.", values.text, '"ia@ville.example"')] = ""
    since: Annotated[date | None, Key("In use since.", day, "2026-01-15")] = None
    until: Annotated[date | None, Key("In use until.", day, "2027-01-15")] = None
    models: Annotated[tuple[str, ...], Key("The models that it uses.", texts, '["mistral-small-3.2"]')] = ()
    supplier: Annotated[str, Key("Who supplies it.", values.text, '"SA Exemple"')] = ""
    contract: Annotated[str, Key("Uid of the contract.", values.text, '"2026-DSI-042"')] = ""
    users: Annotated[str, Key("Who uses it.", values.text, '"40 agents"')] = ""
    public: Annotated[str, Key("Whom it concerns.", values.text, '"Usagers qui écrivent à la mairie"')] = ""
    decisions_per_year: Annotated[int | None, Key("How many decisions a year.", count, "1200")] = None
    individual_decisions: Annotated[
        bool | None, Key("Whether decisions about single persons are based on it.", values.flag, "false")
    ] = None
    automation: Annotated[Automation | None, Key("none, partial or full.", values.choice(Automation), '"partial"')] = (
        None
    )
    human_role: Annotated[str, Key("What a person does before it has an effect.", values.text, '"Relit et signe"')] = ""
    legal_basis: Annotated[str, Key("The law that it rests on.", values.text, '"Mission d\'intérêt public"')] = ""
    data: Annotated[str, Key("Which data it uses.", values.text, '"Courriers reçus"')] = ""
    data_source: Annotated[str, Key("Where they are from.", values.text, '"Gestion du courrier"')] = ""
    personal_data: Annotated[bool | None, Key("Whether they are personal data.", values.flag, "true")] = None
    data_protection: Annotated[
        str, Key("Entry of processing, or impact assessment.", values.text, '"Registre RGPD n° 42"')
    ] = ""
    operations: Annotated[str, Key("Kind of algorithm, and its main steps.", values.text, '"Modèle de langue"')] = ""
    risk: Annotated[
        Risk | None, Key("minimal, transparency, high or prohibited (EU AI Act).", values.choice(Risk), '"minimal"')
    ] = None
    notice: Annotated[str, Key("Where people are told of it.", values.text, '"https://ville.example/ia"')] = ""
    alternative: Annotated[
        str,
        Key("The lighter way that was considered, and why not.", values.text, '"Modèles de lettres : trop rigides"'),
    ] = ""
    code: Annotated[str, Key("Where its code is.", values.text, '"https://git.ville.example/ia"')] = ""
    links: Annotated[tuple[str, ...], Key("Further pages about it.", texts, '["https://ville.example/charte"]')] = ()
    updated: Annotated[date | None, Key("When this entry was last looked at.", day, "2026-11-25")] = None


def entries_of(file: Path) -> tuple[Entry, ...]:
    """Return the entries of *file*, in its order. Raises RegisterError with everything that is wrong."""
    faults = Faults()
    try:
        tables = (
            _rows(content_of(file, MADE_BY), faults) if file.suffix.lower() == ".csv" else tables_of(file, MADE_BY)[0]
        )
    except SourceError as error:
        raise RegisterError(file, [error.fault]) from error
    note_unknown(tables, ("service",), "", faults, {})
    read = read_tables(EntryTable, tables.get("service", []), "service", faults, {})
    for key, times in Counter(table.key for _, table in read).items():
        if times > 1:
            faults.note("service", f"{key!r} is there {times} times", "each service once")
    if faults.found:
        raise RegisterError(file, faults.found)
    return tuple(
        Entry(**{one.name: getattr(table, one.name) for one in dataclasses.fields(table)}) for _, table in read
    )


def example() -> str:
    """Return a register of one service as TOML, with every key and what it is for."""
    lines = [f"# {key.says}\n{name} = {key.example}" for name, key in keys_of(EntryTable)]
    return "[[service]]\n" + "\n".join(lines) + "\n"


def _rows(content: str, faults: Faults) -> Mapping[str, Any]:
    """Return the tables of a CSV: a service each line, the names of keys in the first; empty cells say nothing.

    Raises SourceError where it is no table.
    """
    separator = max(SEPARATORS, key=content.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(content), delimiter=separator, strict=True)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in line]) for line in reader]
    except csv.Error as error:
        why = f"line {reader.line_num} is no line of a table ({error}): mend its quotes, or save it as CSV again"
        raise SourceError(Fault("", why)) from error
    names = lines[0][1] if lines else []
    for name, times in Counter(name for name in names if name).items():
        if times > 1:
            faults.note("line 1", f"{name!r} is there {times} times", "each key once")
    filled = [(number, line) for number, line in lines[1:] if any(line)]
    for number, line in filled:
        if any(len(cell) > LONGEST for cell in line):
            faults.note(f"line {number}", "it has a cell as long as a file: close the quotes before it")
        if any(cell for place, cell in enumerate(line) if place >= len(names) or not names[place]):
            faults.note(f"line {number}", "it has a cell below no name of a key", "texts with a separator in quotes")
    kinds = get_type_hints(EntryTable)
    return {
        "service": [
            {name: _cell(kinds.get(name), cell) for name, cell in zip(names, line, strict=False) if name and cell}
            for _, line in filled
        ]
    }


def _cell(kind: object, text: str) -> object:
    """Return a cell as TOML would have it; what it can't be is refused as a value of TOML is."""
    if kind == tuple[str, ...]:
        return [part.strip() for part in text.split(WITHIN)]
    if kind == bool | None:
        return YES.get(text.lower(), text)
    return int(text) if kind == int | None and text.isdecimal() and len(text) <= DIGITS else text
