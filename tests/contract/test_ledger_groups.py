"""What departments and contracts came to: by who was in them in each hour, on whichever database it is kept."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from monitor.core.calendar import period_bounds
from monitor.core.entries import ServiceFacts
from monitor.core.groups import NOBODY, Group, Grouping, groups_of
from monitor.core.interval import HOUR, Stamp
from monitor.ledger.periods import Periods
from tests.contract.bookkeeping import PARIS, START, Bookkeeping, ns

if TYPE_CHECKING:
    from monitor.core.figures import Figures
    from tests.contract.conftest import Site

PERIODS = ("day", "month", "year", "previous_month", "previous_year", "previous_year_to_date")
HR = HOUR.nanoseconds
OTHERS = ("search", "_other")
"""The latter is one of the program's own: it has no department."""


def facts(key: str, department: str = "", contract: str = "", was: tuple[str, ...] = ()) -> ServiceFacts:
    return ServiceFacts(key, key, department, contract, "", "configured", was)


COMMUNICATION = facts("assistant", "Communication", "2026-1")
CIVIL = facts("assistant", "État civil", "2026-2")
SEARCH = facts("search", "Communication")


def expected(keeping: Bookkeeping, dated: dict[str, list[tuple[int, ServiceFacts]]], period: str) -> Counter[Group]:
    """Add up hour by hour what each group had, by the facts that held when the hour began."""
    sums: Counter[Group] = Counter()
    bounds = period_bounds(period, keeping.now, ZoneInfo(PARIS))
    for start, booked in keeping.hours.items():
        if bounds.start <= start < bounds.end and (start + HR <= bounds.end or bounds.end == keeping.now):
            for series, amount in booked.items():
                known = dated.get(series.consumer)
                held = [one for since, one in known if since <= start] if known else []
                for group in groups_of((held or [known[0][1]])[-1]) if known else (NOBODY,):
                    sums[group] += amount
    return sums


def told(figures: Figures, period: str) -> Counter[Group]:
    return Counter(
        {one: energy.microjoules for (one, found), energy in figures.groups.energy.items() if found == period}
    )


def test_departments_and_contracts_come_to_what_their_services_used_while_they_were_in_them(site: Site) -> None:
    start = ns("2024-11-30T05:00:00")
    keeping = Bookkeeping(("assistant", *OTHERS), start=start)
    dated = {"assistant": [(start, COMMUNICATION)], "search": [(start, SEARCH)]}
    with site.open(now=start) as ledger:
        periods = Periods(ledger)
        for number in range(22):
            keeping.skip(31 * 86400 // 2 - 300)
            commit = keeping.tick(4000)
            if number == 0:
                commit.services += [COMMUNICATION, SEARCH]
            if number in {11, 16}:
                moved = CIVIL if number == 11 else COMMUNICATION
                commit.services.append(moved)
                dated["assistant"].append((commit.books.at.wall, moved))
            commit.to(ledger)
            figures = periods.of(commit.books, Stamp(keeping.now, keeping.now - START + 10**15))
            for period in PERIODS:
                assert told(figures, period) == expected(keeping, dated, period), (number, period)
                departments = [one for one in told(figures, period) if one.by is Grouping.DEPARTMENT]
                whole = sum(energy.microjoules for (_, name), energy in figures.energy.items() if name == period)
                assert sum(told(figures, period)[one] for one in departments) == whole
    assert {one.name for one in told(figures, "year")} >= {"Communication", "État civil", "2026-1", "2026-2"}


def test_a_renamed_service_takes_its_history_and_its_groups_along(site: Site) -> None:
    keeping = Bookkeeping(("chat", "assistant"))
    with site.open() as ledger:
        periods = Periods(ledger)
        first = keeping.tick(2 * 3600)
        first.services.append(facts("chat", "Communication"))
        first.to(ledger)
        second = keeping.tick(3 * 3600)
        second.services.append(facts("assistant", "Culture", was=("chat",)))
        second.to(ledger)
        figures = periods.of(second.books, Stamp(keeping.now, keeping.now - START + 10**15))
        energy = figures.groups.energy
        assert energy.keys() >= {
            (Group(Grouping.DEPARTMENT, "Communication"), "day"),
            (Group(Grouping.DEPARTMENT, "Culture"), "day"),
        }
        whole = sum(amount.microjoules for (_, name), amount in figures.energy.items() if name == "day")
        assert sum(amount.microjoules for (_, name), amount in energy.items() if name == "day") == whole
