"""From the configuration to the terms that hours are reckoned by: which factors hold here, and what was stated.

A zone, a provider or a file of factors that can't be used is refused at once: nothing is chosen silently.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.adapters.codecarbon import CodeCarbonFailed
from monitor.adapters.hardware import detect
from monitor.adapters.nvml import cards
from monitor.core.calendar import local_time
from monitor.core.factors import OWN, Accounting, Basis, Catalogue, NoFactorError, Quantity, stated
from monitor.core.terms import Choices, Reckoner, Tariff
from monitor.core.zones import canonical, parent_of
from monitor.factors.codecarbon import completed
from monitor.factors.loading import FactorsError, load
from monitor.inventory.assets import InventoryError
from monitor.inventory.counting import assets_of
from monitor.inventory.models import shipped_models

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal
    from pathlib import Path

    from monitor.config import Config
    from monitor.config.impact_tables import MarketTable, TariffTable
    from monitor.core.embodied import Asset
    from monitor.core.factors import Factor
    from monitor.inventory.assets import Inventory


class ReckoningError(Exception):
    """The configuration asks for what impacts can't be reckoned with. The text is a sentence for each fault."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """What impacts are reckoned with here: the factors, the hardware, and the terms made of both."""

    catalogue: Catalogue
    inventory: Inventory
    reckoner: Reckoner | None
    """None where no zone is configured: impacts are unknown then."""


def assemble(config: Config, now: int, *, sysfs: Path, procfs: Path, nvml: object | None = None) -> Assembly:
    """Return what impacts are reckoned with under *config*, at *now* (ns since the epoch), on the machine of the roots.

    Raises ReckoningError: a zone, a provider, a set, a file of factors or an asset that can't be had, with the cure.
    """
    try:
        catalogue = _catalogue(config, now)
        inventory = inventory_of(config, catalogue, sysfs=sysfs, procfs=procfs, nvml=nvml)
    except (FactorsError, NoFactorError, InventoryError) as error:
        raise ReckoningError(str(error)) from error
    return Assembly(catalogue, inventory, reckoner_of(config, catalogue, inventory.assets))


def inventory_of(
    config: Config, catalogue: Catalogue, *, sysfs: Path, procfs: Path, nvml: object | None = None
) -> Inventory:
    """Return the hardware that counts on the machine of the roots. Raises InventoryError: an asset can't be used."""
    return assets_of(
        detect(sysfs, procfs, cards(nvml)),
        config.assets,
        catalogue,
        config.host.hardware_share,
        detect=config.inventory.detect,
        models=shipped_models(),
    )


def reckoner_of(config: Config, catalogue: Catalogue, assets: Iterable[Asset]) -> Reckoner | None:
    """Return what says by which terms each hour is reckoned; None where no zone is configured."""
    if not config.zone:
        return None
    return Reckoner(catalogue, _choices(config, tuple(assets)), config.organisation.timezone)


def _catalogue(config: Config, now: int) -> Catalogue:
    """Return the factors that *config* asks for; those of a country that the set lacks are CodeCarbon's."""
    wanted, zone = config.factors, config.zone
    catalogue = load(wanted.set, wanted.files)
    if not zone:
        return catalogue
    try:
        catalogue = completed(catalogue, zone)
    except CodeCarbonFailed as error:
        why = str(error).partition(":")[0]
        raise NoFactorError(f"there is no electricity factor of {zone} ({why})", OWN) from error
    catalogue.as_of(Quantity.ELECTRICITY, zone, local_time(now, config.organisation.timezone).date(), wanted.provider)
    _require_provider(catalogue, config)
    return catalogue


def _choices(config: Config, assets: tuple[Asset, ...]) -> Choices:
    site, market = config.site, config.factors.market
    own = _Stated(config)
    return Choices(
        zone=config.zone,
        provider=config.factors.provider,
        live=config.factors.live or "",
        site_kind=site.kind or "" if site is not None else "",
        pue=own.of_site(Quantity.PUE, "host.pue", config.pue),
        wue=own.of_site(Quantity.WUE, "host.wue", config.wue),
        market=None if market is None else own.market(market),
        tariffs=tuple(own.tariff(table) for table in config.tariffs),
        assets=assets,
    )


class _Stated:
    """Makes factors of what the configuration states."""

    def __init__(self, config: Config) -> None:
        self._where = f"{config.file}" if config.file is not None else "the configuration"
        self._zone = config.zone

    def of_site(self, quantity: Quantity, key: str, value: Decimal | None) -> Factor | None:
        """Return *value*, which stands under *key*; None where nothing was stated."""
        if value is None:
            return None
        return stated(key, quantity, self._zone, (value, value, value), f"stated in {self._where}")

    def market(self, table: MarketTable) -> Factor:
        """Return what a kilowatt-hour of the contract in *table* emits."""
        low, high = (table.value if bound is None else bound for bound in (table.low, table.high))
        return stated(
            "factors.market",
            Quantity.ELECTRICITY,
            self._zone,
            (low, table.value, high),
            table.source,
            year=table.year,
            basis=Basis(accounting=Accounting.MARKET),
        )

    def tariff(self, table: TariffTable) -> Tariff:
        """Return the tariff of *table*."""
        usual = table.price if table.price is not None else table.peak
        if usual is None:
            message = "a tariff without price came through the configuration"
            raise TypeError(message)
        return Tariff(
            valid_from=table.valid_from,
            price=self._price(table, "price", usual),
            off_peak=None if table.off_peak is None else self._price(table, "off_peak", table.off_peak),
            off_peak_minutes=tuple((hours.begin, hours.end) for hours in table.off_peak_hours),
        )

    def _price(self, table: TariffTable, name: str, value: Decimal) -> Factor:
        return stated(
            f"tariff/{table.valid_from}/{name}",
            Quantity.ELECTRICITY_PRICE,
            self._zone,
            (value, value, value),
            table.source,
            year=table.valid_from.year,
            since=table.valid_from,
        )


def _require_provider(catalogue: Catalogue, config: Config) -> None:
    """Raises NoFactorError where a provider that is named has nothing for the zone, yearly or to scale by."""
    country = parent_of(canonical(config.zone))
    there = tuple(
        dict.fromkeys((*catalogue.providers(config.zone), *(catalogue.providers(country) if country else ())))
    )
    for key, provider in (("factors.provider", config.factors.provider), ("factors.live", config.factors.live)):
        if provider and provider not in there:
            raise NoFactorError(
                f"{key} names {provider}, of which there is no yearly figure for {config.zone}",
                f"take one of {', '.join(there)}, or give one in a file of your own (`[factors] files`)",
            )
