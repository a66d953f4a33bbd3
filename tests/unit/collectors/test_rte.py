"""éCO2mix from a real server on loopback that answers as ODRÉ does, and as it shouldn't."""

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from collectors._http import Limits
from collectors.rte import RteCollector
from monitor.collector import Grid, Reason, Retry, Unavailable
from monitor.core.factors import Cycle
from monitor.core.readings import IntensityReading
from monitor.core.units import Duration
from tests.fixtures.grid import moments, ns, read, recorded
from tests.fixtures.host import host_at
from tests.parts.grid import Asked, GridServer, Odre, Reply

pytestmark = pytest.mark.usefixtures("no_proxy")

TIGHT = Limits(connect=2, read=0.3, total=5, pause=0.01, patience=0.1)
QUARTER = timedelta(minutes=15)
HALF = timedelta(minutes=30)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
REAL_TIME = "Données temps réel"
CONSOLIDATED = "Données consolidées"
NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)


def grams(moment: datetime) -> int:
    """Return a figure that is another at each quarter of a week."""
    return 10 + (moment.weekday() * 96 + moment.hour * 4 + moment.minute // 15)


def row(moment: datetime, co2: object = ..., nature: str = REAL_TIME, **more: object) -> dict[str, object]:
    value = grams(moment) if co2 is ... else co2
    return {"date_heure": moment.isoformat(), "nature": nature, "taux_co2": value, **more}


def rows(begin: datetime, end: datetime, step: timedelta = QUARTER, nature: str = REAL_TIME) -> list[dict[str, object]]:
    count = (end - begin) // step
    return [row(begin + step * number, nature=nature) for number in range(count)]


class France:
    """A provider whose clock and rows a test moves."""

    def __init__(self) -> None:
        self.now: datetime | None = NOON
        self.odre = Odre(lambda: self.now)
        self.server = GridServer(self.odre, NOON)

    def shows(
        self, real_time: Sequence[Mapping[str, object]] = (), consolidated: Sequence[Mapping[str, object]] = ()
    ) -> None:
        self.odre.rows = {
            "eco2mix-national-tr": list(real_time),
            "eco2mix-national-cons-def": list(consolidated),
        }

    def at(self, now: datetime) -> None:
        self.now = self.server.now = now

    @property
    def asked(self) -> list[str]:
        """The data sets that were asked, in order: `tr`, `cons-def`."""
        return [asked.path.split("/")[-2].removeprefix("eco2mix-national-") for asked in self.server.asked]


@pytest.fixture
def france() -> Iterator[France]:
    france = France()
    with france.server:
        yield france


Opening = Callable[..., RteCollector]


@pytest.fixture
def opened(france: France, tmp_path: Path) -> Iterator[Opening]:
    collectors: list[RteCollector] = []

    def open_it(since: datetime | None = None, **fields: Any) -> RteCollector:
        begin = 0 if since is None else ns(since)
        grid = Grid(**{"zone": "FR", "address": france.server.url, "since": begin, **fields})
        collectors.append(RteCollector.open(host_at(tmp_path, grid=grid), TIGHT))
        return collectors[-1]

    yield open_it
    for collector in collectors:
        collector.close()


def said(readings: Sequence[IntensityReading]) -> dict[datetime, int]:
    """Return what is told, by time; each time once, oldest first."""
    return {at: int(one.grams_per_kilowatt_hour) for at, one in zip(moments(readings), readings, strict=True)}


def truth(begin: datetime, end: datetime, step: timedelta = QUARTER) -> dict[datetime, int]:
    return {begin + step * number: grams(begin + step * number) for number in range((end - begin) // step)}


def lengths(readings: Sequence[IntensityReading]) -> set[Duration]:
    return {one.length for one in readings}


def why(collector: RteCollector) -> str:
    with pytest.raises(Retry) as caught:
        collector.collect()
    return str(caught.value)


def test_a_figure_is_told_as_it_is_with_its_row_as_evidence(france: France, opened: Opening) -> None:
    france.shows([row(NOON - HOUR, 17, heure="13:00", date="2026-06-10")])
    (reading,) = read(opened(NOON - 3 * HOUR))
    assert dataclasses.replace(reading, raw="") == IntensityReading(
        provider="rte",
        zone="FR",
        start=ns(NOON - HOUR),
        length=Duration.from_seconds(900),
        grams_per_kilowatt_hour=Decimal(17),
        cycle=Cycle.DIRECT,
        estimated=True,
        raw="",
    )
    assert json.loads(reading.raw) == {
        "date": "2026-06-10",
        "heure": "13:00",
        "date_heure": "2026-06-10T11:00:00+00:00",
        "nature": "Données temps réel",
        "taux_co2": 17,
    }


def test_what_is_not_known_yet_is_left_out(france: France, opened: Opening) -> None:
    evening = recorded("rte-evening")["results"]
    france.shows(evening)
    france.at(datetime(2026, 6, 10, 22, tzinfo=UTC))
    assert len(read(opened(datetime(2026, 6, 10, 18, tzinfo=UTC)))) == 12


def test_nulls_and_the_future_are_left_out_also_where_the_server_tells_them(france: France, opened: Opening) -> None:
    told = [row(NOON - QUARTER), row(NOON, 33), row(NOON + QUARTER, None), row(NOON + HOUR, 44), row(NOON - HALF, "ND")]
    france.server.next.append(Reply.of({"total_count": 5, "results": told}))
    assert said(read(opened(NOON - HOUR))) == {NOON - QUARTER: grams(NOON - QUARTER), NOON: 33}


def test_with_nothing_known_the_day_before_the_newest_figure_is_asked_for(france: France, opened: Opening) -> None:
    france.shows([*rows(NOON - 9 * DAY, NOON - HOUR), row(NOON - HOUR, None), row(NOON + HOUR, None)])
    newest = NOON - HOUR - QUARTER
    assert said(read(opened())) == truth(newest - DAY, NOON - HOUR)
    assert france.asked == ["tr", "tr"]


def test_with_nothing_known_and_nothing_there_nothing_is_told(opened: Opening) -> None:
    assert read(opened()) == []


def test_each_read_asks_once_for_what_is_new_and_the_last_two_hours(france: France, opened: Opening) -> None:
    france.shows(rows(NOON - 2 * DAY, NOON - HOUR))
    collector = opened(NOON - 3 * HOUR)
    assert said(read(collector)) == truth(NOON - 5 * HOUR, NOON - HOUR)
    france.shows(rows(NOON - 2 * DAY, NOON - QUARTER))
    france.server.asked.clear()
    assert said(read(collector)) == truth(NOON - 3 * HOUR, NOON - QUARTER)
    assert said(read(collector)) == truth(NOON - 2 * HOUR - QUARTER, NOON - QUARTER)
    assert france.asked == ["tr", "tr"]


def test_a_revised_figure_is_told_again(france: France, opened: Opening) -> None:
    france.shows(rows(NOON - DAY, NOON))
    collector = opened(NOON - 3 * HOUR)
    before = said(read(collector))
    assert before[NOON - HOUR] == grams(NOON - HOUR)
    france.shows(
        [
            row(NOON - HOUR, 1999) if one["date_heure"] == (NOON - HOUR).isoformat() else one
            for one in rows(NOON - DAY, NOON)
        ]
    )
    assert said(read(collector))[NOON - HOUR] == 1999


def test_six_hours_without_an_answer_are_caught_up_with_at_the_first_good_one(france: France, opened: Opening) -> None:
    france.shows(rows(NOON - DAY, NOON))
    collector = opened(NOON - HOUR)
    read(collector)
    for failure in (Reply(status=500), Reply(b"<html>"), Reply(b'{"results": [{'), Reply(silent=True)):
        france.server.next += [failure] * (3 if failure.status == 500 else 1)
        assert "it is asked again in 5 min" in why(collector)
    france.at(NOON + 6 * HOUR)
    france.shows(rows(NOON - DAY, NOON + 6 * HOUR))
    assert said(read(collector)) == truth(NOON - 2 * HOUR, NOON + 6 * HOUR)


def test_a_long_outage_is_caught_up_with_in_bounded_reads_oldest_first(france: France, opened: Opening) -> None:
    begin = NOON - 12 * DAY
    france.shows(rows(begin - DAY, NOON))
    collector = opened(begin)
    told: dict[datetime, int] = {}
    for number in range(3):
        france.server.asked.clear()
        new = said(read(collector))
        assert min(new) == begin - 2 * HOUR if number == 0 else max(told) - 2 * HOUR < min(new) <= max(told)
        assert len(new) <= 400
        assert france.asked == ["tr"] * 4
        told |= new
    assert told == truth(begin - 2 * HOUR, max(told) + QUARTER)
    told |= said(read(collector))
    assert told == truth(begin - 2 * HOUR, NOON)


def test_what_was_answered_before_a_failure_is_told_and_the_failure_at_the_next_read(
    france: France, opened: Opening
) -> None:
    begin = NOON - 3 * DAY
    france.shows(rows(begin - DAY, NOON))
    collector = opened(begin)
    answer = france.odre
    calls = 0

    def second_fails(asked: Asked) -> Reply:
        nonlocal calls
        calls += 1
        return answer(asked) if calls == 1 else Reply(b"<html>")

    france.server.answer = second_fails
    told = said(read(collector))
    assert told == truth(begin - 2 * HOUR, begin - 2 * HOUR + QUARTER * 100)
    assert "is no JSON" in why(collector)
    france.server.answer = answer
    told |= said(read(collector))
    assert told == truth(begin - 2 * HOUR, NOON)


def test_a_refusal_in_the_middle_loses_nothing_either(france: France, opened: Opening) -> None:
    begin = NOON - 2 * DAY
    france.shows(rows(begin - DAY, NOON))
    collector = opened(begin)
    france.server.next.append(france.odre(_question(begin - 2 * HOUR)))
    france.server.next.append(Reply(status=403))
    assert len(read(collector)) == 100
    france.server.next.append(Reply(status=403))
    with pytest.raises(Unavailable):
        read(collector)


def _question(begin: datetime) -> Asked:
    query = {
        "where": f"date_heure in [date'{begin.isoformat()}' TO now()] and taux_co2 is not null",
        "order_by": "date_heure asc",
        "limit": "100",
        "select": "date_heure,nature,taux_co2",
    }
    return Asked("/api/explore/v2.1/catalog/datasets/eco2mix-national-tr/records", query, Message())


def test_what_real_time_no_longer_holds_is_asked_of_the_consolidated_figures(france: France, opened: Opening) -> None:
    """Nothing between the two is left out, and nothing is told twice."""
    kept = NOON - 3 * DAY
    begin = kept - 5 * DAY
    old = [row(begin - DAY + QUARTER * number, nature=CONSOLIDATED) for number in range(6 * 96)]
    for one in old:
        if datetime.fromisoformat(str(one["date_heure"])).minute % 30:
            one["taux_co2"] = None
    france.shows(rows(kept, NOON), old)
    collector = opened(begin)
    told: dict[datetime, int] = {}
    for _ in range(3):
        new = read(collector)
        assert {one.length for one in new if one.start < ns(kept)} <= {Duration.from_seconds(1800)}
        assert {one.length for one in new if one.start >= ns(kept)} <= {Duration.from_seconds(900)}
        assert all(one.estimated is (one.start >= ns(kept)) for one in new)
        told |= said(new)
    assert told == truth(begin - 2 * HOUR, kept, HALF) | truth(kept, NOON)


def test_a_hole_between_the_consolidated_figures_and_real_time_is_no_wall(france: France, opened: Opening) -> None:
    end = NOON - 5 * DAY
    france.shows(rows(NOON - DAY, NOON), rows(end - DAY, end, HALF, CONSOLIDATED))
    collector = opened(end - 4 * HOUR)
    assert said(read(collector)) == truth(end - 6 * HOUR, end, HALF) | truth(NOON - DAY, NOON)
    france.server.asked.clear()
    assert said(read(collector)) == truth(NOON - 2 * HOUR, NOON)
    assert france.asked == ["tr"]


def test_a_hole_of_days_in_what_was_published_is_no_wall(france: France, opened: Opening) -> None:
    hole = NOON - 10 * DAY
    france.shows(rows(hole - DAY, hole) + rows(NOON - DAY, NOON))
    collector = opened(hole - HOUR)
    assert said(read(collector)) == truth(hole - 3 * HOUR, hole) | truth(NOON - DAY, NOON)


def test_figures_that_come_late_after_a_pause_of_the_publisher_are_not_missed(france: France, opened: Opening) -> None:
    """For three days nothing is published; then all of it is."""
    france.shows(rows(NOON - DAY, NOON))
    collector = opened(NOON - HOUR)
    read(collector)
    for hours in (30, 50, 72):
        france.at(NOON + hours * HOUR)
        assert said(read(collector)) == truth(NOON - 2 * HOUR, NOON)
    france.shows(rows(NOON - DAY, NOON + 3 * DAY))
    assert said(read(collector)) == truth(NOON - 2 * HOUR, NOON + 3 * DAY)


def test_the_day_of_23_hours_has_92_figures_and_none_of_the_hour_that_never_was(
    france: France, opened: Opening
) -> None:
    day = recorded("rte-march")["results"]
    france.shows(day)
    begin, end = datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)
    france.at(end)
    told = read(opened(begin))
    assert len(told) == 92
    assert 99 not in said(told).values()
    assert sum(one.length.nanoseconds for one in told) == 23 * 3600 * 10**9
    assert all("02:" not in str(json.loads(one.raw)["heure"]) for one in told)
    assert set(said(told)) == set(truth(begin, end))


def test_the_day_of_25_hours_has_an_hour_that_is_not_known(france: France, opened: Opening) -> None:
    france.shows(recorded("rte-october")["results"])
    begin, end = datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)
    missing = datetime(2026, 10, 25, 0, tzinfo=UTC)
    france.at(end)
    told = read(opened(begin))
    assert set(said(told)) == set(truth(begin, missing)) | set(truth(missing + HOUR, end))
    assert lengths(told) == {Duration.from_seconds(900)}


def test_a_day_of_25_hours_that_is_told_whole_is_told_on(france: France, opened: Opening) -> None:
    """It has a hundred figures: as many as an answer can have."""
    begin, end = datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)
    france.shows(rows(begin, end))
    france.at(end)
    assert said(read(opened(begin + 2 * HOUR))) == truth(begin, end)


