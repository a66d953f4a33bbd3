import json
import re
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from monitor.core.entries import PSEUDO_SERVICES
from monitor.core.explanation import CHAINS
from monitor.core.impact import Bounds, Indicator
from monitor.core.interval import Interval
from monitor.core.units import Duration
from monitor.ledger.store import Ledger
from tests.unit.cli.conftest import CLOSED, Call
from tests.unit.cli.reckoned import END, HOURS, HR, configure, hours, keep, live

NUMBER = r"[\d.,\u202f]+"
PRODUCT = re.compile(
    rf"({NUMBER}(?: [^\s\u00d7\u00f7]+)?(?: [\u00d7\u00f7] {NUMBER}(?: [^\s\u00d7\u00f7=]+)?)+) = ({NUMBER}) (\S+)$"
)
WHOLE = Interval(CLOSED, END)


@pytest.fixture
def kept(place: Path) -> str:
    """Keep a ledger of hours whose impacts are known; return where it is."""
    config = configure(place)
    keep(config, hours())
    return config.ledger.url


def number(text: str, *, french: bool) -> Decimal:
    return Decimal(text.replace("\u202f", "").replace(",", ".") if french else text.replace(",", ""))


def redone(line: str, *, french: bool = False) -> tuple[Decimal, Decimal]:
    """Return what the product in *line* comes to on a calculator, rounded as it is printed, and what is printed."""
    found = PRODUCT.search(line)
    assert found, line
    value, operation = Fraction(1), "\u00d7"
    for part in re.split(r" ([\u00d7\u00f7]) ", found[1]):
        if len(part) == 1 and not part.isdigit():
            operation = part
            continue
        figure, _, unit = part.partition(" ")
        one = Fraction(number(figure, french=french)) / (100 if unit == "%" else 1)
        value = value / one if operation == "\u00f7" else value * one
    printed = number(found[2], french=french)
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(printed, ROUND_HALF_EVEN), printed


def products(text: str) -> list[str]:
    return [line for line in text.splitlines() if " = " in line]


def explained(call: Call, *arguments: str) -> dict[str, Any]:
    said = call("explain", *arguments, "--json")
    assert (said.status, said.err) == (0, "")
    found: dict[str, Any] = json.loads(said.out)
    return found


def central(told: dict[str, Any], name: str) -> int:
    amount: int = told["totals"][name]["central"]
    return amount


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("service", ["assistant", "_idle", "_other"])
def test_every_printed_product_can_be_done_again_with_a_calculator(
    call: Call, kept: str, service: str, language: str
) -> None:
    assert kept
    said = call("explain", service, "2026-03", "--lang", language)
    assert (said.status, said.err) == (0, "")
    lines = products(said.out)
    # `_idle` used no energy, and held hardware
    assert len(lines) >= 6
    assert len(lines) > 8 * 3 or service == "_idle"
    for line in lines:
        again, printed = redone(line, french=language == "fr")
        assert again == printed, line


def test_every_indicator_has_its_product(call: Call, kept: str) -> None:
    assert kept
    told = explained(call, "assistant", "2026-03")
    names = {step["indicator"] for stretch in told["stretches"] for step in stretch["steps"]}
    assert len(names) == len(CHAINS)
    assert "cost_microeuros" in names


def test_the_sums_are_the_ledgers_to_the_last_digit(call: Call, kept: str) -> None:
    with Ledger.read(kept) as ledger:
        sums = ledger.sums(WHOLE)
    for service in ("assistant", *PSEUDO_SERVICES):
        expected = {key.indicator: amount for key, amount in sums.impacts.items() if key.consumer == service}
        if not expected:
            continue
        told = explained(call, service, "2026-03")
        assert told["totals"]["emissions_embodied_micrograms"] == as_json(expected[Indicator.GWP_EMBODIED])
        if Indicator.GWP_USE in expected:
            assert told["totals"]["emissions_use_micrograms"] == as_json(expected[Indicator.GWP_USE])
            assert told["totals"]["cost_microeuros"] == as_json(expected[Indicator.COST])
        assert len(told["totals"]) == len(expected)


