"""The electricity bills beside what was measured over the same days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.report.document import Kind, Listing, Paragraph, Section, Table
from monitor.report.measures import KILOWATT_HOURS, number_column, text_column
from monitor.report.printing import clean
from monitor.report.rounding import alone
from monitor.report.sections.services import central

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from monitor.core.bills import Reconciled
    from monitor.report.document import Cell, Column
    from monitor.report.material import Material

_PERCENT_DECIMALS: Final = 1


def reconciliation(material: Material) -> Section | None:
    """Return the section of bills; None where the report is of a part of the machine, which has no meter of its own."""
    if not material.report.scope.whole_machine:
        return None
    say = material.say
    if not material.stated.bills:
        return Section("reconciliation", say("reconciliation.title"), (Paragraph(say("reconciliation.none")),))
    blocks = (Paragraph(say("reconciliation.reading")), _bills(material), Listing(tuple(_notes(material))))
    return Section("reconciliation", say("reconciliation.title"), blocks)


def _bills(material: Material) -> Table:
    words, bills = material.words, material.stated.bills
    amounts = [_amounts(one) for one in bills]
    names = ("billed", "billed_part", "measured", "measured_facility", "difference")
    energies = [KILOWATT_HOURS.column(name, words, [row[place] for row in amounts]) for place, name in enumerate(names)]
    columns: tuple[Column, ...] = (
        text_column("bill", words),
        text_column("first_day", words, Kind.DATE),
        text_column("last_day", words, Kind.DATE),
        text_column("behind", words),
        *energies,
        number_column("days_coverage_percent", words, _PERCENT_DECIMALS, "%"),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            one.bill.source,
            one.bill.starts.isoformat(),
            one.bill.ends.isoformat(),
            words.say(f"behind.{one.bill.covers.value}"),
            *(_kilowatt_hours(part, column) for part, column in zip(parts, energies, strict=True)),
            alone(100 * one.coverage.numerator, one.coverage.denominator, _PERCENT_DECIMALS),
        )
        for one, parts in zip(bills, amounts, strict=True)
    )
    return Table("bills", words.say("table.bills.title"), columns, rows, note=words.say("table.bills.note"))


def _amounts(one: Reconciled) -> tuple[int | None, ...]:
    return (one.bill.energy, one.billed, central(one.machine), central(one.facility), one.difference)


def _kilowatt_hours(amount: int | None, column: Column) -> Decimal | None:
    return None if amount is None else alone(amount, KILOWATT_HOURS.size, column.decimals)


def _notes(material: Material) -> Iterator[str]:
    """Yield of each bill whether it lies within the range of the measure, and what the difference may come from."""
    say, words = material.say, material.words
    for one in material.stated.bills:
        compared = one.compared
        if compared is None:
            found = say("reconciliation.nothing")
        else:
            low, high = (KILOWATT_HOURS.text(bound, words) for bound in (compared.low, compared.high))
            found = say("reconciliation.within" if one.within else "reconciliation.beyond", low=low, high=high)
        causes = "".join(f" {say(f'bill_cause.{cause.value}')}" for cause in one.causes)
        yield say("reconciliation.note", bill=clean(one.bill.source), found=found, causes=causes)
