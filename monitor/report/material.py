"""What a report's sections are made of: the figures, the year before, who it is for, and the language."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from monitor.core.entries import PSEUDO_SERVICES
from monitor.core.readings import gpu_title
from monitor.report.scope import YEAR, quarter
from monitor.report.stated import Stated

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
    stated: Stated = field(default_factory=Stated)
    """Commitments, bills and contracts, held against the figures."""

    def say(self, key: str, /, **parts: object) -> str:
        """Return the sentence *key* with its *parts*."""
        return self.words.say(key, **parts)

    def name(self, facts: ServiceFacts) -> str:
        """Return how people call the service, or the part that no service has."""
        return self.words.maybe(f"service.{facts.key}", facts.name)

    def resource(self, resource: str) -> str:
        """Return how people call a part of the machine."""
        if title := gpu_title(resource):
            return self.words.say("resource.gpu", number=title)
        return self.words.maybe(f"resource.{resource}", resource)

    @property
    def period(self) -> str:
        """What time the report is of, as people write it."""
        months, year = self.report.scope.months, self.report.year
        if months == YEAR:
            return str(year)
        for number in range(1, 5):
            if months == quarter(number):
                return self.say(f"period.quarter_{number}", year=year)
        if len(months) == 1:
            return self.say("period.month", month=self.say(f"month.{months[0]}"), year=year)
        return self.say(
            "period.months", first=self.say(f"month.{months[0]}"), last=self.say(f"month.{months[-1]}"), year=year
        )

    @property
    def part(self) -> str:
        """Which service, department or site alone it is of; empty: all of the ledger."""
        scope = self.report.scope
        if scope.service:
            names = [self.name(use.facts) for use in self.report.uses]
            return self.say("scope.service", name=names[0] if names else scope.service)
        if scope.site:
            return self.say("scope.site", name=scope.site, host=self.about.get("host", ""))
        return self.say("scope.department", name=scope.department) if scope.department else ""

    @property
    def ordered(self) -> tuple[Use, ...]:
        """Services, the one that used most first; after them the parts that no service has."""
        return tuple(sorted(self.report.uses, key=_order))


def _order(use: Use) -> tuple[bool, int, str]:
    return use.facts.key in PSEUDO_SERVICES, -use.total.microjoules, use.facts.key
