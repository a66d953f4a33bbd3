from random import Random

from monitor.core.activity import ActivitySeries, Authority, Unit
from monitor.simulation.deeds import Deeds
from monitor.simulation.townhall import townhall

HOUR = 3600 * 10**9


def deeds(seed: int = 1) -> Deeds:
    return Deeds(townhall(1).services, Random(seed))  # noqa: S311 - a simulation has to be repeatable, not secret


def of(done: dict[ActivitySeries, int], consumer: str) -> dict[Unit, int]:
    return {series.unit: amount for series, amount in done.items() if series.consumer == consumer}


def test_an_hour_of_work_is_told_with_the_energy_that_it_took() -> None:
    told = of(deeds().done({"assistant": HOUR}, {"assistant": 7_000, "ocr": 1}), "assistant")
    assert told[Unit.REQUESTS] == 1080
    assert told[Unit.ENERGY] == 7_000
    assert 0.6 < told[Unit.OUTPUT_TOKENS] / (1080 * 350) < 1.6
    assert told[Unit.COMPUTED_INPUT_TOKENS] < told[Unit.INPUT_TOKENS]


def test_who_was_there_and_did_nothing_is_known_to_have_done_nothing() -> None:
    told = of(deeds().done({"traduction": 0}, {"traduction": 50}), "traduction")
    assert told == {**dict.fromkeys(told, 0), Unit.ENERGY: 50}
    assert Unit.OUTPUT_TOKENS in told


def test_who_was_not_there_or_does_not_tell_is_unknown() -> None:
    assert deeds().done({"litellm": HOUR, "_other": HOUR}, {"litellm": 5}) == {}


def test_pages_have_addresses_without_secrets_and_events_the_name_of_who_sends_them() -> None:
    done = deeds().done({"assistant": HOUR, "ocr": HOUR}, {})
    meters = {(one.consumer, one.authority, one.meter) for one in done if one.unit is not Unit.ENERGY}
    assert meters == {
        ("assistant", Authority.SERVER, "http://127.0.0.1:8000/metrics"),
        ("ocr", Authority.EVENTS, "ocr-app"),
    }


def test_equal_seeds_tell_the_same() -> None:
    busy = {"assistant": HOUR // 3}
    assert deeds(1).done(busy, {}) == deeds(1).done(busy, {}) != deeds(2).done(busy, {})
