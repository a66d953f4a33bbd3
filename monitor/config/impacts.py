"""What of the configured impacts is right by itself and wrong together."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from monitor.config.impact_tables import AssetKind, AssetTable, LiveSource
from monitor.config.tables import keys_of
from monitor.core.zones import canonical, parent_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from monitor.config.host import HostFacts
    from monitor.config.impact_tables import FactorsTable, MarketTable, SiteTable, TariffTable
    from monitor.config.tables import Faults


def check_sites(host: HostFacts | None, sites: Sequence[tuple[str, SiteTable]], faults: Faults) -> None:
    """Note sites of one key, and a host that contradicts its site, or names none of those that there are."""
    _note_twice("key", [(path, site.key, site.key) for path, site in sites], "a site", faults)
    own = next((site for _, site in sites if host and site.key == host.site), None)
    if host and host.site and sites and own is None:
        known = [site.key for _, site in sites]
        close = get_close_matches(host.site, known, n=1) or known[:1]
        faults.note(
            "host.site", f"there is no [[site]] {host.site}, so that its zone and PUE are lost", f'"{close[0]}"'
        )
    if host and own and host.zone and own.zone and canonical(host.zone) != canonical(own.zone):
        faults.note(
            "host.zone", f"{host.zone} is not the zone of its site, {own.key}, {own.zone}: take the wrong one out"
        )


def zone_of(host: HostFacts | None, sites: Sequence[tuple[str, SiteTable]]) -> str | None:
    """Return the zone of the host, else of its site; empty where neither says; None where the host has a fault."""
    if host is None:
        return None
    return host.zone or next((site.zone for _, site in sites if site.key == host.site), "")


def check_factors(factors: FactorsTable | None, zone: str | None, faults: Faults) -> None:
    """Note what a live source lacks, and what does nothing. *zone*: the machine's; None where it has a fault itself."""
    if factors is None:
        return
    if factors.market:
        _check_market(factors.market, faults)
    _check_live(factors, faults)
    if factors.live is not None and zone is not None:
        _check_live_zone(factors.live, zone, faults)


def _check_live(factors: FactorsTable, faults: Faults) -> None:
    if factors.live is None:
        for name in ("token_file", "address", "certificates"):
            if getattr(factors, name):
                faults.note(f"factors.{name}", "it does nothing without factors.live: set that, or take this out")
    elif factors.live is LiveSource.ELECTRICITY_MAPS and factors.token_file is None:
        example = 'token_file = "/etc/empreinte/electricity_maps.token"'
        faults.note("factors.token_file", "electricity_maps answers nobody without a token", example)
    elif factors.live is LiveSource.RTE and factors.token_file is not None:
        faults.note("factors.token_file", "rte asks for no token: take it out")


def _check_live_zone(live: LiveSource, zone: str, faults: Faults) -> None:
    code = canonical(zone)
    if not zone:
        faults.note("factors.live", "of which zone is it to be asked? Set host.zone", 'zone = "FR" in [host]')
    elif live is LiveSource.RTE and "FR" not in {code, parent_of(code)}:
        what = f"rte knows mainland France alone, not {zone}"
        faults.note("factors.live", what, f'"{LiveSource.ELECTRICITY_MAPS}", or take it out')


def _check_market(market: MarketTable, faults: Faults) -> None:
    _check_range("factors.market", (("low", market.low), ("value", market.value), ("high", market.high)), faults)


def check_tariffs(tariffs: Sequence[tuple[str, TariffTable]], faults: Faults) -> None:
    """Note tariffs of one day, and those that don't say one price, or two with their hours."""
    _note_twice(
        "valid_from", [(path, one.valid_from, str(one.valid_from)) for path, one in tariffs], "a tariff", faults
    )
    for path, tariff in tariffs:
        parts = {"peak": tariff.peak, "off_peak": tariff.off_peak, "off_peak_hours": tariff.off_peak_hours or None}
        given = [name for name, value in parts.items() if value is not None]
        if tariff.price is not None and given:
            faults.note(path, f"price and {' and '.join(given)} are given: keep one price, or two with their hours")
        elif tariff.price is None and not given:
            faults.note(path, "what does a kilowatt-hour cost?", 'price = "0.2016 EUR/kWh"')
        elif given and len(given) < len(parts):
            missing = [name for name in parts if name not in given]
            faults.note(path, f"with {' and '.join(given)}, {' and '.join(missing)} is needed too")


