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
        (_sign_off(material),),
    )


def _sign_off(material: Material) -> Section:
    """Return the block that is signed on paper: names where they are known, and lines to write on."""
    say, about = material.say, material.about
    pairs = (
        (say("sign_off.accountable"), about.get("accountable") or say("sign_off.blank")),
        *(((say("sign_off.contact"), about["contact"]),) if about.get("contact") else ()),
        (say("sign_off.edition"), say("cover.final" if material.report.complete else "cover.draft")),
        (say("sign_off.day"), say("sign_off.blank")),
        (say("sign_off.signature"), say("sign_off.blank")),
    )
    return Section("sign_off", say("sign_off.title"), (Paragraph(say("sign_off.reading")), Terms(pairs)))
