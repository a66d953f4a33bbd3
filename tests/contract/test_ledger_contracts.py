"""Clauses judged over a real ledger, on whichever database it is kept: what is read, shown, and told once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import pytest

from monitor.contract_use import ContractUse
from monitor.contracts import KEY, MISSED, Contracts
from monitor.core.activity import ActivitySeries, Authority, Unit
from monitor.core.calendar import named_period
from monitor.core.contracts import Basis as Obtained
from monitor.core.contracts import Contract, Evaluation, Reason, Verdict, Window
from monitor.core.entries import ServiceFacts, Share
from monitor.core.events import ClauseBreached, ClauseEvaluated
from monitor.core.external import Basis, ExternalAmount, ExternalRule, ExternalSeries, Impact, Origin, TokenRate
from monitor.core.impact import Bounds, Indicator
from monitor.core.interval import Interval, Stamp
from tests.contract.bookkeeping import PARIS, START, books_of, hour_bucket, ns, series
from tests.contract.reckoned import HR, came_to
from tests.fixtures.contracts import clause

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monitor.core.contracts import Clause
    from monitor.core.entries import Bucket
    from monitor.core.impact import HourImpacts
    from monitor.ledger.reading import Sums
    from monitor.ledger.store import Ledger
    from tests.contract.conftest import Site

ZONE: Final = ZoneInfo(PARIS)
FIRST: Final = ns("2026-01-01T00:00:00", PARIS)
FEBRUARY: Final = ns("2026-02-01T00:00:00", PARIS)
MARCH: Final = ns("2026-03-01T00:00:00", PARIS)
JOULE: Final = 10**6
AN_OLD_NAME: Final = '{"2026-1 energie": {"terms": "x", "breached": true, "verdict": null}}'
PAGE: Final = "http://127.0.0.1:8000/metrics"
UNDER: Final = ServiceFacts("assistant", "assistant", "Com", "2026-1", "", "configured")
OTHER: Final = ServiceFacts("search", "search", "Com", "2026-2", "", "configured")


def act(consumer: str, unit: Unit, model: str = "") -> ActivitySeries:
    return ActivitySeries(consumer, Authority.SERVER, "" if unit is Unit.ENERGY else PAGE, model, unit)


def hour(start: int, joules: int, tokens: int = 0, consumer: str = "assistant", idle: int = 0) -> Bucket:
    """Return an hour in which *consumer* took so many *joules*, *idle* of them to be ready, for so many *tokens*."""
    energies = {series(consumer): (joules - idle) * JOULE}
    if idle:
        energies[series(consumer, share=Share.FLOOR)] = idle * JOULE
    activity = {act(consumer, Unit.OUTPUT_TOKENS): tokens, act(consumer, Unit.ENERGY): joules * JOULE} if tokens else {}
    return replace(hour_bucket(start, energies), activity=activity)


def gases(start: int, joules: int, grams: int, consumer: str = "assistant") -> HourImpacts:
    """Return what such an hour came to: the electricity and the making so many *grams* each, known to the gram."""
    energy, micrograms = joules * JOULE, grams * 10**6
    return came_to(
        start,
        {
            (consumer, Indicator.ENERGY): (energy, energy, energy),
            (consumer, Indicator.GWP_USE): (micrograms, micrograms, micrograms),
            (consumer, Indicator.GWP_EMBODIED): (micrograms, micrograms, micrograms),
        },
    )


class Counting:
    """An archive over a ledger that notes what it is asked."""

    def __init__(self, ledger: Ledger) -> None:
        self.asked: list[Interval] = []
        self.ledger = ledger
        self.grain = ledger.grain
        self.naming, self.external = ledger.naming, ledger.external
        self.corrections, self.restated = ledger.corrections, ledger.restated
        self.remembered, self.remember = ledger.remembered, ledger.remember

    def sums(self, interval: Interval) -> Sums:
        self.asked.append(interval)
        return self.ledger.sums(interval)


class Town:
    """A ledger that grows, and the contracts over it."""

    def __init__(self, ledger: Ledger, *clauses: Clause, rules: Sequence[ExternalRule] = ()) -> None:
        self.ledger = ledger
        self.archive = Counting(ledger)
        self.contract = Contract(uid="2026-1", starts=date(2026, 1, 1), clauses=clauses)
        self.rules = rules
        self.hours: list[Bucket] = []
        self.restart()

    def restart(self) -> None:
        self.looking = Contracts([self.contract], self.rules, self.archive, ZONE)

    def work(
        self,
        hours: Iterable[Bucket],
        impacts: Iterable[HourImpacts] = (),
        services: Iterable[ServiceFacts] = (UNDER, OTHER),
        at: int | None = None,
    ) -> None:
        """Commit *hours* that have closed, at the end of the last one."""
        closed = list(hours)
        self.hours += closed
        self.now = at or closed[-1].start + HR
        books = books_of(self.hours, self.now)
        self.ledger.commit(replace(books, closed_through=self.now), closed, [], list(services), impacts=list(impacts))

    def look(self) -> tuple[Evaluation, ...]:
        [standing] = self.looking.look(self.now, self.stamp)
        return standing.evaluations

    def settle(self) -> tuple[Evaluation, ...]:
        """Look until all months are read."""
        found = self.look()
        for _ in range(40):
            found = self.look()
        return found

    def tell(self) -> list[tuple[str, str, str]]:
        """Return the kind, clause and verdict of what is told."""
        return [
            (type(event).__name__, event.evaluation.clause.id, event.evaluation.verdict.value)
            for event in self.looking.tell(self.stamp)
        ]

    @property
    def stamp(self) -> Stamp:
        return Stamp(self.now, self.now - START + 10**15)


def hours_from(
    start: int, count: int, joules: int, tokens: int = 0, *, consumer: str = "assistant", idle: int = 0
) -> list[Bucket]:
    return [hour(start + number * HR, joules, tokens, consumer, idle) for number in range(count)]


PER_TOKENS: Final = clause("energie", threshold="3")


def test_a_figure_is_the_energy_of_the_work_over_what_was_done_and_its_range_that_of_the_meters(site: Site) -> None:
    with site.open(now=FIRST) as ledger:
        town = Town(ledger, PER_TOKENS, clause("repos", "idle_share", "1/2"))
        busy = hours_from(FIRST, 20, 4, 2000)
        idle = hours_from(FIRST + 20 * HR, 10, 1, idle=1)
        town.work([*busy, *idle])
        energy, repos = town.settle()
        assert energy.figure is not None
        # 80 J for 40,000 tokens, by a counter: +-10 %; the ten idle hours tell of no work, and 80 of 90 J are known
        value = energy.figure.value
        assert (value.low, value.central, value.high) == (Fraction("1.8"), Fraction(2), Fraction("2.2"))
        assert energy.figure.coverage == Fraction(8, 9)
        assert (energy.verdict, energy.reasons) == (Verdict.UNDECIDED, (Reason.COVERAGE,))
        assert repos.figure is not None
        assert repos.figure.value.central == Fraction(10, 90)
        assert repos.verdict is Verdict.MET


def test_a_breach_is_told_once_over_restarts_and_the_verdict_when_the_month_is_over(site: Site) -> None:
    with site.open(now=FIRST) as ledger:
        town = Town(ledger, PER_TOKENS)
        town.work(hours_from(FIRST, 23, 10, 1000))
        assert [one.verdict for one in town.settle()] == [Verdict.UNDECIDED]
        assert town.tell() == []
        town.work(hours_from(FIRST + 23 * HR, 1, 10, 1000))
        assert [one.verdict for one in town.settle()] == [Verdict.BREACHED]
        assert town.tell() == [("ClauseBreached", "energie", "breached")]
        assert town.tell() == []
        assert '"breached": true' not in (town.ledger.remembered(KEY) or "")
        town.look()
        assert '"breached": true' in (town.ledger.remembered(KEY) or "")
        town.restart()
        town.settle()
        assert town.tell() == []
        town.work(hours_from(FIRST + 24 * HR, 31 * 24 - 24 + 1, 10, 1000))
        assert [(one.span.period, one.verdict) for one in town.settle()] == [
            ("month", Verdict.UNDECIDED),
            ("previous_month", Verdict.BREACHED),
        ]
        assert town.tell() == [("ClauseEvaluated", "energie", "breached")]
        town.look()
        town.restart()
        town.settle()
        assert town.tell() == []


def test_windows_that_were_over_while_the_daemon_was_off_are_told_of_late_each_once(site: Site) -> None:
    with site.open(now=FIRST) as ledger:
        town = Town(ledger, PER_TOKENS)
        town.work(hours_from(FIRST, 30, 1, 1000))
        town.settle()
        assert town.tell() == []
        town.look()
        # January goes on unseen, February and March too
        town.work(hours_from(FIRST + 30 * HR, 24 * 31 - 30, 1, 1000))
        town.work(hours_from(FEBRUARY, 24 * 28, 10, 1000))
        later = ns("2026-04-01T00:00:00", PARIS)
        town.work(hours_from(later, 30, 1, 1000))
        town.restart()
        assert [one.span.period for one in town.settle()] == ["month", "previous_month"]
        told = [
            (type(one).__name__, one.evaluation.span.period, one.evaluation.verdict.value)
            for one in town.looking.tell(town.stamp)
        ]
        assert told == [
            ("ClauseEvaluated", "2026-01-01", "met"),
            ("ClauseBreached", "2026-02-01", "breached"),
            ("ClauseEvaluated", "2026-02-01", "breached"),
            ("ClauseEvaluated", "previous_month", "undecided"),
        ]
        assert town.tell() == []
        town.look()
        town.restart()
        town.settle()
        assert town.tell() == []
        town.work(hours_from(later + 30 * HR, 1, 1, 1000))
        town.settle()
        assert town.tell() == []


def test_what_was_over_before_anybody_judged_it_is_not_told(site: Site) -> None:
    with site.open(now=FIRST) as ledger:
        town = Town(ledger, PER_TOKENS)
        town.work(hours_from(FIRST, 24, 10, 1000))
        town.work(hours_from(ns("2026-04-01T00:00:00", PARIS), 30, 1, 1000))
        town.settle()
        assert town.tell() == [("ClauseEvaluated", "energie", "undecided")]


def test_of_a_long_time_off_the_newest_windows_are_told(site: Site) -> None:
    with site.open(now=FIRST) as ledger:
        town = Town(ledger, PER_TOKENS)
        town.work(hours_from(FIRST, 30, 1, 1000))
        town.settle()
        town.tell()
        town.look()
        town.work(hours_from(ns("2027-06-01T00:00:00", PARIS), 30, 1, 1000))
        town.restart()
        town.settle()
        told = [one.evaluation.span.period for one in town.looking.tell(town.stamp)]
        assert (len(told), told[0], told[-1]) == (MISSED + 1, "2026-05-01", "previous_month")


def test_what_was_told_and_not_kept_is_told_again(site: Site) -> None:
    with site.open(now=FIRST) as ledger:
        town = Town(ledger, PER_TOKENS)
        town.work(hours_from(FIRST, 24, 10, 1000))
        town.settle()
        told = town.tell()
        # the daemon is killed before the commit with which it went out
        town.restart()
        town.settle()
        assert town.tell() == told == [("ClauseBreached", "energie", "breached")]


def test_a_clause_that_asks_for_something_else_starts_anew(site: Site) -> None:
    with site.open(now=FIRST) as ledger:
        town = Town(ledger, PER_TOKENS)
        town.work(hours_from(FIRST, 24, 10, 1000))
        town.settle()
        town.tell()
        town.look()
        town.contract = replace(town.contract, clauses=(clause("energie", threshold="4"),))
        town.restart()
        town.settle()
        assert town.tell() == [("ClauseBreached", "energie", "breached")]


def test_services_count_for_the_contract_that_they_were_under_in_each_hour(site: Site) -> None:
    with site.open(now=FIRST) as ledger:
        town = Town(ledger, clause("total", "energy", "1000", window=Window.CONTRACT))
        town.work([hour(FIRST, 10), hour(FIRST + HR, 10, consumer="search")])
        moved = replace(UNDER, contract="2026-2")
        came = replace(OTHER, contract="2026-1")
        town.work([hour(FIRST + 2 * HR, 100), hour(FIRST + 3 * HR, 100)], services=[moved, came])
        town.work([hour(FIRST + 4 * HR, 7), hour(FIRST + 5 * HR, 3, consumer="search")])
        # the change was known in the hour that ended with its commit: it counts from the next one on
        [one] = town.settle()
        assert one.figure is not None
        assert one.figure.value.central == 10 + 100 + 100 + 3


def test_a_renamed_service_was_under_the_contract_of_its_old_key(site: Site) -> None:
    with site.open(now=FIRST) as ledger:
        town = Town(ledger, clause("total", "energy", "1000"))
        town.work([hour(FIRST, 10)])
        renamed = ServiceFacts("redacteur", "redacteur", "Com", "2026-2", "", "configured", ("assistant",))
        town.work([hour(FIRST + HR, 20, consumer="redacteur")], services=[renamed])
        town.work([hour(FIRST + 2 * HR, 40, consumer="redacteur")], services=[renamed])
        [one] = town.settle()
        assert one.figure is not None
        # the hour in which it was renamed is the old key's
        assert one.figure.value.central == 10 + 20


def test_the_past_is_read_a_month_at_each_look_and_then_only_what_closes(site: Site) -> None:
    with site.open(now=FIRST) as ledger:
        town = Town(ledger, clause("total", "energy", "1000", window=Window.CONTRACT), PER_TOKENS)
        town.work([hour(FIRST, 10), hour(FEBRUARY, 10), hour(MARCH, 10), hour(MARCH + HR, 10)])
        assert town.look() == ()
        assert town.look() == ()
        assert len(town.look()) == 3
        read = [(one.start, one.end) for one in town.archive.asked]
        assert read == [(FIRST, FEBRUARY), (FEBRUARY, MARCH), (MARCH, MARCH + 2 * HR)]
        town.look()
        assert len(town.archive.asked) == 3
        town.work([hour(MARCH + 2 * HR, 10)])
        total, *_ = town.look()
        assert [(one.start, one.end) for one in town.archive.asked[3:]] == [(MARCH + 2 * HR, MARCH + 3 * HR)]
        assert total.figure is not None
        assert total.figure.value.central == 50


def test_no_hour_counts_twice_once_a_clause_has_ended_within_a_month(site: Site) -> None:
    ended = replace(clause("ended", "energy", "1000"), ends=date(2026, 1, 15))
    with site.open(now=FIRST) as ledger:
        town = Town(ledger, ended, clause("total", "energy", "1000", window=Window.QUARTER))
        for number, start in enumerate((FIRST, FIRST + 20 * 24 * HR, FEBRUARY, MARCH), 1):
            town.work([hour(start, 10)])
            total = next(one for one in town.settle() if one.clause.id == "total")
            assert total.figure is not None
            assert total.figure.value.central == 10 * number


@pytest.mark.parametrize("between", ["2026-01-15T00:00:00", "2026-01-10T00:00:00"])
def test_what_was_read_is_cut_where_a_window_begins_in_it(site: Site, between: str) -> None:
    edge = ns(between, PARIS)
    with site.open(now=FIRST) as ledger:
        town = Town(ledger)
        town.work([hour(FIRST, 10), hour(edge, 100), hour(FEBRUARY, 1000)])
        use = ContractUse(ledger, (), ["2026-1"], ZONE)
        joules = []
        for edges, since in (((), FIRST), ((edge,), FIRST), ((), edge), ((), FIRST)):
            assert use.read(edges, since, town.now)
            whole = Interval(FIRST, town.now) if since == FIRST else Interval(edge, town.now)
            joules.append(use.of("2026-1", whole, town.now).whole.energy.microjoules // JOULE)
        assert joules == [1110, 1110, 1100, 1110]


def test_a_restatement_changes_the_verdict_and_that_is_told(site: Site) -> None:
    """January is over, and its gases are met; then they are restated, and are not."""
    with site.open(now=FIRST) as ledger:
        town = Town(ledger, clause("carbone", "emissions", "2000"))
        january = hours_from(FIRST, 31 * 24, 10)
        town.work([*january, hour(FEBRUARY, 10)], [gases(one.start, 10, 1) for one in january])
        # 744 hours at 2 g; the range is that of the counter on the electricity: 744 +- 74.4 and 744
        before = [one for one in town.settle() if one.span.period == "previous_month"]
        assert [one.figure.value.central for one in before if one.figure] == [1488]
        assert [one.verdict for one in before] == [Verdict.MET]
        assert town.tell() == [("ClauseEvaluated", "carbone", "met")]
        town.look()
        ledger.restate(
            [gases(one.start, 10, 2) for one in january],
            Interval(FIRST, FEBRUARY),
            made=town.now,
            author="a test",
            reason="another factor",
            factor_set="2026-12",
        )
        town.work([hour(FEBRUARY + HR, 10)])
        town.settle()
        [event] = [one for one in town.looking.tell(town.stamp) if isinstance(one, ClauseEvaluated)]
        assert (event.before, event.evaluation.verdict) == (Verdict.MET, Verdict.BREACHED)
        assert event.evaluation.figure is not None
        assert event.evaluation.figure.value.central == 2976
        assert len(town.archive.asked) == len({(one.start, one.end) for one in town.archive.asked}) + 1


def test_what_was_not_measured_is_in_the_upper_bound_of_a_total(site: Site) -> None:
    with site.open(now=FIRST) as ledger:
        town = Town(ledger, clause("total", "energy", "1000"))
        hours = [one for one in hours_from(FIRST, 31 * 24, 1) if one.start % (10 * HR)]
        town.work([*hours, hour(FEBRUARY, 1)])
        _, one = town.settle()
        assert one.figure is not None
        share = Fraction(len(hours), 31 * 24)
        assert one.figure.coverage == share
        assert one.figure.value.central == len(hours)
        assert one.figure.value.high >= Fraction(11, 10) * len(hours) / share


def test_bought_services_are_declared_or_modelled_and_never_show_a_breach(site: Site) -> None:
    rule = ExternalRule(key="redac", name="redac", contract="2026-1", provider="mistralai", models=("*",))
    rate = TokenRate(
        impact=Impact.ENERGY,
        origin=Origin.DECLARED,
        amount=Bounds(10**12, 10**12, 10**12),
        source="Annexe 2",
        year=2026,
    )
    rows = [
        ExternalAmount(
            FIRST + number * HR,
            FIRST + (number + 1) * HR,
            ExternalSeries("redac", "mistralai", "large", Unit.OUTPUT_TOKENS),
            5_000,
            Basis((rate,)),
        )
        for number in range(24)
    ]
    with site.open(now=FIRST) as ledger:
        ledger.add_external(rows, stream="s", through=1)
        town = Town(
            ledger,
            replace(PER_TOKENS, service="redac"),
            replace(clause("large", threshold="2000"), basis=Obtained.DECLARED),
            rules=(rule,),
        )
        town.work(hours_from(FIRST, 24, 10, consumer="search"))
        strict, wide = town.settle()
        # a joule a token, declared: 1,000 J for 1,000 tokens
        assert strict.figure is not None
        assert (strict.figure.value.central, strict.figure.declared) == (Fraction(1000), Fraction(1))
        assert (strict.verdict, strict.reasons) == (Verdict.UNDECIDED, (Reason.BASIS,))
        assert wide.verdict is Verdict.MET


def test_a_command_reads_all_at_once_for_any_window(site: Site) -> None:
    with site.open(now=FIRST) as ledger:
        town = Town(ledger, PER_TOKENS)
        town.work(
            [*hours_from(FIRST, 31 * 24, 10, 1000), *hours_from(FEBRUARY, 28 * 24, 1, 1000), hour(MARCH, 1, 1000)]
        )
    with site.read() as reading:
        contracts = Contracts([town.contract], (), reading, ZONE)
        [year] = contracts.standings_in(town.now, named_period("2026", town.now, ZONE))
        told = [(one.span.period, one.verdict) for one in year.evaluations]
        assert told[:3] == [
            ("2026-01-01", Verdict.BREACHED),
            ("2026-02-01", Verdict.MET),
            ("2026-03-01", Verdict.UNDECIDED),
        ]
        assert {one.reasons for one in year.evaluations[3:]} == {(Reason.NO_TIME,)}
        [now] = contracts.standings(town.now, town.now)
        assert [one.verdict for one in now.evaluations] == [Verdict.UNDECIDED, Verdict.MET]
        [then] = contracts.standings(town.now, FEBRUARY)
        assert [(one.span.period, one.verdict) for one in then.evaluations] == [
            ("month", Verdict.MET),
            ("previous_month", Verdict.BREACHED),
        ]


def test_without_clauses_nothing_is_read(site: Site) -> None:
    with site.open(now=FIRST) as ledger:
        town = Town(ledger)
        town.work([hour(FIRST, 10)])
        assert town.look() == ()
        assert (town.tell(), town.archive.asked) == ([], [])
        assert ContractUse(ledger, (), (), ZONE).of("x", Interval(FIRST, FIRST), FIRST).works == {}


def test_what_an_earlier_version_remembered_in_other_words_is_forgotten(site: Site) -> None:
    with site.open(now=FIRST) as ledger:
        town = Town(ledger, PER_TOKENS)
        town.work(hours_from(FIRST, 24, 10, 1000))
        for kept in ("[]", '{"a": 1}', '{"a": {"terms": "x", "breached": true, "verdict": "bad"}}', "x", AN_OLD_NAME):
            ledger.remember(KEY, kept)
            town.restart()
            town.settle()
            assert [type(one) for one in town.looking.tell(town.stamp)] == [ClauseBreached]
