"""What is made of the ledger: the periods, the verification, the backup, on whichever database it is kept."""

from __future__ import annotations

import subprocess
from collections import Counter
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from monitor.core.calendar import PERIODS, period_bounds
from monitor.core.entries import Gap, Grain, Series, ServiceFacts, Share
from monitor.core.interval import HALF_HOUR, HOUR, Interval, Stamp
from monitor.core.readings import Method
from monitor.core.units import Duration, Energy
from monitor.ledger.backup import backup
from monitor.ledger.errors import LedgerAbsent, LedgerError
from monitor.ledger.periods import Periods
from monitor.ledger.verify import verify
from tests.contract.bookkeeping import PARIS, START, Bookkeeping, Commit, bucket, hour_bucket, ns, series

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from monitor.core.entries import OpenBooks
    from monitor.core.figures import Figures
    from monitor.ledger.store import Ledger
    from tests.contract.conftest import Site

HR = HOUR.nanoseconds


# --- periods ---------------------------------------------------------------------------------------------------------


def stamp(now: int) -> Stamp:
    return Stamp(now, now - START + 10**15)


def brute_force(
    keeping: Bookkeeping, now: int, zone: ZoneInfo
) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """Add up what was booked in each period, hour by hour: by consumer, and by method."""
    consumers: Counter[tuple[str, str]] = Counter()
    methods: Counter[tuple[str, str]] = Counter()
    for period in PERIODS:
        bounds = period_bounds(period, now, zone)
        for start, booked in keeping.hours.items():
            # of a period that ends within an hour, a year ago, that hour is left out
            inside = start + keeping.hour.nanoseconds <= bounds.end or bounds.end == now
            if bounds.start <= start < bounds.end and inside:
                for one, amount in booked.items():
                    consumers[one.consumer, period] += amount
                    methods[period, one.method] += amount
    return consumers, methods


def plain(energy: Mapping[tuple[str, str], Energy]) -> Counter[tuple[str, str]]:
    return Counter({key: amount.microjoules for key, amount in energy.items() if amount.microjoules})


@pytest.mark.parametrize(("timezone", "grain"), [(PARIS, HOUR), ("Pacific/Marquesas", HALF_HOUR)])
def test_the_figures_of_every_period_are_the_sums_of_its_hours(file_site: Site, timezone: str, grain: Duration) -> None:
    zone = ZoneInfo(timezone)
    start = ns("2024-11-30T05:20:00")
    keeping = Bookkeeping(("assistant",), start=start, hour=grain)
    with file_site.open(now=start, timezone=timezone) as ledger:
        periods = Periods(ledger)
        # over two turns of the year, a leap year's end, both changes of the clock; steps that are no whole hours
        seen: set[str] = set()
        for number in range(74):
            keeping.skip((17 if number % 2 else 311) * 3600 - 700)
            commit = keeping.tick(4000)
            commit.to(ledger)
            figures = periods.of(commit.books, stamp(keeping.now))
            consumers, methods = brute_force(keeping, keeping.now, zone)
            assert plain(figures.energy) == consumers
            assert plain(figures.methods) == methods
            seen.update(period for _, period in figures.energy)
        # one that has just been made says the same
        assert Periods(ledger).of(commit.books, stamp(keeping.now)) == figures
        assert seen == set(PERIODS)


def test_the_open_hour_counts_at_every_commit(ledger: Ledger) -> None:
    keeping = Bookkeeping(("assistant",))
    periods = Periods(ledger)
    for _ in range(3):
        commit = keeping.tick(60)
        commit.to(ledger)
        figures = periods.of(commit.books, stamp(keeping.now))
        for period in ("day", "month", "quarter", "year"):
            booked = keeping.total(Interval(START, keeping.now))
            of_it = sum(amount for one, amount in booked.items() if one.consumer == "assistant")
            assert figures.energy["assistant", period] == Energy(of_it)
        assert figures.energy.get(("assistant", "previous_day"), Energy.ZERO) == Energy.ZERO


