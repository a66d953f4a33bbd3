"""What a report's sections are made of: the figures, the year before, who it is for, and the language."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from monitor.core.entries import PSEUDO_SERVICES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.core.entries import ServiceFacts
    from monitor.core.factors import Factor
    from monitor.report.model import Report, Use
    from monitor.wording import Words


@dataclass(frozen=True, slots=True)
class Material:
    """All that sections are made of."""

    report: Report
    words: Words
    about: Mapping[str, str] = field(default_factory=dict)
    """The organisation (organisation, siret, insee), the host, the site, the version of the program; what is known."""
    before: Report | None = None
    """The year before; None: the ledger has nothing of it."""
    comparisons: tuple[Factor, ...] = ()
    """What emissions may be compared with, from the catalogue of factors."""
    fingerprint: str = ""
    """SHA-256 of the exact figures, in hexadecimal: what an auditor who runs it again has to find."""

    def say(self, key: str, /, **parts: object) -> str:
        """Return the sentence *key* with its *parts*."""
        return self.words.say(key, **parts)

    def name(self, facts: ServiceFacts) -> str:
        """Return how people call the service, or the part that no service has."""
        return self.words.maybe(f"service.{facts.key}", facts.name)

    def resource(self, resource: str) -> str:
        """Return how people call a part of the machine."""
        if found := _GPU.fullmatch(resource):
            return self.words.say("resource.gpu", number=found[1])
        return self.words.maybe(f"resource.{resource}", resource)

    @property
    def ordered(self) -> tuple[Use, ...]:
        """Services, the one that used most first; after them the parts that no service has."""
        return tuple(sorted(self.report.uses, key=_order))


_GPU: Final = re.compile(r"gpu(\d+)")


def _order(use: Use) -> tuple[bool, int, str]:
    return use.facts.key in PSEUDO_SERVICES, -use.total.microjoules, use.facts.key
