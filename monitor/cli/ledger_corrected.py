"""What `ledger correct` and `ledger corrections` show: what was corrected, by whom and why, and what it changed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from monitor.cli.figures import Figures, hours, rounded
from monitor.cli.speech import Speech
from monitor.cli.terminal import Terminal, Tone
from monitor.core.corrections import Kind
from monitor.core.corrections_told import correction_told
from monitor.core.units import MICROJOULES_PER_KILOWATT_HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from zoneinfo import ZoneInfo

    from monitor.config import Language
    from monitor.core.corrections import Correction
    from monitor.core.entries import ServiceFacts
    from monitor.ledger.store import Corrected

RIGHT: Final = frozenset({1, 2, 3, 4})
DECIMALS: Final = 6


@dataclass(frozen=True, slots=True)
class Page:
    """In which words, and for which screen."""

    speech: Speech
    figures: Figures
    terminal: Terminal
    names: Mapping[str, str]
    """Of services, by their keys."""
    simulated: bool

    @classmethod
    def of(cls, language: Language, zone: ZoneInfo, services: Mapping[str, ServiceFacts], *, simulated: bool) -> Page:
        """Return the page in *language*, with the names of *services*, for standard output."""
        speech = Speech(language, zone)
        names = {key: facts.name for key, facts in services.items()}
        return cls(speech, Figures(speech, zone), Terminal.of_output(), names, simulated)

    def name(self, key: str) -> str:
        """Return how people call a consumer."""
        return self.speech.name(key, self.names.get(key, ""))

    def energy(self, microjoules: int) -> str:
        """Return an energy in kWh, as a number."""
        return self.figures.number(rounded(Fraction(microjoules, MICROJOULES_PER_KILOWATT_HOUR), DECIMALS))

    def what(self, one: Correction) -> str:
        """Return in one sentence what *one* does."""
        say = self.speech.say
        if one.kind is Kind.REVOKE:
            return say("correct.what.revoke", number=one.revokes)
        machine = say("correct.all_parts")
        return say(
            f"correct.what.{one.kind}",
            start=self.figures.moment(one.interval.start),
            end=self.figures.moment(one.interval.end),
            resource=self.speech.page.resource(one.resource) if one.resource else machine,
            cause=say(f"correct.cause.{one.cause}") if one.cause else "",
            origin=self.name(one.origin) if one.origin else "",
            target=self.name(one.target) if one.target else "",
            energy=self.energy(one.energy),
            hours=self.figures.number(hours(one.time.nanoseconds)),
        )


def page(made: Corrected, shown: Page) -> str:
    """Return what a correction did, or would do, for a person."""
    terminal, say = shown.terminal, shown.speech.say
    blocks = [terminal.paint(terminal.paragraph(shown.what(made.correction)), Tone.HEADING)]
    if shown.simulated:
        blocks[0] += f"\n{terminal.paint(terminal.paragraph(shown.speech.page.say('banner.simulated')), Tone.WARNING)}"
    if made.before:
        blocks.append(_table(made, shown))
    if made.unknown:
        blocks.append(terminal.paragraph(say("correct.unknown", hours=shown.figures.number(Decimal(made.unknown)))))
    one = made.correction
    key = "correct.done" if one.number else "correct.dry_run"
    if one.number and not made.before:
        key = "correct.noted"
    blocks.append(terminal.paragraph(say(key, number=one.number, author=one.grounds.author)))
    return "\n\n".join(blocks)


def _table(made: Corrected, shown: Page) -> str:
    say = shown.speech.say
    header = ("", *(say(f"restate.{name}") for name in ("before", "after", "difference")), "")
    rows = [
        (
            shown.name(key),
            shown.energy(before),
            shown.energy(made.after[key]),
            _signed(shown.energy(made.after[key] - before), made.after[key] - before),
            "kWh",
        )
        for key, before in made.before.items()
    ]
    return shown.terminal.table([header, *rows], right=RIGHT)


def _signed(text: str, change: int) -> str:
    return f"+{text}" if change > 0 else text


def listed(made: Iterable[Correction], shown: Page) -> str:
    """Return the corrections that were *made*, for a person."""
    return "\n\n".join(_listed(one, shown) for one in made) or shown.speech.say("correct.none")


def _listed(one: Correction, shown: Page) -> str:
    terminal, say, grounds = shown.terminal, shown.speech.say, one.grounds
    heading = say(
        "correct.listed",
        number=one.number,
        moment=shown.figures.moment(grounds.made),
        author=grounds.author,
        reason=grounds.reason,
    )
    lines = [terminal.paint(terminal.paragraph(heading), Tone.HEADING), terminal.paragraph(shown.what(one), "  ")]
    if grounds.evidence.digest:
        evidence = say("correct.evidence", name=grounds.evidence.name, digest=grounds.evidence.digest)
        lines.append(terminal.paragraph(evidence, "  "))
    if one.revoked_by:
        lines.append(terminal.paragraph(say("correct.revoked", number=one.revoked_by), "  "))
    return "\n".join(lines)


def for_programs(made: Corrected) -> dict[str, Any]:
    """Return what a correction did as JSON has it: energies in microjoules, by consumer."""
    return {
        **correction_told(made.correction),
        "before": dict(made.before),
        "after": dict(made.after),
        "hours_with_unknown_impacts": made.unknown,
    }
