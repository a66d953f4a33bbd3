"""The rights that a daemon without any may lack: which collectors need them, what grants them, and no more than needed.

What each exposes is told in the user's language: monitor/cli/locales, under `rights`. The files are those of
deploy/systemd; a test holds both together. Why these ways and no others: docs/privileges.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DROP_INS: Final = "/etc/systemd/system/empreinte.service.d"
"""Where a unit's additions lie that an update leaves alone. Source: systemd.unit(5)."""
RESTART: Final = ("systemctl daemon-reload", "systemctl restart empreinte")


class Right(StrEnum):
    """What a daemon may be given beside what every user has."""

    COUNTERS = "counters"
    """To read the processors' energy counters."""
    PERF_EVENTS = "perf_events"
    """To count events of the processors, their energy among them."""
    CONTROLLER = "controller"
    """To open the device of the machine's controller (BMC)."""
    PROCESSES = "processes"
    """To look through other users' processes: what they have open, and what they listen on."""
    CARDS = "cards"
    """To open the device of a graphics card."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file that grants a right, and goes on doing so at the next start of the machine."""

    path: str
    lines: tuple[str, ...]

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands of a shell, for root, that write it."""
        told = " ".join(f"'{line}'" for line in self.lines)
        return f"install -d {self.path.rpartition('/')[0]}", f"printf '%s\\n' {told} > {self.path}"


@dataclass(frozen=True, slots=True)
class Grant:
    """How one right is given."""

    right: Right
    collectors: tuple[str, ...]
    """Those that need it."""
    sign: str
    """What a collector's cure says that means this right."""
    files: tuple[Written, ...]
    then: tuple[str, ...]
    """The commands that put the files in force now; at the next start of the machine it happens by itself."""
    rather: Right | None = None
    """The right that serves the same and exposes less: with it this one isn't needed."""

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands of a shell, for root, in their order; to give them twice does no harm."""
        return *(command for file in self.files for command in file.commands), *self.then


def _drop_in(right: Right, *lines: str) -> Written:
    return Written(f"{DROP_INS}/{right}.conf", ("[Service]", *lines))


GRANTS: Final = (
    Grant(
        Right.COUNTERS,
        ("rapl", "hwmon"),
        "/etc/tmpfiles.d",
        (
            Written(
                "/etc/tmpfiles.d/empreinte.conf",
                (
                    "z /sys/class/powercap/intel-rapl*:*/energy_uj 0440 root empreinte - -",
                    "z /sys/devices/platform/amd_energy.*/hwmon/hwmon*/energy*_input 0440 root empreinte - -",
                ),
            ),
        ),
        ("systemd-tmpfiles --create empreinte.conf", "systemctl restart empreinte"),
    ),
    Grant(
        Right.PERF_EVENTS,
        ("perf",),
        "CAP_PERFMON",
        (
            _drop_in(
                Right.PERF_EVENTS,
                "AmbientCapabilities=CAP_PERFMON",
                "CapabilityBoundingSet=CAP_PERFMON",
                "SystemCallFilter=perf_event_open",
            ),
        ),
        RESTART,
        Right.COUNTERS,
    ),
    Grant(
        Right.CONTROLLER,
        ("ipmi",),
        "DeviceAllow=char-ipmidev",
        (
            Written(
                "/etc/udev/rules.d/70-empreinte-ipmi.rules", ('SUBSYSTEM=="ipmi", GROUP="empreinte", MODE="0660"',)
            ),
            _drop_in(Right.CONTROLLER, "DeviceAllow=char-ipmidev rw"),
        ),
        ("udevadm control --reload", "udevadm trigger --subsystem-match=ipmi --settle", *RESTART),
    ),
    Grant(
        Right.PROCESSES,
        ("amd", "intel"),
        "CAP_SYS_PTRACE",
        (_drop_in(Right.PROCESSES, "AmbientCapabilities=CAP_SYS_PTRACE", "CapabilityBoundingSet=CAP_SYS_PTRACE"),),
        RESTART,
    ),
    Grant(
        Right.CARDS,
        ("amd",),
        "AMD's library refuses to start",
        (_drop_in(Right.CARDS, "DeviceAllow=char-drm rw", "SupplementaryGroups=render"),),
        RESTART,
    ),
)
"""Every right that is worth giving, the least first for what it gains. Sources: tmpfiles.d(5), systemd.exec(5),
systemd.resource-control(5), udev(7), capabilities(7)."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A right that is missing here, and those collectors that ask for it."""

    grant: Grant
    collectors: tuple[str, ...]


def missing(asked: Iterable[tuple[str, str]], answering: Iterable[str]) -> tuple[Missing, ...]:
    """Return each right that is missing, once, in the order of `GRANTS`.

    *asked* are the collectors, each with a sentence that may say what it lacks; *answering* those that read the
    processors.
    A right is left out where another serves the same, exposes less, and is missing too or in use already.
    """
    sentences = tuple(asked)
    lacking = {grant.right: found for grant in GRANTS if (found := _asking(grant, sentences))}
    served = {grant.right for grant in GRANTS if set(grant.collectors) & set(answering)} | set(lacking)
    return tuple(
        Missing(grant, lacking[grant.right])
        for grant in GRANTS
        if grant.right in lacking and grant.rather not in served
    )


def _asking(grant: Grant, asked: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(name for name in grant.collectors if any(name == who and grant.sign in said for who, said in asked))
