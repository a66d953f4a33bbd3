"""By what the figures were reckoned: formulas, factors with their sources, hardware, and what the ranges hold."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from monitor.core.interval import HOUR
from monitor.report.document import Block, Kind, Listing, Paragraph, Section, Table
from monitor.report.measures import text_column
from monitor.report.printing import as_given
from monitor.report.rounding import alone

if TYPE_CHECKING:
    from monitor.core.factors import Factor
    from monitor.report.document import Cell
    from monitor.report.material import Material


def method(material: Material) -> Section:
    """Return the annex of methods and factors."""
    say, reckoning = material.say, material.report.reckoning
    blocks: list[Block] = [Paragraph(say("method_annex.reading"))]
    if reckoning.factors:
        blocks.append(_factors(material))
    if reckoning.live:
        blocks.append(_live(material))
    if reckoning.assets:
        blocks.append(_assets(material))
    formulas = Listing(tuple(say(f"method_annex.formula_{number}") for number in range(1, 8)))
    ranges = (Paragraph(say("method_annex.ranges")), Paragraph(say("method_annex.ranges_sum")))
    return Section(
        "method",
        say("method_annex.title"),
        sections=(
            Section("formulas", say("method_annex.formulas"), (formulas, Paragraph(say("method_annex.rounding")))),
            Section("uncertainty", say("method_annex.uncertainty"), ranges),
            Section("factors", say("method_annex.factors"), tuple(blocks)),
        ),
    )


def _factors(material: Material) -> Table:
    words = material.words
    columns = (
        text_column("role", words),
        text_column("value", words),
        text_column("range", words),
        text_column("factor_unit", words),
        text_column("factor_year", words),
        text_column("hours", words),
        text_column("source", words),
        text_column("address", words, Kind.ADDRESS),
        text_column("licence", words),
    )
    rows = tuple(
        (
            words.maybe(f"role.{one.role}", one.role),
            *_value(one.factor, material),
            str(one.factor.year or ""),
            _hours(one.time.nanoseconds, material),
            one.factor.source,
            one.factor.address or None,
            one.factor.licence,
        )
        for one in material.report.reckoning.factors
    )
    return Table("factors", words.say("table.factors.title"), columns, rows, note=words.say("table.factors.note"))


def _value(factor: Factor, material: Material) -> tuple[Cell, ...]:
    low, high = as_given(factor.low, material.words), as_given(factor.high, material.words)
    unit = material.words.maybe(f"factor_unit.{factor.unit}", factor.unit)
    ends = "" if low == high else material.say("table.range", low=low, high=high)
    return as_given(factor.value, material.words), ends, unit


def _hours(nanoseconds: int, material: Material) -> str:
    return material.words.number(alone(nanoseconds, HOUR.nanoseconds, 0), 0)


def _live(material: Material) -> Table:
    words = material.words
    columns = (
        text_column("provider", words),
        text_column("zone", words),
        text_column("hours", words),
        *(text_column(f"intensity_{end}", words, unit="gCO₂e/kWh") for end in ("lowest", "mean", "highest")),
    )
    rows = tuple(
        (
            one.provider,
            one.zone,
            _hours(one.time.nanoseconds, material),
            as_given(one.lowest, material.words),
            words.number(Decimal(round(10 * one.mean)) / 10, 1),
            as_given(one.highest, material.words),
        )
        for one in material.report.reckoning.live
    )
    return Table("live_intensities", words.say("table.live_intensities.title"), columns, rows)


def _assets(material: Material) -> Table:
    words = material.words
    columns = (
        text_column("asset", words),
        text_column("resource", words),
        text_column("asset_amount", words),
        text_column("bought_on", words, Kind.DATE),
        text_column("lifetime", words),
        text_column("asset_gwp", words),
        text_column("source", words),
    )
    rows = tuple(
        (
            one.name,
            material.resource(one.resource),
            as_given(one.amount, material.words),
            one.bought.isoformat() if one.bought else None,
            _with_unit(one.lifetime, material),
            _with_unit(one.gwp, material),
            one.gwp.source,
        )
        for one in material.report.reckoning.assets
    )
    return Table("assets", words.say("table.assets.title"), columns, rows)


def _with_unit(factor: Factor, material: Material) -> str:
    unit = material.words.maybe(f"factor_unit.{factor.unit}", factor.unit)
    return f"{as_given(factor.value, material.words)}\N{NO-BREAK SPACE}{unit}"