def as_json(amount: Bounds) -> dict[str, int]:
    return {"low": amount.low, "central": amount.central, "high": amount.high}


def test_stretches_and_parts_of_the_hardware_sum_to_the_totals(call: Call, kept: str) -> None:
    assert kept
    told = explained(call, "assistant", "2026-03")
    for name, total in told["totals"].items():
        assert sum(one["amounts"][name]["central"] for one in told["stretches"]) == total["central"]
    held = [one["held"]["emissions_embodied_micrograms"]["central"] for one in told["hardware"]]
    assert len(held) == 2
    assert sum(held) == central(told, "emissions_embodied_micrograms")
    assert sum(one["energy_microjoules"] for one in told["stretches"]) == told["energy"]["known_microjoules"]


def test_the_ledgers_sum_is_the_product_but_for_the_rounding_of_each_hour(call: Call, kept: str) -> None:
    assert kept
    for stretch in explained(call, "assistant", "2026-03")["stretches"]:
        (use,) = (step for step in stretch["steps"] if step["indicator"] == "emissions_use_micrograms")
        product = Fraction(stretch["energy_microjoules"], 3_600_000_000_000) * 1_000_000
        for factor in use["central"]["multiply"].values():
            product *= Fraction(factor)
        assert abs(product - use["central"]["booked"]) < HOURS


def test_energy_is_told_by_meter_with_its_error(call: Call, kept: str) -> None:
    assert kept
    said = call("explain", "assistant", "2026-03").out
    assert re.search(r"GPU 0 +counter +[\d.]+ kWh +\u00b1 10\.0%", said)
    assert re.search(r"memory +model +[\d.]+ kWh +\u00b1 50\.0%", said)
    energy = explained(call, "assistant", "2026-03")["energy"]
    squares = sum((one["microjoules"] * one["error_ratio"]) ** 2 for one in energy["meters"])
    assert energy["error_ratio"] == pytest.approx(squares**0.5 / energy["microjoules"])


def test_every_factor_is_shown_with_its_source_and_how_it_was_chosen(call: Call, kept: str) -> None:
    assert kept
    said = call("explain", "assistant", "2026-03").out
    told = explained(call, "assistant", "2026-03")
    plain = re.sub(r"\s+", " ", said)
    factors = [one["factor"] for stretch in told["stretches"] for one in stretch["factors"]]
    factors += [asset[name] for one in told["hardware"] for asset in one["assets"] for name in ("gwp", "lifetime")]
    assert {factor["key"] for factor in factors} >= {"electricity/FR/ademe/2025", "configured/host.pue"}
    for factor in factors:
        assert factor["key"] in plain
        assert re.sub(r"\s+", " ", factor["source"]) in plain
        assert factor["address"] in said
    assert "There is none of this year: it is the newest before" in plain


def test_hours_with_the_same_terms_are_one_stretch_also_where_they_do_not_join(call: Call, kept: str) -> None:
    assert kept
    told = explained(call, "assistant", "2026-03")
    prices = {
        factor["factor"]["value"]: len(stretch["hours"])
        for stretch in told["stretches"]
        for factor in stretch["factors"]
        if factor["role"] == "price"
    }
    # peak by day twice, off-peak and the hours that are half one by night, once more at the end
    assert prices == {0.2146: 2, 0.1696: 2, 0.1921: 3}


def test_hardware_counts_from_the_day_it_was_bought(call: Call, kept: str) -> None:
    assert kept
    told = explained(call, "assistant", "2026-03")
    written = {one["resource"]: one["assets"][0]["written_off_seconds"] / 3600 for one in told["hardware"]}
    assert written == {"gpu0": 24, "rest": 36}


