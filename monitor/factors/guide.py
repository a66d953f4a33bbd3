"""What docs/factors.md says before and between its tables."""

from __future__ import annotations

from typing import Final

from monitor.core.factors import Quantity

INTRODUCTION: Final = """\
# Factors

This page is made from the program (`make docs`); a test fails where it is stale.

A factor says what a kilowatt-hour, a kind of site or a piece of hardware comes to. Each has a figure with its range, a
unit, the year of its data, where it is from and under which licence. They are files of the program, in sets named by
their month; nothing is asked of the network. `empreinte factors list` shows them, `empreinte factors show KEY` one of
them with all that is known of it, and `empreinte factors check FILE` says whether a file of your own is right.

## How one is chosen

For a zone (or a kind of site, or a model) and a day:

1. A provider that is named comes first (`[factors] provider`). Without one: a factor of your own files, for the days
   that it covers; then the set's order: in France ADEME, then Ember; in Corsica and overseas Electricity Maps, then
   Ember; elsewhere Ember, then Electricity Maps, then CodeCarbon's table.
2. Of that provider the newest that has begun. The answer is `exact` where the factor is of the day's year, and
   `older_year` where it is of one before. Electricity, water and abiotic resources age so; a legal coefficient, a kind
   of site, a piece of hardware and an equivalence hold until they end or are replaced.
3. Where that provider has none, another's stands in, and the answer is `alternative_source`. Only a life-cycle,
   location-based factor may stand in: one of direct emissions, or of a market, is taken only if its provider is named.
4. A part of a country (`US-CA`, `FR-IDF`) that has none gets the country's: `parent_zone`. **Never a grid of its own**:
   Corsica (`FR-COR`; also `FR-20R`, `FR-2A`, `FR-2B`), the French overseas territories (`GP`, `MQ`, `GF`, `RE`, `PM`,
   `YT`, `BL`, `MF`, `WF`, `PF`, `NC`; also `FR-971` to `FR-988`), the Canary Islands, Ceuta, Melilla, the Azores,
   Madeira, Alaska, Hawaii. They have their own figure, or none.
5. Where nothing is left, it is an error that names the cure. The world's figure stands in for nobody.

Every answer tells how it was chosen, wherever the figure is shown.

## The ranges

The range of a factor (`low`, `high`) says between which figures the truth is taken to be. It is written beside each
figure, and follows these rules; tests apply them to every file.

- **Electricity of a country**: the smallest and the largest of the zone's life-cycle, location-based figures in the set
  whose year differs by one at most. The sources disagree by up to a factor of two, and that is what the range shows.
- **Electricity of Corsica and overseas**: the smallest and the largest of all years, and at least +-25 %. The figures
  are of low quality: small grids, few sources, and Réunion's power stations changed from coal to biomass meanwhile.
- **A single source**: +-25 % for electricity and equivalences, +-50 % for all else, and the note says so.
- **RTE's direct emissions** are no part of the spread: they count what is burnt in French power stations, without the
  fuel's upstream, the building of the plants, and the imports. That is another quantity, not another opinion of the
  same one.
- **Hardware**: the range of the source where it has one; for the H100 the spread of three sources, which differ 3.5
  times.
- **Legal coefficients and conventions** have no range.

## Keys of a factor

"""

OWN_FILE: Final = """\
## A file of your own

It has the same keys, is checked in the same way, and is named in the configuration. All that is wrong with it is told
at once, with the cure. A factor with the key of one that is shipped replaces it; with another key it comes before the
shipped ones for the days that it covers. The name of the set then tells the content of the files: `2026-11+3f9a1c`.

```toml
[[factor]]
key = "electricity/WF/our-study/2026"
quantity = "electricity"
subject = "WF"
provider = "our-study"
value = 640
low = 560
high = 720
unit = "gCO2e/kWh"
year = 2025
valid_from = 2026-01-01
cycle = "life_cycle"
boundary = "consumption"
accounting = "location"
source = "Study of the territory, 2025, table 4"
address = "https://www.example.org/study"
licence = "ours"
retrieved = 2026-11-23
```

```toml
[factors]
files = ["/etc/empreinte/factors.toml"]
```

Two factors of one provider for the same thing must not hold on the same day; one without `valid_to` ends where the next
begins.

"""

