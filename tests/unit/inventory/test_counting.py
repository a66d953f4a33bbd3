from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from monitor.adapters.disks import Disk, DiskKind
from monitor.adapters.hardware import Accelerator, Detected, Sockets
from monitor.adapters.memory_modules import Installed
from monitor.adapters.nvml import Card
from monitor.config.impact_tables import AssetKind, AssetTable
from monitor.core.embodied import YEAR, amortised
from monitor.core.factors import CONFIGURED, Catalogue
from monitor.core.impact import Indicator
from monitor.core.interval import Interval
from monitor.core.units import Memory
from monitor.inventory.assets import Inventory, InventoryError
from monitor.inventory.counting import assets_of
from monitor.inventory.models import Models, shipped_models
from tests.fixtures.factors import shipped_factors

if TYPE_CHECKING:
    from collections.abc import Sequence

GIB = 1 << 30
KILOGRAM = 10**9
H100 = Card("gpu0", "NVIDIA H100 80GB HBM3")
SERVER = Detected(
    virtual=False,
    virtual_because="",
    processors=Sockets("Intel(R) Xeon(R) Gold 6430", 2, "/proc/cpuinfo"),
    memory=Installed(Memory(512 * GIB), "/sys/firmware/dmi/entries/17-*"),
    disks=(
        Disk("nvme0n1", DiskKind.SSD, 3_840_755_982_336, "Micron 7450", "/sys/block/nvme0n1"),
        Disk("nvme1n1", DiskKind.SSD, 3_840_755_982_336, "Micron 7450", "/sys/block/nvme1n1"),
        Disk("sda", DiskKind.HDD, 4_000_787_030_016, "ST4000NM", "/sys/block/sda"),
    ),
    cards=(H100, Card("gpu1", "NVIDIA H100 80GB HBM3")),
    unnamed=(),
)
VIRTUAL = Detected(True, "the flag `hypervisor` in /proc/cpuinfo", None, None, (), (), ())
OWN_GPU = AssetTable(
    name="card 1",
    kind=AssetKind.GPU,
    embodied=Decimal(250),
    embodied_low=Decimal(200),
    embodied_high=Decimal(300),
    year=2025,
    source="the maker's sheet",
    resource="gpu0",
)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return shipped_factors()


@pytest.fixture(scope="module")
def models() -> Models:
    return shipped_models()


@pytest.fixture
def count(catalogue: Catalogue, models: Models) -> Count:
    return Count(catalogue, models)


class Count:
    def __init__(self, catalogue: Catalogue, models: Models) -> None:
        self.catalogue = catalogue
        self.models = models

    def __call__(
        self, detected: Detected, *configured: AssetTable, share: str | None = None, detect: bool = True
    ) -> Inventory:
        part = None if share is None else Decimal(share)
        return assets_of(detected, configured, self.catalogue, part, detect=detect, models=self.models)


def amounts(inventory: Inventory) -> dict[str, Decimal]:
    return {one.name: one.amount for one in inventory.assets}


def told(inventory: Inventory) -> str:
    return "\n".join(f"{one.what}: {one.cure}" for one in inventory.missing)


def kilograms(inventory: Inventory) -> Decimal:
    """Return what making it all cost, in kgCO2e."""
    return sum((one.gwp.value * one.amount * one.share for one in inventory.assets), Decimal(0))


def faults(error: InventoryError) -> Sequence[str]:
    return [f"{one.what}: {one.cure}" for one in error.faults]


def test_a_server_is_counted_piece_by_piece(count: Count) -> None:
    found = count(SERVER)
    assert amounts(found) == {
        "cpu": 2,
        "memory": 512,
        "ssd nvme0n1": 3841,
        "ssd nvme1n1": 3841,
        "hdd sda": 1,
        "gpu0": 1,
        "gpu1": 1,
        "mainboard": 1,
        "power_supply": 1,
        "chassis": 1,
    }
    # 2 x 47 + 512 x 1.9375 + 2 x 3841 x 0.0417 + 31.1 + 2 x 273 + 66.1 + 72.657 + 150
    assert kilograms(found) == Decimal("2272.1964")


def test_each_is_shared_by_who_holds_its_resource(count: Count) -> None:
    resources = {one.name: one.resource for one in count(SERVER).assets}
    assert resources["cpu"] == "package"
    assert resources["memory"] == "dram"
    assert resources["gpu1"] == "gpu1"
    assert {resources[name] for name in ("hdd sda", "ssd nvme0n1", "mainboard", "power_supply", "chassis")} == {"rest"}


def test_each_has_the_lifetime_of_its_kind_and_says_where_it_was_read(count: Count) -> None:
    items = {item.asset.name: item for item in count(SERVER).items}
    assert items["gpu0"].asset.lifetime.value == 3
    assert items["memory"].asset.lifetime.value == 5
    assert items["memory"].where == "/sys/firmware/dmi/entries/17-*"
    assert items["gpu0"].made_of == "NVIDIA H100 80GB HBM3"


