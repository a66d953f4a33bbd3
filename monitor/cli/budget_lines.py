"""Budgets for people, in a terminal: one line each, of what /api/v1/budgets tells."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from monitor.cli.terminal import Tone
from monitor.core.budgets import State
from monitor.core.units import NANOSECONDS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.cli.speech import Speech
    from monitor.cli.terminal import Terminal

TONES: Final = {State.WARNED: Tone.WARNING, State.EXCEEDED: Tone.BAD}


def budget_lines(budgets: Sequence[Mapping[str, Any]], speech: Speech, terminal: Terminal) -> list[str]:
    """Return a heading and a line for each of *budgets*; nothing where there are none."""
    if not budgets:
        return []
    heading = terminal.paint(speech.say("budgets.title"), Tone.HEADING)
    return ["", heading, *(_painted(budget, speech, terminal) for budget in budgets)]


def _painted(budget: Mapping[str, Any], speech: Speech, terminal: Terminal) -> str:
    text, tone = terminal.paragraph(_line(budget, speech)), TONES.get(budget["state"])
    return text if tone is None else terminal.paint(text, tone)


def _line(budget: Mapping[str, Any], speech: Speech) -> str:
    told = {"name": budget["name"], "limit": budget["limit"]}
    if budget["used_ratio"] is None:
        return speech.say("budgets.unknown", **told)
    line = speech.say("budgets.used", used=speech.write.share(budget["used_ratio"]), **told)
    if (coming := budget["forecast"]) is not None:
        shares = {bound: speech.write.share(amount / budget["limit_amount"]) for bound, amount in coming.items()}
        line += speech.say("budgets.coming", coming=shares["central"], low=shares["low"], high=shares["high"])
    return f"{line}{_end(budget, speech)}."


def _end(budget: Mapping[str, Any], speech: Speech) -> str:
    if budget["exhausted_at"] is None:
        return speech.say("budgets.lasts") if budget["forecast"] is not None else ""
    moment = int(datetime.fromisoformat(budget["exhausted_at"]).timestamp()) * NANOSECONDS_PER_SECOND
    key = "exceeded" if budget["state"] == State.EXCEEDED else "spent"
    return speech.say(f"budgets.{key}", day=speech.write.day(moment))
