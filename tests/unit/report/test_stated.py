"""What the organisation states beside the ledger: commitments, bills and contracts, in the report."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import jsonschema_rs
import pytest

from monitor.config import Language
from monitor.core.bills import Bill, Cause, Covers, Metered, reconciled
from monitor.core.calendar import months_of
from monitor.core.commitments import Action, Commitment, Lack, Outcome, Progress, Target
from monitor.core.contracts import METRICS, Operator, Quantity, Reason, Threshold
from monitor.core.entries import Meter, Share
from monitor.core.impact import Bounds, Indicator
from monitor.core.interval import HOUR, Interval
from monitor.core.procurement import Procurement
from monitor.core.readings import Method
from monitor.core.units import MICROJOULES_PER_KILOWATT_HOUR, Duration, Energy
from monitor.report.composing import compose, fingerprint_of
from monitor.report.document import Listing, Notice, Paragraph, Terms
from monitor.report.material import Material
from monitor.report.model import Covered, Report, make
from monitor.report.opendata import figures
from monitor.report.scope import Scope, narrowed
from monitor.report.stated import Procured, Stated, pledge_of, use_of
from monitor.report.stated_told import stated_told
from monitor.wording import words
from tests.fixtures.contracts import CONTRACT
from tests.unit.report.test_activity import worked
from tests.unit.report.test_composing import LIBRARY, blocks, impact, table
from tests.unit.report.test_external import BOOKS
from tests.unit.report.test_model import ASSISTANT, OTHER, books, row, wall
from tests.unit.report.test_schema import closed, schema

if TYPE_CHECKING:
    from monitor.report.document import Document
    from monitor.report.model import Books

KWH = MICROJOULES_PER_KILOWATT_HOUR
END = wall(2026, 12, 31, 23)
START = wall(2025, 12, 31, 23)
LESS = Commitment(
    key="less",
    text="20 % d'énergie en moins",
    metric=METRICS["energy"],
    operator=Operator.AT_MOST,
    target=Target("-20 %", change=Fraction(-1, 5)),
    year=2030,
    baseline_year=2025,
    baseline=Threshold(Fraction(5 * 3_600_000), Quantity.ENERGY, "5 kWh"),
    actions=(
        Action(text="Extinction la nuit", progress=Progress.DONE, owner="DSI", day=date(2026, 6, 30)),
        Action(text="Modèle plus petit", progress=Progress.PLANNED),
    ),
)


def whole_year() -> Books:
    """Return the books of a year of 4.5 kWh, all of it measured."""
    return replace(
        books(
            row(1, 3 * KWH, share=Share.ACTIVE),
            row(2, KWH, facts=LIBRARY, share=Share.RESIDENCY),
            row(12, KWH // 2, facts=OTHER, share=Share.ACTIVE),
            closed_through=END,
        ),
        covered=tuple(
            Covered(number, "package", month.length)
            for number, month in enumerate(months_of(2026, ZoneInfo("Europe/Paris")), start=1)
        ),
        impacts=(
            impact(1, Indicator.ENERGY, 3 * KWH),
            impact(1, Indicator.GWP_USE, 900),
            impact(2, Indicator.GWP_EMBODIED, 70, OTHER),
        ),
    )


def document(report: Report, stated: Stated, language: Language = Language.ENGLISH, **about: str) -> Document:
    return compose(Material(report, words("monitor.report", language), about, stated=stated))


def bill(**changes: object) -> Bill:
    made = Bill(
        source="F-1", starts=date(2026, 1, 1), ends=date(2026, 1, 31), energy=9 * KWH, covers=Covers.ROOM, share=None
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the tests name fields


def metered(hours: int = 744) -> Metered:
    days = Interval(START, START + 744 * HOUR.nanoseconds)
    meters = {Meter("platform", Method.COUNTER): Energy(6 * KWH)} if hours else {}
    impacts = {
        Indicator.ENERGY: Bounds(6 * KWH, 6 * KWH, 6 * KWH),
        Indicator.FACILITY_ENERGY: Bounds(8 * KWH, 8 * KWH, 8 * KWH),
    }
    covered = {"platform": Duration(hours * HOUR.nanoseconds)}
    return Metered(days, END, meters, covered, impacts if hours else {})


def test_the_whole_machine_is_what_every_row_comes_to() -> None:
    use = use_of(LESS, make(whole_year()))
    assert use.whole.energy == Energy(4 * KWH + KWH // 2)
    assert use.whole.idle == Energy(KWH)
    # what one service lacks does not hide what the others have
    assert {one: bounds.central for one, bounds in use.whole.impacts.items()} == {
        Indicator.ENERGY: 3 * KWH,
        Indicator.GWP_USE: 900,
        Indicator.GWP_EMBODIED: 70,
    }
    assert use.covered == 1


def test_a_department_and_a_service_have_their_own() -> None:
    report = make(whole_year())
    assert use_of(replace(LESS, department="Culture"), report).whole.energy == Energy(KWH)
    assert use_of(replace(LESS, service=ASSISTANT.key), report).whole.energy == Energy(3 * KWH)
    assert use_of(replace(LESS, service="nobody"), report).whole.energy == Energy.ZERO


def test_what_is_bought_is_only_in_the_commitment_that_names_it() -> None:
    report = make(BOOKS)
    assert not use_of(LESS, report).bought
    keys = {one.series.external for one in report.bought.sums}
    assert keys
    for key in keys:
        assert set(use_of(replace(LESS, service=key), report).bought) == {key}


def test_a_unit_is_that_of_the_services_that_do_it() -> None:
    per = replace(LESS, metric=METRICS["energy_per_1000_output_tokens"])
    report = worked()
    assert set(use_of(per, report).works) == {use.facts.key for use in report.uses if use.units is not None}


@pytest.mark.parametrize(("days", "stated", "asked"), [(365, False, Fraction(108, 25)), (200, True, Fraction(24, 5))])
def test_the_ledgers_baseline_goes_before_the_stated_one_where_it_is_known(
    days: int, stated: bool, asked: Fraction
) -> None:
    time = Duration(days * 24 * HOUR.nanoseconds)
    before = replace(whole_year(), year=2025, closed_through=START, covered=(Covered(1, "package", time),))
    found = pledge_of(LESS, make(whole_year()), make(before))
    assert found.origin is not None
    assert (found.origin.stated, found.asked) == (stated, asked * 3_600_000)
    assert (found.outcome, found.reasons) == (Outcome.NOT_SHOWN, (Reason.STRADDLES,))


def test_objectives_stand_beside_results_with_what_is_done() -> None:
    report = make(whole_year())
    late = replace(LESS, key="late", text="PUE", metric=METRICS["pue"], baseline=None, actions=())
    stated = Stated((pledge_of(LESS, report, None), pledge_of(late, report, None)))
    made = document(report, stated)
    first, second = table(made, "commitments").rows
    assert first[:4] == (
        "20 % d'énergie en moins",
        "Energy of the machines",
        "≤\N{NO-BREAK SPACE}-20\N{NO-BREAK SPACE}%",
        "2030",
    )
    assert first[4:9] == (Decimal("4.800"), Decimal("4.500"), Decimal("4.050"), Decimal("4.950"), "kWh")
    assert (first[9], second[9], second[5]) == ("not shown", "not shown", None)
    assert table(made, "actions").rows == (
        ("20 % d'énergie en moins", "Extinction la nuit", "done", "DSI", "2026-06-30"),
        ("20 % d'énergie en moins", "Modèle plus petit", "planned", "", None),
    )
    (notes,) = (block for block in blocks(made, "commitments") if isinstance(block, Listing))
    assert notes.items[0] == (
        f"{LESS.text}: baseline 2025: 5.000\N{NO-BREAK SPACE}kWh, as stated. What is asked lies within the range of the"
        " result."
    )
    assert notes.items[1:] == ("PUE: The baseline is unknown: state it in the configuration.",)
    assert any(isinstance(one, Notice) and "PUE" in one.text for one in blocks(made, "commitments"))
    assert stated.pledges[1].reasons == (Lack.BASELINE,)


def test_a_year_without_commitments_says_what_is_missing() -> None:
    (notice,) = blocks(document(make(whole_year()), Stated()), "commitments")
    assert isinstance(notice, Notice)
    assert "[[commitment]]" in notice.text


@pytest.mark.parametrize("scope", [Scope((1,)), Scope(department="Culture")])
def test_a_part_of_the_year_or_of_the_machine_has_no_commitments(scope: Scope) -> None:
    made = document(make(narrowed(whole_year(), scope)), Stated())
    assert not blocks(made, "commitments")
    assert bool(blocks(made, "reconciliation")) is scope.whole_machine


def test_a_bill_stands_beside_the_measure_and_leaves_it_as_it_is() -> None:
    report = make(whole_year())
    stated = Stated(bills=(reconciled(bill(), metered()), reconciled(bill(source="F-2"), metered(0))))
    made = document(report, stated)
    first, second = table(made, "bills").rows
    assert first == (
        "F-1",
        "2026-01-01",
        "2026-01-31",
        "the room",
        *map(Decimal, ("9.00", "9.00", "6.000", "8.000", "1.000", "100.0")),
    )
    assert second[6:] == (None, None, None, Decimal("0.0"))
    (notes,) = (block for block in blocks(made, "reconciliation") if isinstance(block, Listing))
    assert (
        "outside the range of the measure, 7.200\N{NO-BREAK SPACE}kWh to 8.800\N{NO-BREAK SPACE}kWh." in notes.items[0]
    )
    assert "declared PUE" in notes.items[0]
    assert notes.items[1].startswith("F-2: nothing was measured on these days.")


def test_contracts_are_counted_by_number_and_by_value_only_where_all_of_it_is_known() -> None:
    contracts = (
        Procured(uid="1", title="Chat", supplier="SCOP", clauses=2, amount=Decimal(30_000)),
        Procured(uid="2", title="", supplier="", clauses=0, amount=Decimal(10_000)),
        Procured(uid="3", title="", supplier="", clauses=1, amount=None),
    )
    report = make(whole_year())
    (said, _) = blocks(document(report, Stated(contracts=contracts)), "procurement")
    assert isinstance(said, Paragraph)
    assert "an environmental clause or criterion: 2 of 3, 66.7" in said.text
    assert "66.7\N{NO-BREAK SPACE}%" in said.text
    assert "it is not said what they are worth (key amount): 1." in said.text
    made = document(report, Stated(contracts=contracts[:2]), Language.FRENCH)
    (said, _) = blocks(made, "procurement")
    assert isinstance(said, Paragraph)
    assert "En valeur\N{NO-BREAK SPACE}: 75,0\N{NARROW NO-BREAK SPACE}%." in said.text
    assert [cells[4] for cells in table(made, "procurement").rows] == [
        "Clause environnementale",
        "Pas de considération environnementale",
    ]


def test_a_criterion_of_the_award_counts_and_what_the_spaser_does_not_count_is_left_out() -> None:
    judged = replace(CONTRACT, clauses=(), procurement=Procurement(award_criterion="Wh pour 1 000 jetons"))
    outside = replace(CONTRACT, uid="out", procurement=Procurement(spaser=False))
    contracts = tuple(
        Procured(uid=one.uid, title="", supplier="", clauses=len(one.clauses), amount=None, contract=one)
        for one in (judged, outside)
    )
    made = document(make(whole_year()), Stated(contracts=contracts))
    (said, _) = blocks(made, "procurement")
    assert isinstance(said, Paragraph)
    assert "criterion: 1 of 1, 100.0" in said.text
    assert [cells[4] for cells in table(made, "procurement").rows] == [
        "Critère environnemental",
        "Clause environnementale",
    ]
    (said, _) = blocks(document(make(whole_year()), Stated(contracts=contracts[1:])), "procurement")
    assert isinstance(said, Paragraph)
    assert "No contract counts" in said.text


def test_who_answers_is_on_the_cover_and_above_the_line_to_sign() -> None:
    made = document(make(whole_year()), Stated(), accountable="La directrice", contact="a@ville.example")
    for key in ("cover", "sign_off"):
        (terms,) = (block for block in blocks(made, key) if isinstance(block, Terms))
        assert ("Accountable", "La directrice") in terms.pairs
        assert ("Contact", "a@ville.example") in terms.pairs
    (terms,) = (b for b in blocks(document(make(whole_year()), Stated()), "sign_off") if isinstance(b, Terms))
    assert "Contact" not in dict(terms.pairs)
    assert set(dict(terms.pairs)["Signature"]) == {"…"}


def test_every_reason_and_cause_has_words_in_both_languages() -> None:
    for language in Language:
        said = words("monitor.report", language)
        for one in (*Reason, *Lack):
            assert said.say(f"not_shown.{one.value}")
        for metric in METRICS.values():
            assert said.say(f"indicator.{metric.measured.value}")
        names = {"bill_cause": Cause, "behind": Covers, "outcome": Outcome, "progress": Progress}
        for name, kind in names.items():
            assert all(said.say(f"{name}.{one.value}") for one in kind)


def everything() -> Stated:
    return Stated(
        (pledge_of(LESS, make(whole_year()), None),),
        (reconciled(bill(share=Fraction(1, 4)), metered()), reconciled(bill(source="F-2"), metered(0))),
        (Procured(uid="1", title="Chat", supplier="SCOP", clauses=2, amount=Decimal(30_000)),),
    )


def test_the_json_has_all_of_it_as_its_schema_says() -> None:
    told = figures(make(whole_year()), {}, words("monitor.report", Language.ENGLISH), everything())
    jsonschema_rs.validator_for(closed(schema("report-1.json"))).validate(json.loads(json.dumps(told)))
    (commitment,) = told["stated"]["commitments"]
    assert (commitment["result"]["central"], commitment["asked_amount"]) == (4.5 * 3_600_000, 4.8 * 3_600_000)
    assert (commitment["baseline_is_stated"], commitment["reasons"]) == (True, ["straddles"])
    assert [one["difference_microjoules"] for one in told["stated"]["bills"]] == [9 * KWH // 4 - 8 * KWH, None]


def test_the_fingerprint_changes_with_what_is_stated() -> None:
    said = words("monitor.report", Language.ENGLISH)
    one, other = (fingerprint_of(figures(make(whole_year()), {}, said, it)) for it in (everything(), Stated()))
    assert one != other


def test_what_is_unknown_is_null_and_never_nought() -> None:
    late = replace(LESS, baseline=None, baseline_year=2020)
    pledge = pledge_of(late, make(replace(books(), covered=())), None)
    told = stated_told(Stated((pledge,), (reconciled(bill(), metered(0)),), ()))
    (commitment,), (one,) = told["commitments"], told["bills"]
    assert {commitment[name] for name in ("result", "asked_amount", "target_amount", "baseline_amount")} == {None}
    assert {one[name] for name in ("measured_microjoules", "facility_microjoules", "difference_microjoules")} == {None}
    assert (one["billed_microjoules"], one["coverage_ratio"], told["contracts"]) == (9 * KWH, 0.0, [])
