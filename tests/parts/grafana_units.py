"""How Grafana writes a value in each of the units that our dashboards use. Checked against what its 13.2 writes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

PREFIXES: Final = ("p", "n", "µ", "m", "", "k", "M", "G", "T", "P")
NONE: Final = PREFIXES.index("")
SCALED: Final = {"watth": "Wh", "joule": "J"}
"""Units that get a prefix, and their signs."""
SUFFIXES: Final = {"reqps": "req/s"}
DURATIONS: Final = ((86_400, "days"), (3_600, "hours"), (60, "mins"), (1, "s"))
THOUSANDS: Final = ("", " K", " Mil", " Bil", " Tri")
AUTO: Final = 2


def written(value: float, unit: str, decimals: int | None) -> str:
    """Return *value* as Grafana writes it."""
    if unit in SCALED:
        return _scaled(value, SCALED[unit], decimals)
    if unit.startswith("suffix:") or unit in SUFFIXES:
        return f"{_fixed(value, decimals)} {SUFFIXES.get(unit, unit.removeprefix('suffix:'))}"
    if unit.startswith("time:"):
        return datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%d")
    match unit:
        case "percentunit":
            return f"{_fixed(value * 100, decimals)}%"
        case "s":
            return _duration(value, decimals)
        case "short":
            return _short(value, decimals)
    raise AssertionError(f"how Grafana writes {unit!r} is not known here")


def _fixed(value: float, decimals: int | None) -> str:
    if decimals is None:
        return f"{value:.{AUTO}f}".rstrip("0").rstrip(".")
    return f"{value:.{decimals}f}"


def _scaled(value: float, sign: str, decimals: int | None) -> str:
    place = NONE
    while abs(value) >= 1000 and place < len(PREFIXES) - 1:
        value, place = value / 1000, place + 1
    while 0 < abs(value) < 1 and place > 0:
        value, place = value * 1000, place - 1
    return f"{_fixed(value, decimals)} {PREFIXES[place]}{sign}"


def _duration(value: float, decimals: int | None) -> str:
    for length, name in DURATIONS:
        if abs(value) >= length:
            return f"{_fixed(value / length, decimals)} {name}"
    return _scaled(value, "s", decimals) if value else "0 s"


def _short(value: float, decimals: int | None) -> str:
    place = 0
    while abs(value) >= 1000 and place < len(THOUSANDS) - 1:
        value, place = value / 1000, place + 1
    return f"{_fixed(value, decimals)}{THOUSANDS[place]}"