NOT_SHIPPED: Final = """\
## Licences

- **ADEME, Base Empreinte** (formerly Base Carbone): Licence Ouverte 2.0; the figures are those that ADEME's own package
  `publicodes-commun` carries. **Impact CO2**: MIT, its figures from the same base.
- **Our World in Data, Ember**: CC BY 4.0. **RTE**: Licence Ouverte 2.0.
- **Electricity Maps**, yearly figures: Open Database License (ODbL) 1.0. They are in a file of their own,
  `electricity_maps.toml`, under that licence. Contains information from Electricity Maps
  (https://www.electricitymaps.com). Who passes on that file, or a database made from it, names Electricity Maps, keeps
  the notice in the file and gives it under the ODbL. A few bounds of other files are figures of Electricity Maps; those
  factors say so in their licence.
- **World Resources Institute**: the figures of its guidance, as EcoLogits (MPL-2.0) carries them.
- **EcoLogits**: MPL-2.0. **BoaviztAPI** is under the AGPL-3.0: figures that were computed with it are here, no part of
  its program or of its data files.
- Legal texts are free to use.

## Not shipped, and why

- **Water of electricity by ecoinvent** (146 L/kWh for France, in ADEME's package): it may not be reused freely; and it
  is another quantity, 40 times the water consumed.
- **Base IMPACTS** (ADEME): its own terms allowed no redistribution when they were last described in public (2020). The
  ADPe of electricity is the figure that EcoLogits publishes under the MPL-2.0, and names its origin. Whoever holds that
  this is not enough takes `abiotic.toml` out: ADPe of the use phase is then unknown, and nothing else changes.
- **ADPe of the world's electricity**: EcoLogits' figure is below that of every country here, which can't be. For
  Corsica and overseas there is none.
- **Fossil and fissile resources (ADPf)**, which some tools call primary energy: for Norway they are below the energy
  delivered. The legal coefficient is here instead.
- **Market-based factors** (the residual mix of AIB): CO2 only, direct, and not stored under a free licence. State your
  contract's: `[factors] market`.
- **EcoLogits' greenhouse gases of electricity**: no year is stated. **BoaviztAPI's**: of 2019 (98 g/kWh for France).
- **The rack server of ADEME's digital-services study** (748 kg): under which licence could not be confirmed; it is
  within the range of `server`.
- **WUE of a server room**: no source was found. Where split air-conditioners cool it, state `wue = "0 L/kWh"`.
- **Electricity of Wallis and Futuna, Saint-Barthélemy, Saint-Martin**: no source was found.
- **Prices of electricity**: they are in your contract, `[[tariff]]`.

"""

_ELECTRICITY: Final = """\
Greenhouse gases of a kilowatt-hour. `ademe` is what a French greenhouse-gas balance has to use: the average mix of
consumption. Since 2024 it is smoothed over four years, so that a change comes late and softened."""
_WATER: Final = """\
Water consumed (not withdrawn) where a kilowatt-hour was generated. What evaporates from reservoirs drives the high
figures."""
_PRIMARY_ENERGY: Final = """\
Legal coefficients. The French one was made for buildings in metropolitan France, Corsica included; overseas it does not
hold. For the other states of the Union it is the Union's default."""
_ABIOTIC: Final = """\
Minerals and metals (ADPe) of a kilowatt-hour, of the mix of 2011: an order of magnitude."""
_PUE: Final = """\
Energy of the facility over that of its machines, for a site that measures none. A machine under a desk has no cooling
of its own."""
_HARDWARE: Final = """\
Cradle to gate, for one piece or for a GB. `server` is the default of a server without GPUs; `cpu`, `memory`, `ssd`,
`hdd`, `mainboard`, `power_supply` and `chassis` are those of parts of unknown model."""
_LIFETIMES: Final = """\
Over how long the making is spread. A longer life lowers what a year bears: state your own with the asset."""
_EQUIVALENCES: Final = """\
For reports to those who know no kilograms of CO2e: at most three at a time, with value and source, and never for water
or abiotic resources."""

HEADINGS: Final = {
    Quantity.ELECTRICITY: ("Electricity", _ELECTRICITY),
    Quantity.WATER: ("Water of electricity", _WATER),
    Quantity.PRIMARY_ENERGY: ("Primary energy of electricity", _PRIMARY_ENERGY),
    Quantity.ABIOTIC_RESOURCES: ("Abiotic resources of electricity", _ABIOTIC),
    Quantity.PUE: ("PUE by kind of site", _PUE),
    Quantity.WUE: ("WUE by kind of site", "Water that the site consumes for each kilowatt-hour of its machines."),
    Quantity.HARDWARE_GWP: ("Making hardware: greenhouse gases", _HARDWARE),
    Quantity.HARDWARE_ADPE: ("Making hardware: abiotic resources", "Minerals and metals (ADPe), as above."),
    Quantity.HARDWARE_LIFETIME: ("Lifetimes of hardware", _LIFETIMES),
    Quantity.EQUIVALENCE: ("Equivalences", _EQUIVALENCES),
}
"""Heading and introduction of each quantity that is shipped, in the order of the page."""
