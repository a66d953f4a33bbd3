"""What virtual machines on this host are told of their energy: as a directory for each, and over HTTP.

A directory has the shape of the kernel's powercap, so that whatever reads that reads this: virtiofs shares it with one
machine, read-only. Each file is replaced whole. No guest is trusted: no link is followed, and what a directory says
only keeps the counters in it from falling.
"""

from __future__ import annotations

import json
import logging
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from monitor.core.handoff import Portion, Portions, changes_of, measured_by_consumer
from monitor.core.readings import DRAM, PACKAGE, PLATFORM, Method
from monitor.core.units import Energy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from monitor.core.entries import Gap, OpenBooks

log = logging.getLogger(__name__)

FORMAT: Final = 1
"""Of what is told: another number is another meaning."""
STATE: Final = "handoff.json"
"""In the daemon's own directory: what has to outlive it and is not in the ledger."""
DETAIL: Final = "handoff.json"
"""In the directory of each zone: what powercap has no file for."""
RANGE: Final = (1 << 63) - 1
"""Where the counters would wrap, in microjoules: after 292 years at a gigawatt."""
TROUBLE: Final = (
    "virtual machines can't be told of their energy; let the daemon write below handoff.directory and paths.state"
)
ZONES: Final[Mapping[str, tuple[str, ...]]] = {
    PACKAGE: ("intel-rapl:0",),
    DRAM: ("intel-rapl:0", "intel-rapl:0:0"),
    PLATFORM: ("intel-rapl:1",),
}
"""Directory of each zone, one in another."""
NAMES: Final[Mapping[str, str]] = {PACKAGE: "package-0", DRAM: "dram", PLATFORM: "psys"}
"""What each calls itself. Source: Linux, drivers/powercap/intel_rapl_common.c."""
FOR_ALL: Final = 0o444
ENTERED: Final = 0o755
"""A guest sees its own directory alone, by a user number that need not be the daemon's."""
OWN: Final = 0o700
"""Of the directory above: nobody on the host but the daemon, and who shares it, sees what the guests draw."""


class HandOff:
    """Tells every guest after each commit. It raises nothing: a disk that is full keeps no commit from being shown."""

    def __init__(self, services: Sequence[str], directory: Path | None, state: Path, opening: OpenBooks | None) -> None:
        """Go on where the run before left off. *services* are the guests; *opening*: the books of that run.

        *directory* None: nothing is written for guests. *state* is the daemon's own directory.
        """
        self._directory = directory
        self._state = state / STATE
        self._before = opening
        kept = _kept(self._state)
        self._portions = {service: Portions(self._as_told(service, kept.get(service, {}))) for service in services}
        self._saved = self._lasting()
        self._told: dict[str, tuple[Portion, ...]] = {}
        self._described: set[tuple[str, str]] = set()
        self._trouble = ""
        self._attempt(self._make_room)

    def commit(self, books: OpenBooks, gaps: Sequence[Gap]) -> None:
        """Tell what is in *books*, which were just committed with *gaps*."""
        changes, energies = changes_of(self._before, books, gaps), measured_by_consumer(books)
        self._before = books
        taken = {
            service: portions.take(changes, energies.get(service, {}), books.at.wall)
            for service, portions in self._portions.items()
        }
        # whole, as another thread may be looking
        self._told = {service: portions.known() for service, portions in self._portions.items()}
        self._attempt(lambda: self._show(taken))

    def told(self, service: str) -> dict[str, Any]:
        """Return what *service* is told over HTTP, as JSON has it. Called on the web server's thread."""
        # of what this run has not told yet the counter is not known, but what was added to it
        known = [portion for portion in self._told.get(service, ()) if portion.through]
        return {"format": FORMAT, "service": service, "zones": [as_json(portion) for portion in known]}

    def _attempt(self, work: Callable[[], None]) -> None:
        """Do *work*. What is wrong is said once, and tried again with the next commit."""
        try:
            work()
        except OSError as error:
            if not self._trouble:
                log.error("%s: %s", TROUBLE, error)  # noqa: TRY400 - the sentence says it
            self._trouble = f"{error}"
            return
        if self._trouble:
            log.info("virtual machines are told of their energy again")
        self._trouble = ""

    def _make_room(self) -> None:
        """Make the directory of each guest, which can then be shared before there is anything in it. Raises OSError."""
        if self._directory is not None:
            self._directory.mkdir(mode=OWN, parents=True, exist_ok=True)
            for service in self._portions:
                with _inside(self._directory, (service,), make=True):
                    pass

    def _show(self, taken: Mapping[str, Sequence[Portion]]) -> None:
        """Show what was *taken*. Raises OSError."""
        # before the counters: they would be compared over a gap if this were lost
        if (lasting := self._lasting()) != self._saved:
            _save(self._state, lasting)
            self._saved = lasting
        self._make_room()
        if self._directory is None:
            return
        for service, portions in taken.items():
            for portion in portions:
                _write(self._directory, service, portion, anew=(service, portion.resource) not in self._described)
                self._described.add((service, portion.resource))

    def _as_told(self, service: str, kept: Mapping[str, Portion]) -> Iterator[Portion]:
        """Yield the portions as they were told: no lower than what the guest's directory says."""
        for resource in ZONES:
            shown = _shown(self._directory, service, resource) if self._directory is not None else None
            known = kept.get(resource)
            if known is None and shown is not None:
                yield Portion(resource, Method.COUNTER, Energy(shown), 0, 0)
            elif known is not None:
                energy = max(known.energy.microjoules, shown or 0)
                yield Portion(resource, known.method, Energy(energy), known.epoch, known.through, known.added)

    def _lasting(self) -> dict[str, dict[str, tuple[int, int]]]:
        """Return what may not be lost: by service and resource, the epoch and what was added."""
        return {
            service: {one.resource: (one.epoch, one.added.microjoules) for one in portions.known()}
            for service, portions in self._portions.items()
        }


