"""By which factors the hours of a year were reckoned: each once, with its source, and for how long it was at work."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from monitor.core.impact import Role
from monitor.core.units import Duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from decimal import Decimal

    from monitor.core.embodied import Asset
    from monitor.core.factors import Factor, How
    from monitor.core.impact import Terms


@dataclass(frozen=True, slots=True)
class Reckoned:
    """For how long of a year its hours were reckoned by the same terms, in which generation."""

    terms: Terms
    generation: int
    time: Duration


@dataclass(frozen=True, slots=True)
class Generation:
    """A restatement: who made it, when (ns since the epoch), why, with which factors. 0 is as hours were derived."""

    number: int
    made: int
    author: str
    reason: str
    factor_set: str


@dataclass(frozen=True, slots=True)
class FactorUsed:
    """A factor, in which role, how it was chosen, and for how long it was at work."""

    role: str
    factor: Factor
    how: tuple[How, ...]
    time: Duration


@dataclass(frozen=True, slots=True)
class LiveUsed:
    """What a provider's live intensities were, in gCO2e/kWh, over the time that they gave the shape of."""

    provider: str
    zone: str
    time: Duration
    lowest: Decimal
    highest: Decimal
    mean: Fraction


@dataclass(frozen=True, slots=True)
class Reckoning:
    """By what the hours of a year were reckoned."""

    factors: tuple[FactorUsed, ...]
    live: tuple[LiveUsed, ...]
    assets: tuple[Asset, ...]
    generations: tuple[tuple[int, Duration], ...]
    """The numbers of those that count, and for how long of the year."""
    filled: Duration
    """For how long the yearly level stands in for a live intensity that is not there."""


def reckoning_of(reckoned: Iterable[Reckoned]) -> Reckoning:
    """Return by what the hours were *reckoned*, in an order that depends on nothing but them."""
    sums = _Sums()
    for one in reckoned:
        sums.add(one)
    return sums.reckoning()


@dataclass(slots=True)
class _Sums:
    """Times in ns."""

    factors: dict[tuple[str, Factor, tuple[How, ...]], int] = field(default_factory=dict)
    live: dict[tuple[str, str], list[tuple[Decimal, int]]] = field(default_factory=dict)
    assets: dict[Asset, None] = field(default_factory=dict)
    generations: dict[int, int] = field(default_factory=dict)
    filled: int = 0

    def add(self, one: Reckoned) -> None:
        time = one.time.nanoseconds
        self.generations[one.generation] = self.generations.get(one.generation, 0) + time
        self.filled += time if one.terms.filled else 0
        self.assets |= dict.fromkeys(one.terms.assets)
        for role, factor, how in _factors_of(one.terms):
            if role == Role.SHAPE:
                # another figure each hour: a table of them would be as long as the year
                self.live.setdefault((factor.provider, factor.subject), []).append((factor.value, time))
            else:
                key = role, factor, how
                self.factors[key] = self.factors.get(key, 0) + time

    def reckoning(self) -> Reckoning:
        used = (FactorUsed(*key, Duration(time)) for key, time in self.factors.items())
        return Reckoning(
            factors=tuple(sorted(used, key=lambda one: (one.role, one.factor.key, one.how, str(one.factor)))),
            live=tuple(_live(*key, told) for key, told in sorted(self.live.items())),
            assets=tuple(sorted(self.assets, key=lambda asset: (asset.resource, asset.name, str(asset)))),
            generations=tuple((number, Duration(time)) for number, time in sorted(self.generations.items())),
            filled=Duration(self.filled),
        )


def _factors_of(terms: Terms) -> Iterator[tuple[str, Factor, tuple[How, ...]]]:
    for applied in terms.applied:
        yield applied.role.value, applied.factor, applied.how
    # what several assets have in common was at work once
    for factor in dict.fromkeys(
        factor for asset in terms.assets for factor in (asset.gwp, asset.adpe, asset.lifetime) if factor is not None
    ):
        yield factor.quantity.value, factor, ()


def _live(provider: str, zone: str, told: list[tuple[Decimal, int]]) -> LiveUsed:
    values = [value for value, _ in told]
    whole = sum(time for _, time in told)
    mean = sum((Fraction(value) * time for value, time in told), Fraction(0)) / whole
    return LiveUsed(provider, zone, Duration(whole), min(values), max(values), mean)
