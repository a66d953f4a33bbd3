"""What a supplier has handed in on a contract, and what happened to it: sections of the statement, and a CSV."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from monitor.core.procurement_told import FIGURES, declared_told
from monitor.report.document import Kind, Paragraph, Section, Table
from monitor.report.measures import text_column
from monitor.report.sheets import sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from monitor.core.procurement import ContractEvent, Declared
    from monitor.report.material import Material

DECLARED: Final = (
    ("contract", "The number of the contract."),
    ("declaration", "The name of the file in this folder."),
    ("sha256", "Its SHA-256 as it is; empty: it is missing."),
    ("noted_sha256", "The SHA-256 that it had when it came in; empty: nobody noted it."),
    ("received", "Day it came in."),
    ("starts", "First day it is about."),
    ("ends", "Last day it is about."),
    ("verifier", "Who has looked at it."),
    ("energy_kwh", "Energy, in kWh; empty, here and below: not in it."),
    ("pue", "PUE."),
    ("wue_l_per_kwh", "WUE, in L/kWh."),
    ("ref_ratio", "Renewable energy over all (REF), 0 to 1."),
    ("erf_ratio", "Energy that is used again over all (ERF), 0 to 1."),
    ("emissions_kgco2e", "Greenhouse gases, location-based, in kgCO2e."),
    ("emissions_market_kgco2e", "Greenhouse gases, market-based, in kgCO2e."),
    ("water_l", "Water, in litres."),
    ("output_tokens", "Tokens that were generated."),
)
"""The columns of the supplier's declarations, with what they mean."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """A file that the supplier has handed in."""

    path: str
    """Where it was read, as it is configured."""
    name: str
    """What it is called in the folder."""
    content: bytes | None
    """None: it is missing."""
    told: Declared | None = None
    """What it says, as a person read it there; None: nobody wrote that down."""

    @property
    def is_another(self) -> bool:
        """Whether it is not the file that came in: its hash was noted then, and is another one now."""
        return self.told is not None and bool(self.told.sha256) and self.digest not in {"", self.told.sha256}

    @property
    def digest(self) -> str:
        """Its SHA-256 in hexadecimal; empty where it is missing."""
        return "" if self.content is None else hashlib.sha256(self.content).hexdigest()


def declarations_csv(contract: str, declarations: Sequence[Declaration]) -> bytes:
    """Return what the supplier of *contract* has declared as CSV, a line for each file; what is not in it is empty."""
    lines = [
        {"contract": contract, "declaration": one.name, "sha256": one.digest}
        | ({} if one.told is None else declared_told(one.told))
        for one in declarations
    ]
    return sheet(DECLARED, ([line.get(name) for name, _ in DECLARED] for line in lines))


def handed_in(material: Material, declarations: Sequence[Declaration]) -> Section:
    """Return the section of what the supplier has handed in, with what the files declare."""
    words = material.words
    title = words.say("evidence.declarations")
    if not declarations:
        return Section("declarations", title, (Paragraph(words.say("evidence.no_declaration")),))
    columns = tuple(
        text_column(key, words) for key in ("declaration", "received", "declared_period", "verifier", "sha256")
    )
    rows = tuple((one.name, *_received(one.told), _digest(material, one)) for one in declarations)
    return Section(
        "declarations", title, (Table("declarations", title, columns, rows), *_declared(material, declarations))
    )


def _received(told: Declared | None) -> tuple[str, str, str]:
    """Return when a file came in, which days it is about, and who has looked at it."""
    if told is None:
        return "", "", ""
    days = " \N{EN DASH} ".join(written_day(day) for day in (told.starts, told.ends) if day is not None)
    return written_day(told.received), days, told.verifier


def _digest(material: Material, one: Declaration) -> str:
    """Return the hash of a file; beside it, where it is not the one that came in, that it is not."""
    if one.content is None:
        return material.say("evidence.missing")
    return f"{one.digest} ({material.say('evidence.is_another')})" if one.is_another else one.digest


def _declared(material: Material, declarations: Sequence[Declaration]) -> Iterator[Table]:
    """Yield the table of the figures that the files declare; nothing where none is written down."""
    words = material.words
    rows = tuple(
        (one.name, material.say(f"declared.{key}"), _written(material, getattr(one.told, key)), _UNITS.get(key, ""))
        for one in declarations
        if one.told is not None
        for key in FIGURES
        if getattr(one.told, key) is not None
    )
    columns = tuple(
        text_column(key, words) for key in ("declaration", "declared_figure", "declared_value", "unit_of_it")
    )
    if rows:
        yield Table("declared", words.say("evidence.declared"), columns, rows)


_UNITS: Final = {
    "energy": "kWh",
    "wue": "L/kWh",
    "emissions": "kgCO₂e",
    "emissions_market": "kgCO₂e",
    "water": "L",
}
"""Of what a supplier declares; the others are plain numbers."""


def _written(material: Material, value: Decimal | int) -> str:
    """Return *value* with its own digits, as the language writes it."""
    exponent = Decimal(value).as_tuple().exponent
    return material.words.number(value, max(0, -exponent) if isinstance(exponent, int) else 0)


def happened(material: Material, events: Sequence[ContractEvent]) -> Iterator[Section]:
    """Yield the section of what happened to the contract; nothing where nothing is written down."""
    rows = tuple((written_day(one.day), material.say(f"contract_event.{one.kind.value}"), one.text) for one in events)
    if rows:
        title, words = material.say("evidence.events"), material.words
        columns = (
            text_column("contract_event_day", words, Kind.DATE),
            text_column("contract_event", words),
            text_column("contract_event_text", words),
        )
        yield Section("events", title, (Table("events", title, columns, rows),))


def written_day(day: date | None) -> str:
    """Return *day* as data have it; empty where it is not told."""
    return "" if day is None else day.isoformat()
