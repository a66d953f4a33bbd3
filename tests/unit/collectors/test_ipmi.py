from __future__ import annotations

import errno
import os
import shutil
import time
from pathlib import Path

import pytest

from collectors.ipmi import HOLD, ByProgram, IpmiCollector
from monitor.collector import Reason, Retry, Source, Unavailable
from monitor.core.readings import PowerReading
from monitor.core.units import Duration, Power
from tests.fixtures.host import RECORDED, host_at
from tests.fixtures.ipmi import FakeIpmi, answer
from tests.fixtures.unprivileged import directory_for_all, run_as_nobody

IPMITOOL = """
    Instantaneous power reading:                   215 Watts
    Minimum during sampling period:                162 Watts
    Maximum during sampling period:                276 Watts
    Average power reading over sample period:      176 Watts
    IPMI timestamp:                           Wed Feb 15 12:49:51 2017
    Sampling period:                          01131466 Seconds.
    Power reading state is:                   activated

"""
"""Source: lovoo/ipmi_exporter, issue 18."""
IPMITOOL_1_8_19 = """
    Instantaneous power reading:                   109 Watts
    Minimum during sampling period:                 38 Watts
    Maximum during sampling period:                242 Watts
    Average power reading over sample period:      102 Watts
    IPMI timestamp:                           10/12/23 13:29:17 CEST    Sampling period:                          00065530 Seconds.
    Power reading state is:                   activated

"""  # noqa: E501 - as it was printed
"""Source: ateodorescu/home-assistant-ipmi, issue 13 (Supermicro); its last line is cut there."""
OPENBMC = """
    Instantaneous power reading:                   319 Watts
    Minimum during sampling period:                319 Watts
    Maximum during sampling period:                319 Watts
    Average power reading over sample period:      319 Watts
    IPMI timestamp:                           Thu Jan  1 00:00:00 1970
    Sampling period:                          00000000 Seconds.
    Power reading state is:                   deactivated

"""
"""Source: openbmc/openbmc, issue 3257."""
FREEIPMI = """Current Power                        : 226 Watts
Minimum Power over sampling duration : 0 watts
Maximum Power over sampling duration : 650 watts
Average Power over sampling duration : 236 watts
Time Stamp                           : 06/18/2024 - 16:49:22
Statistics reporting time period     : 1000 milliseconds
Power Measurement                    : Active

"""
"""Source: a university's page on measuring power (2024), as FreeIPMI's ipmi-dcmi.c prints it."""
FREEIPMI_NONE = FREEIPMI.replace("Active", "Not Available")
NO_DEVICE = """Could not open device at /dev/ipmi0 or /dev/ipmi/0 or /dev/ipmidev/0: No such file or directory
"""
"""Source: ateodorescu/home-assistant-ipmi, issue 27."""


class Server:
    """A copy of the recorded server, whose BMC can be told what to answer."""

    def __init__(self, root: Path) -> None:
        self.root = root / "server"
        shutil.copytree(RECORDED / "bmc", self.root)
        self.programs = root / "bin"
        self.programs.mkdir()
        self.bmc = FakeIpmi(self.root / "dev", str(self.programs))

    def open(self) -> IpmiCollector:
        return IpmiCollector.open(host_at(self.root, ipmi=self.bmc))

    def refused(self) -> Unavailable:
        with pytest.raises(Unavailable) as caught:
            self.open()
        assert caught.value.cure
        return caught.value

    def show(self, said: bytes) -> None:
        (self.root / "dev/ipmi0").write_text(said.hex(" "))

    def unplug(self) -> None:
        shutil.rmtree(self.root / "sys/class/ipmi")
        (self.root / "dev/ipmi0").unlink()

    def install(self, name: str, prints: str, status: int = 0) -> None:
        """Put a program in the place of *name* that prints, with what it was called with as its last line."""
        program = self.programs / name
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{prints}END\necho \"$@\" >> {self.root}/called\nexit {status}\n")
        program.chmod(0o755)

    @property
    def called(self) -> list[str]:
        log = self.root / "called"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def watts(collector: IpmiCollector) -> float:
    (row,) = collector.collect()
    assert isinstance(row, PowerReading)
    assert (row.resource, row.meter, row.hold) == ("platform", "dcmi", HOLD)
    return row.power.microwatts / 1_000_000


def why(collector: IpmiCollector) -> str:
    with pytest.raises(Retry) as caught:
        collector.collect()
    return str(caught.value)


def test_the_power_is_that_of_now_and_not_the_mean_of_the_time_before(server: Server) -> None:
    server.show(answer(0x0102))
    collector = server.open()
    assert watts(collector) == 258
    collector.close()


