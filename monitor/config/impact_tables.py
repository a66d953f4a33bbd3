"""What can be configured of impacts: sites, factors, tariffs, hardware. One frozen record for each table."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from monitor.config import amounts, values
from monitor.config.amounts import DayHours
from monitor.config.tables import Key
from monitor.core.readings import DRAM, PACKAGE, REST

LOWEST_PUE: Final = Decimal(1)
HIGHEST_PUE: Final = Decimal(5)
"""Beyond that somebody mistook the unit. Source: Uptime Institute, Global Data Center Survey 2024: the mean is 1.56."""


class SiteKind(StrEnum):
    """Kinds of site that the factors tell apart."""

    DATACENTRE = "datacentre"
    SERVER_ROOM = "server_room"
    OFFICE = "office"


class LiveSource(StrEnum):
    """Who can be asked for the live intensity of the grid."""

    RTE = "rte"
    ELECTRICITY_MAPS = "electricity_maps"


class AssetKind(StrEnum):
    """Kinds of hardware."""

    SERVER = "server"
    CPU = "cpu"
    MEMORY = "memory"
    SSD = "ssd"
    HDD = "hdd"
    GPU = "gpu"
    MAINBOARD = "mainboard"
    POWER_SUPPLY = "power_supply"
    CHASSIS = "chassis"

    @property
    def resource(self) -> str:
        """As which resource it is held where that is not said; empty where it has to be."""
        return _RESOURCES.get(self, REST)


_RESOURCES: Final = {AssetKind.CPU: PACKAGE, AssetKind.MEMORY: DRAM, AssetKind.GPU: ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTable:
    """A site where machines stand. A machine names its own with `host.site`; what `[host]` says comes first."""

    key: Annotated[str, Key("Short name, as in host.site.", values.service_key, '"hotel-de-ville"')]
    name: Annotated[str, Key("Name for people.", values.text, '"Hôtel de Ville"', unset="the key")] = ""
    kind: Annotated[
        SiteKind | None,
        Key(
            'What it is: "datacentre", "server_room" or "office". Without a PUE and WUE of its own, those of its kind'
            " are taken, with their range.",
            values.choice(SiteKind),
            '"server_room"',
            unset="not said",
        ),
    ] = None
    zone: Annotated[str, Key("Zone of its electricity grid, as host.zone.", values.zone, '"FR"', unset="unknown")] = ""
    pue: Annotated[
        Decimal | None,
        Key("Its PUE, as host.pue.", values.ratio(LOWEST_PUE, HIGHEST_PUE), "1.6", unset="that of its kind"),
    ] = None
    wue: Annotated[
        Decimal | None, Key("Its WUE, as host.wue.", amounts.water, '"0.4 L/kWh"', unset="that of its kind")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketTable:
    """What a kilowatt-hour of the organisation's electricity contract emits (market-based)."""

    value: Annotated[Decimal, Key("The figure.", amounts.intensity, '"12 g/kWh"')]
    low: Annotated[
        Decimal | None, Key("Its lower bound.", amounts.intensity, '"10 g/kWh"', unset="the figure itself")
    ] = None
    high: Annotated[
        Decimal | None, Key("Its upper bound.", amounts.intensity, '"14 g/kWh"', unset="the figure itself")
    ] = None
    year: Annotated[int, Key("Year of the figure.", amounts.year, "2026")]
    source: Annotated[
        str, Key("Who says so, in which document.", values.text, '"Contrat EDF vert 2026, garanties d\'origine"')
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorsTable:
    """What a kilowatt-hour costs the environment. Nothing is asked of the network unless `live` is set."""

    files: Annotated[
        tuple[Path, ...],
        Key(
            "Files with factors of your own, which come before those that are shipped.",
            values.absolute_paths,
            '["/etc/empreinte/factors.toml"]',
        ),
    ] = ()
    set: Annotated[
        str, Key("Set of factors, as `empreinte factors list` shows.", values.word, '"2026-11"', unset="the newest")
    ] = ""
    provider: Annotated[
        str,
        Key(
            "Whose yearly figure of the grid's carbon intensity to take.",
            values.word,
            '"ademe"',
            unset="the zone's first",
        ),
    ] = ""
    live: Annotated[
        LiveSource | None,
        Key(
            'Whose live intensity gives the hours their shape: "rte" (mainland France) or "electricity_maps". It is'
            " asked over the network, through network.proxy where there is one.",
            values.choice(LiveSource),
            '"electricity_maps"',
            unset="nobody's, and nothing is asked of the network",
        ),
    ] = None
    token_file: Annotated[
        Path | None,
        Key(
            "File with the token for electricity_maps, which only the daemon's user can read.",
            values.absolute_path,
            '"/etc/empreinte/electricity_maps.token"',
            unset="none; electricity_maps needs it",
        ),
    ] = None
    address: Annotated[
        str,
        Key(
            "Address of a gateway that stands before the live source.",
            values.web_address,
            '"https://gateway.example.fr/"',
            unset="the provider's own",
        ),
    ] = ""
    certificates: Annotated[
        Path | None,
        Key(
            "File with the certificates (PEM) of the authority that the live source or its gateway is signed by.",
            values.absolute_path,
            '"/etc/ssl/certs/example-ca.pem"',
            unset="the system's",
        ),
    ] = None
    market: Annotated[
        MarketTable | None,
        Key(
            "What a kilowatt-hour of your electricity contract emits (market-based): shown beside the other figures.",
            MarketTable,
            '{ value = "12 g/kWh", year = 2026, source = "Contrat EDF vert 2026, garanties d\'origine" }',
            unset="unknown",
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffTable:
    """What a kilowatt-hour costs from a day on, until the next tariff: one price, or two by the hour."""

    valid_from: Annotated[
        date, Key("The first day it holds, in the organisation's time zone.", amounts.day, "2026-01-01")
    ]
    price: Annotated[
        Decimal | None,
        Key(
            "Price at all hours. With or without VAT is yours to choose: say so in source.",
            amounts.price,
            '"0.2016 EUR/kWh"',
            unset="see peak",
        ),
    ] = None
    peak: Annotated[
        Decimal | None,
        Key(
            "Price in peak hours, in place of price.", amounts.price, '"0.2146 EUR/kWh"', "see price", alternative=True
        ),
    ] = None
    off_peak: Annotated[
        Decimal | None,
        Key("Price in off-peak hours.", amounts.price, '"0.1696 EUR/kWh"', "see price", alternative=True),
    ] = None
    off_peak_hours: Annotated[
        tuple[DayHours, ...],
        Key(
            "Off-peak hours in local time; they may pass midnight.",
            amounts.day_hours,
            '["22:30-06:30"]',
            "see price",
            alternative=True,
        ),
    ] = ()
    source: Annotated[str, Key("Contract or price list that says so.", values.text, '"Contrat 2026, hors TVA"')]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetTable:
    """A piece of hardware of this machine, whose making counts: a model of the catalogue, or a figure of your own."""

    name: Annotated[str, Key("Name for people, of this asset alone.", values.text, '"H100 n° 1"')]
    kind: Annotated[
        AssetKind,
        Key(
            "What it is: server, cpu, memory, ssd, hdd, gpu, mainboard, power_supply, chassis.",
            values.choice(AssetKind),
            '"gpu"',
        ),
    ]
    model: Annotated[
        str,
        Key("Model, as `empreinte factors list` shows.", values.word, '"nvidia-h100-sxm-80gb"', unset="see embodied"),
    ] = ""
    embodied: Annotated[
        Decimal | None,
        Key(
            "Greenhouse gases of making one piece, in place of model.",
            amounts.emissions,
            '"273 kgCO2e"',
            "see model",
            alternative=True,
        ),
    ] = None
    embodied_low: Annotated[
        Decimal | None,
        Key("Its lower bound.", amounts.emissions, '"164 kgCO2e"', "needed with embodied", alternative=True),
    ] = None
    embodied_high: Annotated[
        Decimal | None,
        Key("Its upper bound.", amounts.emissions, '"575 kgCO2e"', "needed with embodied", alternative=True),
    ] = None
    adpe: Annotated[
        Decimal | None,
        Key(
            "Minerals and metals (ADPe) of making one piece, beside embodied.",
            amounts.antimony,
            '"0.0089 kgSbe"',
            "unknown with embodied",
            alternative=True,
        ),
    ] = None
    adpe_low: Annotated[
        Decimal | None,
        Key("Its lower bound.", amounts.antimony, '"0.0071 kgSbe"', "the figure itself", alternative=True),
    ] = None
    adpe_high: Annotated[
        Decimal | None,
        Key("Its upper bound.", amounts.antimony, '"0.0103 kgSbe"', "the figure itself", alternative=True),
    ] = None
    year: Annotated[
        int | None, Key("Year of these figures.", amounts.year, "2024", "needed with embodied", alternative=True)
    ] = None
    source: Annotated[
        str,
        Key(
            "Who says so, in which document.",
            values.text,
            '"Fiche produit du fabricant, 2024"',
            "needed with embodied",
            alternative=True,
        ),
    ] = ""
    count: Annotated[int, Key("How many of them there are.", amounts.count, "1")] = 1
    capacity: Annotated[
        Decimal | None,
        Key(
            "Capacity of each, as it is sold, where the factor of its model is for a GB.",
            amounts.capacity,
            '"512 GB"',
            "not used",
            alternative=True,
        ),
    ] = None
    bought: Annotated[
        date | None,
        Key(
            "Day it was bought: its making is spread over its lifetime from then on, and nothing is left after.",
            amounts.day,
            "2024-03-01",
            unset="spread for as long as it is there",
        ),
    ] = None
    lifetime: Annotated[
        Decimal | None,
        Key("For how long it is used.", amounts.lifetime, '"5 years"', unset="the catalogue's for its kind"),
    ] = None
    resource: Annotated[
        str,
        Key(
            "Whose holders share it: package, dram, gpu0, gpu_amd0 ...; rest follows all the others.",
            values.resource,
            '"gpu0"',
            unset="package for a cpu, dram for memory, rest for others; a gpu needs it",
        ),
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryTable:
    """How the hardware of the machine is known, beside `[[asset]]`."""

    detect: Annotated[
        bool,
        Key("Whether hardware that can be detected counts where no asset of its kind is given.", values.flag, "true"),
    ] = True
    files: Annotated[
        tuple[Path, ...],
        Key(
            "Files with further `[[asset]]` tables, as `empreinte assets import` makes them.",
            values.absolute_paths,
            '["/etc/empreinte/assets.toml"]',
        ),
    ] = ()
