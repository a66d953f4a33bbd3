"""CodeCarbon, called in child processes that live for seconds: its library is never imported here.

A tracker leaks, and pandas weighs 50 MB: neither belongs into a daemon. A child reads no configuration of CodeCarbon's
(a home of its own, no `CODECARBON_` variable), leaves no file behind, and opens no network socket.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from monitor.adapters import cpuinfo
from monitor.core.model import THREAD_POWER, THREADS_PER_CORE
from monitor.core.units import MICROJOULES_PER_KILOWATT_HOUR, Duration, Energy, Power

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PATIENCE: Final = Duration.from_seconds(60)
"""How long a lookup may take: it takes 1.5 s of CPU time, on a machine that may be busy."""
AT_ONCE: Final = 20
"""Reports for each child: a request is one argument, which has to stay below 128 KiB. Source: execve(2)."""
KEPT_VARIABLES: Final = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL")
"""All that a child gets of our environment, beside the search path of Python."""


class CodeCarbonFailed(Exception):  # noqa: N818 - says what happened, as the project's other exceptions do
    """CodeCarbon did not answer, or refused to; the message is one sentence with the cure."""


class How(StrEnum):
    """How the power of the CPUs was found, best first."""

    TABLE = "table"
    """The thermal design power of the sockets, from CodeCarbon's table."""
    SHARE = "share"
    """A virtual machine's share of a socket in the table: its threads of all the threads of that socket."""
    GUESS = "per_thread_guess"
    """So many watts for each thread, whatever the CPU: the table doesn't know it."""


@dataclass(frozen=True, slots=True)
class CpuPower:
    """The thermal design power of a machine's CPUs (on a virtual machine: of its share of them), and how it was found.

    It is looked up once and kept; as long as `processor` is what `/proc/cpuinfo` says, it stays true.
    """

    processor: cpuinfo.Processor
    power: Power
    how: How
    matched: str
    """The row of CodeCarbon's table; empty where none is like it. A guess has one where the share of it isn't known."""
    version: str
    """Of CodeCarbon; empty where it wasn't asked."""

    @property
    def accuracy(self) -> str:
        """The error to expect of what is modelled from it, for a person. Source: docs/modelled-host.md 2 and 3."""
        return {How.TABLE: "+-50 %", How.SHARE: "-50 % to +100 %", How.GUESS: "+-80 %"}[self.how]

    @property
    def description(self) -> str:
        """Where the figure is from, for a person."""
        watts, processor = f"{self.power.watts:.4g} W", self.processor
        if self.how is How.GUESS:
            each = f"{processor.threads} threads x {THREAD_POWER.watts:.0f} W, a guess"
            if self.matched:
                return f"{watts}: {each}, since how many threads share one {self.matched} isn't known"
            return f"{watts}: {each}, since CodeCarbon's table doesn't know {processor.model or 'an unnamed CPU'}"
        origin = f"{self.matched} in the table of CodeCarbon {self.version}"
        if self.how is How.SHARE:
            return f"{watts}: share of {processor.threads} virtual CPUs in one {origin}"
        return f"{watts}: {processor.sockets} x {origin}"


def cpu_power_of(procfs: Path, kept: CpuPower | None = None, *, timeout: Duration = PATIENCE) -> CpuPower:
    """Return the power of the CPUs that *procfs* shows: the one *kept* if it is still theirs, else looked up.

    Raises OSError where `cpuinfo` can't be read, CodeCarbonFailed where the lookup fails (`guess` then still answers;
    keep that for this run only). A configured power comes before all this: don't ask then.
    """
    processor = cpuinfo.read(procfs)
    if kept is not None and kept.processor == processor:
        return kept
    return lookup_tdp(processor, timeout=timeout)


def lookup_tdp(processor: cpuinfo.Processor, *, timeout: Duration = PATIENCE) -> CpuPower:
    """Return the power of *processor* by CodeCarbon's table, or a guess. Raises CodeCarbonFailed."""
    answer = ask({"task": "lookup_tdp", "model": processor.model}, timeout)
    if answer["matched"] is None:
        return guess(processor, "", answer["version"])
    return from_table(processor, answer["matched"], Power.from_watts(answer["watts"]), answer["version"])


def from_table(processor: cpuinfo.Processor, matched: str, of_socket: Power, version: str) -> CpuPower:
    """Return what *processor* draws of sockets of *of_socket* each, by the row *matched* of CodeCarbon *version*.

    A virtual machine gets its share, where the name tells how many threads a socket has; else a guess: it must not be
    charged for its neighbours.
    """
    if not processor.virtual:
        whole = Power(of_socket.microwatts * processor.sockets)
        return CpuPower(processor, whole, How.TABLE, matched, version)
    if processor.cores_of_socket is None:
        return guess(processor, matched, version)
    of_thread = of_socket.microwatts / (processor.cores_of_socket * THREADS_PER_CORE)
    return CpuPower(processor, Power(round(of_thread * processor.threads)), How.SHARE, matched, version)


