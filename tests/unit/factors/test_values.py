"""Every factor that is shipped, against what its source says; every range, against the rule that is documented."""

from decimal import Decimal

import pytest

from monitor.core.factors import Cycle, Factor, Quantity
from monitor.factors.loading import shipped
from tests.unit.factors.published import COUNTRIES, HARDWARE, OTHERS, RANGES, TERRITORIES, UNION

FACTORS = {factor.key: factor for factor in shipped().factors}
SINGLE = Decimal("0.25")
"""Half the range of an electricity factor, and of an equivalence, of one source."""
HALF = Decimal("0.5")
"""Half the range of the other factors of one source."""
ISOLATED = {line.split()[0] for line in TERRITORIES.split("\n") if line}


def published() -> dict[str, str]:
    """Return the value of each key, by the sources."""
    values = dict(OTHERS)
    for zone, *rest in (line.split() for line in COUNTRIES.strip().splitlines()):
        keys = [f"electricity/{zone}/ember/{year}" for year in (2023, 2024)]
        keys += [f"electricity/{zone}/electricity_maps/{year}" for year in (2023, 2024, 2025)]
        keys += [f"water/{zone}/wri/2020", f"abiotic_resources/{zone}/ecologits/2011"]
        values |= zip(keys, rest, strict=True)
    for zone, *rest in (line.split() for line in TERRITORIES.strip().splitlines()):
        keys = [f"electricity/{zone}/ember/2022"]
        keys += [f"electricity/{zone}/electricity_maps/{year}" for year in (2023, 2024, 2025)]
        values |= zip(keys, rest, strict=True)
    for model, gwp, _, _, adpe in (line.split() for line in HARDWARE.strip().splitlines()):
        values |= {f"hardware_gwp/{model}": gwp, f"hardware_adpe/{model}": adpe}
    values |= {f"primary_energy/{zone}/legal/2023": "1.9" for zone in UNION.split()}
    return {key: value for key, value in values.items() if value != "-"}


def test_every_factor_is_what_its_source_says_and_there_is_no_other() -> None:
    assert {key: factor.value for key, factor in FACTORS.items()} == {
        key: Decimal(value) for key, value in published().items()
    }


@pytest.mark.parametrize(("key", "expected"), RANGES.items())
def test_ranges_worked_out_by_hand(key: str, expected: tuple[str, str]) -> None:
    assert (FACTORS[key].low, FACTORS[key].high) == tuple(Decimal(bound) for bound in expected)


@pytest.mark.parametrize("line", HARDWARE.strip().splitlines())
def test_the_range_of_each_piece_of_hardware_is_the_sources(line: str) -> None:
    model, _, low, high, _ = line.split()
    factor = FACTORS[f"hardware_gwp/{model}"]
    assert (factor.low, factor.high) == (Decimal(low), Decimal(high))


@pytest.mark.parametrize(
    "factor", [one for one in FACTORS.values() if one.quantity is Quantity.ELECTRICITY], ids=lambda one: one.key
)
def test_the_range_of_electricity_is_the_spread_of_the_figures_of_about_that_time(factor: Factor) -> None:
    assert (factor.low, factor.high) == spread(factor)


def spread(factor: Factor) -> tuple[Decimal, Decimal]:
    """Return the range by the rule of docs/factors.md."""
    comparable = [
        other
        for other in FACTORS.values()
        if other.quantity is Quantity.ELECTRICITY
        and (other.subject, other.basis.cycle) == (factor.subject, factor.basis.cycle)
        and (factor.subject in ISOLATED or abs(other.year - factor.year) <= 1)
    ]
    low, high = min(other.value for other in comparable), max(other.value for other in comparable)
    if factor.basis.cycle is Cycle.DIRECT:
        low = high = factor.value
    if factor.subject in ISOLATED or len({other.provider for other in comparable}) == 1:
        low, high = min(low, factor.value * (1 - SINGLE)), max(high, factor.value * (1 + SINGLE))
    return low, high


def test_a_stated_percentage_is_the_range() -> None:
    for factor in FACTORS.values():
        if factor.quantity is not Quantity.ELECTRICITY and "range: +-" in factor.note:
            half = SINGLE if "+-25 %" in factor.note else HALF
            assert (factor.low, factor.high) == (factor.value * (1 - half), factor.value * (1 + half)), factor.key


def test_a_range_without_width_is_a_convention() -> None:
    exact = [factor for factor in FACTORS.values() if factor.low == factor.high]
    assert {factor.provider for factor in exact} == {"legal", "convention"}


def test_direct_emissions_are_no_part_of_the_spread_of_a_life_cycle() -> None:
    assert FACTORS["electricity/FR/rte/2024"].value < FACTORS["electricity/FR/ademe/2024"].low


def test_the_note_of_an_isolated_grid_says_that_it_is_of_low_quality() -> None:
    for factor in FACTORS.values():
        if factor.quantity is Quantity.ELECTRICITY and factor.subject in ISOLATED:
            assert factor.note.startswith("low quality"), factor.key


def test_what_is_of_electricity_maps_says_under_which_licence() -> None:
    for factor in FACTORS.values():
        if factor.provider == "electricity_maps":
            assert factor.licence == "ODbL 1.0"
        elif "electricity_maps" in factor.note:
            assert factor.licence.endswith("a bound is from Electricity Maps, ODbL 1.0")
