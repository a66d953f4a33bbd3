"""Public contracts and their environmental clauses, as the file says them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Final

from monitor.config import amounts, values
from monitor.config.amounts import Exact
from monitor.config.quantities import WrongValueError
from monitor.config.tables import Faults, Key, read_table, read_tables
from monitor.core.contracts import METRICS, Basis, Clause, Contract, Metric, Operator, Quantity, Threshold, Window
from monitor.core.units import GRAMS_PER_KILOGRAM

NINE_TENTHS: Final = Decimal("0.9")
_ONE: Final = Decimal(1)
_JOULES: Final = 3600
"""Of a watt-hour. Source: SI brochure, 9th edition, table 8 (hour)."""
UNITS: Final[Mapping[str, tuple[Quantity, Fraction]]] = {
    "Wh": (Quantity.ENERGY, Fraction(_JOULES)),
    "mWh": (Quantity.ENERGY, Fraction(_JOULES, 1000)),
    "kWh": (Quantity.ENERGY, Fraction(_JOULES * 1000)),
    "MWh": (Quantity.ENERGY, Fraction(_JOULES * 1_000_000)),
    "J": (Quantity.ENERGY, Fraction(1)),
    "gCO2e": (Quantity.EMISSIONS, Fraction(1)),
    "mgCO2e": (Quantity.EMISSIONS, Fraction(1, 1000)),
    "kgCO2e": (Quantity.EMISSIONS, Fraction(GRAMS_PER_KILOGRAM)),
    "tCO2e": (Quantity.EMISSIONS, Fraction(GRAMS_PER_KILOGRAM * 1000)),
    "L": (Quantity.WATER, Fraction(1)),
    "mL": (Quantity.WATER, Fraction(1, 1000)),
    "m3": (Quantity.WATER, Fraction(1000)),
    "%": (Quantity.SHARE, Fraction(1, 100)),
    "g/kWh": (Quantity.INTENSITY, Fraction(1)),
    "L/kWh": (Quantity.WATER_USE, Fraction(1)),
}
"""What each unit of a threshold is an amount of, and how many of the quantity's units it holds."""
_EXAMPLES: Final[Mapping[Quantity, str]] = {
    Quantity.ENERGY: '"3 Wh"',
    Quantity.EMISSIONS: '"120 kgCO2e"',
    Quantity.WATER: '"2 m3"',
    Quantity.SHARE: '"20 %"',
    Quantity.RATIO: "1.4",
    Quantity.INTENSITY: '"100 g/kWh"',
    Quantity.WATER_USE: '"0.4 L/kWh"',
}
_amount: Final = Exact(
    noun="a threshold",
    units=dict.fromkeys(UNITS, _ONE),
    example='"3 Wh"',
    highest=Decimal("Infinity"),
    positive=True,
    mistaken={
        **dict.fromkeys(("kg", "kgco2", "kgco2eq", "kgco₂e", "kgeqco2", "kgéqco2"), ("kgCO2e", _ONE)),
        **dict.fromkeys(("g", "gco2", "gco2eq", "geqco2"), ("gCO2e", _ONE)),
        **dict.fromkeys(("t", "tco2", "tco2eq", "teqco2", "téqco2"), ("tCO2e", _ONE)),
        **dict.fromkeys(("gco2e/kwh", "gco2/kwh", "gco2eq/kwh", "geqco2/kwh"), ("g/kWh", _ONE)),
        **dict.fromkeys(("litre", "litres", "liter", "liters"), ("L", _ONE)),
        **dict.fromkeys(("percent", "pourcent", "pct"), ("%", _ONE)),
        "w": ("Wh", _ONE),
        "kw": ("kWh", _ONE),
        "m³": ("m3", _ONE),
    },
)
money: Final = Exact(
    noun="an amount of money",
    units={"EUR": _ONE, "€": _ONE},
    example='"48000 EUR"',
    highest=Decimal(1_000_000_000),
    positive=True,
    mistaken={
        **dict.fromkeys(("euro", "euros"), ("EUR", _ONE)),
        **dict.fromkeys(("k€", "keur"), ("EUR", Decimal(1000))),
    },
)
"""A `Read` of what a contract is worth, in euros."""
_NUMBER: Final = re.compile(r"\d+(\.\d+)?")
_CPV: Final = re.compile(r"\d{8}(-\d)?")
_OPERATORS: Final[Mapping[str, Operator]] = {
    **dict.fromkeys(("≤", "=<", "max", "at most", "au plus"), Operator.AT_MOST),
    **dict.fromkeys(("≥", "=>", "min", "at least", "au moins"), Operator.AT_LEAST),
}
"""What people write, and what they mean. Suggested, never taken."""


