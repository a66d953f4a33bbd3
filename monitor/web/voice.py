"""What the page calls things, and the sentences that are made of several parts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from monitor.config import Language
from monitor.core.factors import CONFIGURED
from monitor.core.readings import gpu_title
from monitor.core.units import Duration
from monitor.exposition.impacts import applied_intensity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from monitor.core.factors import Factor
    from monitor.core.impact import Applied, Bounds, Indicator
    from monitor.core.readings import IntensityReading
    from monitor.exposition.snapshot import Snapshot
    from monitor.web.quantities import Quantities
    from monitor.web.status import Consumer, Period
    from monitor.wording import Words

_BEFORE_A_SIGN = re.compile(r" (?=[:;?!%»])|(?<=«) |(?<=n°) ")
"""Where French leaves a space that no line may break at. Source: Lexique des règles typographiques, ponctuation."""


class Voice:
    """Speaks one language."""

    def __init__(self, words: Words, write: Quantities) -> None:
        self._words = words
        self._write = write

    def say(self, key: str, /, **parts: object) -> str:
        """Return the sentence *key* with its *parts*, set as the language sets it. Raises KeyError: a defect."""
        return self._set(self._words.sentences[key]).format(**parts)

    def name(self, consumer: Consumer) -> str:
        """Return the name of a consumer: a service's own, or what a pseudo-service is called."""
        return consumer.name or self.say(f"name.{consumer.key}")

    def resource(self, resource: str) -> str:
        """Return the name of a resource."""
        title = gpu_title(resource)
        return self.say("resource.gpu", number=title) if title else self._maybe("resource", resource)

    def resources(self, resources: Sequence[str]) -> str:
        """Return the names of several resources, as a list in a sentence."""
        return self.listed([self.resource(resource) for resource in resources])

    def method(self, method: str) -> str:
        """Return the name of a method."""
        return self._maybe("method", method)

    def reason(self, reason: str) -> str:
        """Return why a source can't be read, in a word or two."""
        return self._maybe("why", reason)

    def cause(self, cause: str) -> str:
        """Return the name of the cause of a gap."""
        return self._maybe("cause", cause)

    def provenance(self, period: Period) -> str:
        """Return how the energy of a period was obtained, and of how much of its time."""
        covered = (
            self.say("figures.covered_unknown")
            if period.coverage is None
            else self.say("figures.covered", share=self._write.share(period.coverage))
        )
        weights = {method: float(energy.microjoules) for method, energy in period.methods.items()}
        return " ".join(part for part in (self.obtained(weights), covered) if part)

    def obtained(self, weights: Mapping[str, float]) -> str:
        """Return by which methods a figure was obtained, with their shares where there are several; may be empty."""
        total = sum(weights.values())
        if not total:
            return ""
        used = sorted(((weight, method) for method, weight in weights.items() if weight), reverse=True)
        if len(used) == 1:
            return self.say("figures.by_one", method=self.method(used[0][1]))
        parts = (
            self.say("figures.part", method=self.method(method), share=self._write.share(weight / total))
            for weight, method in used
        )
        return self.say("figures.by_several", methods=self.listed(list(parts)))

    def between(self, indicator: Indicator, bounds: Bounds) -> str:
        """Return the range of an amount, `entre 43,1 kg et 90,2 kg`; empty where none shows."""
        low, high = (self._write.bare(indicator, bound) for bound in (bounds.low, bounds.high))
        # both may be too small for the difference to be written
        return self.say("impact.between", low=low, high=high) if low != high else ""

    def factor(self, factor: Factor) -> str:
        """Return the value of *factor* in its unit."""
        return self._write.factor(factor.value, factor.unit)

    def factor_range(self, factor: Factor) -> str:
        """Return its range; empty where it has none."""
        if factor.low == factor.high:
            return ""
        low, high = (self._write.factor(value, factor.unit) for value in (factor.low, factor.high))
        return self.say("impact.between", low=self._write.parted(low)[0], high=self._write.parted(high)[0])

    def indicator_note(self, name: str) -> str:
        """Return what there is to know of an indicator; may be empty."""
        return self._set(self._words.maybe(f"indicator_note.{name}", ""))

    def provider(self, provider: str) -> str:
        """Return the name of who says something."""
        return self._maybe("provider", provider)

    def choice(self, applied: Applied) -> str:
        """Return how a factor was chosen."""
        how = (CONFIGURED,) if applied.factor.provider == CONFIGURED else applied.how
        return self.whole(", ".join(self.say(f"how.{one}") for one in how))

    def grid(self, snapshot: Snapshot) -> list[str]:
        """Return what there is to say of the electricity grid now, in sentences."""
        terms, live = snapshot.terms, snapshot.intensity
        told = [self.whole(snapshot.terms_fault)] if snapshot.terms_fault else []
        if terms is not None and (applied := applied_intensity(terms)) is not None:
            told.append(self.say("grid.applied", intensity=self._write.intensity(applied), zone=terms.zone))
        if live is not None:
            told += self._live(live, snapshot.at.wall)
        if terms is not None and terms.filled:
            told.append(self.say("grid.filled"))
        return told

    def _live(self, live: IntensityReading, now: int) -> Iterator[str]:
        until = live.start + live.length.nanoseconds
        parts = {
            "provider": self.provider(live.provider),
            "intensity": self._write.intensity(float(live.grams_per_kilowatt_hour)),
            "cycle": self.say(f"cycle.{live.cycle}"),
            "time": self._write.time(until),
        }
        if until < now:
            yield self.say("grid.live", **parts, age=self._write.duration(Duration(now - until)))
        else:
            yield self.say("grid.live_now", **parts)
        if live.estimated:
            yield self.say("grid.estimated")

    def whole(self, text: str) -> str:
        """Return *text* as a sentence: a capital letter, a full stop."""
        return f"{text[:1].upper()}{text[1:]}."

    def listed(self, parts: Sequence[str]) -> str:
        """Return *parts*, of which there is one at least, as a list in a sentence."""
        *first, last = parts
        return self.say("and", first=", ".join(first), last=last) if first else last

    def _maybe(self, table: str, key: str) -> str:
        return self._set(self._words.maybe(f"{table}.{key}", key))

    def _set(self, text: str) -> str:
        if self._words.language is Language.FRENCH:
            return _BEFORE_A_SIGN.sub("\N{NO-BREAK SPACE}", text)
        return text


def sums_by_method(amounts: Iterable[tuple[str, int]]) -> Mapping[str, float]:
    """Return how much each method contributes."""
    sums: dict[str, float] = {}
    for method, amount in amounts:
        sums[method] = sums.get(method, 0.0) + amount
    return sums
