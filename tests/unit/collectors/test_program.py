"""A program that a collector runs: what it prints, and that it can't hold the collector up."""

import os
import time
from pathlib import Path

import pytest

from collectors._program import LONGEST, output_of
from monitor.collector import Retry
from tests.parts.loopback import wait_until


def test_both_that_it_prints_and_its_complaints_come_back_whatever_its_exit_status() -> None:
    assert output_of(["sh", "-c", "echo one; echo two >&2; exit 3"], 10, "it") == "one\ntwo\n"


def test_it_speaks_english_and_knows_what_it_is_given_and_asks_nothing() -> None:
    printed = output_of(["sh", "-c", "echo $LC_ALL $TZ $PLACE; cat"], 10, "it", {"PLACE": "here"})
    assert printed == "C UTC here\n"


def test_no_more_than_the_longest_output_is_taken() -> None:
    assert len(output_of(["head", "-c", f"{LONGEST + 1}", "/dev/zero"], 10, "it")) == LONGEST


def test_one_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    begun = time.monotonic()
    with pytest.raises(Retry, match=r"it took longer than 0\.5 s"):
        output_of(["sh", "-c", f"sleep 60 & echo $! >{file}; wait"], 0.5, "it")
    assert time.monotonic() - begun < 30
    pid = int(file.read_text())
    wait_until(lambda: not runs(pid), what="what it started is gone")


def runs(pid: int) -> bool:
    """Whether the process *pid* is there, and no zombie."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_one_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Retry, match="it can't be run"):
        output_of([str(tmp_path / "none")], 1, "it")
