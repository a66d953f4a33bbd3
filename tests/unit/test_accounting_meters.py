"""How the meters of the whole machine and of its components go together, as the accounting shows it."""

from __future__ import annotations

from monitor.core.reconciliation import Outcome
from tests.unit.test_accounting import accounting, counter, host, observed, stamp, use


def test_how_meters_go_together_is_shown_while_the_whole_machine_is_metered() -> None:
    account = accounting()
    assert account.outcome is None
    for tick in range(121):
        meters = (counter("package", 500.0 * tick), counter("platform", 1000.0 * tick))
        account.take(observed(stamp(5 * tick), rapl=meters, process=(host(tick), use("a", tick))))
        if tick == 1:
            assert account.outcome == Outcome(None, None, None)
    assert account.outcome == Outcome(0.5, None, None)
    alone = accounting()
    for tick in range(2):
        package = (counter("package", 100 * tick),)
        alone.take(observed(stamp(5 * tick), rapl=package, process=(host(tick), use("a", tick))))
    assert alone.outcome is None
