"""How commands speak: their own sentences, and the status page's names and quantities, so that both say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.core.entries import PSEUDO_SERVICES
from monitor.web.quantities import Quantities
from monitor.web.status import FORMER
from monitor.web.voice import Voice
from monitor.wording import words

if TYPE_CHECKING:
    from datetime import tzinfo
    from decimal import Decimal

    from monitor.config import Language

NAMELESS: Final = (*PSEUDO_SERVICES, FORMER)


class Speech:
    """One language, one time zone."""

    def __init__(self, language: Language, zone: tzinfo) -> None:
        own, page = words("monitor.cli", language), words("monitor.web", language)
        self._own = own
        self.write = Quantities(page, zone)
        """Writes energies, powers, shares and moments."""
        self.page = Voice(page, self.write)
        """Names services, resources, reasons and causes."""
        self._voice = Voice(own, self.write)

    def say(self, key: str, /, **parts: object) -> str:
        """Return the sentence *key* of the commands with its *parts*. Raises KeyError: a defect."""
        return self._voice.say(key, **parts)

    def maybe(self, key: str, otherwise: str) -> str:
        """Return the sentence *key*; *otherwise* where there is none."""
        return self._own.maybe(key, otherwise)

    def number(self, value: Decimal, decimals: int) -> str:
        """Return *value* with so many decimals, written as the language does."""
        return self._own.number(value, decimals)

    def name(self, key: str, name: str) -> str:
        """Return the name of a consumer: its own, or what the page calls one that is no service."""
        return self.page.say(f"name.{key}") if key in NAMELESS else name or key
