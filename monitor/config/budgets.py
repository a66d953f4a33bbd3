"""Budgets, as the file says them."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Final

from monitor.config import values
from monitor.config.amounts import Exact
from monitor.config.quantities import WrongValueError
from monitor.config.tables import Faults, Key
from monitor.core.budgets import Budget, Measure, Period
from monitor.core.groups import Group, Grouping, Holder
from monitor.core.units import (
    GRAMS_PER_KILOGRAM,
    MICROGRAMS_PER_GRAM,
    MICROJOULES_PER_KILOWATT_HOUR,
    MICROLITERS_PER_LITER,
    MICROS_PER_EURO,
)

UNITS: Final = {
    "kgCO2e": (Measure.EMISSIONS, MICROGRAMS_PER_GRAM * GRAMS_PER_KILOGRAM),
    "gCO2e": (Measure.EMISSIONS, MICROGRAMS_PER_GRAM),
    "tCO2e": (Measure.EMISSIONS, MICROGRAMS_PER_GRAM * GRAMS_PER_KILOGRAM * 1000),
    "Wh": (Measure.ENERGY, MICROJOULES_PER_KILOWATT_HOUR // 1000),
    "kWh": (Measure.ENERGY, MICROJOULES_PER_KILOWATT_HOUR),
    "MWh": (Measure.ENERGY, MICROJOULES_PER_KILOWATT_HOUR * 1000),
    "L": (Measure.WATER, MICROLITERS_PER_LITER),
    "m3": (Measure.WATER, MICROLITERS_PER_LITER * 1000),
    "EUR": (Measure.COST, MICROS_PER_EURO),
    "€": (Measure.COST, MICROS_PER_EURO),
}
"""What each unit measures, and how many of the measure's units it holds (monitor.core.budgets). 1 m3 is 1,000 L."""
_KEY_LENGTH: Final = 60
"""Of a key that is made, so that a number after it has room in the 63 of a key."""
_ONE: Final = Decimal(1)
_amount: Final = Exact(
    noun="a limit",
    units={unit: Decimal(many) for unit, (_, many) in UNITS.items()},
    example='"120 kgCO2e"',
    highest=Decimal("Infinity"),
    positive=True,
    mistaken={
        **dict.fromkeys(("kg", "kgco2", "kgco2eq", "kgco₂e", "kgeqco2", "kgéqco2"), ("kgCO2e", _ONE)),
        **dict.fromkeys(("g", "gco2", "gco2eq", "geqco2"), ("gCO2e", _ONE)),
        **dict.fromkeys(("t", "tco2", "tco2eq", "teqco2", "téqco2"), ("tCO2e", _ONE)),
        **dict.fromkeys(("w", "watthour"), ("Wh", _ONE)),
        **dict.fromkeys(("kw", "kwatth"), ("kWh", _ONE)),
        "gwh": ("MWh", Decimal(1000)),
        **dict.fromkeys(("litre", "litres", "liter", "liters"), ("L", _ONE)),
        **dict.fromkeys(("m³", "mètrescubes"), ("m3", _ONE)),
        **dict.fromkeys(("euro", "euros"), ("EUR", _ONE)),
        **dict.fromkeys(("k€", "keur"), ("EUR", Decimal(1000))),
    },
)


@dataclass(frozen=True, slots=True)
class Limit:
    """So much of a measure, in its unit, and as somebody wrote it."""

    measure: Measure
    amount: int
    written: str

    def __str__(self) -> str:
        return self.written


def limit(value: object) -> Limit:
    """Return what *value* limits: energy, greenhouse gases, water or money."""
    amount = round(_amount(value))
    written = " ".join(str(value).split())
    # the longest first: a kWh ends as a Wh does
    unit = next(unit for unit in sorted(UNITS, key=len, reverse=True) if written.endswith(unit))
    if not amount:
        message = f"{written!r} is less than can be counted"
        raise WrongValueError(message, '"1 Wh", for example')
    return Limit(UNITS[unit][0], amount, written)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetTable:
    """So much for a service, a department, a contract, or all of this host, in each month, quarter or year."""

    key: Annotated[
        str, Key("Stable short name, in every series.", values.service_key, '"ia"', unset="made of the others")
    ] = ""
    name: Annotated[str, Key("Name for people.", values.text, '"Budget IA"', unset="the key")] = ""
    service: Annotated[str, Key("Key of the service whose it is.", values.service_key, '"assistant"')] = ""
    department: Annotated[
        str, Key("Department whose it is.", values.text, '"Communication"', unset="not used", alternative=True)
    ] = ""
    contract: Annotated[
        str, Key("Contract whose it is.", values.text, '"2026-DSI-042"', unset="not used", alternative=True)
    ] = ""
    period: Annotated[
        Period, Key("For how long: `month`, `quarter` or `year`, of the calendar.", values.choice(Period), '"year"')
    ]
    limit: Annotated[
        Limit,
        Key(f"How much, and by its unit of what: {', '.join(UNITS)}.", limit, '"120 kgCO2e"'),
    ]
    warn_at: Annotated[
        Decimal, Key("The share of the limit that is told of before all of it is used.", values.share, "0.8")
    ] = Decimal("0.8")

    @property
    def holder(self) -> Holder | None:
        """Whose it is; None: all of this host."""
        if self.department:
            return Group(Grouping.DEPARTMENT, self.department)
        return Group(Grouping.CONTRACT, self.contract) if self.contract else self.service or None


def completed_budgets(tables: Sequence[tuple[str, BudgetTable]], faults: Faults) -> tuple[BudgetTable, ...]:
    """Return the *tables*, each with its key and name; note keys that are there twice, and two holders of one."""
    seen: dict[str, str] = {}
    for path, table in tables:
        if sum(map(bool, (table.service, table.department, table.contract))) > 1:
            faults.note(path, "a budget is of one service, one department or one contract: keep one of them")
        if table.key in seen:
            faults.note(f"{path}.key", f"{table.key!r} is already the key of another budget, at {seen[table.key]}")
        if table.key:
            seen[table.key] = path
    return tuple(_completed([table for _, table in tables], set(seen)))


def budget_of(table: BudgetTable) -> Budget:
    """Return what *table*, which is complete, says, as the rest of the program has it."""
    return Budget(
        key=table.key,
        name=table.name,
        holder=table.holder,
        measure=table.limit.measure,
        period=table.period,
        limit=table.limit.amount,
        warn_at=Fraction(table.warn_at),
        written=table.limit.written,
    )


def _completed(tables: Sequence[BudgetTable], taken: set[str]) -> Iterator[BudgetTable]:
    for table in tables:
        key = table.key or _free(_made(table), taken)
        taken.add(key)
        yield replace(table, key=key, name=table.name or key)


def _made(table: BudgetTable) -> str:
    holder = table.service or table.department or table.contract or "all"
    plain = unicodedata.normalize("NFKD", f"{holder}-{table.limit.measure}-{table.period}").encode("ascii", "ignore")
    return re.sub(r"[^a-z0-9._-]+", "-", plain.decode().lower()).strip("-._")[-_KEY_LENGTH:].lstrip("-._")


def _free(key: str, taken: set[str]) -> str:
    number, free = 1, key
    while free in taken:
        number += 1
        free = f"{key}-{number}"
    return free
