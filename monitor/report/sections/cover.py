"""Who made which report of what: the title page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.calendar import utc
from monitor.report.document import Section, Terms
from monitor.report.printing import moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.report.material import Material

KNOWN: Final = ("organisation", "siret", "insee", "site", "host", "accountable", "contact")
"""What is told of the organisation where it is known, in this order."""


def cover(material: Material, identifier: str) -> Section:
    """Return the title page of the report with that *identifier*."""
    return Section("cover", material.say("cover.title"), (Terms(tuple(_pairs(material, identifier))),))


def _pairs(material: Material, identifier: str) -> Iterator[tuple[str, str]]:
    say, report = material.say, material.report
    yield from ((say(f"cover.{name}"), material.about[name]) for name in KNOWN if material.about.get(name))
    yield say("cover.period"), say("cover.dates", period=material.period, zone=report.time_zone)
    if part := material.part:
        yield say("cover.part"), part
    yield say("cover.closed_through"), moment(utc(report.closed_through))
    yield say("cover.status"), say("cover.final" if report.complete else "cover.draft")
    yield say("cover.identifier"), identifier
    yield say("cover.fingerprint"), material.fingerprint
    if version := material.about.get("version"):
        yield say("cover.program"), f"Empreinte {version}"