def as_json(portion: Portion) -> dict[str, Any]:
    """Return *portion* as a guest is told."""
    return {
        "resource": portion.resource,
        "method": portion.method.value,
        "energy_uj": portion.energy.microjoules,
        "epoch": portion.epoch,
        "through": portion.through,
    }


def _kept(path: Path) -> dict[str, dict[str, Portion]]:
    """Return what the run before kept: nothing where it can't be read, so that counters go on by the ledger alone."""
    try:
        content = json.loads(path.read_bytes())
        return {
            service: {
                resource: Portion(resource, Method.COUNTER, Energy.ZERO, int(epoch), 0, Energy(int(added)))
                for resource, (epoch, added) in zones.items()
            }
            for service, zones in content.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        log.warning("%s can't be read (%s): guests may see their counters begin anew", path, error)
        return {}


def _save(path: Path, lasting: Mapping[str, Mapping[str, tuple[int, int]]]) -> None:
    draft = path.with_name(f"{path.name}.new")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(lasting, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _shown(directory: Path, service: str, resource: str) -> int | None:
    """Return the counter that a guest's directory shows, in microjoules; None where there is none to be believed."""
    try:
        with _inside(directory, (service, *ZONES[resource]), make=False) as place:
            number = os.open("energy_uj", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=place)
            try:
                shown = int(os.read(number, 32))
            finally:
                os.close(number)
    except (OSError, ValueError):
        return None
    return shown if 0 <= shown < RANGE else None


def _write(directory: Path, service: str, portion: Portion, *, anew: bool) -> None:
    """Show *portion* in the directory of *service*; *anew*: with the files that stay as they are. Raises OSError."""
    with _inside(directory, (service, *ZONES[portion.resource]), make=True) as place:
        for name, content in ((_description(portion) if anew else {}) | _figures(portion)).items():
            _replace(place, name, content)
    if anew and portion.resource == DRAM:
        with _inside(directory, (service,), make=True) as place:
            _link(place, ZONES[DRAM][-1], "/".join(ZONES[DRAM]))


def _description(portion: Portion) -> dict[str, str]:
    return {"name": NAMES[portion.resource], "enabled": "1", "max_energy_range_uj": f"{RANGE}"}


def _figures(portion: Portion) -> dict[str, str]:
    """Return the files of a zone that change: that of powercap, and then what it has no file for."""
    return {
        "energy_uj": f"{portion.energy.microjoules}",
        DETAIL: json.dumps({"format": FORMAT, **as_json(portion)}),
    }


@contextmanager
def _inside(directory: Path, names: Sequence[str], *, make: bool) -> Iterator[int]:
    """Open the directory *names* below *directory*, one in another, and through no link. Raises OSError."""
    opened = [os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]
    try:
        for name in names:
            made = make and _made(opened[-1], name)
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            opened.append(os.open(name, flags, dir_fd=opened[-1]))
            if made:
                os.fchmod(opened[-1], ENTERED)
        yield opened[-1]
    finally:
        for number in reversed(opened):
            os.close(number)


def _made(place: int, name: str) -> bool:
    """Make the directory *name* in the one open as *place*; return whether it was not there."""
    try:
        os.mkdir(name, ENTERED, dir_fd=place)
    except FileExistsError:
        return False
    return True


def _replace(place: int, name: str, content: str) -> None:
    """Put *content* in the place of what *name* is in the directory open as *place*: whole, or not at all."""
    draft = f".{name}.new"
    with suppress(FileNotFoundError):
        os.unlink(draft, dir_fd=place)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    number = os.open(draft, flags, FOR_ALL, dir_fd=place)
    try:
        os.fchmod(number, FOR_ALL)
        os.write(number, f"{content}\n".encode())
    finally:
        os.close(number)
    os.replace(draft, name, src_dir_fd=place, dst_dir_fd=place)


def _link(place: int, name: str, target: str) -> None:
    """Have *name* lead to *target*, as the kernel's directory of all zones does."""
    with suppress(FileExistsError):
        os.symlink(target, name, dir_fd=place)
