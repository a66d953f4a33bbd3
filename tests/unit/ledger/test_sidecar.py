from pathlib import Path

import pytest

from monitor.ledger.errors import LedgerReadOnly
from monitor.ledger.sidecar import Seen, Sidecar

UUID = "0a1b2c3d-0000-4000-8000-123456789abc"


def test_what_was_noted_last_is_read(tmp_path: Path) -> None:
    sidecar = Sidecar(tmp_path / "seen", "ledger")
    for number in (1, 999, 12):
        sidecar.write(UUID, number)
        assert sidecar.read() == Seen(UUID, number)
    sidecar.close()
    again = Sidecar(tmp_path / "seen", "ledger")
    assert again.read() == Seen(UUID, 12)
    again.close()


def test_it_does_not_grow(tmp_path: Path) -> None:
    sidecar = Sidecar(tmp_path / "seen", "ledger")
    sizes = set()
    for number in (1, 10**19):
        sidecar.write(UUID, number)
        sizes.add((tmp_path / "seen").stat().st_size)
    sidecar.close()
    assert len(sizes) == 1


@pytest.mark.parametrize("content", [b"", b"\0" * 58, UUID.encode(), b"a b c", f"{UUID} -5".encode(), b"\xff\xfe 5 6"])
def test_a_torn_file_says_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "seen").write_bytes(content)
    sidecar = Sidecar(tmp_path / "seen", "ledger")
    assert sidecar.read() is None
    sidecar.close()


def test_only_an_older_ledger_or_another_one_was_restored() -> None:
    seen = Seen(UUID, 10)
    assert seen.later_than(UUID, 9)
    assert seen.later_than("another", 10)
    assert seen.later_than("another", 99)
    assert not seen.later_than(UUID, 10)
    # behind after a power cut: it is written without waiting for the disk
    assert not seen.later_than(UUID, 11)


def test_it_is_its_users_alone(tmp_path: Path) -> None:
    Sidecar(tmp_path / "seen", "ledger").close()
    assert (tmp_path / "seen").stat().st_mode & 0o777 == 0o600


def test_where_it_cannot_be_made_the_sentence_names_the_ledger(tmp_path: Path) -> None:
    with pytest.raises(LedgerReadOnly, match=r"here\.db"):
        Sidecar(tmp_path / "absent" / "seen", "here.db")
