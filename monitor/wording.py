"""What is said to people in their language: sentences from a file for each language, numbers as it writes them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from monitor.config import Language

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences of one part of the program, in one language."""

    language: Language
    sentences: Mapping[str, str]
    """By dotted key, as in the file: `doctor.ledger.locked`."""

    def say(self, key: str, /, **parts: object) -> str:
        """Return the sentence *key* with its *parts* filled in. Raises KeyError for an unknown one: a defect."""
        return self.sentences[key].format(**parts)

    def maybe(self, key: str, otherwise: str) -> str:
        """Return the sentence *key*; *otherwise* where there is none: a word that comes from outside."""
        return self.sentences.get(key, otherwise)

    def number(self, value: float | Decimal, decimals: int) -> str:
        """Return *value* with so many decimals, written as the language does."""
        text = f"{value:,.{decimals}f}"
        if self.language is Language.FRENCH:
            # a narrow no-break space parts the thousands: Source: Lexique des règles typographiques, nombres
            return text.replace(",", "\N{NARROW NO-BREAK SPACE}").replace(".", ",")
        return text

    def percent(self, value: float | Decimal, decimals: int) -> str:
        """Return *value* with so many decimals and the sign of per cent, between which no line ends."""
        space = "\N{NARROW NO-BREAK SPACE}" if self.language is Language.FRENCH else "\N{NO-BREAK SPACE}"
        return f"{self.number(value, decimals)}{space}%"


def words(package: str, language: Language) -> Words:
    """Return the sentences that *package* keeps in its `locales` directory."""
    content = (files(package) / "locales" / f"{language.value}.toml").read_text(encoding="utf-8")
    return Words(language, dict(_flat(tomllib.loads(content))))


def _flat(table: Mapping[str, object], prefix: str = "") -> Mapping[str, str]:
    flat: dict[str, str] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = str(value)
    return flat
