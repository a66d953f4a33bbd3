"""The register of AI services as a document and as files: what people say of each, and what measures say."""

from __future__ import annotations

import dataclasses
import json
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from monitor.core.calendar import utc
from monitor.core.register import missing
from monitor.report.document import Column, Document, Kind, Listing, Notice, Paragraph, Section, Table, Terms
from monitor.report.measures import KILOGRAMS, KILOWATT_HOURS, LITERS, Measure
from monitor.report.rounding import alone
from monitor.report.sections.services import WATER, central, measured
from monitor.report.sheets import lines_csv

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from decimal import Decimal

    from monitor.core.register import Entry
    from monitor.report.document import Block, Cell
    from monitor.report.material import Material
    from monitor.report.model import Use
    from monitor.wording import Words

VERSION: Final = "1.0.0"
"""Of the schema: raised when a column changes its meaning or goes."""
FIELDS: Final = (
    "key",
    "name",
    "status",
    "purpose",
    "context",
    "department",
    "contact",
    "since",
    "until",
    "models",
    "supplier",
    "contract",
    "users",
    "public",
    "decisions_per_year",
    "individual_decisions",
    "automation",
    "human_role",
    "legal_basis",
    "data",
    "data_source",
    "personal_data",
    "data_protection",
    "operations",
    "risk",
    "notice",
    "alternative",
    "code",
    "links",
    "updated",
)
"""What people say, in the order in which it is told."""
FIGURES: Final = ("year", "energy_kwh", "emissions_kgco2e", "water_l", "measured_percent")
"""What measures say, in the same unit in every file."""
DECIMALS: Final = 3
ETALAB: Final = (
    ("administration", ""),
    ("direction", "department"),
    ("contact", "contact"),
    ("date_mise_a_jour", "updated"),
    ("nom", "name"),
    ("contexte", "context"),
    ("finalite", "purpose"),
    ("place_dans_la_decision", "human_role"),
    ("niveau_automatisation", "automation"),
    ("base_legale", "legal_basis"),
    ("liens", "links"),
    ("nombre_decisions_par_an", "decisions_per_year"),
    ("public_concerne", "public"),
    ("donnees", "data"),
    ("source_donnees", "data_source"),
    ("type_algorithme", "operations"),
    ("lien_code", "code"),
)
"""The columns of the inventory, and the field that fills each. Source: Etalab, guide to the inventory (2024)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Registered:
    """An entry, and what the year's report has of the service; None: the ledger does not know it."""

    entry: Entry
    use: Use | None


def registered(entries: Sequence[Entry], material: Material) -> tuple[Registered, ...]:
    """Return *entries*, each with its figures of the year."""
    uses = {use.facts.key: use for use in material.report.uses}
    return tuple(Registered(entry, uses.get(entry.key)) for entry in entries)


def register_document(services: Sequence[Registered], material: Material) -> Document:
    """Return the register as a document for everybody."""
    words = material.words
    sections = [Section("overview", words.say("register.overview"), tuple(_overview(services, material)))]
    sections += [_service(one, material) for one in services]
    return Document(
        language=words.language,
        title=words.say("register.title"),
        subtitle=material.about.get("organisation") or words.say("report.no_organisation"),
        identity={"period": str(material.report.year), "schema": VERSION},
        made=material.report.closed_through,
        sections=tuple(sections),
    )


def _overview(services: Sequence[Registered], material: Material) -> Iterator[Block]:
    words = material.words
    if material.report.simulated:
        yield Notice(words.say("summary.simulated"))
    yield Paragraph(words.say("register.reading", year=material.report.year))
    columns = (
        *(_column(name, words) for name in ("name", "department", "status", "risk")),
        *(_figure_column(name, words) for name in FIGURES[1:4]),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (*(told(one.entry, name, words) for name in ("name", "department", "status", "risk")), *_figures(one.use)[:3])
        for one in services
    )
    yield Table("register", words.say("register.overview"), columns, rows)
    unknown = [one.entry.name for one in services if one.use is None]
    if unknown:
        yield Notice(words.say("register.unknown", services=", ".join(unknown)))


def _service(one: Registered, material: Material) -> Section:
    words = material.words
    pairs = [
        (words.say(f"register.field.{name}"), text)
        for name in FIELDS
        if name not in {"name", "key"} and (text := told(one.entry, name, words))
    ]
    figures = [
        (words.say(f"register.figure.{name}"), f"{words.number(value, column.decimals)}\N{NO-BREAK SPACE}{column.unit}")
        for name, value in zip(FIGURES[1:], _figures(one.use), strict=True)
        if value is not None
        for column in (_figure_column(name, words),)
    ]
    blocks: list[Block] = [Terms((*pairs, *figures))]
    if lacking := tuple(missing(one.entry)):
        blocks.append(Paragraph(words.say("register.missing")))
        blocks.append(
            Listing(
                tuple(
                    words.say(
                        "register.lacks",
                        field=words.say(f"register.field.{it.field}"),
                        rule=words.say(f"register.rule.{it.rule}"),
                    )
                    for it in lacking
                )
            )
        )
    return Section(f"service-{one.entry.key}", one.entry.name, tuple(blocks))