def metric(value: object) -> Metric:
    """Return what a clause is about. One that can't be known is refused, with those that can."""
    known = METRICS.get(value) if isinstance(value, str) else None
    if known is None:
        close = get_close_matches(str(value).lower(), METRICS, n=1)
        message = f"{value!r} is not among what can be known here: {', '.join(METRICS)}"
        raise WrongValueError(message, f'"{close[0]}"' if close else "")
    return known


def operator(value: object) -> Operator:
    """Return how a figure that meets the clause stands to the threshold."""
    known = [one.value for one in Operator]
    if isinstance(value, str) and value in known:
        return Operator(value)
    meant = _OPERATORS.get(str(value).strip().lower())
    message = f"{value!r} is none of {', '.join(known)}"
    raise WrongValueError(message, f'"{meant.value}"' if meant else "")


def threshold(value: object) -> Threshold:
    """Return what a figure is compared with: an amount with its unit, a share in percent, or the plain number of a PUE.

    Raises WrongValueError, with what to write.
    """
    written = " ".join(str(value).split())
    if not isinstance(value, bool) and _NUMBER.fullmatch(written):
        if not Fraction(written):
            message = "a threshold can't be zero"
            raise WrongValueError(message)
        return Threshold(Fraction(written), Quantity.RATIO, written)
    number = Fraction(_amount(value))
    # the longest first: a kWh ends as a Wh does
    unit = next(unit for unit in sorted(UNITS, key=len, reverse=True) if written.endswith(unit))
    quantity, many = UNITS[unit]
    return Threshold(number * many, quantity, written)


def texts(value: object) -> tuple[str, ...]:
    """Return a list of texts."""
    if not isinstance(value, list) or not value:
        raise WrongValueError("it is a list of texts", f'["{value}"]' if isinstance(value, str) else "")
    return tuple(values.text(one) for one in value)


def cpv_codes(value: object) -> tuple[str, ...]:
    """Return codes of the common procurement vocabulary: eight digits, and maybe the check digit."""
    codes = texts(value)
    for code in codes:
        if _CPV.fullmatch(code) is None:
            message = f"{code!r} is no code of the common procurement vocabulary"
            raise WrongValueError(message, '["72212000-4"], for example')
    return codes


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
        tuple[str, ...], Key("What the supplier has to hand in.", texts, '["relevé mensuel"]', unset="nothing")
    ] = ()
    penalty: Annotated[
        str, Key("What a breach costs: told, and never reckoned.", values.text, '"100 EUR par mois"')
    ] = ""
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
            "Files that the supplier has handed in: `empreinte contracts evidence` copies them.",
            values.absolute_paths,
            '["/srv/contracts/042/declaration-2026.pdf"]',
            unset="none",
        ),
    ] = ()
    clauses: tuple[ClauseTable, ...] = ()
    """Each has its id."""


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
    rest = {name: value for name, value in table.items() if name != "clause"} if isinstance(table, dict) else table
    read = read_table(ContractTable, rest, path, faults, later)
    if read is None or not isinstance(table, dict):
        return None
    if read.starts and read.ends and read.ends < read.starts:
        faults.note(f"{path}.ends", f"{read.ends} is before the first day, {read.starts}")
    clauses = _clauses(table.get("clause", []), f"{path}.clause", faults, later)
    for where, clause in clauses:
        if clause.period is Window.CONTRACT and read.starts is None:
            faults.note(f"{where}.period", "the whole contract has no beginning: say when it starts in [[contract]]")
    return replace(read, clauses=tuple(clause for _, clause in clauses))


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
    )


def _check_clause(path: str, clause: ClauseTable, faults: Faults) -> None:
    wanted, given = clause.metric.quantity, clause.threshold.quantity
    if given is not wanted:
        units = [unit for unit, (quantity, _) in UNITS.items() if quantity is wanted]
        what = f"{clause.threshold.written} is no threshold of {clause.metric.name}, which is "
        faults.note(
            f"{path}.threshold",
            what + (f"in {', '.join(units)}" if units else "a plain number"),
            f"{_EXAMPLES[wanted]}, for example",
        )
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
