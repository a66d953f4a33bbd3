"""Looks after public contracts: what may be said of each clause by the ledger's closed hours, and what is to be told.

A clause is judged once for each hour that closes. That a breach is shown is told once for each window, and so is the
verdict once the window is over; what was told is kept in the ledger, as of budgets: only after the commit with which
the event went out, so that it is told at least once. Windows that were over while the daemon was off for long are told
of late: from the one on that was being judged when it stopped.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from monitor.contract_use import ContractUse, Hours
from monitor.core.calendar import whole_period
from monitor.core.clause_figures import figure_of
from monitor.core.clause_windows import spans_at, spans_in
from monitor.core.contracts import ContractStanding, Evaluation, Verdict, Window, evaluate
from monitor.core.events import ClauseBreached, ClauseEvaluated
from monitor.core.interval import Interval, bucket_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import tzinfo

    from monitor.core.contracts import Clause, Contract, Span
    from monitor.core.external import ExternalRule
    from monitor.core.interval import Stamp

log = logging.getLogger(__name__)

KEY: Final = "contracts"
"""Under which the ledger remembers what was told."""
AT_ONCE: Final = 1
"""Months that are read at one look: the daemon has its ticks to keep."""
MISSED: Final = 12
"""So many windows of a clause are told of late, the newest: a year of months. Our choice."""
_NAME: Final = "\x1f"
"""Between the parts of a name: no text of a configuration has it."""
_Judged = tuple[tuple["Contract", "Clause", "Span"], ...]


class Archive(Hours, Protocol):
    """Where closed hours are read, and where it is kept what was told. All of it raises what the books' keeper does."""

    def remembered(self, key: str) -> str | None:
        """Return what was last kept under *key*; None where nothing was."""
        ...

    def remember(self, key: str, value: str) -> None:
        """Keep *value* under *key*."""
        ...


@dataclass(frozen=True, slots=True)
class _Told:
    """What was told of a clause as it is, in one window."""

    terms: str
    """What it asks for: where that changes, it starts anew."""
    breached: bool = False
    verdict: Verdict | None = None
    """The last one that was told after the window was over."""


class Contracts:
    """All contracts of one ledger."""

    def __init__(
        self, contracts: Sequence[Contract], rules: Sequence[ExternalRule], archive: Archive, zone: tzinfo
    ) -> None:
        """*rules* are those of bought services; *zone* is that of the organisation, in which periods are cut."""
        self._contracts = tuple(contracts)
        self._archive = archive
        self._zone = zone
        self._use = ContractUse(archive, rules, (one.uid for one in contracts), zone)
        self._closed = -1
        self._standings = tuple(ContractStanding(contract, ()) for contract in self._contracts)
        self._late: tuple[ContractStanding, ...] = ()
        """How clauses stand in windows that nobody judged when they were over."""
        self._told: dict[str, _Told] | None = None
        self._unkept = False
        """Whether something was told that the ledger does not remember yet."""

    def look(self, closed_through: int, now: Stamp) -> tuple[ContractStanding, ...]:
        """Return how the clauses stand, by the hours that were closed when they were last judged.

        Hours are closed up to *closed_through*. Has the ledger remember what `tell` has returned. Raises what the
        archive raises. Until the months of the past have been read, one at each call, nothing is judged.
        """
        if not any(contract.clauses for contract in self._contracts):
            return self._standings
        if self._told is None:
            self._told = _read(self._archive.remembered(KEY))
        if self._unkept:
            self._archive.remember(KEY, _written(self._told))
            self._unkept = False
        closed = bucket_of(closed_through, self._archive.grain)
        if closed != self._closed and closed:
            judged, late = self._spans(now.wall, closed), self._missed(now.wall, closed)
            if self._read((*late, *judged), closed, AT_ONCE):
                self._standings, self._closed = self._judged(judged, closed), closed
                self._late = self._judged(late, closed)
        return self._standings

    def tell(self, now: Stamp) -> tuple[ClauseBreached | ClauseEvaluated, ...]:
        """Return what is to be told with the next commit of how the clauses stand; raises nothing."""
        told = self._told or {}
        evaluations = [one for standing in (*self._late, *self._standings) for one in standing.evaluations]
        kept = {_name(one): _known(told, one) for one in evaluations}
        events = tuple(event for one in evaluations for event in _news(one, kept[_name(one)], now))
        for event in events:
            name = _name(event.evaluation)
            if isinstance(event, ClauseBreached):
                log.warning("contract %s: a breach of the clause %s is shown", *name.split(_NAME)[:2])
                kept[name] = replace(kept[name], breached=True)
            else:
                kept[name] = replace(kept[name], verdict=event.evaluation.verdict)
        if self._told is not None and evaluations:
            # also that a window is being judged: of one that nobody judged, it is told late
            self._unkept = self._unkept or bool(events) or kept.keys() != self._told.keys()
            self._told = kept
        return events

    def standings(self, closed_through: int, at: int) -> tuple[ContractStanding, ...]:
        """Return how all clauses stand in the windows that hold the moment *at*, and in the ones before.

        It reads all that it needs at once, and writes nothing. Raises what the archive raises.
        """
        closed = bucket_of(closed_through, self._archive.grain)
        return self._at_once(self._spans(at, closed), closed)

    def standings_in(self, closed_through: int, within: Interval) -> tuple[ContractStanding, ...]:
        """Return how all clauses stand in each of their windows that begins in *within*, likewise."""
        closed = bucket_of(closed_through, self._archive.grain)
        return self._at_once(
            tuple(
                (contract, clause, span)
                for contract in self._contracts
                for clause in contract.clauses
                for span in spans_in(contract, clause, within, closed, self._zone)
            ),
            closed,
        )

    def _at_once(self, judged: _Judged, closed: int) -> tuple[ContractStanding, ...]:
        self._read(judged, closed, 0)
        return self._judged(judged, closed)

    def _spans(self, at: int, closed: int) -> _Judged:
        return tuple(
            (contract, clause, span)
            for contract in self._contracts
            for clause in contract.clauses
            for span in spans_at(contract, clause, at, closed, self._zone)
        )

    def _missed(self, at: int, closed: int) -> _Judged:
        """Return the windows, over by now and before the last one, of which nobody has told the verdict."""
        return tuple(
            (contract, clause, span)
            for contract in self._contracts
            for clause in contract.clauses
            for span in self._since(contract, clause, at, closed)[-MISSED:]
        )

    def _since(self, contract: Contract, clause: Clause, at: int, closed: int) -> tuple[Span, ...]:
        """Return the windows of *clause* from the first one on that is kept without a verdict; none: nothing is."""
        first = _first_untold(self._told or {}, contract, clause)
        if first is None or clause.window is Window.CONTRACT:
            return ()
        now = whole_period(clause.window, at, self._zone)
        last = whole_period(clause.window, now.start - 1, self._zone)
        begun = whole_period(clause.window, first, self._zone)
        if begun.start >= last.start:
            return ()
        found = spans_in(contract, clause, Interval(begun.start, last.start), closed, self._zone)
        return tuple(span for span in found if span.whole.start >= first)

    def _read(self, judged: _Judged, closed: int, at_most: int) -> bool:
        edges = {edge for _, _, span in judged for edge in (span.whole.start, span.whole.end)}
        return not edges or self._use.read(edges, min(edges), closed, at_most=at_most)

    def _judged(self, judged: _Judged, closed: int) -> tuple[ContractStanding, ...]:
        by_contract: dict[str, list[Evaluation]] = {contract.uid: [] for contract in self._contracts}
        for contract, clause, span in judged:
            use = self._use.of(contract.uid, span.whole, closed).of(clause.service)
            by_contract[contract.uid].append(evaluate(contract, clause, span, figure_of(clause.metric, use)))
        return tuple(ContractStanding(contract, tuple(by_contract[contract.uid])) for contract in self._contracts)


