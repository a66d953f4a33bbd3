"""What the platform's meter sees beside those of its components: learnt, and told where it departs from that."""

from __future__ import annotations

import pytest

from monitor.core.reconciliation import (
    ENOUGH,
    IN_A_ROW,
    PATIENCE,
    WINDOW,
    Disagreement,
    Outcome,
    Reconciliation,
    Stretch,
)
from monitor.core.units import Power

METERS = "shelly:prise|package|gpu0"


def see(
    book: Reconciliation, platform: float, components: float, meters: str = METERS, *, counts: bool = False
) -> bool:
    """Let one whole window go by, in watts."""
    drawn = Power.from_watts(platform).during(WINDOW), Power.from_watts(components).during(WINDOW)
    return book.see(meters, Stretch(*drawn, WINDOW), counts=counts)


def plug(components: float) -> float:
    """Return what a machine takes: 40 W of fans and disks, and a supply that loses an eighth."""
    return (components + 40) / 0.875


def taught() -> Reconciliation:
    """Return one that has seen two days of a machine of 100 to 400 W, with meters of 2 %."""
    book = Reconciliation()
    for index in range(288):
        components = 100 + 3 * (index * 37 % 101)
        error = 0.98 + 0.04 * (index * 61 % 97) / 96
        assert not see(book, plug(components) * error, components)
    return book


def test_nothing_is_said_before_enough_was_seen() -> None:
    book = Reconciliation()
    for _ in range(ENOUGH - 1):
        see(book, plug(200), 200)
    assert book.learnt.seen_ratio is None
    assert book.learnt.expected(Power.from_watts(200)) is None
    see(book, plug(200), 200)
    assert book.learnt.seen_ratio == pytest.approx(200 / plug(200))


def test_the_fixed_part_and_the_losses_are_learnt_apart() -> None:
    book = taught()
    for components in (100, 250, 400):
        expected = book.learnt.expected(Power.from_watts(components))
        assert expected is not None
        assert expected.watts == pytest.approx(plug(components), rel=0.02)
    assert book.learnt.deviation.watts < 0.03 * plug(400)


def test_a_machine_that_always_draws_the_same_teaches_no_slope() -> None:
    book = Reconciliation()
    for _ in range(ENOUGH):
        see(book, 300, 200, counts=True)
    expected = book.learnt.expected(Power.from_watts(250))
    assert expected is not None
    assert expected.watts == pytest.approx(350)


def test_a_supply_that_was_put_on_another_plug_is_told_once_and_again_when_it_is_back() -> None:
    book = taught()
    told = [see(book, plug(300) * 0.8, 300) for _ in range(2 * IN_A_ROW)]
    assert (told.index(True), sum(told)) == (IN_A_ROW - 1, 1)
    assert book.finding is Disagreement.DRIFTED
    told = [see(book, plug(300), 300) for _ in range(2 * IN_A_ROW)]
    assert (told.index(True), sum(told)) == (IN_A_ROW - 1, 1)
    assert book.finding is None


def test_new_hardware_that_no_meter_knows_is_told_too() -> None:
    book = taught()
    for _ in range(IN_A_ROW):
        see(book, plug(300) + 150, 300)
    assert book.finding is Disagreement.DRIFTED


def test_a_short_departure_is_not_told() -> None:
    book = taught()
    assert not any(see(book, plug(300) + 150, 300) for _ in range(IN_A_ROW - 1))
    assert not any(see(book, plug(300), 300) for _ in range(IN_A_ROW))
    assert book.finding is None


def test_what_departs_teaches_nothing_until_it_has_stayed_for_a_day_and_is_what_is_usual_then() -> None:
    book = taught()
    usual = book.learnt
    for _ in range(PATIENCE - 1):
        see(book, plug(300) + 150, 300)
    assert (book.learnt, book.finding) == (usual, Disagreement.DRIFTED)
    assert see(book, plug(300) + 150, 300)
    assert (book.learnt.windows, book.finding) == (1, None)
    for _ in range(2 * ENOUGH):
        assert not see(book, plug(300) + 150, 300)
    expected = book.learnt.expected(Power.from_watts(300))
    assert expected is not None
    assert expected.watts == pytest.approx(plug(300) + 150)


def test_a_platform_that_sees_less_than_its_components_is_told_though_nothing_was_learnt() -> None:
    book = Reconciliation()
    told = [see(book, 150, 300) for _ in range(IN_A_ROW)]
    assert told == [False] * (IN_A_ROW - 1) + [True]
    assert book.finding is Disagreement.LESS_THAN_PARTS
    assert book.learnt.windows == 0


def test_meters_of_two_or_three_percent_may_see_less_than_the_components() -> None:
    book = Reconciliation()
    assert not any(see(book, 300 * 0.98, 300) for _ in range(2 * ENOUGH))


def test_a_meter_that_shows_the_same_figure_while_the_load_varies_stands_still() -> None:
    book = Reconciliation()
    for index in range(IN_A_ROW + IN_A_ROW - 1):
        see(book, 400, 200 + 40 * (index % 2))
    assert book.finding is Disagreement.FROZEN


def test_a_counter_in_coarse_steps_does_not_stand_still() -> None:
    book = Reconciliation()
    assert not any(see(book, 400, 200 + 40 * (index % 2), counts=True) for index in range(10))


def test_what_is_shown_is_the_last_window_what_is_usual_and_what_is_odd() -> None:
    book = Reconciliation()
    assert book.outcome == Outcome(None, None, None)
    see(book, 200, 100)
    assert book.outcome == Outcome(0.5, None, None)
    book = taught()
    for _ in range(IN_A_ROW):
        see(book, 100, 300)
    assert book.outcome.seen_ratio == pytest.approx(3)
    assert book.outcome.usual_seen_ratio == pytest.approx(250 / plug(250), rel=0.02)
    assert book.outcome.finding is Disagreement.LESS_THAN_PARTS


def test_another_set_of_meters_begins_anew() -> None:
    book = taught()
    for _ in range(IN_A_ROW):
        see(book, plug(300) + 150, 300)
    assert see(book, 900, 300, "ipmi|package")
    assert (book.finding, book.learnt.windows) == (None, 1)


def test_a_window_is_made_of_pieces() -> None:
    book = Reconciliation()
    piece = WINDOW.nanoseconds // 60
    for _ in range(60):
        length = type(WINDOW)(piece)
        drawn = Stretch(Power.from_watts(300).during(length), Power.from_watts(210).during(length), length)
        book.see(METERS, drawn, counts=True)
    assert book.last is not None
    assert (book.last.platform.watts, book.last.components.watts) == (300, 210)
    assert book.last.seen_ratio == pytest.approx(0.7)
