"""The hardware that counts here, as a person and as a program read it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from monitor.cli.terminal import Tone
from monitor.core.embodied import YEAR
from monitor.core.factor_facts import iso
from monitor.core.impact import Indicator
from monitor.core.units import GRAMS_PER_KILOGRAM, MICROGRAMS_PER_GRAM, PICOGRAMS_PER_GRAM

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.cli.speech import Speech
    from monitor.cli.terminal import Terminal
    from monitor.config import Config
    from monitor.core.embodied import Asset
    from monitor.core.factors import Factor
    from monitor.inventory.assets import Inventory, Item
    from monitor.wording import Words

MICROGRAMS = MICROGRAMS_PER_GRAM * GRAMS_PER_KILOGRAM
PICOGRAMS = PICOGRAMS_PER_GRAM * GRAMS_PER_KILOGRAM
"""In a kilogram."""
WHOLE_FROM = 100
"""Kilograms from which on decimals say nothing."""


def page(found: Inventory, host: str, speech: Speech, words: Words, terminal: Terminal) -> str:
    """Return what counts on *host*, with its figures, their sources, and what is not counted."""
    parts = [terminal.paint(speech.say("assets.title", host=host), Tone.HEADING)]
    if found.items:
        rows = [_row(item, speech, words) for item in found.items]
        heading = [speech.say(f"assets.{name}") for name in ("name", "making", "yearly", "lifetime", "made_of")]
        parts += [terminal.table([heading, *rows], right=frozenset({1, 2})), _sum(found, speech, words)]
        parts += ["", terminal.paint(speech.say("assets.sources"), Tone.HEADING)]
        parts += [terminal.paragraph(source, "  ", "    ") for source in _sources(found.items, speech)]
    if found.missing:
        parts += ["", terminal.paint(speech.say("assets.missing"), Tone.HEADING)]
        for one in found.missing:
            parts.append(terminal.paragraph(f"{one.what}.", "  ", "  "))
            parts.append(terminal.paragraph(speech.say("doctor.cure", cure=one.cure), "    ", "      "))
    return "\n".join(parts)


def _row(item: Item, speech: Speech, words: Words) -> list[str]:
    asset = item.asset
    years = speech.say("assets.years", years=words.number(float(asset.lifetime.value), _decimals_of(asset.lifetime)))
    return [asset.name, _making(asset, words), _kilograms(_yearly(asset), words), years, _made_of(item, speech)]


def _made_of(item: Item, speech: Speech) -> str:
    if not item.made_of:
        return speech.say("assets.built_in")
    return speech.say("assets.rounded", made_of=item.made_of) if item.rounded else item.made_of


def _decimals_of(factor: Factor) -> int:
    return 0 if factor.value == factor.value.to_integral_value() else 1


def _making(asset: Asset, words: Words) -> str:
    low, central, high = _gwp(asset)
    return f"{_kilograms(central, words)} ({_kilograms(low, words)}-{_kilograms(high, words)})"


def _sum(found: Inventory, speech: Speech, words: Words) -> str:
    bounds = [sum(each) for each in zip(*map(_gwp, found.assets), strict=True)]
    low, making, high = (_kilograms(Fraction(one), words) for one in bounds)
    yearly = _kilograms(Fraction(sum(map(_yearly, found.assets))), words)
    return "  " + speech.say("assets.sum", making=making, low=low, high=high, yearly=yearly)


def _kilograms(amount: Fraction, words: Words) -> str:
    return words.number(float(amount), 0 if amount >= WHOLE_FROM else 1)


def _gwp(asset: Asset) -> tuple[Fraction, Fraction, Fraction]:
    """Return the bounds and the central figure of making this host's part of *asset*, in kgCO2e."""
    whole = asset.making[Indicator.GWP_EMBODIED]
    return whole.low / MICROGRAMS, whole.central / MICROGRAMS, whole.high / MICROGRAMS


def _yearly(asset: Asset) -> Fraction:
    """Return what falls in a year of 8,760 hours of its life, in kgCO2e."""
    return _gwp(asset)[1] * YEAR / asset.life.nanoseconds


def _sources(items: Iterable[Item], speech: Speech) -> list[str]:
    """Return who says what of which assets, each once."""
    said: dict[str, list[str]] = {}
    for item in items:
        for factor in (item.asset.gwp, item.asset.lifetime):
            said.setdefault(_source(factor, speech), []).append(item.asset.name)
        if item.where:
            said.setdefault(speech.say("assets.where", where=item.where), []).append(item.asset.name)
    return [f"{source}: {', '.join(dict.fromkeys(names))}" for source, names in said.items()]


def _source(factor: Factor, speech: Speech) -> str:
    year = f" ({factor.year})" if factor.year else ""
    return speech.say(f"assets.{factor.quantity}", source=f"{factor.source}{year}")


def as_programs_read_it(found: Inventory, config: Config) -> dict[str, object]:
    """Return the same for programs. Figures are of this host's part, in the unit that their name says."""
    return {
        "host": config.host.name,
        "assets": [_asset(item) for item in found.items],
        "missing": [{"what": one.what, "cure": one.cure} for one in found.missing],
    }


def _asset(item: Item) -> dict[str, object]:
    asset = item.asset
    low, central, high = map(float, _gwp(asset))
    return {
        "name": asset.name,
        "kind": item.kind.value,
        "resource": asset.resource,
        "made_of": item.made_of,
        "where": item.where,
        "rounded": item.rounded,
        "amount": float(asset.amount),
        "share": float(asset.share),
        "gwp_kg": {"low": low, "central": central, "high": high},
        "gwp_kg_per_year": float(_yearly(asset)),
        "adpe_kg": _adpe(asset),
        "lifetime_years": float(asset.lifetime.value),
        "bought": iso(asset.bought),
        "factors": [_factor(one) for one in (asset.gwp, asset.adpe, asset.lifetime) if one is not None],
    }


def _adpe(asset: Asset) -> dict[str, float] | None:
    whole = asset.making.get(Indicator.ADPE_EMBODIED)
    if whole is None:
        return None
    bounds = {"low": whole.low, "central": whole.central, "high": whole.high}
    return {name: float(one / PICOGRAMS) for name, one in bounds.items()}


def _factor(factor: Factor) -> dict[str, object]:
    return {
        "key": factor.key,
        "quantity": factor.quantity.value,
        "low": float(factor.low),
        "value": float(factor.value),
        "high": float(factor.high),
        "unit": factor.unit,
        "year": factor.year or None,
        "source": factor.source,
        "address": factor.address,
    }