def test_its_source_says_by_what_the_bmc_is_asked(server: Server) -> None:
    collector = server.open()
    assert collector.sources() == [
        Source(
            "platform",
            "dcmi",
            "integrated",
            "the machine's BMC, by /dev/ipmi0",
            "not stated; whole watts, averaged by the BMC",
        )
    ]
    collector.close()


def test_a_time_stamp_that_stands_still_is_stale_and_one_that_moves_again_is_taken(server: Server) -> None:
    collector = server.open()
    server.bmc.step = 0
    assert watts(collector) == 214
    assert "nothing new since its time stamp" in why(collector)
    assert "nothing new" in why(collector)
    server.bmc.step = 10
    assert watts(collector) == 214
    collector.close()


def test_another_power_is_new_although_the_time_stamp_stands_still(server: Server) -> None:
    server.bmc.step = 0
    collector = server.open()
    watts(collector)
    server.show(answer(300, stamp=7))
    assert watts(collector) == 300
    server.show(answer(301, stamp=7))
    assert watts(collector) == 301
    collector.close()


@pytest.mark.parametrize("stamp", [0, 0xFFFFFFFF])
def test_of_a_bmc_that_knows_no_time_the_same_power_twice_is_taken_twice(server: Server, stamp: int) -> None:
    server.bmc.step = 0
    server.show(answer(300, stamp=stamp))
    collector = server.open()
    assert [watts(collector), watts(collector)] == [300, 300]
    collector.close()


@pytest.mark.parametrize("lie", [0, 0xFFFF, 20_001])
def test_a_power_that_no_machine_draws_is_a_lie(server: Server, lie: int) -> None:
    collector = server.open()
    server.show(answer(lie))
    assert f"{lie} W" in why(collector)
    server.show(answer(230))
    assert watts(collector) == 230
    collector.close()


def test_a_bmc_that_stops_measuring_is_asked_again(server: Server) -> None:
    collector = server.open()
    server.show(answer(230, state=0xBF))
    assert "measures no power now" in why(collector)
    server.show(answer(230))
    assert watts(collector) == 230
    collector.close()


def test_a_bmc_that_measures_no_power_is_of_no_use(server: Server) -> None:
    server.show(answer(319, state=0, stamp=0))
    fact = server.refused()
    assert fact.reason is Reason.UNSUPPORTED
    assert "redfish" in fact.cure


@pytest.mark.parametrize(
    ("code", "reason"),
    [(0xC1, Reason.UNSUPPORTED), (0xCC, Reason.UNSUPPORTED), (0xD6, Reason.UNSUPPORTED), (0xD4, Reason.FORBIDDEN)],
)
def test_a_bmc_that_declines_says_by_its_code_why(server: Server, code: int, reason: Reason) -> None:
    server.show(bytes((code,)))
    fact = server.refused()
    assert fact.reason is reason
    assert f"0x{code:02x}" in fact.what


@pytest.mark.parametrize("code", [0xC0, 0xC3, 0xD1, 0xD2, 0xD5, 0xFF])
def test_a_bmc_that_is_busy_or_begins_anew_is_asked_again(server: Server, code: int) -> None:
    collector = server.open()
    server.show(bytes((code,)))
    assert f"0x{code:02x}" in why(collector)
    server.show(answer(230))
    assert watts(collector) == 230
    collector.close()


@pytest.mark.parametrize("said", [b"", b"\x00", b"\x00\xdc\x10", answer(230)[:-1], b"\x00\xdd" + answer(230)[2:]])
def test_an_answer_in_another_form_is_not_taken_for_a_power(server: Server, said: bytes) -> None:
    collector = server.open()
    server.show(said)
    assert "answers" in why(collector)
    collector.close()


def test_an_answer_with_more_than_is_known_is_read(server: Server) -> None:
    collector = server.open()
    server.show(answer(230) + b"\x01\x02")
    assert watts(collector) == 230
    collector.close()


@pytest.mark.parametrize("error", [TimeoutError("late"), OSError(errno.EIO, os.strerror(errno.EIO))])
def test_a_device_that_does_not_answer_now_is_asked_again(server: Server, error: OSError) -> None:
    collector = server.open()
    server.bmc.fails = error
    why(collector)
    server.bmc.fails = None
    assert watts(collector) == 214
    collector.close()


def test_a_device_that_went_is_absent_and_found_again_when_it_is_back(server: Server) -> None:
    collector = server.open()
    server.bmc.fails = OSError(errno.ENODEV, os.strerror(errno.ENODEV))
    with pytest.raises(Unavailable) as caught:
        collector.collect()
    assert caught.value.reason is Reason.ABSENT
    collector.close()
    server.bmc.fails = None
    again = server.open()
    assert watts(again) == 214
    again.close()


def test_a_machine_without_a_bmc_starts_no_program(server: Server) -> None:
    server.install("ipmitool", IPMITOOL)
    server.unplug()
    fact = server.refused()
    assert fact.reason is Reason.ABSENT
    assert server.called == []


