"""Public contracts and their environmental clauses, as the file says them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Final

from monitor.config import amounts, values
from monitor.config.clause_values import EXAMPLES, UNITS, cpv_codes, metric, money, operator, threshold, units_told
from monitor.config.procurement import (
    ContractEventTable,
    DeclarationTable,
    ProcurementTable,
    check_days,
    days,
    declared_of,
    event_of,
    names,
    procurement_of,
)
from monitor.config.tables import Faults, Key, read_table, read_tables
from monitor.core.contracts import Basis, Clause, Contract, Metric, Operator, Threshold, Window
from monitor.core.procurement import ClauseKind, Declared

NINE_TENTHS: Final = Decimal("0.9")
_ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseTable:
    """An environmental clause: `[[contract.clause]]`, below its `[[contract]]`."""

    id: Annotated[
        str, Key("Stable short name, in every series.", values.service_key, '"energie"', unset="clause-1, clause-2 ...")
    ] = ""
    text: Annotated[str, Key("What the contract says.", values.text, '"Au plus 3 Wh pour 1 000 jetons"')] = ""
    article: Annotated[str, Key("Where it says so.", values.text, '"CCTP art. 4.2"')] = ""
    service: Annotated[
        str,
        Key(
            "Key of the one service that it is about, of this host or bought.",
            values.service_key,
            '"assistant"',
            unset="all under the contract",
        ),
    ] = ""
    metric: Annotated[
        Metric, Key("What it is about: see docs/contracts.md.", metric, '"energy_per_1000_output_tokens"')
    ]
    operator: Annotated[Operator, Key("How a figure that meets it stands to the threshold.", operator, '"<="')]
    threshold: Annotated[
        Threshold, Key(f"What it is compared with: in {', '.join(UNITS)}; of a PUE, a number.", threshold, '"3 Wh"')
    ]
    tolerance: Annotated[
        Decimal, Key("By which share the threshold may be missed.", values.ratio(Decimal(0), _ONE), "0.1")
    ] = Decimal(0)
    period: Annotated[
        Window,
        Key(
            "Over what it is judged: each `month`, `quarter` or `year`, or the whole `contract` so far.",
            values.choice(Window),
            '"month"',
        ),
    ]
    starts: Annotated[
        date | None, Key("First day for which it holds.", amounts.day, "2026-07-01", unset="the contract's")
    ] = None
    ends: Annotated[
        date | None, Key("Last day for which it holds.", amounts.day, "2027-06-30", unset="the contract's")
    ] = None
    basis: Annotated[
        Basis,
        Key(
            "The least sure figures that show that it is met: `measured`, `declared` or `modelled`. A breach is shown"
            " by measured ones alone.",
            values.choice(Basis),
            '"declared"',
        ),
    ] = Basis.MEASURED
    min_coverage: Annotated[
        Decimal,
        Key("The share that has to be known for a verdict: of the time, the work, the impacts.", values.share, "0.9"),
    ] = NINE_TENTHS
    min_measured: Annotated[
        Decimal, Key("The share of the energy that has to be measured to count as measured.", values.share, "0.9")
    ] = NINE_TENTHS
    evidence: Annotated[
        tuple[str, ...], Key("What the supplier has to hand in.", names, '["relevé mensuel"]', unset="nothing")
    ] = ()
    penalty: Annotated[
        str, Key("What a breach costs: told, and never reckoned.", values.text, '"100 EUR par mois"')
    ] = ""
    kind: Annotated[
        ClauseKind | None,
        Key(
            "What sort: `technical`, `execution`, `reporting` or `award`.",
            values.choice(ClauseKind),
            '"execution"',
            unset="not told",
        ),
    ] = None
    remedy_days: Annotated[
        int | None, Key("Days to put a breach right: told, and never reckoned.", days, "60", unset="not told")
    ] = None
    waived: Annotated[str, Key("Why it is put aside.", values.text, '"avenant n°1"', unset="it holds")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractTable:
    """A public contract. Services say that they are under it with their key `contract`."""

    uid: Annotated[str, Key("Its number, as services name it.", values.text, '"2026-DSI-042"')]
    title: Annotated[str, Key("What it is about.", values.text, '"Assistant rédactionnel"')] = ""
    supplier: Annotated[str, Key("Who holds it.", values.text, '"Rédac SCOP"')] = ""
    supplier_siret: Annotated[str, Key("Its SIRET number.", values.siret, '"21350238800019"')] = ""
    lot: Annotated[str, Key("Which lot it is.", values.text, '"lot 2"')] = ""
    cpv: Annotated[tuple[str, ...], Key("CPV codes.", cpv_codes, '["72212000-4"]', unset="none")] = ()
    starts: Annotated[date | None, Key("First day.", amounts.day, "2026-01-01", unset="unknown")] = None
    ends: Annotated[date | None, Key("Last day.", amounts.day, "2028-12-31", unset="none yet")] = None
    amount: Annotated[
        Decimal | None,
        Key("What it is worth, without VAT: for shares by value.", money, '"48000 EUR"', unset="unknown"),
    ] = None
    declarations: Annotated[
        tuple[Path, ...],
        Key(
            "Files that the supplier has handed in: `empreinte contracts evidence` copies them. What they say:"
            " `[[contract.declaration]]`.",
            values.absolute_paths,
            '["/srv/contracts/042/declaration-2026.pdf"]',
            unset="none",
        ),
    ] = ()
    procurement: Annotated[
        ProcurementTable | None,
        Key(
            "How it was awarded: `[contract.procurement]`.",
            ProcurementTable,
            "{ notified = 2025-12-01, months = 36 }",
            unset="not told",
        ),
    ] = None
    clauses: tuple[ClauseTable, ...] = ()
    """Each has its id."""
    declared: tuple[DeclarationTable, ...] = ()
    events: tuple[ContractEventTable, ...] = ()

    @property
    def handed_in(self) -> tuple[Declared, ...]:
        """All files that the supplier has handed in, those of which nothing is told first."""
        return (*(Declared(file=str(path)) for path in self.declarations), *(declared_of(one) for one in self.declared))


_INNER: Final = frozenset({"clause", "declaration", "event"})
"""Tables below a contract, of which there may be several."""


def read_contracts(tables: object, faults: Faults, later: Mapping[str, str]) -> list[tuple[str, ContractTable]]:
    """Return the contracts of the file that are right, each with its path, `contract[0]`; note what is wrong."""
    if not isinstance(tables, list):
        faults.note("contract", "there may be several contracts", "[[contract]], with two brackets")
        return []
    read = ((f"contract[{index}]", table) for index, table in enumerate(tables))
    found = [(path, _contract(table, path, faults, later)) for path, table in read]
    return [(path, made) for path, made in found if made is not None]


def contract_of(table: ContractTable) -> Contract:
    """Return what *table* says, as the rest of the program has it."""
    return Contract(
        uid=table.uid,
        title=table.title,
        supplier=table.supplier,
        supplier_siret=table.supplier_siret,
        lot=table.lot,
        cpv=table.cpv,
        starts=table.starts,
        ends=table.ends,
        clauses=tuple(_clause(one) for one in table.clauses),
        amount=table.amount,
        procurement=procurement_of(table.procurement),
        declared=table.handed_in,
        events=tuple(event_of(one) for one in table.events),
    )


def check_contracts(
    contracts: Sequence[tuple[str, ContractTable]],
    services: Iterable[tuple[str, str, str]],
    bought: Iterable[tuple[str, str, str]],
    faults: Faults,
) -> None:
    """Note what of *contracts* is wrong together with *services* and *bought*: (path, key, contract) of each."""
    seen: dict[str, str] = {}
    ours, others = tuple(services), tuple(bought)
    for path, contract in contracts:
        if contract.uid in seen:
            faults.note(f"{path}.uid", f"{contract.uid!r} is already the contract at {seen[contract.uid]}")
        seen.setdefault(contract.uid, path)
        _check_holders(path, contract, ours, others, faults)
    for path, _, uid in (*ours, *others):
        if contracts and uid and uid not in seen:
            close = get_close_matches(uid, seen, n=1)
            what = f"there is no contract {uid!r}: add a [[contract]] of this uid"
            faults.note(f"{path}.contract", what, f'"{close[0]}"' if close else "")


def _contract(table: object, path: str, faults: Faults, later: Mapping[str, str]) -> ContractTable | None:
    rest = {name: one for name, one in table.items() if name not in _INNER} if isinstance(table, dict) else table
    read = read_table(ContractTable, rest, path, faults, later)
    if read is None or not isinstance(table, dict):
        return None
    if read.starts and read.ends and read.ends < read.starts:
        faults.note(f"{path}.ends", f"{read.ends} is before the first day, {read.starts}")
    clauses = _clauses(table.get("clause", []), f"{path}.clause", faults, later)
    for where, clause in clauses:
        if clause.period is Window.CONTRACT and read.starts is None:
            faults.note(f"{where}.period", "the whole contract has no beginning: say when it starts in [[contract]]")
    return replace(
        read,
        clauses=tuple(clause for _, clause in clauses),
        declared=_declared(read, table.get("declaration", []), f"{path}.declaration", faults, later),
        events=tuple(
            one for _, one in read_tables(ContractEventTable, table.get("event", []), f"{path}.event", faults, later)
        ),
    )


def _declared(
    contract: ContractTable, tables: object, path: str, faults: Faults, later: Mapping[str, str]
) -> tuple[DeclarationTable, ...]:
    """Return what is told of files that the supplier has handed in; note one that is named twice."""
    known, made = set(contract.declarations), []
    for where, table in read_tables(DeclarationTable, tables, path, faults, later):
        if table.file in known:
            faults.note(f"{where}.file", f"{str(table.file)!r} is named twice: take one of them out")
        known.add(table.file)
        check_days(where, table, faults)
        made.append(table)
    return tuple(made)


def _clauses(tables: object, path: str, faults: Faults, later: Mapping[str, str]) -> list[tuple[str, ClauseTable]]:
    made: list[tuple[str, ClauseTable]] = []
    ids: dict[str, str] = {}
    for where, table in read_tables(ClauseTable, tables, path, faults, later):
        clause = replace(table, id=table.id or f"clause-{len(made) + 1}")
        if clause.id in ids:
            faults.note(f"{where}.id", f"{clause.id!r} is already the id of another clause, at {ids[clause.id]}")
        ids.setdefault(clause.id, where)
        _check_clause(where, clause, faults)
        made.append((where, clause))
    return made


def _clause(table: ClauseTable) -> Clause:
    return Clause(
        id=table.id,
        text=table.text,
        article=table.article,
        service=table.service,
        metric=table.metric,
        operator=table.operator,
        threshold=table.threshold,
        tolerance=Fraction(table.tolerance),
        window=table.period,
        starts=table.starts,
        ends=table.ends,
        basis=table.basis,
        min_coverage=Fraction(table.min_coverage),
        min_measured=Fraction(table.min_measured),
        evidence=table.evidence,
        penalty=table.penalty,
        waived=table.waived,
        kind=table.kind,
        remedy_days=table.remedy_days,
    )


def _check_clause(path: str, clause: ClauseTable, faults: Faults) -> None:
    wanted, given = clause.metric.quantity, clause.threshold.quantity
    if given is not wanted:
        what = f"{clause.threshold.written} is no threshold of {clause.metric.name}, which is {units_told(wanted)}"
        faults.note(f"{path}.threshold", what, f"{EXAMPLES[wanted]}, for example")
    if clause.starts and clause.ends and clause.ends < clause.starts:
        faults.note(f"{path}.ends", f"{clause.ends} is before its first day, {clause.starts}")


def _check_holders(
    path: str,
    contract: ContractTable,
    services: Sequence[tuple[str, str, str]],
    bought: Sequence[tuple[str, str, str]],
    faults: Faults,
) -> None:
    """Note clauses that are about a service that nobody has configured, or about measured and bought ones at once."""
    known = {key for _, key, _ in (*services, *bought)}
    is_mixed = all(any(uid == contract.uid for _, _, uid in kind) for kind in (services, bought))
    for index, clause in enumerate(contract.clauses):
        where = f"{path}.clause[{index}].service"
        if clause.service and clause.service not in known:
            close = get_close_matches(clause.service, known, n=1)
            what = f"there is no service {clause.service!r} in this file"
            faults.note(where, what, f'"{close[0]}"' if close else "")
        if is_mixed and not clause.service:
            faults.note(
                where,
                "services of this host and bought ones are under the contract, and what is measured is never added to"
                " what is not: name the one that the clause is about",
            )
