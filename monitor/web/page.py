"""The status page, and the short pages that say why there is none: made on the server, without scripts."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FunctionLoader, StrictUndefined

from monitor.config import Language
from monitor.core.impact import Indicator
from monitor.core.units import Duration
from monitor.web import bought, budgets, contracts, units
from monitor.web.cards import MAIN, cards_of
from monitor.web.chart import HEIGHT, WIDTH, chart_of
from monitor.web.indicators import lines_of
from monitor.web.quantities import Quantities
from monitor.web.voice import Voice, sums_by_method
from monitor.wording import words

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from monitor.exposition.about import About
    from monitor.web.status import Consumer, Status

SHOWN: Final = ("day", "month", "year")
"""The periods on the page."""
LANGUAGES: Final = ((Language.FRENCH.value, "Français"), (Language.ENGLISH.value, "English"))


class Pages:
    """Makes pages. *style* identifies the style sheet, so that a browser never mixes two versions."""

    def __init__(self, about: About, zone: tzinfo, style: str) -> None:
        self._about = about
        self._style = style
        self._templates = Environment(
            loader=FunctionLoader(_template),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._speech = {language: _speech(language, zone) for language in Language}

    def status(self, status: Status, language: Language, *, stale: bool) -> str:
        """Return the status page. *stale* says that the figures are older than they should be."""
        voice, write, number = self._speech[language]
        snapshot = status.snapshot
        return self._render(
            "status.html",
            language,
            status=status,
            snapshot=snapshot,
            stale=stale,
            shown=SHOWN,
            main=MAIN,
            cards=cards_of(status, voice, write),
            lines=lines_of(status, SHOWN),
            budgets=budgets.lines_of(status, voice, write),
            clauses=contracts.lines_of(status, voice, write),
            units=units.lines_of(status, write),
            unit_periods=units.PERIODS,
            bought=bought.services_of(status, voice, write),
            bought_periods=bought.PERIODS,
            bought_counts=bought.COUNTS,
            bought_impacts=tuple(bought.SHOWN),
            together=bought.together(status, MAIN, voice, write),
            write=write,
            number=number,
            name=voice.name,
            resource=voice.resource,
            resources=voice.resources,
            method=voice.method,
            reason=voice.reason,
            cause=voice.cause,
            provenance=voice.provenance,
            between=voice.between,
            factor=voice.factor,
            factor_range=voice.factor_range,
            choice=voice.choice,
            grid=voice.grid(snapshot),
            gwp=Indicator.GWP_USE,
            indicator_note=voice.indicator_note,
            is_address=_is_address,
            share=_share_of(status),
            emitted=_emitted_of(status),
            sources_now=voice.obtained(
                sums_by_method((meter.method, power.microwatts) for meter, power in snapshot.host_power.items())
            ),
            chart=chart_of(snapshot.recent_power),
            width=WIDTH,
            height=HEIGHT,
            gaps=sorted(
                ((cause, time) for cause, time in snapshot.gaps.items() if time > Duration.ZERO),
                key=lambda gap: gap[1],
                reverse=True,
            ),
        )

    def notice(self, what: str, language: Language, *, root: str = "", path: str = "") -> str:
        """Return a short page; *what* is `starting`, `missing` or `method`.

        *root* leads from the *path* that was asked for to the status page.
        """
        voice, _, _ = self._speech[language]
        return self._render(
            "notice.html",
            language,
            root=root,
            heading=voice.say(f"notice.{what}"),
            text=voice.say(f"notice.{what}_text", path=path),
            link=voice.say("notice.starting_link" if what == "starting" else "notice.home"),
        )

    def _render(self, template: str, language: Language, **context: object) -> str:
        voice, _, _ = self._speech[language]
        common = {
            "say": voice.say,
            "language": language.value,
            "languages": LANGUAGES,
            "about": self._about,
            "style": self._style,
            "root": "",
        }
        return self._templates.get_template(template).render({**common, **context})


def _speech(language: Language, zone: tzinfo) -> tuple[Voice, Quantities, Callable[[int], str]]:
    spoken = words("monitor.web", language)
    write = Quantities(spoken, zone)
    return Voice(spoken, write), write, lambda number: spoken.number(number, 0)


def _share_of(status: Status) -> Callable[[Consumer], float | None]:
    total = status.periods[MAIN].energy

    def share(consumer: Consumer) -> float | None:
        if total is None or not total.microjoules:
            return None
        return consumer.energy[MAIN].microjoules / total.microjoules

    return share


def _emitted_of(status: Status) -> Callable[[Consumer], float | None]:
    total = status.periods[MAIN].impacts.emissions

    def share(consumer: Consumer) -> float | None:
        found = consumer.impacts[MAIN].emissions
        return None if found is None or total is None or not total.central else found.central / total.central

    return share


def _is_address(text: str) -> bool:
    """Return whether *text* is where a page can be read: what else an address could be is not linked to."""
    return text.startswith(("https://", "http://"))


def _template(name: str) -> str:
    return (files("monitor.web") / "templates" / name).read_text(encoding="utf-8")
