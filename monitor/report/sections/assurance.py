"""What an auditor runs again, and what has to come out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.report.document import Listing, Paragraph, Section, Terms

if TYPE_CHECKING:
    from monitor.report.material import Material


def assurance(material: Material) -> Section:
    """Return the page for auditors."""
    say, report = material.say, material.report
    steps = tuple(say(f"assurance.step_{number}", year=report.year) for number in range(1, 5))
    return Section(
        "assurance",
        say("assurance.title"),
        (
            Paragraph(say("assurance.reading")),
            Listing(steps),
            Terms(((say("cover.fingerprint"), material.fingerprint),)),
            Paragraph(say("assurance.sampling")),
        ),
    )
