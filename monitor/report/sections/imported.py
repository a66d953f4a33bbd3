"""Runs that CodeCarbon tracked: apart from the host, together with it where that is true, each with its file."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from monitor.core.calendar import utc
from monitor.report.document import Block, Kind, Notice, Paragraph, Section, Table
from monitor.report.imported import METHOD, elsewhere, emitted, here
from monitor.report.measures import KILOGRAMS, KILOWATT_HOURS, LITERS, number_column, text_column
from monitor.report.sections.services import central
from monitor.report.tabulating import Amounts, Beside, tabulated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.core.imported import ImportedUse
    from monitor.report.material import Material


def imported(material: Material) -> Section | None:
    """Return the section of imported runs; None where none was imported."""
    uses, host = material.report.imported, material.about.get("host", "")
    if not uses:
        return None
    others, own = elsewhere(uses, host), here(uses, host)
    blocks: list[Block] = [Notice(material.say("imported.reading"))]
    if others:
        blocks += [_table("imported", others, material), Paragraph(_together(others, material))]
    if own:
        blocks += [Paragraph(material.say("imported.here", host=host)), _table("imported_here", own, material)]
    blocks.append(_files(uses, material))
    return Section("imported", material.say("imported.title"), tuple(blocks))


def _table(key: str, uses: Sequence[ImportedUse], material: Material) -> Table:
    words = material.words
    names = {use.facts.key: material.name(use.facts) for use in material.report.uses}
    labels = [(one.source.machine, one.project, names.get(one.service, one.service) or None) for one in uses]
    return tabulated(
        key,
        words,
        (tuple(text_column(name, words) for name in ("machine", "project", "service")), labels),
        Beside(number_column("runs", words, 0), [Decimal(one.runs) for one in uses]),
        Amounts("energy", KILOWATT_HOURS, [one.energy for one in uses]),
        Amounts("emissions", KILOGRAMS, [one.emissions for one in uses]),
        Amounts("water", LITERS, [one.water for one in uses]),
        Beside(text_column("method", words), [words.say(f"methods.{METHOD.value}")] * len(uses)),
    )


def _together(others: Sequence[ImportedUse], material: Material) -> str:
    """Return the sentence of the emissions of the host, those that are imported, and both together."""
    host, amount = central(material.report.impacts.emissions), emitted(others)
    together = None if host is None or amount is None else host + amount
    texts = {
        name: KILOGRAMS.text(one, material.words)
        for name, one in (("host", host), ("imported", amount), ("together", together))
    }
    return material.say("imported.together", **texts)


def _files(uses: Sequence[ImportedUse], material: Material) -> Table:
    words = material.words
    columns = (
        text_column("file", words),
        text_column("machine", words),
        text_column("program", words),
        text_column("made", words, Kind.DATE),
        text_column("author", words),
        text_column("sha256", words),
    )
    rows = tuple(
        (source.name, source.machine, _program(source.digest, uses), utc(source.made), source.author, source.digest)
        for source in dict.fromkeys(one.source for one in uses)
    )
    return Table("imported_files", words.say("table.imported_files.title"), columns, rows)


def _program(digest: str, uses: Sequence[ImportedUse]) -> str:
    """Return which versions, in which modes, wrote the file of *digest*."""
    of_it = [one for one in uses if one.source.digest == digest]
    versions = sorted({f"CodeCarbon {version}" for one in of_it for version in one.versions})
    return ", ".join([*versions, *sorted({mode for one in of_it for mode in one.modes})])
