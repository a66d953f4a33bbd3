"""What `external show` prints: each bought service with what it did and cost, by whom that is said, and the sum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.cli.terminal import Tone
from monitor.web import bought

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from monitor.cli.figures import Figures
    from monitor.cli.speech import Speech
    from monitor.cli.terminal import Terminal
    from monitor.core.external import ExternalRule, ExternalUse
    from monitor.core.impact import Bounds
    from monitor.core.interval import Interval

INDENT: Final = "  "
DEEPER: Final = "    "


@dataclass(frozen=True, slots=True)
class Told:
    """What is shown, and of which time."""

    interval: Interval
    rules: Mapping[str, ExternalRule]
    """The services that are configured, by key."""
    uses: Mapping[str, ExternalUse]
    """What each that was counted did."""
    host: Bounds | None
    """Emissions of the host's closed hours, in micrograms; None: unknown."""


class Page:
    """Writes it in one language, for one terminal."""

    def __init__(self, told: Told, speech: Speech, figures: Figures, terminal: Terminal) -> None:
        self._told = told
        self._moment = figures.moment
        self._speech = speech
        self._say = speech.say
        self._terminal = terminal
        self._writing = bought.Writing(speech.page, speech.write)

    def text(self) -> str:
        """Return the whole page."""
        keys = sorted({*self._told.rules, *self._told.uses})
        blocks = [self._title(), *map(self._service, keys)]
        if not keys:
            blocks.append(self._terminal.paragraph(self._say("external.none")))
        if self._told.uses:
            blocks.append(self._together())
        return "\n\n".join(block for block in blocks if block)

    def _title(self) -> str:
        interval = self._told.interval
        title = self._terminal.paint(self._say("external.title"), Tone.HEADING)
        span = self._say("external.span", start=self._moment(interval.start), end=self._moment(interval.end))
        return "\n".join((title, *(self._terminal.paragraph(one) for one in (span, self._say("external.apart")))))

    def _service(self, key: str) -> str:
        rule, use = self._told.rules.get(key), self._told.uses.get(key)
        name = rule.name if rule else key
        title = self._terminal.paint(name if name == key else f"{name} ({key})", Tone.HEADING)
        lines = [title, self._terminal.paragraph(bought.facts_of(rule, self._speech.page), INDENT)]
        if use is None:
            return "\n".join((*lines, self._terminal.paragraph(self._speech.page.say("external.nothing"), INDENT)))
        written = self._writing.of(use, bought.ALL)
        table = self._terminal.table(list(self._rows(written)), right=frozenset({1}))
        return "\n".join((*lines, table, *self._notes(written)))

    def _rows(self, use: bought.Use) -> Iterator[tuple[str, str, str]]:
        page = self._speech.page
        for unit in bought.COUNTS:
            yield page.say(f"external.count.{unit}"), use.counts.get(unit, page.say("unknown")), ""
        for impact in bought.ALL:
            amount = use.amounts.get(impact)
            figure = page.say("unknown") if amount is None else amount.figure
            parts = () if amount is None else (amount.interval, amount.without)
            yield page.say(f"external.column.{impact}"), figure, ", ".join(part for part in parts if part)

    def _notes(self, use: bought.Use) -> Iterator[str]:
        for said, source in use.claims:
            yield self._terminal.paragraph(f"{said} {source}", INDENT, DEEPER)
        for unknown in use.unknown:
            yield self._terminal.paint(self._terminal.paragraph(unknown, INDENT, DEEPER), Tone.WARNING)
        for why in use.missing:
            yield self._terminal.paragraph(f"{why[:1].upper()}{why[1:]}.", INDENT, DEEPER)

    def _together(self) -> str:
        uses = list(self._told.uses.values())
        host, use = self._told.host, sum(uses[1:], uses[0])
        found = None if host is None else bought.both(host, use, self._speech.page, self._speech.write)
        if found is None:
            return self._terminal.paragraph(self._say("external.no_sum"))
        return self._terminal.paragraph(
            self._say("external.together", host=found.host, bought=found.bought, both=found.both)
        )
