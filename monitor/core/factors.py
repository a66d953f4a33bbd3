"""Factors: what a kilowatt-hour, a site or a piece of hardware costs, from whom, for when, and how it was chosen.

A catalogue answers which factor holds for a zone and a moment, and never takes another one silently: the answer says
how it was chosen, and where there is none it is an error that names the cure.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from decimal import Decimal

CONFIGURED: Final = "configured"
"""The provider of what the organisation states itself, in its configuration."""


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

    def __init__(self, name: str, factors: Iterable[Factor], order: Sequence[str] = ()) -> None:
        """*name* is that of the set with its version. *order* has providers, the one to prefer first."""
        self.name = name
        self.factors = tuple(factors)
        self._order = {provider: place for place, provider in enumerate(order)}
        self._by_subject: dict[tuple[Quantity, str], list[Factor]] = {}
        for factor in self.factors:
            self._by_subject.setdefault((factor.quantity, factor.subject), []).append(factor)
