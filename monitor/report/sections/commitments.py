"""Objectives against results: what the organisation has committed itself to, and what is done for it.

Source of the outline: law 2021-1485 (REEN), article 35, and decree 2022-1084: objectives, indicators and means of the
strategy, told each year before the debate on the budget.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.report.document import Kind, Listing, Notice, Paragraph, Section, Table
from monitor.report.measures import number_column, text_column
from monitor.report.metrics import DECIMALS, SIGNS, metric_name, told, unit_of, written
from monitor.report.printing import clean
from monitor.report.stated import is_yearly

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from monitor.core.commitments import Commitment, Pledged
    from monitor.report.document import Block, Cell
    from monitor.report.material import Material


def commitments(material: Material) -> Section | None:
    """Return the section of commitments; None where the report is of a part of a year or of the machine."""
    if not is_yearly(material.report):
        return None
    say, pledges = material.say, material.stated.pledges
    if not pledges:
        return Section("commitments", say("commitments.title"), (Notice(say("commitments.none")),))
    blocks: list[Block] = [Paragraph(say("commitments.reading")), _results(material), Listing(tuple(_notes(material)))]
    if any(one.commitment.actions for one in pledges):
        blocks.append(_actions(material))
    idle = [clean(one.commitment.text) for one in pledges if not one.commitment.actions]
    if idle:
        blocks.append(Notice(say("commitments.no_action", commitments=" · ".join(idle))))
    return Section("commitments", say("commitments.title"), tuple(blocks))


def _results(material: Material) -> Table:
    words = material.words
    columns = (
        text_column("commitment", words),
        text_column("indicator", words),
        text_column("target", words),
        text_column("by_year", words),
        number_column("held_against", words, DECIMALS),
        number_column("result", words, DECIMALS),
        number_column("result_low", words, DECIMALS),
        number_column("result_high", words, DECIMALS),
        text_column("result_unit", words),
        text_column("outcome", words),
    )
    rows = tuple(_result(material, one) for one in material.stated.pledges)
    return Table(
        "commitments", words.say("table.commitments.title"), columns, rows, note=words.say("table.commitments.note")
    )


def _result(material: Material, one: Pledged) -> tuple[Cell, ...]:
    commitment, metric = one.commitment, one.commitment.metric
    value = None if one.figure is None else one.figure.value
    return (
        commitment.text,
        _indicator(material, commitment),
        f"{SIGNS[commitment.operator]} {commitment.target}".replace(" ", "\N{NO-BREAK SPACE}"),
        str(commitment.year),
        told(_held_against(one), metric),
        *(told(bound, metric) for bound in ((value.central, value.low, value.high) if value else (None, None, None))),
        unit_of(metric)[0],
        material.say(f"outcome.{one.outcome.value}"),
    )


def _held_against(one: Pledged) -> Fraction | None:
    """Return what the path asks of the year; the target itself where there is no path."""
    return one.asked if one.asked is not None or one.commitment.baseline_year is not None else one.target


def _indicator(material: Material, commitment: Commitment) -> str:
    say, name = material.say, metric_name(material, commitment.metric)
    if commitment.service:
        facts = next((use.facts for use in material.report.uses if use.facts.key == commitment.service), None)
        return say("indicator.service", indicator=name, name=material.name(facts) if facts else commitment.service)
    if commitment.department:
        return say("indicator.department", indicator=name, name=commitment.department)
    return name


def _notes(material: Material) -> Iterator[str]:
    """Yield of each commitment what it began at, and, where nothing is shown, why and what would show it."""
    for one in material.stated.pledges:
        parts = [_origin(material, one), *(material.say(f"not_shown.{reason.value}") for reason in one.reasons)]
        text = " ".join(part for part in parts if part)
        if text:
            yield material.say("commitments.note", commitment=clean(one.commitment.text), text=text)


def _origin(material: Material, one: Pledged) -> str:
    if one.origin is None:
        return ""
    return material.say(
        "commitments.stated_origin" if one.origin.stated else "commitments.ledger_origin",
        year=one.commitment.baseline_year,
        amount=written(material, one.origin.amount, one.commitment.metric),
    )


def _actions(material: Material) -> Table:
    words = material.words
    columns = (
        text_column("commitment", words),
        text_column("action", words),
        text_column("progress", words),
        text_column("action_owner", words),
        text_column("action_day", words, Kind.DATE),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            one.commitment.text,
            action.text,
            words.say(f"progress.{action.progress.value}"),
            action.owner,
            None if action.day is None else action.day.isoformat(),
        )
        for one in material.stated.pledges
        for action in one.commitment.actions
    )
    return Table("actions", words.say("table.actions.title"), columns, rows)
