import pytest

from monitor.simulation.line import FOREVER, Line


def test_it_grows_at_its_rate() -> None:
    line = Line()
    line.turn(10, 3)
    assert [line.at(time) for time in (10, 11, 20)] == [0, 3, 30]


def test_it_goes_on_from_where_it_was_when_the_rate_changes() -> None:
    line = Line()
    line.turn(0, 3)
    line.turn(10, 5)
    line.turn(20, 0)
    assert line.at(100) == 3 * 10 + 5 * 10


def test_it_remembers_what_it_was_between_turns() -> None:
    line = Line(5, remembers=FOREVER)
    line.turn(10, 3)
    line.turn(20, 1)
    assert [line.at(time) for time in (0, 5, 10, 15, 20, 25)] == [0, 0, 0, 15, 30, 35]


def test_two_turns_at_one_moment_are_one() -> None:
    line = Line(remembers=FOREVER)
    line.turn(10, 3)
    line.turn(10, 7)
    assert [line.at(time) for time in (10, 11)] == [0, 7]


def test_the_past_of_one_that_remembers_nothing_is_refused_not_guessed() -> None:
    line = Line()
    line.turn(10, 3)
    line.turn(20, 0)
    with pytest.raises(LookupError, match="nothing of 15"):
        line.at(15)


def test_it_forgets_what_is_longer_ago_than_it_remembers() -> None:
    line = Line(remembers=100)
    for step in range(1, 1000):
        line.turn(step * 10, step % 7)
    assert line.at(9_900) < line.at(9_990)
    with pytest.raises(LookupError):
        line.at(9_000)
