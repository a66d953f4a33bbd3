"""How values of clauses and contracts are read: metrics, thresholds with their unit, money, codes."""

import re
from collections.abc import Mapping
from decimal import Decimal
from difflib import get_close_matches
from fractions import Fraction
from typing import Final

from monitor.config.amounts import Exact
from monitor.config.procurement import names
from monitor.config.quantities import WrongValueError
from monitor.core.contracts import METRICS, Metric, Operator, Quantity, Threshold
from monitor.core.units import GRAMS_PER_KILOGRAM

_ONE: Final = Decimal(1)
_JOULES: Final = 3600
"""Of a watt-hour. Source: SI brochure, 9th edition, table 8 (hour)."""
UNITS: Final[Mapping[str, tuple[Quantity, Fraction]]] = {
    "Wh": (Quantity.ENERGY, Fraction(_JOULES)),
    "mWh": (Quantity.ENERGY, Fraction(_JOULES, 1000)),
    "kWh": (Quantity.ENERGY, Fraction(_JOULES * 1000)),
    "MWh": (Quantity.ENERGY, Fraction(_JOULES * 1_000_000)),
    "J": (Quantity.ENERGY, Fraction(1)),
    "gCO2e": (Quantity.EMISSIONS, Fraction(1)),
    "mgCO2e": (Quantity.EMISSIONS, Fraction(1, 1000)),
    "kgCO2e": (Quantity.EMISSIONS, Fraction(GRAMS_PER_KILOGRAM)),
    "tCO2e": (Quantity.EMISSIONS, Fraction(GRAMS_PER_KILOGRAM * 1000)),
    "L": (Quantity.WATER, Fraction(1)),
    "mL": (Quantity.WATER, Fraction(1, 1000)),
    "m3": (Quantity.WATER, Fraction(1000)),
    "%": (Quantity.SHARE, Fraction(1, 100)),
    "g/kWh": (Quantity.INTENSITY, Fraction(1)),
    "L/kWh": (Quantity.WATER_USE, Fraction(1)),
}
"""What each unit of a threshold is an amount of, and how many of the quantity's units it holds."""
EXAMPLES: Final[Mapping[Quantity, str]] = {
    Quantity.ENERGY: '"3 Wh"',
    Quantity.EMISSIONS: '"120 kgCO2e"',
    Quantity.WATER: '"2 m3"',
    Quantity.SHARE: '"20 %"',
    Quantity.RATIO: "1.4",
    Quantity.INTENSITY: '"100 g/kWh"',
    Quantity.WATER_USE: '"0.4 L/kWh"',
}
_amount: Final = Exact(
    noun="a threshold",
    units=dict.fromkeys(UNITS, _ONE),
    example='"3 Wh"',
    highest=Decimal("Infinity"),
    positive=True,
    mistaken={
        **dict.fromkeys(("kg", "kgco2", "kgco2eq", "kgco₂e", "kgeqco2", "kgéqco2"), ("kgCO2e", _ONE)),
        **dict.fromkeys(("g", "gco2", "gco2eq", "geqco2"), ("gCO2e", _ONE)),
        **dict.fromkeys(("t", "tco2", "tco2eq", "teqco2", "téqco2"), ("tCO2e", _ONE)),
        **dict.fromkeys(("gco2e/kwh", "gco2/kwh", "gco2eq/kwh", "geqco2/kwh"), ("g/kWh", _ONE)),
        **dict.fromkeys(("litre", "litres", "liter", "liters"), ("L", _ONE)),
        **dict.fromkeys(("percent", "pourcent", "pct"), ("%", _ONE)),
        "w": ("Wh", _ONE),
        "kw": ("kWh", _ONE),
        "m³": ("m3", _ONE),
    },
)
money: Final = Exact(
    noun="an amount of money",
    units={"EUR": _ONE, "€": _ONE},
    example='"48000 EUR"',
    highest=Decimal(1_000_000_000),
    positive=True,
    mistaken={
        **dict.fromkeys(("euro", "euros"), ("EUR", _ONE)),
        **dict.fromkeys(("k€", "keur"), ("EUR", Decimal(1000))),
    },
)
"""A `Read` of what a contract is worth, in euros."""
_NUMBER: Final = re.compile(r"\d+(\.\d+)?")
_CPV: Final = re.compile(r"\d{8}(-\d)?")
_OPERATORS: Final[Mapping[str, Operator]] = {
    **dict.fromkeys(("≤", "=<", "max", "at most", "au plus"), Operator.AT_MOST),
    **dict.fromkeys(("≥", "=>", "min", "at least", "au moins"), Operator.AT_LEAST),
}
"""What people write, and what they mean. Suggested, never taken."""


def metric(value: object) -> Metric:
    """Return what a clause is about. One that can't be known is refused, with those that can."""
    known = METRICS.get(value) if isinstance(value, str) else None
    if known is None:
        close = get_close_matches(str(value).lower(), METRICS, n=1)
        message = f"{value!r} is not among what can be known here: {', '.join(METRICS)}"
        raise WrongValueError(message, f'"{close[0]}"' if close else "")
    return known


def operator(value: object) -> Operator:
    """Return how a figure that meets the clause stands to the threshold."""
    known = [one.value for one in Operator]
    if isinstance(value, str) and value in known:
        return Operator(value)
    meant = _OPERATORS.get(str(value).strip().lower())
    message = f"{value!r} is none of {', '.join(known)}"
    raise WrongValueError(message, f'"{meant.value}"' if meant else "")


def threshold(value: object) -> Threshold:
    """Return what a figure is compared with: an amount with its unit, a share in percent, or the plain number of a PUE.

    Raises WrongValueError, with what to write.
    """
    written = " ".join(str(value).split())
    if not isinstance(value, bool) and _NUMBER.fullmatch(written):
        if not Fraction(written):
            message = "a threshold can't be zero"
            raise WrongValueError(message)
        return Threshold(Fraction(written), Quantity.RATIO, written)
    number = Fraction(_amount(value))
    # the longest first: a kWh ends as a Wh does
    unit = next(unit for unit in sorted(UNITS, key=len, reverse=True) if written.endswith(unit))
    quantity, many = UNITS[unit]
    return Threshold(number * many, quantity, written)


def units_told(quantity: Quantity) -> str:
    """Return in which units thresholds of *quantity* are written, to end a sentence."""
    units = [unit for unit, (of, _) in UNITS.items() if of is quantity]
    return f"in {', '.join(units)}" if units else "a plain number"


def cpv_codes(value: object) -> tuple[str, ...]:
    """Return codes of the common procurement vocabulary: eight digits, and maybe the check digit."""
    codes = names(value)
    for code in codes:
        if _CPV.fullmatch(code) is None:
            message = f"{code!r} is no code of the common procurement vocabulary"
            raise WrongValueError(message, '["72212000-4"], for example')
    return codes