def test_coverage_is_the_part_of_the_elapsed_time_that_was_measured(ledger: Ledger) -> None:
    midnight = ns("2026-03-04T00:00:00", PARIS)
    keeping = Bookkeeping(start=midnight)
    keeping.tick(3600).to(ledger)
    keeping.skip(3 * 3600)
    commit = keeping.tick(3600)
    commit.to(ledger)
    coverage = Periods(ledger).of(commit.books, stamp(keeping.now)).coverage
    assert coverage["day"] == pytest.approx(2 / 5)
    assert coverage["month"] == pytest.approx(2 / (3 * 24 + 5))
    assert coverage["previous_day"] == 0
    assert set(coverage) == set(PERIODS)


def test_coverage_is_unknown_where_no_time_has_elapsed(ledger: Ledger) -> None:
    new_year = ns("2026-01-01T00:00:00", PARIS)
    keeping = Bookkeeping(start=new_year - HR)
    commit = keeping.tick(3600)
    commit.to(ledger)
    figures: Figures = Periods(ledger).of(commit.books, stamp(new_year))
    assert [figures.coverage[period] for period in ("day", "month", "quarter", "year")] == [None] * 4
    assert figures.coverage["previous_day"] == pytest.approx(1 / 24)


def test_a_resource_that_is_measured_less_does_not_lessen_the_coverage_of_the_host(ledger: Ledger) -> None:
    midnight = ns("2026-03-04T00:00:00", PARIS)
    energies = {series("assistant"): 10, series("assistant", "gpu0"): 5}
    one = hour_bucket(midnight, energies)
    less = type(one)(one.grain, one.start, one.entries, one.measured, {"package": HOUR, "gpu0": Duration(1)})
    commit = Commit(Bookkeeping(start=midnight + HR).open_books(), [less])
    commit.to(ledger)
    assert Periods(ledger).of(commit.books, stamp(midnight + HR)).coverage["day"] == pytest.approx(1)


def test_a_renamed_service_has_its_periods_under_its_new_key(ledger: Ledger) -> None:
    keeping = Bookkeeping(("assistant",))
    first = keeping.tick(5400)
    first.services = [ServiceFacts("assistant", "Assistant")]
    first.to(ledger)
    second = keeping.tick(60)
    second.services = [ServiceFacts("redaction", "Assistant", was=("assistant",))]
    second.to(ledger)
    figures = Periods(ledger).of(second.books, stamp(keeping.now))
    booked = keeping.total(Interval(START, keeping.now))
    whole = sum(amount for one, amount in booked.items() if one.consumer == "assistant")
    assert figures.energy["redaction", "day"] == Energy(whole)
    assert ("assistant", "day") not in figures.energy


# --- verification ----------------------------------------------------------------------------------------------------


def kept_well(ledger: Ledger) -> OpenBooks:
    """Keep the books for some hours, with an outage that is told."""
    keeping = Bookkeeping()
    keeping.tick(2 * 3600 + 100).to(ledger)
    gaps = keeping.skip(4 * 3600)
    commit = keeping.tick(3600 * 2)
    commit.gaps = gaps
    commit.to(ledger)
    return commit.books


def faults(ledger: Ledger) -> list[str]:
    return [fault.sentence for fault in verify(ledger).faults]


def test_a_sound_ledger_has_no_fault(site: Site) -> None:
    with site.open() as ledger:
        assert verify(ledger).faults == ()
        kept_well(ledger)
        found = verify(ledger)
        assert found.faults == ()
        assert (found.hours, found.minutes) == (5, 242)
    with site.read() as reader:
        assert verify(reader) == found
        assert verify(reader, Interval(START, START + HR)).hours == 1


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        ("UPDATE hour_entries SET energy = energy + 1 WHERE bucket = {hour} AND series_id = 1", "attributed"),
        ("UPDATE minute_entries SET energy = energy - 1 WHERE bucket = {hour} AND series_id = 1", "attributed"),
        ("DELETE FROM minute_entries WHERE bucket = {hour} AND series_id = 2", "attributed"),
        ("UPDATE hour_measured SET energy = energy + 1 WHERE bucket = {hour} AND resource = 'dram'", "dram"),
        ("UPDATE hour_covered SET covered = covered - 1 WHERE bucket = {hour}", "covered time"),
        ("DELETE FROM gaps", "no gap says why"),
        ("UPDATE hour_measured SET bucket = bucket + 1 WHERE bucket = {hour}", "does not begin with a whole hour"),
    ],
)
def test_whatever_is_changed_in_the_tables_is_found(site: Site, harm: str, found: str) -> None:
    with site.open() as ledger:
        kept_well(ledger)
    site.sql(harm.format(hour=START))
    with site.read() as reader:
        assert any(found in sentence for sentence in faults(reader)), faults(reader)


