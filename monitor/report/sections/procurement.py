"""Which share of the contracts has an environmental clause, and what the essential procurement data say of each.

Sources: SPASER: code of public procurement, article L2111-3 (shares by number and by value); DECP 2.0.3
(schema of 139bercy/format-commande-publique, 2025), considerationsEnvironnementales: the values are those of its
enum, in French in every language.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from monitor.report.document import Paragraph, Section, Table
from monitor.report.measures import number_column, text_column
from monitor.report.rounding import alone
from monitor.report.stated import with_consideration

if TYPE_CHECKING:
    from monitor.report.document import Block, Cell
    from monitor.report.material import Material


def procurement(material: Material) -> Section:
    """Return the section of contracts and their clauses; where none is configured it says so, with the cure."""
    say, contracts = material.say, material.stated.contracts
    if not contracts:
        return Section("procurement", say("procurement.title"), (Paragraph(say("procurement.none")),))
    blocks: tuple[Block, ...] = (Paragraph(_shares(material)), _contracts(material))
    return Section("procurement", say("procurement.title"), blocks)


def _shares(material: Material) -> str:
    say, words = material.say, material.words
    contracts = [one for one in material.stated.contracts if one.counts]
    if not contracts:
        return say("procurement.not_counted")
    counted = with_consideration(contracts)
    by_number = say(
        "procurement.by_number",
        with_clause=len(counted),
        contracts=len(contracts),
        share=words.number(alone(100 * len(counted), len(contracts), 1), 1),
    )
    amounts = [one.amount for one in contracts]
    known = sum((amount for amount in amounts if amount is not None), Decimal(0))
    if any(amount is None for amount in amounts) or not known:
        return f"{by_number} {say('procurement.no_value', missing=amounts.count(None))}"
    worth = sum((one.amount for one in counted if one.amount is not None), Decimal(0))
    return f"{by_number} {say('procurement.by_value', share=words.number(100 * worth / known, 1))}"


def _contracts(material: Material) -> Table:
    words = material.words
    columns = (
        text_column("contract_uid", words),
        text_column("contract_title", words),
        text_column("supplier", words),
        number_column("clauses", words, 0),
        text_column("environmental_consideration", words),
        number_column("contract_amount_eur", words, 2, "€"),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            one.uid,
            one.title,
            one.supplier,
            Decimal(one.clauses),
            ", ".join(one.considerations),
            None if one.amount is None else one.amount.quantize(Decimal("0.01")),
        )
        for one in material.stated.contracts
    )
    return Table(
        "procurement", words.say("table.procurement.title"), columns, rows, note=words.say("table.procurement.note")
    )
