"""From a computer in GLPI's inventory to the assets of a machine, as they are configured."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from monitor.config.amounts import EARLIEST_YEAR, LATEST_YEAR
from monitor.config.impact_tables import AssetKind, AssetTable
from monitor.core.readings import gpu
from monitor.inventory.assets import BUILT_IN, GB_OF_DISK, GB_OF_MEMORY, WHOLE
from monitor.inventory.csv_list import ListError, read_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from monitor.inventory.csv_list import Row
    from monitor.inventory.models import Models

_SIZE: Final = re.compile(r"(\d+(?:[ \u00a0\u202f]\d{3})*(?:[.,]\d+)?)\s*([kmgtp]?(?:i?[ob])?)", re.IGNORECASE)
_SCALES: Final = {"k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_VIRTUAL: Final = re.compile(r"\b(vm|virtual|virtuel(le)?|vmware|virtualbox|qemu|kvm|proxmox|hyper-v)\b", re.IGNORECASE)
_MAKER: Final = re.compile(r"(NVIDIA Corporation|Advanced Micro Devices, Inc\.( \[AMD(/ATI)?\])?) ", re.IGNORECASE)
"""What stands before a card's name in the PCI ID Repository's manner."""
_PICTURES: Final = re.compile(
    r".*(matrox|aspeed|\bast ?\d{4}|mga[ -]?g200|cirrus|basic display|intel.*(hd|uhd|iris).*graphics).*", re.IGNORECASE
)
"""Chips that show pictures and are a part of the mainboard or the processor."""
_DATE: Final = re.compile(r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?:[ T]\d.*)?")
_SSD: Final = re.compile(r".*(ssd|nvme|solid|flash).*", re.IGNORECASE)
_HDD: Final = re.compile(r".*(hdd|rpm|tours|rotat|hard).*", re.IGNORECASE)
_DATES: Final = ("bought", "delivered", "started")
"""Best first."""
_MONTHS: Final = 12
_YEARS: Final = range(EARLIEST_YEAR, LATEST_YEAR + 1)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something of the list that could not be used, or is to be looked at. `line` is where it stands."""

    line: int
    what: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """The assets of one machine, and what is to be said of the list."""

    tables: tuple[AssetTable, ...]
    remarks: tuple[Remark, ...]
    others: int
    """Computers in the list that are other machines."""


def import_list(content: bytes, host: str, models: Models) -> Imported:
    """Return the assets of the machine *host* from the list that the file *content* holds.

    Its name is compared without capitals and domain. Raises ListError: it is no such list, or has no such computer.
    """
    listed = read_list(content)
    named = [(row, row.one("name")) for row in listed.rows]
    own = [row for row, name in named if _short(name) == _short(host)]
    remarks = [Remark(line, f"{what}; the row is left out") for line, what in listed.unreadable]
    if not own:
        raise _nobody(host, [name for _, name in named if name])
    if len(own) > 1:
        lines = ", ".join(str(row.line) for row in own)
        what = f"{host} stands in the list {len(own)} times (lines {lines})"
        raise ListError(what, "leave one in it, in GLPI's list or in the file")
    machine = _Machine(host, own[0], models, month_first=_month_first(listed.rows))
    tables = machine.tables()
    return Imported(tables, (*remarks, *machine.remarks), len(listed.rows) - 1)


def _short(name: str) -> str:
    return name.strip().partition(".")[0].casefold()


def _nobody(host: str, names: list[str]) -> ListError:
    close = get_close_matches(host, names, n=3) or names[:3]
    cure = f"name it with --host, for example --host {close[0]}" if close else "the list has no names"
    return ListError(f"there is no computer {host} among the {len(names)} of the list", cure)


def _month_first(rows: Iterable[Row]) -> bool | None:
    """Return whether the list's dates have the month before the day; None where none of them tells.

    GLPI writes dates as each user has chosen; the day comes first unless a date says otherwise.
    """
    said = [match for row in rows for name in _DATES if (match := _DATE.fullmatch(row.one(name)))]
    firsts = [(int(match[1]), int(match[2])) for match in said if len(match[1]) <= 2]  # noqa: PLR2004 - no year
    if any(first > _MONTHS for first, _ in firsts):
        return False
    return True if any(second > _MONTHS for _, second in firsts) else None


