"""What `restate` shows: what the hours came to and what they come to now, for people and for programs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from monitor.cli.explain_json import NAMES, bounds
from monitor.cli.figures import Unit, rounded
from monitor.cli.terminal import Tone
from monitor.core.calendar import utc
from monitor.core.entries import PSEUDO_SERVICES
from monitor.core.impact import Bounds, Indicator
from monitor.core.units import (
    MICROGRAMS_PER_GRAM,
    MICROJOULES_PER_KILOWATT_HOUR,
    MICROLITERS_PER_LITER,
    MICROS_PER_EURO,
    PICOGRAMS_PER_GRAM,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from monitor.cli.figures import Figures
    from monitor.cli.speech import Speech
    from monitor.cli.terminal import Terminal
    from monitor.core.impact import HourImpacts
    from monitor.core.interval import Interval
    from monitor.ledger.store import Ledger, Restatement

EMISSIONS: Final = (Indicator.GWP_USE, Indicator.GWP_EMBODIED)
KILOGRAMS: Final = Unit("kgCO2e", 1000 * MICROGRAMS_PER_GRAM, 3)
BROAD: Final = {
    Indicator.ENERGY: Unit("kWh", MICROJOULES_PER_KILOWATT_HOUR, 3),
    Indicator.FACILITY_ENERGY: Unit("kWh", MICROJOULES_PER_KILOWATT_HOUR, 3),
    Indicator.GWP_USE: KILOGRAMS,
    Indicator.GWP_EMBODIED: KILOGRAMS,
    Indicator.GWP_USE_MARKET: KILOGRAMS,
    Indicator.WATER_GRID: Unit("L", MICROLITERS_PER_LITER, 3),
    Indicator.WATER_SITE: Unit("L", MICROLITERS_PER_LITER, 3),
    Indicator.PRIMARY_ENERGY: Unit("kWh", MICROJOULES_PER_KILOWATT_HOUR, 3),
    Indicator.ADPE_USE: Unit("mgSbe", PICOGRAMS_PER_GRAM // 1000, 3),
    Indicator.ADPE_EMBODIED: Unit("mgSbe", PICOGRAMS_PER_GRAM // 1000, 3),
    Indicator.COST: Unit("EUR", MICROS_PER_EURO, 2),
}
"""In what the sums of a whole machine are printed, in this order."""
RIGHT: Final = frozenset({1, 2, 3, 4})

Difference = tuple[Bounds | None, Bounds | None]
"""Before and after; None: unknown."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for, by whom and why. With `dry_run` nothing is written."""

    interval: Interval
    author: str
    reason: str
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Change:
    """How many hours come to something else, or by other terms; the sums before and after; the generation's number."""

    hours: int
    differences: Mapping[Indicator, Difference]
    number: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, or would be: over the closed hours of `interval`, with the factors of `factor_set`."""

    order: Order
    interval: Interval
    factor_set: str
    change: Change
    services: Mapping[str, Difference]
    """Greenhouse gases of use and making of each consumer, in micrograms CO2e, with the range of the factors."""
    simulated: bool = False


class Tally:
    """Adds up what each consumer emitted, before a restatement and by the hours that go through it."""

    def __init__(self, ledger: Ledger, interval: Interval) -> None:
        self._naming = ledger.naming()
        self._before: dict[str, Bounds] = {}
        self._after: dict[str, Bounds] = {}
        for series, amount in ledger.sums(interval).impacts.items():
            self._add(self._before, series.consumer, series.indicator, amount)

    def following(self, hours: Iterable[HourImpacts]) -> Iterator[HourImpacts]:
        """Yield *hours* as they are, and add them up."""
        for hour in hours:
            for series, amount in hour.amounts.items():
                key = self._naming.current_key(series.consumer, hour.start)
                self._add(self._after, key, series.indicator, amount)
            yield hour

    def services(self) -> dict[str, Difference]:
        """Return the emissions of each consumer, services by their key, the others after them."""
        keys = sorted({*self._before, *self._after}, key=lambda key: (key in PSEUDO_SERVICES, key))
        return {key: (self._before.get(key), self._after.get(key)) for key in keys}

    def _add(self, sums: dict[str, Bounds], consumer: str, indicator: Indicator, amount: Bounds) -> None:
        if indicator in EMISSIONS:
            sums[consumer] = sums.get(consumer, Bounds.ZERO) + amount


def page(outcome: Outcome, names: Mapping[str, str], speech: Speech, figures: Figures, terminal: Terminal) -> str:
    """Return the outcome for a person; *names* are those of the services, by key."""
    say, interval = speech.say, outcome.interval
    hours = figures.number(Decimal(outcome.interval.length.nanoseconds // (3600 * 10**9)))
    title = say(
        "restate.title",
        start=figures.moment(interval.start),
        end=figures.moment(interval.end),
        hours=hours,
        factors=outcome.factor_set,
    )
    head = terminal.paint(terminal.paragraph(title), Tone.HEADING)
    if outcome.simulated:
        head = f"{head}\n{terminal.paint(terminal.paragraph(speech.page.say('banner.simulated')), Tone.WARNING)}"
    if not outcome.change.hours:
        return "\n\n".join([head, terminal.paragraph(say("restate.nothing"))])
    writer = _Writer(speech, figures)
    indicators = [
        writer.row(say(f"explain.indicator.{one}"), outcome.change.differences[one], unit)
        for one, unit in BROAD.items()
        if one in outcome.change.differences
    ]
    services = [
        writer.row(speech.name(key, names.get(key, "")), difference, KILOGRAMS)
        for key, difference in outcome.services.items()
    ]
    tables = [
        f"{terminal.paint(say(heading), Tone.HEADING)}\n{terminal.table([writer.header, *rows], right=RIGHT)}"
        for heading, rows in (("restate.all", indicators), ("restate.services", services))
    ]
    return "\n\n".join([head, *tables, terminal.paragraph(_done(outcome, speech, figures))])


def for_programs(outcome: Outcome) -> dict[str, Any]:
    """Return the outcome as JSON has it: amounts are whole numbers; null: unknown."""
    change, order = outcome.change, outcome.order
    return {
        "simulated": outcome.simulated,
        "dry_run": order.dry_run,
        "generation": change.number,
        "start": utc(outcome.interval.start),
        "end": utc(outcome.interval.end),
        "author": order.author,
        "reason": order.reason,
        "factor_set": outcome.factor_set,
        "hours_changed": change.hours,
        "differences": _differences(change.differences),
        "services": {key: _difference(found) for key, found in outcome.services.items()},
    }


def list_page(made: Iterable[Restatement], speech: Speech, figures: Figures, terminal: Terminal) -> str:
    """Return the restatements that were *made*, for a person."""
    blocks = [_listed(one, speech, figures, terminal) for one in made]
    return "\n\n".join(blocks) if blocks else speech.say("restate.none")


def list_for_programs(made: Iterable[Restatement]) -> list[dict[str, Any]]:
    """Return the same as JSON has it."""
    return [
        {
            "generation": one.number,
            "start": utc(one.interval.start),
            "end": utc(one.interval.end),
            "made": utc(one.made),
            "author": one.author,
            "reason": one.reason,
            "factor_set": one.factor_set,
            "hours_changed": one.hours,
            "differences": _differences(one.differences),
        }
        for one in made
    ]


class _Writer:
    """Writes rows of before, after and difference."""

    def __init__(self, speech: Speech, figures: Figures) -> None:
        self._figures = figures
        self._unknown = speech.say("restate.unknown")
        self.header = ("", *(speech.say(f"restate.{name}") for name in ("before", "after", "difference")), "", "")

    def row(self, name: str, difference: Difference, unit: Unit) -> tuple[str, ...]:
        before, after = difference
        return (
            name,
            self._amount(before, unit),
            self._amount(after, unit),
            *self._change(before, after, unit),
            unit.name,
        )

    def _amount(self, amount: Bounds | None, unit: Unit) -> str:
        return self._unknown if amount is None else self._number(Fraction(amount.central, unit.size), unit.decimals)

    def _change(self, before: Bounds | None, after: Bounds | None, unit: Unit) -> tuple[str, str]:
        """Return the difference, and in percent of what it was; nothing where one of the two is unknown."""
        if before is None or after is None:
            return "", ""
        change = after.central - before.central
        percent = f"{self._signed(Fraction(100 * change, before.central), 2)} %" if before.central else ""
        return self._signed(Fraction(change, unit.size), unit.decimals), percent

    def _signed(self, value: Fraction, decimals: int) -> str:
        return f"{'+' if value > 0 else ''}{self._number(value, decimals)}"

    def _number(self, value: Fraction, decimals: int) -> str:
        return self._figures.number(rounded(value, decimals))


def _done(outcome: Outcome, speech: Speech, figures: Figures) -> str:
    hours = figures.number(Decimal(outcome.change.hours))
    if outcome.order.dry_run:
        return speech.say("restate.dry_run", hours=hours)
    return speech.say("restate.done", hours=hours, number=outcome.change.number, author=outcome.order.author)


def _listed(one: Restatement, speech: Speech, figures: Figures, terminal: Terminal) -> str:
    heading = speech.say(
        "restate.listed", number=one.number, moment=figures.moment(one.made), author=one.author, reason=one.reason
    )
    span = speech.say(
        "restate.listed_span",
        start=figures.moment(one.interval.start),
        end=figures.moment(one.interval.end),
        hours=figures.number(Decimal(one.hours)),
        factors=one.factor_set or speech.say("restate.own_factors"),
    )
    writer = _Writer(speech, figures)
    rows = [
        writer.row(speech.say(f"explain.indicator.{indicator}"), one.differences[indicator], BROAD[indicator])
        for indicator in EMISSIONS
        if indicator in one.differences
    ]
    table = [terminal.table([writer.header, *rows], right=RIGHT)] if rows else []
    return "\n".join(
        [terminal.paint(terminal.paragraph(heading), Tone.HEADING), terminal.paragraph(span, "  "), *table]
    )


def _differences(found: Mapping[Indicator, Difference]) -> dict[str, Any]:
    return {NAMES[one]: _difference(difference) for one, difference in found.items()}


def _difference(difference: Difference) -> dict[str, dict[str, int] | None]:
    before, after = difference
    return {"before": None if before is None else bounds(before), "after": None if after is None else bounds(after)}
