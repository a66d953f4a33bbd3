"""What the daemon shows and tells of budgets, and when."""

from collections.abc import Sequence
from fractions import Fraction

from monitor.core.budgets import Budget, Measure, Period, Standing
from monitor.core.events import BudgetCrossed
from monitor.core.interval import Interval, Stamp
from monitor.core.limits import Limits
from tests.unit.test_daemon import NOON
from tests.unit.test_daemon import World as Plain


class World(Plain):
    """With budgets that say what a test wants."""

    def __init__(self) -> None:
        self.looked: list[int] = []
        self.standings: list[Standing] = []
        self.crossed: list[BudgetCrossed] = []
        super().__init__()

    def look(self, *_: object) -> tuple[Limits, Sequence[BudgetCrossed]]:
        self.looked.append(len(self.shelf.books))
        told, self.crossed = self.crossed, []
        return Limits(tuple(self.standings)), told


HALF_USED = Standing(
    Budget("ia", "IA", None, Measure.ENERGY, Period.YEAR, 1000, Fraction(1, 2), "1 mJ"), Interval(0, 1), None, None
)
CROSSED = BudgetCrossed(
    at=Stamp(NOON, 0),
    budget="ia",
    name="IA",
    limit="1 mJ",
    interval=Interval(0, 1),
    threshold=Fraction(1, 2),
    used_ratio=Fraction(1, 2),
    forecast_ratio=None,
    exhausted_at=None,
)


def test_what_a_budget_came_to_is_shown_at_once_and_told_with_the_next_commit() -> None:
    world = World()
    world.standings, world.crossed = [HALF_USED], [CROSSED]
    assert world.tick(0).budgets == (HALF_USED,)
    assert world.heard(BudgetCrossed) == []
    world.tick(5)
    assert world.heard(BudgetCrossed) == [CROSSED]
    world.tick(10)
    assert world.heard(BudgetCrossed) == [CROSSED]


def test_budgets_are_looked_at_only_after_what_was_to_be_told_of_them_is_committed() -> None:
    world = World()
    world.crossed = [CROSSED]
    world.tick(0)
    world.shelf.full = True
    for seconds in (5, 10, 15):
        world.tick(seconds)
    assert world.looked == [1]
    assert world.heard(BudgetCrossed) == []
    world.shelf.full = False
    world.tick(20)
    assert world.looked == [1, 2]
    assert world.heard(BudgetCrossed) == [CROSSED]


def test_budgets_stay_as_they_were_while_the_ledger_does_not_answer() -> None:
    world = World()
    world.standings = [HALF_USED]
    world.tick(0)
    world.silent, world.standings = True, []
    assert world.tick(5).budgets == (HALF_USED,)
    world.silent = False
    assert world.tick(10).budgets == ()
