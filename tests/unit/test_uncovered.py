"""What no meter covers, by what is measured."""

from __future__ import annotations

import pytest

from monitor.collector import Source
from monitor.doctor import MeterFound
from monitor.uncovered import Uncovered, uncovered

BEYOND = (Uncovered.REST, Uncovered.SUPPLY)


def meter(collector: str, resource: str, method: str = "counter") -> MeterFound:
    return MeterFound(collector, Source(resource, "0", method, "", ""), used=True)


PACKAGE, DRAM, PSYS = (meter("rapl", resource) for resource in ("package", "dram", "platform"))
PLUG = meter("shelly:prise", "platform")


@pytest.mark.parametrize(
    ("meters", "beyond"),
    [
        ((), (Uncovered.PROCESSORS, Uncovered.MEMORY, *BEYOND)),
        ((PACKAGE,), (Uncovered.MEMORY, *BEYOND)),
        ((PACKAGE, DRAM), BEYOND),
        ((PACKAGE, DRAM, PSYS), (Uncovered.SUPPLY,)),
        ((PLUG,), ()),
        ((PACKAGE, PSYS, PLUG), ()),
    ],
)
def test_what_no_meter_covers_is_named(meters: tuple[MeterFound, ...], beyond: tuple[Uncovered, ...]) -> None:
    assert uncovered(meters) == beyond


@pytest.mark.parametrize("method", ["modelled", "declared"])
def test_a_figure_that_nobody_measured_covers_nothing(method: str) -> None:
    assert uncovered((meter("nut:ups", "platform", method), meter("modelled_host", "package", method))) == (
        Uncovered.PROCESSORS,
        Uncovered.MEMORY,
        *BEYOND,
    )
