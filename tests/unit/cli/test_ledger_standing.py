from pathlib import Path

import pytest

from monitor.cli.ledger_standing import ledger_standing
from monitor.core.interval import Stamp
from monitor.doctor import State
from monitor.ledger.store import Ledger


def test_a_ledger_that_is_not_there_will_be_made(tmp_path: Path) -> None:
    standing = ledger_standing(f"sqlite:///{tmp_path}/below/deeper/ledger.db")
    assert (standing.state, standing.where) == (State.NEW, f"{tmp_path}/below/deeper/ledger.db")
    assert not (tmp_path / "below").exists()


def test_a_ledger_that_can_not_be_made_is_told_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    standing = ledger_standing(f"sqlite:///{tmp_path}/file/ledger.db")
    assert standing.state is State.UNUSABLE
    assert "Not a directory" in standing.what
    assert standing.cure


def test_where_this_user_may_not_write_no_ledger_can_be_kept(ledger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.cli.ledger_standing.os.access", lambda *_: False)
    kept, new = ledger_standing(ledger), ledger_standing(f"{ledger}.new")
    assert kept.state is new.state is State.UNUSABLE
    assert kept.what.startswith("this user may not write /")
    assert new.what.startswith("this user may not write in /")
    assert "paths.state" in kept.cure


def test_a_ledger_that_nobody_keeps_can_be_used(ledger: str) -> None:
    assert ledger_standing(ledger).state is State.READY


def test_a_ledger_that_is_kept_says_by_whom_and_is_left_alone(ledger: str) -> None:
    now = Stamp(10**18, 10**12)
    with Ledger.open(ledger, host="ia-01", timezone="Europe/Paris", now=now, holder="empreinte run"):
        standing = ledger_standing(ledger)
        assert standing.state is State.RUNNING
        assert standing.what.startswith("empreinte run on ia-01, pid ")
    assert ledger_standing(ledger).state is State.READY


def test_a_lock_that_was_left_behind_is_nobodys(ledger: str) -> None:
    Path(f"{ledger.removeprefix('sqlite:///')}.lock").write_text("empreinte run on ia-01, pid 1", encoding="utf-8")
    assert ledger_standing(ledger).state is State.READY


def test_where_the_kernel_does_not_tell_nobody_is_named(ledger: str, tmp_path: Path) -> None:
    assert ledger_standing(ledger, locks=tmp_path / "locks").state is State.READY


def test_what_is_no_ledger_can_not_be_used(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"not a database, by far" * 100)
    standing = ledger_standing(f"sqlite:///{tmp_path}/ledger.db")
    assert standing.state is State.UNUSABLE
    assert standing.cure


@pytest.mark.parametrize("url", ["postgresql+psycopg://u:secret@127.0.0.1:1/d"])
def test_a_server_that_does_not_answer_is_told_without_the_password(url: str) -> None:
    standing = ledger_standing(url)
    assert standing.state is State.UNUSABLE
    assert "secret" not in f"{standing}"
