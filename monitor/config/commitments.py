"""What the organisation has committed itself to, as the file says it: `[[commitment]]`, with what is done for it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Annotated, Final

from monitor.config import amounts, values
from monitor.config.clause_values import UNITS, metric, operator, threshold, units_told
from monitor.config.quantities import WrongValueError
from monitor.config.tables import Faults, Key, read_table, read_tables
from monitor.core.commitments import Action, Commitment, Progress, Target
from monitor.core.contracts import Basis, Metric, Operator, Threshold

_CHANGE: Final = re.compile(r"(?P<sign>[-+\u2212])\s*(?P<number>\d+(?:\.\d+)?)\s*%")
_EVERYTHING: Final = 100
"""Per cent: what is gone then is no target but an end."""


def target(value: object) -> Target:
    """Return what is aimed at: a threshold as of a clause, or, with its sign, a change against the baseline in percent.

    Raises WrongValueError, with what to write.
    """
    written = " ".join(str(value).split())
    found = _CHANGE.fullmatch(written)
    if found is None:
        return Target(written, amount=threshold(value))
    number = Fraction(found["number"])
    if not number or (found["sign"] != "+" and number >= _EVERYTHING):
        message = f"{written!r} is no change that can be aimed at: it is more than -100 %, and not 0"
        raise WrongValueError(message, '"-20 %", for example')
    return Target(written, change=(number if found["sign"] == "+" else -number) / _EVERYTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionTable:
    """Something that is done to keep a commitment: `[[commitment.action]]`, below its `[[commitment]]`."""

    text: Annotated[str, Key("What is done.", values.text, '"Extinction la nuit"')]
    status: Annotated[Progress, Key("How far it is: `planned` or `done`.", values.choice(Progress), '"done"')]
    owner: Annotated[str, Key("Who does it.", values.text, '"DSI"')] = ""
    day: Annotated[
        date | None, Key("When it was done, or by when it will be.", amounts.day, "2026-06-30", unset="not told")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentTable:
    """What the organisation has committed itself to: an objective of its strategy, an article of its charter."""

    key: Annotated[str, Key("Stable short name.", values.service_key, '"sobriete"')]
    text: Annotated[str, Key("What was voted, in its words.", values.text, "\"Réduire de 20 % l'énergie de l'IA\"")]
    indicator: Annotated[
        Metric, Key("What it is about: one of the metrics of clauses, see docs/contracts.md.", metric, '"energy"')
    ]
    operator: Annotated[Operator, Key("How a figure that keeps it stands to the target.", operator, '"<="')]
    target: Annotated[
        Target,
        Key(
            f"What is aimed at: in {', '.join(UNITS)}; of a PUE, a number; or, with its sign, a change against the"
            " baseline in %.",
            target,
            '"-20 %"',
        ),
    ]
    year: Annotated[int, Key("The year by which it is to be reached.", amounts.year, "2030")]
    baseline_year: Annotated[
        int | None,
        Key("The year that it begins at, and that a change is against.", amounts.year, "2025", unset="no path"),
    ] = None
    baseline: Annotated[
        Threshold | None,
        Key(
            "What that year came to, for years that the ledger doesn't know.",
            threshold,
            '"1200 kWh"',
            unset="the ledger's figure",
        ),
    ] = None
    service: Annotated[
        str, Key("Key of the service whose figure it is, of this host or bought.", values.service_key, '"assistant"')
    ] = ""
    department: Annotated[
        str, Key("Department whose figure it is.", values.text, '"Communication"', unset="not used", alternative=True)
    ] = ""
    basis: Annotated[
        Basis,
        Key(
            "The least sure figures that show that it is on target: `measured`, `declared` or `modelled`. Off target"
            " is shown by measured ones alone.",
            values.choice(Basis),
            '"declared"',
        ),
    ] = Basis.MEASURED
    actions: tuple[ActionTable, ...] = ()


def read_commitments(tables: object, faults: Faults, later: Mapping[str, str]) -> list[tuple[str, CommitmentTable]]:
    """Return the commitments of the file that are right, each with its path; note what is wrong."""
    if not isinstance(tables, list):
        faults.note("commitment", "there may be several commitments", "[[commitment]], with two brackets")
        return []
    read = ((f"commitment[{index}]", table) for index, table in enumerate(tables))
    found = [(path, _commitment(table, path, faults, later)) for path, table in read]
    made = [(path, one) for path, one in found if one is not None]
    seen: dict[str, str] = {}
    for path, one in made:
        if one.key in seen:
            faults.note(f"{path}.key", f"{one.key!r} is already the key of another commitment, at {seen[one.key]}")
        seen.setdefault(one.key, path)
    return made


def commitment_of(table: CommitmentTable) -> Commitment:
    """Return what *table* says, as the rest of the program has it."""
    return Commitment(
        key=table.key,
        text=table.text,
        metric=table.indicator,
        operator=table.operator,
        target=table.target,
        year=table.year,
        baseline_year=table.baseline_year,
        baseline=table.baseline,
        service=table.service,
        department=table.department,
        basis=table.basis,
        actions=tuple(
            Action(text=one.text, progress=one.status, owner=one.owner, day=one.day) for one in table.actions
        ),
    )


def check_commitments(
    commitments: Sequence[tuple[str, CommitmentTable]], services: Sequence[str], faults: Faults
) -> None:
    """Note commitments about a service that is not among *services*, the keys of all that are configured."""
    for path, one in commitments:
        if one.service and one.service not in services:
            faults.note(f"{path}.service", f"there is no service {one.service!r} in this file")


def _commitment(table: object, path: str, faults: Faults, later: Mapping[str, str]) -> CommitmentTable | None:
    rest = {name: value for name, value in table.items() if name != "action"} if isinstance(table, dict) else table
    read = read_table(CommitmentTable, rest, path, faults, later)
    if read is None or not isinstance(table, dict):
        return None
    _check(path, read, faults)
    actions = read_tables(ActionTable, table.get("action", []), f"{path}.action", faults, later)
    return replace(read, actions=tuple(action for _, action in actions))


def _check(path: str, table: CommitmentTable, faults: Faults) -> None:
    wanted = table.indicator.quantity
    for name, given in (("target", table.target.amount), ("baseline", table.baseline)):
        if given is not None and given.quantity is not wanted:
            what = f"{given.written} is no amount of {table.indicator.name}, which is {units_told(wanted)}"
            faults.note(f"{path}.{name}", what)
    if table.service and table.department:
        faults.note(path, "a commitment is about one service or one department: keep one of them")
    if table.baseline_year is None and (table.baseline is not None or table.target.change is not None):
        what = "a change" if table.target.change is not None else "a baseline"
        faults.note(f"{path}.baseline_year", f"{what} is of some year: say which", "2025, for example")
    if table.baseline_year is not None and table.baseline_year >= table.year:
        faults.note(f"{path}.baseline_year", f"{table.baseline_year} is not before the target's year, {table.year}")
