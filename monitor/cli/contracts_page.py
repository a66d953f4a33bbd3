"""What `empreinte contracts` prints: how clauses stand, and model clauses with what checks them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Final

from monitor.cli.terminal import GAP, Tone
from monitor.core.contracts import Verdict
from monitor.web.contracts import line_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.cli.speech import Speech
    from monitor.cli.terminal import Terminal
    from monitor.core.contracts import ContractStanding, Evaluation
    from monitor.report.clauses import ModelClause

TONES: Final = {Verdict.MET: Tone.GOOD, Verdict.BREACHED: Tone.BAD, Verdict.UNDECIDED: Tone.WARNING}
"""What was put aside has no colour."""
WIDTH: Final = 100
"""Of the lines of a text that is to be pasted."""


class Page:
    """How clauses stand, as people read it."""

    def __init__(self, speech: Speech, terminal: Terminal, *, simulated: bool) -> None:
        self._speech = speech
        self._terminal = terminal
        self._simulated = simulated

    def text(self, standings: Sequence[ContractStanding], closed: int) -> str:
        """Return how all of *standings* are, by the hours that are closed up to *closed*."""
        speech, paint = self._speech, self._terminal.paint
        lines = [paint(speech.page.say("banner.simulated"), Tone.WARNING)] if self._simulated else []
        title = speech.say("contracts.evaluated", moment=speech.write.moment(closed))
        lines.append(paint(title, Tone.HEADING))
        for standing in standings:
            lines += ["", *self._contract(standing)]
        return "\n".join([*lines, "", self._terminal.paragraph(speech.say("contracts.advice"))])

    def _contract(self, standing: ContractStanding) -> Iterator[str]:
        contract = standing.contract
        named = (contract.uid, contract.title, contract.supplier)
        yield self._terminal.paint(" · ".join(part for part in named if part), Tone.HEADING)
        if not standing.evaluations:
            clauses = "contracts.no_window" if contract.clauses else "contracts.no_clause"
            yield self._terminal.paragraph(self._speech.say(clauses), GAP)
            return
        say = self._speech.page.say
        columns = ("clause", "verdict_column", "value", "limit", "coverage")
        rows = [tuple(say(f"contracts.{column}") for column in columns)]
        rows += [self._row(one) for one in standing.evaluations]
        head, *table = self._terminal.table(rows).splitlines()
        yield self._terminal.paint(head, Tone.ASIDE)
        for one, line in zip(standing.evaluations, table, strict=True):
            yield self._terminal.paint(line, TONES.get(one.verdict, Tone.PLAIN))
            yield from self._below(one)

    def _row(self, one: Evaluation) -> tuple[str, ...]:
        speech = self._speech
        line = line_of(one, speech.page, speech.write)
        unknown = speech.say("status.unknown")
        verdict = speech.page.say(f"contracts.verdict.{one.verdict}")
        return (one.clause.id, verdict, line.value or unknown, line.limit, line.coverage or unknown)

    def _below(self, one: Evaluation) -> Iterator[str]:
        """Yield what the clause is about, between which amounts its figure lies, and why nothing is shown."""
        line = line_of(one, self._speech.page, self._speech.write)
        facts = " · ".join(part for part in (line.about, line.facts, line.between) if part)
        for text in (facts, *line.why):
            yield self._terminal.paragraph(text, GAP * 3)


def clause_titles(clauses: Sequence[ModelClause], terminal: Terminal) -> str:
    """Return the key, the place and the title of each of *clauses*: those that figures check are marked."""
    rows = [(one.key, one.place, "✓" if one.check else "-", one.title) for one in clauses]
    return terminal.table(rows)


def clause_text(clause: ModelClause) -> str:
    """Return *clause* as TOML: its text in comments, and what checks it below the contract it is pasted under."""
    about = f"{clause.title} ({clause.place})"
    comments = [about, "", clause.text, "", f"Source : {clause.source}"]
    lines = [line for text in comments for line in textwrap.wrap(text, WIDTH) or [""]]
    commented = "\n".join(f"# {line}".rstrip() for line in lines)
    return f"{commented}\n{_check(clause)}".rstrip()


def clause_json(clause: ModelClause) -> dict[str, Any]:
    """Return *clause* as plain values; `toml` is empty where no figure checks it."""
    return {
        "key": clause.key,
        "title": clause.title,
        "place": clause.place,
        "text": clause.text,
        "toml": _check(clause),
        "checked": clause.checked,
        "source": clause.source,
    }


def _check(clause: ModelClause) -> str:
    return f"[[contract.clause]]\n{clause.check.strip()}\n" if clause.check.strip() else ""
