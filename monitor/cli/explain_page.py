"""What `explain` shows: the chain from joules to grams as products that a reader can redo with a calculator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from monitor.cli.figures import UNITS, hours, plain, printed, rounded
from monitor.cli.products import MAKING, making_of, product_of, share_of
from monitor.cli.terminal import Tone
from monitor.core.explanation import Bound
from monitor.core.factors import CONFIGURED
from monitor.core.impact import Indicator, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from fractions import Fraction

    from monitor.cli.figures import Figures
    from monitor.cli.speech import Speech
    from monitor.cli.terminal import Terminal
    from monitor.core.explanation import Explanation, Hardware, Step, Stretch, WrittenOff
    from monitor.core.factors import Factor, How
    from monitor.core.impact import Bounds
    from monitor.ledger.store import Restatement

MOST: Final = 8
"""Stretches that are all shown."""
ENDS: Final = 3
"""How many are shown at each end of more."""
INDENT: Final = "  "
DEEPER: Final = "    "
TOTALS: Final = (
    Indicator.FACILITY_ENERGY,
    Indicator.GWP_USE,
    Indicator.GWP_EMBODIED,
    Indicator.GWP_USE_MARKET,
    Indicator.WATER_GRID,
    Indicator.WATER_SITE,
    Indicator.PRIMARY_ENERGY,
    Indicator.ADPE_USE,
    Indicator.ADPE_EMBODIED,
    Indicator.COST,
)


@dataclass(frozen=True, slots=True)
class Told:
    """What is explained, and of whom."""

    explanation: Explanation
    name: str
    host: str
    period: str
    closed_through: int
    generations: Mapping[int, Restatement]
    """Those that were restated, by number: 0 is as the hours were derived when they closed."""
    simulated: bool = False


@dataclass(slots=True)
class _Numbering:
    """Gives each factor the number it is referred to by, in the order in which they come up."""

    entries: list[tuple[Factor, tuple[How, ...]]] = field(default_factory=list)

    def of(self, factor: Factor, how: tuple[How, ...] = ()) -> str:
        if (factor, how) not in self.entries:
            self.entries.append((factor, how))
        return f"[{self.entries.index((factor, how)) + 1}]"


class Page:
    """Writes the explanation in one language, for one terminal."""

    def __init__(self, told: Told, speech: Speech, figures: Figures, terminal: Terminal, *, everything: bool) -> None:
        """*everything*: all stretches of constant terms, however many."""
        self._told = told
        self._of = told.explanation
        self._speech = speech
        self._say = speech.say
        self._figures = figures
        self._terminal = terminal
        self._everything = everything
        self._factors = _Numbering()
        self._name = speech.name(self._of.service, told.name)

    def text(self) -> str:
        """Return the whole page."""
        blocks = [self._title(), self._energy(), self._generations(), *self._stretches(), *self._hardware()]
        blocks += [self._totals(), self._sources()]
        return "\n\n".join(block for block in blocks if block)

    def _title(self) -> str:
        told, moment = self._told, self._figures.moment
        title = self._say("explain.title", name=self._name, host=told.host, period=told.period)
        interval = self._of.interval
        span = self._say(
            "explain.span",
            start=moment(interval.start),
            end=moment(min(interval.end, told.closed_through)),
        )
        lines = [self._heading(title), self._terminal.paragraph(span)]
        if told.simulated:
            lines.append(self._terminal.paint(self._speech.page.say("banner.simulated"), Tone.WARNING))
        return "\n".join(lines)

    def _energy(self) -> str:
        if not self._of.measured:
            return "\n".join([self._heading("explain.energy"), *self._paragraphs([self._say("explain.no_energy")])])
        rows = [
            (
                self._speech.page.resource(one.meter.resource),
                self._speech.maybe(f"method.{one.meter.method}", one.meter.method),
                self._figures.amount(Indicator.ENERGY, one.energy.microjoules),
                self._error(one.error),
            )
            for one in self._of.measured
        ]
        rows.append(
            (
                self._say("explain.together"),
                "",
                self._figures.amount(Indicator.ENERGY, self._of.energy.microjoules),
                self._error(self._of.error),
            )
        )
        table = self._terminal.table(rows, right=frozenset({2, 3}))
        notes = [self._say("explain.squares")] if len(self._of.measured) > 1 else []
        return "\n".join([self._heading("explain.energy"), table, *self._paragraphs([*notes, self._known()])])

    def _known(self) -> str:
        energy, known = self._of.energy.microjoules, self._of.known.microjoules
        if not self._of.stretches:
            return self._say("explain.none_known")
        share = self._speech.write.share(known / energy if energy else 0.0)
        return self._say("explain.known", share=share, energy=self._figures.amount(Indicator.ENERGY, known))

    def _generations(self) -> str:
        used = sorted({one.generation for one in self._of.stretches})
        if not used:
            return ""
        return "\n".join([self._heading("explain.reckoned"), *self._paragraphs(map(self._generation, used))])

    def _generation(self, number: int) -> str:
        made = self._told.generations.get(number)
        if made is None:
            return self._say("explain.as_derived", number=number)
        return self._say(
            "explain.restated",
            number=number,
            moment=self._figures.moment(made.made),
            author=made.author,
            reason=made.reason,
            factors=made.factor_set or self._say("restate.own_factors"),
        )

    def _stretches(self) -> Iterator[str]:
        numbered = list(enumerate(self._of.stretches, start=1))
        if self._everything or len(numbered) <= MOST:
            shown = numbered
        else:
            shown = [*numbered[:ENDS], *numbered[-ENDS:]]
            yield self._many(len(numbered))
        for number, stretch in shown:
            yield self._stretch(number, stretch)

    def _many(self, count: int) -> str:
        lines = [self._say("explain.many", count=count, ends=ENDS)]
        known = [one.intensity for one in self._of.stretches if one.intensity is not None]
        mean = self._of.mean_intensity
        if known and mean is not None:
            low, high, middle = (self._figures.number(rounded(one, 3)) for one in (min(known), max(known), mean))
            lines.append(self._say("explain.intensities", low=low, high=high, mean=middle))
        return "\n".join(self._terminal.paragraph(line) for line in lines)

    def _stretch(self, number: int, stretch: Stretch) -> str:
        moment = self._figures.moment
        heading = self._say(
            "explain.stretch",
            number=number,
            hours=self._figures.number(hours(stretch.length.nanoseconds)),
            start=moment(stretch.hours[0].start),
            end=moment(stretch.hours[-1].end),
        )
        where = self._say("explain.where", zone=stretch.terms.zone, generation=stretch.generation)
        factors = ", ".join(
            f"{self._say(f'explain.role.{one.role}')} {self._factors.of(one.factor, one.how)}"
            for one in stretch.terms.applied
        )
        notes = [where, self._say("explain.factors_used", factors=factors)]
        if stretch.terms.filled:
            shaped = any(one.role is Role.SHAPE for one in stretch.terms.applied)
            notes.append(self._say("explain.partly" if shaped else "explain.filled"))
        steps = [line for step in stretch.steps for line in self._step(step, stretch)]
        return "\n".join([self._heading(heading), *self._paragraphs(notes), *steps])

    def _step(self, step: Step, stretch: Stretch) -> Iterator[str]:
        yield f"{INDENT}{self._say(f'explain.indicator.{step.indicator}')}"
        kilowatt_hours = printed(Indicator.ENERGY, stretch.energy.microjoules)
        booked = {Bound.CENTRAL: step.booked.central, Bound.LOW: step.booked.low, Bound.HIGH: step.booked.high}
        central = product_of(step, kilowatt_hours, Bound.CENTRAL)
        for bound, amount in booked.items():
            product = product_of(step, kilowatt_hours, bound)
            if bound is not Bound.CENTRAL and product == central:
                continue
            yield f"{DEEPER}{self._say(f'explain.bound.{bound.value}')}{self._figures.product(product)}"
            if product.result != printed(step.indicator, amount):
                yield self._in_ledger(step.indicator, amount)

    def _in_ledger(self, indicator: Indicator, amount: int) -> str:
        return f"{DEEPER}{self._say('explain.in_ledger', amount=self._figures.amount(indicator, amount))}"

    def _hardware(self) -> Iterator[str]:
        if not self._of.hardware:
            return
        yield "\n".join([self._heading("explain.hardware"), *self._paragraphs([self._say("explain.hardware_how")])])
        for one in self._of.hardware:
            if not any(part.central for part in one.part.values()):
                continue
            lines = [self._heading(self._speech.page.resource(one.resource))]
            for indicator in MAKING:
                if indicator in one.whole:
                    lines += self._of_resource(one, indicator)
            yield "\n".join(lines)

    def _of_resource(self, one: Hardware, indicator: Indicator) -> Iterator[str]:
        yield f"{INDENT}{self._say(f'explain.indicator.{indicator}')}"
        for written in one.assets:
            product = making_of(written, indicator)
            if product is not None:
                yield self._terminal.paragraph(self._asset(written, indicator), DEEPER)
                yield f"{DEEPER}{self._figures.product(product)}"
        whole, part = one.whole[indicator], one.part[indicator]
        product = share_of(indicator, whole, part)
        yield f"{DEEPER}{self._say('explain.held', name=self._name)}{self._figures.product(product)}"
        if product.result != printed(indicator, part.central):
            yield self._in_ledger(indicator, part.central)
        if part.low != part.high:
            yield f"{DEEPER}{self._range(indicator, part)}"

    def _asset(self, written: WrittenOff, indicator: Indicator) -> str:
        asset = written.asset
        factor = asset.gwp if indicator is Indicator.GWP_EMBODIED else asset.adpe
        numbers = " ".join(self._factors.of(one) for one in (factor, asset.lifetime) if one is not None)
        return f"{asset.name} {numbers}"

    def _totals(self) -> str:
        rows = [self._total(one, found) for one in TOTALS if (found := self._of.totals.get(one)) is not None]
        if not rows:
            return ""
        header = ("", self._say("explain.total"), self._say("explain.lowest"), self._say("explain.highest"), "")
        table = self._terminal.table([header, *rows], right=frozenset({1, 2, 3}))
        lines = [self._heading("explain.totals"), table]
        if (emissions := self._of.emissions) is not None:
            central = self._figures.amount(Indicator.GWP_USE, emissions.central)
            lines += self._paragraphs(
                [self._say("explain.emissions", central=central, range=self._range(Indicator.GWP_USE, emissions))]
            )
        return "\n".join(lines)

    def _total(self, indicator: Indicator, found: Bounds) -> tuple[str, ...]:
        amounts = (self._figures.number(printed(indicator, one)) for one in (found.central, found.low, found.high))
        return self._say(f"explain.indicator.{indicator}"), *amounts, UNITS[indicator].name

    def _sources(self) -> str:
        if not self._factors.entries:
            return ""
        blocks = [self._source(number, *entry) for number, entry in enumerate(self._factors.entries, start=1)]
        return "\n".join([self._heading("explain.factors"), *blocks])

    def _source(self, number: int, factor: Factor, how: tuple[How, ...]) -> str:
        value = f"{self._figures.number(plain(factor.value))} {factor.unit}"
        if factor.low != factor.high:
            low, high = (self._figures.number(plain(one)) for one in (factor.low, factor.high))
            value = f"{value} ({self._figures.between(low, high)})"
        # what the organisation states has no year, no address and no licence
        facts = [value, factor.key, str(factor.year) if factor.year else ""]
        chosen = [self._say(f"factors.how.{one}") for one in how if factor.provider != CONFIGURED]
        lines = [", ".join(fact for fact in facts if fact), factor.source, factor.address]
        lines += [factor.licence and self._say("explain.licence", licence=factor.licence), factor.note]
        lines += ["; ".join(chosen)]
        first, *others = [line for line in lines if line]
        mark = f"[{number}] "
        return "\n".join(
            [
                self._terminal.paragraph(first, f"{INDENT}{mark}", f"{INDENT}{' ' * len(mark)}"),
                *(self._terminal.paragraph(line, f"{INDENT}{' ' * len(mark)}") for line in others),
            ]
        )

    def _range(self, indicator: Indicator, found: Bounds) -> str:
        if found.low == found.high:
            return ""
        low = self._figures.number(printed(indicator, found.low))
        return f"({self._figures.between(low, self._figures.amount(indicator, found.high))})"

    def _error(self, error: Fraction) -> str:
        return f"± {self._speech.write.share(float(error))}"

    def _heading(self, text: str) -> str:
        """Return a heading: a sentence of its own, or the key of one."""
        said = self._say(text) if text.startswith("explain.") else text
        return self._terminal.paint(said, Tone.HEADING)

    def _paragraphs(self, texts: Iterable[str]) -> list[str]:
        return [self._terminal.paragraph(text, INDENT) for text in texts]
