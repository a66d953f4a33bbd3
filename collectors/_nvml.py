"""NVIDIA's management library, called so that each failure says what it means: for a question, a card, or the driver.

The library is the module `pynvml`, or a stand-in with its names and errors. Older releases of the module, and older
drivers, lack functions: that is an answer ("not offered"), as is a card that does not support a question.

Source: NVML API reference, nvmlReturn_t; pynvml 13 (`_nvmlCheckReturn`, `throwOnVersionMismatch`).
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from monitor.collector import Reason, Unavailable
from monitor.core.units import Energy, Memory, Power

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MICROJOULES_PER_MILLIJOULE: Final = 1_000
MICROWATTS_PER_MILLIWATT: Final = 1_000
NO_INSTANCE: Final = 0xFFFFFFFF
"""What the driver gives for the instance of a process on a card that is not partitioned."""
MPS: Final = "MPSCompute"
CONTEXTS: Final = ("Compute", "Graphics", MPS)
"""The kinds of context; a process may have several, and is then in several lists, with all its memory in each."""
FORMS: Final = ("_v3", "_v2")
"""Newest first. The form without a suffix raises an error of its own where the driver is older than the module."""
NOTHING: Final = frozenset({"NVML_SUCCESS", "NVML_ERROR_NOT_FOUND"})
"""Nothing to tell. pynvml raises NVML_SUCCESS, an error of its wrapper, where the driver has no sample at all."""
NOT_OFFERED: Final = frozenset(
    {
        "NVML_ERROR_NOT_SUPPORTED",
        "NVML_ERROR_FUNCTION_NOT_FOUND",
        "NVML_ERROR_NO_PERMISSION",
        "NVML_ERROR_ARGUMENT_VERSION_MISMATCH",
        "NVML_ERROR_DEPRECATED",
    }
)
PASSING: Final = frozenset(
    {
        "NVML_ERROR_INSUFFICIENT_SIZE",
        "NVML_ERROR_TIMEOUT",
        "NVML_ERROR_MEMORY",
        "NVML_ERROR_INSUFFICIENT_RESOURCES",
        "NVML_ERROR_IN_USE",
        "NVML_ERROR_NO_DATA",
        "NVML_ERROR_NOT_READY",
    }
)
"""The card is well, and could not say it this time: its list grew between asking how long it is and asking for it."""
DOWN: Final = frozenset(
    {
        "NVML_ERROR_UNINITIALIZED",
        "NVML_ERROR_DRIVER_NOT_LOADED",
        "NVML_ERROR_LIBRARY_NOT_FOUND",
        "NVML_ERROR_LIB_RM_VERSION_MISMATCH",
    }
)
"""No card can be asked any more."""


class NotOffered(Exception):  # noqa: N818 - an answer, not a fault
    """This card, or this driver, never answers that question."""


class NotNow(Exception):  # noqa: N818 - as above
    """The card did not answer this time."""


class Lost(Exception):  # noqa: N818 - as above
    """The card is gone from this session: off the bus, reset, taken from us."""


class Down(Exception):  # noqa: N818 - as above
    """The session is over: the driver was unloaded, say."""


@dataclass(frozen=True, slots=True)
class Context:
    """One process with a context open. `memory` is None where the driver doesn't tell.

    `held` has its bytes on each part of the card; a card that is not partitioned is one part. `mps`: a client of MPS.
    """

    pid: int
    memory: Memory | None
    held: Mapping[int, int | None] = field(default_factory=dict)
    mps: bool = False


Row = tuple[int, int, int | None, bool]


@dataclass(frozen=True, slots=True)
class Sample:
    """How much of the streaming multiprocessors' time a process had, up to a moment on the driver's clock (us)."""

    pid: int
    moment: int
    percent: int


class Session:
    """One initialisation of the library. Handles are valid within it only. Every method may raise Lost or Down."""

    def __init__(self, library: object | None) -> None:
        """Open a session of *library* (None: the module `pynvml`). Raises Unavailable."""
        self._library = _library(library)
        self._codes = {value: name for name, value in _codes(self._library)}
        try:
            self._library.nvmlInit()
        except self._library.NVMLError as error:
            raise self._refusal(error) from error

    def close(self) -> None:
        """Close the session, as far as the driver still knows of it."""
        try:
            self._library.nvmlShutdown()
        except self._library.NVMLError:
            return

    def count(self) -> int:
        """Return how many cards the driver saw when the session was opened."""
        return int(self._call("nvmlDeviceGetCount"))

    def handle(self, index: int) -> object:
        """Return the handle of the card at *index*."""
        handle: object = self._call("nvmlDeviceGetHandleByIndex", index)
        return handle

    def uuid(self, handle: object) -> str:
        """Return the identity of a card."""
        return _text(self._call("nvmlDeviceGetUUID", handle))

    def model(self, handle: object) -> str:
        """Return the name of a card's model."""
        return _text(self._call("nvmlDeviceGetName", handle))

    def energy(self, handle: object) -> Energy:
        """Return the energy that the board has drawn since the driver was loaded. Raises NotOffered, NotNow."""
        return Energy(int(self._call("nvmlDeviceGetTotalEnergyConsumption", handle)) * MICROJOULES_PER_MILLIJOULE)

    def power(self, handle: object) -> Power:
        """Return the power of the board: a mean over a second, or now, by generation. Raises NotOffered, NotNow."""
        return Power(int(self._call("nvmlDeviceGetPowerUsage", handle)) * MICROWATTS_PER_MILLIWATT)

    def highest_limit(self, handle: object) -> Power:
        """Return the highest power limit that can be set on the board. Raises NotOffered, NotNow."""
        _, highest = self._call("nvmlDeviceGetPowerManagementLimitConstraints", handle)
        return Power(int(highest) * MICROWATTS_PER_MILLIWATT)

    def partitioned(self, handle: object) -> bool:
        """Return whether the card is cut in instances (MIG)."""
        try:
            current, _ = self._call("nvmlDeviceGetMigMode", handle)
        except (NotOffered, NotNow):
            return False
        return bool(current)

    def used_memory(self, handle: object) -> Memory:
        """Return the memory of the card that is in use. Raises NotOffered, NotNow."""
        return Memory(int(self._call("nvmlDeviceGetMemoryInfo", handle).used))

    def total_memory(self, handle: object) -> Memory:
        """Return all the memory of the card. Raises NotOffered, NotNow."""
        return Memory(int(self._call("nvmlDeviceGetMemoryInfo", handle).total))

    def is_busy(self, handle: object) -> bool:
        """Return whether anything ran on the card within about the last second. Raises NotOffered, NotNow."""
        return int(self._call("nvmlDeviceGetUtilizationRates", handle).gpu) > 0

    def contexts(self, handle: object, *, partitioned: bool) -> list[Context]:
        """Return every process with a context open on the card, each once. Raises NotOffered, NotNow.

        Of a partitioned card the whole list is given to the privileged only; each instance gives its own to all.
        """
        try:
            rows = self._rows(handle)
        except NotOffered:
            if not partitioned:
                raise
            rows = [row for instance in self._instances(handle) for row in self._rows(instance)]
        return _merged(rows)

    def slices(self, handle: object) -> tuple[dict[int, int], int]:
        """Return how many slices each instance of a partitioned card has, and how many there are of the card.

        Raises NotOffered, NotNow.
        """
        found: dict[int, int] = {}
        for instance in self._instances(handle):
            number = int(self._call("nvmlDeviceGetGpuInstanceId", instance))
            found[number] = int(self._call("nvmlDeviceGetAttributes", instance).gpuInstanceSliceCount)
        return found, int(self._call("nvmlDeviceGetMaxMigDeviceCount", handle))

    def samples(self, handle: object, since: int) -> list[Sample]:
        """Return the use of the card after the moment *since* (0: all that is kept). Raises NotOffered, NotNow.

        What no process can have (more than all the time, no time stamp) is left out: drivers are known to return it.
        Source: nvtop, issue 110; nvitop, issue 83.
        """
        try:
            rows = self._call("nvmlDeviceGetProcessUtilization", handle, since)
        except _Nothing:
            return []
        return [
            Sample(int(row.pid), int(row.timeStamp), int(row.smUtil))
            for row in rows
            if row.timeStamp > since and 0 < row.smUtil <= 100  # noqa: PLR2004 - per cent
        ]

    def _rows(self, handle: object) -> list[Row]:
        """Return (pid, instance, bytes, MPS) of each context. One kind of list at least has to be offered."""
        rows: list[Row] = []
        refused: list[NotOffered] = []
        for kind in CONTEXTS:
            try:
                rows += [
                    (int(row.pid), int(getattr(row, "gpuInstanceId", NO_INSTANCE)), row.usedGpuMemory, kind == MPS)
                    for row in self._newest(f"nvmlDeviceGet{kind}RunningProcesses", handle)
                ]
            except NotOffered as fact:
                refused.append(fact)
        if len(refused) == len(CONTEXTS):
            raise refused[0]
        return rows

    def _newest(self, function: str, handle: object) -> Any:  # noqa: ANN401 - structures of a library without types
        refused = NotOffered(function)
        for form in FORMS:
            try:
                return self._call(function + form, handle)
            except NotOffered as fact:
                refused = fact
            except _Nothing:
                return []
        raise refused

    def _instances(self, handle: object) -> Iterable[object]:
        for index in range(int(self._call("nvmlDeviceGetMaxMigDeviceCount", handle))):
            try:
                yield self._call("nvmlDeviceGetMigDeviceHandleByIndex", handle, index)
            except _Nothing:
                continue

    def _call(self, function: str, *arguments: object) -> Any:  # noqa: ANN401 - structures of a library without types
        called = getattr(self._library, function, None)
        if called is None:
            raise NotOffered(f"{function} is not in this library")
        try:
            return called(*arguments)
        except self._library.NVMLError as error:
            raise self._meaning(function, error) from error

    def _meaning(self, function: str, error: Any) -> Exception:  # noqa: ANN401 - as above
        code = self._codes.get(error.value, "")
        said = f"{function} answers: {error}"
        if code in NOTHING:
            return _Nothing(said)
        if code in NOT_OFFERED:
            return NotOffered(said)
        if code in PASSING:
            return NotNow(said)
        return Down(said) if code in DOWN else Lost(said)

    def _refusal(self, error: Any) -> Unavailable:  # noqa: ANN401 - as above
        code = self._codes.get(error.value, "")
        reason, cure = REFUSALS.get(code, (Reason.UNSUPPORTED, "see whether `nvidia-smi` works as this user"))
        return Unavailable(reason, f"NVIDIA's library refuses to start: {error}", cure)


