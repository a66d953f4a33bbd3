"""docs/hardware.md says what is: its tables are read, its examples configured, its figures worked out."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from monitor.config import Surroundings, load
from monitor.core.embodied import Asset, amortised
from monitor.core.factors import Quantity
from monitor.core.impact import Indicator
from monitor.core.interval import HOUR, Interval
from monitor.inventory.assets import made
from monitor.inventory.csv_list import read_list
from tests.fixtures.factors import shipped_factors

PAGE = Path(__file__).parents[2] / "docs/hardware.md"
GRAM = 10**6


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def h100() -> Asset:
    catalogue = shipped_factors()
    return Asset(
        name="H100",
        resource="gpu0",
        gwp=catalogue.find(Quantity.HARDWARE_GWP, "nvidia-h100-sxm-80gb")[0],
        adpe=None,
        amount=Decimal(1),
        lifetime=catalogue.find(Quantity.HARDWARE_LIFETIME, "gpu")[0],
        bought=None,
        share=Decimal(1),
    )


def test_an_hour_of_an_h100_is_what_the_page_says(page: str) -> None:
    """273 kg over 3 years of 8,760 hours are 10.4 g an hour, 164 are 6.2, 575 are 21.9."""
    hour = amortised(h100(), Indicator.GWP_EMBODIED, Interval(0, HOUR.nanoseconds))
    bounds = [f"{amount / GRAM:.1f}" for amount in (hour.low, hour.central, hour.high)]
    assert bounds == ["6.2", "10.4", "21.9"]
    rows = re.findall(r"^\| (\d+) kg CO2e \|.*\| ([\d.]+) g \|$", page, re.MULTILINE)
    assert rows == list(zip(("164", "273", "575"), bounds, strict=True))


def test_its_use_in_that_hour_is_what_the_page_says(page: str) -> None:
    assert f"{0.7 * 52:.0f} g in use" in page


def test_every_example_is_a_configuration_that_can_be_reckoned_with(page: str, tmp_path: Path) -> None:
    examples = re.findall(r"^ *```toml\n(.*?)^ *```", page, re.MULTILINE | re.DOTALL)
    assert len(examples) == 3
    (tmp_path / "assets.toml").write_text('[[asset]]\nname = "a"\nkind = "cpu"\nmodel = "cpu"\n')
    for number, example in enumerate(examples):
        file = tmp_path / f"{number}.toml"
        file.write_text(example.replace("/etc/empreinte/assets.toml", f"{tmp_path}/assets.toml"), encoding="utf-8")
        read = load(Surroundings.of_this_process(), file)
        assert all(made(table, shipped_factors(), Decimal(1)).making for table in read.assets)
        assert read.assets


@pytest.mark.parametrize("column", [0, 1])
def test_every_heading_of_the_page_is_one_that_the_import_knows(page: str, column: int) -> None:
    table = page.partition("| français | English |")[2].partition("\n\n")[0]
    cells = [row.strip(" |").split(" | ")[column] for row in table.splitlines()[2:]]
    headings = [one.strip() for cell in cells for one in re.split(r",|\(else|\)", cell) if one.strip()]
    assert len(headings) == 13
    line = ";".join(headings)
    known = read_list(f"{line}\n{';'.join('x' for _ in headings)}\n".encode()).columns
    assert len(known) == len(headings)
