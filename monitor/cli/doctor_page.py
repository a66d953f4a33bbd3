"""The examination as a page for a terminal, and as JSON."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from monitor.cli.comparison_lines import comparison_lines, comparison_told
from monitor.cli.rights_lines import right_for, rights_lines, rights_of, rights_told
from monitor.cli.terminal import Tone
from monitor.doctor import Verdict
from monitor.uncovered import uncovered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.cli.comparison_lines import Comparison
    from monitor.cli.speech import Speech
    from monitor.cli.terminal import Terminal
    from monitor.config import Config
    from monitor.core.rights import Missing
    from monitor.doctor import Examination, MeterFound, PageSeen, Standing, Stranger, Webhook

INDENT: Final = "  "
VERDICTS: Final = {Verdict.MEASURES: Tone.GOOD, Verdict.BLIND: Tone.WARNING, Verdict.IMPOSSIBLE: Tone.BAD}


def page(
    examination: Examination, config: Config, compared: Comparison | None, speech: Speech, terminal: Terminal
) -> str:
    """Return the examination for a person."""
    say, rights = speech.say, rights_of(examination)
    verdict = terminal.paragraph(say(f"doctor.verdict.{examination.verdict}"))
    sections = [
        ("doctor.energy", "\n".join(_energy(examination, speech, terminal))),
        ("doctor.unreadable", _unreadable(examination, rights, speech, terminal)),
        ("doctor.rights", rights_lines(rights, speech, terminal)),
        ("doctor.use", _use(examination, speech, terminal)),
        ("doctor.services", _services(examination, speech, terminal)),
        ("doctor.pages", terminal.table([row for seen in examination.pages for row in _page_rows(seen, speech)])),
        ("doctor.webhooks", _webhooks(examination, speech, terminal)),
        ("doctor.destinations", terminal.table(list(_destination_rows(examination, speech)))),
        (
            "doctor.budgets",
            terminal.table([row for one in examination.strangers for row in _stranger_rows(one, speech)]),
        ),
        ("doctor.daemon", _daemon(examination, config, speech, terminal)),
    ]
    parts = [terminal.paint(terminal.paragraph(say("doctor.title", host=config.host.name)), Tone.HEADING)]
    parts += [f"{terminal.paint(say(title), Tone.HEADING)}\n{body}" for title, body in sections if body]
    if compared is not None:
        parts.append(comparison_lines(compared, speech, terminal))
    parts.append(terminal.paint(verdict, VERDICTS[examination.verdict]))
    return "\n\n".join(parts)


def as_json(examination: Examination, config: Config, compared: Comparison | None, speech: Speech) -> dict[str, Any]:
    """Return the examination for a program. Powers are in watts; what is unknown is null.

    What a right exposes is a sentence of *speech*; all else is the same in every language.
    """
    content = {
        "host": config.host.name,
        "verdict": examination.verdict.value,
        **dataclasses.asdict(examination),
        "pages": [
            {"collector": seen.collector, **dataclasses.asdict(seen.page), "lacks_requests": seen.lacks_requests}
            for seen in examination.pages
        ],
        "webhooks": [{**dataclasses.asdict(one.standing), "cure": one.cure} for one in examination.webhooks],
        "uncovered": [part.value for part in uncovered(examination.meters)],
        "rights": rights_told(rights_of(examination), speech),
        "pue": float(config.pue) if config.pue is not None else None,
    }
    if compared is not None:
        content["comparison"] = comparison_told(compared)
    return content


def _energy(examination: Examination, speech: Speech, terminal: Terminal) -> Iterator[str]:
    rows = [row for meter in examination.meters for row in _meter_rows(meter, speech)]
    if rows:
        yield terminal.table(rows)
    else:
        yield terminal.paint(terminal.paragraph(speech.say("doctor.no_meter"), INDENT), Tone.WARNING)
    if examination.unmeasured:
        resources = speech.page.resources(examination.unmeasured)
        yield terminal.paragraph(speech.say("doctor.unmeasured", resources=resources), INDENT)
    if beyond := uncovered(examination.meters):
        parts = speech.page.listed([speech.say(f"doctor.part.{part}") for part in beyond])
        yield terminal.paragraph(speech.say("doctor.uncovered", parts=parts), INDENT)


def _meter_rows(meter: MeterFound, speech: Speech) -> Iterator[tuple[str, str]]:
    source = meter.source
    use = speech.say("doctor.in_use" if meter.used else "doctor.reserve")
    method = speech.maybe(f"method.{source.method}", source.method)
    yield speech.page.resource(source.resource), f"{method}, {source.accuracy.replace('+-', '±')}, {use}"
    yield "", f"{meter.collector}: {source.description}"


def _unreadable(examination: Examination, rights: tuple[Missing, ...], speech: Speech, terminal: Terminal) -> str:
    rows = []
    for one in examination.unreadable:
        rows.append((one.collector, speech.say("doctor.because", reason=speech.page.reason(one.reason), what=one.what)))
        if (right := right_for(one.collector, one.cure, rights)) is not None:
            rows.append(("", speech.say("doctor.by_right", right=speech.say(f"rights.{right}"))))
        elif one.cure:
            rows.append(("", speech.say("doctor.cure", cure=one.cure)))
    return terminal.table(rows)


def _use(examination: Examination, speech: Speech, terminal: Terminal) -> str:
    if not examination.users:
        return terminal.paint(terminal.paragraph(speech.say("doctor.no_users"), INDENT), Tone.WARNING)
    return terminal.paragraph(speech.say("doctor.users", users=", ".join(examination.users)), INDENT)


def _services(examination: Examination, speech: Speech, terminal: Terminal) -> str:
    rows = [
        (
            seen.facts.key,
            seen.facts.name,
            speech.maybe(f"doctor.found_by.{seen.facts.found_by}", seen.facts.found_by),
            speech.say("doctor.runs" if seen.running else "doctor.stopped"),
        )
        for seen in examination.services
    ]
    return terminal.table(rows) or terminal.paragraph(speech.say("doctor.no_services"), INDENT)


def _page_rows(seen: PageSeen, speech: Speech) -> Iterator[tuple[str, str]]:
    page = seen.page
    kinds = ", ".join(page.kinds)
    yield page.consumer, f"{page.address} ({kinds})" if kinds else page.address
    if page.counts:
        counts = speech.page.listed([speech.say(f"doctor.unit.{unit}") for unit in page.counts])
        yield "", speech.say("doctor.counts", counts=counts)
    if seen.lacks_requests:
        yield "", speech.say("doctor.lacks_requests")
    if page.asleep:
        yield "", speech.say("doctor.asleep")
    if page.trouble:
        yield "", speech.say("doctor.page_trouble", what=page.trouble)
    if page.cure:
        yield "", speech.say("doctor.cure", cure=page.cure)


def _webhooks(examination: Examination, speech: Speech, terminal: Terminal) -> str:
    if examination.webhooks_fault:
        fault = speech.say("doctor.webhooks_fault", what=examination.webhooks_fault)
        return terminal.paint(terminal.paragraph(fault, INDENT), Tone.WARNING)
    return terminal.table([row for webhook in examination.webhooks for row in _webhook_rows(webhook, speech)])


def _destination_rows(examination: Examination, speech: Speech) -> Iterator[tuple[str, str]]:
    for one in examination.destinations:
        way = speech.say("doctor.through", proxy=one.proxy) if one.proxy else speech.say("doctor.directly")
        yield speech.say(f"doctor.destination.{one.purpose}"), speech.say("doctor.way", host=one.host, way=way)
    if examination.destinations and examination.unheeded:
        yield "", speech.say("doctor.unheeded", names=", ".join(examination.unheeded))


def _webhook_rows(webhook: Webhook, speech: Speech) -> Iterator[tuple[str, str]]:
    told = webhook.standing
    numbers = {name: speech.write.count(getattr(told, name)) for name in ("delivered", "waiting", "dead", "dropped")}
    yield told.address, speech.say("doctor.told", **numbers)
    if told.error:
        yield "", speech.say("doctor.told_error", what=told.error)
    if webhook.cure:
        yield "", speech.say("doctor.cure", cure=webhook.cure)


def _stranger_rows(stranger: Stranger, speech: Speech) -> Iterator[tuple[str, str]]:
    yield stranger.budget, speech.say(f"doctor.stranger.{stranger.scope}", holder=stranger.holder)
    yield "", speech.say("doctor.cure", cure=speech.say("doctor.stranger.cure"))


def _daemon(examination: Examination, config: Config, speech: Speech, terminal: Terminal) -> str:
    file = str(config.file) if config.file else speech.say("doctor.no_configuration")
    rows = [(speech.say("doctor.configuration"), file)]
    for name in ("ledger", "page", "watch", "zone"):
        rows += _standing_rows(name, getattr(examination, name), speech)
    further = {"handoff": examination.handoff} if examination.handoff else {}
    for name, standing in (further | dict(examination.impacts)).items():
        rows += _standing_rows(name, standing, speech)
    return terminal.table(rows)


def _standing_rows(name: str, standing: Standing, speech: Speech) -> Iterator[tuple[str, str]]:
    yield (
        speech.say(f"doctor.{name}"),
        speech.say(f"doctor.{name}_state.{standing.state}", where=standing.where, what=standing.what),
    )
    if standing.cure:
        yield "", speech.say("doctor.cure", cure=standing.cure)
