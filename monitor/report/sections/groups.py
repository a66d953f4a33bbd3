"""The same sums for departments, contracts and parts of the machine, by what was true in each hour."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from monitor.core.activity import Unit
from monitor.core.groups import Grouping
from monitor.report.document import Section, Table
from monitor.report.measures import KILOGRAMS, KILOWATT_HOURS, number_column, text_column
from monitor.report.sections.services import central
from monitor.report.tabulating import Amounts, Beside, tabulated, whole_and_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from monitor.core.entries import ServiceFacts
    from monitor.report.material import Material


_OF_MODELS: Final = (Unit.REQUESTS, Unit.INPUT_TOKENS, Unit.OUTPUT_TOKENS)
"""What meters tell by model."""


def groups(material: Material) -> Section:
    """Return the section of results by department, contract, model and resource."""
    tables = [_by_group(material, grouping) for grouping in Grouping]
    return Section(
        "groups",
        material.say("groups.title"),
        (*(table for table in tables if table is not None), *_by_model(material), _by_resource(material)),
    )


def _by_group(material: Material, grouping: Grouping) -> Table | None:
    """Return the table of the groups of one kind; None where no service is in any."""
    words, report = material.words, material.report
    energy: dict[str, int] = defaultdict(int)
    emitted: dict[str, int] = defaultdict(int)
    for row in report.rows:
        energy[_name(row.facts, grouping)] += row.energy.microjoules
    for line in report.impact_lines:
        if (known := central(line.impacts.emissions)) is not None:
            emitted[_name(line.facts, grouping)] += known
    if not any(energy.keys() | emitted.keys()):
        return None
    names = _ordered(energy, emitted)
    amounts = [energy.get(name, 0) for name in names]
    return tabulated(
        f"by_{grouping.value}",
        words,
        (
            (text_column(grouping.value, words),),
            [(name or words.say(f"groups.no_{grouping.value}"),) for name in names],
        ),
        Amounts("energy", KILOWATT_HOURS, amounts),
        Beside(number_column("share_percent", words, 1, "%"), *whole_and_parts(amounts)),
        Amounts("emissions", KILOGRAMS, [emitted.get(name) for name in names]),
    )


def _by_model(material: Material) -> Iterator[Table]:
    """Yield the table of what each model did; nothing where nobody tells models apart.

    Energy is not in it: of two models that one server has loaded, no meter says which took how much.
    """
    words = material.words
    counts: dict[tuple[str, Unit], int] = defaultdict(int)
    services: dict[str, set[str]] = defaultdict(set)
    for row in material.report.activity:
        if row.counted and row.series.unit in _OF_MODELS:
            counts[row.series.model, row.series.unit] += row.amount
            services[row.series.model].add(row.facts.key)
    if not any(services):
        return
    names = sorted(services, key=lambda name: (not name, -counts.get((name, Unit.OUTPUT_TOKENS), 0), name))
    yield tabulated(
        "by_model",
        words,
        ((text_column("model", words),), [(name or words.say("groups.no_model"),) for name in names]),
        Beside(number_column("services", words, 0), [Decimal(len(services[name])) for name in names]),
        *(
            Beside(number_column(unit.value, words, 0), *_counts([counts.get((name, unit)) for name in names]))
            for unit in _OF_MODELS
        ),
    )


def _counts(found: Sequence[int | None]) -> tuple[list[Decimal | None], Decimal | None]:
    """Return the counts that were *found*, and their sum; unknown where none is known."""
    known = [count for count in found if count is not None]
    return [None if count is None else Decimal(count) for count in found], Decimal(sum(known)) if known else None


def _name(facts: ServiceFacts, grouping: Grouping) -> str:
    return facts.department if grouping is Grouping.DEPARTMENT else facts.contract


def _ordered(energy: Mapping[str, int], emitted: Mapping[str, int]) -> list[str]:
    """Return the names, the one with most energy first; what is in no group is last."""
    return sorted(energy.keys() | emitted.keys(), key=lambda name: (not name, -energy.get(name, 0), name))


def _by_resource(material: Material) -> Table:
    words = material.words
    sums: dict[str, int] = defaultdict(int)
    for use in material.report.uses:
        for resource, energy in use.resources.items():
            sums[resource] += energy.microjoules
    names = sorted(sums, key=lambda name: (-sums[name], name))
    amounts = [sums[name] for name in names]
    return tabulated(
        "by_resource",
        words,
        ((text_column("resource", words),), [(material.resource(name),) for name in names]),
        Amounts("energy", KILOWATT_HOURS, amounts),
        Beside(number_column("share_percent", words, 1, "%"), *whole_and_parts(amounts)),
    )
