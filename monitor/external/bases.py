"""Whose a model is, and what its tokens are reckoned with: what is declared, published or estimated, best first."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from monitor.adapters.ecologits import EcoLogitsFailed, Question, estimates
from monitor.core.external import Impact, chosen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from monitor.adapters.ecologits import Estimate
    from monitor.core.external import Basis, ExternalRule
    from monitor.factors.studies import Studies

DECLARE: Final = "ask the supplier for its figures, and give them in `declared`"
WORDS: Final = {
    Impact.ENERGY: "energy",
    Impact.GWP: "greenhouse gases",
    Impact.WATER: "water",
    Impact.ADPE: "minerals and metals",
}


def rule_of(rules: Iterable[ExternalRule], model: str, key: str = "") -> ExternalRule | None:
    """Return the bought service that *key* names, else the first whose globs fit *model*; None: it is of none."""
    if key:
        return next((rule for rule in rules if rule.key == key), None)
    return next((rule for rule in rules if any(fnmatchcase(model, glob) for glob in rule.models)), None)


class Bases:
    """Finds what the tokens of models are reckoned with, and remembers it: EcoLogits is asked once for each."""

    def __init__(
        self,
        studies: Studies,
        ask: Callable[[Sequence[Question]], tuple[Estimate | None, ...]] = estimates,
    ) -> None:
        self._studies = studies
        self._ask = ask
        self._known: dict[tuple[ExternalRule, str], Basis] = {}

    def of(self, wanted: Iterable[tuple[ExternalRule, str]]) -> Mapping[tuple[ExternalRule, str], Basis]:
        """Return the basis of each (service, model). EcoLogits is asked of all that are new at once.

        Where it can't be asked, what only it could tell is unknown for now: it is asked again the next time.
        """
        asked = dict.fromkeys(wanted)
        new = [pair for pair in asked if pair not in self._known]
        if new:
            found, failed = self._estimated(new)
            fresh = {pair: self._basis(*pair, one, failed) for pair, one in zip(new, found, strict=True)}
            if failed:
                return {pair: fresh.get(pair) or self._known[pair] for pair in asked}
            self._known |= fresh
        return {pair: self._known[pair] for pair in asked}

    def _estimated(self, pairs: Sequence[tuple[ExternalRule, str]]) -> tuple[Sequence[Estimate | None], str]:
        """Return what EcoLogits says of each of *pairs*, and why it says nothing; empty where it was asked."""
        try:
            return self._ask([Question(rule.provider, model, rule.zone) for rule, model in pairs]), ""
        except EcoLogitsFailed as error:
            return [None] * len(pairs), str(error)

    def _basis(self, rule: ExternalRule, model: str, found: Estimate | None, failed: str) -> Basis:
        rates = (*rule.declared, *self._studies.of(rule.provider, model), *(found.rates if found else ()))
        return chosen(rates, _missing(rule, model, {one.impact for one in rates}, failed, estimated=found is not None))


def _missing(rule: ExternalRule, model: str, known: set[Impact], failed: str, *, estimated: bool) -> str:
    lacking = [WORDS[impact] for impact in Impact if impact not in known]
    if not lacking:
        return ""
    if failed:
        return f"the {', '.join(lacking)} of {model} can't be told: {failed}"
    if not estimated:
        return f"the {', '.join(lacking)} of {model} can't be told: EcoLogits does not know the model; {DECLARE}"
    if not rule.zone:
        return f"the {', '.join(lacking)} of {model} can't be told: set the zone of its electricity for {rule.key}"
    return f"the {', '.join(lacking)} of {model} can't be told: EcoLogits has no mix of {rule.zone}; {DECLARE}"
