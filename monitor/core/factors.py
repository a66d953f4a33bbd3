"""Factors: what a kilowatt-hour, a site or a piece of hardware costs, from whom, for when, and how it was chosen.

A catalogue answers which factor holds for a zone and a moment, and never takes another one silently: the answer says
how it was chosen, and where there is none it is an error that names the cure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal  # noqa: TC003 - likewise
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from monitor.core.zones import canonical, is_known, parent_of, stands_alone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CONFIGURED: Final = "configured"
"""The provider of what the organisation states itself, in its configuration."""
UNDATED: Final = 0
"""Year of a figure that the organisation states without one."""
ALWAYS: Final = date(1970, 1, 1)
"""From when on such a figure holds: the beginning of the ledger's clock."""
OWN: Final = "give one in a file of your own (`[factors] files`, docs/factors.md)"
"""The cure where no factor is shipped."""


class Quantity(StrEnum):
    """What a factor is of."""

    ELECTRICITY = "electricity"
    """Greenhouse gases of a kilowatt-hour in a zone."""
    WATER = "water"
    """Water that a kilowatt-hour consumed where it was generated, in a zone."""
    PRIMARY_ENERGY = "primary_energy"
    """Primary energy for each unit of electricity, in a zone."""
    ABIOTIC_RESOURCES = "abiotic_resources"
    """Minerals and metals (ADPe) of a kilowatt-hour, in a zone."""
    PUE = "pue"
    """Power usage effectiveness of a kind of site."""
    WUE = "wue"
    """Water usage effectiveness of a kind of site."""
    HARDWARE_GWP = "hardware_gwp"
    """Greenhouse gases of making a piece of hardware."""
    HARDWARE_ADPE = "hardware_adpe"
    """Minerals and metals (ADPe) of making a piece of hardware."""
    HARDWARE_LIFETIME = "hardware_lifetime"
    """For how long a kind of hardware is used."""
    EQUIVALENCE = "equivalence"
    """Greenhouse gases of something that people know."""
    ELECTRICITY_PRICE = "electricity_price"
    """What a kilowatt-hour costs; never shipped: it is in the organisation's contract."""


UNITS: Final = {
    Quantity.ELECTRICITY: ("gCO2e/kWh",),
    Quantity.WATER: ("L/kWh",),
    Quantity.PRIMARY_ENERGY: ("kWh/kWh",),
    Quantity.ABIOTIC_RESOURCES: ("kgSbe/kWh",),
    Quantity.PUE: ("kWh/kWh",),
    Quantity.WUE: ("L/kWh",),
    Quantity.HARDWARE_GWP: ("kgCO2e/piece", "kgCO2e/GB"),
    Quantity.HARDWARE_ADPE: ("kgSbe/piece", "kgSbe/GB"),
    Quantity.HARDWARE_LIFETIME: ("year",),
    Quantity.EQUIVALENCE: ("kgCO2e/piece", "kgCO2e/km", "kgCO2e/hour"),
    Quantity.ELECTRICITY_PRICE: ("EUR/kWh",),
}
"""The units that a factor of each quantity may be given in."""
OF_A_ZONE: Final = frozenset(
    {Quantity.ELECTRICITY, Quantity.WATER, Quantity.PRIMARY_ENERGY, Quantity.ABIOTIC_RESOURCES}
)
"""Quantities whose subject is a zone of the electricity grid."""
AGEING: Final = frozenset({Quantity.ELECTRICITY, Quantity.WATER, Quantity.ABIOTIC_RESOURCES})
"""Quantities that change from year to year: a figure of a year before is one, and is said to be.

The others hold until they are replaced: a legal coefficient, a kind of site, a piece of hardware, an equivalence.
"""


class Cycle(StrEnum):
    """Which part of a kilowatt-hour's life its emissions are counted over."""

    LIFE_CYCLE = "life_cycle"
    DIRECT = "direct"
    """Combustion only."""


class Boundary(StrEnum):
    """Which electricity: what is generated in the zone, or what is consumed there (imports, and often losses)."""

    GENERATION = "generation"
    CONSUMPTION = "consumption"


class Accounting(StrEnum):
    """How electricity is ascribed. Source: GHG Protocol, Scope 2 Guidance (2015), chapter 4."""

    LOCATION = "location"
    """By where it is used."""
    MARKET = "market"
    """By what was bought."""


