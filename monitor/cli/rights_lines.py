"""The rights that are missing, as `doctor` tells them: each once, with its commands and what it exposes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from monitor.collector import Reason
from monitor.core.readings import PACKAGE
from monitor.core.rights import missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.cli.speech import Speech
    from monitor.cli.terminal import Terminal
    from monitor.core.rights import Missing, Right
    from monitor.doctor import Examination

INDENT: Final = "  "


def rights_of(examination: Examination) -> tuple[Missing, ...]:
    """Return the rights that the user who asks lacks, each once, however many files it opens."""
    asked = [(one.collector, one.cure) for one in examination.unreadable if one.reason == Reason.FORBIDDEN]
    asked += [(meter.collector, meter.source.description) for meter in examination.meters]
    return missing(asked, {meter.collector for meter in examination.meters if meter.source.resource == PACKAGE})


def right_for(collector: str, cure: str, rights: Sequence[Missing]) -> Right | None:
    """Return the one of *rights* that is what the *cure* of *collector* says; None where it is none of them."""
    meant = (one.grant for one in rights if collector in one.collectors)
    return next((grant.right for grant in meant if grant.sign in cure), None)


def rights_lines(rights: Sequence[Missing], speech: Speech, terminal: Terminal) -> str:
    """Return *rights* for a person; empty where none is missing."""
    return "\n".join(line for one in rights for line in _lines(one, speech, terminal))


def rights_told(rights: Sequence[Missing], speech: Speech) -> list[dict[str, Any]]:
    """Return *rights* for a program."""
    return [
        {
            "right": one.grant.right.value,
            "collectors": list(one.collectors),
            "commands": list(one.grant.commands),
            "exposes": speech.say(f"rights.exposes.{one.grant.right}"),
            "rather": speech.say(f"rights.rather.{one.grant.right}"),
        }
        for one in rights
    ]


def _lines(one: Missing, speech: Speech, terminal: Terminal) -> Iterator[str]:
    """Yield the lines of one right; a command is never wrapped, so that it can be copied."""
    right, deep = one.grant.right, INDENT * 2
    title = speech.say("doctor.right", right=speech.say(f"rights.{right}"), collectors=", ".join(one.collectors))
    yield terminal.paragraph(title, INDENT)
    yield from (f"{INDENT * 3}{command}" for command in one.grant.commands)
    yield terminal.paragraph(speech.say("doctor.exposes", what=speech.say(f"rights.exposes.{right}")), deep)
    yield terminal.paragraph(speech.say("doctor.rather", what=speech.say(f"rights.rather.{right}")), deep)
