"""What tokens are reckoned with, and what events count of bought services."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from monitor.adapters.ecologits import EcoLogitsFailed, Estimate, Question
from monitor.core.activity import ActivitySeries, Authority, EventSum, Unit
from monitor.core.external import ExternalAmount, ExternalRule, ExternalSeries, Impact, Origin, TokenRate
from monitor.core.impact import Bounds
from monitor.core.interval import HALF_HOUR, HOUR
from monitor.external.bases import Bases, rule_of
from monitor.external.counting import amounts_of_events
from monitor.factors.studies import shipped_studies
from monitor.intake.matching import consumer_of, owners_of
from monitor.intake.usage import UsageEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

MISTRAL = ExternalRule(
    key="mistral-api", name="Mistral", provider="mistral", models=("mistral-*", "codestral-*"), zone="SE"
)
OTHERS = ExternalRule(key="others", name="Others", provider="openai", models=("*",))
HOUR_5 = 5 * HOUR.nanoseconds


class Answers:
    """EcoLogits with few models, that counts how often it is asked."""

    def __init__(self, *models: str) -> None:
        self.models = models
        self.asked: list[list[Question]] = []
        self.absent = False

    def __call__(self, questions: Sequence[Question]) -> tuple[Estimate | None, ...]:
        self.asked.append(list(questions))
        if self.absent:
            raise EcoLogitsFailed("EcoLogits is not installed", "pip install 'empreinte[external]'")
        return tuple(self._estimate(one) for one in questions)

    def _estimate(self, one: Question) -> Estimate | None:
        if one.model not in self.models:
            return None
        impacts = Impact if one.zone else [Impact.ENERGY]
        return Estimate({impact: (Fraction(400), Fraction(400)) for impact in impacts}, (), "0.11.3")


def bases(*models: str) -> tuple[Bases, Answers]:
    answers = Answers(*models)
    return Bases(shipped_studies(), answers), answers


def event(model: str, *, time: int = HOUR_5, cached: bool = False, **counts: int) -> UsageEvent:
    return UsageEvent(
        id_hash="0" * 32,
        time=time,
        provider="litellm",
        model=model,
        service="",
        operation="chat",
        counts={Unit(unit): count for unit, count in counts.items()},
        cached=cached,
        source="gateway",
    )


def test_the_first_service_whose_globs_fit_has_the_model_unless_one_is_named() -> None:
    rules = (MISTRAL, OTHERS)
    assert rule_of(rules, "mistral-small-latest") == MISTRAL
    assert rule_of(rules, "gpt-4o") == OTHERS
    assert rule_of(rules, "mistral-small-latest", "others") == OTHERS
    assert rule_of(rules, "mistral-small-latest", "nobody") is None
    assert rule_of((MISTRAL,), "gpt-4o") is None


def test_mistrals_study_is_what_its_large_model_is_reckoned_with() -> None:
    rates = {one.impact: one for one in shipped_studies().of("mistral", "mistral-large-2411")}
    # 1.14 g, 45 mL and 0.16 mg for 400 tokens: 2,500 times that for a million, half and half more of it
    assert {impact: one.amount for impact, one in rates.items()} == {
        Impact.GWP: Bounds(1_425_000_000, 2_850_000_000, 4_275_000_000),
        Impact.WATER: Bounds(56_250_000, 112_500_000, 168_750_000),
        Impact.ADPE: Bounds(200_000_000_000, 400_000_000_000, 600_000_000_000),
    }
    assert {one.origin for one in rates.values()} == {Origin.PUBLISHED}
    assert all("training" in one.boundary and one.year == 2025 for one in rates.values())


def test_a_study_of_one_model_says_nothing_of_another() -> None:
    assert shipped_studies().of("mistralai", "mistral-large-latest") == ()
    assert shipped_studies().of("openai", "mistral-large-2411") == ()


def test_declared_goes_before_published_and_published_before_estimated() -> None:
    declared = TokenRate(
        impact=Impact.GWP, origin=Origin.DECLARED, amount=Bounds(1, 2, 3), source="Annexe 2", year=2026
    )
    rule = replace(MISTRAL, declared=(declared,))
    found, _ = bases("mistral-large-2411")
    pair = (rule, "mistral-large-2411")
    basis = found.of([pair])[pair]
    assert {one.impact: one.origin for one in basis.rates} == {
        Impact.ENERGY: Origin.ESTIMATED,
        Impact.GWP: Origin.DECLARED,
        Impact.WATER: Origin.PUBLISHED,
        Impact.ADPE: Origin.PUBLISHED,
    }
    assert basis.missing == ""


@pytest.mark.parametrize(
    ("rule", "model", "absent", "sentence"),
    [
        (MISTRAL, "mistral-new", False, "EcoLogits does not know the model; ask the supplier"),
        (
            OTHERS,
            "gpt-4o",
            False,
            "the greenhouse gases, water, minerals and metals of gpt-4o can't be told: set the zone",
        ),
        (
            MISTRAL,
            "mistral-large-2411",
            False,
            "the energy of mistral-large-2411 can't be told: EcoLogits",
        ),
        (OTHERS, "gpt-4o", True, "EcoLogits is not installed: pip install 'empreinte[external]'"),
    ],
)
def test_what_is_unknown_says_why_and_what_to_do(rule: ExternalRule, model: str, absent: bool, sentence: str) -> None:
    found, answers = bases("gpt-4o")
    answers.absent = absent
    assert sentence in found.of([(rule, model)])[rule, model].missing


def test_ecologits_is_asked_once_of_all_models_together_and_again_where_it_could_not_be() -> None:
    found, answers = bases("gpt-4o", "mistral-small")
    pairs = [(MISTRAL, "mistral-small"), (OTHERS, "gpt-4o"), (OTHERS, "unknown")]
    answers.absent = True
    assert not found.of(pairs)[OTHERS, "gpt-4o"].rates
    answers.absent = False
    assert found.of([*pairs, *pairs])[OTHERS, "gpt-4o"].rates
    assert found.of(pairs)[MISTRAL, "mistral-small"].rates
    assert [len(one) for one in answers.asked] == [3, 3]
    assert answers.asked[0][0] == Question("mistral", "mistral-small", "SE")


def summed(key: str, model: str, unit: Unit, amount: int, newest: int = HOUR_5 + 59) -> EventSum:
    return EventSum(ActivitySeries(key, Authority.EVENTS, "litellm", model, unit), amount, newest)


def test_events_count_in_the_hour_of_their_time_under_the_service_they_are_of() -> None:
    bases_of, _ = bases("gpt-4o")
    found = bases_of.of([(MISTRAL, "mistral-small-latest"), (OTHERS, "gpt-4o")])
    told = [
        summed("mistral-api", "mistral-small-latest", Unit.INPUT_TOKENS, 90),
        summed("mistral-api", "mistral-small-latest", Unit.OUTPUT_TOKENS, 10),
        summed("others", "gpt-4o", Unit.OUTPUT_TOKENS, 7, HOUR_5 + HALF_HOUR.nanoseconds),
        summed("not-configured-any-more", "gpt-4o", Unit.OUTPUT_TOKENS, 1000),
    ]
    amounts = amounts_of_events(told, (MISTRAL, OTHERS), found, HOUR)
    assert [(one.series.external, one.series.unit, one.amount) for one in amounts] == [
        ("mistral-api", Unit.INPUT_TOKENS, 90),
        ("mistral-api", Unit.OUTPUT_TOKENS, 10),
        ("others", Unit.OUTPUT_TOKENS, 7),
    ]
    assert {(one.since, one.until) for one in amounts} == {(HOUR_5, HOUR_5 + HOUR.nanoseconds)}
    assert [one.basis is not None for one in amounts] == [False, True, True]
    (late,) = amounts_of_events(told[2:3], (OTHERS,), found, HALF_HOUR)
    assert late == ExternalAmount(
        HOUR_5 + HALF_HOUR.nanoseconds,
        HOUR_5 + HOUR.nanoseconds,
        ExternalSeries("others", "openai", "gpt-4o", Unit.OUTPUT_TOKENS),
        7,
        amounts[2].basis,
    )


def test_the_intake_finds_whose_an_event_is_and_who_says_so_is_kept() -> None:
    owners = owners_of((), (MISTRAL, OTHERS))
    mine = replace(event("mistral-small-latest", output_tokens=3), authority=Authority.GATEWAY)
    assert consumer_of(mine, owners) == "mistral-api"
    assert consumer_of(event("gpt-4o"), owners) == "others"
    found = bases()[0].of([(MISTRAL, "mistral-small-latest")])
    tokens = ActivitySeries("mistral-api", Authority.GATEWAY, "litellm", "mistral-small-latest", Unit.OUTPUT_TOKENS)
    (one,) = amounts_of_events([EventSum(tokens, 3, HOUR_5)], (MISTRAL, OTHERS), found, HOUR)
    assert one.authority is Authority.GATEWAY
