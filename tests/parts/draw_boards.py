"""Draw the dashboards as a Prometheus fills them: python -m tests.parts.draw_boards http://127.0.0.1:9090 DIR.

Names of boards (`overview-fr`) after that draw these alone; `--narrow` draws them as on a telephone; `--png` as they
are, to be looked at. Else they are made smaller, for the documentation.
"""

from __future__ import annotations

import base64
import re
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
WIDE: Final = 1600
NARROW: Final = 420
SMALLER: Final = """<!doctype html><script>
addEventListener("DOMContentLoaded", () => {{
  image.src = "data:image/png;base64,{data}"; document.body.append(image)
}})
const image = new Image(), canvas = document.createElement("canvas")
image.onload = () => {{
  canvas.width = image.naturalWidth; canvas.height = image.naturalHeight
  canvas.getContext("2d").drawImage(image, 0, 0)
  document.body.textContent = canvas.toDataURL("image/webp", 0.5)
}}
</script>"""


def main(url: str, folder: Path, names: list[str], *, narrow: bool = False, png: bool = False) -> None:
    """Write a picture of each dashboard, or of those called *names*, to *folder*."""
    prometheus = Asking(url)
    now = prometheus.value("time()")
    span = Span(now - HALF_AN_HOUR, now, SCRAPED_EVERY)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for board in [one for language in LANGUAGES for one in dashboards(language)]:
            name = board["uid"].removeprefix("empreinte-")
            if names and name not in names:
                continue
            page = Path(scratch) / f"{name}.html"
            page.write_text(drawn(board, prometheus, span), encoding="utf-8")
            browser = Browser(width=NARROW if narrow else WIDE, height=height_of(board, stacked=narrow))
            picture = browser.screenshot(page.as_uri(), Path(scratch) / f"board-{name}.png").read_bytes()
            kept = folder / f"board-{name}.{'png' if png else 'webp'}"
            kept.write_bytes(picture if png else smaller(picture, Path(scratch)))


def smaller(picture: bytes, scratch: Path) -> bytes:
    """Return a PNG *picture* as WebP, a third as large: Chromium writes it, so that no other program is needed."""
    page = scratch / "smaller.html"
    page.write_text(SMALLER.format(data=base64.b64encode(picture).decode()))
    found = re.search(r"data:image/webp;base64,([A-Za-z0-9+/=]+)", Browser().dom(page.as_uri()))
    assert found, "Chromium has written no WebP"
    return base64.b64decode(found[1])


if __name__ == "__main__":
    given = [one for one in sys.argv[1:] if not one.startswith("--")]
    main(given[0], Path(given[1]), given[2:], narrow="--narrow" in sys.argv, png="--png" in sys.argv)
