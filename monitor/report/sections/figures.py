"""The figures of a report: each with its data, and a text that says the same."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from monitor.core.calendar import local_time
from monitor.core.impact import Indicator
from monitor.core.units import MICROGRAMS_PER_GRAM, MICROJOULES_PER_KILOWATT_HOUR
from monitor.report.document import Figure, Table
from monitor.report.drawing.curve import curve
from monitor.report.drawing.heatmap import heatmap
from monitor.report.drawing.pareto import pareto
from monitor.report.drawing.stacked import Part, stacked
from monitor.report.measures import KILOWATT_HOURS, number_column, text_column
from monitor.report.tabulating import Amounts, tabulated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.core.summary import Impacts
    from monitor.report.document import Cell
    from monitor.report.material import Material
    from monitor.report.model import Month

SHOWN: Final = 6
"""So many parts are told apart by colour; what is less is together."""
ROUND: Final = 10
"""From so many of its unit on a field has no decimals: it has room for three digits."""
THOUSAND: Final = 1000
DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""In the order of their numbers in the calendar; so they are called in files."""
HOURS: Final = range(24)
MICROJOULES_PER_WATT_HOUR: Final = MICROJOULES_PER_KILOWATT_HOUR // 1000


def monthly(material: Material) -> Figure | None:
    """Return the energy of each month by service; None: nothing was measured."""
    report, words = material.report, material.words
    uses = material.ordered
    if not any(month.coverage for month in report.months):
        return None
    largest = sorted(uses, key=lambda use: (-use.total.microjoules, use.facts.key))[:SHOWN]
    parts = [(material.name(use.facts), _by_month(report.months, {use.facts.key})) for use in largest]
    rest = {use.facts.key for use in uses} - {use.facts.key for use in largest}
    if rest:
        parts.append((words.say("figure.others"), _by_month(report.months, rest)))
    names = [words.say(f"month.{month.number}") for month in report.months]
    data = tabulated(
        "monthly_energy",
        words,
        ((text_column("month", words),), [(name,) for name in names]),
        *(Amounts("energy", KILOWATT_HOURS, amounts) for _, amounts in parts),
    )
    data = _renamed(data, [name for name, _ in parts])
    drawn = [Part(name, [_kilowatt_hours(amount) for amount in amounts]) for name, amounts in parts]
    svg = stacked([words.say(f"short_month.{month.number}") for month in report.months], drawn, "kWh", words)
    return Figure("monthly", words.say("figure.monthly.title"), _monthly_said(material, names), svg, data)


def _renamed(table: Table, names: Sequence[str]) -> Table:
    """Return *table* with a column for each of *names*, and keys that tell them apart."""
    columns = [
        replace(column, key=f"part_{number}_{column.key}", heading=name)
        for number, (column, name) in enumerate(zip(table.columns[1:], names, strict=True), start=1)
    ]
    return replace(table, columns=(table.columns[0], *columns))


def _by_month(months: Sequence[Month], keys: set[str]) -> list[int | None]:
    return [
        sum(use.total.microjoules for use in month.uses if use.facts.key in keys) if month.coverage else None
        for month in months
    ]


def _kilowatt_hours(amount: int | None) -> float | None:
    return None if amount is None else amount / MICROJOULES_PER_KILOWATT_HOUR


def _monthly_said(material: Material, names: Sequence[str]) -> str:
    """Return in words which month had most and which had least, of those that are known."""
    known = [
        (sum(use.total.microjoules for use in month.uses), name)
        for month, name in zip(material.report.months, names, strict=True)
        if month.coverage
    ]
    (most, high), (least, low) = max(known), min(known)
    text = material.words
    return text.say(
        "figure.monthly.alternative",
        high=high,
        most=KILOWATT_HOURS.text(most, text),
        low=low,
        least=KILOWATT_HOURS.text(least, text),
    )


def intensity(material: Material) -> Figure | None:
    """Return the carbon intensity of the electricity by month, weighted by use; None: no emissions are known."""
    words, months = material.words, material.report.months
    values = [mean_intensity(month.impacts) for month in months]
    known = [value for value in values if value is not None]
    if not known:
        return None
    names = [words.say(f"month.{month.number}") for month in months]
    columns = (text_column("month", words), number_column("intensity_gco2e_per_kwh", words, 1, "gCO₂e/kWh"))
    rows = tuple((name, _decimal(value)) for name, value in zip(names, values, strict=True))
    data = Table("monthly_intensity", words.say("figure.intensity.title"), columns, rows)
    svg = curve(
        [words.say(f"short_month.{month.number}") for month in months],
        [None if value is None else float(value) for value in values],
        "gCO₂e/kWh",
        words,
    )
    said = words.say(
        "figure.intensity.alternative", low=words.number(float(min(known)), 1), high=words.number(float(max(known)), 1)
    )
    return Figure("intensity", words.say("figure.intensity.title"), said, svg, data)


