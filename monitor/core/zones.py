"""Zones of the electricity grid: countries, parts of countries, and which of them stand alone."""

from __future__ import annotations

import re
from typing import Final

WORLD: Final = "WORLD"
"""The subject of a factor of the whole world. It is a zone of its own, and never stands in for another."""

_CODES: Final = """\
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA
CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA
GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP
KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS
MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS
RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW
TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
COUNTRIES: Final = frozenset(_CODES.split())
"""Source: ISO 3166-1, alpha-2 codes, as of 2025."""

OVERSEAS: Final = {
    "GP": "971",
    "MQ": "972",
    "GF": "973",
    "RE": "974",
    "PM": "975",
    "YT": "976",
    "BL": "977",
    "MF": "978",
    "TF": "984",
    "WF": "986",
    "PF": "987",
    "NC": "988",
}
"""The overseas parts of France: code -> number. Source: ISO 3166-1 and INSEE, official geographic code."""
CORSICA: Final = "FR-COR"
ALIASES: Final = {
    **{f"FR-{number}": code for code, number in OVERSEAS.items()},
    **{f"FR-{code}": code for code in OVERSEAS},
    "FR-20R": CORSICA,
    "FR-2A": CORSICA,
    "FR-2B": CORSICA,
    "UK": "GB",
    "EL": "GR",
}
"""Other codes of a zone -> the one that factors have. Source: ISO 3166-2:FR; Publications Office of the EU (UK, EL)."""
ISOLATED: Final = frozenset({CORSICA, "ES-CE", "ES-CN", "ES-ML", "PT-20", "PT-30", "US-AK", "US-HI"})
"""Parts of a country whose grid is not, or hardly, tied to the rest of it: the country's factor is never theirs.

Overseas territories have a country code of their own, so that no country stands above them. Source: ADEME, Base
Empreinte, documentation of the electricity mixes (mainland only; Corsica and overseas apart); ENTSO-E, map of the
synchronous areas; EIA, Alaska and Hawaii outside the interconnections.
"""
_SHAPE: Final = re.compile(r"(?P<country>[A-Z]{2})(?P<part>(-[A-Z0-9]{1,8})*)")


def canonical(zone: str) -> str:
    """Return the code under which factors of *zone* are kept: `RE` for `FR-974`."""
    return ALIASES.get(zone, zone)


def is_known(zone: str) -> bool:
    """Return whether *zone* is a country, a part of one, or the world."""
    shape = _SHAPE.fullmatch(canonical(zone))
    return zone == WORLD or (shape is not None and shape["country"] in COUNTRIES)


def parent_of(zone: str) -> str:
    """Return the country whose factor may stand in for *zone*, a part of it; empty where none may."""
    shape = _SHAPE.fullmatch(zone)
    if shape is None or not shape["part"] or stands_alone(zone):
        return ""
    return shape["country"]


def stands_alone(zone: str) -> bool:
    """Return whether the grid of *zone* is an island's or a territory's, which no country's factor describes."""
    return zone in OVERSEAS or any(zone == one or zone.startswith(f"{one}-") for one in ISOLATED)
