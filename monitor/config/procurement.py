"""How a contract was awarded, what its supplier declared and what happened to it, as the file says them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, TypeVar

from monitor.config import amounts, values
from monitor.config.amounts import Exact
from monitor.config.quantities import WrongValueError
from monitor.config.tables import Faults, Key
from monitor.core.procurement import (
    Ccag,
    ContractEvent,
    Declared,
    EventKind,
    Green,
    GreenCriteria,
    Procedure,
    Procurement,
    Strategic,
)

Choice = TypeVar("Choice", Strategic, Green, GreenCriteria)
Item = TypeVar("Item")

_ONE: Final = Decimal(1)
_LONGEST: Final = 1200
"""Of months, a century."""
_MOST_TOKENS: Final = 10**18
_VAT: Final = re.compile(r"[A-Z]{2}[0-9A-Z+*]{2,12}")
"""Source: directive 2006/112/EC, article 215: the country in two letters, then its number."""
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_energy: Final = Exact(
    noun="an energy that was declared",
    units={"kWh": _ONE, "MWh": Decimal(1000)},
    example='"4812 kWh"',
    highest=Decimal(1_000_000_000),
    mistaken={**dict.fromkeys(("kw", "kw/h"), ("kWh", _ONE)), "gwh": ("MWh", Decimal(1000))},
)
_emissions: Final = Exact(
    noun="an amount of greenhouse gases",
    units={"kgCO2e": _ONE, "tCO2e": Decimal(1000)},
    example='"273 kgCO2e"',
    highest=Decimal(1_000_000_000),
    mistaken={
        **dict.fromkeys(("kg", "kgco2", "kgco2eq", "kgco₂e", "kgeqco2", "kgéqco2"), ("kgCO2e", _ONE)),
        **dict.fromkeys(("t", "tco2", "tco2eq", "teqco2", "téqco2"), ("tCO2e", _ONE)),
    },
)
_water: Final = Exact(
    noun="an amount of water",
    units={"L": _ONE, "m3": Decimal(1000)},
    example='"1400 L"',
    highest=Decimal(1_000_000_000_000),
    mistaken={**dict.fromkeys(("litre", "litres", "liter", "liters"), ("L", _ONE)), "m³": ("m3", _ONE)},
)
_share: Final = values.ratio(Decimal(0), _ONE)


def whole_months(value: object) -> int:
    """Return for how many months."""
    return _whole(value, _LONGEST)


def days(value: object) -> int:
    """Return how many days."""
    return _whole(value, _LONGEST)


def tokens(value: object) -> int:
    """Return how many tokens."""
    return _whole(value, _MOST_TOKENS)


def choices(kind: type[Choice]) -> Callable[[object], tuple[Choice, ...]]:
    """Return a reader of a list of values of *kind*, each once."""
    one = values.choice(kind)
    return lambda value: _each(value, one)


def names(value: object) -> tuple[str, ...]:
    """Return a list of texts, each once."""
    return _each(value, values.text)


def _each(value: object, read: Callable[[object], Item]) -> tuple[Item, ...]:
    if not isinstance(value, list) or not value:
        raise WrongValueError("it is a list of texts", f'["{value}"]' if isinstance(value, str) else "")
    return tuple(dict.fromkeys(read(one) for one in value))


def vat(value: object) -> str:
    """Return a VAT number: the country in two letters, then its number, without spaces."""
    number = values.text(value)
    if _VAT.fullmatch(number) is None:
        meant = re.sub(r"[\s.-]+", "", number.upper())
        message = f"{number!r} is no VAT number: it is a country in two letters and a number"
        raise WrongValueError(message, f'"{meant}"' if _VAT.fullmatch(meant) else '"BE0123456789", for example')
    return number


def digest(value: object) -> str:
    """Return a SHA-256: 64 hexadecimal digits."""
    digits = values.text(value).lower()
    if _HASH.fullmatch(digits) is None:
        message = f"{digits!r} is no SHA-256, which has 64 hexadecimal digits"
        raise WrongValueError(message, "what `sha256sum FILE` says")
    return digits


def _whole(value: object, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        digits = str(value).strip()
        raise WrongValueError("it is a whole number, without quotes", digits if digits.isdecimal() else "")
    if not 1 <= value <= most:
        message = f"{value} is not between 1 and {most}"
        raise WrongValueError(message)
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcurementTable:
    """How it was awarded, and what open data call it: `[contract.procurement]`, below its `[[contract]]`."""

    buyer_siret: Annotated[
        str, Key("SIRET number of the buyer.", values.siret, '"21350238800019"', unset="the organisation's")
    ] = ""
    supplier_vat: Annotated[
        str, Key("VAT number of a supplier without a SIRET number.", vat, '"BE0123456789"', unset="none")
    ] = ""
    framework: Annotated[
        str, Key("Number of the framework agreement that it comes under.", values.text, '"2024-AC-7"', unset="none")
    ] = ""
    ccag: Annotated[
        Ccag | None,
        Key(
            "General terms that it refers to, as DECP writes them.",
            values.choice(Ccag),
            '"Techniques de l\'information et de la communication"',
            unset="not told",
        ),
    ] = None
    procedure: Annotated[
        Procedure | None,
        Key(
            "How it was awarded, as DECP writes it.",
            values.choice(Procedure),
            '"Appel d\'offres ouvert"',
            unset="not told",
        ),
    ] = None
    notified: Annotated[date | None, Key("Day of its notification.", amounts.day, "2025-12-01", unset="not told")] = (
        None
    )
    months: Annotated[
        int | None, Key("How many months it was awarded for, with all options.", whole_months, "36", unset="not told")
    ] = None
    award_criterion: Annotated[
        str,
        Key("Environmental criterion of the award.", values.text, '"Wh pour 1 000 jetons, jeu d\'essai"', unset="none"),
    ] = ""
    award_weight: Annotated[Decimal | None, Key("Its weight.", values.share, "0.15", unset="not told")] = None
    award_method: Annotated[
        str, Key("How it was scored.", values.text, '"15 x offre la plus basse / offre"', unset="not told")
    ] = ""
    strategic: Annotated[
        tuple[Strategic, ...], Key("eForms BT-06.", choices(Strategic), '["env-imp"]', unset="not told")
    ] = ()
    green: Annotated[tuple[Green, ...], Key("eForms BT-774.", choices(Green), '["clim-mitig"]', unset="not told")] = ()
    green_criteria: Annotated[
        tuple[GreenCriteria, ...], Key("eForms BT-805.", choices(GreenCriteria), '["national"]', unset="not told")
    ] = ()
    strategic_text: Annotated[
        str, Key("eForms BT-777.", values.text, '"Sobriété énergétique de l\'IA"', unset="not told")
    ] = ""
    spaser: Annotated[bool | None, Key("Whether the SPASER counts it.", values.flag, "true", unset="not told")] = None
    regions: Annotated[
        tuple[str, ...], Key("Where it is carried out: grid zones or sites.", names, '["FR"]', unset="not told")
    ] = ()
    label: Annotated[str, Key("Identifier of the data centre's label.", values.text, '"EU-DC-0042"', unset="none")] = ""
    label_pue: Annotated[str, Key("Its class of PUE.", values.text, '"B"', unset="not told")] = ""
    label_wue: Annotated[str, Key("Its class of WUE.", values.text, '"A"', unset="not told")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarationTable:
    """A file that the supplier has handed in, with what it says: `[[contract.declaration]]`, below its contract."""

    file: Annotated[
        Path, Key("Where it is: it is copied into the evidence.", values.absolute_path, '"/srv/042/2026-03.pdf"')
    ]
    received: Annotated[date | None, Key("Day it came in.", amounts.day, "2026-04-12", unset="not told")] = None
    starts: Annotated[date | None, Key("First day it is about.", amounts.day, "2026-03-01", unset="not told")] = None
    ends: Annotated[date | None, Key("Last day it is about.", amounts.day, "2026-03-31", unset="not told")] = None
    sha256: Annotated[
        str,
        Key(
            "SHA-256 that it had when it came in: another file is told.",
            digest,
            f'"{"0" * 64}"',
            unset="that of the file as it is is told",
        ),
    ] = ""
    verifier: Annotated[str, Key("Who has looked at it.", values.text, '"A. Martin"', unset="nobody")] = ""
    energy: Annotated[Decimal | None, Key("Energy that it declares.", _energy, '"4812 kWh"', unset="not in it")] = None
    pue: Annotated[Decimal | None, Key("PUE.", values.ratio(_ONE, Decimal(10)), "1.3", unset="not in it")] = None
    wue: Annotated[Decimal | None, Key("WUE.", amounts.water, '"0.4 L/kWh"', unset="not in it")] = None
    ref: Annotated[Decimal | None, Key("Share of renewable energy (REF).", _share, "0.8", unset="not in it")] = None
    erf: Annotated[Decimal | None, Key("Share of energy used again (ERF).", _share, "0.1", unset="not in it")] = None
    emissions: Annotated[
        Decimal | None, Key("Greenhouse gases, location-based.", _emissions, '"273 kgCO2e"', unset="not in it")
    ] = None
    emissions_market: Annotated[
        Decimal | None, Key("Greenhouse gases, market-based.", _emissions, '"12 kgCO2e"', unset="not in it")
    ] = None
    water: Annotated[Decimal | None, Key("Water.", _water, '"1400 L"', unset="not in it")] = None
    output_tokens: Annotated[int | None, Key("Tokens that were generated.", tokens, "120000000", unset="not in it")] = (
        None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractEventTable:
    """Something that happened to a contract: `[[contract.event]]`, below its `[[contract]]`."""

    day: Annotated[date, Key("When.", amounts.day, "2026-06-30")]
    kind: Annotated[
        EventKind,
        Key(
            "What: `amendment`, `notice` (formal notice), `request` (for information), `penalty` (applied) or `other`.",
            values.choice(EventKind),
            '"amendment"',
        ),
    ]
    text: Annotated[str, Key("In words.", values.text, '"Avenant n°1 : seuil porté à 2,5 Wh"')]


def procurement_of(table: ProcurementTable | None) -> Procurement:
    """Return what *table* says, as the rest of the program has it; None: nothing."""
    if table is None:
        return Procurement()
    return Procurement(**{name: getattr(table, name) for name in ProcurementTable.__slots__})


def declared_of(table: DeclarationTable) -> Declared:
    """Return what *table* says, likewise."""
    told = {name: getattr(table, name) for name in DeclarationTable.__slots__}
    return Declared(**told | {"file": str(table.file)})


def event_of(table: ContractEventTable) -> ContractEvent:
    """Return what *table* says, likewise."""
    return ContractEvent(day=table.day, kind=table.kind, text=table.text)


def check_days(path: str, table: DeclarationTable, faults: Faults) -> None:
    """Note a declaration that ends before it begins."""
    if table.starts and table.ends and table.ends < table.starts:
        faults.note(f"{path}.ends", f"{table.ends} is before its first day, {table.starts}")