@pytest.mark.parametrize("step", [QUARTER, HALF])
def test_how_long_a_figure_holds_is_told_by_its_neighbours(france: France, opened: Opening, step: timedelta) -> None:
    france.shows(rows(NOON - DAY, NOON, step))
    assert lengths(read(opened(NOON - 3 * HOUR))) == {Duration.from_seconds(step.total_seconds())}


def test_a_few_figures_of_real_time_on_half_hours_are_taken_for_quarters(france: France, opened: Opening) -> None:
    france.shows([row(NOON - HOUR), row(NOON - HALF), row(NOON)])
    assert lengths(read(opened(NOON - HOUR))) == {Duration.from_seconds(900)}


def test_one_consolidated_figure_holds_for_half_an_hour(france: France, opened: Opening) -> None:
    france.shows([row(NOON - HOUR, nature="Données définitives"), row(NOON - HALF)])
    told = read(opened(NOON - HOUR))
    assert [(one.length.seconds, one.estimated) for one in told] == [(1800, False), (900, True)]


def test_a_row_that_is_not_understood_is_left_out_and_the_rest_is_told(france: France, opened: Opening) -> None:
    bad: list[object] = [{**row(NOON), "date_heure": "yesterday"}, row(NOON, "a lot"), row(NOON, 2001), "no row", None]
    france.server.next.append(Reply.of({"results": [row(NOON - HOUR), *bad, row(NOON - HALF)]}))
    assert said(read(opened(NOON - HOUR))) == truth(NOON - HOUR, NOON, HALF)


