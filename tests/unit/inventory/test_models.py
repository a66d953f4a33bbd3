import re

import pytest

from monitor.config.impact_tables import AssetKind
from monitor.core.factors import Quantity
from monitor.inventory.models import Models, shipped_models
from tests.fixtures.factors import shipped_factors


@pytest.fixture(scope="module")
def models() -> Models:
    return shipped_models()


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("NVIDIA H100 80GB HBM3", "nvidia-h100-sxm-80gb"),
        ("NVIDIA H100 PCIe", "nvidia-h100-pcie-80gb"),
        ("NVIDIA H100 NVL", "nvidia-h100-nvl-94gb"),
        ("NVIDIA H200", "nvidia-h200-141gb"),
        ("NVIDIA A100-SXM4-40GB", "nvidia-a100-40gb"),
        ("A100-PCIE-40GB", "nvidia-a100-40gb"),
        ("NVIDIA A100-SXM4-80GB", "nvidia-a100-80gb"),
        ("NVIDIA A100 80GB PCIe", "nvidia-a100-80gb"),
        ("Tesla V100S-PCIE-32GB", "nvidia-v100-32gb"),
        ("Tesla V100-SXM2-16GB", "nvidia-v100-16gb"),
        ("Tesla T4", "nvidia-t4"),
        ("Tesla P4", "nvidia-p4"),
        ("NVIDIA L4", "nvidia-l4"),
        ("NVIDIA L40S", "nvidia-l40s-48gb"),
        ("NVIDIA A10", "nvidia-a10"),
        ("NVIDIA RTX A4500", "nvidia-rtx-a4500"),
        ("GeForce GTX 1080 Ti", "nvidia-gtx-1080-ti"),
        ("NVIDIA TITAN RTX", "nvidia-titan-rtx"),
        ("Quadro RTX 5000", "nvidia-quadro-rtx-5000"),
        ("NVIDIA B200", "nvidia-b200-180gb"),
        ("NVIDIA B300 SXM6 AC", "nvidia-b300-288gb"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "nvidia-rtx-pro-6000-96gb"),
        ("GH100 [H100 SXM5 80GB]", "nvidia-h100-sxm-80gb"),
        ("  NVIDIA  H100 80GB HBM3 ", "nvidia-h100-sxm-80gb"),
    ],
)
def test_a_card_is_known_by_the_name_that_its_driver_gives_it(models: Models, name: str, model: str) -> None:
    assert models.model_of(AssetKind.GPU, name) == model


@pytest.mark.parametrize(
    "name",
    [
        "NVIDIA GeForce RTX 4090",  # another program takes it for an RTX A4500
        "NVIDIA RTX 4090",
        "NVIDIA GeForce RTX 3090",  # another program takes it for an H100
        "NVIDIA RTX 4500 Ada Generation",
        "NVIDIA RTX A5000",
        "NVIDIA L40",
        "NVIDIA A10G",
        "NVIDIA A100",
        "NVIDIA A100-PG509-200",
        "NVIDIA H100",
        "NVIDIA H100 SXM5 64GB",
        "NVIDIA H100 80GB HBM3 MIG 1g.10gb",
        "NVIDIA GH200 480GB",
        "NVIDIA GeForce GTX 1080",
        "NVIDIA RTX PRO 6000",
        "Tesla V100-PCIE",
        "nvidia h100 80gb hbm3",
        "",
    ],
)
def test_an_unknown_card_is_nothing_similar(models: Models, name: str) -> None:
    assert models.model_of(AssetKind.GPU, name) == ""


def test_a_name_means_one_kind_of_thing(models: Models) -> None:
    assert models.model_of(AssetKind.CPU, "NVIDIA L4") == ""
    assert models.model_of(AssetKind.CPU, "AMD EPYC 9354 32-Core Processor") == "amd-epyc-9354"
    assert models.model_of(AssetKind.SERVER, "PowerEdge R740") == "dell-poweredge-r740"
    assert models.model_of(AssetKind.SERVER, "PowerEdge R740xd") == ""


def test_every_model_has_a_figure_in_the_factors_that_are_shipped(models: Models) -> None:
    catalogue = shipped_factors()
    subjects = set(catalogue.subjects(Quantity.HARDWARE_GWP))
    named = {row.model for rows in models.by_kind.values() for row in rows}
    assert named <= subjects


def test_every_card_of_the_factors_has_a_name(models: Models) -> None:
    cards = {one for one in shipped_factors().subjects(Quantity.HARDWARE_GWP) if re.match("nvidia|amd-mi", one)}
    assert cards == {row.model for row in models.by_kind[AssetKind.GPU]}


def test_every_kind_that_is_counted_without_a_name_has_a_figure_and_a_lifetime() -> None:
    catalogue = shipped_factors()
    for kind in AssetKind:
        assert catalogue.find(Quantity.HARDWARE_LIFETIME, kind)
        assert bool(catalogue.find(Quantity.HARDWARE_GWP, kind)) == (kind is not AssetKind.GPU)


def test_every_server_whose_figure_contains_gpus_is_marked(models: Models) -> None:
    notes = {one.subject: one.note for one in shipped_factors().factors if one.quantity is Quantity.HARDWARE_GWP}
    contain = {subject for subject, note in notes.items() if "with its" in note}
    assert contain == {subject for subject in notes if models.contains_gpus(subject)}