def mean_intensity(impacts: Impacts) -> Fraction | None:
    """Return grams CO2e per kWh of the electricity that *impacts* are from, location-based; None: unknown."""
    use = impacts.amounts.get(Indicator.GWP_USE)
    energy = impacts.amounts.get(Indicator.FACILITY_ENERGY, impacts.amounts.get(Indicator.ENERGY))
    if use is None or energy is None or not energy.central:
        return None
    return Fraction(use.central, MICROGRAMS_PER_GRAM) / Fraction(energy.central, MICROJOULES_PER_KILOWATT_HOUR)


def _decimal(value: Fraction | None) -> Decimal | None:
    return None if value is None else Decimal(round(10 * value)) / 10


def by_hour(material: Material) -> Figure | None:
    """Return the mean energy of the machine by hour and weekday; None: no hour was measured."""
    words, report = material.words, material.report
    if not report.hourly:
        return None
    means = _means(material)
    unit, size, decimals = _unit_of(max(value for row in means for value in row if value is not None))
    days = [words.say(f"weekday.{day}") for day in range(len(DAYS))]
    of_hour = number_column("mean_energy_wh", words, 1, "Wh")
    columns = (
        text_column("hour", words),
        *(replace(of_hour, key=f"{key}_wh", heading=day) for key, day in zip(DAYS, days, strict=True)),
    )
    # a line for each hour: as many columns would be no table that is read
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (words.say("figure.hour", hour=hour), *(_decimal(row[hour]) for row in means)) for hour in HOURS
    )
    data = Table("weekly_profile", words.say("figure.by_hour.title"), columns, rows)
    drawn = [[None if value is None else float(value / size) for value in row] for row in means]
    svg = heatmap([words.say(f"short_weekday.{day}") for day in range(len(DAYS))], drawn, decimals, words, unit)
    return Figure("by-hour", words.say("figure.by_hour.title"), _by_hour_said(material, means, days), svg, data)


def _unit_of(most: Fraction) -> tuple[str, int, int]:
    """Return in which unit fields are written whose largest has *most* Wh, of how many Wh, and with what decimals.

    A field has room for four signs.
    """
    if most < THOUSAND:
        return "Wh", 1, 0 if most >= ROUND else 2
    return "kWh", THOUSAND, 1 if most < ROUND * ROUND * THOUSAND else 0


def _means(material: Material) -> list[list[Fraction | None]]:
    """Return the mean energy in Wh of each hour of each weekday, in the organisation's time zone."""
    zone = ZoneInfo(material.report.time_zone)
    sums: dict[tuple[int, int], int] = defaultdict(int)
    hours: dict[tuple[int, int], set[tuple[int, int]]] = defaultdict(set)
    for start, energy in material.report.hourly.items():
        local = local_time(start, zone)
        place = local.weekday(), local.hour
        sums[place] += energy.microjoules
        # where the ledger's grain is half an hour, two of them are one
        hours[place].add((local.toordinal(), local.fold))
    return [
        [
            Fraction(sums[day, hour], len(hours[day, hour]) * MICROJOULES_PER_WATT_HOUR)
            if (day, hour) in sums
            else None
            for hour in HOURS
        ]
        for day in range(len(DAYS))
    ]


def _by_hour_said(material: Material, means: Sequence[Sequence[Fraction | None]], days: Sequence[str]) -> str:
    places = [
        (value, day, hour) for day, row in enumerate(means) for hour, value in enumerate(row) if value is not None
    ]
    (most, high_day, high), (least, low_day, low) = max(places), min(places)
    number = material.words.number
    return material.words.say(
        "figure.by_hour.alternative",
        high_day=days[high_day],
        high=high,
        most=number(float(most), 0),
        low_day=days[low_day],
        low=low,
        least=number(float(least), 0),
    )


def by_service(material: Material) -> Figure | None:
    """Return what each service used, the largest first; None where there are fewer than two."""
    words = material.words
    uses = sorted(material.report.uses, key=lambda use: (-use.total.microjoules, use.facts.key))
    shown = [use for use in uses if use.total.microjoules][: 2 * SHOWN]
    if len(shown) < 2:  # noqa: PLR2004 - one bar compares with nothing
        return None
    amounts = [use.total.microjoules for use in shown]
    names = [material.name(use.facts) for use in shown]
    if rest := sum(use.total.microjoules for use in uses) - sum(amounts):
        names, amounts = [*names, words.say("figure.others")], [*amounts, rest]
    labels = ((text_column("service", words),), [(name,) for name in names])
    data = tabulated("pareto", words, labels, Amounts("energy", KILOWATT_HOURS, amounts))
    # the numbers of the table, so that both say the same
    values = [(str(name), value) for name, value in data.rows if isinstance(value, Decimal)]
    bars, whole = values[: len(shown)], sum(value for _, value in values)
    svg = pareto(bars, Decimal(whole), "kWh", data.columns[1].decimals, words)
    first = words.say(
        "figure.pareto.alternative",
        service=names[0],
        energy=KILOWATT_HOURS.text(amounts[0], words),
        count=len(shown),
        share=words.number(100 * sum(value for _, value in bars) / whole, 0) if whole else "100",
    )
    return Figure("pareto", words.say("figure.pareto.title"), first, svg, data)
