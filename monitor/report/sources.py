"""By what the figures of a year were reckoned, as JSON: restatements, factors with their sources, hardware."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitor.report.model import moment
from monitor.report.quantities import hours

if TYPE_CHECKING:
    from monitor.core.embodied import Asset
    from monitor.core.factors import Factor
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
        "made": None if made is None else moment(made.made),
        "author": None if made is None else made.author,
        "reason": None if made is None else made.reason,
        "factor_set": None if made is None else made.factor_set,
    }


def _used(one: FactorUsed) -> dict[str, Any]:
    return {"role": one.role, "how": list(one.how), "hours": hours(one.time), **_factor(one.factor)}


def _factor(factor: Factor) -> dict[str, Any]:
    return {
        "key": factor.key,
        "quantity": factor.quantity.value,
        "subject": factor.subject,
        "provider": factor.provider,
        "value": f"{factor.value:f}",
        "low": f"{factor.low:f}",
        "high": f"{factor.high:f}",
        "unit": factor.unit,
        # what the organisation states itself may have no year
        "year": factor.year or None,
        "valid_from": factor.valid_from.isoformat(),
        "valid_to": None if factor.valid_to is None else factor.valid_to.isoformat(),
        "cycle": factor.basis.cycle,
        "boundary": factor.basis.boundary,
        "accounting": factor.basis.accounting,
        "source": factor.source,
        "address": factor.address,
        "licence": factor.licence,
        "retrieved": factor.retrieved.isoformat(),
        "note": factor.note,
    }


def _live(one: LiveUsed) -> dict[str, Any]:
    return {
        "provider": one.provider,
        "zone": one.zone,
        "hours": hours(one.time),
        "lowest_grams_per_kilowatt_hour": f"{one.lowest:f}",
        "highest_grams_per_kilowatt_hour": f"{one.highest:f}",
        "mean_grams_per_kilowatt_hour": round(float(one.mean), 3),
    }


def _asset(asset: Asset) -> dict[str, Any]:
    """Return one asset, its factors by key: they stand in the list of factors."""
    return {
        "name": asset.name,
        "resource": asset.resource,
        "amount": f"{asset.amount:f}",
        "share_ratio": f"{asset.share:f}",
        "bought": None if asset.bought is None else asset.bought.isoformat(),
        "gwp": asset.gwp.key,
        "adpe": None if asset.adpe is None else asset.adpe.key,
        "lifetime": asset.lifetime.key,
    }
