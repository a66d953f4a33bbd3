from dataclasses import replace
from fractions import Fraction
from typing import Final

import pytest

from monitor.core.activity import Unit
from monitor.core.clause_figures import ALL, NONE, Use, added, figure_of
from monitor.core.contracts import METRICS, Figure, Range, Reason
from monitor.core.entries import Meter
from monitor.core.external import Claim, ExternalUse, Impact, Origin
from monitor.core.functional import Work, over
from monitor.core.impact import Bounds, Indicator
from monitor.core.readings import Method
from monitor.core.units import Energy

KWH: Final = 3_600_000_000_000
G: Final = 10**6
COUNTED: Final = Meter("package", Method.COUNTER)
MODELLED: Final = Meter("dram", Method.MODELLED)
TOKENS: Final = over([Unit.OUTPUT_TOKENS])


def exactly(amount: int) -> Bounds:
    return Bounds(amount, amount, amount)


def work(tokens: int = 200_000) -> Work:
    """One kilowatt-hour, a quarter of it to be ready, half of it while it is known what was done."""
    return Work(
        amounts={("", Unit.OUTPUT_TOKENS): tokens, (TOKENS, Unit.ENERGY): KWH // 2} if tokens else {},
        energy=Energy(KWH),
        idle=Energy(KWH // 4),
        impacts={
            Indicator.ENERGY: exactly(KWH),
            Indicator.FACILITY_ENERGY: exactly(KWH * 14 // 10),
            Indicator.GWP_USE: Bounds(60 * G, 70 * G, 80 * G),
            Indicator.GWP_EMBODIED: Bounds(20 * G, 30 * G, 40 * G),
            Indicator.WATER_SITE: exactly(G),
            Indicator.WATER_GRID: exactly(3 * G),
        },
        meters={COUNTED: Energy(KWH)},
    )


WHOLE: Final = Use({"assistant": work()}, covered=Fraction(1))


def known(metric: str, use: Use = WHOLE) -> Figure:
    found = figure_of(METRICS[metric], use)
    assert isinstance(found, Figure)
    return found


def told(metric: str, use: Use = WHOLE) -> tuple[float, float, float]:
    value = known(metric, use).value
    return float(value.low), float(value.central), float(value.high)


def near(*bounds: float) -> object:
    return pytest.approx(bounds, rel=1e-6)


def test_totals_have_the_error_of_the_counter_and_the_range_of_their_factors() -> None:
    assert told("energy") == near(3.24e6, 3.6e6, 3.96e6)
    assert told("facility_energy") == near(1.4 * 3.24e6, 1.4 * 3.6e6, 1.4 * 3.96e6)
    # 70 +- 10 by the factor and 7 by the counter, of which the squares add up
    spread = (10**2 + 7**2) ** 0.5
    assert told("use_emissions") == near(70 - spread, 70, 70 + spread)
    both = (10**2 + 7**2 + 10**2) ** 0.5
    assert told("emissions") == near(100 - both, 100, 100 + both)
    assert told("water") == near(3.6, 4, 4.4)


def test_one_unit_took_its_part_of_the_energy_and_of_the_gases() -> None:
    # half a kilowatt-hour for 200,000 tokens
    assert told("energy_per_1000_output_tokens") == near(8100, 9000, 9900)
    assert told("emissions_per_1000_output_tokens")[1] == pytest.approx(0.25)
    assert told("use_emissions_per_1000_output_tokens")[1] == pytest.approx(0.175)
    assert known("energy_per_1000_output_tokens").coverage == Fraction(1, 2)


def test_services_are_added_before_they_are_divided() -> None:
    other = replace(work(800_000), amounts={("", Unit.OUTPUT_TOKENS): 800_000, (TOKENS, Unit.ENERGY): KWH})
    both = Use({"assistant": work(), "search": other}, covered=Fraction(1))
    assert told("energy_per_1000_output_tokens", both)[1] == pytest.approx(1.5 * 3.6e6 / 1000)
    assert known("energy_per_1000_output_tokens", both).coverage == Fraction(3, 4)
    assert known("energy_per_1000_output_tokens", both.of("search")).coverage == 1
    assert told("energy", both)[1] == pytest.approx(7.2e6)


def test_what_work_took_that_was_not_measured_is_no_divisor() -> None:
    lost = replace(work(), unmeasured={("", Unit.OUTPUT_TOKENS): 100_000})
    assert told("energy_per_1000_output_tokens", Use({"a": lost}, covered=Fraction(1)))[1] == pytest.approx(18_000)


def test_shares_and_factors_of_the_site() -> None:
    assert told("idle_share") == near(0.225, 0.25, 0.275)
    assert told("coverage") == (1, 1, 1)
    assert told("measured_share") == (1, 1, 1)
    for metric, value in (("pue", 1.4), ("wue", 1.0), ("grid_intensity", 50.0)):
        assert told(metric)[1] == pytest.approx(value)
        assert (known(metric).measured, known(metric).declared) == (NONE, ALL)
    assert told("grid_intensity") == near(60 / 1.4, 50, 80 / 1.4)


def test_the_basis_is_by_energy() -> None:
    mixed = replace(work(), meters={COUNTED: Energy(3 * KWH // 4), MODELLED: Energy(KWH // 4)})
    found = known("energy", Use({"a": mixed}, covered=Fraction(1)))
    assert (found.measured, found.declared) == (Fraction(3, 4), NONE)
    assert told("measured_share", Use({"a": mixed}, covered=Fraction(1)))[1] == 0.75


def test_what_was_not_measured_is_in_the_upper_bound_of_a_total_alone() -> None:
    half = replace(WHOLE, covered=Fraction(1, 2))
    assert told("energy", half) == near(3.24e6, 3.6e6, 2 * 3.96e6)
    assert known("energy", half).coverage == Fraction(1, 2)
    assert told("idle_share", half) == told("idle_share")
    assert known("energy_per_1000_output_tokens", replace(WHOLE, covered=Fraction(1, 4))).coverage == Fraction(1, 4)


def test_what_was_not_reckoned_is_in_the_upper_bound_of_gases() -> None:
    part = replace(work(), energy=Energy(2 * KWH), meters={COUNTED: Energy(2 * KWH)})
    use = Use({"a": part}, covered=Fraction(1))
    assert known("emissions", use).coverage == Fraction(1, 2)
    assert told("emissions", use)[2] == pytest.approx(2 * told("emissions")[2])
    assert known("energy", use).coverage == 1


@pytest.mark.parametrize(
    ("missing", "metrics"),
    [
        (Indicator.GWP_EMBODIED, ("emissions", "emissions_per_1000_output_tokens")),
        (Indicator.GWP_USE, ("emissions", "use_emissions", "emissions_per_1000_output_tokens", "grid_intensity")),
        (Indicator.WATER_SITE, ("water", "wue")),
        (Indicator.WATER_GRID, ("water",)),
        (Indicator.FACILITY_ENERGY, ("facility_energy", "pue")),
    ],
)
def test_a_figure_of_which_a_part_is_unknown_is_unknown(missing: Indicator, metrics: tuple[str, ...]) -> None:
    impacts = {indicator: amount for indicator, amount in work().impacts.items() if indicator is not missing}
    for of in ({"a": replace(work(), impacts=impacts)}, {"a": replace(work(), impacts=impacts), "b": work()}):
        for metric in metrics:
            assert figure_of(METRICS[metric], Use(of, covered=Fraction(1))) is Reason.UNKNOWN, metric


def test_without_a_pue_the_intensity_is_that_of_the_machine() -> None:
    impacts = dict(work().impacts)
    del impacts[Indicator.FACILITY_ENERGY]
    assert told("grid_intensity", Use({"a": replace(work(), impacts=impacts)}, covered=Fraction(1)))[1] == 70


def test_nothing_and_nobody_are_not_zero() -> None:
    assert figure_of(METRICS["energy"], Use(covered=Fraction(1))) is Reason.NO_DATA
    assert figure_of(METRICS["energy"], WHOLE.of("search")) is Reason.NO_DATA
    assert figure_of(METRICS["energy"], replace(WHOLE, covered=Fraction(0))) is Reason.UNKNOWN
    assert figure_of(METRICS["energy_per_page"], WHOLE) is Reason.NOT_COUNTED
    silent = Use({"a": work(0)}, covered=Fraction(1))
    assert figure_of(METRICS["energy_per_1000_output_tokens"], silent) is Reason.NOT_COUNTED
    bare = Use({"a": replace(work(), impacts={})}, covered=Fraction(1))
    assert figure_of(METRICS["emissions"], bare) is Reason.UNKNOWN
    assert figure_of(METRICS["pue"], bare) is Reason.UNKNOWN


DECLARED: Final = frozenset({Claim(Origin.DECLARED, "Annexe 2", 2026)})
BOUGHT: Final = ExternalUse(
    counts={Unit.OUTPUT_TOKENS: 10_000, Unit.REQUESTS: 20},
    impacts={Impact.ENERGY: Bounds(4 * G, 8 * G, 16 * G), Impact.GWP: Bounds(G, 2 * G, 3 * G)},
    unknown={Impact.GWP: 2_000},
    claims=DECLARED,
)


def test_bought_services_have_the_rates_of_their_tokens() -> None:
    use = Use(bought={"redac": BOUGHT})
    assert told("energy", use) == (4, 8, 16)
    assert told("energy_per_1000_output_tokens", use) == near(0.4, 0.8, 1.6)
    # of 10,000 tokens 8,000 have a rate
    assert told("emissions_per_1000_output_tokens", use) == near(0.125, 0.25, 0.375)
    assert told("emissions", use) == near(1, 2, 3.75)
    found = known("emissions", use)
    assert (found.coverage, found.measured, found.declared) == (Fraction(4, 5), NONE, ALL)
    guessed = replace(BOUGHT, claims=DECLARED | {Claim(Origin.ESTIMATED, "EcoLogits", 2026)})
    assert known("energy", Use(bought={"redac": guessed})).declared == 0


@pytest.mark.parametrize("metric", ["water", "pue", "idle_share", "energy_per_page", "use_emissions"])
def test_what_is_not_told_of_bought_services_is_unknown(metric: str) -> None:
    assert figure_of(METRICS[metric], Use(bought={"redac": BOUGHT})) is Reason.UNKNOWN


def test_bought_services_that_tell_no_tokens_are_not_counted() -> None:
    silent = ExternalUse(counts={Unit.REQUESTS: 5})
    assert figure_of(METRICS["energy"], Use(bought={"redac": silent})) is Reason.NOT_COUNTED
    rateless = replace(BOUGHT, impacts={}, unknown=dict.fromkeys(Impact, 10_000))
    assert figure_of(METRICS["energy"], Use(bought={"redac": rateless})) is Reason.UNKNOWN


def test_what_is_measured_and_what_is_not_are_never_added() -> None:
    mixed = replace(WHOLE, bought={"redac": BOUGHT})
    assert figure_of(METRICS["energy"], mixed) is Reason.MIXED
    assert known("energy", mixed.of("assistant")).measured == 1
    assert known("energy", mixed.of("redac")).measured == 0
    assert known("coverage", mixed).value == Range(Fraction(1), Fraction(1), Fraction(1))


def test_works_are_added_part_by_part() -> None:
    both = added([work(), work()])
    assert (both.energy, both.idle) == (Energy(2 * KWH), Energy(KWH // 2))
    assert both.amounts[TOKENS, Unit.ENERGY] == KWH
    assert both.impacts[Indicator.GWP_USE] == Bounds(120 * G, 140 * G, 160 * G)
    assert both.meters == {COUNTED: Energy(2 * KWH)}
    assert added([]) == Work({})
    # nothing was reckoned of the other: that takes nothing from what is known
    assert added([work(), Work({}, Energy(KWH))]).impacts == work().impacts
