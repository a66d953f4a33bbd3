"""What one unit of work took, against numbers made by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.activity import Authority, Unit
from monitor.core.entries import Meter
from monitor.core.functional import (
    PARTS,
    Caution,
    CrossCheck,
    Functional,
    FunctionalUnits,
    Said,
    Sci,
    Work,
    over,
)
from monitor.core.impact import Bounds, Indicator
from monitor.core.readings import Method
from monitor.core.units import MICROJOULES_PER_KILOWATT_HOUR, Energy

KWH = MICROJOULES_PER_KILOWATT_HOUR
GPU = Meter("gpu0", Method.COUNTER)
TOKENS = ("", Unit.OUTPUT_TOKENS)


def whole(amount: int) -> Bounds:
    return Bounds(amount, amount, amount)


WORK = Work(
    amounts={
        TOKENS: 250_000,
        ("", Unit.REQUESTS): 800,
        ("", Unit.INPUT_TOKENS): 10**6,
        ("", Unit.ENERGY): KWH * 3 // 4,
    },
    energy=Energy(KWH),
    idle=Energy(KWH // 4),
    impacts={
        Indicator.ENERGY: whole(KWH),
        Indicator.FACILITY_ENERGY: whole(KWH * 3 // 2),
        Indicator.GWP_USE: Bounds(40_000_000, 60_000_000, 70_000_000),
        Indicator.GWP_EMBODIED: Bounds(10_000_000, 20_000_000, 40_000_000),
    },
    meters={GPU: Energy(KWH)},
)
"""Three quarters of a kilowatt-hour of one are known to have written 250,000 tokens; 60 g of use, 20 g of making."""


def test_figures_are_of_the_energy_while_it_is_known_what_the_service_did() -> None:
    units = FunctionalUnits(WORK)
    assert units.amounts == {Unit.OUTPUT_TOKENS: 250_000, Unit.REQUESTS: 800, Unit.INPUT_TOKENS: 10**6}
    assert (units.known_share, units.idle_share) == (Fraction(3, 4), Fraction(1, 4))
    taken = units.taken
    assert taken is not None
    assert taken.energy == Bounds(KWH * 675 // 1000, KWH * 750 // 1000, KWH * 825 // 1000)
    assert taken.facility == whole(KWH * 9 // 8)
    assert taken.use == Bounds(30_000_000, 45_000_000, 52_500_000)
    assert taken.embodied == Bounds(7_500_000, 15_000_000, 30_000_000)
    tokens = units.per_unit[Functional.OUTPUT_TOKENS]
    assert (tokens.units, tokens.watt_hours, tokens.grams) == (Fraction(250), Fraction(3), Fraction(60, 250))
    requests = units.per_unit[Functional.REQUEST]
    assert (requests.units, requests.watt_hours) == (Fraction(800), Fraction(750, 800))
    assert units.first == tokens
    assert units.cautions == ()


def test_the_emissions_of_the_work_have_the_error_of_the_measure() -> None:
    taken = FunctionalUnits(WORK).taken
    assert taken is not None
    assert taken.emissions is not None
    # use: 45 +- 4.5 g by the meter beside -15 +7.5 g by the factors; making: -7.5 +15 g
    low = 60_000_000 - (15_660_460**2 + 7_500_000**2) ** 0.5
    high = 60_000_000 + (8_746_428**2 + 15_000_000**2) ** 0.5
    assert taken.emissions.low == pytest.approx(low, abs=2)
    assert taken.emissions.central == 60_000_000
    assert taken.emissions.high == pytest.approx(high, abs=2)


def test_the_score_is_energy_times_intensity_and_making_per_unit() -> None:
    sci = FunctionalUnits(WORK).per_unit[Functional.OUTPUT_TOKENS].sci
    assert sci == Sci(energy=KWH * 9 // 8, operational=45_000_000, embodied=15_000_000, units=Fraction(250))
    assert (sci.kilowatt_hours, sci.intensity) == (Fraction(9, 8), Fraction(40))
    assert sci.score == (sci.kilowatt_hours * sci.intensity + 15) / sci.units == Fraction(24, 100)


def test_without_a_pue_the_energy_of_the_score_is_that_of_the_machine() -> None:
    impacts: dict[Indicator, Bounds] = dict(WORK.impacts)
    del impacts[Indicator.FACILITY_ENERGY]
    sci = FunctionalUnits(replace(WORK, impacts=impacts)).per_unit[Functional.REQUEST].sci
    assert sci is not None
    assert (sci.kilowatt_hours, sci.intensity, sci.score) == (Fraction(3, 4), Fraction(60), Fraction(60, 800))


@pytest.mark.parametrize("missing", [Indicator.GWP_USE, Indicator.GWP_EMBODIED])
def test_there_is_no_score_where_a_part_of_it_is_unknown(missing: Indicator) -> None:
    impacts = {one: amount for one, amount in WORK.impacts.items() if one is not missing}
    tokens = FunctionalUnits(replace(WORK, impacts=impacts)).per_unit[Functional.OUTPUT_TOKENS]
    assert tokens.sci is None
    assert tokens.grams == {Indicator.GWP_USE: Fraction(15, 250), Indicator.GWP_EMBODIED: Fraction(45, 250)}[missing]


def test_what_is_unknown_has_no_figure_and_is_never_nothing() -> None:
    no_energy = FunctionalUnits(replace(WORK, amounts={TOKENS: 5}))
    tokens = no_energy.per_unit[Functional.OUTPUT_TOKENS]
    assert (no_energy.taken, tokens.watt_hours, tokens.grams, tokens.sci) == (None, None, None, None)
    no_impacts = FunctionalUnits(replace(WORK, impacts={}))
    tokens = no_impacts.per_unit[Functional.OUTPUT_TOKENS]
    assert (tokens.watt_hours, tokens.grams, tokens.sci) == (Fraction(3), None, None)
    nothing_done = FunctionalUnits(replace(WORK, amounts={TOKENS: 0, ("", Unit.ENERGY): 5}))
    assert (nothing_done.amounts, nothing_done.per_unit, nothing_done.first) == ({Unit.OUTPUT_TOKENS: 0}, {}, None)
    unknown = FunctionalUnits(Work({}))
    assert (unknown.known_share, unknown.idle_share, unknown.per_unit, unknown.cautions) == (None, None, {}, ())


def test_input_tokens_have_a_figure_only_where_nothing_is_generated() -> None:
    amounts = {("", Unit.INPUT_TOKENS): 4000, ("", Unit.ENERGY): 3_600_000_000}
    embedding = FunctionalUnits(Work(amounts)).per_unit
    assert {one: unit.watt_hours for one, unit in embedding.items()} == {Functional.INPUT_TOKENS: Fraction(1, 4)}
    computed = FunctionalUnits(Work({**amounts, ("", Unit.COMPUTED_INPUT_TOKENS): 1000})).per_unit
    assert {one: unit.watt_hours for one, unit in computed.items()} == {Functional.INPUT_TOKENS: Fraction(1)}
    assert Functional.INPUT_TOKENS not in FunctionalUnits(WORK).per_unit


@pytest.mark.parametrize(
    ("unit", "amount", "functional", "watt_hours"),
    [
        (Unit.IMAGES, 4, Functional.IMAGE, Fraction(1, 4)),
        (Unit.PAGES, 8, Functional.PAGE, Fraction(1, 8)),
        (Unit.ITEMS, 2, Functional.ITEM, Fraction(1, 2)),
        (Unit.AUDIO_MILLISECONDS, 90_000, Functional.AUDIO_MINUTE, Fraction(2, 3)),
    ],
)
def test_other_work_has_its_own_unit(unit: Unit, amount: int, functional: Functional, watt_hours: Fraction) -> None:
    units = FunctionalUnits(Work({("m", unit): amount, ("", Unit.ENERGY): 3_600_000_000}))
    assert units.first is not None
    assert (units.first.functional, units.first.watt_hours) == (functional, watt_hours)


def test_what_was_done_while_nothing_was_measured_divides_no_energy() -> None:
    aside = {TOKENS: 50_000, ("", Unit.REQUESTS): 800}
    units = FunctionalUnits(replace(WORK, unmeasured=aside))
    assert units.amounts[Unit.OUTPUT_TOKENS] == 250_000
    assert units.measured == {Unit.OUTPUT_TOKENS: 200_000, Unit.REQUESTS: 0, Unit.INPUT_TOKENS: 10**6}
    assert units.per_unit[Functional.OUTPUT_TOKENS].watt_hours == Fraction(750, 200)
    assert Functional.REQUEST not in units.per_unit


def test_models_are_added_and_kept_apart() -> None:
    amounts = {("a", Unit.OUTPUT_TOKENS): 3, ("b", Unit.OUTPUT_TOKENS): 4, ("", Unit.ENERGY): 7}
    units = FunctionalUnits(Work(amounts))
    assert units.amounts == {Unit.OUTPUT_TOKENS: 7}
    assert units.work.amounts == amounts


@pytest.mark.parametrize(
    ("watt_hours", "cautions"),
    [
        (Fraction(1, 100), ()),
        (Fraction(9, 1000), (Caution.IMPLAUSIBLE,)),
        (Fraction(5), ()),
        (Fraction(5001, 1000), (Caution.IMPLAUSIBLE,)),
    ],
)
def test_energy_per_token_outside_of_what_was_published_is_told_and_kept(
    watt_hours: Fraction, cautions: tuple[Caution, ...]
) -> None:
    units = FunctionalUnits(Work({TOKENS: 1000, ("", Unit.ENERGY): int(watt_hours * 3_600_000_000)}))
    assert units.per_unit[Functional.OUTPUT_TOKENS].watt_hours == watt_hours
    assert units.cautions == cautions


def test_impacts_of_a_part_of_the_energy_stand_for_all_of_it_and_that_is_told() -> None:
    half: dict[Indicator, Bounds] = {Indicator.ENERGY: whole(KWH // 2), Indicator.GWP_USE: whole(30_000_000)}
    units = FunctionalUnits(replace(WORK, impacts=half))
    assert units.taken is not None
    assert units.taken.use == whole(45_000_000)
    assert units.cautions == (Caution.IMPACTS_PARTLY_KNOWN,)
    nothing = FunctionalUnits(replace(WORK, impacts={Indicator.ENERGY: whole(0), Indicator.GWP_USE: whole(0)}))
    assert nothing.taken is not None
    assert nothing.taken.use is None


def test_a_cross_check_is_compared_with_what_counted_where_it_was_not_believed() -> None:
    said = {
        (Authority.EVENTS, Unit.REQUESTS): Said(counted=100),
        (Authority.GATEWAY, Unit.REQUESTS): Said(counted=40, beside=96),
        (Authority.SERVER, Unit.REQUESTS): Said(counted=7, beside=154),
        (Authority.SERVER, Unit.COMPUTED_INPUT_TOKENS): Said(counted=1, beside=9),
    }
    units = FunctionalUnits(Work({}, said=said))
    assert units.authorities == (Authority.EVENTS, Authority.GATEWAY, Authority.SERVER)
    assert units.cross_checks == (
        CrossCheck(Authority.GATEWAY, Unit.REQUESTS, 96, 100),
        CrossCheck(Authority.SERVER, Unit.REQUESTS, 154, 140),
    )
    assert [one.difference for one in units.cross_checks] == [-4, 14]
    assert units.cautions == (Caution.CROSS_CHECK_DIFFERS,)


def test_energy_that_came_with_a_page_which_was_not_believed_makes_nobody_believed() -> None:
    said = {
        (Authority.GATEWAY, Unit.REQUESTS): Said(counted=3),
        (Authority.SERVER, Unit.ENERGY): Said(counted=9),
    }
    assert FunctionalUnits(Work({}, said=said)).authorities == (Authority.GATEWAY,)
    # of a service that nobody asked, it tells who knows that
    idle = {(Authority.SERVER, Unit.ENERGY): Said(counted=9), (Authority.SERVER, Unit.REQUESTS): Said()}
    assert FunctionalUnits(Work({}, said=idle)).authorities == (Authority.SERVER,)


def test_five_per_cent_of_difference_is_told_without_a_caution() -> None:
    said = {(Authority.EVENTS, Unit.REQUESTS): Said(100), (Authority.SERVER, Unit.REQUESTS): Said(0, 105)}
    assert FunctionalUnits(Work({}, said=said)).cautions == ()


def test_what_came_in_late_makes_no_share_greater_than_all() -> None:
    assert FunctionalUnits(Work({("", Unit.ENERGY): 8}, Energy(5))).known_share == 1


def test_a_unit_has_the_energy_of_the_hours_in_which_it_was_told_and_no_other() -> None:
    """For one hour a gateway told requests and tokens, for three the page of a server that counts no requests."""
    both, tokens = (over(told) for told in ([Unit.REQUESTS, Unit.OUTPUT_TOKENS], [Unit.OUTPUT_TOKENS]))
    units = FunctionalUnits(
        Work(
            amounts={
                ("m", Unit.OUTPUT_TOKENS): 4000,
                ("m", Unit.REQUESTS): 10,
                (both, Unit.ENERGY): KWH,
                (tokens, Unit.ENERGY): 3 * KWH,
            },
            energy=Energy(5 * KWH),
            impacts={
                Indicator.ENERGY: whole(5 * KWH),
                Indicator.GWP_USE: whole(50_000_000),
                Indicator.GWP_EMBODIED: whole(25_000_000),
            },
        )
    )
    assert units.per_unit[Functional.OUTPUT_TOKENS].watt_hours == 1000
    assert units.per_unit[Functional.REQUEST].watt_hours == 100
    assert units.per_unit[Functional.OUTPUT_TOKENS].grams == 15
    # E 1 kWh, I 10 g/kWh, M 5 g, R 10
    assert units.per_unit[Functional.REQUEST].sci == Sci(KWH, 10_000_000, 5_000_000, Fraction(10))
    assert units.known_share == Fraction(4, 5)
    assert units.taken is not None
    assert units.taken.microjoules == 4 * KWH


def test_tokens_that_were_computed_are_told_over_the_hours_in_which_they_were_known() -> None:
    known = over([Unit.INPUT_TOKENS, Unit.COMPUTED_INPUT_TOKENS])
    amounts = {
        ("", Unit.INPUT_TOKENS): 9000,
        ("", Unit.COMPUTED_INPUT_TOKENS): 2000,
        (known, Unit.ENERGY): KWH,
        (over([Unit.INPUT_TOKENS]), Unit.ENERGY): KWH,
    }
    per_unit = FunctionalUnits(Work(amounts, Energy(2 * KWH))).per_unit
    assert per_unit[Functional.INPUT_TOKENS].watt_hours == 500


AMOUNTS = st.integers(0, 2**62)


DEEDS = [unit for unit in Unit if unit is not Unit.ENERGY]


@given(
    amounts=st.dictionaries(st.tuples(st.sampled_from(["", "m"]), st.sampled_from(DEEDS)), AMOUNTS),
    used=st.dictionaries(st.frozensets(st.sampled_from(DEEDS)), AMOUNTS),
    energy=AMOUNTS,
    impacts=st.dictionaries(st.sampled_from(Indicator), AMOUNTS.map(whole)),
)
def test_any_work_has_figures_that_are_exact_or_none(
    amounts: dict[tuple[str, Unit], int],
    used: dict[frozenset[Unit], int],
    energy: int,
    impacts: dict[Indicator, Bounds],
) -> None:
    told = {(over(told), Unit.ENERGY): amount for told, amount in used.items()}
    units = FunctionalUnits(Work(amounts | told, Energy(energy), impacts=impacts, meters={GPU: Energy(energy)}))
    assert (units.taken is None) == (sum(used.values()) == 0)
    for functional, one in units.per_unit.items():
        assert one.units > 0
        unit = next(unit for unit in PARTS[functional][0] if unit in units.measured)
        known = sum(amount for told, amount in used.items() if unit in told or not told)
        assert (one.watt_hours or 0) * one.units * 3_600_000_000 == known
        assert (one.watt_hours is None) == (known == 0)
        if (sci := one.sci) is not None:
            assert sci.score * sci.units == sci.kilowatt_hours * sci.intensity + Fraction(sci.embodied, 10**6)