@pytest.mark.parametrize("sent", [0, "0", "0.0", None, "", "ND"])
def test_nothing_is_not_a_figure(france: France, opened: Opening, sent: object) -> None:
    """Something always burns in France: 0 stands for unknown."""
    france.server.next.append(Reply.of({"results": [row(NOON - HOUR), row(NOON - HALF, sent)]}))
    assert list(said(read(opened(NOON - HOUR)))) == [NOON - HOUR]


RENAMED = {"date_heure": NOON.isoformat(), "taux": 17}
OTHER_FORMS: tuple[object, ...] = (
    [],
    {},
    5,
    None,
    {"results": 5},
    {"results": {"a": 1}},
    {"records": []},
    {"results": [RENAMED, 5]},
)


@pytest.mark.parametrize("content", OTHER_FORMS, ids=repr)
def test_another_form_is_told_and_is_not_taken_for_no_news(france: France, opened: Opening, content: object) -> None:
    france.shows(rows(NOON - HOUR, NOON))
    collector = opened(NOON - HOUR)
    france.server.next.append(Reply.of(content))
    assert "answers in a form that is not known" in why(collector)
    assert said(read(collector)) == truth(NOON - HOUR, NOON)


def test_an_empty_answer_is_no_failure_and_the_next_one_is_told(france: France, opened: Opening) -> None:
    collector = opened(NOON - HOUR)
    assert read(collector) == []
    france.shows(rows(NOON - HOUR, NOON))
    assert said(read(collector)) == truth(NOON - HOUR, NOON)


