"""Where the figures go in other accounts: BEGES and ISO 14064-1, GHG Protocol and ESRS E1, RGESN.

Sources: BEGES method, version 5 (Ministry of ecological transition, 2022); ISO 14064-1:2018, annex B; GHG Protocol,
Scope 2 Guidance (2015) and Scope 3 Standard (2011); ESRS E1, disclosure requirements E1-5 and E1-6; RGESN 2024 (Arcep,
Arcom, ADEME), criteria 8.3 to 8.6 and 9.1 to 9.7.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from monitor.core.external import Impact, use_of
from monitor.core.impact import Indicator, Role
from monitor.report.document import Paragraph, Section, Table
from monitor.report.measures import KILOGRAMS, KILOWATT_HOURS, Measure, number_column, text_column
from monitor.report.printing import as_given
from monitor.report.rounding import alone
from monitor.report.sections.figures import mean_intensity
from monitor.report.sections.procurement import procurement
from monitor.report.sections.services import central
from monitor.report.sections.summary import energy_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.report.document import Cell
    from monitor.report.material import Material
    from monitor.report.model import Report

RGESN_PUE: Final = Decimal("1.5")
"""Criterion 8.3, measured; 1.3 by design where the site is younger than two years."""
RGESN_WUE: Final = Decimal("0.4")
"""Criterion 8.4, litres for each kilowatt-hour of the machines."""
RGESN_INTENSITY: Final = Decimal(100)
"""Criterion 8.6, gCO2e/kWh as a yearly mean; 80 from 2030 on."""
OPEN: Final = ("8_5", "9_1", "9_2", "9_3", "9_4", "9_5", "9_6", "9_7")
"""Criteria that no meter answers: the organisation does."""


def frameworks(material: Material) -> Section:
    """Return the section of bridges to other accounts."""
    say = material.say
    return Section(
        "frameworks",
        say("frameworks.title"),
        sections=(
            Section(
                "law", say("frameworks.law"), tuple(Paragraph(say(f"frameworks.law_{one}")) for one in range(1, 5))
            ),
            procurement(material),
            Section("beges", say("frameworks.beges"), (_beges(material), Paragraph(say("frameworks.beges_note")))),
            Section("esrs", say("frameworks.esrs"), (_esrs(material), Paragraph(say("frameworks.esrs_note")))),
            Section("rgesn", say("frameworks.rgesn"), (_rgesn(material),)),
        ),
    )


def _of(indicator: Indicator) -> Callable[[Report], int | None]:
    return lambda report: central(report.impacts.amounts.get(indicator))


def _bought(report: Report) -> int | None:
    return central(use_of(report.bought.sums).impacts.get(Impact.GWP)) if report.bought.sums else None


def _facility(report: Report) -> int | None:
    known = report.impacts.amounts.get(Indicator.FACILITY_ENERGY)
    return energy_of(report) if known is None else known.central


_BEGES: Final[tuple[tuple[str, Callable[[Report], int | None]], ...]] = (
    ("2_1", _of(Indicator.GWP_USE)),
    ("4_2", _of(Indicator.GWP_EMBODIED)),
    ("4_5", _bought),
)
_ESRS: Final[tuple[tuple[str, Callable[[Report], int | None], Measure], ...]] = (
    ("e1_5", _facility, KILOWATT_HOURS),
    ("e1_6_location", _of(Indicator.GWP_USE), KILOGRAMS),
    ("e1_6_market", _of(Indicator.GWP_USE_MARKET), KILOGRAMS),
    ("e1_6_capital", _of(Indicator.GWP_EMBODIED), KILOGRAMS),
    ("e1_6_services", _bought, KILOGRAMS),
)


def _beges(material: Material) -> Table:
    words, report = material.words, material.report
    found = [(key, read(report)) for key, read in _BEGES]
    column = KILOGRAMS.column("emissions", words, [amount for _, amount in found])
    columns = (text_column("item", words), text_column("iso_category", words), text_column("content", words), column)
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            *(words.say(f"beges.{key}.{part}") for part in ("item", "iso", "content")),
            None if amount is None else alone(amount, KILOGRAMS.size, column.decimals),
        )
        for key, amount in found
    )
    return Table("beges", words.say("table.beges.title"), columns, rows)


def _esrs(material: Material) -> Table:
    words, report = material.words, material.report
    columns = (
        text_column("item", words),
        text_column("content", words),
        number_column("disclosed", words, 1),
        text_column("disclosed_unit", words),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            words.say(f"esrs.{key}.item"),
            words.say(f"esrs.{key}.content"),
            None if (amount := read(report)) is None else alone(amount, measure.size, 1),
            measure.symbol,
        )
        for key, read, measure in _ESRS
    )
    return Table("esrs", words.say("table.esrs.title"), columns, rows)


def _rgesn(material: Material) -> Table:
    words = material.words
    columns = tuple(text_column(name, words) for name in ("criterion", "asked", "found", "answer"))
    limits = (("8_3", Role.PUE, RGESN_PUE), ("8_4", Role.WUE, RGESN_WUE))
    rows = [_limit(key, _factor(material.report, role), limit, material) for key, role, limit in limits]
    rows.append(_limit("8_6", _intensity(material), RGESN_INTENSITY, material))
    rows += [
        (words.say(f"rgesn.{key}.criterion"), words.say(f"rgesn.{key}.asked"), "", words.say("rgesn.open"))
        for key in OPEN
    ]
    return Table(
        "rgesn", words.say("table.rgesn.title"), columns, tuple(sorted(rows)), note=words.say("table.rgesn.note")
    )


def _factor(report: Report, role: Role) -> Decimal | None:
    """Return the factor in that *role* which was longest at work; None: there was none."""
    found = [one for one in report.reckoning.factors if one.role == role.value]
    return max(found, key=lambda one: (one.time, one.factor.key)).factor.value if found else None


def _intensity(material: Material) -> Decimal | None:
    mean = mean_intensity(material.report.impacts)
    return None if mean is None else Decimal(round(10 * mean)) / 10


def _limit(key: str, value: Decimal | None, limit: Decimal, material: Material) -> tuple[str, str, str, str]:
    words = material.words
    criterion, asked = words.say(f"rgesn.{key}.criterion"), words.say(f"rgesn.{key}.asked")
    if value is None:
        return criterion, asked, words.say("document.unknown"), words.say("rgesn.unknown")
    # the three limits are strict but for that of water, and what equals one is told as missing it
    text = as_given(value, words)
    return (
        criterion,
        asked,
        text,
        words.say("rgesn.yes" if value < limit or (key == "8_4" and value == limit) else "rgesn.no"),
    )
