"""What bought services did and cost, against numbers made by hand."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.activity import Unit
from monitor.core.external import (
    Basis,
    Claim,
    ExternalSeries,
    ExternalSum,
    Impact,
    Origin,
    TokenRate,
    by_service,
    chosen,
    provider_of,
    use_of,
    within_class,
)
from monitor.core.impact import Bounds
from monitor.core.readings import Method


def rate(impact: Impact, origin: Origin, central: int = 2_850_000_000) -> TokenRate:
    return TokenRate(
        impact=impact, origin=origin, amount=Bounds(central // 2, central, central * 2), source="a study", year=2025
    )


def told(amount: int, basis: Basis | None = None, *, unit: Unit = Unit.OUTPUT_TOKENS, key: str = "chat") -> ExternalSum:
    return ExternalSum(ExternalSeries(key, "mistralai", "mistral-large-2411", unit), amount, basis)


GWP = Basis((rate(Impact.GWP, Origin.PUBLISHED),), "energy is not in the study: see docs/external.md")
"""2.85 g of greenhouse gases for 1,000 output tokens: 1.14 g for 400."""


def test_four_hundred_tokens_come_to_what_the_study_says_of_an_answer() -> None:
    assert GWP.of(400) == {Impact.GWP: Bounds(570_000, 1_140_000, 2_280_000)}


def test_only_output_tokens_cost_anything_and_everything_is_counted() -> None:
    use = use_of(
        [told(400, GWP), told(9_000, unit=Unit.INPUT_TOKENS), told(3, unit=Unit.REQUESTS), told(600, GWP)],
    )
    assert use.counts == {Unit.OUTPUT_TOKENS: 1_000, Unit.INPUT_TOKENS: 9_000, Unit.REQUESTS: 3}
    assert use.impacts == {Impact.GWP: Bounds(1_425_000, 2_850_000, 5_700_000)}
    assert use.unknown == {Impact.ENERGY: 1_000, Impact.WATER: 1_000, Impact.ADPE: 1_000}
    assert use.missing == {GWP.missing}


def test_what_an_unknown_model_cost_is_unknown_and_never_zero() -> None:
    use = use_of([told(500, Basis((), "nobody knows it: ask the supplier"))])
    assert use.counts == {Unit.OUTPUT_TOKENS: 500}
    assert use.impacts == {}
    assert use.unknown == dict.fromkeys(Impact, 500)
    assert not use.methods
    assert use.missing == {"nobody knows it: ask the supplier"}


def test_tokens_without_a_basis_are_as_unknown_as_those_of_an_unknown_model() -> None:
    assert use_of([told(500)]).unknown == dict.fromkeys(Impact, 500)


def test_a_model_of_which_no_output_tokens_are_told_cost_something_that_is_unknown() -> None:
    """A list of requests alone, beside another service that is known whole: it must not pass for nothing."""
    use = use_of([told(400, GWP), told(30, unit=Unit.REQUESTS, key="search"), told(0, unit=Unit.REQUESTS, key="idle")])
    assert use.impacts == {Impact.GWP: Bounds(570_000, 1_140_000, 2_280_000)}
    (missing,) = use.missing - {GWP.missing}
    assert missing.startswith("what mistral-large-2411 of search cost can't be told: its output tokens are not told")
    assert use_of([told(400, GWP), told(30, unit=Unit.REQUESTS)]).missing == {GWP.missing}


def test_an_impact_that_is_known_of_one_model_alone_says_how_much_is_not_in_it() -> None:
    use = use_of([told(400, GWP), told(100, Basis((), "unknown"))])
    assert use.impacts == {Impact.GWP: Bounds(570_000, 1_140_000, 2_280_000)}
    assert use.unknown[Impact.GWP] == 100


def test_the_supplier_goes_before_a_study_and_a_study_before_a_model_for_each_impact_by_itself() -> None:
    rates = [
        rate(Impact.ENERGY, Origin.ESTIMATED, 1),
        rate(Impact.GWP, Origin.ESTIMATED, 2),
        rate(Impact.WATER, Origin.ESTIMATED, 3),
        rate(Impact.GWP, Origin.PUBLISHED, 4),
        rate(Impact.WATER, Origin.PUBLISHED, 5),
        rate(Impact.GWP, Origin.DECLARED, 6),
    ]
    basis = chosen(rates, "minerals are unknown")
    assert [(one.impact, one.amount.central) for one in basis.rates] == [
        (Impact.ENERGY, 1),
        (Impact.GWP, 6),
        (Impact.WATER, 5),
    ]
    assert basis.missing == "minerals are unknown"
    assert chosen(reversed(rates), "minerals are unknown") == basis


def test_a_basis_that_knows_every_impact_misses_nothing() -> None:
    assert chosen([rate(one, Origin.ESTIMATED) for one in Impact], "no matter").missing == ""


def test_nothing_that_is_bought_was_ever_measured() -> None:
    methods = {rate(Impact.GWP, origin).method for origin in Origin}
    assert methods == {Method.DECLARED, Method.MODELLED}
    use = use_of([told(1, Basis(tuple(rate(Impact.GWP, origin) for origin in (Origin.DECLARED,))))])
    assert use.methods == {Method.DECLARED}
    assert use.claims == {Claim(Origin.DECLARED, "a study", 2025)}


def test_a_figure_without_a_range_has_that_of_its_class() -> None:
    assert within_class(Fraction(1000), Origin.DECLARED) == Bounds(750, 1000, 1250)
    assert within_class(Fraction(1000), Origin.PUBLISHED) == Bounds(500, 1000, 1500)


def test_services_are_told_apart() -> None:
    found = by_service([told(400, GWP, key="b"), told(400, GWP, key="a"), told(400, GWP, key="b")])
    assert list(found) == ["a", "b"]
    assert found["b"].counts == {Unit.OUTPUT_TOKENS: 800}


def test_a_provider_has_one_name() -> None:
    assert {provider_of(one) for one in ("mistral", "mistral_ai", "mistralai")} == {"mistralai"}
    assert provider_of("ovhcloud") == "ovhcloud"


@given(st.integers(0, 10**15), st.integers(0, 10**14))
def test_an_amount_is_exact_to_its_unit(tokens: int, central: int) -> None:
    basis = Basis((rate(Impact.GWP, Origin.DECLARED, central),))
    amount = basis.of(tokens)[Impact.GWP]
    assert abs(amount.central - Fraction(tokens * central, 10**6)) <= Fraction(1, 2)
    assert amount.low <= amount.central <= amount.high


def test_two_services_add_up_by_what_is_known_of_each() -> None:
    first = [told(400, GWP), told(2, unit=Unit.REQUESTS)]
    second = [told(100, Basis((), "unknown")), told(1, unit=Unit.REQUESTS), told(400, GWP)]
    both = use_of(first) + use_of(second)
    assert both == use_of([*first, *second])
    assert both.impacts[Impact.GWP] == Bounds(1_140_000, 2_280_000, 4_560_000)
