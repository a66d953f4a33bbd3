"""AMD's management library (AMD SMI), of which one thing is asked: the energy counter of each card.

The library is the module `amdsmi`, which comes with ROCm, or a stand-in with its names. Where its shared library is
missing or of another release, importing it fails in many ways (KeyError, AttributeError, OSError), and it says so on
standard output, which is kept from there: so every error is taken for a reason, of whatever class it is.

Source: AMD SMI Python API, amdsmi_get_energy_count; ROCm/amdsmi, issue 38 (a counter that stands still);
AMDResearch/hpcfund, issue 21 (the key `power` of releases before 6.2).
"""

from __future__ import annotations

import contextlib
import importlib
import io
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from monitor.collector import Reason, Retry, Unavailable
from monitor.core.units import Energy

if TYPE_CHECKING:
    from collections.abc import Mapping

CURE: Final = "install ROCm's amd-smi-lib and the Python package amdsmi of the same release in the daemon's environment"
COUNTS: Final = ("energy_accumulator", "power")
"""What the count is called, newest first."""


class Session:
    """One initialisation of the library."""

    def __init__(self, library: object | None) -> None:
        """Open a session of *library* (None: the module `amdsmi`). Raises Unavailable."""
        opened: Any = library if library is not None else _imported()
        self._library = opened
        try:
            opened.amdsmi_init()
            handles = list(opened.amdsmi_get_processor_handles())
        except Exception as error:  # see above
            raise Unavailable(Reason.UNSUPPORTED, f"AMD's library refuses to start: {_said(error)}", CURE) from error
        self._handles = dict(self._addressed(handles))

    def close(self) -> None:
        """Close the session, as far as the library still knows of it."""
        with contextlib.suppress(Exception):
            self._library.amdsmi_shut_down()

    def energy(self, address: str) -> Energy:
        """Return the energy that the card at *address* counted. Raises Retry where it does not tell now."""
        handle = self._handles.get(address)
        if handle is None:
            raise Retry(f"AMD's library does not know the card at {address}")
        try:
            told = self._library.amdsmi_get_energy_count(handle)
            count, resolution = _count(told), Fraction(told["counter_resolution"])
        except Exception as error:  # see above
            raise Retry(f"the energy counter at {address} does not answer: {_said(error)}") from error
        if count <= 0 or resolution <= 0:
            raise Retry(f"the energy counter at {address} shows {count} steps of {float(resolution):g} uJ")
        return Energy(int(count * resolution))

    def _addressed(self, handles: list[Any]) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []
        for handle in handles:
            with contextlib.suppress(Exception):  # one that does not say where it is can't be told from the others
                found.append((str(self._library.amdsmi_get_gpu_device_bdf(handle)).lower(), handle))
        return found


def _imported() -> Any:  # noqa: ANN401 - a module without types
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return importlib.import_module("amdsmi")
    except ImportError as error:
        raise Unavailable(Reason.UNSUPPORTED, "the Python module amdsmi is not installed", CURE) from error
    except Exception as error:  # see above
        raise Unavailable(Reason.UNSUPPORTED, f"the module amdsmi can't be loaded: {_said(error)}", CURE) from error


def _count(told: Mapping[str, Any]) -> int:
    """Return how many steps were counted. Raises LookupError, ValueError."""
    return int(next(told[key] for key in COUNTS if key in told))


def _said(error: Exception) -> str:
    """Return an error in one line: its class, and what it says."""
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
