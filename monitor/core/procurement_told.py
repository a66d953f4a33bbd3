"""What is told of a public contract to others, as plain values: under the names of DECP and eForms, and under ours."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from monitor.core.procurement import Consideration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.core.contracts import Contract
    from monitor.core.procurement import ContractEvent, Declared, Procurement

LONGEST_ID: Final = 16
"""Characters of an identifier. Source: DECP 2.0.3, IdentifiantMarche."""
LONGEST_OBJECT: Final = 1000
"""Likewise, objet."""
REQUIRED: Final = (
    "id",
    "acheteur",
    "nature",
    "objet",
    "codeCPV",
    "techniques",
    "modalitesExecution",
    "marcheInnovant",
    "ccag",
    "offresRecues",
    "attributionAvance",
    "typeGroupementOperateurs",
    "procedure",
    "lieuExecution",
    "dureeMois",
    "dateNotification",
    "datePublicationDonnees",
    "montant",
    "typesPrix",
    "formePrix",
    "sousTraitanceDeclaree",
    "titulaires",
    "considerationsSociales",
    "considerationsEnvironnementales",
)
"""What DECP asks for of each contract, in its order. Source: DECP 2.0.3, marche, required."""


def considerations(contract: Contract) -> tuple[Consideration, ...]:
    """Return what DECP says of the environment in *contract*: by its clauses, and by the criterion of its award."""
    found = {
        Consideration.CLAUSE: bool(contract.clauses),
        Consideration.CRITERION: bool(contract.procurement.award_criterion),
    }
    return tuple(one for one, holds in found.items() if holds) or (Consideration.NOTHING,)


def decp(contract: Contract, buyer: str) -> dict[str, Any]:
    """Return what is known of *contract* under the names of DECP; what is not known has no key.

    *buyer* is the SIRET number of the organisation, for contracts that name none of their own.
    """
    known = contract.procurement
    siret = known.buyer_siret or buyer
    holder = _holder(contract)
    told = {
        "id": contract.uid if len(contract.uid) <= LONGEST_ID else None,
        "acheteur": {"id": siret} if siret else None,
        "objet": contract.title[:LONGEST_OBJECT] or None,
        "codeCPV": contract.cpv[0] if contract.cpv else None,
        "idAccordCadre": known.framework or None,
        "ccag": _plain(known.ccag),
        "procedure": _plain(known.procedure),
        "dureeMois": known.months,
        "dateNotification": _plain(known.notified),
        "montant": None if contract.amount is None else float(contract.amount),
        "titulaires": [{"titulaire": holder}] if holder else None,
        "considerationsEnvironnementales": {
            "considerationEnvironnementale": [one.value for one in considerations(contract)]
        },
    }
    return {name: value for name, value in told.items() if value is not None}


def not_told(told: Mapping[str, object]) -> tuple[str, ...]:
    """Return which keys DECP asks for, and are not among those that are *told*."""
    return tuple(name for name in REQUIRED if name not in told)


def eforms(contract: Contract) -> dict[str, Any]:
    """Return what is known of *contract* under the numbers of eForms; what is not known has no key."""
    known = contract.procurement
    told = {
        "BT-06": [one.value for one in known.strategic],
        "BT-774": [one.value for one in known.green],
        "BT-805": [one.value for one in known.green_criteria],
        "BT-777": known.strategic_text,
    }
    return {name: value for name, value in told.items() if value}


def procurement_told(known: Procurement) -> dict[str, Any]:
    """Return what is *known* of the award and the terms; what is not is empty or None."""
    return {one.name: _plain(getattr(known, one.name)) for one in fields(known)}


def declared_told(declared: Declared) -> dict[str, Any]:
    """Return what a supplier has declared, each figure under a name with its unit; what is not in the file is None."""
    return {
        "received": _plain(declared.received),
        "starts": _plain(declared.starts),
        "ends": _plain(declared.ends),
        "noted_sha256": declared.sha256 or None,
        "verifier": declared.verifier,
        **{name: _plain(getattr(declared, one)) for one, name in FIGURES.items()},
    }


FIGURES: Final = {
    "energy": "energy_kwh",
    "pue": "pue",
    "wue": "wue_l_per_kwh",
    "ref": "ref_ratio",
    "erf": "erf_ratio",
    "emissions": "emissions_kgco2e",
    "emissions_market": "emissions_market_kgco2e",
    "water": "water_l",
    "output_tokens": "output_tokens",
}
"""What a supplier can declare, and how it is called where it is told."""


def event_told(event: ContractEvent) -> dict[str, Any]:
    """Return what happened."""
    return {"day": event.day.isoformat(), "kind": event.kind.value, "text": event.text}


def _holder(contract: Contract) -> dict[str, str] | None:
    """Return how the supplier is identified; None: it is not."""
    if contract.supplier_siret:
        return {"typeIdentifiant": "SIRET", "id": contract.supplier_siret}
    vat = contract.procurement.supplier_vat
    return {"typeIdentifiant": "TVA", "id": vat} if vat else None


def _plain(value: object) -> Any:  # noqa: ANN401 - a plain value of JSON
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value
