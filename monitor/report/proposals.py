"""What a report proposes to decide: at most three things, each because of a figure that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.entries import IDLE, PSEUDO_SERVICES
from monitor.core.impact import Indicator
from monitor.report.measures import KILOWATT_HOURS
from monitor.report.tabulating import percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.report.material import Material
    from monitor.report.model import Use

MOST: Final = 3
WASTED: Final = 20
"""From so many per cent of a service's energy used to be ready on, it is worth a decision: our choice."""
UNCOVERED: Final = 95
"""Below so many per cent of the time measured a sum says too little: our choice."""


def proposals(material: Material) -> tuple[str, ...]:
    """Return the proposals, those that make the figures whole first; one that says to go on where there is no other."""
    found = tuple(_found(material))[:MOST]
    return found or (material.say("proposal.go_on"),)


def _found(material: Material) -> Iterator[str]:
    say, report = material.say, material.report
    if report.impacts.emissions is None:
        yield say("proposal.zone")
    if report.uses and Indicator.FACILITY_ENERGY not in report.impacts.amounts:
        yield say("proposal.pue")
    if report.uses and Indicator.GWP_EMBODIED not in report.impacts.amounts:
        yield say("proposal.hardware")
    ratios = [one.ratio for month in report.months for one in month.coverage]
    if ratios and 100 * min(ratios) < UNCOVERED:
        yield say("proposal.coverage")
    yield from _wasted(material)
    if any(use.units is None and use.facts.key not in PSEUDO_SERVICES for use in report.uses):
        yield say("proposal.activity")


def _wasted(material: Material) -> Iterator[str]:
    """Yield what to do about energy that nobody asked for, most of it first."""
    found = sorted(((_idle(use), use) for use in material.report.uses), key=lambda pair: (-pair[0], pair[1].facts.key))
    for idle, use in found:
        share = percent(idle, use.total.microjoules)
        if share is not None and share >= WASTED:
            yield material.say(
                "proposal.idle",
                service=material.name(use.facts),
                energy=KILOWATT_HOURS.text(idle, material.words),
                share=material.words.number(share, 0),
            )


def _idle(use: Use) -> int:
    """Return what a service used to be ready, in microjoules: of one that tells what it does."""
    if use.facts.key == IDLE or use.units is None or use.units.idle_share is None:
        return 0
    return use.units.work.idle.microjoules
