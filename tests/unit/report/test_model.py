from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.entries import Gap, Series, ServiceFacts, Share
from monitor.core.interval import Interval
from monitor.core.readings import Method
from monitor.core.units import Duration, Energy
from monitor.report.model import Books, Covered, Row, kilowatt_hours, make

PARIS = ZoneInfo("Europe/Paris")
HOUR = 3600 * 10**9
ASSISTANT = ServiceFacts("assistant", "Assistant", "Communication", "2026-DSI-042", "vllm", "configured")
OTHER = ServiceFacts("_other", "_other")


def wall(*date: int) -> int:
    return int(datetime(*date, tzinfo=UTC).timestamp()) * 10**9  # type: ignore[arg-type]  # year, month, day, hour


def row(
    month: int,
    microjoules: int,
    *,
    facts: ServiceFacts = ASSISTANT,
    resource: str = "package",
    share: Share = Share.ACTIVE,
    method: Method = Method.COUNTER,
) -> Row:
    return Row(month, Series(facts.key, resource, share, method), facts, Energy(microjoules))


def books(*rows: Row, closed_through: int = wall(2026, 3, 1)) -> Books:
    return Books(
        year=2026,
        time_zone=PARIS,
        closed_through=closed_through,
        rows=rows,
        covered=(Covered(2, "package", Duration(100 * HOUR)), Covered(1, "package", Duration(744 * HOUR))),
        gaps=(
            Gap("package", Interval(wall(2026, 2, 2), wall(2026, 2, 3)), "daemon_down"),
            Gap("dram", Interval(wall(2026, 2, 1), wall(2026, 2, 3)), "unreadable"),
        ),
    )


def test_months_are_those_of_the_organisation() -> None:
    months = make(books()).months
    assert months[0].interval == Interval(wall(2025, 12, 31, 23), wall(2026, 1, 31, 23))
    assert months[6].interval == Interval(wall(2026, 6, 30, 22), wall(2026, 7, 31, 22))
    assert make(books()).interval == Interval(months[0].interval.start, months[11].interval.end)


def test_a_service_has_its_energy_by_month_and_over_the_year() -> None:
    report = make(books(row(1, 5), row(2, 7), row(2, 11, share=Share.FLOOR, method=Method.MODELLED, resource="dram")))
    january, february = report.months[0].uses[0], report.months[1].uses[0]
    assert january.total == Energy(5)
    assert february.total == Energy(18)
    year = report.uses[0]
    assert year.total == Energy(23)
    assert year.shares == {Share.ACTIVE: Energy(12), Share.RESIDENCY: Energy(0), Share.FLOOR: Energy(11)}
    assert year.methods == {"counter": Energy(12), "modelled": Energy(11)}
    assert year.resources == {"dram": Energy(11), "package": Energy(12)}


def test_what_no_service_used_is_shown_after_the_services() -> None:
    unattributed = ServiceFacts("_unattributed", "_unattributed")
    zebra = ServiceFacts("zebra", "Zebra")
    report = make(books(row(1, 1, facts=unattributed), row(1, 1, facts=OTHER), row(1, 1, facts=zebra), row(1, 1)))
    assert [use.facts.key for use in report.uses] == ["assistant", "zebra", "_other", "_unattributed"]


def test_a_service_goes_by_its_latest_name() -> None:
    renamed = ServiceFacts("assistant", "Assistante", "Culture")
    report = make(books(row(2, 1, facts=renamed), row(1, 1)))
    assert report.months[0].uses[0].facts.name == "Assistant"
    assert report.uses[0].facts == renamed


def test_a_service_goes_by_the_last_of_the_names_that_it_had_in_a_month() -> None:
    renamed = ServiceFacts("assistant", "Assistante", "Culture")
    report = make(books(row(1, 1), row(2, 1), row(2, 2, share=Share.FLOOR), row(2, 1, facts=renamed)))
    assert report.months[1].uses[0].facts == report.uses[0].facts == renamed
    assert report.uses[0].total == Energy(5)


def test_coverage_is_of_what_has_passed_by_the_watermark() -> None:
    report = make(books(row(1, 5)))
    january, february, march = (month.coverage for month in report.months[:3])
    assert (january[0].elapsed, january[0].ratio) == (Duration(744 * HOUR), 1.0)
    assert february[0].elapsed == Duration(672 * HOUR)
    assert february[0].ratio == 100 / 672
    assert march == ()


def test_a_year_is_complete_once_its_last_hour_is_closed() -> None:
    assert not make(books(closed_through=wall(2026, 12, 31, 22))).complete
    assert make(books(closed_through=wall(2026, 12, 31, 23))).complete


def test_a_final_report_does_not_change_while_the_ledger_goes_on() -> None:
    end = make(books(row(1, 5))).interval.end
    assert make(books(row(1, 5), closed_through=end + 8 * HOUR)) == make(books(row(1, 5), closed_through=end))


def test_figures_that_are_made_up_can_not_be_taken_for_others() -> None:
    assert make(books()).stem == "empreinte-2026"
    assert make(replace(books(), simulated=True)).stem == "empreinte-2026-simulated"


def test_gaps_come_in_order() -> None:
    assert [gap.resource for gap in make(books()).gaps] == ["dram", "package"]


def test_the_order_of_the_rows_does_not_matter() -> None:
    rows = (row(1, 5), row(2, 7), row(2, 11, share=Share.FLOOR), row(1, 3, facts=OTHER))
    assert make(books(*rows)) == make(books(*reversed(rows)))


def test_energy_is_written_exactly() -> None:
    assert kilowatt_hours(Energy(3_600_000_000_000)) == "1.000000"
    assert kilowatt_hours(Energy(0)) == "0.000000"
    assert kilowatt_hours(Energy(9_999_999_999_999_999_999_999_999)) == "2777777777777.777778"


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 10**22), st.sampled_from(list(Share))), max_size=30))
def test_nothing_is_lost_between_rows_months_and_year(amounts: list[tuple[int, int, Share]]) -> None:
    report = make(books(*(row(month, amount, share=share) for month, amount, share in amounts)))
    whole = sum(amount for _, amount, _ in amounts)
    assert sum(use.total.microjoules for use in report.uses) == whole
    assert sum(use.total.microjoules for month in report.months for use in month.uses) == whole
    for use in report.uses:
        assert sum(energy.microjoules for energy in use.methods.values()) == use.total.microjoules
        assert sum(energy.microjoules for energy in use.resources.values()) == use.total.microjoules
