"""By what the figures of a year were reckoned, as JSON: restatements, factors with their sources, hardware."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitor.core.calendar import utc
from monitor.core.factor_facts import facts_of, iso
from monitor.report.quantities import hours

if TYPE_CHECKING:
    from decimal import Decimal

    from monitor.core.embodied import Asset
    from monitor.report.factors import FactorUsed, LiveUsed
    from monitor.report.model import Report


def reckoning(report: Report) -> dict[str, Any]:
    """Return it as plain values. Figures of factors are decimal texts, exactly as their source has them."""
    found = report.reckoning
    return {
        "generations": [_generation(number, hours(time), report) for number, time in found.generations],
        "factors": [_used(one) for one in found.factors],
        "live_intensities": [_live(one) for one in found.live],
        "filled_hours": hours(found.filled),
        "hardware": [_asset(asset) for asset in found.assets],
    }


def _generation(number: int, over: str, report: Report) -> dict[str, Any]:
    """Return one generation; of 0, which is as hours were derived when they closed, there is nothing else to tell."""
    made = next((one for one in report.generations if one.number == number), None)
    return {
        "number": number,
        "hours": over,
        "made": None if made is None else utc(made.made),
        "author": None if made is None else made.author,
        "reason": None if made is None else made.reason,
        "factor_set": None if made is None else made.factor_set,
    }


def _used(one: FactorUsed) -> dict[str, Any]:
    return {"role": one.role, "how": list(one.how), "hours": hours(one.time), **facts_of(one.factor, _exact)}


def _exact(value: Decimal) -> str:
    return f"{value:f}"


def _live(one: LiveUsed) -> dict[str, Any]:
    return {
        "provider": one.provider,
        "zone": one.zone,
        "hours": hours(one.time),
        "lowest_grams_per_kilowatt_hour": _exact(one.lowest),
        "highest_grams_per_kilowatt_hour": _exact(one.highest),
        "mean_grams_per_kilowatt_hour": round(float(one.mean), 3),
    }


def _asset(asset: Asset) -> dict[str, Any]:
    """Return one asset, its factors by key: they stand in the list of factors."""
    return {
        "name": asset.name,
        "resource": asset.resource,
        "amount": _exact(asset.amount),
        "share_ratio": _exact(asset.share),
        "bought": iso(asset.bought),
        "gwp": asset.gwp.key,
        "adpe": None if asset.adpe is None else asset.adpe.key,
        "lifetime": asset.lifetime.key,
    }
