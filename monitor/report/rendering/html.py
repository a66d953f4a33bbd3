"""A report as one page of HTML: no script, nothing to load, to be read by everybody and to be printed.

Source: Web Content Accessibility Guidelines 2.1, level AA, as RGAA 4.1 asks for.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from monitor.report import document
from monitor.report.printing import UNKNOWN, clean, heading, plain, printed, rightwards

if TYPE_CHECKING:
    from monitor.report.document import Document
    from monitor.wording import Words

DEEPEST: Final = 6
"""The lowest level of headings in HTML."""
BRIEF: Final = 18
"""Letters of a threshold such as `< 15 % (+10 %)`, up to which it stands in one line."""
DENSE: Final = 10
"""Tables of more columns are set closer, so that all of them are seen."""


def page(made: Document, words: Words) -> bytes:
    """Return *made* as one page of HTML, in UTF-8."""
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=_finalize,
    )
    environment.filters |= {"clean": clean, "heading": heading, "rightwards": rightwards, "brief": _brief}
    text = environment.get_template("report.html").render(
        document=made,
        style=Markup(_template("report.css")),  # noqa: S704 - our own style sheet
        drawing=Markup,  # drawings are our own, and escape what they are given
        printed=lambda cell, column: printed(cell, column, words),
        unknown=UNKNOWN,
        say=words.say,
        kind=lambda block: type(block).__name__,
        deepest=DEEPEST,
        dense=DENSE,
        address=document.Kind.ADDRESS,
    )
    return text.encode()


def _brief(text: str) -> bool:
    """Return whether *text* is so short, and of parts that belong together, that no line ends in it; a day is."""
    return len(text) <= BRIEF and ("\N{NO-BREAK SPACE}" in text or _DAY.fullmatch(text) is not None)


_DAY: Final = re.compile(r"\d{4}-\d\d(-\d\d)?")


def _finalize(value: object) -> object:
    """Return what is printed of *value*: of a text that is no markup, what can't turn or break the lines."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _template(name: str) -> str:
    return (files("monitor.report.rendering") / "templates" / name).read_text(encoding="utf-8")
