"""Hours that were reckoned: factors, terms and amounts that are easy to tell apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from monitor.core.entries import Holding
from monitor.core.factors import Factor, How, Quantity
from monitor.core.hours import by_consumer, reckon
from monitor.core.impact import Applied, Bounds, HourImpacts, ImpactSeries, Indicator, Role, Terms
from monitor.core.interval import HOUR, Interval
from monitor.core.units import Duration
from tests.fixtures import factors as fixtures
from tests.fixtures.intensities import intensity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.core.embodied import Asset
    from monitor.core.entries import Bucket
    from monitor.core.readings import IntensityReading

HR: Final = HOUR.nanoseconds


def factor(value: str = "52", quantity: Quantity = Quantity.ELECTRICITY) -> Factor:
    """Return a factor of ADEME's with a range of ten per cent around *value*, and letters that not all know."""
    low, high = (f"{Decimal(value) * Decimal(part)}" for part in ("0.9", "1.1"))
    found = fixtures.factor(quantity, value, low, high, provider="ademe", basis=fixtures.ADEME)
    return replace(found, source="ADEME, Base Empreinte, électricité, mix moyen de consommation")


SERVER: Final = fixtures.asset("rest", ("1080", "1200", "1320"), years="5", bought=date(2025, 9, 1))
CARD: Final = fixtures.asset("gpu0", ("1080", "1200", "1320"), adpe="0.0105", years="5", share="0.333")
HELD: Final = {Holding("assistant", "gpu0"): Duration(HR // 2), Holding("_idle", "gpu0"): Duration(HR // 4)}


def terms(level: str = "52", *, filled: bool = False, pue: str = "1.4", assets: tuple[Asset, ...] = ()) -> Terms:
    """Return terms with the *level* of the electricity, in gCO2e/kWh."""
    return Terms(
        "FR",
        (
            Applied(Role.ELECTRICITY, factor(level), (How.OLDER_YEAR, How.PARENT_ZONE)),
            Applied(Role.PUE, factor(pue, Quantity.PUE), (How.EXACT,)),
        ),
        assets,
        filled,
    )


def reckoned(buckets: Iterable[Bucket], by: Terms | None = None, hour: Duration = HOUR) -> list[HourImpacts]:
    """Return what the closed hours among *buckets* came to."""
    return [
        reckon(
            Interval(one.start, one.start + hour.nanoseconds),
            by_consumer(one.entries),
            one.reserved,
            terms() if by is None else by,
        )
        for one in buckets
        if one.grain == "hour"
    ]


def came_to(
    start: int, amounts: Mapping[tuple[str, Indicator], tuple[int, int, int]], by: Terms | None = None
) -> HourImpacts:
    """Return an hour that came to *amounts*: low, central, high."""
    found = {ImpactSeries(*key): Bounds(*amount) for key, amount in amounts.items()}
    return HourImpacts(start, found, terms() if by is None else by)


def told(start: int, grams: str = "41.5", *, estimated: bool = False) -> IntensityReading:
    """Return what a provider tells of a quarter of an hour."""
    raw = f'{{"taux_co2": {grams}, "nature": "Données temps réel"}}'
    return intensity(start, grams, estimated=estimated, raw=raw)
