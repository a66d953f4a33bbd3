"""Services that are bought as an API, as the file says it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Final

from monitor.config import amounts, values
from monitor.config.amounts import Exact
from monitor.config.intake import globs
from monitor.config.tables import Faults, Key
from monitor.core.activity import Unit
from monitor.core.external import (
    RATE_TOKENS,
    ExternalRule,
    Impact,
    Origin,
    TokenRate,
    within_class,
)
from monitor.core.units import (
    MICROGRAMS_PER_GRAM,
    MICROJOULES_PER_KILOWATT_HOUR,
    MICROLITERS_PER_LITER,
    PICOGRAMS_PER_GRAM,
)

DECLARED_TOKENS: Final = 1000
"""A declaration is for so many output tokens."""
OF: Final = f"of 1,000 {Unit.OUTPUT_TOKENS.replace('_', ' ')}"
_ONE: Final = Decimal(1)
_MILLI: Final = Decimal("0.001")
energy: Final = Exact(
    noun="an energy",
    units={"Wh": _ONE, "kWh": Decimal(1000)},
    example='"1.2 Wh"',
    highest=Decimal(10_000),
    positive=True,
    mistaken={"w": ("Wh", _ONE), "kw": ("kWh", _ONE)},
)
"""A `Read` of an energy, in Wh."""
gases: Final = Exact(
    noun="an amount of greenhouse gases",
    units={"gCO2e": _ONE, "mgCO2e": _MILLI, "kgCO2e": Decimal(1000)},
    example='"0.8 gCO2e"',
    highest=Decimal(10_000),
    positive=True,
    mistaken={
        **dict.fromkeys(("g", "gco2", "gco2eq", "geqco2"), ("gCO2e", _ONE)),
        **dict.fromkeys(("mg", "mgco2", "mgco2eq"), ("mgCO2e", _ONE)),
    },
)
"""A `Read` of greenhouse gases, in gCO2e."""
drink: Final = Exact(
    noun="an amount of water",
    units={"L": _ONE, "mL": _MILLI},
    example='"45 mL"',
    highest=Decimal(1000),
    positive=True,
    mistaken={"litre": ("L", _ONE), "litres": ("L", _ONE), "cl": ("mL", Decimal(10))},
)
"""A `Read` of water, in litres."""
metals: Final = Exact(
    noun="an amount of minerals and metals",
    units={"gSbe": _ONE, "mgSbe": _MILLI},
    example='"0.16 mgSbe"',
    highest=Decimal(10),
    positive=True,
    mistaken={"mg": ("mgSbe", _ONE), "mgsbeq": ("mgSbe", _ONE), "g": ("gSbe", _ONE)},
)
"""A `Read` of minerals and metals, in grams of antimony equivalent."""
UNITS: Final = {
    Impact.ENERGY: MICROJOULES_PER_KILOWATT_HOUR // 1000,
    Impact.GWP: MICROGRAMS_PER_GRAM,
    Impact.WATER: MICROLITERS_PER_LITER,
    Impact.ADPE: PICOGRAMS_PER_GRAM,
}
"""How many of an impact's units are in what its reader gives: Wh, gCO2e, L, gSbe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredTable:
    """What the supplier has declared for this contract; at least one of the figures."""

    energy_per_1000_output_tokens: Annotated[
        Decimal | None, Key(f"Energy {OF}.", energy, '"1.2 Wh"', unset="not declared")
    ] = None
    gwp_per_1000_output_tokens: Annotated[
        Decimal | None, Key(f"Greenhouse gases {OF}.", gases, '"0.8 gCO2e"', unset="not declared")
    ] = None
    water_per_1000_output_tokens: Annotated[
        Decimal | None, Key(f"Water {OF}.", drink, '"45 mL"', unset="not declared")
    ] = None
    adpe_per_1000_output_tokens: Annotated[
        Decimal | None, Key(f"Minerals and metals (ADPe) {OF}.", metals, '"0.16 mgSbe"', unset="not declared")
    ] = None
    source: Annotated[str, Key("In which document it says so.", values.text, '"Annexe 2 du contrat 2026-DSI-042"')]
    year: Annotated[int, Key("Year of these figures.", amounts.year, "2026")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalTable:
    """AI that is bought as an API. What it does is counted apart from this machine, and its impacts are modelled."""

    key: Annotated[str, Key("Stable short name, in every series and report.", values.service_key, '"mistral-api"')]
    name: Annotated[str, Key("Name for people.", values.text, '"API de Mistral"', unset="the key")] = ""
    department: Annotated[str, Key("Department it works for.", values.text, '"Communication"', unset="none")] = ""
    contract: Annotated[str, Key("Contract it belongs to.", values.text, '"2026-DSI-042"', unset="none")] = ""
    provider: Annotated[str, Key("Who runs the models.", values.word, '"mistralai"')]
    models: Annotated[
        tuple[str, ...], Key("Names of the models that belong to it, globs.", globs, '["mistral-*", "codestral-*"]')
    ]
    zone: Annotated[
        str,
        Key(
            "Zone of the electricity grid where the models are run, as host.zone; WORLD where nobody knows.",
            values.zone,
            '"SE"',
            unset="unknown: so are estimated greenhouse gases, water, minerals",
        ),
    ] = ""
    declared: Annotated[
        DeclaredTable | None,
        Key(
            "What the supplier has declared for this contract: it goes before studies and estimates.",
            DeclaredTable,
            '{ gwp_per_1000_output_tokens = "0.8 gCO2e", source = "Annexe 2", year = 2026 }',
            unset="nothing",
        ),
    ] = None


def external_rule(table: ExternalTable) -> ExternalRule:
    """Return what *table* says, as the rest of the program has it."""
    return ExternalRule(
        key=table.key,
        name=table.name or table.key,
        department=table.department,
        contract=table.contract,
        provider=table.provider,
        models=table.models,
        zone=table.zone,
        declared=_declared(table.declared) if table.declared else (),
    )


def check_externals(tables: Sequence[tuple[str, ExternalTable]], taken: Iterable[str], faults: Faults) -> None:
    """Note a key that another service has (*taken*: those that run here), and a declaration that says nothing."""
    seen = dict.fromkeys(taken, "a service that runs here")
    for path, table in tables:
        if table.key in seen:
            faults.note(f"{path}.key", f"{table.key!r} is already the key of {seen[table.key]}")
        seen.setdefault(table.key, f"another, at {path}")
        if table.declared and not _declared(table.declared):
            faults.note(f"{path}.declared", "nothing is declared", 'gwp_per_1000_output_tokens = "0.8 gCO2e"')


def _declared(table: DeclaredTable) -> tuple[TokenRate, ...]:
    told = {
        Impact.ENERGY: table.energy_per_1000_output_tokens,
        Impact.GWP: table.gwp_per_1000_output_tokens,
        Impact.WATER: table.water_per_1000_output_tokens,
        Impact.ADPE: table.adpe_per_1000_output_tokens,
    }
    return tuple(
        TokenRate(
            impact=impact,
            origin=Origin.DECLARED,
            amount=within_class(Fraction(value) * UNITS[impact] * RATE_TOKENS / DECLARED_TOKENS, Origin.DECLARED),
            source=table.source,
            year=table.year,
        )
        for impact, value in told.items()
        if value is not None
    )
