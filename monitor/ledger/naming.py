"""What a service was called, and by whom it was kept, in each hour: dated facts, and history carried over a rename.

A change takes effect with the first hour that begins after it. What was first known of a service holds for all before.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from monitor.core.entries import ServiceFacts
from monitor.core.groups import groups_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.core.groups import Group


@dataclass(frozen=True, slots=True)
class _Rename:
    moment: int
    new: str


class Naming:
    """The facts of all services, by date (ns since the epoch)."""

    def __init__(self, dated: Iterable[tuple[int, ServiceFacts]]) -> None:
        """Take the facts with the moment from which they hold, in any order."""
        self._moments: dict[str, list[int]] = {}
        self._facts: dict[str, list[ServiceFacts]] = {}
        self._renames: dict[str, list[_Rename]] = {}
        for moment, facts in sorted(dated, key=lambda pair: (pair[0], pair[1].key)):
            self._moments.setdefault(facts.key, []).append(moment)
            self._facts.setdefault(facts.key, []).append(facts)
            for old in facts.was:
                self._note_rename(old, _Rename(moment, facts.key))

    def current_key(self, key: str, at: int) -> str:
        """Return the key that goes on with what was booked under *key* in the hour that began *at*."""
        seen = {key}
        while (new := self._renamed(key, at)) is not None and new not in seen:
            seen.add(new)
            key = new
        return key

    def facts(self, key: str, at: int) -> ServiceFacts:
        """Return what was true of *key* in the hour that began *at*, under the key that goes on with it.

        Of one that nothing is known of, the key is the name: the pseudo-services, say.
        """
        current = self.current_key(key, at)
        known = next((one for one in (key, current) if one in self._facts), None)
        if known is None:
            return ServiceFacts(current, current)
        place = bisect_right(self._moments[known], at)
        found = self._facts[known][max(0, place - 1)]
        return found if found.key == current else replace(found, key=current)

    def facts_then(self, current: str, at: int) -> ServiceFacts:
        """Return what was true of the service that goes on as *current* in the hour that began *at*.

        It is by the key that it had then; the hour in which it was renamed is the old one's.
        """
        earlier = [key for key in self._facts if key != current and self.current_key(key, at) == current]
        # of several that became one, that which was seen last by then; what was first known holds for all before
        seen = [key for key in earlier if self._moments[key][0] <= at]
        first = min(earlier, key=lambda key: self._moments[key][0], default=current)
        return self.facts(max(seen, key=lambda key: self._moments[key][0], default=first), at)

    def holders(self, key: str, at: int) -> tuple[str, *tuple[Group, ...]]:
        """Return whose it is what was booked under *key* in the hour that began *at*.

        It is that of the key that goes on, and of the groups that the service was in.
        """
        facts = self.facts(key, at)
        return (facts.key, *groups_of(facts))

    def latest(self) -> Mapping[str, ServiceFacts]:
        """Return the last facts of every service; one that goes on under another key is not among them."""
        return {
            key: facts[-1] for key, facts in self._facts.items() if self.current_key(key, self._moments[key][-1]) == key
        }

    def last_of(self, key: str) -> ServiceFacts | None:
        """Return the last facts of *key* itself; None where there are none."""
        return self._facts[key][-1] if key in self._facts else None

    def changes(self) -> set[int]:
        """Return every moment at which a name, or what belongs to it, changed."""
        later = {moment for moments in self._moments.values() for moment in moments[1:]}
        return later | {rename.moment for renames in self._renames.values() for rename in renames}

    def _note_rename(self, old: str, rename: _Rename) -> None:
        renames = self._renames.setdefault(old, [])
        if old != rename.new and all(one.new != rename.new for one in renames):
            renames.append(rename)

    def _renamed(self, key: str, at: int) -> str | None:
        """Return the key that *key* was changed to next after *at*; None where it was not."""
        return next((rename.new for rename in self._renames.get(key, ()) if rename.moment > at), None)
