"""What the metrics of how meters go together show."""

from __future__ import annotations

from dataclasses import replace

from monitor.core.reconciliation import Disagreement, Outcome
from monitor.exposition import agreement
from monitor.exposition.agreement import FILLINGS
from tests.fixtures.snapshots import ABOUT, at_work, just_started


def shown(outcome: Outcome | None) -> list[dict[tuple[str, ...], float]]:
    snapshot = replace(at_work(), platform=outcome)
    return [dict(FILLINGS[metric](snapshot, ABOUT)) for metric in agreement.METRICS]


def test_every_row_is_filled_in_its_order() -> None:
    assert tuple(FILLINGS) == agreement.METRICS


def test_without_a_meter_of_the_whole_machine_nothing_is_told() -> None:
    assert shown(None) == [{}, {}, {}]
    assert just_started().platform is None


def test_what_is_not_known_yet_is_absent_and_that_nothing_is_odd_is_told() -> None:
    reasons = {("less_than_parts",): 0.0, ("frozen",): 0.0, ("drifted",): 0.0}
    assert shown(Outcome(None, None, None)) == [{}, {}, reasons]


def test_what_is_odd_is_one_of_the_reasons() -> None:
    seen, usual, reasons = shown(Outcome(0.4, 0.8, Disagreement.DRIFTED))
    assert (seen, usual) == ({(): 0.4}, {(): 0.8})
    assert reasons == {("less_than_parts",): 0.0, ("frozen",): 0.0, ("drifted",): 1.0}
