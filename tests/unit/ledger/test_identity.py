import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Connection, select

from monitor.core.interval import HALF_HOUR, HOUR
from monitor.ledger.database import Access, Place, engine_of, place_of
from monitor.ledger.errors import LedgerCorrupt, LedgerError, LedgerMismatch
from monitor.ledger.identity import Identity, identify, identity_of, wanted_identity
from monitor.ledger.schema import hosts

NOW = 1_790_000_000 * 10**9


@pytest.fixture
def place(url: str) -> Place:
    return place_of(url)


@pytest.fixture
def connection(place: Place) -> Iterator[Connection]:
    with engine_of(place, Access.KEEP).begin() as connected:
        yield connected


def wanted(host: str = "ia-01", zone: str = "Europe/Paris", *, simulated: bool = False) -> Identity:
    return wanted_identity(host, zone, NOW, simulated=simulated)


def test_a_new_ledger_is_made_as_wanted(connection: Connection, place: Place) -> None:
    made = identify(connection, place, wanted())
    assert made == identity_of(connection, place)
    assert (made.host, made.time_zone, made.grain, made.simulated, made.begun) == (
        "ia-01",
        "Europe/Paris",
        HOUR,
        False,
        NOW,
    )
    assert made.host_id > 0
    assert len({made.uuid, made.host_uuid}) == 2


def test_a_ledger_stays_the_same_under_a_new_host_name(connection: Connection, place: Place) -> None:
    made = identify(connection, place, wanted())
    renamed = identify(connection, place, wanted("ia-02"))
    assert renamed == replace(made, host="ia-02") == identity_of(connection, place)
    assert connection.execute(select(hosts.c.name)).scalars().all() == ["ia-02"]


def test_a_new_time_zone_is_taken_over_and_told(
    connection: Connection, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    made = identify(connection, place, wanted())
    with caplog.at_level(logging.WARNING):
        moved = identify(connection, place, wanted(zone="Indian/Reunion"))
        identify(connection, place, wanted(zone="Indian/Reunion"))
    assert moved == replace(made, time_zone="Indian/Reunion") == identity_of(connection, place)
    assert [record.getMessage() for record in caplog.records] == [
        "days and months are cut in Indian/Reunion from now on, also past ones: so far it was Europe/Paris"
    ]


def test_half_hours_can_make_days_of_whole_ones_and_not_the_other_way(connection: Connection, place: Place) -> None:
    made = identify(connection, place, wanted(zone="Pacific/Marquesas"))
    assert made.grain == HALF_HOUR
    assert identify(connection, place, wanted()).grain == HALF_HOUR
    with pytest.raises(LedgerMismatch, match="buckets of 30 minutes, which don't make days in Asia/Kathmandu"):
        identify(connection, place, wanted(zone="Asia/Kathmandu"))


def test_a_simulated_machine_is_not_a_real_one(connection: Connection, place: Place) -> None:
    identify(connection, place, wanted(simulated=True))
    with pytest.raises(LedgerMismatch, match="is that of a simulated machine, and not for a real machine"):
        identify(connection, place, wanted())


def test_tables_without_a_ledger_in_them_are_no_ledger(connection: Connection, place: Place) -> None:
    with pytest.raises(LedgerCorrupt, match="has its tables, and nothing in them"):
        identity_of(connection, place)


@pytest.mark.parametrize("zone", ["Europe/Pariss", "", "../etc/passwd"])
def test_a_time_zone_that_nobody_knows_is_refused(zone: str) -> None:
    with pytest.raises(LedgerError, match=r"set organisation\.timezone"):
        wanted(zone=zone)
