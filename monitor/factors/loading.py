"""From TOML files to a catalogue of factors: exact decimals, and every fault told at once."""

from __future__ import annotations

import hashlib
import tomllib
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from monitor.config.tables import Fault, Faults, note_unknown, read_table
from monitor.core.factors import OF_A_ZONE, UNITS, Basis, Catalogue, Factor, Quantity
from monitor.core.zones import canonical, is_known
from monitor.factors.row import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

SETS: Final = Path(__file__).parent
NEWEST: Final = "2026-11"
"""The set that is used where none is named."""
LARGEST: Final = 4 << 20
"""Bytes. A file beyond that is not a file of factors but something else that was named by mistake."""
ORDER: Final = "order.toml"
"""The file of a set that says which provider is preferred; the others hold factors."""
RANGES: Final = {
    Quantity.ELECTRICITY: (Decimal(0), Decimal(3000)),
    Quantity.WATER: (Decimal(0), Decimal(1000)),
    Quantity.PRIMARY_ENERGY: (Decimal(0), Decimal(10)),
    Quantity.ABIOTIC_RESOURCES: (Decimal(0), Decimal(1)),
    Quantity.PUE: (Decimal(1), Decimal(5)),
    Quantity.WUE: (Decimal(0), Decimal(50)),
    Quantity.HARDWARE_GWP: (Decimal(0), Decimal(1_000_000)),
    Quantity.HARDWARE_ADPE: (Decimal(0), Decimal(1000)),
    Quantity.HARDWARE_LIFETIME: (Decimal("0.01"), Decimal(50)),
    Quantity.EQUIVALENCE: (Decimal(0), Decimal(1_000_000_000)),
    Quantity.ELECTRICITY_PRICE: (Decimal(0), Decimal(10)),
}
"""What a factor can be, in its unit: outside, somebody mistook that. Our choice, far beyond all that is known; the same
as in the configuration where both have it (monitor.config.amounts)."""
_EXAMPLES: Final = {"cycle": '"life_cycle"', "boundary": '"consumption"', "accounting": '"location"'}
_TAG: Final = 6
"""How many digits of a content's SHA-256 tell one content from another in the name of a set."""


class FactorsError(Exception):
    """Factors can't be used. `faults` is everything that is wrong with them; the text is for a person."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


def names() -> tuple[str, ...]:
    """Return the names of the sets that are shipped, the oldest first."""
    return tuple(sorted(folder.parent.name for folder in SETS.glob(f"*/{ORDER}")))


def shipped() -> Catalogue:
    """Return the newest set."""
    return load("")


def load(name: str, files: Sequence[Path] = ()) -> Catalogue:
    """Return the set *name* with the factors of the organisation's own *files*, which come before the others.

    An empty *name* is the newest's. The catalogue's name tells the set and, with files, their content:
    `2026-11+3f9a1c`. Raises FactorsError with every fault: no such set, a file that can't be read, what is wrong in it.
    """
    name = name or NEWEST
    if name not in names():
        raise FactorsError([Fault("", f"there is no set {name} (there are: {', '.join(names())})")])
    faults = Faults()
    standard = _factors_of(sorted(path for path in (SETS / name).glob("*.toml") if path.name != ORDER), faults)
    own = _factors_of(files, faults)
    if faults.found:
        raise FactorsError(faults.found)
    order, orders = _order_of(SETS / name / ORDER)
    return Catalogue(_name(name, files), standard, order, orders=orders, own=own)


def _name(name: str, files: Sequence[Path]) -> str:
    if not files:
        return name
    content = hashlib.sha256(b"\0".join(sorted(file.read_bytes() for file in files)))
    return f"{name}+{content.hexdigest()[:_TAG]}"


def _order_of(file: Path) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Return the order of providers, and those of zones that have an order of their own."""
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return tuple(tables["order"]), {zone: tuple(order) for zone, order in tables["zones"].items()}


def _factors_of(files: Sequence[Path], faults: Faults) -> tuple[Factor, ...]:
    """Return the factors of *files*, of which each has a key of its own and no two say the same thing twice."""
    read = [(file.name, factor) for file in files for factor in _read(file, faults)]
    _note_doubles(read, faults)
    factors = tuple(factor for _, factor in read)
    _note_overlaps(factors, faults)
    return factors


def _read(file: Path, faults: Faults) -> tuple[Factor, ...]:
    """Return the factors of *file* that can be used."""
    try:
        with file.open("rb") as stream:
            # a byte more shows that it is too large; a device has no size to look at
            content = stream.read(LARGEST + 1)
        if len(content) > LARGEST:
            faults.note(str(file), "it is larger than a file of factors can be: name the right file")
            return ()
        tables = tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n"), parse_float=Decimal)
    except FileNotFoundError:
        faults.note(str(file), "it does not exist: name another")
    except OSError as error:
        faults.note(str(file), f"it can't be read ({error.strerror}): let the user that runs empreinte read it")
    except RecursionError:
        faults.note(str(file), "its tables are nested too deep: name the right file")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        faults.note(str(file), f"it is no TOML in UTF-8 ({error}): correct it there")
    else:
        return _rows(file.name, tables, faults)
    return ()


