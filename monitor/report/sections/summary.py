"""One page for who decides: the few numbers that matter, how sure they are, what they compare with, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.impact import Indicator
from monitor.report.document import Block, Headline, Headlines, Listing, Notice, Paragraph, Section
from monitor.report.effects import compare
from monitor.report.equivalences import equivalences
from monitor.report.imported import elsewhere, emitted
from monitor.report.measures import EUROS, KILOGRAMS, KILOWATT_HOURS, LITERS, Measure
from monitor.report.printing import as_given
from monitor.report.proposals import UNCOVERED, proposals
from monitor.report.sections.services import WATER, central, measured
from monitor.report.sections.yearly import said
from monitor.report.tabulating import percent

if TYPE_CHECKING:
    from decimal import Decimal

    from monitor.report.material import Material
    from monitor.report.model import Report


def summary(material: Material) -> Section:
    """Return the page for elected members."""
    say, report = material.say, material.report
    blocks: list[Block] = []
    if report.simulated:
        blocks.append(Notice(say("summary.simulated")))
    if not report.complete:
        blocks.append(Notice(say("summary.provisional")))
    covered = coverage_of(report)
    if covered is not None and covered < UNCOVERED:
        blocks.append(Notice(say("summary.partial", share=_share(covered, material))))
    blocks.append(Headlines((*_headlines(material), _coverage(material))))
    blocks.append(Paragraph(_compared(material)))
    if others := elsewhere(report.imported, material.about.get("host", "")):
        blocks.append(
            Paragraph(
                say(
                    "summary.imported",
                    energy=KILOWATT_HOURS.text(sum(one.energy for one in others), material.words),
                    emissions=KILOGRAMS.text(emitted(others), material.words),
                )
            )
        )
    if report.impacts.emissions is not None:
        blocks += _equivalences(material, report.impacts.emissions.central)
    blocks.append(Paragraph(say("summary.decisions")))
    blocks.append(Listing(proposals(material)))
    return Section("summary", say("summary.title"), tuple(blocks))


def _headlines(material: Material) -> tuple[Headline, ...]:
    say, impacts = material.say, material.report.impacts
    emissions, facility = impacts.emissions, impacts.amounts.get(Indicator.FACILITY_ENERGY)
    energy_note = (
        say("summary.without_room")
        if facility is None
        else say("summary.with_room", energy=KILOWATT_HOURS.text(facility.central, material.words))
    )
    between = (
        say("summary.no_factor")
        if emissions is None
        else say(
            "summary.between",
            low=KILOGRAMS.text(emissions.low, material.words),
            high=KILOGRAMS.text(emissions.high, material.words),
        )
    )
    market = impacts.amounts.get(Indicator.GWP_USE_MARKET)
    by_contract = "" if market is None else say("summary.market", amount=_text(KILOGRAMS, market.central, material))
    return (
        Headline(say("summary.energy"), _text(KILOWATT_HOURS, energy_of(material.report), material), energy_note),
        Headline(
            say("summary.emissions"), _text(KILOGRAMS, central(emissions), material), f"{between} {by_contract}".strip()
        ),
        Headline(
            say("summary.water"), _text(LITERS, central(impacts.together(WATER)), material), say("summary.water_note")
        ),
        Headline(
            say("summary.cost"),
            _text(EUROS, central(impacts.amounts.get(Indicator.COST)), material),
            say("summary.cost_note"),
        ),
    )


def _text(measure: Measure, amount: int | None, material: Material) -> str:
    return measure.text(amount, material.words)


def energy_of(report: Report) -> int | None:
    """Return the energy of the machines in microjoules; None: nothing was measured."""
    if not any(month.coverage for month in report.months):
        return None
    return sum(use.total.microjoules for use in report.uses)


def coverage_of(report: Report) -> Decimal | None:
    """Return for how much of the time the resource that was measured least was, in per cent; None: there was none."""
    measured_for: dict[str, int] = {}
    elapsed = 0
    for month in report.months:
        elapsed += max(0, min(month.interval.end, report.closed_through) - month.interval.start)
        for one in month.coverage:
            measured_for[one.resource] = measured_for.get(one.resource, 0) + one.measured.nanoseconds
    return percent(min(measured_for.values()), elapsed) if measured_for else None


def _coverage(material: Material) -> Headline:
    covered, known = coverage_of(material.report), measured(material.report.uses)
    value = material.say("document.unknown") if covered is None else _share(covered, material)
    note = (
        material.say("document.unknown")
        if known is None
        else material.say("summary.measured", share=_share(known, material))
    )
    return Headline(material.say("summary.coverage"), value, note)


def _share(percent_: Decimal, material: Material) -> str:
    return material.words.percent(percent_, 1)


def _compared(material: Material) -> str:
    """Return how the year compares with the one before, as far as both are known."""
    before = material.before
    compared = None if before is None else compare(material.report, before)
    return material.say("yearly.none") if compared is None else said(material, compared)


def _equivalences(material: Material, micrograms: int) -> list[Block]:
    found = equivalences(micrograms, material.comparisons)
    if not found:
        return []
    items = tuple(
        material.say(
            f"equivalence.{one.factor.subject}",
            amount=material.words.number(round(one.amount), 0),
            value=as_given(one.factor.value, material.words),
        )
        for one in found
    )
    sources = ", ".join(dict.fromkeys([*(one.factor.source for one in found), *(one.factor.address for one in found)]))
    return [
        Paragraph(material.say("summary.equivalences")),
        Listing(items),
        Paragraph(material.say("summary.equivalences_source", sources=sources)),
    ]
