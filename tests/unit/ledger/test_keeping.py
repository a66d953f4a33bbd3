import logging
from contextlib import ExitStack
from pathlib import Path

import pytest

from monitor.core.interval import Stamp
from monitor.core.units import Duration
from monitor.ledger.database import Place, place_of
from monitor.ledger.errors import LedgerLocked, LedgerUnreachable
from monitor.ledger.keeping import PAUSE, Keeping, locked_session, path_of_sidecar
from monitor.ledger.sidecar import Sidecar

DAY = Duration(86_400 * 10**9)
SERVER = place_of("postgresql+psycopg://h/d")


def test_each_keeping_has_a_token_of_its_own() -> None:
    assert Keeping(DAY).token != Keeping(DAY).token


def test_a_silent_server_is_left_alone_for_a_while() -> None:
    keeping = Keeping(DAY)
    keeping.require_patience(Stamp(0, 5))
    keeping.note_silence(LedgerUnreachable("it is silent", "wait"), Stamp(0, 5))
    for boot in (5, 5 + PAUSE.nanoseconds - 1):
        with pytest.raises(LedgerUnreachable, match="it is silent: wait"):
            keeping.require_patience(Stamp(10**20, boot))
    keeping.require_patience(Stamp(0, 5 + PAUSE.nanoseconds))
    keeping.require_patience(Stamp(0, 5))


def test_without_a_file_beside_nothing_is_known_to_be_restored() -> None:
    keeping = Keeping(DAY)
    keeping.note("uuid")
    assert not keeping.is_restored("uuid")


def test_a_file_beside_that_cannot_be_written_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    full = Sidecar(Path("/dev/full"), "ledger")
    keeping = Keeping(DAY, sidecar=full)
    with caplog.at_level(logging.WARNING):
        for number in range(3):
            keeping.number = number
            keeping.note("uuid")
    full.close()
    assert len(caplog.records) == 1
    assert "a restored backup would go unseen" in caplog.text


def test_who_keeps_it_can_be_read_in_the_lock(tmp_path: Path) -> None:
    place = place_of(f"sqlite:///{tmp_path}/ledger.db")
    with ExitStack() as stack:
        locked_session(place, "empreinte run on ia-01", Stamp(1_790_000_000 * 10**9, 0), stack)
        told = (tmp_path / "ledger.db.lock").read_text()
        assert told.startswith("empreinte run on ia-01, pid ")
        assert told.endswith(", since 2026-09-21 14:13:20 UTC")
        with pytest.raises(LedgerLocked), ExitStack() as other:
            locked_session(place, "another", Stamp(0, 0), other)
    with ExitStack() as stack:
        locked_session(place, "another", Stamp(0, 0), stack)


@pytest.mark.parametrize(
    ("place", "chosen", "expected"),
    [
        (Place(SERVER.url, Path("/state/ledger.db")), None, Path("/state/ledger.db.seen")),
        (Place(SERVER.url, Path("/state/ledger.db")), Path("/other"), Path("/other")),
        (SERVER, None, None),
        (SERVER, Path("/state/ledger.seen"), Path("/state/ledger.seen")),
    ],
)
def test_the_file_beside_is_where_it_was_chosen_to_be(place: Place, chosen: Path | None, expected: Path | None) -> None:
    assert path_of_sidecar(place, chosen) == expected
