"""Draw the dashboards as a Prometheus fills them: python -m tests.parts.draw_boards http://127.0.0.1:9090 DIR."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

from dashboards.boards import dashboards
from dashboards.words import LANGUAGES
from tests.parts.board_drawing import drawn, height_of
from tests.parts.boards import Span
from tests.parts.chromium import Browser
from tests.parts.prometheus import Asking

SCRAPED_EVERY: Final = 5.0
HALF_AN_HOUR: Final = 1800.0
NARROW: Final = 420


def main(url: str, folder: Path, *names: str, width: int = 1600) -> None:
    """Write a picture of each dashboard, or of those called *names* (`overview-fr`), to *folder*."""
    prometheus = Asking(url)
    now = prometheus.value("time()")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for board in [one for language in LANGUAGES for one in dashboards(language)]:
            name = board["uid"].removeprefix("empreinte-")
            if names and name not in names:
                continue
            page = Path(scratch) / f"{name}.html"
            page.write_text(drawn(board, prometheus, Span(now - HALF_AN_HOUR, now, SCRAPED_EVERY)), encoding="utf-8")
            height = height_of(board, stacked=width < NARROW + 1)
            Browser(width=width, height=height).screenshot(page.as_uri(), (folder / f"board-{name}.png").resolve())


if __name__ == "__main__":
    wide = [one for one in sys.argv[1:] if one != "--narrow"]
    main(wide[0], Path(wide[1]), *wide[2:], width=NARROW if "--narrow" in sys.argv else 1600)
