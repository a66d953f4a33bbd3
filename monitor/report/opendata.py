"""A report as JSON: versioned, sorted, the same bytes from the same ledger."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from monitor.core.calendar import utc
from monitor.core.corrections_told import correction_told
from monitor.core.entries import PSEUDO_SERVICES
from monitor.report.external import bought_told
from monitor.report.imported import imported_told
from monitor.report.model import kilowatt_hours
from monitor.report.quantities import told
from monitor.report.sources import reckoning
from monitor.report.stated import Stated
from monitor.report.stated_told import stated_told
from monitor.report.units import as_json, spreads_told

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from monitor.core.impact import Bounds
    from monitor.core.summary import Impacts
    from monitor.core.units import Energy
    from monitor.report.model import Coverage, Month, Report, Use
    from monitor.report.quantities import Quantity
    from monitor.wording import Words

FORMAT: Final = "empreinte-report"
VERSION: Final = 1
"""Raised when a field changes its meaning or goes; new fields don't raise it."""


def opendata(report: Report, about: Mapping[str, str], words: Words, stated: Stated | None = None) -> dict[str, bytes]:
    """Return the file of the report: name -> content. *about* describes the organisation and the host."""
    text = json.dumps(figures(report, about, words, stated), ensure_ascii=False, indent=1, sort_keys=True)
    return {f"{report.stem}.json": f"{text}\n".encode()}


def figures(report: Report, about: Mapping[str, str], words: Words, stated: Stated | None = None) -> dict[str, Any]:
    """Return all exact figures of *report*, and what is *stated* beside it, as plain values: what the file holds."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "about": {name: value for name, value in about.items() if value},
        "simulated": report.simulated,
        "scope": {name: getattr(report.scope, name) or None for name in ("service", "department", "site")},
        "year": report.year,
        "time_zone": report.time_zone,
        "start": utc(report.interval.start),
        "end": utc(report.interval.end),
        "closed_through": utc(report.closed_through),
        "complete": report.complete,
        "months": [_month(month, words) for month in report.months],
        "services": [_use(use, words) for use in report.uses],
        "unit_hours": spreads_told(report.spreads),
        "impacts": _impacts(report.impacts),
        "impact_coverage_ratio": _ratio(report.impact_coverage),
        "stated": stated_told(stated or Stated()),
        "external": bought_told(report.bought, report.impacts.emissions),
        "reckoning": reckoning(report),
        "gaps": [
            {
                "resource": gap.resource,
                "start": utc(gap.interval.start),
                "end": utc(gap.interval.end),
                "seconds": gap.interval.length.seconds,
                "cause": gap.cause,
            }
            for gap in report.gaps
        ],
        **({"imported": _imported(report, about)} if report.imported else {}),
        # there where there is something to tell: a year without any keeps the fingerprint that it had
        **({"corrections": [correction_told(one) for one in report.corrections]} if report.corrections else {}),
    }


def _imported(report: Report, about: Mapping[str, str]) -> dict[str, Any]:
    emissions = report.impacts.emissions
    return imported_told(report.imported, about.get("host", ""), None if emissions is None else emissions.central)


def _month(month: Month, words: Words) -> dict[str, Any]:
    return {
        "month": month.number,
        "start": utc(month.interval.start),
        "end": utc(month.interval.end),
        "coverage": [_coverage(one) for one in month.coverage],
        # unknown is not zero: a month of which nothing was measured has no list of services at all
        "services": [_use(use, words) for use in month.uses] if month.coverage else None,
        "impacts": _impacts(month.impacts),
    }


def _coverage(one: Coverage) -> dict[str, Any]:
    return {
        "resource": one.resource,
        "measured_seconds": one.measured.seconds,
        "elapsed_seconds": one.elapsed.seconds,
        "ratio": round(one.ratio, 6),
    }


def _use(use: Use, words: Words) -> dict[str, Any]:
    facts = use.facts
    return {
        "service": facts.key,
        "name": words.maybe(f"service.{facts.key}", facts.name),
        "is_service": facts.key not in PSEUDO_SERVICES,
        "department": facts.department,
        "contract": facts.contract,
        "kind": facts.kind,
        "energy": _energy(use.total),
        "by_share": {share.value: _energy(energy) for share, energy in use.shares.items()},
        "by_method": {method: _energy(energy) for method, energy in use.methods.items()},
        "by_resource": {resource: _energy(energy) for resource, energy in use.resources.items()},
        "impacts": _impacts(use.impacts),
        "activity": None if use.units is None else as_json(use.units),
    }


def _impacts(impacts: Impacts) -> dict[str, dict[str, str] | None]:
    """Return every quantity with its bounds, as decimal texts; unknown is null."""
    return {
        f"{quantity.name}_{quantity.unit}": None if amount is None else _bounds(quantity, amount)
        for quantity, amount in told(impacts)
    }


def _bounds(quantity: Quantity, amount: Bounds) -> dict[str, str]:
    return {
        name: quantity.text(one) for name, one in zip(_BOUNDS, (amount.low, amount.central, amount.high), strict=True)
    }


_BOUNDS: Final = ("low", "central", "high")


def _ratio(share: Fraction | None) -> float | None:
    return None if share is None else round(float(share), 6)


def _energy(energy: Energy) -> dict[str, int | str]:
    return {"microjoules": energy.microjoules, "kilowatt_hours": kilowatt_hours(energy)}
