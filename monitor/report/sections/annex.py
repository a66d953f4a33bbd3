"""All services, where there are so many that the sections before have the largest alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.report.document import Paragraph, Section
from monitor.report.sections import services, units
from monitor.report.sections.largest import rest_of

if TYPE_CHECKING:
    from monitor.report.material import Material


def annex(material: Material) -> Section | None:
    """Return the annex of all services; None where the sections before have all of them."""
    if not rest_of(material):
        return None
    say = material.say
    tables = (*services.tables(material), *units.tables_of_all(material))
    return Section("all-services", say("annex.title"), (Paragraph(say("annex.reading")), *tables))
