"""What people corrected or explained by hand: what, by whom, why, and by which evidence."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from monitor.core.calendar import utc
from monitor.core.corrections import OF_ENERGY, Kind
from monitor.core.interval import HOUR
from monitor.report.document import Kind as ColumnKind
from monitor.report.document import Paragraph, Table
from monitor.report.measures import KILOWATT_HOURS, number_column, text_column
from monitor.report.rounding import alone

if TYPE_CHECKING:
    from monitor.core.corrections import Correction
    from monitor.report.document import Block
    from monitor.report.material import Material


def corrections(material: Material) -> tuple[Block, ...]:
    """Return the blocks of corrections; none where nothing was corrected."""
    if not material.report.corrections:
        return ()
    return (*_declared(material), _what(material), _grounds(material))


def _declared(material: Material) -> tuple[Block, ...]:
    """Return what is to be known beside the coverage: for how long it was not measured, and an energy was stated."""
    counts = [one for one in material.report.corrections if one.kind is Kind.DECLARE and not one.revoked_by]
    if not counts:
        return ()
    hours = alone(sum(one.time.nanoseconds for one in counts), HOUR.nanoseconds, 1)
    sentence = material.say(
        "corrections.declared",
        energy=KILOWATT_HOURS.text(sum(one.energy for one in counts), material.words),
        hours=material.words.number(hours, 1),
    )
    return (Paragraph(sentence),)


def _what(material: Material) -> Table:
    words, made = material.words, material.report.corrections
    energies = [one.energy if one.kind in OF_ENERGY else None for one in made]
    columns = (
        number_column("correction", words, 0),
        text_column("corrected", words),
        text_column("resources", words),
        text_column("start", words, ColumnKind.DATE),
        text_column("end", words, ColumnKind.DATE),
        KILOWATT_HOURS.column("corrected_energy", words, energies),
        number_column("gap_hours", words, 1, "h"),
        text_column("counts", words),
    )
    rows = tuple(
        (
            Decimal(one.number),
            _told(one, material),
            material.resource(one.resource) if one.resource else material.say("corrections.all_parts"),
            utc(one.interval.start),
            utc(one.interval.end),
            None if energy is None else alone(energy, KILOWATT_HOURS.size, columns[5].decimals),
            alone(one.time.nanoseconds, HOUR.nanoseconds, 1) if one.time.nanoseconds else None,
            _counts(one, material),
        )
        for one, energy in zip(made, energies, strict=True)
    )
    note = words.say("table.corrections.note")
    return Table("corrections", words.say("table.corrections.title"), columns, rows, note=note)


def _told(one: Correction, material: Material) -> str:
    cause = material.words.maybe(f"correction_cause.{one.cause}", one.cause)
    return material.say(
        f"correction.{one.kind}",
        cause=cause,
        origin=_name(one.origin, material),
        target=_name(one.target, material),
        number=one.revokes,
    )


def _name(key: str, material: Material) -> str:
    names = {use.facts.key: material.name(use.facts) for use in material.report.uses}
    return names.get(key) or material.words.maybe(f"service.{key}", key)


def _counts(one: Correction, material: Material) -> str:
    return (
        material.say("corrections.revoked", number=one.revoked_by)
        if one.revoked_by
        else material.say("corrections.yes")
    )


def _grounds(material: Material) -> Table:
    words = material.words
    columns = (
        number_column("correction", words, 0),
        text_column("made", words, ColumnKind.DATE),
        text_column("author", words),
        text_column("why", words),
        text_column("evidence", words),
        text_column("sha256", words),
    )
    rows = tuple(
        (
            Decimal(one.number),
            utc(one.grounds.made),
            one.grounds.author,
            one.grounds.reason,
            one.grounds.evidence.name or None,
            one.grounds.evidence.digest or None,
        )
        for one in material.report.corrections
    )
    return Table("correction_grounds", words.say("table.correction_grounds.title"), columns, rows)