def test_an_hour_that_is_gone_altogether_is_found_though_it_balances(site: Site) -> None:
    with site.open() as ledger:
        kept_well(ledger)
    for table in ("hour_entries", "hour_measured", "hour_covered"):
        site.sql(f"DELETE FROM {table} WHERE bucket = {START + HR}")  # noqa: S608 - no input
    with site.read() as reader:
        told = faults(reader)
    assert any("by the totals" in sentence for sentence in told)
    assert any("2026-03-04T06:00:00Z" in sentence and "no gap says why" in sentence for sentence in told)


def test_an_hour_that_was_booked_twice_is_found_though_it_balances(ledger: Ledger) -> None:
    keeping = Bookkeeping()
    keeping.tick(7200).to(ledger)
    energies = {Series("assistant", "package", Share.ACTIVE, Method.COUNTER): 5}
    again = bucket(Grain.HOUR, START - HR, energies, HOUR)
    ledger.commit(keeping.open_books(), [again], [], [])
    told = faults(ledger)
    assert any("assistant (package, active, counter)" in sentence for sentence in told)
    assert any("measured energy of package (counter)" in sentence for sentence in told)


def test_a_gap_of_part_of_an_hour_does_not_explain_all_of_it(ledger: Ledger) -> None:
    keeping = Bookkeeping()
    keeping.tick(3600).to(ledger)
    start = keeping.now
    keeping.skip(2 * 3600)
    commit = keeping.tick(3600)
    commit.gaps = [Gap("package", Interval(start, start + HR), "daemon_down")]
    commit.to(ledger)
    (told,) = faults(ledger)
    assert "2026-03-04T07:00:00Z" in told


# --- backup ----------------------------------------------------------------------------------------------------------


def put_back(site: Site, copy: Path, new_database: Callable[[], str] | None) -> Site:
    """Return where the *copy* has been put: in the place of the file, or in a database of its own."""
    if site.file is not None:
        for suffix in ("-wal", "-shm"):
            site.file.with_name(site.file.name + suffix).unlink(missing_ok=True)
        site.file.write_bytes(copy.read_bytes())
        return site
    assert site.server is not None
    assert new_database is not None
    url = site.server.new_database()
    program = site.server.programs / "pg_restore"
    subprocess.run([program, "--no-owner", f"--dbname={url.replace('+psycopg', '')}", copy], check=True)
    return type(site)(url, site.sidecar, None, site.server)


def test_a_backup_made_while_the_daemon_writes_is_complete_and_begins_from_zero_when_put_back(
    site: Site, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    new_database = request.getfixturevalue("new_database") if site.server else None
    keeping = Bookkeeping()
    copy = tmp_path / "backup"
    with site.open() as ledger:
        early = keeping.tick(2 * 3600)
        early.to(ledger)
        # in the middle of another's transaction, and with a commit that is not yet in the main file
        with site.written_by_another() if site.file else site.read():
            backup(site.url, copy)
        keeping.tick(3600).to(ledger)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in tmp_path.iterdir() if "backup" in path.name} == {"backup"}
    restored = put_back(site, copy, new_database)
    with restored.open(now=keeping.now) as ledger:
        assert ledger.load() == early.books
        assert verify(ledger).faults == ()
        offset = ledger.exposure_offset()
        assert (offset.energy, offset.measured) == (early.books.energy, early.books.measured)
        assert sum(energy.microjoules for energy in early.books.measured.values()) > 0


def test_a_backup_is_never_written_over(site: Site, tmp_path: Path) -> None:
    with site.open():
        pass
    (tmp_path / "backup").write_text("the only one")
    with pytest.raises(LedgerError, match="name another file"):
        backup(site.url, tmp_path / "backup")
    assert (tmp_path / "backup").read_text() == "the only one"


def test_a_backup_that_can_not_be_made_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(LedgerAbsent):
        backup(f"sqlite:///{tmp_path}/ledger.db", tmp_path / "backup")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.real("postgresql")
def test_without_pg_dump_the_cure_is_named(server_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with server_site.open():
        pass
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LedgerError, match="apt-get install postgresql-client"):
        backup(server_site.url, tmp_path / "backup")