def test_a_pause_that_is_asked_for_is_kept_across_reads(france: France, opened: Opening) -> None:
    france.server.next.append(Reply(status=429, headers={"Retry-After": "600"}))
    collector = opened(NOON - HOUR)
    assert "asks to be left alone for 600 s" in why(collector)
    assert "asked to be left alone for another" in why(collector)
    assert len(france.server.asked) == 1


def test_a_part_of_the_mainland_has_its_figure_under_its_own_name(france: France, opened: Opening) -> None:
    france.shows(rows(NOON - HOUR, NOON))
    assert {one.zone for one in read(opened(NOON - HOUR, zone="FR-IDF"))} == {"FR-IDF"}


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_is_told_with_the_cure(france: France, opened: Opening, status: int) -> None:
    france.server.next.append(Reply(status=status))
    with pytest.raises(Unavailable) as caught:
        read(opened(NOON - HOUR))
    assert caught.value.reason is Reason.FORBIDDEN
    assert caught.value.cure


@pytest.mark.parametrize("zone", ["FR-COR", "FR-2A", "RE", "FR-974", "DE", "WORLD"])
def test_no_other_zone_than_the_mainland_is_answered_for(tmp_path: Path, zone: str) -> None:
    with pytest.raises(Unavailable) as caught:
        RteCollector.open(host_at(tmp_path, grid=Grid(zone=zone)))
    assert caught.value.reason is Reason.UNSUPPORTED
    assert zone in caught.value.what
    assert caught.value.cure


def test_it_is_read_every_five_minutes_apart_from_the_others_and_only_on_request() -> None:
    assert (RteCollector.slow, RteCollector.every, RteCollector.on_request) == (True, Duration.from_seconds(300), True)
