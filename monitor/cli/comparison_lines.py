"""A comparison with CodeCarbon and with the meters of the whole machine, for a terminal and for programs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from monitor.cli.terminal import Tone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.cli.speech import Speech
    from monitor.cli.terminal import Terminal
    from monitor.comparison import Line
    from monitor.core.units import Power
    from monitor.totals import Total

INDENT: Final = "  "
PERCENT: Final = 100
MINUS: Final = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """CodeCarbon's figures beside ours, over so many seconds."""

    seconds: int
    lines: tuple[Line, ...]
    version: str
    """Of CodeCarbon."""
    totals: tuple[Total, ...] = ()


def comparison_lines(compared: Comparison, speech: Speech, terminal: Terminal) -> str:
    """Return *compared* for a person: both tables, each with its likely reasons."""
    title = speech.say("compare.title", version=compared.version, seconds=compared.seconds)
    rows = [("", speech.say("compare.ours"), speech.say("compare.theirs"))]
    rows += [
        (speech.say(f"compare.{line.part}"), _watts(line.ours.power, speech), _watts(line.theirs, speech))
        for line in compared.lines
    ]
    reasons = dict.fromkeys(f"compare.why.{why}" for line in compared.lines for why in line.why)
    body = [terminal.paint(title, Tone.HEADING), terminal.table(rows, right=frozenset({1, 2}))]
    body += [terminal.paragraph(speech.say(reason), INDENT) for reason in reasons]
    return "\n".join([*body, *_totals(compared.totals, speech, terminal)])


def comparison_told(compared: Comparison) -> dict[str, Any]:
    """Return *compared* for a program. Powers are in watts, ratios are of 1; what is unknown is null."""
    return {
        "seconds": compared.seconds,
        "codecarbon": compared.version,
        "parts": [
            {
                "part": line.part.value,
                "empreinte_watts": line.ours.power.watts if line.ours.power else None,
                "method": line.ours.method,
                "codecarbon_watts": line.theirs.watts if line.theirs else None,
                "why": list(line.why),
            }
            for line in compared.lines
        ],
        "totals": [
            {
                "way": one.way.value,
                "collector": one.name,
                "watts": one.power.watts if one.power is not None else None,
                "difference_watts": one.difference,
                "difference_ratio": one.ratio,
                "why": list(one.why),
            }
            for one in compared.totals
        ],
    }


def _totals(totals: tuple[Total, ...], speech: Speech, terminal: Terminal) -> Iterator[str]:
    if not totals:
        return
    yield ""
    yield terminal.paint(terminal.paragraph(speech.say("compare.total")), Tone.HEADING)
    heads = ("", *(speech.say(f"compare.{name}") for name in ("power", "difference", "relative")))
    rows = [heads, *(_row(one, speech) for one in totals)]
    yield terminal.table(rows, right=frozenset({1, 2, 3}))
    for reason in dict.fromkeys(why for one in totals for why in one.why):
        yield terminal.paragraph(speech.say(f"compare.reason.{reason}"), INDENT)


def _row(total: Total, speech: Speech) -> tuple[str, str, str, str]:
    difference = _signed(total.difference, 1, speech)
    relative = _signed(None if total.ratio is None else PERCENT * total.ratio, 1, speech)
    unit = f"{difference}\N{NO-BREAK SPACE}W" if difference else ""
    name = speech.say(f"compare.{total.way}", name=total.name)
    return name, _watts(total.power, speech), unit, f"{relative}\N{NO-BREAK SPACE}%" if relative else ""


def _signed(value: float | None, decimals: int, speech: Speech) -> str:
    """Return *value* with its sign; nothing where it is unknown."""
    if value is None:
        return ""
    written = speech.number(abs(Decimal(str(value))), decimals)
    return f"{MINUS if value < 0 else '+'}{written}"


def _watts(power: Power | None, speech: Speech) -> str:
    return speech.write.power(power) if power is not None else speech.say("status.unknown")