def _rows(name: str, tables: Mapping[str, Any], faults: Faults) -> tuple[Factor, ...]:
    note_unknown(tables, ("factor",), name, faults, {})
    rows = tables.get("factor", [])
    if not isinstance(rows, list) or not rows:
        faults.note(name, "it has no factor", "[[factor]] and its keys below it")
        return ()
    made = (_factor(name, number, row, faults) for number, row in enumerate(rows, start=1))
    return tuple(factor for factor in made if factor is not None)


def _factor(name: str, number: int, table: object, faults: Faults) -> Factor | None:
    key = table.get("key") if isinstance(table, dict) else None
    where = f"{name}: {key}" if isinstance(key, str) and key else f"{name}: factor {number}"
    row = read_table(Row, table, where, faults, {})
    if row is None:
        return None
    before = len(faults.found)
    _note_contradictions(row, where, faults)
    return _made(row) if len(faults.found) == before else None


def _note_contradictions(row: Row, where: str, faults: Faults) -> None:
    """Note what can't be true together."""
    if row.unit not in UNITS[row.quantity]:
        allowed = " or ".join(f'"{unit}"' for unit in UNITS[row.quantity])
        faults.note(f"{where}.unit", f"{row.quantity} is not given in {row.unit}", allowed)
    if not row.low <= row.value <= row.high:
        faults.note(f"{where}.value", f"it is not between low and high: {row.low}, {row.value}, {row.high}")
    least, most = RANGES[row.quantity]
    if row.low < least or row.high > most:
        what = f"{row.quantity} is not below {least} or above {most} {row.unit}: look at the unit"
        faults.note(f"{where}.{'low' if row.low < least else 'high'}", what)
    if row.valid_to is not None and row.valid_to < row.valid_from:
        faults.note(f"{where}.valid_to", f"it is before valid_from, {row.valid_from}")
    if row.quantity in OF_A_ZONE:
        _note_zone(row.subject, where, faults)
    _note_basis(row, where, faults)


def _note_zone(zone: str, where: str, faults: Faults) -> None:
    """Note a zone that there is not, or that has another code."""
    if not is_known(zone):
        faults.note(f"{where}.subject", f"{zone} is no zone", '"FR", "FR-COR", "RE" or "WORLD", for example')
    elif canonical(zone) != zone:
        faults.note(f"{where}.subject", "this zone has another code", f'"{canonical(zone)}"')


def _note_basis(row: Row, where: str, faults: Faults) -> None:
    """Note a basis that is missing, or has no meaning."""
    for name, word in (("cycle", row.cycle), ("boundary", row.boundary), ("accounting", row.accounting)):
        if row.quantity is Quantity.ELECTRICITY and word is None:
            faults.note(f"{where}.{name}", "an electricity factor needs it", f"{name} = {_EXAMPLES[name]}")
        elif row.quantity is not Quantity.ELECTRICITY and word is not None:
            faults.note(f"{where}.{name}", "only an electricity factor has it: take it out")


def _made(row: Row) -> Factor:
    return Factor(
        key=row.key,
        quantity=row.quantity,
        subject=row.subject,
        provider=row.provider,
        value=row.value,
        low=row.low,
        high=row.high,
        unit=row.unit,
        year=row.year,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        basis=Basis(row.cycle, row.boundary, row.accounting),
        source=row.source,
        address=row.address,
        licence=row.licence,
        retrieved=row.retrieved,
        note=row.note,
    )


def _note_doubles(read: Iterable[tuple[str, Factor]], faults: Faults) -> None:
    seen: dict[str, str] = {}
    for name, factor in read:
        if factor.key in seen:
            faults.note(f"{name}: {factor.key}", f"its key is taken, in {seen[factor.key]}: give it one of its own")
        seen.setdefault(factor.key, name)


def _note_overlaps(factors: Iterable[Factor], faults: Faults) -> None:
    """Note where a provider says two things of the same for one day. One without end ends where the next begins."""
    series: dict[tuple[object, ...], list[Factor]] = {}
    for factor in factors:
        series.setdefault((factor.provider, factor.subject, factor.quantity, factor.basis, factor.unit), []).append(
            factor
        )
    for group in series.values():
        for earlier, later in pairwise(sorted(group, key=lambda one: one.valid_from)):
            if _overlap(earlier, later):
                faults.note(later.key, f"it holds on days on which {earlier.key} does: let one end before the other")


def _overlap(earlier: Factor, later: Factor) -> bool:
    end: date = earlier.valid_to or earlier.valid_from
    return later.valid_from <= end
