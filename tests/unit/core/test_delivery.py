import pytest

from monitor.core.delivery import FIRST_PAUSE, LONGEST_PAUSE, pause


@pytest.mark.parametrize(("failures", "seconds"), [(1, 5), (2, 10), (3, 20), (9, 1280), (10, 2560)])
def test_each_failure_doubles_the_pause(failures: int, seconds: float) -> None:
    assert pause(failures, luck=1.0) == seconds
    assert pause(failures, luck=0.0) == seconds / 2


@pytest.mark.parametrize("failures", [11, 12, 100, 10**9])
def test_no_pause_is_longer_than_an_hour(failures: int) -> None:
    assert pause(failures, luck=1.0) == LONGEST_PAUSE == 3600


def test_the_receiver_is_left_alone_for_as_long_as_it_asks_within_bounds() -> None:
    assert pause(1, 1.0, asked=120.0) == 120.0
    assert pause(1, 1.0, asked=1.0) == FIRST_PAUSE
    assert pause(1, 1.0, asked=1e9) == LONGEST_PAUSE