def completed_assets(assets: Sequence[tuple[str, AssetTable]], faults: Faults) -> list[tuple[str, AssetTable]]:
    """Return the *assets* with the resource that their kind has; note those that can't be."""
    for path, asset in assets:
        _check_figures(path, asset, faults)
        if asset.kind is AssetKind.GPU:
            _check_gpu(path, asset, faults)
    return [(path, replace(asset, resource=asset.resource or asset.kind.resource)) for path, asset in assets]


def check_names(assets: Iterable[tuple[str, AssetTable]], faults: Faults) -> None:
    """Note assets of one name."""
    _note_twice("name", [(path, asset.name, asset.name) for path, asset in assets], "an asset", faults)


def _check_figures(path: str, asset: AssetTable, faults: Faults) -> None:
    """Note an asset that has neither a model nor figures, or both, or figures that lack something."""
    if asset.embodied is None:
        _check_model(path, asset, faults)
        return
    if asset.model:
        faults.note(path, "model and embodied are given: keep the surer one")
    if asset.capacity is not None:
        faults.note(f"{path}.capacity", "embodied is the figure of one piece, whatever its capacity: take it out")
    for name in ("embodied_low", "embodied_high", "year", "source"):
        if getattr(asset, name) in (None, ""):
            faults.note(f"{path}.{name}", "this key is needed with embodied", f"{name} = {_example(name)}")
    for name in ("embodied", "adpe"):
        _check_asset_range(path, asset, name, faults)


def _check_model(path: str, asset: AssetTable, faults: Faults) -> None:
    if not asset.model:
        faults.note(path, "what is it?", 'model = "..." as `empreinte factors list` shows, or embodied with its source')
    for name in ("embodied_low", "embodied_high", "adpe", "adpe_low", "adpe_high", "year", "source"):
        if getattr(asset, name) not in (None, ""):
            faults.note(f"{path}.{name}", "it goes with embodied: give that too, or take this out")


def _check_asset_range(path: str, asset: AssetTable, name: str, faults: Faults) -> None:
    keys = (f"{name}_low", name, f"{name}_high")
    figures = [(key, getattr(asset, key)) for key in keys]
    if getattr(asset, name) is None:
        for key, figure in figures:
            if figure is not None:
                faults.note(f"{path}.{key}", f"it goes with {name}: give that too, or take this out")
        return
    _check_range(path, figures, faults)


def _check_gpu(path: str, asset: AssetTable, faults: Faults) -> None:
    if not asset.resource:
        faults.note(f"{path}.resource", "which GPU is it?", 'resource = "gpu0"')
    if asset.count > 1:
        faults.note(f"{path}.count", "each GPU is held by itself: write an [[asset]] for each, with its resource")


def _check_range(path: str, figures: Sequence[tuple[str, Decimal | None]], faults: Faults) -> None:
    """Note *figures*, which go from low to high, that don't."""
    given = [(name, figure) for name, figure in figures if figure is not None]
    for (lower, low), (upper, high) in pairwise(given):
        if low > high:
            faults.note(f"{path}.{lower}", f"it is more than {upper}")


def _note_twice(key: str, seen: Iterable[tuple[str, Any, str]], noun: str, faults: Faults) -> None:
    first: dict[Any, str] = {}
    for path, value, written in seen:
        if value in first:
            faults.note(f"{path}.{key}", f"{written} is already the {key} of {noun}, at {first[value]}")
        first.setdefault(value, path)


def _example(name: str) -> str:
    return next(key.example for one, key in keys_of(AssetTable) if one == name)
