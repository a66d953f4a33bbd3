"""The table of AI that is bought as an API: beside the host, and in no sum of it. Nothing of it was measured here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.core.activity import Unit
from monitor.core.external import Impact, Origin
from monitor.core.impact import Indicator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.core.external import Claim, ExternalRule, ExternalUse
    from monitor.core.impact import Bounds
    from monitor.web.quantities import Quantities
    from monitor.web.status import Status
    from monitor.web.voice import Voice

PERIODS: Final = ("month", "year")
"""A day of a list that tells by the month is unknown."""
COUNTS: Final = (Unit.REQUESTS, Unit.INPUT_TOKENS, Unit.OUTPUT_TOKENS)
SHOWN: Final[Mapping[Impact, Indicator]] = {
    Impact.ENERGY: Indicator.ENERGY,
    Impact.GWP: Indicator.GWP_USE,
    Impact.WATER: Indicator.WATER_GRID,
}
"""What is on the page of each, and the indicator in whose unit it is."""
ALL: Final[Mapping[Impact, Indicator]] = {**SHOWN, Impact.ADPE: Indicator.ADPE_USE}


@dataclass(frozen=True, slots=True)
class Amount:
    """What a service came to, as it is written."""

    figure: str
    interval: str
    """Between what it lies, in words; empty: no range shows."""
    without: str = ""
    """How many output tokens are not in it, in words; empty: all of them are."""


@dataclass(frozen=True, slots=True)
class Use:
    """What one service did in a period, as it is written. What is unknown is absent."""

    counts: Mapping[Unit, str]
    amounts: Mapping[Impact, Amount]
    claims: tuple[tuple[str, str], ...]
    """Who says what is known of the impacts: what it is, and the source, in the language that that is in."""
    unknown: tuple[str, ...]
    """What is unknown, and of how many output tokens, in sentences."""
    missing: tuple[str, ...]
    """Why, with the cure. These are in English in every language."""


@dataclass(frozen=True, slots=True)
class Service:
    """One bought service and what it did. A period of which nothing was counted is not among `uses`."""

    name: str
    facts: str
    """Who provides it, for whom, by which contract."""
    uses: Mapping[str, Use]

    @property
    def longest(self) -> Use | None:
        """The use of the longest period: what its impacts rest on; None: there is none."""
        return next((self.uses[period] for period in reversed(PERIODS) if period in self.uses), None)


@dataclass(frozen=True, slots=True)
class Together:
    """Greenhouse gases of the host, of what is bought, and of both, as they are written."""

    host: str
    bought: str
    both: str
    """With its interval, and what is not in it."""


def services_of(status: Status, voice: Voice, write: Quantities) -> tuple[Service, ...]:
    """Return every service that is configured, or was counted, in order of its key."""
    figures = status.snapshot.external
    write_use = Writing(voice, write)
    return tuple(
        Service(
            rule.name if (rule := figures.services.get(key)) else key,
            facts_of(rule, voice),
            {
                period: write_use.of(figures.periods[key, period], SHOWN)
                for period in PERIODS
                if (key, period) in figures.periods
            },
        )
        for key in sorted({*figures.services, *figures.total})
    )


def together(status: Status, period: str, voice: Voice, write: Quantities) -> Together | None:
    """Return the gases of the host and of what is bought in *period*; None: one of them is unknown, or nothing is."""
    uses = [use for (_, name), use in status.snapshot.external.periods.items() if name == period]
    host = status.periods[period].impacts.emissions
    return None if host is None or not uses else both(host, sum(uses[1:], uses[0]), voice, write)


def both(host: Bounds, use: ExternalUse, voice: Voice, write: Quantities) -> Together | None:
    """Return the gases of the *host*, of the *use* of what is bought, and of both; None: those of the use are unknown.

    Their bounds add up linearly.
    """
    outside = use.impacts.get(Impact.GWP)
    if outside is None:
        return None
    total = Writing(voice, write).amount(host + outside, Impact.GWP, use.unknown.get(Impact.GWP, 0))
    parts = (total.figure, total.interval, total.without)
    return Together(
        write.emissions(host.central), write.emissions(outside.central), ", ".join(part for part in parts if part)
    )


def facts_of(rule: ExternalRule | None, voice: Voice) -> str:
    """Return who provides a service, for whom, by which contract; None: it is not configured any more."""
    if rule is None:
        return voice.say("external.gone")
    contract = voice.say("service.contract", contract=rule.contract) if rule.contract else ""
    zone = voice.say("external.zone", zone=rule.zone) if rule.zone else ""
    return " · ".join(fact for fact in (rule.department, rule.provider, contract, zone) if fact)


class Writing:
    """Writes what bought services did in one language."""

    def __init__(self, voice: Voice, write: Quantities) -> None:
        self._voice = voice
        self._write = write

    def of(self, use: ExternalUse, shown: Mapping[Impact, Indicator]) -> Use:
        """Return *use*, with the impacts that are to be *shown*."""
        return Use(
            counts={unit: self._write.count(use.counts[unit]) for unit in COUNTS if unit in use.counts},
            amounts={
                impact: self.amount(use.impacts[impact], impact, use.unknown.get(impact, 0))
                for impact in shown
                if impact in use.impacts
            },
            claims=tuple(self._claim(claim) for claim in sorted(use.claims, key=_rank)),
            unknown=self._unknown(use, shown),
            missing=tuple(sorted(use.missing)),
        )

    def amount(self, bounds: Bounds, impact: Impact, without: int) -> Amount:
        """Return what tokens came to; *without* so many, of which nobody tells it."""
        indicator = ALL[impact]
        left_out = self._tokens("external.without", without) if without else ""
        figure = self._write.amount(indicator, bounds.central)
        return Amount(figure, self._voice.between(indicator, bounds), left_out)

    def _claim(self, claim: Claim) -> tuple[str, str]:
        return self._voice.say(f"external.claim.{claim.origin}"), f"{claim.source} ({claim.year})"

    def _unknown(self, use: ExternalUse, shown: Mapping[Impact, Indicator]) -> tuple[str, ...]:
        """Return of how many tokens which impacts are unknown."""
        if not use.impacts and not use.unknown:
            # what reads and writes nothing has no rate at all
            return (self._voice.say("external.no_output"),)
        by_tokens: dict[int, list[str]] = {}
        for impact in shown:
            if tokens := use.unknown.get(impact):
                by_tokens.setdefault(tokens, []).append(self._voice.say(f"external.impact.{impact}"))
        return tuple(
            self._tokens("external.unknown", tokens, impacts=self._voice.listed(names))
            for tokens, names in by_tokens.items()
        )

    def _tokens(self, key: str, tokens: int, **parts: str) -> str:
        return self._voice.say(key if tokens > 1 else f"{key}_one", tokens=self._write.count(tokens), **parts)


def _rank(claim: Claim) -> tuple[int, str, int]:
    """Return the place of *claim*: who is believed first comes first."""
    return list(Origin).index(claim.origin), claim.source, claim.year
