"""Text that others wrote, such as the name of a service, on one line of what people read."""

from __future__ import annotations

from typing import Final

_SPACES: Final = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
"""What stands between a number and its unit: it is printable to people, though not to Python."""


def on_one_line(text: str) -> str:
    """Return *text* on one line, with nothing in it that is not shown: no name adds a line or a header."""
    return "".join(one if one.isprintable() or one in _SPACES else " " for one in text).strip()
