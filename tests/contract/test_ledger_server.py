"""What is particular to a ledger on a server: it goes away and comes back, and another may have been there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.core.interval import HOUR, Interval, Stamp
from monitor.ledger.errors import LedgerAbsent, LedgerError, LedgerLocked, LedgerTaken, LedgerUnreachable
from monitor.ledger.keeping import PAUSE
from monitor.ledger.store import Ledger
from tests.contract.bookkeeping import PARIS, START, Bookkeeping
from tests.parts.loopback import LOOPBACK, free_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.conftest import Site
    from tests.parts.postgresql import PostgreSQL

pytestmark = pytest.mark.real("postgresql")

PAUSE_SECONDS = round(PAUSE.seconds) + 1


def cut_off(postgresql: PostgreSQL, site: Site) -> None:
    """End the connections to the database of *site*, as a network that fails does."""
    database = site.url.rpartition("/")[2]
    postgresql.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")  # noqa: S608 - a name of the tests' own


def test_while_the_server_is_away_nothing_is_lost_and_nothing_booked_twice(
    postgresql: PostgreSQL, server_site: Site
) -> None:
    keeping = Bookkeeping()
    with server_site.open() as ledger:
        keeping.tick(600).to(ledger)
        postgresql.stop()
        try:
            commit = keeping.tick(3600)
            with pytest.raises(LedgerUnreachable, match="start it, or look at the network"):
                commit.to(ledger)
        finally:
            postgresql.start()
        # it is not asked again at once, for to ask may take seconds
        with pytest.raises(LedgerUnreachable):
            commit.to(ledger)
        later = keeping.tick(PAUSE_SECONDS)
        later.closed = [*commit.closed, *later.closed]
        later.to(ledger)
        assert ledger.load() == later.books
        first_hour = Interval(START, START + HOUR.nanoseconds)
        found = ledger.sums(Interval(START, keeping.now)).measured.values()
        assert sum(energy.microjoules for energy in found) == keeping.total(first_hour).total()
    with server_site.open(now=keeping.now) as ledger:
        assert ledger.load() == later.books


def test_a_connection_that_was_cut_off_is_made_anew_with_its_lock(postgresql: PostgreSQL, server_site: Site) -> None:
    keeping = Bookkeeping()
    with server_site.open() as ledger:
        keeping.tick().to(ledger)
        cut_off(postgresql, server_site)
        with pytest.raises(LedgerUnreachable):
            keeping.tick().to(ledger)
        commit = keeping.tick(PAUSE_SECONDS)
        assert commit.to(ledger) == 2
        assert ledger.load() == commit.books
        with pytest.raises(LedgerLocked):
            server_site.open()


def test_a_daemon_that_was_cut_off_does_not_write_over_the_one_that_came_after(
    postgresql: PostgreSQL, server_site: Site
) -> None:
    keeping = Bookkeeping()
    with server_site.open() as ledger:
        keeping.tick().to(ledger)
        cut_off(postgresql, server_site)
        with server_site.open(holder="the second") as second:
            theirs = Bookkeeping(opening=second.load(), start=keeping.now, seed=1)
            last = theirs.tick()
            last.to(second)
            with pytest.raises(LedgerUnreachable):
                keeping.tick().to(ledger)
            with pytest.raises(LedgerLocked, match="the second"):
                keeping.tick(PAUSE_SECONDS).to(ledger)
        with pytest.raises(LedgerTaken, match="opened by another daemon"):
            keeping.tick(PAUSE_SECONDS).to(ledger)
    with server_site.open() as ledger:
        assert ledger.load() == last.books


def test_what_only_reads_comes_back_by_itself(postgresql: PostgreSQL, server_site: Site) -> None:
    commit = Bookkeeping().tick()
    with server_site.open() as ledger, server_site.read() as reader:
        commit.to(ledger)
        assert reader.load() == commit.books
        cut_off(postgresql, server_site)
        with pytest.raises(LedgerUnreachable):
            reader.load()
        assert reader.load() == commit.books


def open_at(url: str) -> Ledger:
    return Ledger.open(url, host="ia-01", timezone=PARIS, now=Stamp(START, 0))


@pytest.mark.parametrize("opened", [open_at, Ledger.read])
def test_no_server_no_database_and_no_right_are_told_apart_without_the_password(
    postgresql: PostgreSQL, opened: Callable[[str], Ledger]
) -> None:
    nowhere = f"postgresql+psycopg://anna:secret@{LOOPBACK}:{free_port()}/ledger"
    with pytest.raises(LedgerUnreachable, match="does not answer") as silent:
        opened(nowhere)
    with pytest.raises(LedgerAbsent, match=r"no database for the ledger .*: make it with createdb") as absent:
        opened(postgresql.url("nothing"))
    with pytest.raises(LedgerError) as stranger:
        opened(postgresql.url("postgres", user="anna:secret"))
    for failure in (silent, absent, stranger):
        assert "secret" not in str(failure.value)


def test_an_empty_database_becomes_a_ledger(postgresql: PostgreSQL) -> None:
    url = postgresql.new_database()
    with pytest.raises(LedgerAbsent, match="start the daemon"):
        Ledger.read(url)
    with open_at(url) as ledger:
        assert ledger.load() is None
        Bookkeeping().tick().to(ledger)


def test_a_database_that_others_use_too_is_left_as_it_is(postgresql: PostgreSQL) -> None:
    url = postgresql.new_database()
    postgresql.execute("CREATE TABLE services (name TEXT)", url.rpartition("/")[2])
    with pytest.raises(LedgerError, match=r"set ledger\.url to a database of its own"):
        open_at(url)
    assert postgresql.execute("SELECT count(*) FROM services", url.rpartition("/")[2]) == [(0,)]


def test_every_commit_is_on_the_servers_disk_before_it_is_acknowledged(server_site: Site) -> None:
    with server_site.open() as ledger, ledger.transaction() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "10s"
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "2s"
