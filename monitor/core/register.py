"""The register of AI services: what an organisation says of each, and which rules ask for what.

Sources: Etalab, guide to the inventory of public algorithms (2024); code des relations entre le public et
l'administration (CRPA), articles L311-3-1 and L312-1-3; AFNOR SPEC 2314 (2024), register of AI services, as far as its
public summaries tell; regulation (EU) 2024/1689 on artificial intelligence, articles 6, 26 and 50; regulation (EU)
2016/679 (GDPR), articles 30 and 35; information report 447 (2024-2025) of the French Senate.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date


class Status(StrEnum):
    """How far a service is."""

    STUDIED = "studied"
    TRIED = "tried"
    IN_USE = "in_use"
    ENDED = "ended"


class Risk(StrEnum):
    """The class of risk of its use. Source: regulation (EU) 2024/1689."""

    MINIMAL = "minimal"
    TRANSPARENCY = "transparency"
    """It speaks with people, or makes what they could take for real (article 50)."""
    HIGH = "high"
    PROHIBITED = "prohibited"


class Automation(StrEnum):
    """How far it decides by itself. Source: Etalab, inventory of algorithms."""

    NONE = "none"
    """It decides nothing."""
    PARTIAL = "partial"
    """A person decides, with what it says."""
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the organisation says of one service. Empty or None: it says nothing."""

    key: str
    name: str
    status: Status
    purpose: str = ""
    context: str = ""
    department: str = ""
    contact: str = ""
    since: date | None = None
    until: date | None = None
    models: tuple[str, ...] = ()
    supplier: str = ""
    contract: str = ""
    users: str = ""
    """Who uses it."""
    public: str = ""
    """Whom it concerns."""
    decisions_per_year: int | None = None
    individual_decisions: bool | None = None
    """Whether decisions about single persons are based on it."""
    automation: Automation | None = None
    human_role: str = ""
    legal_basis: str = ""
    data: str = ""
    data_source: str = ""
    personal_data: bool | None = None
    data_protection: str = ""
    """The entry of processing, or the impact assessment on data protection."""
    operations: str = ""
    """What it does with the data: kind of algorithm, and its main steps."""
    risk: Risk | None = None
    notice: str = ""
    """Where people are told that it is used."""
    alternative: str = ""
    """The lighter way without AI, or with less, that was considered, and why it was not taken."""
    code: str = ""
    links: tuple[str, ...] = ()
    updated: date | None = None


class Rule(StrEnum):
    """Who asks for what an entry says."""

    REGISTER = "register"
    """AFNOR SPEC 2314: a single register of AI services."""
    INVENTORY = "inventory"
    """Etalab: inventory of algorithms."""
    NOTICE = "notice"
    """CRPA: rules and mention of algorithms behind individual decisions."""
    AI_ACT = "ai_act"
    """Regulation (EU) 2024/1689."""
    GDPR = "gdpr"
    """Regulation (EU) 2016/679."""
    FRUGALITY = "frugality"
    """AFNOR SPEC 2314, and report 447 of the Senate: means in proportion to the end."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A field that an entry lacks, and the rule that asks for it."""

    rule: Rule
    field: str


_ASKED: Final[tuple[tuple[Rule, tuple[str, ...], Callable[[Entry], bool]], ...]] = (
    (Rule.REGISTER, ("department", "contact", "models", "purpose", "updated"), lambda _: True),
    (Rule.INVENTORY, ("context", "data", "data_source", "automation", "individual_decisions"), lambda _: True),
    (
        Rule.NOTICE,
        ("legal_basis", "operations", "human_role", "notice", "public"),
        lambda entry: bool(entry.individual_decisions),
    ),
    (Rule.AI_ACT, ("risk",), lambda _: True),
    (Rule.AI_ACT, ("notice",), lambda entry: entry.risk is Risk.TRANSPARENCY),
    (Rule.AI_ACT, ("human_role", "supplier", "contact"), lambda entry: entry.risk is Risk.HIGH),
    (Rule.GDPR, ("personal_data",), lambda _: True),
    (Rule.GDPR, ("data_protection", "legal_basis"), lambda entry: bool(entry.personal_data)),
    (Rule.FRUGALITY, ("alternative",), lambda _: True),
)
"""Which fields each rule asks for, and of which entries."""


def missing(entry: Entry) -> Iterator[Missing]:
    """Yield what *entry* lacks, rule by rule; of a service that has ended, nothing more is asked."""
    if entry.status is Status.ENDED:
        return
    told: set[Missing] = set()
    for rule, fields, concerns in _ASKED:
        for field in fields if concerns(entry) else ():
            one = Missing(rule, field)
            if getattr(entry, field) in ("", (), None) and one not in told:
                told.add(one)
                yield one


def is_prohibited(entry: Entry) -> bool:
    """Return whether the entry names a use that is prohibited. Source: regulation (EU) 2024/1689, article 5."""
    return entry.risk is Risk.PROHIBITED and entry.status is not Status.ENDED