@dataclass(frozen=True, slots=True)
class Basis:
    """On what an electricity factor stands; None where the word has no meaning for a factor."""

    cycle: Cycle | None = None
    boundary: Boundary | None = None
    accounting: Accounting | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One figure, with all that is needed to defend it. `low <= value <= high`, in `unit`.

    `subject` is the zone, the kind of site, the model of hardware or the thing compared with. It holds from
    `valid_from` to `valid_to`, both included; None: until a newer one of its provider. `year` is that of its data.
    """

    key: str
    """Unique in its set: `electricity/FR/ademe/2024`."""
    quantity: Quantity
    subject: str
    provider: str
    value: Decimal
    low: Decimal
    high: Decimal
    unit: str
    year: int
    valid_from: date
    valid_to: date | None
    basis: Basis
    source: str
    """Who says so, in which publication."""
    address: str
    licence: str
    retrieved: date
    note: str = ""


def stated(
    key: str,
    quantity: Quantity,
    subject: str,
    values: tuple[Decimal, Decimal, Decimal],
    source: str,
    *,
    year: int = UNDATED,
    basis: Basis = Basis(),
    since: date = ALWAYS,
) -> Factor:
    """Return a figure of the organisation's own: *values* are its lower bound, itself and its upper bound.

    *key* says where the configuration has it. Its unit is the first of its quantity's: hardware is by the piece.
    """
    low, value, high = values
    return Factor(
        key=f"{CONFIGURED}/{key}",
        quantity=quantity,
        subject=subject,
        provider=CONFIGURED,
        value=value,
        low=low,
        high=high,
        unit=UNITS[quantity][0],
        year=year,
        valid_from=since,
        valid_to=None,
        basis=basis,
        source=source,
        address="",
        licence="",
        retrieved=since,
    )


class How(StrEnum):
    """How a factor was chosen. Several may hold at once."""

    EXACT = "exact"
    """It is for this zone and this time, from the provider that was asked for."""
    OLDER_YEAR = "older_year"
    """The newest there is is of a year before."""
    PARENT_ZONE = "parent_zone"
    """There is none for the part of the country: it is the country's."""
    ALTERNATIVE_SOURCE = "alternative_source"
    """The provider that was asked for has none: it is another's."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A factor, and how it was chosen: `(How.EXACT,)`, or everything that makes it less than that."""

    factor: Factor
    how: tuple[How, ...]


