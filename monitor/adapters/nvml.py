"""Which NVIDIA cards there are, by the name that NVIDIA's management library (NVML) gives their model.

Source: NVML API reference, nvmlDeviceGetName, nvmlDeviceGetMemoryInfo.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final

from monitor.core.readings import gpu
from monitor.core.units import Duration, Memory

PATIENCE: Final = Duration.from_seconds(30)
"""Our choice: a driver that keeps no card awake takes seconds to wake each."""


@dataclass(frozen=True, slots=True)
class Card:
    """One card: the resource that its energy is booked on, and its model as NVML names it."""

    resource: str
    model: str
    memory: Memory | None = None
    """None where the driver does not say."""
    where: str = "NVML"
    """Where its model was read."""


def cards(library: object | None, patience: Duration = PATIENCE) -> tuple[Card, ...]:
    """Return the cards that the driver shows, in order of their index; none where there is no library, driver or card.

    *library* is the module `pynvml`, or a stand-in for it; None: the module. A card that does not answer is left out,
    and the numbers of the others stay: they are those that the collector of their energy gives. A call that hangs with
    its driver is waited for no longer than *patience*, and then there are none.
    """
    answer: SimpleQueue[tuple[Card, ...]] = SimpleQueue()
    # a daemon's thread: one that hangs must not keep the program from ending
    Thread(target=_tell, args=(library, answer), name="nvml", daemon=True).start()
    try:
        return answer.get(timeout=patience.seconds)
    except Empty:
        return ()


def _tell(library: object | None, answer: SimpleQueue[tuple[Card, ...]]) -> None:
    found: tuple[Card, ...] = ()
    try:
        found = _cards(library)
    finally:  # a defect is told by the thread, and must not be waited for
        answer.put(found)


def _cards(library: object | None) -> tuple[Card, ...]:
    try:
        nvml: Any = library if library is not None else importlib.import_module("pynvml")
    except ImportError:
        return ()
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return ()
    try:
        return tuple(card for index in range(_count(nvml)) if (card := _card(nvml, index)) is not None)
    finally:
        _close(nvml)


def _count(nvml: Any) -> int:  # noqa: ANN401 - a module without types
    try:
        return int(nvml.nvmlDeviceGetCount())
    except nvml.NVMLError:
        return 0


def _card(nvml: Any, index: int) -> Card | None:  # noqa: ANN401 - as above
    try:
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        name = nvml.nvmlDeviceGetName(handle)
    except nvml.NVMLError:
        return None
    # releases of pynvml before 11.5 give bytes
    model = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
    return Card(gpu(index), model.strip(), _memory(nvml, handle))


def _memory(nvml: Any, handle: object) -> Memory | None:  # noqa: ANN401 - as above
    try:
        total = int(nvml.nvmlDeviceGetMemoryInfo(handle).total)
    except nvml.NVMLError:
        return None
    return Memory(total) if total > 0 else None


def _close(nvml: Any) -> None:  # noqa: ANN401 - as above
    try:
        nvml.nvmlShutdown()
    except nvml.NVMLError:
        return
