"""How the year compares with the one before, and why."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from monitor.report.document import Block, Figure, Notice, Paragraph, Section
from monitor.report.drawing.waterfall import waterfall
from monitor.report.effects import compare
from monitor.report.measures import KILOGRAMS, text_column
from monitor.report.rounding import alone
from monitor.report.tabulating import Amounts, tabulated

if TYPE_CHECKING:
    from monitor.report.effects import Compared
    from monitor.report.material import Material


def yearly(material: Material) -> Section:
    """Return the section that compares with the year before; where there is none, it says so."""
    say, before = material.say, material.before
    compared = None if before is None else compare(material.report, before)
    if compared is None:
        return Section("yearly", say("yearly.title"), (Notice(say("yearly.none")),))
    blocks: list[Block] = []
    if len(compared.months) < len(material.report.months):
        months = ", ".join(say(f"month.{number}") for number in compared.months)
        blocks.append(Notice(say("yearly.partial", months=months)))
    blocks.append(Paragraph(said(material, compared)))
    if compared.effects:
        blocks += [_figure(material, compared), Paragraph(say("yearly.reading"))]
    return Section("yearly", say("yearly.title"), tuple(blocks))


def said(material: Material, compared: Compared) -> str:
    """Return in a sentence how energy and emissions have changed."""
    words, year = material.words, material.report.year - 1
    energy = change(compared.energy_before, compared.energy_now, material)
    emissions = change(compared.before, compared.now, material) if compared.emissions_known else None
    if emissions is None or energy is None:
        return words.say("yearly.energy", year=year, energy=energy or words.say("document.unknown"))
    return words.say("yearly.compared", year=year, energy=energy, emissions=emissions)


def change(before: int, now: int, material: Material) -> str | None:
    """Return by how many per cent *now* differs from *before*, with its sign; None: there was nothing before."""
    if not before:
        return None
    percent = alone(100 * (now - before), before, 1)
    sign = "+" if percent >= 0 else "\N{MINUS SIGN}"
    return f"{sign}{material.words.percent(abs(percent), 1)}"


def _figure(material: Material, compared: Compared) -> Figure:
    words, report = material.words, material.report
    ends = [words.say("yearly.year", year=year) for year in (report.year - 1, report.year)]
    names = [words.say(f"effect.{effect.value}") for effect in compared.effects]
    amounts = list(compared.effects.values())
    data = tabulated(
        "effects",
        words,
        ((text_column("effect", words),), [(name,) for name in (ends[0], *names)]),
        Amounts("emissions", KILOGRAMS, [compared.before, *amounts]),
    )
    values = [float(value) for _, value in data.rows if isinstance(value, Decimal)]
    short = [words.say(f"short_effect.{effect.value}") for effect in compared.effects]
    svg = waterfall(
        ((ends[0], values[0]), (ends[1], compared.now / KILOGRAMS.size)),
        # what is printed as nothing adds nothing to what is printed
        [(name, value) for name, value in zip(short, values[1:], strict=True) if value],
        ("kgCO₂e", data.columns[1].decimals),
        words,
    )
    alternative = "; ".join(
        f"{name} {KILOGRAMS.text(amount, words)}" for name, amount in zip(names, amounts, strict=True)
    )
    title = words.say("figure.waterfall.title")
    text = words.say(
        "figure.waterfall.alternative",
        before=KILOGRAMS.text(compared.before, words),
        now=KILOGRAMS.text(compared.now, words),
        effects=alternative,
    )
    return Figure("waterfall", title, text, svg, data)
