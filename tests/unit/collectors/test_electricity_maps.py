"""Electricity Maps from a real server on loopback that answers as theirs does, and as it shouldn't."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from collectors._http import Limits
from collectors.electricity_maps import ElectricityMapsCollector
from monitor.collector import Grid, Reason, Retry, Unavailable
from monitor.core.factors import Cycle
from monitor.core.readings import IntensityReading
from monitor.core.units import Duration
from tests.fixtures.grid import moments, ns, read, recorded
from tests.fixtures.host import host_at
from tests.parts.grid import Asked, ElectricityMaps, GridServer, Reply

pytestmark = pytest.mark.usefixtures("no_proxy")

TIGHT = Limits(connect=2, read=0.3, total=5, pause=0.01, patience=0.1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
QUARTER_PAST_FIVE = datetime(2026, 6, 10, 17, 15, tzinfo=UTC)
FIVE = datetime(2026, 6, 10, 17, tzinfo=UTC)
KEY = "k3y"


class Maps:
    """A provider whose clock a test moves."""

    def __init__(self) -> None:
        self.now = QUARTER_PAST_FIVE
        self.api = ElectricityMaps(lambda: self.now)
        self.server = GridServer(self.api, self.now)

    @property
    def asked(self) -> list[str]:
        return [asked.path.split("/")[-1] for asked in self.server.asked]


@pytest.fixture
def maps() -> Iterator[Maps]:
    maps = Maps()
    with maps.server:
        yield maps


Opening = Callable[..., ElectricityMapsCollector]


@pytest.fixture
def opened(maps: Maps, tmp_path: Path) -> Iterator[Opening]:
    collectors: list[ElectricityMapsCollector] = []

    def open_it(since: datetime | None = None, **fields: Any) -> ElectricityMapsCollector:
        begin = 0 if since is None else ns(since)
        grid = Grid(**{"zone": "FR", "address": maps.server.url, "token": KEY, "since": begin, **fields})
        collectors.append(ElectricityMapsCollector.open(host_at(tmp_path, grid=grid), TIGHT))
        return collectors[-1]

    yield open_it
    for collector in collectors:
        collector.close()


def span(begin: datetime, end: datetime) -> list[datetime]:
    return [begin + number * HOUR for number in range((end - begin) // HOUR)]


def why(collector: ElectricityMapsCollector) -> str:
    with pytest.raises(Retry) as caught:
        collector.collect()
    assert KEY not in str(caught.value)
    return str(caught.value)


def test_a_figure_is_told_as_it_is_with_its_row_as_evidence(maps: Maps, opened: Opening) -> None:
    latest = recorded("electricity-maps-latest")
    maps.server.next += [Reply.of(latest), Reply.of({"zone": "FR", "history": []})]
    (reading,) = read(opened())
    assert dataclasses.replace(reading, raw="") == IntensityReading(
        provider="electricity_maps",
        zone="FR",
        start=ns(FIVE),
        length=Duration.from_seconds(3600),
        grams_per_kilowatt_hour=Decimal(37),
        cycle=Cycle.LIFE_CYCLE,
        estimated=True,
        raw="",
    )
    assert json.loads(reading.raw) == latest


def test_the_question_names_the_zone_the_basis_and_no_other_place(maps: Maps, opened: Opening) -> None:
    read(opened())
    assert maps.server.asked[0].path == "/v3/carbon-intensity/latest"
    assert maps.server.asked[0].headers["auth-token"] == KEY
    assert maps.server.asked[0].query == {
        "zone": "FR",
        "emissionFactorType": "lifecycle",
        "disableCallerLookup": "true",
    }


def test_at_first_the_last_day_is_told_then_the_newest_figure_until_the_hour_is_over(
    maps: Maps, opened: Opening
) -> None:
    collector = opened()
    assert moments(read(collector)) == span(FIVE - 23 * HOUR, FIVE + HOUR)
    assert moments(read(collector)) == [FIVE]
    maps.now += HOUR
    assert moments(read(collector)) == span(FIVE - 22 * HOUR, FIVE + 2 * HOUR)
    assert maps.asked == ["latest", "history", "latest", "latest", "history"]


def test_what_was_estimated_is_told_again_once_it_is_measured(maps: Maps, opened: Opening) -> None:
    collector = opened()
    assert {one.estimated for one in read(collector)} == {True}
    maps.api.revised[FIVE] = 55
    maps.now += HOUR
    told = {one.start: one for one in read(collector)}
    assert told[ns(FIVE)].grams_per_kilowatt_hour == 55
    assert told[ns(FIVE)].estimated is False
    assert told[ns(FIVE + HOUR)].estimated is True


def test_the_recorded_day_is_read_as_it_is(maps: Maps, opened: Opening) -> None:
    maps.server.next += [
        Reply.of(recorded("electricity-maps-latest")),
        Reply.of(recorded("electricity-maps-history")),
        Reply.of(recorded("electricity-maps-past-range")),
    ]
    told = read(opened(FIVE - 30 * HOUR))
    assert moments(told) == span(FIVE - 30 * HOUR, FIVE - 24 * HOUR) + span(FIVE - 23 * HOUR, FIVE + HOUR)
    assert [one.estimated for one in told] == [False] * 28 + [True] * 2


def test_six_hours_without_an_answer_are_caught_up_with_at_the_first_good_one(maps: Maps, opened: Opening) -> None:
    collector = opened()
    read(collector)
    for failure in (Reply(b"<html>"), Reply(b'{"zone": "FR", "carbon'), Reply(silent=True), Reply(status=404)):
        maps.server.next.append(failure)
        assert "it is asked again in 15 min" in why(collector)
    maps.now += 6 * HOUR
    assert set(moments(read(collector))) >= set(span(FIVE, FIVE + 7 * HOUR))


def test_a_history_that_fails_is_asked_for_again(maps: Maps, opened: Opening) -> None:
    collector = opened()
    maps.server.next += [maps.api(_asked("latest")), Reply(b"<html>")]
    assert "is no JSON" in why(collector)
    assert moments(read(collector)) == span(FIVE - 23 * HOUR, FIVE + HOUR)


def _asked(kind: str) -> Asked:
    headers = Message()
    headers["auth-token"] = KEY
    return Asked(f"/v3/carbon-intensity/{kind}", {}, headers)


def test_a_long_outage_is_caught_up_with_in_bounded_reads_where_the_plan_has_the_past(
    maps: Maps, opened: Opening
) -> None:
    begin = FIVE - 25 * DAY
    collector = opened(begin)
    assert moments(read(collector)) == span(begin, begin + 10 * DAY)
    assert moments(read(collector)) == span(begin + 10 * DAY, begin + 20 * DAY)
    assert moments(read(collector)) == span(begin + 20 * DAY, FIVE + HOUR)
    assert maps.asked == ["latest", "history", "past-range"] * 3
    assert moments(read(collector)) == [FIVE]


def test_an_outage_within_a_run_that_is_longer_than_a_day_is_caught_up_with(maps: Maps, opened: Opening) -> None:
    collector = opened()
    told = set(moments(read(collector)))
    maps.now += 3 * DAY
    told |= set(moments(read(collector)))
    assert told == set(span(FIVE - 23 * HOUR, FIVE + 3 * DAY + HOUR))


def test_after_a_restart_amid_that_it_goes_on_where_what_was_told_ends(opened: Opening) -> None:
    begin = FIVE - 25 * DAY
    told = read(opened(begin))
    end = max(one.start + one.length.nanoseconds for one in told)
    again = opened(datetime.fromtimestamp(end / 1e9, UTC))
    more = read(again) + read(again)
    assert {one.start for one in told + more} == {ns(hour) for hour in span(begin, FIVE + HOUR)}


def test_a_past_that_fails_is_told_and_asked_for_again(maps: Maps, opened: Opening) -> None:
    begin = FIVE - 3 * DAY
    collector = opened(begin)
    maps.server.next += [maps.api(_asked("latest")), maps.api(_asked("history")), Reply(b"<html>")]
    assert "is no JSON" in why(collector)
    assert moments(read(collector)) == span(begin, FIVE + HOUR)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404])
def test_a_plan_without_the_past_has_the_last_day_and_is_not_asked_again(
    maps: Maps, opened: Opening, status: int
) -> None:
    collector = opened(FIVE - 3 * DAY)
    maps.server.next += [maps.api(_asked("latest")), maps.api(_asked("history")), Reply(status=status)]
    assert moments(read(collector)) == span(FIVE - 23 * HOUR, FIVE + HOUR)
    assert moments(read(collector)) == [FIVE]
    assert maps.asked == ["latest", "history", "past-range", "latest"]


def test_a_key_for_the_latest_figure_alone_has_that(maps: Maps, opened: Opening) -> None:
    collector = opened()
    maps.server.next += [maps.api(_asked("latest")), Reply(status=401)]
    assert moments(read(collector)) == [FIVE]


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_is_told_with_the_cure_and_not_shown(maps: Maps, opened: Opening, status: int) -> None:
    maps.server.next.append(Reply(status=status))
    with pytest.raises(Unavailable) as caught:
        read(opened())
    assert caught.value.reason is Reason.FORBIDDEN
    assert caught.value.cure
    assert KEY not in caught.value.what + caught.value.cure


def test_an_answer_for_another_zone_is_refused(maps: Maps, opened: Opening) -> None:
    """Where the zone is not known, the API takes the place of the caller's address."""
    maps.server.next.append(Reply.of({**recorded("electricity-maps-latest"), "zone": "DK-DK2"}))
    assert "answers for another zone than FR" in why(opened())


