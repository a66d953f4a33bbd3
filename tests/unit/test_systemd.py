import socket
from pathlib import Path

import pytest

from monitor.systemd import ServiceManager


@pytest.mark.parametrize("abstract", [False, True])
def test_the_service_manager_is_told_how_the_daemon_is(tmp_path: Path, *, abstract: bool) -> None:
    address = f"@empreinte-{tmp_path.name}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as inlet:
        inlet.bind("\0" + address[1:] if abstract else address)
        manager = ServiceManager(address)
        manager.ready("serving on 127.0.0.1:21031")
        manager.alive()
        manager.stopping()
        heard = [inlet.recv(200).decode() for _ in range(3)]
    assert heard == ["READY=1\nSTATUS=serving on 127.0.0.1:21031", "WATCHDOG=1", "STOPPING=1"]


def test_without_a_service_manager_nothing_is_said() -> None:
    ServiceManager("").ready("x")


def test_a_service_manager_that_is_gone_is_nobodys_fault(tmp_path: Path) -> None:
    ServiceManager(str(tmp_path / "nobody")).alive()
