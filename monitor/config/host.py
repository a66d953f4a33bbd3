"""The machine that is measured, as the file says it: `[host]`."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from monitor.config import amounts, quantities, values
from monitor.config.impact_tables import HIGHEST_PUE, LOWEST_PUE
from monitor.config.meters import plausible_power
from monitor.config.tables import Key
from monitor.core.units import Memory, Power


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """What is known of this machine that it can't say itself."""

    name: Annotated[str, Key("Name of this machine.", values.text, '"ia-01"', unset="the machine's host name")]
    zone: Annotated[
        str,
        Key(
            "Zone of the electricity grid: a country, or a part of it. What a kilowatt-hour costs depends on it.",
            values.zone,
            '"FR"',
            unset="its site's; without either, impacts stay unknown",
        ),
    ] = ""
    site: Annotated[
        str,
        Key(
            "Where the machine stands; it may be the key of a `[[site]]`.",
            values.text,
            '"hotel-de-ville"',
            unset="none",
        ),
    ] = ""
    pue: Annotated[
        Decimal | None,
        Key(
            "Energy of the whole facility over that of its machines (PUE).",
            values.ratio(LOWEST_PUE, HIGHEST_PUE),
            "1.4",
            unset="its site's; without either, impacts are those of the machine alone",
        ),
    ] = None
    wue: Annotated[
        Decimal | None,
        Key(
            "Water that the site uses up for each kilowatt-hour of its machines (WUE).",
            amounts.water,
            '"0.4 L/kWh"',
            unset="its site's; without either, water on site is unknown",
        ),
    ] = None
    hardware_share: Annotated[
        Decimal | None,
        Key(
            "Which part of the physical machine a virtual machine has: more than 0, at most 1.",
            values.share,
            "0.25",
            unset="1 on a physical machine; on a virtual one its hardware is unknown",
        ),
    ] = None
    cpu_tdp: Annotated[
        Power | None,
        Key(
            "Thermal design power of all sockets together, for a machine without energy counters.",
            quantities.power,
            '"280 W"',
            unset="looked up by the name of the processor",
        ),
    ] = None
    memory: Annotated[
        Memory | None,
        Key(
            "Installed memory, for a machine without energy counters.",
            quantities.memory,
            '"256 GiB"',
            unset="what the kernel says",
        ),
    ] = None
    nameplate_power: Annotated[
        Power | None,
        Key(
            "What the rating plate says the machine takes at most; a meter of the whole machine that shows more is not"
            " believed.",
            plausible_power,
            '"1200 W"',
            unset="what each meter's own bound allows",
        ),
    ] = None