def test_a_year_of_an_h100_is_a_third_of_its_making(count: Count) -> None:
    gpu = next(one for one in count(SERVER).assets if one.name == "gpu0")
    year = amortised(gpu, Indicator.GWP_EMBODIED, Interval(0, YEAR))
    assert (year.low, year.central, year.high) == (164 * KILOGRAM // 3, 91 * KILOGRAM, 575 * KILOGRAM // 3)


def test_a_processor_of_unknown_model_has_the_wide_range_of_any(count: Count) -> None:
    seen = replace(SERVER, processors=Sockets("AMD EPYC 7302 16-Core Processor", 2, "/proc/cpuinfo"))
    cpu = next(one for one in count(seen).assets if one.name == "cpu")
    assert (cpu.gwp.subject, cpu.gwp.low, cpu.gwp.high) == ("cpu", Decimal(10), Decimal(81))


@pytest.mark.parametrize("name", ["NVIDIA GeForce RTX 4090", "NVIDIA GeForce RTX 3090", "NVIDIA L40"])
def test_an_unknown_card_is_missing_with_the_cure_and_nothing_similar(count: Count, name: str) -> None:
    found = count(replace(SERVER, cards=(Card("gpu0", name),)))
    assert not any(one.resource == "gpu0" for one in found.assets)
    assert f"gpu0, {name}" in told(found)
    assert "[[asset]]" in told(found)


def test_what_is_configured_comes_before_what_is_detected_of_its_kind(count: Count) -> None:
    memory = AssetTable(
        name="DIMM", kind=AssetKind.MEMORY, model="memory", count=8, capacity=Decimal(64), bought=date(2024, 3, 1)
    )
    found = count(SERVER, memory)
    assert amounts(found)["DIMM"] == 512
    assert "memory" not in amounts(found)
    assert "cpu" in amounts(found)


def test_a_card_that_is_configured_leaves_the_others_detected(count: Count) -> None:
    found = count(SERVER, OWN_GPU)
    assert [(one.name, one.resource) for one in found.assets if one.resource.startswith("gpu")] == [
        ("card 1", "gpu0"),
        ("gpu1", "gpu1"),
    ]


def test_a_figure_of_ones_own_has_its_source_and_its_range(count: Count) -> None:
    gpu = count(SERVER, OWN_GPU).assets[0]
    assert (gpu.gwp.provider, gpu.gwp.source, gpu.gwp.year) == (CONFIGURED, "the maker's sheet", 2025)
    assert (gpu.gwp.low, gpu.gwp.value, gpu.gwp.high) == (Decimal(200), Decimal(250), Decimal(300))
    assert gpu.adpe is None
    assert gpu.lifetime.provider != CONFIGURED


def test_a_lifetime_of_ones_own_comes_before_the_catalogues(count: Count) -> None:
    gpu = count(SERVER, replace(OWN_GPU, lifetime=Decimal(6), adpe=Decimal("0.009"))).assets[0]
    assert (gpu.lifetime.provider, gpu.lifetime.value, gpu.lifetime.unit) == (CONFIGURED, Decimal(6), "year")
    assert gpu.adpe is not None
    assert (gpu.adpe.low, gpu.adpe.value, gpu.adpe.high) == (Decimal("0.009"),) * 3


def test_what_has_no_figure_of_minerals_is_told(count: Count) -> None:
    assert "minerals and metals (ADPe) of" not in told(count(replace(SERVER, cards=())))
    assert "minerals and metals (ADPe) the making of cpu" in told(count(SERVER))
    assert "card 1" in told(count(SERVER, OWN_GPU))


def test_a_server_has_everything_in_it_but_its_gpus(count: Count) -> None:
    whole = AssetTable(name="R740", kind=AssetKind.SERVER, model="dell-poweredge-r740")
    assert amounts(count(SERVER, whole)) == {"R740": 1, "gpu0": 1, "gpu1": 1}


def test_a_server_whose_figure_contains_its_gpus_has_them_once(count: Count) -> None:
    whole = AssetTable(name="DGX", kind=AssetKind.SERVER, model="server-8x-h100")
    assert amounts(count(SERVER, whole)) == {"DGX": 1}
    with pytest.raises(InventoryError) as caught:
        count(SERVER, whole, OWN_GPU)
    assert faults(caught.value) == ["the asset card 1 is counted within DGX: take one of them out"]


def test_a_part_beside_its_server_is_refused(count: Count) -> None:
    whole = AssetTable(name="R740", kind=AssetKind.SERVER, model="dell-poweredge-r740")
    with pytest.raises(InventoryError, match="the asset cpus is counted within R740"):
        count(SERVER, whole, AssetTable(name="cpus", kind=AssetKind.CPU, model="cpu"))


def test_the_error_of_a_model_that_does_not_exist_names_close_ones(count: Count) -> None:
    wrong = AssetTable(name="card", kind=AssetKind.GPU, model="nvidia-h100-80gb", resource="gpu0")
    with pytest.raises(InventoryError, match=r"no model nvidia-h100-80gb.*did you mean .*nvidia-h100-sxm-80gb"):
        count(SERVER, wrong)


def test_all_that_is_wrong_is_told_at_once(count: Count) -> None:
    wrong = AssetTable(name="card", kind=AssetKind.GPU, model="zzz", resource="gpu0")
    with pytest.raises(InventoryError) as caught:
        count(SERVER, wrong, AssetTable(name="DIMM", kind=AssetKind.MEMORY, model="memory"))
    said = faults(caught.value)
    assert len(said) == 2
    assert "`empreinte factors list`" in said[0]
    assert 'capacity = "512 GB"' in said[1]


def test_a_virtual_machine_has_no_hardware_of_its_own(count: Count) -> None:
    found = count(VIRTUAL)
    assert found.assets == ()
    assert "virtual machine (the flag `hypervisor`" in told(found)
    assert "[[asset]]" in told(found)
    assert "host.hardware_share" in told(found)


def test_a_virtual_machine_whose_part_is_not_said_has_none(count: Count) -> None:
    found = count(VIRTUAL, OWN_GPU)
    assert found.assets == ()
    assert "host.hardware_share" in told(found)


def test_a_virtual_machine_has_its_part_of_what_is_configured(count: Count) -> None:
    server = AssetTable(name="R740", kind=AssetKind.SERVER, model="dell-poweredge-r740")
    found = count(VIRTUAL, server, OWN_GPU, share="0.25")
    assert {one.share for one in found.assets} == {Decimal("0.25")}
    assert kilograms(found) == (1200 + 250) * Decimal("0.25")


def test_a_share_applies_to_what_is_detected_too(count: Count) -> None:
    assert kilograms(count(SERVER, share="0.5")) == kilograms(count(SERVER)) / 2


def test_without_detection_only_what_is_configured_counts(count: Count) -> None:
    assert amounts(count(SERVER, OWN_GPU, detect=False)) == {"card 1": 1}
    nothing = count(SERVER, detect=False)
    assert nothing.assets == ()
    assert "detect = true" in told(nothing)


def test_what_can_not_be_read_is_missing_not_nothing(count: Count) -> None:
    found = count(Detected(False, "", None, None, (), (), (Accelerator("0000:3b:00.0", "AMD"),)))
    assert found.assets == ()
    assert [one.what for one in found.missing] == [
        "the processors can't be read",
        "how much memory is installed can't be read",
        "no disk of this machine is seen",
        "no driver names the AMD card at 0000:3b:00.0",
    ]
    assert all("[[asset]]" in one.cure for one in found.missing)


def test_what_is_configured_is_not_missing(count: Count) -> None:
    seen = Detected(False, "", SERVER.processors, None, (), (), (Accelerator("0000:3b:00.0", "AMD"),))
    found = count(
        seen,
        AssetTable(name="MI300X", kind=AssetKind.GPU, model="amd-mi300x-192gb", resource="gpu0"),
        AssetTable(name="DIMM", kind=AssetKind.MEMORY, model="memory", capacity=Decimal(64)),
        AssetTable(name="disk", kind=AssetKind.SSD, model="ssd", capacity=Decimal(960)),
    )
    assert not any(word in told(found) for word in ("AMD", "memory is", "disk"))


def test_a_volume_of_a_raid_controller_hides_its_disks(count: Count) -> None:
    volume = Disk("sda", DiskKind.RAID, 10**12, "PERC H730P Mini", "/sys/block/sda")
    odd = Disk("sdb", DiskKind.UNKNOWN, 10**12, "X", "/sys/block/sdb")
    found = count(replace(SERVER, disks=(volume, odd)))
    assert not any("sd" in name for name in amounts(found))
    assert "sda (PERC H730P Mini) is a volume of a RAID controller" in told(found)
    assert "whether sdb (X)" in told(found)
    disks = AssetTable(name="disks", kind=AssetKind.HDD, model="hdd", count=4)
    assert "RAID" not in told(count(replace(SERVER, disks=(volume,)), disks))


def test_rounded_memory_says_so(count: Count) -> None:
    seen = replace(SERVER, memory=Installed(Memory(16 * GIB), "/proc/meminfo", rounded=True))
    memory = next(item for item in count(seen).items if item.kind is AssetKind.MEMORY)
    assert (memory.made_of, memory.rounded) == ("16 GB", True)
