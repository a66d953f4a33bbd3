from __future__ import annotations

import pytest

from monitor.core.readings import GPU, GPUS, gpu, gpu_title

NAMES = [
    (0, "", "gpu0", "0"),
    (12, "", "gpu12", "12"),
    (0, "amd", "gpu_amd0", "AMD 0"),
    (3, "intel", "gpu_intel3", "Intel 3"),
]


@pytest.mark.parametrize(("index", "maker", "name", "title"), NAMES)
def test_a_gpu_is_named_by_its_maker_and_number_and_nvidias_by_their_number_alone(
    index: int, maker: str, name: str, title: str
) -> None:
    assert gpu(index, maker) == name
    assert name.startswith(GPU)
    assert GPUS.fullmatch(name)
    assert gpu_title(name) == title


@pytest.mark.parametrize("name", ["package", "gpu", "gpu_amd", "gpu_sgi0", "gpu0/residency", "mygpu0"])
def test_what_is_no_gpus_name_has_no_title(name: str) -> None:
    assert gpu_title(name) is None
