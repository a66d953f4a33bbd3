"""What a host hands over to a virtual machine on it: the energy that its ledger holds for the machine, by resource.

Only what was measured is handed over, and only once it is committed. What the host itself modelled stays with the host:
the guest would take it for a measure. Where the host knows nothing for a while, or not whose it was, the `epoch`
changes: what lies between two epochs is a gap of the guest's too, and never zero.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from monitor.core.entries import UNATTRIBUTED, Cause
from monitor.core.readings import DRAM, PACKAGE, PLATFORM, Method
from monitor.core.units import Energy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.core.entries import Gap, Meter, OpenBooks

MEASURED: Final = frozenset({Method.COUNTER, Method.INTEGRATED})


@dataclass(frozen=True, slots=True)
class Portion:
    """What one guest drew of one resource, cumulative. `resource` is `package`, `dram` or `platform`: all together."""

    resource: str
    method: Method
    """How the host measures it: the worst way, where several resources are in it."""
    energy: Energy
    """It never falls."""
    epoch: int
    """Energies of two epochs can't be compared."""
    through: int
    """Up to when it counts, ns since the epoch, by the host's clock."""
    added: Energy = Energy.ZERO
    """What is in `energy` beside the ledger's total, so that it went on where the ledger fell back."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a resource of the host from one commit to the next."""

    measured: frozenset[Method]
    """By which methods it was measured, over some of the time at least."""
    modelled: bool
    """Whether over some of it there is a model, or what somebody declared."""
    missed: bool
    """Whether over some of it nothing is known, or not whose it was."""

    @property
    def is_known(self) -> bool:
        """Whether all that it drew was measured, and it is known whose it is."""
        return not self.missed and not self.modelled

    @property
    def is_apart(self) -> bool:
        """Whether it has no meter, so that others are handed over without it."""
        return self.modelled and not self.measured


class Portions:
    """What one guest's portions are after each commit of the host."""

    def __init__(self, known: Iterable[Portion] = ()) -> None:
        """Begin with the portions as they are *known* to the guest."""
        self._portions = {portion.resource: portion for portion in known}
        self._broken: set[str] = set()
        """Of what another epoch began and nothing was told since."""

    def take(self, changes: Mapping[str, Change], energies: Mapping[str, Energy], through: int) -> tuple[Portion, ...]:
        """Return the portions that count up to *through*, ns since the epoch; the others stay as they were.

        *changes* is what became of the host's resources, *energies* what was measured of the guest in all, by resource.
        """
        together = {part: change for part, change in changes.items() if not change.is_apart}
        groups: dict[str, Mapping[str, Change]] = {
            part: {part: changes[part]} for part in (PACKAGE, DRAM) if part in changes
        }
        if together.keys() - {PACKAGE, DRAM}:
            groups[PLATFORM] = together
        taken = [
            portion
            for resource, parts in groups.items()
            if (portion := self._portion(resource, parts, energies, through)) is not None
        ]
        self._portions |= {portion.resource: portion for portion in taken}
        return tuple(taken)

    def known(self) -> tuple[Portion, ...]:
        """Return the portions as they stand, in order of resource."""
        return tuple(portion for _, portion in sorted(self._portions.items()))

    def _portion(
        self, resource: str, parts: Mapping[str, Change], energies: Mapping[str, Energy], through: int
    ) -> Portion | None:
        """Return the portion of *parts*; None where it was not measured any further."""
        known = self._portions.get(resource)
        if known is not None and resource not in self._broken and not all(one.is_known for one in parts.values()):
            # at once, and not only with the next portion: the daemon may be stopped before that
            known = self._portions[resource] = replace(known, epoch=known.epoch + 1)
            self._broken.add(resource)
        # the platform's meter is read less often than those of its components, and all have to end together
        decisive = {part: change for part, change in parts.items() if part not in {PACKAGE, DRAM}} or parts
        if not any(change.measured for change in decisive.values()):
            return None
        self._broken.discard(resource)
        method = max((way for change in parts.values() for way in change.measured), key=list(Method).index)
        # all that the resource ever was, also of a part that has no meter any more: it never falls
        names = parts if resource != PLATFORM else energies
        total = Energy(sum(energies[name].microjoules for name in names if name in energies))
        if known is None:
            return Portion(resource, method, total, 0, through)
        if total + known.added < known.energy:
            known = replace(known, epoch=known.epoch + 1, added=known.energy - total)
        return replace(known, method=method, energy=total + known.added, through=through)


def changes_of(before: OpenBooks | None, now: OpenBooks, gaps: Iterable[Gap]) -> dict[str, Change]:
    """Return what became of each resource that was ever booked, from the books *before* to those of *now*."""
    missed = {gap.resource for gap in gaps if gap.cause != Cause.CLOCK_STEP}
    earlier: Mapping[Meter, Energy] = before.measured if before is not None else {}
    nobodys = _unattributed(before)
    moved: dict[str, set[Method]] = {}
    for meter, amount in now.measured.items():
        methods = moved.setdefault(meter.resource, set())
        if amount > earlier.get(meter, Energy.ZERO):
            methods.add(meter.method)
    lost = {part for part, amount in _unattributed(now).items() if amount > nobodys.get(part, Energy.ZERO)}
    return {
        resource: Change(
            measured=frozenset(methods & MEASURED),
            modelled=bool(methods - MEASURED),
            missed=resource in missed or resource in lost,
        )
        for resource, methods in moved.items()
    }


def measured_by_consumer(books: OpenBooks) -> dict[str, dict[str, Energy]]:
    """Return what was measured of each consumer since the ledger began, by resource, of all shares together."""
    found: dict[str, dict[str, Energy]] = {}
    for series, amount in books.energy.items():
        if series.method in MEASURED:
            own = found.setdefault(series.consumer, {})
            own[series.resource] = own.get(series.resource, Energy.ZERO) + amount
    return found


def _unattributed(books: OpenBooks | None) -> dict[str, Energy]:
    """Return the energy by resource of which it is not known whose it was."""
    found: dict[str, Energy] = {}
    for series, amount in books.energy.items() if books is not None else ():
        if series.consumer == UNATTRIBUTED:
            found[series.resource] = found.get(series.resource, Energy.ZERO) + amount
    return found
