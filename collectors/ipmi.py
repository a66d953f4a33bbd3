"""Power of the whole machine as its own controller (BMC) measures it, by DCMI's Get Power Reading.

Asks through the kernel's device (/dev/ipmi0); where that does not serve, through `ipmitool` or FreeIPMI's `ipmi-dcmi`,
if installed: those have ways of their own to the BMC. Whole watts, which most BMCs average over a second or more.
Error: stated by none. Privilege: the device is root's alone.

Traps: a BMC that can't measure answers 0 W, and some answer for ever with what they measured once: a reading is taken
only where the BMC says that it measures, and whose time stamp has moved since the last one. OpenBMC may answer with a
true power and say that it measures nothing: that is refused too, and Redfish is the way to it.

Source: DCMI 1.5, section 6.6.1 (Get Power Reading); IPMI 2.0, sections 5.2 (completion codes) and 37.1 (time stamps);
ipmitool, lib/ipmi_dcmi.c, and FreeIPMI, ipmi-dcmi.c, for what these print; openbmc/phosphor-host-ipmid, issue 167.
"""

from __future__ import annotations

import errno
import re
import shutil
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Protocol, cast

from collectors._ipmi import KernelControllers
from collectors._program import output_of
from collectors._rapl import PLATFORM_BOUND
from collectors._sysfs import entries
from monitor.collector import Reason, Retry, Source, Unavailable
from monitor.core.readings import PLATFORM, Method, PowerReading
from monitor.core.units import Duration, Power

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from collectors._ipmi import Controller, Controllers
    from monitor.collector import Host
    from monitor.core.readings import Reading

