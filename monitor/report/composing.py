"""The report as a document: which sections it has, in which order."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final
from uuid import NAMESPACE_URL, uuid5

from monitor.report.document import Document
from monitor.report.sections.annex import annex
from monitor.report.sections.assurance import assurance
from monitor.report.sections.bought import bought
from monitor.report.sections.commitments import commitments
from monitor.report.sections.contracts import contracts
from monitor.report.sections.cover import cover
from monitor.report.sections.frameworks import frameworks
from monitor.report.sections.groups import groups
from monitor.report.sections.imported import imported
from monitor.report.sections.method import method
from monitor.report.sections.perimeter import perimeter
from monitor.report.sections.quality import quality
from monitor.report.sections.reconciliation import reconciliation
from monitor.report.sections.services import services
from monitor.report.sections.summary import summary
from monitor.report.sections.units import units
from monitor.report.sections.yearly import yearly

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.report.material import Material

NAMESPACE: Final = uuid5(NAMESPACE_URL, "https://empreinte.example/report")
"""What identifiers of reports are made in: the same figures have the same one."""


def compose(material: Material) -> Document:
    """Return the report of *material* as a document in the language of its words."""
    report, words, about = material.report, material.words, material.about
    identifier = identifier_of(material)
    sections = (
        cover(material, identifier),
        summary(material),
        perimeter(material),
        services(material),
        groups(material),
        units(material),
        bought(material),
        imported(material),
        yearly(material),
        commitments(material),
        contracts(material),
        quality(material),
        reconciliation(material),
        frameworks(material),
        method(material),
        assurance(material),
        annex(material),
    )
    return Document(
        language=words.language,
        title=words.say("report.title", period=material.period),
        subtitle=", ".join(
            part for part in (about.get("organisation") or words.say("report.no_organisation"), material.part) if part
        ),
        identity={
            "identifier": identifier,
            "fingerprint": material.fingerprint,
            "period": f"{report.year}{report.scope.suffix}",
            "edition": "final" if report.complete else "draft",
            "simulated": "yes" if report.simulated else "no",
        },
        made=min(report.closed_through, report.interval.end),
        sections=tuple(section for section in sections if section is not None),
    )


def identifier_of(material: Material) -> str:
    """Return what identifies the report: a UUID of its figures."""
    return str(uuid5(NAMESPACE, material.fingerprint))


def fingerprint_of(figures: Mapping[str, Any]) -> str:
    """Return the SHA-256 of all exact *figures* of a report, in hexadecimal: they are those of the JSON in English."""
    text = json.dumps(figures, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