def test_a_live_intensity_has_too_many_terms_to_show_them_all(call: Call, place: Path) -> None:
    config = configure(place, '[factors]\nlive = "rte"\n[inventory]\ndetect = false\n')
    keep(config, hours(), live())
    said = call("explain", "assistant", "2026-03").out
    assert "The terms changed 36 times" in said
    assert len(re.findall(r"^\d+\. 1 h between", said, re.MULTILINE)) == 6
    everything = call("explain", "assistant", "2026-03", "--all").out
    assert len(re.findall(r"^\d+\. 1 h between", everything, re.MULTILINE)) == 36
    assert " \u00f7 " in everything
    for line in products(everything):
        again, printed = redone(line)
        assert again == printed, line
    told = explained(call, "assistant", "2026-03")
    assert len(told["stretches"]) == 36
    shown = re.search(r"came to ([\d.]+) to ([\d.]+) gCO2e, and to ([\d.]+) on average", said.replace("\n", " "))
    assert shown
    low, high, mean = map(float, shown.groups())
    assert low < mean < high
    grams, facility = central(told, "emissions_use_micrograms"), central(told, "facility_energy_microjoules")
    assert mean == pytest.approx(grams / 1e6 / (facility / 3.6e12), abs=0.001)


def test_hours_that_the_live_source_told_of_in_part_or_not_at_all_are_told_apart(call: Call, place: Path) -> None:
    config = configure(place, '[factors]\nlive = "rte"\n[inventory]\ndetect = false\n')
    first, *others = live()
    keep(config, hours(), [replace(first, length=Duration(HR // 4)), *others[1:]])
    said = " ".join(call("explain", "assistant", "2026-03", "--all").out.split())
    assert said.count("is known for a part of each") == 1
    assert said.count("is not there: the yearly level stands in") == 1


def test_energy_whose_impacts_are_not_known_is_told(call: Call, place: Path) -> None:
    config = configure(place)
    keep(config, hours(), known_from=18)
    told = explained(call, "assistant", "2026-03")
    known = sum(
        energy.microjoules
        for bucket in hours()[18:]
        for series, energy in bucket.entries.items()
        if series.consumer == "assistant"
    )
    assert told["energy"]["known_microjoules"] == known < told["energy"]["microjoules"]
    assert re.search(r"The impacts are known of 6\d\.\d% of it", call("explain", "assistant", "2026-03").out)


def test_without_a_zone_the_cure_is_named(call: Call, place: Path) -> None:
    keep(configure(place, "", ""), hours())
    said = call("explain", "assistant", "2026-03")
    assert said.status == 0
    assert "set host.zone" in said.out
    assert "All together, as the ledger has it" not in said.out
    assert explained(call, "assistant", "2026-03")["totals"] == {}


def test_a_part_of_the_time_has_its_own_figures(call: Call, kept: str) -> None:
    with Ledger.read(kept) as ledger:
        day = Interval(CLOSED + 11 * HR, CLOSED + 35 * HR)
        expected = ledger.sums(day).impacts
    told = explained(call, "assistant", "2026-03-11")
    (use,) = (
        amount for key, amount in expected.items() if (key.consumer, key.indicator) == ("assistant", Indicator.GWP_USE)
    )
    assert told["totals"]["emissions_use_micrograms"] == as_json(use)
    assert (told["start"], told["end"]) == ("2026-03-10T23:00:00Z", "2026-03-11T23:00:00Z")


def test_a_service_that_there_is_not_is_told_with_those_that_are_close(call: Call, kept: str) -> None:
    assert kept
    said = call("explain", "assistent", "2026-03")
    assert (said.status, said.out) == (2, "")
    assert "there is no service assistent in the ledger: did you mean assistant?" in said.err
    assert "there are assistant, archive, _other" in call("explain", "zzz", "2026-03").err.replace(
        "archive, assistant", "assistant, archive"
    )


def test_a_time_without_figures_is_told(call: Call, kept: str) -> None:
    assert kept
    for service, period in (("archive", "2026-03"), ("assistant", "2025")):
        said = call("explain", service, period)
        assert (said.status, said.out) == (1, "")
        assert f"no figures of {service} for {period}" in said.err


def test_a_time_that_is_none_is_told(call: Call, kept: str) -> None:
    assert kept
    said = call("explain", "assistant", "March")
    assert said.status == 2
    assert "'March' is no time" in said.err
    assert call("explain", "assistant", "0000").status == 2


def test_without_a_ledger_the_status_is_no(call: Call, place: Path) -> None:
    assert place
    assert call("explain", "assistant", "2026").status == 1
