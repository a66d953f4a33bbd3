"""Runs that another program tracked, in a report: a scope of their own, in no figure of the host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from monitor.core.calendar import utc
from monitor.core.readings import Method

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monitor.core.imported import ImportedUse

METHOD: Final = Method.MODELLED
"""Of all that is imported: a file does not say how it was measured."""


def elsewhere(uses: Iterable[ImportedUse], host: str) -> tuple[ImportedUse, ...]:
    """Return the *uses* of other machines than *host*: those of the host may be in its own figures already."""
    return tuple(one for one in uses if one.source.machine != host)


def here(uses: Iterable[ImportedUse], host: str) -> tuple[ImportedUse, ...]:
    """Return the *uses* of *host* itself: a cross-check, in no sum."""
    return tuple(one for one in uses if one.source.machine == host)


def emitted(uses: Sequence[ImportedUse]) -> int | None:
    """Return what *uses* emitted together, in micrograms CO2e; None where that of one is unknown, or none is there."""
    amounts = [one.emissions for one in uses if one.emissions is not None]
    return sum(amounts) if uses and len(amounts) == len(uses) else None


def imported_told(uses: Sequence[ImportedUse], host: str, of_host: int | None) -> dict[str, Any]:
    """Return the section as plain values; *of_host* are the emissions of *host* in micrograms, None where unknown."""
    others = elsewhere(uses, host)
    amount = emitted(others)
    return {
        "runs": [_told(one, host) for one in uses],
        "totals": {
            "host_emissions_micrograms": of_host,
            "imported_emissions_micrograms": amount,
            "host_and_imported_emissions_micrograms": None if of_host is None or amount is None else of_host + amount,
            "imported_energy_microjoules": sum(one.energy for one in others),
        },
    }


def _told(one: ImportedUse, host: str) -> dict[str, Any]:
    return {
        "machine": one.source.machine,
        "counts": one.source.machine != host,
        "project": one.project,
        "service": one.service or None,
        "runs": one.runs,
        "energy_microjoules": one.energy,
        "emissions_micrograms": one.emissions,
        "water_microliters": one.water,
        "method": METHOD.value,
        "tracking_modes": list(one.modes),
        "codecarbon_versions": list(one.versions),
        "file": one.source.name,
        "sha256": one.source.digest,
        "author": one.source.author,
        "imported": utc(one.source.made),
    }