def guess(processor: cpuinfo.Processor, matched: str = "", version: str = "") -> CpuPower:
    """Return so many watts for each thread of *processor*, tagged as the guess that it is."""
    return CpuPower(processor, Power(THREAD_POWER.microwatts * processor.threads), How.GUESS, matched, version)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What CodeCarbon's own tracker says of this machine over some seconds."""

    elapsed: Duration
    cpu: Energy
    ram: Energy
    """Never measured: a constant for each module that it supposes."""
    gpu: Energy
    hardware: tuple[str, ...]
    """How it measured, in its own words: `CPU(Cpu Load)` is a model, `CPU(Intel RAPL)` a counter."""
    grams_per_kilowatt_hour: float | None
    """The carbon intensity that it applied; None where no country was given."""
    basis: str
    """Where that intensity is from, with its year; empty where there is none."""
    version: str


def compare(elapsed: Duration, country: str | None) -> Comparison:
    """Run CodeCarbon's tracker for *elapsed* and return its figures.

    *country* is an ISO 3166-1 code of two or three letters; without one, energies only. Raises CodeCarbonFailed, among
    others where it has no energy mix for *country*: on its own it would silently take the world's.
    """
    answer = ask({"task": "compare", "seconds": elapsed.seconds, "country": country}, elapsed + PATIENCE)
    energy = {part: _energy(answer[f"{part}_kwh"]) for part in ("cpu", "ram", "gpu")}
    return Comparison(
        elapsed=Duration.from_seconds(answer["seconds"]),
        hardware=tuple(answer["hardware"]),
        grams_per_kilowatt_hour=answer["factor"],
        basis=answer["basis"],
        version=answer["version"],
        **energy,
    )


@dataclass(frozen=True, slots=True)
class EnergyMix:
    """What CodeCarbon's table says of a country: the carbon intensity of its electricity, life cycle."""

    country: str
    """Code of two letters, ISO 3166-1."""
    name: str
    year: int
    grams_per_kilowatt_hour: Decimal
    version: str


def energy_mix_of(country: str) -> EnergyMix:
    """Return what CodeCarbon has of *country*, an ISO 3166-1 code of two or three letters.

    Raises CodeCarbonFailed, among others where it has nothing of it.
    """
    row = ask({"task": "energy_mix", "country": country}, PATIENCE)
    intensity = row.get("carbon_intensity")
    if intensity is None:
        raise CodeCarbonFailed(f"CodeCarbon has no carbon intensity of {row['country_name']}: go without it")
    # by its text: the shortest that is read as the same float is what stands in the table
    return EnergyMix(row["alpha_2"], row["country_name"], row["year"], Decimal(str(intensity)), row["version"])


def boamps(reports: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the BoAmps report that CodeCarbon's mapper makes of each of *reports*. Raises CodeCarbonFailed."""
    made: list[dict[str, Any]] = []
    for start in range(0, len(reports), AT_ONCE):
        made += ask({"task": "boamps", "reports": reports[start : start + AT_ONCE]}, PATIENCE)["reports"]
    return made


def _energy(kilowatt_hours: float) -> Energy:
    return Energy(round(kilowatt_hours * MICROJOULES_PER_KILOWATT_HOUR))


def ask(request: Mapping[str, Any], timeout: Duration) -> dict[str, Any]:
    """Return the answer of a child process to *request*; after *timeout* it is killed. Raises CodeCarbonFailed."""
    try:
        with tempfile.TemporaryDirectory(prefix="empreinte-") as home:
            status, out, errors = _run(request, home, timeout)
    except OSError as error:
        raise CodeCarbonFailed(f"CodeCarbon can't be started: see that {error.filename} can be used") from error
    if status != 0:
        last = errors.strip().splitlines()[-1:] or [f"status {status}"]
        raise CodeCarbonFailed(f"CodeCarbon stopped ({last[0]}): reinstall codecarbon>=3.3.2,<3.4")
    answer: dict[str, Any] = json.loads(out)
    if "error" in answer:
        raise CodeCarbonFailed(answer["error"])
    return answer


def _run(request: Mapping[str, Any], home: str, timeout: Duration) -> tuple[int, str, str]:
    """Return a child's exit status, output and errors. No process is left behind, whatever happens here."""
    command = [sys.executable, "-P", "-m", "monitor.adapters.codecarbon_child", json.dumps(request)]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
        command,
        cwd=home,
        env=environment(os.environ, home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        try:
            out, errors = child.communicate(timeout=timeout.seconds)
        except subprocess.TimeoutExpired:
            raise CodeCarbonFailed(f"CodeCarbon did not answer within {timeout.seconds:g} s: try again later") from None
        finally:
            if child.returncode is None:
                os.killpg(child.pid, signal.SIGKILL)
    return child.returncode, out, errors


def environment(ours: Mapping[str, str], home: str) -> dict[str, str]:
    """Return the environment of a child: a few variables of *ours*, and *home* for whatever is read or written."""
    kept = {name: ours[name] for name in KEPT_VARIABLES if name in ours}
    search = os.pathsep.join(os.path.abspath(entry) for entry in sys.path if entry)  # noqa: PTH100 - `sys.path` is text
    return kept | {"HOME": home, "TMPDIR": home, "PYTHONPATH": search, "PYTHONDONTWRITEBYTECODE": "1"}