@dataclass(slots=True)
class _Machine:
    """One row, and what it gives."""

    host: str
    row: Row
    models: Models
    month_first: bool | None
    remarks: list[Remark] = field(default_factory=list)

    def tables(self) -> tuple[AssetTable, ...]:
        """Return the assets of the row; none where it can't be used. Fills `remarks`."""
        if _VIRTUAL.search(" ".join((self.row.one("type"), self.row.one("maker"), self.row.one("model")))):
            self._remark("it is a virtual machine, which has no hardware of its own", "import its physical host's row")
            return ()
        bought = self._bought()
        parts = [*self._processors(), *self._memory()] or self._whole()
        if not parts:
            self._remark(
                "it has neither processors nor memory, nor a model that the factors have",
                "add the columns `Composants - Processeur` and `Composants - Mémoire` to GLPI's list",
            )
            return ()
        if parts[0].kind is not AssetKind.SERVER:
            parts += [*self._disks(), *self._built_in()]
        return tuple(replace(one, name=f"{self.host}: {one.name}", bought=bought) for one in (*parts, *self._cards()))

    def _remark(self, what: str, cure: str = "") -> None:
        self.remarks.append(Remark(self.row.line, what, cure))

    def _bought(self) -> date | None:
        for name in _DATES:
            written = self.row.one(name)
            found = self._date(written) if written else None
            if found is not None:
                if name != _DATES[0]:
                    self._remark(f"it has no date of purchase: {found}, when it was {name}, stands in for it")
                return found
        cure = "add the column `Date d'achat` to GLPI's list, or bought = ... to the assets"
        self._remark("when it was bought is not known: its making is spread for as long as it is there", cure)
        return None

    def _date(self, written: str) -> date | None:
        match = _DATE.fullmatch(written)
        numbers = [int(one) for one in match.groups()] if match else []
        if match and len(match[1]) <= 2:  # noqa: PLR2004 - it is no year
            first, second, year = numbers
            numbers = [year, first, second] if self.month_first else [year, second, first]
            if self.month_first is None and first != second:
                self._remark(f"{written} is taken for day, month, year: no date of the list tells")
        try:
            found = date(*numbers)
        except (TypeError, ValueError):
            found = None
        if found is None or found.year not in _YEARS:
            self._remark(f"{written} is no date", "write it as 2024-03-01")
            return None
        return found

    def _processors(self) -> list[AssetTable]:
        names = Counter(self.row.parts("processors"))
        number = self._number("processor_number")
        if not names:
            return []
        if number is None and names.total() == 1:
            self._remark(
                "it is counted with one processor: GLPI lists equal ones once",
                "add the column `Composants - Nombre de processeurs` to its list",
            )
        if number is not None and len(names) == 1:
            names = Counter(dict.fromkeys(names, number))
        elif number is not None and number != names.total():
            self._remark(f"it has {number} processors, and the list names {names.total()}", "look at their count")
        return [self._cpu(name, count, place) for place, (name, count) in enumerate(names.items())]

    def _cpu(self, name: str, count: int, place: int) -> AssetTable:
        model = self.models.model_of(AssetKind.CPU, name) or AssetKind.CPU
        number = f" {place + 1}" if place else ""
        return AssetTable(name=f"cpu{number}", kind=AssetKind.CPU, model=model, count=count)

    def _number(self, column: str) -> int | None:
        written = self.row.one(column)
        return int(written) if written.isdecimal() and int(written) else None

    def _memory(self) -> list[AssetTable]:
        sizes = [_bytes(part) for part in self.row.parts("memory")]
        if not sizes:
            return []
        known = [size for size in sizes if size]
        if len(known) < len(sizes):
            self._remark(f"{self.row.one('memory')} does not say how much memory it has", 'write capacity = "512 GB"')
            return []
        capacity = (sum(known, Decimal(0)) / GB_OF_MEMORY).quantize(Decimal("0.001")).normalize()
        return [AssetTable(name="memory", kind=AssetKind.MEMORY, model=AssetKind.MEMORY, capacity=capacity)]

    def _whole(self) -> list[AssetTable]:
        name = self.row.one("model")
        model = self.models.model_of(AssetKind.SERVER, name)
        model = model or self.models.model_of(AssetKind.SERVER, f"{self.row.one('maker')} {name}")
        return [AssetTable(name="server", kind=AssetKind.SERVER, model=model)] if model else []

    def _disks(self) -> list[AssetTable]:
        names, types = self.row.parts("disks"), self.row.parts("disk_type")
        if not names and not types and not self.row.parts("disk_capacity"):
            return []
        kinds = {_disk_kind(one) for one in types or names}
        cure = "give its disks as [[asset]] of kind ssd or hdd"
        if kinds == {AssetKind.HDD}:
            self._remark(
                f"it is counted with {len(names) or 1} hard disks: GLPI lists equal ones once", "look at count"
            )
            return [AssetTable(name="hdd", kind=AssetKind.HDD, model=AssetKind.HDD, count=len(names) or 1)]
        sizes = [_bytes(part) for part in self.row.parts("disk_capacity")]
        if kinds != {AssetKind.SSD}:
            self._remark("which of its disks are SSDs is not known: they are left out", cure)
        elif not sizes or None in sizes:
            self._remark("how large its SSDs are is not known: they are left out", cure)
        else:
            capacity = (sum((size for size in sizes if size), Decimal(0)) / GB_OF_DISK).quantize(WHOLE)
            return [AssetTable(name="ssd", kind=AssetKind.SSD, model=AssetKind.SSD, capacity=capacity)]
        return []

    def _built_in(self) -> Iterator[AssetTable]:
        for kind in BUILT_IN:
            yield AssetTable(name=kind, kind=kind, model=kind)

    def _cards(self) -> list[AssetTable]:
        cards: list[AssetTable] = []
        for said in self.row.parts("cards"):
            name = _MAKER.sub("", said, count=1)
            model = self.models.model_of(AssetKind.GPU, name)
            if model:
                resource = gpu(len(cards))
                cards.append(AssetTable(name=resource, kind=AssetKind.GPU, model=model, resource=resource))
            elif not _PICTURES.fullmatch(name):
                self._remark(f"there is no figure for the card {said}: it is left out", "give it as an [[asset]]")
        if cards:
            self._remark(
                f"it is counted with {len(cards)} cards: GLPI lists equal ones once, and does not number them",
                "write an [[asset]] for each, with the number that `nvidia-smi -L` shows",
            )
        return cards


def _bytes(written: str) -> Decimal | None:
    """Return the bytes that *written* says; a number alone is in GLPI's own unit, MiB; None where it says none."""
    match = _SIZE.fullmatch(written.strip())
    if match is None:
        return None
    number = Decimal(re.sub(r"[ \u00a0\u202f]", "", match[1]).replace(",", "."))
    unit = match[2].casefold()
    scale = _SCALES.get(unit[:1], 2 if not unit else 0)
    # GLPI reckons in powers of two, whatever it writes
    return number * Decimal(1024) ** scale if number else None


def _disk_kind(said: str) -> AssetKind | None:
    if _SSD.fullmatch(said):
        return AssetKind.SSD
    return AssetKind.HDD if _HDD.fullmatch(said) else None
