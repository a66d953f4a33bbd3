"""Which parts of the machine were measured in the year, and what no meter covered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.readings import DRAM, PACKAGE, PLATFORM, REST, Method
from monitor.report.document import Paragraph

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.report.material import Material

MEASURED: Final = frozenset({Method.COUNTER, Method.INTEGRATED})


def covered(material: Material) -> tuple[Paragraph, ...]:
    """Return a paragraph that names both; nothing where no energy is known."""
    methods: dict[str, set[Method]] = {}
    for row in material.report.rows:
        methods.setdefault(row.series.resource, set()).add(row.series.method)
    if not methods:
        return ()
    measured = {resource for resource, found in methods.items() if found & MEASURED}
    parts = {"measured": measured, "supposed": methods.keys() - measured}
    sentences = [
        material.say(f"covered.{key}", resources=", ".join(material.resource(name) for name in sorted(names)))
        for key, names in parts.items()
        if names
    ]
    beyond = ", ".join(material.say(f"covered.part.{name}") for name in _beyond(measured))
    sentences.append(material.say("covered.beyond", parts=beyond) if beyond else material.say("covered.whole"))
    return (Paragraph(" ".join(sentences)),)


def _beyond(measured: set[str]) -> Iterator[str]:
    """Yield what no meter covered: nothing where the whole machine was measured, of which the rest is left."""
    if measured & {PLATFORM, REST}:
        return
    yield from (name for name in (PACKAGE, DRAM) if name not in measured)
    yield "beside"
