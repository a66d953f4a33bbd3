"""What became of dashboards, for a person and for a program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from monitor.cli.terminal import GAP, Terminal

if TYPE_CHECKING:
    from dashboards.push import Change, Fate, Target
    from monitor.wording import Words

PATHS: Final = 5
"""How many differences of one dashboard are shown. Our choice."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What was done, or would be (`dry_run`)."""

    where: str
    """Host and port of Grafana."""
    url: str
    """Its address."""
    target: Target
    changes: tuple[Change, ...]
    source_uid: str
    source: Fate | None
    """What became of the data source; None: it was not looked at."""
    dry_run: bool = False
    access_token: str = ""
    """Of the public dashboard: the end of its address; empty: none was asked for."""

    @property
    def held_back(self) -> int:
        """How many were left alone, as a person edited them."""
        return [*(str(change.fate) for change in self.changes), str(self.source)].count("edited")

    @property
    def public_address(self) -> str:
        """Where everybody sees the public dashboard; empty: none was asked for."""
        return f"{self.url.rstrip('/')}/public-dashboards/{self.access_token}" if self.access_token else ""


class Page:
    """Says it in one language."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._terminal = Terminal.of_output()

    def told(self, pushed: Pushed) -> str:
        """Return what was done, for a person."""
        title = "dashboards.planned" if pushed.dry_run else "dashboards.pushed"
        lines = [self._words.say(title, folder=pushed.target.uid, where=pushed.where)]
        lines.append(self._terminal.table(list(self._rows(pushed))))
        if pushed.public_address:
            lines.append(self._words.say("dashboards.public", address=pushed.public_address))
        if pushed.held_back:
            lines.append(self._terminal.paragraph(self._words.say("dashboards.held_back", count=pushed.held_back)))
        elif {str(change.fate) for change in pushed.changes} == {"unchanged"} and pushed.source in {None, "unchanged"}:
            lines.append(self._words.say("dashboards.nothing"))
        return "\n".join(lines)

    def for_programs(self, pushed: Pushed) -> dict[str, Any]:
        """Return what was done, for a program."""
        source = None if pushed.source is None else {"uid": pushed.source_uid, "fate": str(pushed.source)}
        return {
            "grafana": pushed.url,
            "folder": pushed.target.uid,
            "dry_run": pushed.dry_run,
            "data_source": source,
            "dashboards": [
                {
                    "uid": change.uid,
                    "title": change.title,
                    "fate": str(change.fate),
                    "differs": list(change.paths),
                    "path": change.path or None,
                }
                for change in pushed.changes
            ],
            "public": pushed.public_address or None,
        }

    def _rows(self, pushed: Pushed) -> list[tuple[str, str]]:
        rows = []
        if pushed.source is not None:
            rows.append((self._fate(pushed.source), self._words.say("dashboards.source", uid=pushed.source_uid)))
        for change in pushed.changes:
            differs = f": {self._differences(change)}" if change.paths else ""
            rows.append((self._fate(change.fate), f"{change.title}{GAP}({change.uid}){differs}"))
        return rows

    def _fate(self, fate: Fate) -> str:
        return self._words.say(f"dashboards.fate.{fate}")

    def _differences(self, change: Change) -> str:
        paths, more = ", ".join(change.paths[:PATHS]), len(change.paths) - PATHS
        if more > 0:
            paths = self._words.say("dashboards.more", paths=paths, count=more)
        return self._words.say("dashboards.differs", paths=paths)
