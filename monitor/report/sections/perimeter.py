"""What is in the figures, and what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.report.document import Listing, Paragraph, Section

if TYPE_CHECKING:
    from monitor.report.material import Material


def perimeter(material: Material) -> Section:
    """Return the section of the perimeter."""
    say, report = material.say, material.report
    counted = [say(f"perimeter.in_{number}") for number in range(1, 4)]
    if report.bought.sums:
        counted.append(say("perimeter.in_bought"))
    left = [say(f"perimeter.out_{number}") for number in range(1, 6)]
    if not report.bought.sums:
        left.append(say("perimeter.out_bought"))
    return Section(
        "perimeter",
        say("perimeter.title"),
        (
            Paragraph(say("perimeter.counted")),
            Listing(tuple(counted)),
            Paragraph(say("perimeter.left_out")),
            Listing(tuple(left)),
            Paragraph(say("perimeter.unknown")),
            Paragraph(say("perimeter.overlap")),
        ),
    )
