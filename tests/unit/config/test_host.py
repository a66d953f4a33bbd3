"""What `[host]` says of the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.units import Power
from tests.unit.config.test_file import faults, read

if TYPE_CHECKING:
    from pathlib import Path


def test_the_rating_plate_is_a_power_or_not_known(tmp_path: Path) -> None:
    assert read(tmp_path, '[host]\nnameplate_power = "1.2 kW"\n').host.nameplate_power == Power.from_watts(1200)
    assert read(tmp_path, "").host.nameplate_power is None


def test_a_rating_plate_of_nothing_is_refused(tmp_path: Path) -> None:
    assert "nameplate_power" in " ".join(faults(tmp_path, '[host]\nnameplate_power = "0 W"\n'))
