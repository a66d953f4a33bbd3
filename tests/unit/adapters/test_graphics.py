from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from collectors.amd import AmdCollector
from collectors.intel import IntelCollector
from monitor.adapters.graphics import cards, devices, entries
from monitor.adapters.hardware import Accelerator, detect
from monitor.adapters.nvml import Card
from monitor.core.units import Memory
from tests.fixtures.amdsmi import FakeAmdSmi
from tests.fixtures.drm import FIRST, SECOND, Drm
from tests.fixtures.host import RECORDED, host_at

if TYPE_CHECKING:
    from pathlib import Path

IN_THE_PROCESSOR = "0000:00:02.0"


@pytest.fixture
def drm(tmp_path: Path) -> Drm:
    return Drm(tmp_path)


def test_cards_are_told_from_their_connectors() -> None:
    assert entries(["card1", "card0", "card0-DP-1", "renderD128", "version", "card10"]) == ("card0", "card1", "card10")


def test_each_card_is_named_as_it_is_measured_with_what_it_says_that_it_is(drm: Drm) -> None:
    server = drm.card(0, "amdgpu", SECOND, "1002:74A1")
    (server / "product_name").write_text("AMD Instinct MI300X OAM\n")
    (server / "mem_info_vram_total").write_text(f"{192 << 30}\n")
    drm.card(1, "amdgpu", FIRST)
    drm.card(2, "xe", "0000:01:00.0", "8086:E20B")
    drm.card(3, "nvidia", "0000:02:00.0", "10DE:2330")
    assert cards(drm.root / "sys") == {
        FIRST: Card("gpu_amd0", "AMD 1002:744C", None, "class/drm"),
        SECOND: Card("gpu_amd1", "AMD Instinct MI300X OAM", Memory(192 << 30), "class/drm"),
        "0000:01:00.0": Card("gpu_intel0", "Intel 8086:E20B", None, "class/drm"),
    }


def test_a_part_of_a_processor_is_no_card_of_its_own(drm: Drm) -> None:
    drm.sensors(drm.card(0, "amdgpu", "0000:0f:00.0", "1002:164E"), "amdgpu", in1_label="vddnb")
    drm.sensors(drm.card(1, "amdgpu", FIRST), "amdgpu", in1_label="vddgfx")
    drm.card(2, "i915", IN_THE_PROCESSOR, "8086:A780")
    drm.card(3, "amdgpu", "0000:e3:00.0", "1002:74A0")
    assert list(cards(drm.root / "sys")) == [FIRST]


@pytest.mark.parametrize("name", ["instinct-two-cards", "radeon-beside-an-apu", "arc-b580", "flex-170-two-cards"])
def test_on_every_recorded_host_the_hardware_has_the_names_of_the_meters(name: str) -> None:
    kind = IntelCollector if name in {"arc-b580", "flex-170-two-cards"} else AmdCollector
    collector = kind.open(host_at(RECORDED / name, amdsmi=FakeAmdSmi()))
    measured = {source.meter: source.resource for source in collector.sources()}
    collector.close()
    assert {address: card.resource for address, card in cards(RECORDED / name / "sys").items()} == measured


def test_what_vanishes_or_is_damaged_is_left_out(drm: Drm) -> None:
    (drm.card(0, "amdgpu", FIRST) / "uevent").write_text("\0\xffnonsense\n=\n")
    (drm.root / "sys/class/drm/card1").mkdir()
    assert devices(drm.root / "sys", ("card0", "card1", "card2"), ("amdgpu",)) == ([], [])
    assert cards(drm.root / "elsewhere") == {}


def test_a_card_that_a_driver_has_in_hand_is_not_told_to_want_one(drm: Drm) -> None:
    drm.card(0, "amdgpu", FIRST, "1002:740F")
    for address, maker in ((FIRST, "0x1002"), (SECOND, "0x1002"), ("0000:4d:00.0", "0x8086")):
        device = drm.root / f"sys/bus/pci/devices/{address}"
        device.mkdir(parents=True)
        (device / "vendor").write_text(f"{maker}\n")
        (device / "class").write_text("0x038000\n")
    found = detect(drm.root / "sys", drm.root / "proc", ())
    assert [card.resource for card in found.cards] == ["gpu_amd0"]
    assert found.unnamed == (Accelerator(SECOND, "AMD"), Accelerator("0000:4d:00.0", "Intel"))
