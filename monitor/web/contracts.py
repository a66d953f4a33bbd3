"""The clauses of contracts as people read them: what was agreed, what was measured, what is shown, and why not more."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from monitor.core.contracts import Quantity, Verdict
from monitor.core.impact import Indicator
from monitor.core.units import (
    MICROGRAMS_PER_GRAM,
    MICROJOULES_PER_JOULE,
    MICROLITERS_PER_LITER,
    NANOSECONDS_PER_SECOND,
    Energy,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction

    from monitor.core.contracts import Evaluation, Metric
    from monitor.web.quantities import Quantities
    from monitor.web.status import Status
    from monitor.web.voice import Voice

JOULES_PER_WATT_HOUR: Final = 3600
"""Source: SI brochure, 9th edition, table 8 (hour)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One clause over one window, as it is written. What is unknown is empty."""

    contract: str
    name: str
    """The words of the contract; else what the clause is about."""
    about: str
    """What the clause is about."""
    facts: str
    """Where the contract says so, for which service, over what time."""
    limit: str
    """What was agreed: "at most 3.00 Wh"."""
    value: str
    between: str
    """Between which amounts it lies, in words; empty where no range shows."""
    coverage: str
    """For how much it is known, in percent."""
    verdict: Verdict
    why: tuple[str, ...]
    """Why nothing is shown and what would decide, in sentences; of what was put aside, the buyer's reason."""


def lines_of(status: Status, voice: Voice, write: Quantities) -> tuple[Line, ...]:
    """Return a line for each clause and window, in the order in which they are configured."""
    return tuple(line_of(one, voice, write) for standing in status.snapshot.contracts for one in standing.evaluations)


def line_of(one: Evaluation, voice: Voice, write: Quantities) -> Line:
    """Return *one* as it is written."""
    clause, figure = one.clause, one.figure
    metric = clause.metric
    about = metric_name(metric, voice)
    low, value, high = (
        (amount(metric, bound, write) for bound in (figure.value.low, figure.value.central, figure.value.high))
        if figure
        else ("", "", "")
    )
    service = voice.say("contracts.service", service=clause.service) if clause.service else ""
    reasons = (voice.say(f"contracts.reason.{reason}") for reason in one.reasons)
    return Line(
        contract=one.contract,
        name=clause.text or about,
        about=about,
        facts=" · ".join(part for part in (clause.article, service, _window(one, voice, write)) if part),
        limit=voice.say(
            f"contracts.operator.{clause.operator.name.lower()}", limit=amount(metric, clause.limit, write)
        ),
        value=value,
        between=voice.say("impact.between", low=low, high=high) if low != high else "",
        coverage=write.share(float(figure.coverage)) if figure else "",
        verdict=one.verdict,
        why=(clause.waived,) if one.verdict is Verdict.WAIVED else tuple(reasons),
    )


def metric_name(metric: Metric, voice: Voice) -> str:
    """Return what *metric* is about, in words: "energy per 1,000 output tokens"."""
    name = voice.say(f"contracts.measured.{metric.measured}")
    return name if metric.functional is None else f"{name} {voice.say(f'per.{metric.functional}')}"


def amount(metric: Metric, value: Fraction, write: Quantities) -> str:
    """Return *value*, which is in the unit of the metric's quantity, in the unit that suits."""
    quantity = metric.quantity
    if metric.functional is not None:
        energy = quantity is Quantity.ENERGY
        return write.fine_energy(value / JOULES_PER_WATT_HOUR) if energy else write.fine_emissions(value)
    if metric.grows:
        return _total(quantity, value, write)
    return _mean(quantity, value, write)


def _total(quantity: Quantity, value: Fraction, write: Quantities) -> str:
    if quantity is Quantity.ENERGY:
        return write.energy(Energy(round(value * MICROJOULES_PER_JOULE)))
    if quantity is Quantity.EMISSIONS:
        return write.emissions(round(value * MICROGRAMS_PER_GRAM))
    return write.amount(Indicator.WATER_GRID, round(value * MICROLITERS_PER_LITER))


def _mean(quantity: Quantity, value: Fraction, write: Quantities) -> str:
    if quantity is Quantity.SHARE:
        return write.share(float(value))
    if quantity is Quantity.INTENSITY:
        return write.intensity(float(value))
    if quantity is Quantity.WATER_USE:
        return write.factor(_decimal(value), "L/kWh")
    return write.decimal(_decimal(value))


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def _window(one: Evaluation, voice: Voice, write: Quantities) -> str:
    """Return over what time it is: by name where it has one, else by its days."""
    span = one.span
    if not span.period[0].isdigit():
        return voice.say(f"contracts.period.{span.period}")
    last = span.whole.end - NANOSECONDS_PER_SECOND
    return voice.say("contracts.days", first=write.day(span.whole.start), last=write.day(last))


_OF_ONE_UNIT: Final[Mapping[Quantity, Callable[[Quantities, Fraction], str]]] = {
    Quantity.ENERGY: lambda write, joules: write.fine_energy(joules / JOULES_PER_WATT_HOUR),
    Quantity.EMISSIONS: lambda write, grams: write.fine_emissions(grams),
}
"""How what one functional unit took is written."""
_WRITERS: Final[Mapping[Quantity, Callable[[Quantities, Fraction], str]]] = {
    Quantity.ENERGY: lambda write, joules: write.energy(Energy(round(joules * MICROJOULES_PER_JOULE))),
    Quantity.EMISSIONS: lambda write, grams: write.emissions(round(grams * MICROGRAMS_PER_GRAM)),
    Quantity.WATER: lambda write, litres: write.amount(Indicator.WATER_GRID, round(litres * MICROLITERS_PER_LITER)),
    Quantity.SHARE: lambda write, share: write.share(float(share)),
    Quantity.RATIO: lambda write, ratio: write.decimal(_decimal(ratio)),
    Quantity.INTENSITY: lambda write, grams: write.intensity(float(grams)),
    Quantity.WATER_USE: lambda write, litres: write.factor(_decimal(litres), "L/kWh"),
}
"""How all else is."""
