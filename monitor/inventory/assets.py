"""From what a machine is made of to its assets: each with what making it cost, and over how long that is spread.

What is configured comes before what is detected of the same kind. What can't be counted is told, with the cure: nothing
is taken for something similar, and nothing that is missing passes for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from monitor.config.impact_tables import AssetKind
from monitor.core.embodied import Asset
from monitor.core.factors import UNDATED, Catalogue, Factor, Quantity, stated
from monitor.core.units import BYTES_PER_GIBIBYTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.config.impact_tables import AssetTable

PER_GB: Final = "/GB"
"""How the unit of a factor ends that is for each gigabyte."""
GB_OF_MEMORY: Final = BYTES_PER_GIBIBYTE
GB_OF_DISK: Final = 10**9
"""Bytes: memory is sold by 2^30 of them, disks by 10^9, and both are called GB."""
BUILT_IN: Final = (AssetKind.MAINBOARD, AssetKind.POWER_SUPPLY, AssetKind.CHASSIS)
"""What every machine has one of, that can't be seen. Our choice: one power supply, though many have two."""
WHOLE: Final = Decimal(1)
CURE: Final = "give it as an [[asset]] (docs/hardware.md)"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not counted, or not wholly, and the cure."""

    what: str
    cure: str


@dataclass(frozen=True, slots=True)
class Item:
    """One asset, what it is made of, and where that is known from."""

    kind: AssetKind
    asset: Asset
    made_of: str
    """For a person: `2 x Intel(R) Xeon(R) Gold 6430`; empty where it can't be seen, and every machine has one."""
    where: str
    """Where it was read; `[[asset]]` where it was configured; empty where it can't be seen."""
    table: AssetTable
    """The same as it would be configured."""
    rounded: bool = False
    """How much of it there is was rounded up from what the kernel has."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """The hardware of this machine, and what of it is not counted."""

    items: tuple[Item, ...]
    missing: tuple[Finding, ...]

    @property
    def assets(self) -> tuple[Asset, ...]:
        """What the impacts are reckoned with."""
        return tuple(item.asset for item in self.items)


class InventoryError(Exception):
    """Assets that are configured can't be used. `faults` has each with its cure; the text is for a person."""

    def __init__(self, faults: Sequence[Finding]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(f"{fault.what}: {fault.cure}" for fault in self.faults))


class NoFigureError(Exception):
    """There is no figure for a thing. `finding` says which, with the cure."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(f"{what}: {cure}")
        self.finding = Finding(what, cure)


def made(table: AssetTable, catalogue: Catalogue, share: Decimal) -> Asset:
    """Return the asset that *table* says, with its factors from *catalogue*, or those that it states itself.

    *share* is the part of it that this host has. Raises NoFigureError.
    """
    gwp, adpe = _stated(table) if table.embodied is not None else _of_model(table, catalogue)
    return Asset(
        name=table.name,
        resource=table.resource or table.kind.resource,
        gwp=gwp,
        adpe=adpe,
        amount=_amount(table, gwp),
        lifetime=_lifetime(table, catalogue),
        bought=table.bought,
        share=share,
    )


def _of_model(table: AssetTable, catalogue: Catalogue) -> tuple[Factor, Factor | None]:
    """Return the figures of the table's model. Minerals and metals are known only by the same unit."""
    gwp = catalogue.find(Quantity.HARDWARE_GWP, table.model)
    if not gwp:
        raise _unknown(table, catalogue)
    per_gb = gwp[0].unit.endswith(PER_GB)
    adpe = [one for one in catalogue.find(Quantity.HARDWARE_ADPE, table.model) if one.unit.endswith(PER_GB) == per_gb]
    return gwp[0], adpe[0] if adpe else None


def _unknown(table: AssetTable, catalogue: Catalogue) -> NoFigureError:
    known = catalogue.subjects(Quantity.HARDWARE_GWP)
    close = get_close_matches(table.model, known, n=3)
    cure = f"did you mean {' or '.join(close)}?" if close else "`empreinte factors list` shows what there is"
    return NoFigureError(f"the asset {table.name}: there is no model {table.model} in {catalogue.name}", cure)


def _amount(table: AssetTable, factor: Factor) -> Decimal:
    """Return how many of the factor's unit there are: pieces, or gigabytes."""
    if not factor.unit.endswith(PER_GB):
        return Decimal(table.count)
    if table.capacity is None:
        raise NoFigureError(
            f"the asset {table.name}: the figure of {table.model} is for each GB, and its capacity is not given",
            'write capacity = "512 GB"',
        )
    return table.count * table.capacity


def _lifetime(table: AssetTable, catalogue: Catalogue) -> Factor:
    if table.lifetime is not None:
        return _own(table, Quantity.HARDWARE_LIFETIME, (table.lifetime,) * 3)
    known = catalogue.find(Quantity.HARDWARE_LIFETIME, table.kind)
    if not known:
        raise NoFigureError(
            f"the asset {table.name}: {catalogue.name} has no lifetime of a {table.kind}", 'write lifetime = "5 years"'
        )
    return known[0]


def _stated(table: AssetTable) -> tuple[Factor, Factor | None]:
    """Return the figures that the table states, each of one piece; the configuration has seen that they are whole."""
    value = _needed(table, table.embodied)
    low, high = _needed(table, table.embodied_low), _needed(table, table.embodied_high)
    gwp = _own(table, Quantity.HARDWARE_GWP, (low, value, high))
    if table.adpe is None:
        return gwp, None
    bounds = (table.adpe_low or table.adpe, table.adpe, table.adpe_high or table.adpe)
    return gwp, _own(table, Quantity.HARDWARE_ADPE, bounds)


def _needed(table: AssetTable, figure: Decimal | None) -> Decimal:
    if figure is None:
        raise NoFigureError(f"the asset {table.name} has no range", "write embodied_low and embodied_high")
    return figure


def _own(table: AssetTable, quantity: Quantity, values: tuple[Decimal, Decimal, Decimal]) -> Factor:
    """Return a figure of the organisation's own: *values* are its lower bound, itself and its upper bound."""
    source = table.source or f"stated for the asset {table.name}"
    return stated(f"{quantity}/{table.name}", quantity, table.name, values, source, year=table.year or UNDATED)
