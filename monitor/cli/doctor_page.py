"""The examination as a page for a terminal, and as JSON."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

from monitor.cli.terminal import Tone
from monitor.doctor import Verdict, is_cured_by_a_person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.cli.terminal import Terminal
    from monitor.config import Config
    from monitor.doctor import Examination, MeterFound, Standing, Unreadable
    from monitor.wording import Words

_VERDICTS = {Verdict.MEASURES: Tone.GOOD, Verdict.BLIND: Tone.WARNING, Verdict.IMPOSSIBLE: Tone.BAD}


def page(examination: Examination, config: Config, words: Words, terminal: Terminal) -> str:
    """Return the examination for a person."""
    parts = [
        _heading(words.say("doctor.title", host=config.host.name), terminal),
        _section("doctor.energy", "\n".join(_energy(examination, words, terminal)), words, terminal),
        _section("doctor.unreadable", _unreadable(examination.unreadable, words, terminal), words, terminal),
        _section("doctor.use", _use(examination, words, terminal), words, terminal),
        _section("doctor.services", _services(examination, words, terminal), words, terminal),
        _section("doctor.daemon", _daemon(examination, config, words, terminal), words, terminal),
        terminal.paint(
            terminal.paragraph(words.say(f"doctor.verdict.{examination.verdict}")), _VERDICTS[examination.verdict]
        ),
    ]
    return "\n\n".join(part for part in parts if part)


def as_json(examination: Examination, config: Config) -> dict[str, Any]:
    """Return the examination for a program; the keys are the field names of its records."""
    return {
        "host": config.host.name,
        "verdict": examination.verdict.value,
        **dataclasses.asdict(examination),
    }


def resource_name(resource: str, words: Words) -> str:
    """Return the name of a resource for a person."""
    number = re.fullmatch(r"gpu(\d+)", resource)
    return words.say("resource.gpu", number=number[1]) if number else words.maybe(f"resource.{resource}", resource)


def _heading(text: str, terminal: Terminal) -> str:
    return terminal.paint(terminal.paragraph(text), Tone.HEADING)


def _section(title: str, body: str, words: Words, terminal: Terminal) -> str:
    return f"{_heading(words.say(title), terminal)}\n{body}" if body else ""


def _energy(examination: Examination, words: Words, terminal: Terminal) -> Iterator[str]:
    rows = [row for meter in examination.meters for row in _meter_rows(meter, words)]
    if rows:
        yield terminal.table(rows)
    else:
        yield terminal.paint(terminal.paragraph(words.say("doctor.no_meter"), "  "), Tone.WARNING)
    for resource in examination.unmeasured:
        yield terminal.paragraph(words.say("doctor.nothing_measures", resource=resource_name(resource, words)), "  ")


def _meter_rows(meter: MeterFound, words: Words) -> Iterator[tuple[str, str]]:
    source = meter.source
    use = words.say("doctor.in_use" if meter.used else "doctor.reserve")
    method = words.maybe(f"method.{source.method}", source.method)
    yield resource_name(source.resource, words), f"{method}, {source.accuracy}, {use}"
    yield "", f"{meter.collector}: {source.description}"


def _unreadable(unreadable: tuple[Unreadable, ...], words: Words, terminal: Terminal) -> str:
    rows = []
    for one in unreadable:
        reason = words.say(f"doctor.reason.{one.reason}")
        rows.append((one.collector, f"{reason}: {one.what}"))
        if one.cure and is_cured_by_a_person(one):
            rows.append(("", words.say("doctor.cure", cure=one.cure)))
    return terminal.table(rows)


def _use(examination: Examination, words: Words, terminal: Terminal) -> str:
    if not examination.users:
        return terminal.paint(terminal.paragraph(words.say("doctor.no_users"), "  "), Tone.WARNING)
    return terminal.paragraph(words.say("doctor.users", users=", ".join(examination.users)), "  ")


def _services(examination: Examination, words: Words, terminal: Terminal) -> str:
    rows = [
        (facts.key, facts.kind or "-", words.maybe(f"doctor.found_by.{facts.found_by}", facts.found_by), facts.name)
        for facts in examination.services
    ]
    return terminal.table(rows) or terminal.paragraph(words.say("doctor.no_services"), "  ")


def _daemon(examination: Examination, config: Config, words: Words, terminal: Terminal) -> str:
    rows = [(words.say("doctor.configuration"), str(config.file or words.say("doctor.no_configuration")))]
    for name in ("ledger", "page", "watch", "zone"):
        rows += _standing_rows(name, getattr(examination, name), words)
    if config.host.pue is not None:
        rows.append(("PUE", words.say("doctor.zone_state.ready", where=words.number(config.host.pue, 2))))
    return terminal.table(rows)


def _standing_rows(name: str, standing: Standing, words: Words) -> Iterator[tuple[str, str]]:
    sentence = words.say(f"doctor.{name}_state.{standing.state}", where=standing.where, what=standing.what)
    yield words.say(f"doctor.{name}"), sentence
    if standing.cure:
        yield "", words.say("doctor.cure", cure=standing.cure)
