"""What a buyer has to say of a public contract to others: essential data, notices, what the supplier declared, events.

Nothing of it decides a verdict. Sources: DECP 2.0.3 (139bercy/format-commande-publique, schema_decp_v2.0.3.json, 2025):
names and values of the essential data of procurement; eForms SDK (OP-TED/eForms-SDK, 2026): BT-06, BT-774, BT-805 and
BT-777; delegated regulation (EU) 2024/1364, annex II: PUE, WUE, REF, ERF.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal


class Ccag(StrEnum):
    """The general terms that a contract refers to, as DECP writes them."""

    WORKS = "Travaux"
    PROJECT_MANAGEMENT = "Maitrise d'œuvre"
    SUPPLIES = "Fournitures courantes et services"
    INDUSTRIAL = "Marchés industriels"
    INTELLECTUAL = "Prestations intellectuelles"
    INFORMATION = "Techniques de l'information et de la communication"
    NONE = "Pas de CCAG"


class Procedure(StrEnum):
    """How a contract was awarded, as DECP writes it."""

    ADAPTED = "Procédure adaptée"
    OPEN = "Appel d'offres ouvert"
    RESTRICTED = "Appel d'offres restreint"
    NEGOTIATED = "Procédure avec négociation"
    WITHOUT_COMPETITION = "Marché passé sans publicité ni mise en concurrence préalable"
    DIALOGUE = "Dialogue compétitif"


class Consideration(StrEnum):
    """What DECP says of the environment in a contract."""

    CLAUSE = "Clause environnementale"
    CRITERION = "Critère environnemental"
    NOTHING = "Pas de considération environnementale"


class Strategic(StrEnum):
    """BT-06, strategic procurement."""

    ENVIRONMENT = "env-imp"
    INNOVATION = "inn-pur"
    SOCIAL = "soc-obj"
    NONE = "none"


class Green(StrEnum):
    """BT-774, green procurement: which harm is made less."""

    BIODIVERSITY = "biodiv-eco"
    CIRCULAR = "circ-econ"
    ADAPTATION = "clim-adapt"
    MITIGATION = "clim-mitig"
    POLLUTION = "pollu-prev"
    WATER = "water-mar"
    OTHER = "other"


class GreenCriteria(StrEnum):
    """BT-805, whose criteria of green procurement a contract has."""

    EUROPEAN = "eu"
    NATIONAL = "national"
    OTHER = "other"
    NONE = "none"


class ClauseKind(StrEnum):
    """What sort of a clause it is."""

    TECHNICAL = "technical"
    EXECUTION = "execution"
    REPORTING = "reporting"
    AWARD = "award"


class EventKind(StrEnum):
    """What happened to a contract."""

    AMENDMENT = "amendment"
    NOTICE = "notice"
    """A formal notice to the supplier."""
    REQUEST = "request"
    """Information that was asked for."""
    PENALTY = "penalty"
    """A penalty that the buyer has applied."""
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Procurement:
    """How a contract was awarded, and what it is called in open data. Empty or None: not told."""

    buyer_siret: str = ""
    supplier_vat: str = ""
    framework: str = ""
    """The number of the framework agreement that it comes under."""
    ccag: Ccag | None = None
    procedure: Procedure | None = None
    notified: date | None = None
    months: int | None = None
    """How long it was awarded for, with all options."""
    award_criterion: str = ""
    """The environmental criterion of the award, in the words of the consultation; empty: there was none."""
    award_weight: Decimal | None = None
    """Its weight, 0 to 1."""
    award_method: str = ""
    strategic: tuple[Strategic, ...] = ()
    green: tuple[Green, ...] = ()
    green_criteria: tuple[GreenCriteria, ...] = ()
    strategic_text: str = ""
    spaser: bool | None = None
    """Whether it is counted in the scheme of responsible purchases."""
    regions: tuple[str, ...] = ()
    """Where it is carried out: zones of the grid, or sites."""
    label: str = ""
    """The identifier of the label of the data centre."""
    label_pue: str = ""
    label_wue: str = ""
    """Its classes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What a supplier has declared in a file, as a person read it there. None: the file does not say it."""

    file: str
    received: date | None = None
    starts: date | None = None
    ends: date | None = None
    """The days that it is about."""
    sha256: str = ""
    """The hash that the file had when it was received; empty: nobody noted it."""
    verifier: str = ""
    """Who has looked at it."""
    energy: Decimal | None = None
    """In kWh."""
    pue: Decimal | None = None
    wue: Decimal | None = None
    """In L/kWh."""
    ref: Decimal | None = None
    """Renewable energy over all, 0 to 1."""
    erf: Decimal | None = None
    """Energy that is used again over all, 0 to 1."""
    emissions: Decimal | None = None
    """Location-based, in kgCO2e."""
    emissions_market: Decimal | None = None
    """Market-based, in kgCO2e."""
    water: Decimal | None = None
    """In litres."""
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractEvent:
    """Something that happened to a contract."""

    day: date
    kind: EventKind
    text: str