DCGRP: Final = 0x2C
"""The network function of groups' commands. Source: IPMI 2.0, table 5-1."""
GET_POWER_READING: Final = 0x02
GROUP: Final = 0xDC
SYSTEM_POWER: Final = bytes((GROUP, 0x01, 0, 0))
"""Group, mode (system power statistics), and its attributes, of which this mode has none."""
ANSWER: Final = struct.Struct("<BHHHHIIB")
"""Group; power now, least, most and mean (W); time stamp (s); time of the statistics (ms); state."""
ACTIVE: Final = 0x40
"""The bit of the state that says that power is measured."""
UNTIMED: Final = frozenset({0, 0xFFFFFFFF})
"""Time stamps of a BMC that doesn't know the time. Source: IPMI 2.0, section 37.1."""
DONE: Final = 0x00
UNKNOWN_COMMAND: Final = frozenset({0xC1, 0xC2, 0xC7, 0xC8, 0xC9, 0xCB, 0xCC, 0xCD, 0xD6})
"""Completion codes of a BMC that knows no such command, or has it switched off. Source: IPMI 2.0, table 5-2."""
NO_RIGHT: Final = 0xD4
GONE: Final = frozenset({errno.ENODEV, errno.ENXIO, errno.ENOENT})
HOLD: Final = Duration.from_seconds(60)
"""How long a power stands. Our choice, as a meter's that is configured."""
PATIENCE: Final = 10.0
"""Seconds that an answer is waited for. Our choice: the kernel asks again after five."""
SIGNS: Final = ("bus/acpi/devices/IPI0001:00", "bus/platform/devices/IPI0001:00", "firmware/dmi/entries/38-0")
"""What the kernel shows of a BMC whose driver is not loaded. Source: IPMI 2.0, appendix C."""
ABSENT_CURE: Final = "on a server load the modules ipmi_si and ipmi_devintf; many machines have no BMC"
RIGHT_CURE: Final = (
    'give the daemon\'s group the device, by a udev rule `SUBSYSTEM=="ipmi", GROUP="empreinte", MODE="0660"`, and its '
    "unit `DeviceAllow=char-ipmidev rw`: who may open it may do all that the BMC can, such as switch the machine off; "
    "a user of Redfish who may only read can't"
)
NO_POWER_CURE: Final = (
    "update the BMC's firmware, or read it through Redfish: a [[meter]] of kind redfish; or take a wall meter"
)
PROGRAMS: Final = (
    ("ipmitool", "dcmi", "power", "reading"),
    ("ipmi-dcmi", "--get-system-power-statistics"),
)
POWER: Final = re.compile(
    r"^\s*(?:Instantaneous power reading|Current Power)\s*:\s*(-?\d+)\s*W", re.MULTILINE | re.IGNORECASE
)
STAMP: Final = re.compile(
    r"^\s*(?:IPMI timestamp|Time Stamp)\s*:\s*(\S.*?)\s*(?:Sampling period.*)?$", re.MULTILINE | re.IGNORECASE
)
STATE: Final = re.compile(
    r"^\s*(?:Power reading state is|Power Measurement)\s*:\s*(\S.*?)\s*$", re.MULTILINE | re.IGNORECASE
)
MEASURES: Final = frozenset({"activated", "active"})
NO_TIME: Final = re.compile(r"\b1970\b|unspecified|/70\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the BMC shows."""

    watts: int
    measures: bool
    """Whether it says that it measures."""
    stamp: str
    """When it measured, in its own words; empty where it does not know the time."""
    whole: bytes | str
    """All that it said, to tell whether it said it before."""

    @classmethod
    def of_answer(cls, answer: bytes) -> Shown:
        """Return what *answer* says, its completion code left out. Raises Retry where it is none."""
        if len(answer) < ANSWER.size or answer[0] != GROUP:
            raise Retry(f"the BMC answers in a form that is not DCMI's: {answer[: ANSWER.size].hex(' ') or 'nothing'}")
        _, now, _, _, _, stamp, _, state = ANSWER.unpack_from(answer)
        return cls(now, bool(state & ACTIVE), "" if stamp in UNTIMED else str(stamp), answer)

    @classmethod
    def of_text(cls, text: str, program: str) -> Shown:
        """Return what *program* prints. Raises Retry where it holds no power and no state."""
        power, stamp, state = POWER.search(text), STAMP.search(text), STATE.search(text)
        if state is not None and state[1].lower() not in MEASURES:
            return cls(0, measures=False, stamp="", whole=text)
        if power is None or state is None:
            raise Retry(f"{program} prints no power: {_first_line(text)}")
        timed = stamp is not None and not NO_TIME.search(stamp[1])
        return cls(int(power[1]), measures=True, stamp=stamp[1] if stamp and timed else "", whole=text)


class Way(Protocol):
    """A way to the BMC."""

    said: str
    """What it is, for a person."""

    def ask(self) -> Shown:
        """Return what the BMC shows now. Raises Retry, Unavailable."""
        ...

    def close(self) -> None:
        """Release what is open."""
        ...


class ByDevice:
    """The kernel's device."""

    def __init__(self, name: str, controllers: Controllers) -> None:
        """Open the device *name*. Raises Unavailable."""
        self.said = f"/dev/{name}"
        try:
            self._controller: Controller = controllers.open(name)
        except OSError as error:
            raise self._failed(error) from error

    def ask(self) -> Shown:
        """Return what the BMC shows now. Raises Retry, Unavailable."""
        try:
            answer = self._controller.ask(DCGRP, GET_POWER_READING, SYSTEM_POWER, PATIENCE)
        except TimeoutError as error:
            raise Retry(f"the BMC did not answer within {PATIENCE:g} s") from error
        except OSError as error:
            if error.errno in GONE:
                raise self._failed(error) from error
            raise Retry(f"{self.said} can't be asked now: {error.strerror}") from error
        if not answer:
            raise Retry("the BMC answers with nothing")
        if answer[0] != DONE:
            raise _declined(answer[0])
        return Shown.of_answer(answer[1:])

    def close(self) -> None:
        """Close the device."""
        self._controller.close()

    def _failed(self, error: OSError) -> Unavailable:
        if isinstance(error, PermissionError):
            return Unavailable(Reason.FORBIDDEN, f"{self.said} may not be opened", RIGHT_CURE)
        return Unavailable(Reason.ABSENT, f"{self.said} can't be opened: {error.strerror}", ABSENT_CURE)


class ByProgram:
    """A program that is run for each reading."""

    def __init__(self, command: Sequence[str], patience: float = PATIENCE) -> None:
        self.said = " ".join((command[0].rpartition("/")[2], *command[1:]))
        self._command = tuple(command)
        self._patience = patience

    def ask(self) -> Shown:
        """Return what the BMC shows now. Raises Retry."""
        return Shown.of_text(output_of(self._command, self._patience, self.said), self.said)

    def close(self) -> None:
        """Do nothing: between two readings nothing is open."""


class IpmiCollector:
    """Asks the BMC for the power of the machine."""

    name: ClassVar[str] = "ipmi"
    slow: ClassVar[bool] = True
    every: ClassVar[Duration] = Duration.from_seconds(10)

    def __init__(self, way: Way) -> None:
        """Ask by *way*, which answers."""
        self._way = way
        self._last: bytes | str = b""

    @classmethod
    def open(cls, host: Host) -> IpmiCollector:
        """Return a collector of the machine's BMC, which answered.

        Raises Unavailable: ABSENT without a BMC, FORBIDDEN where its device may not be opened and no program reaches
        it, UNSUPPORTED where it does not measure power; Retry.
        """
        return cls(_way(host))

    def sources(self) -> Sequence[Source]:
        """Return the one meter."""
        said = f"the machine's BMC, by {self._way.said}"
        return [Source(PLATFORM, "dcmi", Method.INTEGRATED, said, "not stated; whole watts, averaged by the BMC")]

    def collect(self) -> Sequence[Reading]:
        """Return the power now. Raises Retry where the BMC does not measure, or not anew, or lies; Unavailable."""
        shown = self._way.ask()
        if not shown.measures:
            raise Retry("the BMC says that it measures no power now")
        power = _believed(shown.watts)
        if shown.stamp and shown.whole == self._last:
            raise Retry(f"the BMC has measured nothing new since its time stamp {shown.stamp}")
        self._last = shown.whole
        return [PowerReading(PLATFORM, "dcmi", power, HOLD)]

    def close(self) -> None:
        """Close the way to the BMC."""
        self._way.close()


def _believed(watts: int) -> Power:
    """Return *watts* as a power. Raises Retry where a machine that runs can't draw it."""
    power = Power.from_watts(watts)
    if not Power.ZERO < power <= PLATFORM_BOUND:
        raise Retry(f"the BMC shows {watts} W, which no machine that runs draws")
    return power


def _declined(code: int) -> Retry | Unavailable:
    """Return what it means that the BMC declines with completion *code*."""
    if code in UNKNOWN_COMMAND:
        what = f"the BMC measures no power by DCMI (completion code {code:#04x})"
        return Unavailable(Reason.UNSUPPORTED, what, NO_POWER_CURE)
    if code == NO_RIGHT:
        what = "the BMC lets nobody on this machine read its power (completion code 0xd4)"
        return Unavailable(Reason.FORBIDDEN, what, "allow it in the BMC's settings, or read it through Redfish")
    return Retry(f"the BMC can't answer now (completion code {code:#04x})")


def _way(host: Host) -> Way:
    """Return the first way to the BMC that answers. Raises Unavailable, Retry."""
    controllers = cast("Controllers", host.ipmi) if host.ipmi is not None else KernelControllers()
    devices = [name for name in entries(host.sysfs / "class/ipmi") if re.fullmatch(r"ipmi\d+", name)]
    if not devices and not _has_sign(host.sysfs):
        raise Unavailable(Reason.ABSENT, "the kernel shows no BMC", ABSENT_CURE)
    why: Unavailable | Retry = Unavailable(
        Reason.ABSENT, "the BMC has no device, as its driver is not loaded", ABSENT_CURE
    )
    for number, name in enumerate(devices):
        try:
            return _answering(ByDevice(name, controllers))
        except (Unavailable, Retry) as fact:
            why = fact if number == 0 else why
    for command in PROGRAMS:
        program = shutil.which(command[0], path=controllers.programs)
        if program is not None:
            try:
                return _answering(ByProgram((program, *command[1:])))
            except (Unavailable, Retry):
                continue  # it has no better way, and what the kernel said tells more
    raise why


def _answering(way: Way) -> Way:
    """Return *way*, by which the BMC answers that it measures. Raises Unavailable, Retry."""
    try:
        shown = way.ask()
    except BaseException:
        way.close()
        raise
    if not shown.measures:
        way.close()
        raise Unavailable(Reason.UNSUPPORTED, "the BMC says that it measures no power", NO_POWER_CURE)
    return way


def _has_sign(sysfs: Path) -> bool:
    return any((sysfs / sign).exists() for sign in SIGNS)


def _first_line(text: str) -> str:
    return next((line.strip()[:80] for line in text.splitlines() if line.strip()), "nothing")
