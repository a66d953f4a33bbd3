"""A ledger of 36 hours whose impacts are known, made by what the daemon reckons with, and the configuration for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.app import assembly_of
from monitor.config import Surroundings, load
from monitor.core.entries import IDLE, OTHER, Bucket, Gap, Grain, Holding, Meter, OpenBooks, Series, ServiceFacts, Share
from monitor.core.interval import HOUR, Interval, Stamp
from monitor.core.readings import DRAM, PACKAGE, IntensityReading, Method
from monitor.core.units import Duration, Energy
from monitor.impact_accounting import ImpactAccounting
from monitor.ledger.store import Ledger
from tests.fixtures.intensities import intensity
from tests.fixtures.ledgers import empty_ledger
from tests.unit.cli.conftest import ASSISTANT, CLOSED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from monitor.config import Config

HOURS: Final = 36
HR: Final = HOUR.nanoseconds
END: Final = CLOSED + HOURS * HR
ARCHIVE: Final = ServiceFacts("archive", "Archive")
EVERYTHING: Final = """
[factors]
market = { value = "12.5 g/kWh", low = "10 g/kWh", high = "15 g/kWh", year = 2026, source = "Contract 42" }
[inventory]
detect = false
[[tariff]]
valid_from = 2026-01-01
peak = "0.2146 EUR/kWh"
off_peak = "0.1696 EUR/kWh"
off_peak_hours = ["22:30-06:30"]
source = "Contract 42, without VAT"
[[asset]]
name = "H100"
kind = "gpu"
resource = "gpu0"
model = "nvidia-h100-sxm-80gb"
bought = 2026-03-11
[[asset]]
name = "the server"
kind = "server"
embodied = "1200 kgCO2e"
embodied_low = "900 kgCO2e"
embodied_high = "1500 kgCO2e"
year = 2024
source = "Data sheet"
lifetime = "5 years"
resource = "rest"
"""
HOST: Final = '[host]\nname = "ia-01"\ncpu_tdp = "100 W"\n'
ZONE: Final = 'zone = "FR"\npue = 1.42\nwue = "0.35 L/kWh"\nhardware_share = 0.5\n'


def configure(place: Path, tables: str = EVERYTHING, host: str = ZONE) -> Config:
    """Add *tables*, and *host* to its table, to the configuration in *place*; return it as it is now."""
    file = place / "empreinte.toml"
    text = file.read_text(encoding="utf-8").replace(HOST, HOST + host)
    file.write_text(text + tables, encoding="utf-8")
    return load(Surroundings.of_this_process(), None)


def hours() -> list[Bucket]:
    """Return the closed hours: no two have the same energy."""
    return [_hour(number) for number in range(HOURS)]


def _hour(number: int) -> Bucket:
    used = 123_456_789_012 + number * 7_654_321_987
    entries = {
        Series("assistant", PACKAGE, Share.ACTIVE, Method.COUNTER): Energy(used),
        Series("assistant", DRAM, Share.RESIDENCY, Method.MODELLED): Energy(used // 9),
        Series("assistant", "gpu0", Share.ACTIVE, Method.COUNTER): Energy(3 * used),
        Series(OTHER, PACKAGE, Share.FLOOR, Method.COUNTER): Energy(used // 7),
    }
    measured: dict[Meter, Energy] = {}
    for series, energy in entries.items():
        meter = Meter(series.resource, series.method)
        measured[meter] = measured.get(meter, Energy.ZERO) + energy
    held = {
        Holding("assistant", "gpu0"): Duration(HR * 5 // 7),
        Holding(IDLE, "gpu0"): Duration(HR - HR * 5 // 7),
        Holding("assistant", PACKAGE): Duration(HR // 3),
        Holding(OTHER, PACKAGE): Duration(HR // 11),
    }
    return Bucket(
        Grain.HOUR, CLOSED + number * HR, entries, measured, dict.fromkeys((PACKAGE, DRAM, "gpu0"), HOUR), held
    )


def live() -> list[IntensityReading]:
    """Return what RTE told of all hours, of each something else."""
    return [intensity(CLOSED + number * HR, f"{20 + number / 4}", HOUR) for number in range(HOURS)]


def keep(
    config: Config, closed: Sequence[Bucket], readings: Sequence[IntensityReading] = (), *, known_from: int = 0
) -> None:
    """Make the configured ledger of what was *closed*, as a daemon would that was told *readings*.

    The impacts of the hours before that numbered *known_from* are not known, as if the zone had come later.
    """
    reckoner = assembly_of(config, CLOSED).reckoner
    url = empty_ledger(config.paths.state / "ledger.db")
    assert url == config.ledger.url
    now = Stamp(END, 10**15)
    energy: dict[Series, Energy] = {}
    for bucket in closed:
        for series, amount in bucket.entries.items():
            energy[series] = energy.get(series, Energy.ZERO) + amount
    books = OpenBooks(at=now, boot_id="boot", closed_through=END, energy=energy)
    gaps = [Gap(PACKAGE, Interval(CLOSED - HR, CLOSED), "daemon_down")]
    with Ledger.open(url, host="ia-01", timezone="Europe/Paris", now=now) as ledger:
        impacts = ImpactAccounting(reckoner, None, ledger.grain, readings).close(closed[known_from:])
        told = [(END, reading) for reading in readings]
        ledger.commit(books, closed, gaps, [ASSISTANT, ARCHIVE], impacts=impacts, intensities=told)
