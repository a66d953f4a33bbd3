"""What each service used and came to over the year, and how that went by month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.impact import Bounds, Indicator
from monitor.report.document import Section, Table
from monitor.report.measures import (
    EUROS,
    KILOGRAMS,
    KILOWATT_HOURS,
    LITERS,
    MILLIGRAMS,
    number_column,
    text_column,
)
from monitor.report.rounding import alone, rounded_pairs
from monitor.report.sections.figures import by_hour, by_service, intensity, monthly
from monitor.report.sections.largest import rest_of, shortened
from monitor.report.tabulating import Amounts, Beside, percent, tabulated, whole_and_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from decimal import Decimal

    from monitor.core.summary import Impacts
    from monitor.report.document import Block, Cell
    from monitor.report.material import Material
    from monitor.report.model import Month, Use

WATER: Final = (Indicator.WATER_SITE, Indicator.WATER_GRID)
ABIOTIC: Final = (Indicator.ADPE_USE, Indicator.ADPE_EMBODIED)
MEASURED: Final = ("counter", "integrated")
"""The methods that are a measure."""


def services(material: Material) -> Section:
    """Return the section of results by service and by month."""
    energy, climate, resources = (shortened(material, table, _beside(material)) for table in tables(material))
    return Section(
        "services",
        material.say("services.title"),
        sections=(
            Section(
                "services-energy",
                material.say("services.energy"),
                _there(energy, by_service(material)),
            ),
            Section("services-climate", material.say("services.climate"), (climate,)),
            Section("services-resources", material.say("services.resources"), (resources,)),
            Section(
                "months",
                material.say("services.months"),
                _there(monthly(material), months(material), intensity(material), by_hour(material)),
            ),
        ),
    )


def tables(material: Material) -> tuple[Table, Table, Table]:
    """Return energy, emissions and other impacts, each with a line for each service."""
    uses = material.ordered
    return _energy(material, uses), _climate(material, uses), _resources(material, uses)


def _beside(material: Material) -> Mapping[str, Cell]:
    """Return what is no sum of the services that are put together."""
    return {"idle_percent": None, "measured_percent": measured(rest_of(material))}


def _there(*blocks: Block | None) -> tuple[Block, ...]:
    return tuple(block for block in blocks if block is not None)


def central(bounds: Bounds | None) -> int | None:
    """Return the central value of *bounds*; None: unknown."""
    return None if bounds is None else bounds.central


def of(indicator: Indicator) -> Callable[[Impacts], int | None]:
    """Return what reads the central value of *indicator*; it gives None where that is unknown."""
    return lambda impacts: central(impacts.amounts.get(indicator))


def measured(uses: Iterable[Use]) -> Decimal | None:
    """Return the part of the energy of *uses* that was measured, in per cent; None: there is none."""
    found = list(uses)
    known = sum(use.methods[method].microjoules for use in found for method in MEASURED if method in use.methods)
    return percent(known, sum(use.total.microjoules for use in found))


def _energy(material: Material, uses: Sequence[Use]) -> Table:
    words = material.words
    energy = [use.total.microjoules for use in uses]
    return tabulated(
        "energy_by_service",
        words,
        (
            (text_column("service", words), text_column("department", words)),
            [(material.name(use.facts), use.facts.department) for use in uses],
        ),
        Amounts("energy", KILOWATT_HOURS, energy),
        Amounts("facility_energy", KILOWATT_HOURS, _each(uses, of(Indicator.FACILITY_ENERGY))),
        Beside(number_column("share_percent", words, 1, "%"), *whole_and_parts(energy)),
        Beside(number_column("idle_percent", words, 1, "%"), [_idle(use) for use in uses]),
        Beside(number_column("measured_percent", words, 1, "%"), [measured([use]) for use in uses], measured(uses)),
    )


def _idle(use: Use) -> Decimal | None:
    """Return the part of its energy that it used to be ready; only of a service that told what it did."""
    share = None if use.units is None else use.units.idle_share
    return None if share is None else percent(share.numerator, share.denominator)


def _each(uses: Sequence[Use], read: Callable[[Impacts], int | None]) -> list[int | None]:
    return [read(use.impacts) for use in uses]


def _climate(material: Material, uses: Sequence[Use]) -> Table:
    """Return emissions of use and of making, and both: they add up along each line and down each column."""
    words = material.words
    use, made = (_each(uses, of(one)) for one in (Indicator.GWP_USE, Indicator.GWP_EMBODIED))
    decimals = KILOGRAMS.decimals([*use, *made])
    pairs = rounded_pairs([one or 0 for one in use], [one or 0 for one in made], KILOGRAMS.size, decimals)
    known = [[one is not None for one in column] for column in (use, made)]
    known.append([one or other for one, other in zip(*known, strict=True)])
    columns = [
        [value if is_known else None for value, is_known in zip(column, knows, strict=True)]
        for column, knows in zip((pairs.first, pairs.second, pairs.both), known, strict=True)
    ]
    wholes = [whole if any(knows) else None for whole, knows in zip(pairs.whole, known, strict=True)]
    keys = ("emissions_use", "emissions_embodied", "emissions")
    bounds = [use.impacts.emissions for use in uses]
    whole = material.report.impacts.emissions
    return tabulated(
        "emissions_by_service",
        words,
        ((text_column("service", words),), [(material.name(use.facts),) for use in uses]),
        *(
            Beside(number_column(f"{key}_kgco2e", words, decimals, KILOGRAMS.symbol), column, total)
            for key, column, total in zip(keys, columns, wholes, strict=True)
        ),
        *(
            Beside(
                number_column(f"emissions_{end}_kgco2e", words, decimals, KILOGRAMS.symbol),
                [_end(one, end, decimals) for one in bounds],
                _end(whole, end, decimals),
            )
            for end in ("low", "high")
        ),
    )


def _end(bounds: Bounds | None, end: str, decimals: int) -> Decimal | None:
    return None if bounds is None else alone(getattr(bounds, end), KILOGRAMS.size, decimals)


def _resources(material: Material, uses: Sequence[Use]) -> Table:
    words = material.words
    return tabulated(
        "resources_by_service",
        words,
        ((text_column("service", words),), [(material.name(use.facts),) for use in uses]),
        Amounts("water", LITERS, _each(uses, lambda impacts: central(impacts.together(WATER)))),
        Amounts("primary_energy", KILOWATT_HOURS, _each(uses, of(Indicator.PRIMARY_ENERGY))),
        Amounts("abiotic_resources", MILLIGRAMS, _each(uses, lambda impacts: central(impacts.together(ABIOTIC)))),
        Amounts("cost", EUROS, _each(uses, of(Indicator.COST))),
    )


def months(material: Material) -> Table:
    """Return what each month came to; one of which nothing was measured is unknown, and no zero."""
    words, found = material.words, material.report.months
    return tabulated(
        "months",
        words,
        ((text_column("month", words),), [(words.say(f"month.{month.number}"),) for month in found]),
        Amounts("energy", KILOWATT_HOURS, [_month_energy(month) for month in found]),
        Amounts("emissions", KILOGRAMS, [central(month.impacts.emissions) for month in found]),
        Amounts("water", LITERS, [central(month.impacts.together(WATER)) for month in found]),
        Beside(number_column("coverage_percent", words, 1, "%"), [_coverage(month) for month in found]),
    )


def _month_energy(month: Month) -> int | None:
    return sum(use.total.microjoules for use in month.uses) if month.coverage else None


def _coverage(month: Month) -> Cell:
    """Return for how much of the month the resource that was measured least was, in per cent."""
    least = min(month.coverage, key=lambda one: one.ratio, default=None)
    return None if least is None else percent(least.measured.nanoseconds, least.elapsed.nanoseconds)
