"""Electricity bills, as the file says them: `[[bill]]`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Final

from monitor.config import amounts, values
from monitor.config.amounts import Exact
from monitor.config.tables import Faults, Key
from monitor.core.bills import Bill, Covers
from monitor.core.units import MICROJOULES_PER_KILOWATT_HOUR

_ONE: Final = Decimal(1)
_energy: Final = Exact(
    noun="an energy that was billed",
    units={"kWh": _ONE, "MWh": Decimal(1000)},
    example='"4812 kWh"',
    highest=Decimal(1_000_000_000),
    positive=True,
    mistaken={**dict.fromkeys(("kw", "kw/h"), ("kWh", _ONE)), "gwh": ("MWh", Decimal(1000))},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BillTable:
    """An electricity bill, or a meter that was read: the report sets it beside what was measured over its days."""

    source: Annotated[str, Key("Which one: the number of the invoice.", values.text, '"Facture EDF 2026-114"')]
    starts: Annotated[date, Key("First day of it.", amounts.day, "2026-01-01")]
    ends: Annotated[date, Key("Last day of it.", amounts.day, "2026-02-28")]
    energy: Annotated[Decimal, Key("What was billed.", _energy, '"4812 kWh"')]
    covers: Annotated[
        Covers,
        Key("What is behind the meter: the `machine`, the `room` or the `building`.", values.choice(Covers), '"room"'),
    ]
    share: Annotated[
        Decimal | None,
        Key("Which part of it is this machine's, with its share of the room.", values.share, "0.25", unset="unknown"),
    ] = None


def bill_of(table: BillTable) -> Bill:
    """Return what *table* says, as the rest of the program has it."""
    return Bill(
        source=table.source,
        starts=table.starts,
        ends=table.ends,
        energy=round(table.energy * MICROJOULES_PER_KILOWATT_HOUR),
        covers=table.covers,
        share=None if table.share is None else Fraction(table.share),
    )


def check_bills(bills: Iterable[tuple[str, BillTable]], faults: Faults) -> None:
    """Note bills that end before they begin."""
    for path, bill in bills:
        if bill.ends < bill.starts:
            faults.note(f"{path}.ends", f"{bill.ends} is before the first day, {bill.starts}")