class NoFactorError(Exception):
    """There is no factor for this. `what` and `cure` are one sentence each."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(f"{what}: {cure}")
        self.what = what
        self.cure = cure


class Catalogue:
    """The factors of one set, those of the organisation's own files before the others."""

    def __init__(
        self,
        name: str,
        factors: Iterable[Factor],
        order: Sequence[str] = (),
        *,
        orders: Mapping[str, Sequence[str]] | None = None,
        own: Iterable[Factor] = (),
    ) -> None:
        """*name* is that of the set with its version.

        *order* has providers, the one to prefer first; *orders* those of zones that have an order of their own. *own*
        has the organisation's factors: they come before the others for the times that they cover, and one with the key
        of another replaces it.
        """
        self.name = name
        mine = tuple(own)
        self._own = frozenset(factor.key for factor in mine)
        self.factors = (*mine, *(factor for factor in factors if factor.key not in self._own))
        self._order = tuple(order)
        self._orders = dict(orders or {})
        self._by_subject: dict[tuple[Quantity, str], list[Factor]] = {}
        self._providers: dict[Quantity, set[str]] = {}
        for factor in self.factors:
            self._by_subject.setdefault((factor.quantity, factor.subject), []).append(factor)
            self._providers.setdefault(factor.quantity, set()).add(factor.provider)

    def extended(self, further: Iterable[Factor], by: str) -> Catalogue:
        """Return this catalogue with the *further* factors, those of its own with the same key staying.

        Its name says *by* what: `2026-11+codecarbon-3.3.2`.
        """
        known = {factor.key for factor in self.factors}
        new = (factor for factor in further if factor.key not in known)
        own = [factor for factor in self.factors if self.is_own(factor)]
        return Catalogue(f"{self.name}+{by}", (*self.factors, *new), self._order, orders=self._orders, own=own)

    def as_of(self, quantity: Quantity, subject: str, day: date, provider: str = "") -> Answer:
        """Return the factor of *subject* on *day*, and how it was chosen.

        A *provider* that is named comes first, whatever its basis; without one, the organisation's own factors, then
        the catalogue's order. Only a life-cycle, location-based factor may stand in for another provider's. A part of
        a country without a factor has the country's, unless its grid stands alone. Raises NoFactorError, which names
        the cure.
        """
        zoned = quantity in OF_A_ZONE
        place = canonical(subject) if zoned else subject
        asked = _Asked(day, provider)
        answer = self._answer(quantity, place, asked)
        if answer is None and zoned and (country := parent_of(place)):
            answer = self._answer(quantity, country, asked)
            if answer is not None:
                less = tuple(how for how in answer.how if how is not How.EXACT)
                answer = Answer(answer.factor, (*less, How.PARENT_ZONE))
        if answer is None:
            raise self._absent(quantity, place, asked)
        return answer

    def find(self, quantity: Quantity, subject: str) -> tuple[Factor, ...]:
        """Return all factors of *subject* itself: the preferred provider's first, of each the newest first."""
        place = canonical(subject) if quantity in OF_A_ZONE else subject
        newest = sorted(self._of(quantity, place), key=lambda factor: (factor.valid_from, factor.key), reverse=True)
        return tuple(sorted(newest, key=lambda factor: self._rank(factor, place)))

    def get(self, key: str) -> Factor:
        """Return the factor *key*. Raises NoFactorError."""
        for factor in self.factors:
            if factor.key == key:
                return factor
        close = get_close_matches(key, [factor.key for factor in self.factors], n=1)
        cure = f"did you mean {close[0]}?" if close else "`empreinte factors list` shows their keys"
        raise NoFactorError(f"there is no factor {key} in {self.name}", cure)

    def subjects(self, quantity: Quantity) -> tuple[str, ...]:
        """Return what there are factors of: zones, kinds of site, models of hardware, things compared with."""
        return tuple(sorted(subject for one, subject in self._by_subject if one is quantity))

    def zones(self) -> tuple[str, ...]:
        """Return the zones that have an electricity factor."""
        return self.subjects(Quantity.ELECTRICITY)

    def providers(self, zone: str) -> tuple[str, ...]:
        """Return who has an electricity factor of *zone*, the preferred one first."""
        return tuple(dict.fromkeys(factor.provider for factor in self.find(Quantity.ELECTRICITY, zone)))

    def is_own(self, factor: Factor) -> bool:
        """Return whether *factor* is from the organisation's own files."""
        return factor.key in self._own

    def _of(self, quantity: Quantity, subject: str) -> Sequence[Factor]:
        return self._by_subject.get((quantity, subject), ())

    def _answer(self, quantity: Quantity, subject: str, asked: _Asked) -> Answer | None:
        usable = [one for one in self._of(quantity, subject) if asked.allows(one, own=self.is_own(one))]
        if not usable:
            return None
        best = min(usable, key=lambda one: (asked.rank(one), self._rank(one, subject), asked.age(one), one.key))
        wanted = asked.provider or self._preferred(quantity, subject)
        how = []
        if _is_older(best, asked.day):
            how.append(How.OLDER_YEAR)
        if wanted not in ("", best.provider) and (asked.provider or not self.is_own(best)):
            how.append(How.ALTERNATIVE_SOURCE)
        return Answer(best, tuple(how) or (How.EXACT,))

    def _rank(self, factor: Factor, subject: str) -> tuple[bool, int, str]:
        """Return a key that sorts the preferred first."""
        order = self._orders.get(subject, self._order)
        place = order.index(factor.provider) if factor.provider in order else len(order)
        return not self.is_own(factor), place, factor.provider

    def _preferred(self, quantity: Quantity, subject: str) -> str:
        """Return the provider that the order names first of those that have this quantity; empty where none does."""
        known = self._providers.get(quantity, set())
        return next((one for one in self._orders.get(subject, self._order) if one in known), "")

    def _absent(self, quantity: Quantity, subject: str, asked: _Asked) -> NoFactorError:
        """Return why there is none, and what to do about it."""
        noun = quantity.value.replace("_", " ")
        if quantity in OF_A_ZONE and not is_known(subject):
            return NoFactorError(f"{subject} is no zone", _suggestion(subject, self.subjects(quantity)))
        years = [one for one in self._of(quantity, subject) if _may_stand_in(one)]
        if years:
            first = min(one.valid_from for one in years)
            last = max((one.valid_to for one in years if one.valid_to is not None), default=first)
            when = f"begins on {first}" if asked.day < first else f"ends on {last}"
            return NoFactorError(f"what there is of {noun} of {subject} {when}, not {asked.day}", OWN)
        if quantity in OF_A_ZONE and stands_alone(subject):
            return NoFactorError(
                f"there is no {noun} factor of {subject}, and none stands in for a grid of its own", OWN
            )
        cure = OWN if quantity in OF_A_ZONE else _suggestion(subject, self.subjects(quantity))
        return NoFactorError(f"there is no {noun} factor of {subject}", cure)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a factor is asked for."""

    day: date
    provider: str

    def allows(self, factor: Factor, *, own: bool) -> bool:
        """Return whether *factor* may be the answer: an old one of a quantity that ages may, unless it is one's own."""
        over = factor.valid_to is not None and factor.valid_to < self.day
        if factor.valid_from > self.day or (over and (own or factor.quantity not in AGEING)):
            return False
        return factor.provider == self.provider or _may_stand_in(factor)

    def rank(self, factor: Factor) -> tuple[bool, bool]:
        """Return a key that sorts the named provider first, and of its factors those that may stand in for others."""
        return bool(self.provider) and factor.provider != self.provider, not _may_stand_in(factor)

    def age(self, factor: Factor) -> int:
        """Return how many days before the day *factor* began."""
        return (self.day - factor.valid_from).days


def _may_stand_in(factor: Factor) -> bool:
    """Return whether *factor* may be taken for another provider's: it is location-based and of the whole life cycle."""
    return factor.basis.accounting is not Accounting.MARKET and factor.basis.cycle is not Cycle.DIRECT


def _is_older(factor: Factor, day: date) -> bool:
    """Return whether *factor* is of a year before that of *day*, where that matters."""
    over = factor.valid_to is not None and factor.valid_to < day
    return factor.quantity in AGEING and (over or factor.year < day.year)


def _suggestion(subject: str, known: Sequence[str]) -> str:
    close = get_close_matches(subject.upper(), known, n=3) or get_close_matches(subject, known, n=3)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return "`empreinte factors list` shows what there is; " + OWN
