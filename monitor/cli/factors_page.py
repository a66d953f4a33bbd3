"""What `factors` shows: tables of figures with their ranges, which one a zone gets and how, one with all its facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitor.cli.terminal import Terminal, Tone
from monitor.core.factor_facts import facts_of
from monitor.core.factors import OF_A_ZONE, Answer, Factor, NoFactorError, Quantity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date
    from decimal import Decimal

    from monitor.core.factors import Catalogue
    from monitor.wording import Words


@dataclass(frozen=True, slots=True)
class Choices:
    """What a zone gets of each quantity: a factor and how it was chosen, or why there is none; and what else there is.

    The others are those of the zone itself.
    """

    chosen: tuple[tuple[Quantity, Answer | NoFactorError], ...]
    others: tuple[Factor, ...]

    @property
    def has_electricity(self) -> bool:
        """Whether there is a factor for its electricity, where that was asked."""
        return all(isinstance(found, Answer) for quantity, found in self.chosen if quantity is Quantity.ELECTRICITY)

    def for_programs(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"chosen": [_choice(quantity, found) for quantity, found in self.chosen], "others": listed(self.others)}


def _choice(quantity: Quantity, found: Answer | NoFactorError) -> dict[str, Any]:
    if isinstance(found, Answer):
        return {"quantity": quantity, "how": list(found.how), "factor": facts_of(found.factor, float)}
    return {"quantity": quantity, "error": found.what, "cure": found.cure}


def choices_of(catalogue: Catalogue, zone: str, day: date, provider: str, quantities: Iterable[Quantity]) -> Choices:
    """Return what *zone* gets on *day* of those *quantities* that zones have; *provider* is for its electricity."""
    asked = [quantity for quantity in quantities if quantity in OF_A_ZONE]
    chosen: list[tuple[Quantity, Answer | NoFactorError]] = []
    for quantity in asked:
        try:
            named = provider if quantity is Quantity.ELECTRICITY else ""
            chosen.append((quantity, catalogue.as_of(quantity, zone, day, named)))
        except NoFactorError as error:
            chosen.append((quantity, error))
    taken = {found.factor.key for _, found in chosen if isinstance(found, Answer)}
    there = (factor for quantity in asked for factor in catalogue.find(quantity, zone))
    return Choices(tuple(chosen), tuple(factor for factor in there if factor.key not in taken))


def listed(factors: Iterable[Factor]) -> list[dict[str, Any]]:
    """Return *factors* as JSON has them."""
    return [facts_of(factor, float) for factor in factors]


@dataclass(frozen=True, slots=True)
class Page:
    """Writes in one language, for one terminal."""

    words: Words
    terminal: Terminal

    def all(self, catalogue: Catalogue, factors: Sequence[Factor]) -> str:
        """Return *factors*, those of a quantity together."""
        blocks = [self._title("factors.title", name=catalogue.name, count=len(factors))]
        for quantity in Quantity:
            rows = [self._row(catalogue, factor) for factor in factors if factor.quantity is quantity]
            if rows:
                heading = self.terminal.paint(self._noun(quantity), Tone.HEADING)
                blocks.append(f"{heading}\n{self.terminal.table(rows, right=_NUMBERS)}")
        return "\n\n".join(blocks)

    def zone(self, catalogue: Catalogue, zone: str, day: date, choices: Choices) -> str:
        """Return what *zone* gets on *day*, and what else there is."""
        blocks = [self._title("factors.zone_title", zone=zone, day=day, name=catalogue.name)]
        blocks += [self._chosen(catalogue, quantity, found) for quantity, found in choices.chosen]
        if choices.others:
            heading = self.terminal.paint(self.words.say("factors.others"), Tone.HEADING)
            rows = [self._row(catalogue, factor) for factor in choices.others]
            blocks.append(f"{heading}\n{self.terminal.table(rows, right=_NUMBERS)}")
        return "\n\n".join(blocks)

    def factor(self, catalogue: Catalogue, factor: Factor) -> str:
        """Return all that is known of *factor*."""
        rows = [(self.words.say(f"factors.fact.{name}"), value) for name, value in self._facts(factor) if value]
        where = self.words.say("factors.own" if catalogue.is_own(factor) else "factors.of_set", name=catalogue.name)
        return f"{self.terminal.paint(factor.key, Tone.HEADING)}\n{self.terminal.table(rows)}\n\n{where}"

    def _chosen(self, catalogue: Catalogue, quantity: Quantity, found: Answer | NoFactorError) -> str:
        heading = self.terminal.paint(self._noun(quantity), Tone.HEADING)
        if isinstance(found, NoFactorError):
            why = self.terminal.paragraph(self.words.say("factors.none", what=found.what, cure=found.cure), "  ")
            return f"{heading}\n{why}"
        row = self.terminal.table([self._row(catalogue, found.factor)], right=_NUMBERS)
        how = "; ".join(self.words.say(f"factors.how.{one}") for one in found.how)
        source = f"{found.factor.source} ({found.factor.year})"
        return "\n".join((heading, row, *(self.terminal.paragraph(line, "  ") for line in (how, source))))

    def _row(self, catalogue: Catalogue, factor: Factor) -> tuple[str, ...]:
        between = self.words.say("factors.range", low=self._number(factor.low), high=self._number(factor.high))
        mark = " *" if catalogue.is_own(factor) else ""
        return self._number(factor.value), between, factor.unit, f"{factor.key}{mark}"

    def _facts(self, factor: Factor) -> Iterator[tuple[str, str]]:
        yield "quantity", self._noun(factor.quantity)
        yield "subject", factor.subject
        yield "provider", factor.provider
        yield "value", f"{self._number(factor.value)} {factor.unit}"
        yield "range", self.words.say("factors.range", low=self._number(factor.low), high=self._number(factor.high))
        yield "year", str(factor.year)
        yield "valid", self._validity(factor)
        basis = (factor.basis.cycle, factor.basis.boundary, factor.basis.accounting)
        yield "basis", ", ".join(self.words.say(f"factors.basis.{one}") for one in basis if one is not None)
        for name in ("source", "address", "licence", "retrieved", "note"):
            yield name, str(getattr(factor, name))

    def _validity(self, factor: Factor) -> str:
        if factor.valid_to is None:
            return self.words.say("factors.since", first=factor.valid_from)
        return self.words.say("factors.between", first=factor.valid_from, last=factor.valid_to)

    def _title(self, key: str, /, **parts: object) -> str:
        return self.terminal.paragraph(self.words.say(key, **parts))

    def _noun(self, quantity: Quantity) -> str:
        return self.words.say(f"factors.quantity.{quantity}")

    def _number(self, value: Decimal) -> str:
        """Return *value* with all the digits that its source has, written as the language does."""
        return f"{value:f}".replace(".", self.words.say("factors.decimal_mark"))


_NUMBERS = frozenset({0})
"""The column that is aligned to the right."""
