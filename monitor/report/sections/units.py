"""What services did, and what a unit of it took."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from monitor.core.activity import Unit
from monitor.core.units import MICROGRAMS_PER_GRAM
from monitor.report.document import Block, Notice, Paragraph, Section, Table
from monitor.report.measures import number_column, text_column
from monitor.report.printing import clean
from monitor.report.sections.largest import KEPT, MANY, largest, named
from monitor.report.units import MICROJOULES_PER_WATT_HOUR, watt_hours

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.core.functional import Functional, PerUnit
    from monitor.core.impact import Bounds
    from monitor.core.spread import Spread
    from monitor.report.document import Cell
    from monitor.report.material import Material
    from monitor.report.model import Use

DECIMALS: Final = 4
"""A tenth of a milliwatt-hour, or of a milligram."""


def units(material: Material) -> Section:
    """Return the section of functional units; where no service tells what it does, it says so, with the cure."""
    told = [use for use in material.ordered if use.units is not None]
    if not told:
        return Section("units", material.say("units.title"), (Notice(material.say("units.none")),))
    blocks: list[Block] = [Paragraph(material.say("units.reading"))]
    shown = largest(told)
    blocks += [one if shown is told else named(material, one) for one in _tables(material, shown)]
    silent = [material.name(use.facts) for use in material.ordered if use.units is None and use.facts.found_by]
    if silent:
        blocks.append(Notice(_silent(material, silent)))
    return Section("units", material.say("units.title"), tuple(blocks))


def tables_of_all(material: Material) -> tuple[Table, ...]:
    """Return the tables of all services that tell what they do; none where the section has them."""
    told = [use for use in material.ordered if use.units is not None]
    return () if largest(told) is told else tuple(_tables(material, told))


def _tables(material: Material, told: Sequence[Use]) -> Iterator[Table]:
    yield _done(material, told)
    if any(use.units is not None and use.units.per_unit for use in told):
        yield _per_unit(material, told)
        yield from _by_hour(material, told)
        yield _scores(material, told)


def _silent(material: Material, names: Sequence[str]) -> str:
    """Return who tells nothing, by name as far as names are read."""
    shown = names if len(names) <= MANY else names[:KEPT]
    key = "units.silent" if shown is names else "units.many_silent"
    return material.say(key, services=", ".join(map(clean, shown)), others=len(names) - len(shown))


def _done(material: Material, told: Sequence[Use]) -> Table:
    words = material.words
    columns = (
        text_column("service", words),
        text_column("unit", words),
        number_column("amount", words, 0),
        number_column("known_percent", words, 1, "%"),
    )
    rows = tuple(
        (material.name(use.facts), words.say(f"unit.{unit.value}"), _amount(unit, amount), _share(use))
        for use in told
        if use.units is not None
        for unit, amount in sorted(use.units.amounts.items())
    )
    return Table("activity", words.say("table.activity.title"), columns, rows, note=words.say("table.activity.note"))


def _amount(unit: Unit, amount: int) -> Decimal:
    """Return the *amount* as it is printed: audio in minutes."""
    return Decimal(round(amount / 60_000)) if unit is Unit.AUDIO_MILLISECONDS else Decimal(amount)


def _share(use: Use) -> Decimal | None:
    share = None if use.units is None else use.units.known_share
    return None if share is None else _decimal(100 * share, 1)


def _each(told: Sequence[Use]) -> Iterator[tuple[Use, PerUnit]]:
    for use in told:
        if use.units is not None:
            yield from ((use, one) for one in use.units.per_unit.values())


def _per_unit(material: Material, told: Sequence[Use]) -> Table:
    words = material.words
    columns = (
        text_column("service", words),
        text_column("functional_unit", words),
        number_column("units", words, 0),
        *(number_column(f"energy{end}_wh", words, DECIMALS, "Wh") for end in ("", "_low", "_high")),
        *(number_column(f"emissions{end}_gco2e", words, DECIMALS, "gCO₂e") for end in ("", "_low", "_high")),
    )
    rows = tuple(
        (
            material.name(use.facts),
            words.say(f"functional.{one.functional.value}"),
            _decimal(one.units, 0),
            *_bounds(None if one.taken is None else one.taken.energy, MICROJOULES_PER_WATT_HOUR, one),
            *_bounds(None if one.taken is None else one.taken.emissions, MICROGRAMS_PER_GRAM, one),
        )
        for use, one in _each(told)
    )
    return Table("per_unit", words.say("table.per_unit.title"), columns, rows, note=words.say("table.per_unit.note"))


def _by_hour(material: Material, told: Sequence[Use]) -> Iterator[Table]:
    """Yield the table of what a unit took from hour to hour; nothing where it is known of no hour."""
    words, now = material.words, material.report.spreads
    before = {} if material.before is None else material.before.spreads
    columns = (
        text_column("service", words),
        text_column("functional_unit", words),
        *(number_column(key, words, 0, "h") for key in ("unit_hours", "waiting_hours", "unknown_hours")),
        *(
            number_column(f"{key}_wh", words, DECIMALS, "Wh")
            for key in ("median", "p95", "median_before", "p95_before")
        ),
    )
    rows = []
    for use, one in _each(told):
        spread, last = (spreads.get((use.facts.key, one.functional)) for spreads in (now, before))
        if spread is not None:
            hours = (Decimal(number) for number in (spread.hours, spread.waiting, spread.unknown))
            unit = words.say(f"functional.{one.functional.value}")
            row = (*hours, *_percentiles(spread, one.functional), *_percentiles(last, one.functional))
            rows.append((material.name(use.facts), unit, *row))
    if rows:
        title, note = (words.say(f"table.per_unit_hours.{part}") for part in ("title", "note"))
        yield Table("per_unit_hours", title, columns, tuple(rows), note=note)


def _percentiles(spread: Spread | None, functional: Functional) -> tuple[Cell, Cell]:
    found = (None, None) if spread is None else (spread.median, spread.p95)
    median, p95 = (None if one is None else _decimal(watt_hours(one, functional), DECIMALS) for one in found)
    return median, p95


def _scores(material: Material, told: Sequence[Use]) -> Table:
    """Return the SCI sheet: each score with its parts. Source: SCI 1.1 (ISO/IEC 21031:2024)."""
    words = material.words
    columns = (
        text_column("service", words),
        text_column("functional_unit", words),
        number_column("sci_gco2e", words, DECIMALS, "gCO₂e"),
        number_column("sci_energy_kwh", words, 3, "kWh"),
        number_column("sci_intensity_gco2e_per_kwh", words, 1, "gCO₂e/kWh"),
        number_column("sci_embodied_gco2e", words, 0, "gCO₂e"),
        number_column("units", words, 0),
    )
    rows = tuple(
        (material.name(use.facts), words.say(f"functional.{one.functional.value}"), *_parts(one))
        for use, one in _each(told)
    )
    return Table("sci", words.say("table.sci.title"), columns, rows, note=words.say("table.sci.note"))


def _parts(one: PerUnit) -> tuple[Cell, ...]:
    sci = one.sci
    if sci is None:
        return None, None, None, None, _decimal(one.units, 0)
    return (
        _decimal(sci.score, DECIMALS),
        _decimal(sci.kilowatt_hours, 3),
        _decimal(sci.intensity, 1),
        _decimal(Fraction(sci.embodied, MICROGRAMS_PER_GRAM), 0),
        _decimal(sci.units, 0),
    )


def _bounds(bounds: Bounds | None, size: int, one: PerUnit) -> tuple[Cell, ...]:
    if bounds is None:
        return None, None, None
    return tuple(_decimal(value / (size * one.units), DECIMALS) for value in (bounds.central, bounds.low, bounds.high))


def _decimal(number: Fraction, decimals: int) -> Decimal:
    return Decimal(round(number * 10**decimals)).scaleb(-decimals)