class _Nothing(NotNow):
    """There is nothing to tell."""


REFUSALS: Final = {
    "NVML_ERROR_LIBRARY_NOT_FOUND": (
        Reason.ABSENT,
        "where there is an NVIDIA card, install its driver with libnvidia-ml.so.1",
    ),
    "NVML_ERROR_DRIVER_NOT_LOADED": (
        Reason.ABSENT,
        "where there is an NVIDIA card, load its driver (`nvidia-smi` must work), and let the daemon see /dev/nvidia*",
    ),
    "NVML_ERROR_NO_PERMISSION": (
        Reason.FORBIDDEN,
        "give the daemon's user the right to open /dev/nvidiactl and /dev/nvidia[0-9]*",
    ),
    "NVML_ERROR_LIB_RM_VERSION_MISMATCH": (
        Reason.UNSUPPORTED,
        "the driver was updated and not reloaded: restart the machine, or reload its modules and restart the daemon",
    ),
}
"""Why a session could not be opened, and the cure."""


def _library(stand_in: object | None) -> Any:  # noqa: ANN401 - a module without types
    if stand_in is not None:
        return stand_in
    try:
        return importlib.import_module("pynvml")
    except ImportError as error:
        raise Unavailable(
            Reason.UNSUPPORTED, "the Python module pynvml is not installed", "install the package nvidia-ml-py"
        ) from error


def _codes(library: Any) -> Iterable[tuple[str, int]]:  # noqa: ANN401 - a module without types
    for name in sorted({*NOTHING, *NOT_OFFERED, *PASSING, *DOWN}):
        value = getattr(library, name, None)
        if value is not None:
            yield name, int(value)


def _text(said: str | bytes) -> str:
    """Return a name as text: releases of pynvml before 11.5 give bytes."""
    return said.decode() if isinstance(said, bytes) else said


def _merged(rows: Iterable[Row]) -> list[Context]:
    """Return one context for each process, in order of pid.

    Its memory on one instance is told again with every kind of context; on several instances it is the sum.
    """
    held: dict[int, dict[int, int | None]] = {}
    clients: set[int] = set()
    for pid, instance, used, mps in rows:
        known = held.setdefault(pid, {}).get(instance)
        held[pid][instance] = used if known is None else max(known, used or 0)
        clients |= {pid} if mps else set()
    contexts: list[Context] = []
    for pid, parts in sorted(held.items()):
        told = [used for used in parts.values() if used is not None]
        contexts.append(Context(pid, Memory(sum(told)) if told else None, parts, mps=pid in clients))
    return contexts
