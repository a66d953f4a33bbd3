"""What the configuration states, held against the ledger for a report: commitments, bills, contracts."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from monitor.cli.evaluated import evaluated_in
from monitor.cli.reported import reported
from monitor.config.contracts import contract_of
from monitor.core.bills import Metered, reconciled
from monitor.core.calendar import local_time, named_period
from monitor.core.entries import Meter
from monitor.core.impact import Bounds, Indicator
from monitor.core.interval import Interval
from monitor.core.units import Energy
from monitor.report.scope import Scope
from monitor.report.stated import Procured, Stated, is_yearly, pledge_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.config import Config
    from monitor.config.contracts import ContractTable
    from monitor.core.bills import Bill, Reconciled
    from monitor.core.commitments import Pledged
    from monitor.ledger.store import Ledger
    from monitor.report.model import Report


def stated_of(ledger: Ledger, made: Report, before: Report | None, config: Config) -> Stated:
    """Return what *config* states, held against *made* and the *ledger*. Raises LedgerError.

    *before* is the year before. Of a part of the machine there are neither bills, commitments nor verdicts on clauses,
    and of a part of the year no commitments.
    """
    return Stated(
        tuple(_pledges(ledger, made, before, config)) if is_yearly(made) else (),
        tuple(_bills(ledger, made, config)) if made.scope.whole_machine else (),
        tuple(_procured(table) for table in config.contract_tables if _is_in(table.starts, table.ends, made)),
        evaluated_in(ledger, config, config.contracts, made.interval) if made.scope.whole_machine else (),
    )


def _pledges(ledger: Ledger, made: Report, before: Report | None, config: Config) -> Iterator[Pledged]:
    read: dict[int, Report] = {made.year: made} | ({before.year: before} if before is not None else {})
    for commitment in config.commitments:
        since = commitment.baseline_year
        if since is not None and since not in read:
            read[since] = reported(ledger, since, config.external_rules, Scope())
        yield pledge_of(commitment, made, None if since is None else read[since])


def _bills(ledger: Ledger, made: Report, config: Config) -> Iterator[Reconciled]:
    for bill in sorted(config.bills, key=lambda one: (one.starts, one.source)):
        if _is_in(bill.starts, bill.ends, made):
            yield reconciled(bill, _metered(ledger, bill))


def _metered(ledger: Ledger, bill: Bill) -> Metered:
    """Return what the *ledger* has of exactly the days of *bill*."""
    zone = ZoneInfo(ledger.timezone)
    first, last = (named_period(day.isoformat(), 0, zone) for day in (bill.starts, bill.ends))
    days = Interval(first.start, last.end)
    sums = ledger.sums(days)
    meters: dict[Meter, Energy] = {}
    for series, energy in sums.energy.items():
        meter = Meter(series.resource, series.method)
        meters[meter] = meters.get(meter, Energy.ZERO) + energy
    impacts: dict[Indicator, Bounds] = {}
    for one, amount in sums.impacts.items():
        impacts[one.indicator] = impacts.get(one.indicator, Bounds.ZERO) + amount
    return Metered(days, ledger.closed_through(), meters, sums.covered, impacts)


def _procured(table: ContractTable) -> Procured:
    return Procured(
        uid=table.uid,
        title=table.title,
        supplier=table.supplier,
        clauses=len(table.clauses),
        amount=table.amount,
        contract=contract_of(table),
    )


def _is_in(starts: date | None, ends: date | None, made: Report) -> bool:
    """Return whether any of the days is one of the report's; days that are not stated are all before, or after."""
    zone = ZoneInfo(made.time_zone)
    first, last = (local_time(moment, zone).date() for moment in (made.interval.start, made.interval.end - 1))
    return (starts or date.min) <= last and (ends or date.max) >= first
