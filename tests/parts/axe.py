"""Axe, in Chromium: what in a page keeps somebody from reading it.

The page is given the program that examines it, and says in its own document what that found.
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from tests.parts.chromium import Browser

if TYPE_CHECKING:
    from pathlib import Path

SAID_IN: Final = "axe-said"
EXAMINE: Final = """
axe.run(document, {resultTypes: ["violations"]}).then(found => parent.postMessage(JSON.stringify({
  rules: found.passes.length,
  width: document.documentElement.clientWidth,
  needed: document.documentElement.scrollWidth,
  faults: found.violations.map(one => [one.id, one.help, ...one.nodes.map(node => node.html.slice(0, 200))])
}), "*"));
"""
FRAME: Final = """<!DOCTYPE html><meta charset="utf-8"><pre id="{id}"></pre>
<script>addEventListener("message", said => document.getElementById("{id}").textContent = said.data)</script>
<iframe srcdoc="{page}" style="width: {width}px; height: 900px; border: 0"></iframe>
"""
"""A window of Chromium's is never narrower than 500 pixels; a frame in it is."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found in a page."""

    rules: int
    """So many rules were held by something in the page."""
    width: int
    needed: int
    """How wide the page is, and how wide it had to be for nothing of it to be cut, in CSS pixels."""
    faults: list[list[str]]
    """Of each rule that was broken: its name, what it asks for, and what broke it."""


def examined(page: str, width: int, directory: Path, *, printed: bool = False) -> Examined:
    """Return what axe finds in the HTML *page*, so many pixels wide, or as it is *printed*, with all details open."""
    text = page.replace("<details>", "<details open>")
    if printed:
        # as emulation does: what holds on paper holds on this screen
        text = text.replace("@media print", "@media all")
    program = (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
    text = text.replace("</body>", f"<script>{program}</script><script>{EXAMINE}</script></body>")
    file = directory / "examined.html"
    file.write_text(FRAME.format(id=SAID_IN, page=html.escape(text), width=width), encoding="utf-8")
    said = re.search(f'<pre id="{SAID_IN}">(.+?)</pre>', Browser(width=width + 100).dom(file.as_uri()), re.DOTALL)
    assert said, "axe said nothing"
    return Examined(**json.loads(html.unescape(said[1])))
