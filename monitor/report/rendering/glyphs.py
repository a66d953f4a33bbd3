"""Which characters the fonts have that come with typst, so that a PDF is the same on every machine.

PDF/UA-1 refuses a text with a character that no font has, and other scripts than these would need fonts of the system.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from typing import Final

RANGES: Final = (
    (0x20, 0x7E),
    (0xA0, 0xAC),
    (0xAE, 0x2FF),
    (0x388, 0x38A),
    (0x38C, 0x38C),
    (0x38E, 0x3A1),
    (0x3A3, 0x3FF),
    (0x400, 0x482),
    (0x48A, 0x4FF),
    (0x5D0, 0x5EA),
    (0x1E00, 0x1EFF),
    (0x2010, 0x2027),
    (0x202F, 0x203F),
    (0x2070, 0x2071),
    (0x2074, 0x208E),
    (0x2090, 0x209C),
    (0x20A0, 0x20C0),
    (0x2190, 0x23FF),
    (0x2460, 0x262F),
    (0xFB00, 0xFB06),
)
"""First and last of each: Latin, Greek, Cyrillic and Hebrew letters, punctuation, currencies, arrows, mathematics.

Source: tried one by one with typst 0.15.2; a test tries them again.
"""
_FIRST: Final = tuple(first for first, _ in RANGES)


def shown(text: str) -> str:
    """Return *text* in composed letters, with the number of each character that the fonts lack in its place."""
    return "".join(one if has(one) else f"[U+{ord(one):04X}]" for one in unicodedata.normalize("NFC", text))


def has(one: str) -> bool:
    """Return whether the fonts have the character *one*."""
    place = bisect_right(_FIRST, ord(one)) - 1
    return place >= 0 and ord(one) <= RANGES[place][1]
