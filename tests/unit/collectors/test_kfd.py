from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from collectors._kfd import addresses, holders
from monitor.core.units import Memory
from tests.fixtures.drm import FIRST, Drm

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def drm(tmp_path: Path) -> Drm:
    return Drm(tmp_path)


@pytest.mark.parametrize(
    ("domain", "location", "address"),
    [(0, 768, FIRST), (0, 33536, "0000:83:00.0"), (1, 0xC1 << 8 | 0x1F << 3 | 7, "0001:c1:1f.7")],
)
def test_a_place_on_the_bus_is_written_as_the_bus_writes_it(drm: Drm, domain: int, location: int, address: str) -> None:
    drm.rocm(7, location)
    properties = drm.root / "sys/class/kfd/kfd/topology/nodes/7/properties"
    properties.write_text(f"simd_count 416\nlocation_id {location}\ndomain {domain}\nname\n")
    assert addresses(drm.root / "sys") == {7: address}


def test_processors_are_no_cards_and_what_is_damaged_is_left_out(drm: Drm) -> None:
    nodes = drm.root / "sys/class/kfd/kfd/topology/nodes"
    drm.rocm(0, 0)
    drm.rocm(8, 768)
    (nodes / "8/properties").write_text("location_id much\n")
    drm.rocm(9, 768)
    (nodes / "9/gpu_id").write_text("")
    assert addresses(drm.root / "sys") == {}
    assert addresses(drm.root / "elsewhere") == {}


def test_who_holds_memory_is_told_card_by_card_and_who_holds_none_is_not(drm: Drm) -> None:
    drm.rocm(7, 768, p10=5, p20=0)
    drm.rocm(8, 33536, p10=6, p20=9)
    (drm.root / "sys/class/kfd/kfd/proc/10/vram_9").write_text("3\n")
    assert holders(drm.root / "sys", addresses(drm.root / "sys")) == {
        FIRST: {10: Memory(5)},
        "0000:83:00.0": {10: Memory(6), 20: Memory(9)},
    }
    assert holders(drm.root / "sys", {}) == {}


def test_what_is_held_on_the_partitions_of_a_card_is_held_on_the_card(drm: Drm) -> None:
    drm.rocm(7, 768, p10=5, p20=1)
    drm.rocm(8, 768, p10=6)
    assert holders(drm.root / "sys", addresses(drm.root / "sys")) == {FIRST: {10: Memory(11), 20: Memory(1)}}
