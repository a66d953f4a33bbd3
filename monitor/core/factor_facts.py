"""The facts of a factor for programs: the same fields by the same names, wherever they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from decimal import Decimal

    from monitor.core.factors import Factor


def facts_of(factor: Factor, number: Callable[[Decimal], float | str]) -> dict[str, Any]:
    """Return what there is to know of *factor*: figures as *number* makes them, days as ISO 8601.

    None is what has no meaning for it, and the year of what the organisation states without one.
    """
    return {
        "key": factor.key,
        "quantity": factor.quantity.value,
        "subject": factor.subject,
        "provider": factor.provider,
        "value": number(factor.value),
        "low": number(factor.low),
        "high": number(factor.high),
        "unit": factor.unit,
        "year": factor.year or None,
        "valid_from": factor.valid_from.isoformat(),
        "valid_to": iso(factor.valid_to),
        "cycle": factor.basis.cycle,
        "boundary": factor.basis.boundary,
        "accounting": factor.basis.accounting,
        "source": factor.source,
        "address": factor.address,
        "licence": factor.licence,
        "retrieved": factor.retrieved.isoformat(),
        "note": factor.note,
    }


def iso(day: date | None) -> str | None:
    """Return *day* as ISO 8601; None where there is none."""
    return None if day is None else day.isoformat()