def _news(one: Evaluation, told: _Told, now: Stamp) -> Iterator[ClauseBreached | ClauseEvaluated]:
    """Yield what is to be told of *one* beside what was *told*."""
    if one.verdict is Verdict.BREACHED and not told.breached:
        yield ClauseBreached(at=now, evaluation=one)
    if one.span.is_over and one.verdict is not told.verdict:
        yield ClauseEvaluated(at=now, evaluation=one, before=told.verdict)


def _first_untold(told: Mapping[str, _Told], contract: Contract, clause: Clause) -> int | None:
    """Return the beginning of the first window whose verdict has not been told; None where none was ever judged."""
    terms, starts = _terms(clause), dict[int, bool]()
    for name, one in told.items():
        uid, key, start = name.split(_NAME)
        if (uid, key, one.terms) == (contract.uid, clause.id, terms):
            starts[int(start)] = one.verdict is not None
    untold = [start for start, is_told in starts.items() if not is_told]
    if untold:
        return min(untold)
    return max(starts) + 1 if starts else None


def _known(told: Mapping[str, _Told], one: Evaluation) -> _Told:
    known, terms = told.get(_name(one)), _terms(one.clause)
    return known if known is not None and known.terms == terms else _Told(terms)


def _name(one: Evaluation) -> str:
    return _NAME.join((one.contract, one.clause.id, str(one.span.whole.start)))


def _terms(clause: Clause) -> str:
    return f"{clause.service} {clause.metric} {clause.operator} {clause.limit} a {clause.window}"


def _written(told: Mapping[str, _Told]) -> str:
    return json.dumps(
        {name: {"terms": one.terms, "breached": one.breached, "verdict": one.verdict} for name, one in told.items()}
    )


def _read(kept: str | None) -> dict[str, _Told]:
    """Return what was told before; nothing where nothing was, or where it is in the words of another version."""
    try:
        return {_checked(name): _one(told) for name, told in json.loads(kept or "{}").items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}


def _checked(name: str) -> str:
    """Return *name*, which is one that `_name` makes. Raises ValueError."""
    uid, key, start = name.split(_NAME)
    return _NAME.join((uid, key, str(int(start))))


def _one(told: Mapping[str, Any]) -> _Told:
    verdict = told["verdict"]
    return _Told(str(told["terms"]), bool(told["breached"]), None if verdict is None else Verdict(verdict))
