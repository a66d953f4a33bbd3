"""Real processes that come and go, seen by the watch and the workloads together."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor.watch import ProcessWatch
from monitor.workloads import HostWorkloads, catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = tuple(kind for kind in catalogue() if kind.kind == "tabby")
"""A server that nobody runs where tests run."""


@contextmanager
def started(directory: Path, *argv: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that is called *argv* and sleeps; Python runs the file that its first argument names."""
    (directory / argv[1]).write_text("import time\ntime.sleep(600)\n")
    with subprocess.Popen(argv, executable=sys.executable, cwd=directory) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_server_that_starts_and_ends_is_noticed_and_found_and_one_that_is_mentioned_is_not(tmp_path: Path) -> None:
    alarm = threading.Semaphore(0)
    # the tests' own process starts the servers: it must not pass for the monitor
    workloads = HostWorkloads(Path("/proc"), (), KINDS, own_pid=0)
    workloads.refresh()
    assert workloads.present() == frozenset()
    with ProcessWatch(workloads.is_service, workloads.service_pids, alarm.release) as watch:
        if watch.unavailable:
            pytest.xfail(watch.unavailable)
        with started(tmp_path, "vim", "tabby"):
            assert not alarm.acquire(timeout=1)
        with started(tmp_path, "/opt/tabby", "serve", "--port", "8080") as server:
            assert alarm.acquire(timeout=10)
            workloads.refresh()
            assert workloads.present() == {"tabby"}
            assert workloads.consumer_of(server.pid) == "tabby"
            with started(tmp_path, "/opt/tabby", "serve"):
                assert not alarm.acquire(timeout=1)
        assert alarm.acquire(timeout=10)
        workloads.refresh()
        assert workloads.present() == frozenset()
        assert os.getpid() in workloads.living()
