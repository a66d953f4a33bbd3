"""AI that is bought as an API: a scope of its own, modelled or declared, in no other table."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from monitor.core.activity import Unit
from monitor.core.external import Impact, by_service
from monitor.report.document import Notice, Section
from monitor.report.measures import KILOGRAMS, KILOWATT_HOURS, LITERS, number_column, text_column
from monitor.report.sections.services import central
from monitor.report.tabulating import Amounts, Beside, tabulated

if TYPE_CHECKING:
    from monitor.report.document import Table
    from monitor.report.material import Material


def bought(material: Material) -> Section | None:
    """Return the section of bought services; None where nothing was bought that anybody told of."""
    if not material.report.bought.sums:
        return None
    blocks = (Notice(material.say("bought.reading")), _table(material))
    return Section("bought", material.say("bought.title"), blocks)


def _table(material: Material) -> Table:
    words, report = material.words, material.report
    uses = by_service(report.bought.sums)
    names = {key: report.bought.services[key].name if key in report.bought.services else key for key in uses}
    kept = list(uses.values())
    counts = [
        (Unit.REQUESTS, "requests"),
        (Unit.INPUT_TOKENS, "input_tokens"),
        (Unit.OUTPUT_TOKENS, "output_tokens"),
    ]
    methods = [", ".join(words.say(f"methods.{one.value}") for one in sorted(use.methods)) for use in kept]
    return tabulated(
        "bought",
        words,
        ((text_column("service", words),), [(names[key],) for key in uses]),
        *(Beside(number_column(key, words, 0), [_count(use.counts.get(unit)) for use in kept]) for unit, key in counts),
        Amounts("energy", KILOWATT_HOURS, [central(use.impacts.get(Impact.ENERGY)) for use in kept]),
        Amounts("emissions", KILOGRAMS, [central(use.impacts.get(Impact.GWP)) for use in kept]),
        Amounts("water", LITERS, [central(use.impacts.get(Impact.WATER)) for use in kept]),
        Beside(text_column("method", words), methods),
    )


def _count(count: int | None) -> Decimal | None:
    return None if count is None else Decimal(count)
