"""Which hardware of a machine counts: what is configured, then what is detected of the kinds that are not."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from monitor.adapters.disks import DiskKind
from monitor.config.impact_tables import AssetKind, AssetTable
from monitor.core.readings import DRAM, PACKAGE, REST
from monitor.inventory.assets import (
    BUILT_IN,
    CURE,
    GB_OF_DISK,
    GB_OF_MEMORY,
    WHOLE,
    Finding,
    Inventory,
    InventoryError,
    Item,
    NoFigureError,
    made,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from monitor.adapters.hardware import Detected
    from monitor.adapters.nvml import Card
    from monitor.core.factors import Catalogue
    from monitor.inventory.models import Models

WITHOUT_GPU: Final = frozenset(kind for kind in AssetKind if kind is not AssetKind.GPU)
"""What the figure of a server contains, unless it says more."""
DISKS: Final = frozenset({AssetKind.SSD, AssetKind.HDD})
STATED: Final = "[[asset]]"


def assets_of(
    detected: Detected,
    configured: Sequence[AssetTable],
    catalogue: Catalogue,
    share: Decimal | None,
    *,
    detect: bool,
    models: Models,
) -> Inventory:
    """Return the assets of the machine, and what of it is not counted.

    *share* is the part of its hardware that this host has; None: all, and unknown on a virtual machine. Without
    *detect* only what is configured counts. Raises InventoryError, with everything that is wrong with the configured.
    """
    _require_once(configured, models)
    stated = _configured(configured, catalogue, WHOLE if share is None else share)
    if detected.virtual:
        return _of_virtual(detected, stated, share)
    found = _Found(detected, catalogue, models, WHOLE if share is None else share, _covered(configured, models))
    more = found.all(frozenset(asset.resource for asset in configured)) if detect else ()
    missing = (*found.missing, *_without_metals((*stated, *more)))
    if not detect and not configured:
        cure = f"set detect = true, or give what it is made of as {STATED} (docs/hardware.md)"
        missing = (*missing, Finding("of this machine no hardware is given, and none is to be detected", cure))
    return Inventory((*stated, *more), missing)


def _configured(tables: Sequence[AssetTable], catalogue: Catalogue, share: Decimal) -> tuple[Item, ...]:
    items, faults = [], []
    for table in tables:
        try:
            asset = made(table, catalogue, share)
        except NoFigureError as error:
            faults.append(error.finding)
        else:
            what = table.model or "its own figure"
            items.append(Item(table.kind, asset, f"{table.count} x {what}" if table.count > 1 else what, STATED, table))
    if faults:
        raise InventoryError(faults)
    return tuple(items)


def _of_virtual(detected: Detected, stated: tuple[Item, ...], share: Decimal | None) -> Inventory:
    """Return what counts on a virtual machine: nothing of what it shows is hardware of its own."""
    part = "this one's part of it as host.hardware_share"
    if not stated:
        what = f"this is a virtual machine ({detected.virtual_because}): what it shows is no hardware of its own"
        return Inventory(
            (), (Finding(what, f"give the physical machine's as {STATED}, and {part} (docs/hardware.md)"),)
        )
    if share is None:
        what = f"this is a virtual machine ({detected.virtual_because}), and its part of the hardware is not said"
        return Inventory((), (Finding(what, f"give {part}; 1 where the assets are its alone"),))
    return Inventory(stated, _without_metals(stated))


def _require_once(configured: Sequence[AssetTable], models: Models) -> None:
    """Raise InventoryError where an asset is counted within another."""
    servers = [table for table in configured if table.kind is AssetKind.SERVER]
    if not servers:
        return
    inside = _covered(servers, models)
    faults = [
        Finding(f"the asset {table.name} is counted within {servers[0].name}", "take one of them out")
        for table in configured
        if table.kind in inside - {AssetKind.SERVER}
    ]
    if faults:
        raise InventoryError(faults)


def _covered(configured: Sequence[AssetTable], models: Models) -> frozenset[AssetKind]:
    """Return the kinds of which nothing detected counts; of GPUs each counts by itself."""
    kinds = {table.kind for table in configured} - {AssetKind.GPU}
    if AssetKind.SERVER in kinds:
        kinds |= WITHOUT_GPU
    if any(models.contains_gpus(table.model) for table in configured if table.kind is AssetKind.SERVER):
        kinds.add(AssetKind.GPU)
    return frozenset(kinds)


def _without_metals(items: Sequence[Item]) -> tuple[Finding, ...]:
    names = [item.asset.name for item in items if item.asset.adpe is None]
    if not names:
        return ()
    what = f"how much minerals and metals (ADPe) the making of {', '.join(names)} took is unknown, and not counted"
    return (Finding(what, "where you have a figure, give it as an [[asset]] with embodied and adpe"),)


class _Found:
    """The assets of what was detected, of kinds that are not covered."""

    def __init__(
        self, detected: Detected, catalogue: Catalogue, models: Models, share: Decimal, covered: frozenset[AssetKind]
    ) -> None:
        self._detected = detected
        self._catalogue = catalogue
        self._models = models
        self._share = share
        self._covered = covered
        self.missing: list[Finding] = []

    def all(self, resources: frozenset[str]) -> tuple[Item, ...]:
        """Return the assets; of the GPUs those whose resource is not among *resources*. Fills `missing`."""
        items: list[Item] = []
        for kinds, find in self._steps(resources):
            if not kinds <= self._covered:
                items += find()
        return tuple(items)

    def _steps(self, resources: frozenset[str]) -> Sequence[tuple[frozenset[AssetKind], Callable[[], Iterator[Item]]]]:
        return (
            (frozenset({AssetKind.CPU}), self._processors),
            (frozenset({AssetKind.MEMORY}), self._memory),
            (DISKS, self._disks),
            (frozenset({AssetKind.GPU}), lambda: self._cards(resources)),
            (frozenset(BUILT_IN), self._built_in),
        )

    def _processors(self) -> Iterator[Item]:
        seen = self._detected.processors
        if seen is None:
            self._miss("the processors can't be read", CURE)
            return
        model = self._models.model_of(AssetKind.CPU, seen.model) or AssetKind.CPU
        table = AssetTable(name="cpu", kind=AssetKind.CPU, model=model, count=seen.number, resource=PACKAGE)
        yield from self._item(table, f"{seen.number} x {seen.model or 'unknown model'}", seen.where)

    def _memory(self) -> Iterator[Item]:
        seen = self._detected.memory
        if seen is None:
            self._miss("how much memory is installed can't be read", CURE)
            return
        size = Decimal(seen.memory.bytes) / GB_OF_MEMORY
        table = AssetTable(name="memory", kind=AssetKind.MEMORY, model=AssetKind.MEMORY, capacity=size, resource=DRAM)
        yield from self._item(table, f"{size.normalize():f} GB", seen.where, rounded=seen.rounded)

    def _disks(self) -> Iterator[Item]:
        if not self._detected.disks:
            self._miss_disk("no disk of this machine is seen")
        for disk in self._detected.disks:
            if disk.kind is DiskKind.RAID:
                self._miss_disk(f"{disk.name} ({disk.model}) is a volume of a RAID controller, which hides its disks")
            elif disk.kind is DiskKind.UNKNOWN:
                self._miss_disk(f"whether {disk.name} ({disk.model}) is an SSD or a hard disk can't be read")
            elif AssetKind(disk.kind) not in self._covered:
                size = (Decimal(disk.size) / GB_OF_DISK).quantize(WHOLE)
                kind = AssetKind(disk.kind)
                table = AssetTable(name=f"{kind} {disk.name}", kind=kind, model=kind, capacity=size, resource=REST)
                yield from self._item(table, f"{disk.model or disk.name}, {size} GB", disk.where)

    def _miss_disk(self, what: str) -> None:
        """Tell of a disk that is not counted; where some are configured, it is taken for one of them."""
        if not self._covered & DISKS:
            self._miss(what, CURE)

    def _cards(self, resources: frozenset[str]) -> Iterator[Item]:
        named = frozenset(card.resource for card in self._detected.cards)
        for card in self._detected.cards:
            if card.resource not in resources:
                yield from self._card(card)
        # a card that is configured and that no driver names is one of them
        given = sum(one.startswith("gpu") for one in resources - named)
        for other in self._detected.unnamed[given:]:
            self._miss(
                f"no driver names the {other.vendor} card at {other.address}",
                "load its driver, or give it as an [[asset]] (docs/hardware.md)",
            )

    def _card(self, card: Card) -> Iterator[Item]:
        model = self._models.model_of(AssetKind.GPU, card.model)
        if not model:
            self._miss(f"there is no figure for the making of {card.resource}, {card.model}", CURE)
            return
        table = AssetTable(name=card.resource, kind=AssetKind.GPU, model=model, resource=card.resource)
        yield from self._item(table, card.model, card.where)

    def _built_in(self) -> Iterator[Item]:
        for kind in BUILT_IN:
            if kind not in self._covered and self._detected.processors is not None:
                table = AssetTable(name=kind, kind=kind, model=kind, resource=REST)
                yield from self._item(table, "", "")

    def _item(self, table: AssetTable, made_of: str, where: str, *, rounded: bool = False) -> Iterator[Item]:
        """Yield the asset, where the factors have a figure for it."""
        try:
            yield Item(table.kind, made(table, self._catalogue, self._share), made_of, where, table, rounded)
        except NoFigureError as error:
            self.missing.append(error.finding)

    def _miss(self, what: str, cure: str) -> None:
        self.missing.append(Finding(what, cure))