def test_a_bmc_whose_driver_is_not_loaded_is_reached_by_a_program(server: Server) -> None:
    server.unplug()
    (server.root / "sys/firmware/dmi/entries/38-0").mkdir(parents=True)
    assert "driver is not loaded" in server.refused().what
    server.install("ipmi-dcmi", FREEIPMI)
    collector = server.open()
    assert watts(collector) == 226
    assert "by ipmi-dcmi --get-system-power-statistics" in collector.sources()[0].description
    collector.close()
    assert server.called == ["--get-system-power-statistics"] * 2


def test_the_second_device_is_asked_where_the_first_knows_no_power(server: Server) -> None:
    (server.root / "sys/class/ipmi/ipmi1").mkdir()
    (server.root / "dev/ipmi1").write_text(answer(77).hex())
    server.show(b"\xc1")
    collector = server.open()
    assert watts(collector) == 77
    collector.close()


def test_without_the_right_the_cure_says_what_the_right_exposes() -> None:
    with directory_for_all() as place:
        shutil.copytree(RECORDED / "bmc", place, dirs_exist_ok=True)
        (place / "dev/ipmi0").chmod(0o600)
        said = run_as_nobody(
            "ipmi",
            place,
            """
try:
    kind.open(host)
except Unavailable as fact:
    print(fact.reason.value, "udev" in fact.cure, "switch the machine off" in fact.cure)
""",
        )
    assert said in {"forbidden True True", ""}, "empty: the tests' own user may read what is its own"


@pytest.mark.parametrize(
    ("name", "prints", "power"),
    [("ipmitool", IPMITOOL, 215), ("ipmitool", IPMITOOL_1_8_19, 109), ("ipmi-dcmi", FREEIPMI, 226)],
)
def test_where_the_device_does_not_serve_a_programs_words_are_understood(
    server: Server, name: str, prints: str, power: int
) -> None:
    server.show(b"\xc1")
    server.install(name, prints)
    collector = server.open()
    assert watts(collector) == power
    assert "nothing new since its time stamp" in why(collector)
    server.install(name, prints.replace(f"{power} W", "241 W"))
    assert watts(collector) == 241
    collector.close()


def test_of_a_program_that_prints_no_time_the_same_power_twice_is_taken_twice(server: Server) -> None:
    server.show(b"\xc1")
    server.install("ipmitool", IPMITOOL.replace("Wed Feb 15 12:49:51 2017", "Thu Jan  1 00:00:00 1970"))
    collector = server.open()
    assert [watts(collector), watts(collector)] == [215, 215]
    collector.close()


@pytest.mark.parametrize("prints", [OPENBMC, FREEIPMI_NONE, NO_DEVICE, "", "Power reading state is: activated\n"])
def test_a_program_that_knows_no_power_changes_nothing_of_what_is_wrong(server: Server, prints: str) -> None:
    server.show(b"\xc1")
    server.install("ipmitool", prints, status=1)
    fact = server.refused()
    assert fact.reason is Reason.UNSUPPORTED
    assert "0xc1" in fact.what


@pytest.mark.parametrize("lie", ["-12", "0", "4294967295"])
def test_a_lie_in_a_programs_words_is_not_believed(server: Server, lie: str) -> None:
    server.show(b"\xc1")
    server.install("ipmitool", IPMITOOL)
    collector = server.open()
    server.install("ipmitool", IPMITOOL.replace("215", lie))
    assert f"{lie} W" in why(collector)
    collector.close()


def test_a_program_that_hangs_is_ended_with_all_that_it_started(server: Server) -> None:
    server.install("ipmitool", "")
    program = server.programs / "ipmitool"
    program.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {server.root}/child\nwait\n")
    began = time.monotonic()
    with pytest.raises(Retry, match=r"longer than 0\.5 s"):
        ByProgram((str(program), "dcmi"), patience=0.5).ask()
    assert time.monotonic() - began < 30
    child = int((server.root / "child").read_text())
    assert _ends(child)


def _ends(pid: int) -> bool:
    """Return whether *pid* is gone, or a zombie that nobody has taken in yet, within some seconds."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_program_that_can_not_be_run_is_no_crash(server: Server) -> None:
    program = server.programs / "ipmitool"
    program.write_text("no program")
    program.chmod(0o755)
    with pytest.raises(Retry, match="ipmitool dcmi can't be run"):
        ByProgram((str(program), "dcmi")).ask()


def test_a_power_stands_for_a_minute() -> None:
    assert Duration.from_seconds(60) == HOLD
    assert IpmiCollector.every <= HOLD
    assert IpmiCollector.slow
    assert Power.from_watts(214) > Power.ZERO