def _column(name: str, words: Words) -> Column:
    return Column(name, words.say(f"register.field.{name}"), words.say(f"register.field.{name}"))


_MEASURES: Final[Mapping[str, Measure]] = {
    "energy_kwh": KILOWATT_HOURS,
    "emissions_kgco2e": KILOGRAMS,
    "water_l": LITERS,
}


def _figure_column(name: str, words: Words) -> Column:
    said = words.say(f"register.figure.{name}")
    unit = _MEASURES[name].symbol if name in _MEASURES else "%"
    return Column(name, said, said, Kind.NUMBER, unit, DECIMALS if name in _MEASURES else 1)


def _figures(use: Use | None) -> tuple[Decimal | None, ...]:
    """Return energy, emissions, water and how much of the energy was measured; what is unknown is None."""
    if use is None:
        return None, None, None, None
    amounts = (use.total.microjoules, central(use.impacts.emissions), central(use.impacts.together(WATER)))
    rounded = (
        None if amount is None else alone(amount, measure.size, DECIMALS)
        for amount, measure in zip(amounts, _MEASURES.values(), strict=True)
    )
    return (*rounded, measured([use]))


def told(entry: Entry, name: str, words: Words) -> str:
    """Return what *entry* says in its field *name*, for people; empty: nothing."""
    value = getattr(entry, name)
    if isinstance(value, bool):
        return words.say("register.yes" if value else "register.no")
    if isinstance(value, Enum):
        return words.say(f"register.{name}.{value.value}")
    return _plain(value)


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value)
    return str(value)


def register_files(services: Sequence[Registered], material: Material) -> dict[str, bytes]:
    """Return the register as data: name -> content, with the schema of the table and the inventory of Etalab."""
    year = material.report.year
    return {
        "register.csv": lines_csv((*FIELDS, *FIGURES), (_row(one, year) for one in services)),
        "register.schema.json": _json(schema(material.words)),
        "register.json": _json(_content(services, material)),
        "inventaire-algorithmes.csv": lines_csv(
            tuple(name for name, _ in ETALAB),
            (
                [
                    _data(getattr(one.entry, field)) if field else material.about.get("organisation", "")
                    for _, field in ETALAB
                ]
                for one in services
            ),
        ),
    }


def _row(one: Registered, year: int) -> list[str]:
    figures = ["" if value is None else str(value) for value in _figures(one.use)]
    return [*(_data(getattr(one.entry, name)) for name in FIELDS), str(year), *figures]


def _data(value: object) -> str:
    """Return *value* as data: the same in every language; several ones are parted by a bar."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return str(value.value)
    return "|".join(str(one) for one in value) if isinstance(value, tuple) else _plain(value)


def _content(services: Sequence[Registered], material: Material) -> dict[str, Any]:
    return {
        "format": "empreinte-register",
        "version": VERSION,
        "organisation": {name: text for name, text in material.about.items() if text},
        "year": material.report.year,
        "simulated": material.report.simulated,
        "closed_through": utc(material.report.closed_through),
        "services": [
            {name: _value(getattr(one.entry, name)) for name in FIELDS}
            | {
                name: None if value is None else str(value)
                for name, value in zip(FIGURES[1:], _figures(one.use), strict=True)
            }
            | {"missing": [{"rule": it.rule.value, "field": it.field} for it in missing(one.entry)]}
            for one in services
        ],
    }


def _value(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return value if value is None or isinstance(value, bool | int) else _data(value)


def schema(words: Words) -> dict[str, Any]:
    """Return the Table Schema of the register's CSV. Source: Frictionless, Table Schema 1.0."""
    kinds = {"since": "date", "until": "date", "updated": "date", "year": "year", "decisions_per_year": "integer"}
    kinds |= dict.fromkeys(("individual_decisions", "personal_data"), "boolean")
    kinds |= dict.fromkeys(FIGURES[1:], "number")
    fields = [
        {
            "name": name,
            "type": kinds.get(name, "string"),
            "title": words.say(f"register.{'figure' if name in FIGURES else 'field'}.{name}"),
            **({"constraints": {"required": True}} if name in {"key", "name", "status"} else {}),
        }
        for name in (*FIELDS, *FIGURES)
    ]
    return {
        "$schema": "https://specs.frictionlessdata.io/schemas/table-schema.json",
        "name": "empreinte-register",
        "version": VERSION,
        "title": words.say("register.title"),
        "fields": fields,
        "primaryKey": ["key", "year"],
        "missingValues": [""],
    }


def _json(content: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)}\n".encode()
