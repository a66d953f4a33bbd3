"""The summary of a month for managers: its figures from the ledger, its text, and that each is sent once.

The figures are sums of what `empreinte report --month` is made of. What is not known is said to be unknown, or left
out, and never zero.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from monitor.config import Language
from monitor.core.budgets import Period
from monitor.core.calendar import local_time, months_of, utc
from monitor.core.entries import PSEUDO_SERVICES
from monitor.core.impact import Indicator
from monitor.core.interval import HOUR
from monitor.core.line import on_one_line
from monitor.core.units import MICROJOULES_PER_KILOWATT_HOUR
from monitor.ledger.store import LedgerError
from monitor.notify.mailing import SUMMARY
from monitor.notify.outbox import FILE, Letter, Outbox, OutboxError
from monitor.report.impacts import ImpactRow, summed
from monitor.wording import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from monitor.config import Config
    from monitor.core.budgets import Standing
    from monitor.core.entries import OpenBooks
    from monitor.core.events import Event
    from monitor.core.figures import Figures
    from monitor.core.interval import Stamp
    from monitor.core.limits import Limits
    from monitor.core.summary import Impacts
    from monitor.ledger.store import Ledger
    from monitor.limits import Look
    from monitor.wording import Words

log = logging.getLogger(__name__)

KEY: Final = "monthly_summary"
"""Under which the ledger remembers the last month that was told, `2026-10`."""
MORNING: Final = 7 * HOUR.nanoseconds
"""How long after its end a month is told of: nobody is written to in the night. Our choice."""
AGAIN: Final = HOUR.nanoseconds
MONTHS: Final = 12
FIRST: Final = 1969
"""The month before the first that a clock without a battery shows is of that year."""
LAST: Final = 9998
"""Dates end a year later. Source: Python, datetime.MAXYEAR."""
COMPARABLE: Final = Fraction(95, 100)
"""How much of a month has to be measured for a change on it to be told. Our choice."""
MOST_SERVICES: Final = 10
TEN: Final = 10
WATER: Final = (Indicator.WATER_SITE, Indicator.WATER_GRID)
MICROGRAMS_PER_KILOGRAM: Final = 10**9
MILLION: Final = 10**6


@dataclass(frozen=True, slots=True, order=True)
class MonthName:
    """One local month: 2026, 10."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02}"

    @classmethod
    def of(cls, text: str) -> MonthName:
        """Return the month that *text* names, `2026-10`. Raises ValueError."""
        year, _, number = text.partition("-")
        found = cls(int(year), int(number))
        if str(found) != text or not 1 <= found.number <= MONTHS or not FIRST <= found.year <= LAST:
            raise ValueError(text)
        return found

    def later(self, months: int) -> MonthName:
        """Return the month so many *months* later; before, where they are less than none."""
        whole = self.year * MONTHS + self.number - 1 + months
        return MonthName(whole // MONTHS, whole % MONTHS + 1)


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """What the ledger says of one month, as far as it is closed."""

    name: MonthName
    closed: bool
    energy: int
    """Microjoules of the machine."""
    modelled: int
    """Those of them that a model says."""
    impacts: Impacts
    coverage: Fraction
    """The share of the month for which the resource that was measured least was measured."""
    services: Mapping[str, tuple[str, int, int | None]]
    """By key: name, microjoules, micrograms CO2e (None: unknown)."""
    departments: Mapping[str, tuple[str, int, int | None]]


def figures_of(ledger: Ledger, name: MonthName, config: Config) -> MonthFigures | None:
    """Return what *ledger* says of the month *name*; None where nothing of it was measured. Raises LedgerError."""
    told = ledger.month(name.year, name.number)
    span = months_of(name.year, config.organisation.timezone)[name.number - 1]
    rows = told.rows
    impacts = [ImpactRow(row.month, row.facts, row.series.indicator, row.amount) for row in told.impacts]
    if not rows:
        return None
    measured = [time.nanoseconds for time in told.covered.values()]
    carbon: dict[str, int] = defaultdict(int)
    by_department: dict[str, int] = defaultdict(int)
    for row in impacts:
        if row.indicator in {Indicator.GWP_USE, Indicator.GWP_EMBODIED}:
            carbon[row.facts.key] += row.amount.central
            by_department[row.facts.department] += row.amount.central
    services: dict[str, tuple[str, int]] = {}
    departments: dict[str, int] = defaultdict(int)
    for one in rows:
        key = one.series.consumer
        services[key] = one.facts.name, services.get(key, ("", 0))[1] + one.energy.microjoules
        departments[one.facts.department] += one.energy.microjoules
    return MonthFigures(
        name=name,
        closed=told.closed_through >= span.end,
        energy=sum(one.energy.microjoules for one in rows),
        modelled=sum(one.energy.microjoules for one in rows if one.series.method.value == "modelled"),
        impacts=summed(impacts, ((one.series, one.energy) for one in rows)),
        coverage=Fraction(min(measured, default=0), span.length.nanoseconds),
        services={key: (called, energy, carbon.get(key)) for key, (called, energy) in services.items()},
        departments={key: (key, energy, by_department.get(key)) for key, energy in departments.items() if key},
    )


class Summary:
    """Writes the summary of a month."""

    def __init__(self, config: Config, *, simulated: bool = False) -> None:
        self._config = config
        self._simulated = simulated
        self._words: Words = words("monitor.notify", Language(config.email.language or config.organisation.language))

    def subject(self, name: MonthName) -> str:
        """Return what the message is about."""
        return self._say("summary.subject", month=self._month(name))

    def text(self, ledger: Ledger, name: MonthName, budgets: Sequence[Standing] = ()) -> str | None:
        """Return the text; None where nothing of the month was measured. Raises LedgerError."""
        now = figures_of(ledger, name, self._config)
        if now is None:
            return None
        before = figures_of(ledger, name.later(-1), self._config)
        last_year = figures_of(ledger, name.later(-MONTHS), self._config)
        parts = [
            [self._say("simulated")] if self._simulated else [],
            [self._say("summary.hello")],
            [self._whole(now)],
            list(self._changes(now, before, last_year)),
            list(self._shares("departments", now.departments)),
            list(self._shares("services", now.services)),
            list(self._budgets(budgets)),
            list(self._how_sure(now)),
            [self._say("summary.foot", year=name.year, number=name.number)],
        ]
        return "\n\n".join("\n".join(part) for part in parts if part)

    def _say(self, key: str, /, **parts: object) -> str:
        return self._words.say(key, **parts)

    def _month(self, name: MonthName) -> str:
        return self._say("summary.month", month=self._say(f"month.{name.number}"), year=name.year)

    def _whole(self, now: MonthFigures) -> str:
        organisation = self._config.organisation.name or self._config.host.name
        sentence = self._say(
            "summary.energy",
            month=self._month(now.name),
            organisation=organisation,
            host=self._config.host.name,
            energy=self._energy(now.energy),
        )
        emissions, water = now.impacts.emissions, now.impacts.together(WATER)
        cost = now.impacts.amounts.get(Indicator.COST)
        told = [self._say("summary.emissions", mass=self._mass(emissions.central))] if emissions else []
        told += [self._say("summary.water", water=self._amount(Fraction(water.central, MILLION), "L"))] if water else []
        told += [self._say("summary.cost", cost=self._amount(Fraction(cost.central, MILLION), "€"))] if cost else []
        return " ".join([sentence, *(told or [self._say("summary.unknown")])])

    def _changes(self, now: MonthFigures, before: MonthFigures | None, last_year: MonthFigures | None) -> Iterator[str]:
        for other in (before, last_year):
            if other is None:
                continue
            month = self._month(other.name)
            thin = next((one for one in (other, now) if one.coverage < COMPARABLE), None)
            if thin is not None:
                coverage = self._percent(thin.coverage)
                yield self._say("summary.not_comparable", other=month, month=self._month(thin.name), coverage=coverage)
                continue
            told = [self._say("summary.change_energy", change=self._change(now.energy, other.energy))]
            ours, theirs = now.impacts.emissions, other.impacts.emissions
            if ours and theirs:
                change = self._change(ours.central, theirs.central)
                told.append(self._say("summary.change_emissions", change=change))
            yield self._say("summary.change", other=month, changes=", ".join(told))

    def _shares(self, title: str, parts: Mapping[str, tuple[str, int, int | None]]) -> Iterator[str]:
        if not parts:
            return
        yield self._say(f"summary.{title}")
        ordered = sorted(parts.items(), key=lambda one: (one[0] in PSEUDO_SERVICES, -one[1][1], one[0]))
        for key, (called, energy, carbon) in ordered[:MOST_SERVICES]:
            name = self._words.maybe(f"service.{key}", called) if title == "services" else called
            mass = self._say("summary.and_mass", mass=self._mass(carbon)) if carbon is not None else ""
            yield self._say("summary.line", name=on_one_line(name), energy=self._energy(energy), mass=mass)
        if len(ordered) > MOST_SERVICES:
            yield self._say("summary.more", count=len(ordered) - MOST_SERVICES)

    def _budgets(self, standings: Sequence[Standing]) -> Iterator[str]:
        """Yield how budgets stand that go on beyond the month: one of a month begins anew with the next."""
        lasting = [one for one in standings if one.budget.period is not Period.MONTH]
        if lasting:
            yield self._say("summary.budgets")
        for one in lasting:
            used, coming = one.used_ratio, one.forecast_ratios
            parts = {"name": on_one_line(one.budget.name), "limit": one.budget.written}
            if used is None:
                yield self._say("summary.budget_unknown", **parts)
                continue
            end = self._say("summary.forecast", share=self._percent(coming[1])) if coming else ""
            left = self._percent(max(1 - used, Fraction(0)))
            yield self._say("summary.budget", used=self._percent(used), left=left, coming=end, **parts)

    def _how_sure(self, now: MonthFigures) -> Iterator[str]:
        yield self._say("summary.coverage", coverage=self._percent(now.coverage))
        if now.modelled and now.energy:
            yield self._say("summary.modelled", share=self._percent(Fraction(now.modelled, now.energy)))
        if bounds := now.impacts.emissions:
            yield self._say("summary.range", low=self._mass(bounds.low), high=self._mass(bounds.high))
        if not now.closed:
            yield self._say("summary.open")

    def _energy(self, microjoules: int) -> str:
        return self._amount(Fraction(microjoules, MICROJOULES_PER_KILOWATT_HOUR), "kWh")

    def _mass(self, micrograms: int) -> str:
        return self._amount(Fraction(micrograms, MICROGRAMS_PER_KILOGRAM), "kg")

    def _amount(self, value: Fraction, unit: str) -> str:
        decimals = 0 if value >= TEN * TEN else 1 if value >= TEN else 2
        return f"{self._words.number(float(value), decimals)}\N{NO-BREAK SPACE}{unit}"

    def _percent(self, ratio: Fraction) -> str:
        space = "\N{NARROW NO-BREAK SPACE}" if self._words.language is Language.FRENCH else ""
        # what is not all is not told as all
        whole = min(round(100 * ratio), 99) if ratio < 1 else round(100 * ratio)
        return f"{self._words.number(whole, 0)}{space}%"

    def _change(self, now: int, before: int) -> str:
        if not before:
            return self._say("summary.from_nothing")
        change = round(100 * Fraction(now - before, before))
        sign = "+" if change > 0 else "\N{MINUS SIGN}" if change < 0 else ""
        space = "\N{NARROW NO-BREAK SPACE}" if self._words.language is Language.FRENCH else ""
        return f"{sign}{self._words.number(abs(change), 0)}{space}%"


class Monthly:
    """Puts the summary of each month in the queue, once, when the month is closed; also after days of being off."""

    def __init__(
        self, config: Config, ledger: Ledger, *, simulated: bool = False, notice: Callable[[], None] | None = None
    ) -> None:
        """*notice* is called once a summary is in the queue: who sends it sleeps until then."""
        self._config = config
        self._ledger = ledger
        self._notice = notice
        self._summary = Summary(config, simulated=simulated)
        self._zone = config.organisation.timezone
        self._due = 0

    def watching(self, look: Look) -> Look:
        """Return *look*, which is called after each commit, with the summary looked after too."""
        if not self._config.email.sends_summaries:
            return look

        def both(figures: Figures, books: OpenBooks, now: Stamp) -> tuple[Limits, tuple[Event, ...]]:
            found = look(figures, books, now)
            if now.boot >= self._due:
                self._due = now.boot + AGAIN
                self.attend(books.closed_through, now, found[0].budgets)
            return found

        return both

    def attend(self, closed_through: int, now: Stamp, budgets: Sequence[Standing] = ()) -> None:
        """Put what is due in the queue. What fails is said, and tried again in an hour."""
        try:
            self._attend(closed_through, now, budgets)
        except (LedgerError, OutboxError, sqlite3.Error) as error:
            log.warning("the summary of the month could not be made: %s; it is tried again in an hour", error)

    def _attend(self, closed_through: int, now: Stamp, budgets: Sequence[Standing]) -> None:
        local = local_time(min(closed_through, now.wall - MORNING), self._zone)
        last = MonthName(local.year, local.month).later(-1)
        kept = self._ledger.remembered(KEY)
        # what was before anybody asked for summaries is not told of
        done = last if kept is None else MonthName.of(json.loads(kept))
        if (name := done.later(1)) <= last:
            if text := self._summary.text(self._ledger, name, budgets if name == last else ()):
                self._put(name, text, now)
            self._ledger.remember(KEY, json.dumps(str(name)))
            # one at a time: what waits for this look is the daemon's next commit
            self._due = now.boot
        if kept is None:
            self._ledger.remember(KEY, json.dumps(str(last)))

    def _put(self, name: MonthName, text: str, now: Stamp) -> None:
        body = {
            "type": SUMMARY,
            "time": utc(now.wall),
            "subject": str(name),
            "data": {"subject": self._summary.subject(name), "text": text},
        }
        letter = Letter(
            self._config.email.summary_url,
            f"{KEY}-{self._config.host.name}-{name}",
            json.dumps(body, ensure_ascii=False),
            now.wall,
        )
        with Outbox(self._config.paths.state / FILE) as outbox:
            outbox.put([letter])
        if self._notice is not None:
            self._notice()
