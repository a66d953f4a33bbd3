"""What the dashboards say, in one language: one catalogue of strings, so that all of them have the same panels."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES: Final = ("fr", "en")


class Words:
    """The strings of one language, by their keys: `overview.energy.title`."""

    def __init__(self, language: str, table: Mapping[str, Any]) -> None:
        self.language = language
        self._table = table

    def __call__(self, key: str) -> str:
        """Return the string called *key*. Raises KeyError where the language has none."""
        found: Any = self._table
        for part in key.split("."):
            found = found[part]
        if not isinstance(found, str):
            raise KeyError(key)
        return found.strip()

    def mapping(self, key: str) -> dict[str, str]:
        """Return the strings under *key*: what stands in a label -> what people read. Raises KeyError."""
        return {name: text for name, text in self._table[key].items() if isinstance(text, str)}


def words(language: str) -> Words:
    """Return the strings of *language*, one of LANGUAGES. Raises ValueError for another."""
    if language not in LANGUAGES:
        message = f"{language!r} is no language of the dashboards: they are in {', '.join(LANGUAGES)}"
        raise ValueError(message)
    text = files("dashboards").joinpath("locales", f"{language}.toml").read_text("utf-8")
    return Words(language, tomllib.loads(text))
