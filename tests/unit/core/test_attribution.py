import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.attribution import (
    FloorRule,
    Parts,
    Use,
    apportion,
    merge,
    share_accelerator,
    share_floor,
    share_like,
    share_memory,
    share_processor,
    unattributed,
)
from monitor.core.entries import IDLE, UNATTRIBUTED, Share
from monitor.core.units import Energy

ACTIVE, RESIDENCY, FLOOR = Share.ACTIVE, Share.RESIDENCY, Share.FLOOR
weights = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 10**15), max_size=8)
energies = st.integers(0, 10**13).map(Energy)
floors = st.none() | energies
rules = st.sampled_from(FloorRule)
uses = st.builds(Use, active=weights, held=weights, free=st.integers(0, 10**15))


@given(st.integers(0, 10**18), weights)
def test_the_parts_sum_exactly_to_the_whole(whole: int, by: dict[str, int]) -> None:
    parts = apportion(whole, by)
    assert sum(parts.values()) == (whole if any(by.values()) else 0)


@given(st.integers(0, 10**18), weights)
def test_no_part_is_a_unit_away_from_its_exact_share(whole: int, by: dict[str, int]) -> None:
    total = sum(by.values())
    for key, part in apportion(whole, by).items():
        assert abs(part * total - whole * by[key]) < total


@given(st.integers(0, 10**18), weights)
def test_no_weight_means_no_part(whole: int, by: dict[str, int]) -> None:
    assert not {key for key in apportion(whole, by) if by[key] == 0}


@given(st.integers(0, 10**18), weights)
def test_the_order_of_the_consumers_changes_nothing(whole: int, by: dict[str, int]) -> None:
    assert apportion(whole, by) == apportion(whole, dict(reversed(by.items())))


def test_a_falling_use_is_refused() -> None:
    with pytest.raises(ValueError, match="negative weight"):
        apportion(10, {"a": -1, "b": 2})


@given(energies, floors, floors, uses, rules)
def test_every_way_of_sharing_conserves_the_energy(
    energy: Energy, floor: Energy | None, residency: Energy | None, use: Use, rule: FloorRule
) -> None:
    for parts in (
        share_processor(energy, floor, use, rule),
        share_memory(energy, floor, use, rule),
        share_accelerator(energy, floor, residency, use, rule),
    ):
        assert sum(parts.values()) == energy.microjoules
        assert all(part > 0 for part in parts.values())


@given(energies, floors, uses)
def test_under_by_use_a_processors_total_does_not_depend_on_the_floor(
    energy: Energy, floor: Energy | None, use: Use
) -> None:
    known = _by_consumer(share_processor(energy, floor, use, FloorRule.BY_USE))
    unknown = _by_consumer(share_processor(energy, None, use, FloorRule.BY_USE))
    assert all(abs(known.get(key, 0) - unknown.get(key, 0)) <= 1 for key in known.keys() | unknown.keys())


def test_a_processors_floor_and_active_energy_are_told_apart() -> None:
    parts = share_processor(Energy(1000), Energy(400), Use(active={"a": 3, "b": 1}), FloorRule.BY_USE)
    assert parts == {("a", ACTIVE): 450, ("b", ACTIVE): 150, ("a", FLOOR): 300, ("b", FLOOR): 100}


def test_an_unassigned_floor_is_idle() -> None:
    parts = share_processor(Energy(1000), Energy(400), Use(active={"a": 1}), FloorRule.UNASSIGNED)
    assert parts == {("a", ACTIVE): 600, (IDLE, FLOOR): 400}


def test_a_floor_by_residency_goes_to_who_holds_memory() -> None:
    use = Use(active={"a": 1}, held={"b": 1})
    assert share_processor(Energy(1000), Energy(400), use, FloorRule.BY_RESIDENCY) == {
        ("a", ACTIVE): 600,
        ("b", FLOOR): 400,
    }


def test_a_processor_nobody_used_is_idle() -> None:
    assert share_processor(Energy(9), None, Use(), FloorRule.BY_USE) == {(IDLE, FLOOR): 9}


def test_memory_in_use_costs_its_holder_and_free_memory_is_floor() -> None:
    use = Use(active={"a": 1}, held={"a": 30, "b": 10}, free=60)
    parts = share_memory(Energy(1000), Energy(800), use, FloorRule.UNASSIGNED)
    assert parts == {("a", RESIDENCY): 240, ("b", RESIDENCY): 80, (IDLE, FLOOR): 480, ("a", ACTIVE): 200}


def test_memory_with_an_unknown_floor_is_all_background() -> None:
    parts = share_memory(Energy(100), None, Use(active={"a": 1}, held={"b": 1}), FloorRule.BY_USE)
    assert parts == {("b", RESIDENCY): 100}


def test_a_loaded_model_nobody_asks_costs_residency() -> None:
    use = Use(held={"assistant": 3, "other": 1})
    parts = share_accelerator(Energy(1000), Energy(200), None, use, FloorRule.BY_USE)
    assert parts == {("assistant", RESIDENCY): 600, ("other", RESIDENCY): 200, (IDLE, FLOOR): 200}


def test_while_one_computes_the_other_still_pays_for_its_residency() -> None:
    use = Use(active={"a": 1}, held={"a": 1, "b": 1})
    parts = share_accelerator(Energy(1000), Energy(200), Energy(100), use, FloorRule.BY_USE)
    assert parts == {("a", RESIDENCY): 50, ("b", RESIDENCY): 50, ("a", ACTIVE): 700, ("a", FLOOR): 200}


def test_a_gpu_with_no_context_open_is_all_floor() -> None:
    assert share_accelerator(Energy(50), Energy(20), None, Use(), FloorRule.BY_USE) == {(IDLE, FLOOR): 50}


def test_what_the_platform_draws_besides_follows_its_components() -> None:
    pattern: Parts = {("a", ACTIVE): 3, ("a", FLOOR): 1, ("b", ACTIVE): 4}
    assert share_like(Energy(80), pattern) == {("a", ACTIVE): 30, ("a", FLOOR): 10, ("b", ACTIVE): 40}
    assert share_like(Energy(80), {}) == {(UNATTRIBUTED, ACTIVE): 80}


def test_no_energy_has_no_parts() -> None:
    assert unattributed(Energy.ZERO) == {}
    assert share_floor(0, Use(active={"a": 1}), FloorRule.BY_USE) == {}


def test_merging_adds_part_by_part() -> None:
    assert merge({("a", ACTIVE): 1}, {("a", ACTIVE): 2, ("b", FLOOR): 3}) == {("a", ACTIVE): 3, ("b", FLOOR): 3}


def _by_consumer(parts: Parts) -> dict[str, int]:
    totals: dict[str, int] = {}
    for (consumer, _), part in parts.items():
        totals[consumer] = totals.get(consumer, 0) + part
    return totals