@pytest.mark.parametrize(
    ("zone", "known_as"),
    [
        ("FR-COR", "FR-COR"),
        ("FR-2A", "FR-COR"),
        ("RE", "RE"),
        ("FR-974", "RE"),
        ("PT-20", "PT-AC"),
        ("NO-NO2", "NO-NO2"),
    ],
)
def test_a_zone_is_asked_for_by_their_name_and_told_by_ours(
    maps: Maps, opened: Opening, zone: str, known_as: str
) -> None:
    maps.api.zone = known_as
    told = read(opened(zone=zone))
    assert maps.server.asked[0].query["zone"] == known_as
    assert {one.zone for one in told} == {zone}


def test_a_zone_that_they_have_only_in_parts_is_refused_with_the_parts(opened: Opening) -> None:
    with pytest.raises(Unavailable) as caught:
        opened(zone="ES-CN")
    assert caught.value.reason is Reason.UNSUPPORTED
    assert "ES-CN-GC" in caught.value.cure


ROW = recorded("electricity-maps-latest")
REFUSED: dict[str, dict[str, object]] = {
    "no basis": {"emissionFactorType": None},
    "another basis": {"emissionFactorType": "marginal"},
    "a basis of another type": {"emissionFactorType": ["lifecycle"]},
    "daily": {"temporalGranularity": "daily"},
    "no zone": {"zone": None},
    "no moment": {"datetime": None},
    "no offset": {"datetime": "2026-06-10T17:00:00"},
    "no number": {"carbonIntensity": "much"},
    "below nothing": {"carbonIntensity": -3},
    "beyond all": {"carbonIntensity": 20_000},
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_row_that_is_not_understood_is_left_out_and_the_rest_is_told(maps: Maps, opened: Opening, name: str) -> None:
    good = {**ROW, "datetime": "2026-06-10T15:00:00.000Z"}
    maps.server.next += [Reply.of(ROW), Reply.of({"history": [{**good, **REFUSED[name]}, good, 5, None]})]
    assert moments(read(opened())) == [FIVE - 2 * HOUR, FIVE]


@pytest.mark.parametrize("name", REFUSED)
def test_where_nothing_is_understood_it_is_told(maps: Maps, opened: Opening, name: str) -> None:
    maps.server.next.append(Reply.of({**ROW, **REFUSED[name]}))
    assert "in a form that is not known" in why(opened())


OTHER_FORMS: tuple[object, ...] = ([], 5, None, {}, {"history": 5}, {"message": "hello"}, {"history": [5]})


@pytest.mark.parametrize("content", OTHER_FORMS, ids=repr)
def test_another_form_is_told(maps: Maps, opened: Opening, content: object) -> None:
    collector = opened()
    maps.server.next.append(Reply.of(content))
    assert "in a form that is not known" in why(collector)
    assert moments(read(collector)) == span(FIVE - 23 * HOUR, FIVE + HOUR)


def test_a_figure_that_is_not_known_yet_is_left_out(maps: Maps, opened: Opening) -> None:
    maps.server.next.append(Reply.of({**ROW, "carbonIntensity": None}))
    assert moments(read(opened())) == span(FIVE - 23 * HOUR, FIVE + HOUR)


@pytest.mark.parametrize(
    ("said", "estimated"),
    [({"isEstimated": False}, False), ({"isEstimated": True}, True), ({"isEstimated": None}, True)],
)
def test_only_what_is_said_to_be_measured_is(
    maps: Maps, opened: Opening, said: dict[str, object], estimated: bool
) -> None:
    maps.server.next += [Reply.of({**ROW, **said}), Reply.of({"history": []})]
    (reading,) = read(opened())
    assert reading.estimated is estimated


@pytest.mark.parametrize(("granularity", "seconds"), [("hourly", 3600), ("15_minutes", 900), ("5_minutes", 300)])
def test_a_figure_holds_as_long_as_the_answer_says(maps: Maps, opened: Opening, granularity: str, seconds: int) -> None:
    maps.server.next += [Reply.of({**ROW, "temporalGranularity": granularity}), Reply.of({"history": []})]
    (reading,) = read(opened())
    assert reading.length == Duration.from_seconds(seconds)


def test_direct_emissions_are_told_as_such(maps: Maps, opened: Opening) -> None:
    maps.server.next += [Reply.of({**ROW, "emissionFactorType": "direct"}), Reply.of({"history": []})]
    (reading,) = read(opened())
    assert reading.cycle is Cycle.DIRECT


def test_without_a_key_it_says_where_to_get_one(opened: Opening) -> None:
    with pytest.raises(Unavailable) as caught:
        opened(token="")
    assert caught.value.reason is Reason.FORBIDDEN
    assert "electricitymaps.com" in caught.value.cure


def test_it_is_read_every_quarter_of_an_hour_apart_from_the_others_and_only_on_request() -> None:
    kind = ElectricityMapsCollector
    assert (kind.slow, kind.every, kind.on_request) == (True, Duration.from_seconds(900), True)
