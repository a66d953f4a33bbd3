from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from monitor.core.activity import Unit
from monitor.core.external import Impact, Origin
from monitor.simulation.purchases import list_of, purchases

PARIS = ZoneInfo("Europe/Paris")
LATER = int(datetime(2027, 6, 1, tzinfo=UTC).timestamp()) * 10**9


def test_each_day_of_the_local_year_has_its_line() -> None:
    rows = purchases(2025, PARIS, 1, LATER)
    times = [(row.amounts[0].since, row.amounts[0].until) for row in rows]
    assert [row.line for row in rows] == list(range(1, 366))
    assert all(before[1] == after[0] for before, after in pairwise(times))
    assert times[0][0] == int(datetime(2025, 1, 1, tzinfo=PARIS).timestamp()) * 10**9
    assert {(until - since) // (3600 * 10**9) for since, until in times} == {23, 24, 25}


def test_a_day_that_is_not_over_is_not_told_yet() -> None:
    until = int(datetime(2025, 3, 4, 12, tzinfo=PARIS).timestamp()) * 10**9
    rows = purchases(2025, PARIS, 1, until)
    assert len(rows) == 31 + 28 + 3
    assert rows == purchases(2025, PARIS, 1, LATER)[: len(rows)]


def test_offices_that_are_closed_ask_less() -> None:
    rows = purchases(2025, PARIS, 1, LATER)
    asked = {
        datetime.fromtimestamp(row.amounts[0].since // 10**9, PARIS).date().isoformat(): row.amounts[0].amount
        for row in rows
    }
    assert 0 < asked["2025-12-25"] < asked["2025-08-13"] < asked["2025-10-14"]


def test_every_impact_is_declared_and_nothing_is_unknown() -> None:
    row = purchases(2025, PARIS, 1, LATER)[100]
    bases = {one.series.unit: one.basis for one in row.amounts}
    basis = bases[Unit.OUTPUT_TOKENS]
    assert basis is not None
    assert {rate.impact for rate in basis.rates} == set(Impact)
    assert {rate.origin for rate in basis.rates} == {Origin.DECLARED}
    assert all("simulated" in rate.source for rate in basis.rates)
    assert basis.missing == ""
    assert bases[Unit.INPUT_TOKENS] is None


def test_another_seed_is_another_list() -> None:
    assert purchases(2025, PARIS, 1, LATER) == purchases(2025, PARIS, 1, LATER)
    assert purchases(2025, PARIS, 2, LATER) != purchases(2025, PARIS, 1, LATER)
    assert len({list_of(2025, 1), list_of(2025, 2), list_of(2026, 1)}) == 3
