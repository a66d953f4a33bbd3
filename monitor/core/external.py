"""AI that is bought as an API: what it did, and what that cost where it is run, by figures that nobody here measured.

It is a scope of its own: no joule of it is in a host's sums, and none of a host's is in it. What is counted is exact;
energy and impacts are a rate for each output token, from who supplies the service, a study that was published, or a
model. Rules and limits: docs/external.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeVar

from monitor.core.activity import Authority, Unit
from monitor.core.impact import Bounds, nearest
from monitor.core.readings import Method
from monitor.core.uncertainty import METHOD_ERROR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from fractions import Fraction

Key = TypeVar("Key")

RATE_TOKENS: Final = 1_000_000
"""Rates are for so many output tokens, so that whole numbers hold them to less than a millionth of themselves."""


PROVIDERS: Final[Mapping[str, str]] = {
    "mistral": "mistralai",
    "mistral_ai": "mistralai",
    "azure": "openai",
    "azure.ai.openai": "openai",
    "google": "google_genai",
    "gemini": "google_genai",
    "gcp.gemini": "google_genai",
    "vertex_ai": "google_genai",
    "gcp.vertex_ai": "google_genai",
    "huggingface": "huggingface_hub",
}
"""Other names of those whose models are known by figures, by the name that EcoLogits has for them.

Source: OpenTelemetry semantic conventions, gen_ai.provider.name; LiteLLM, custom_llm_provider; EcoLogits 0.11.3.
"""


def provider_of(name: str) -> str:
    """Return the one name under which figures of the provider *name* are found."""
    return PROVIDERS.get(name, name)


class Impact(StrEnum):
    """What is told of a bought service, in the unit that is given. The names are the ledger's."""

    ENERGY = "energy"
    """Energy of the provider's site, with its cooling, in microjoules."""
    GWP = "gwp"
    """Greenhouse gases of using and of making the machines, together, in micrograms CO2e."""
    WATER = "water"
    """Water used up on site and by generating the electricity, in microlitres."""
    ADPE = "adpe"
    """Minerals and metals of using and of making the machines, together, in picograms of antimony equivalent."""


class Origin(StrEnum):
    """Who a rate is from, the one that is believed before the others first."""

    DECLARED = "declared"
    """The supplier, for this contract."""
    PUBLISHED = "published"
    """A study of the model that its provider has published."""
    ESTIMATED = "estimated"
    """A model of it: EcoLogits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRate:
    """What a million output tokens come to, from whom, and on which assumptions."""

    impact: Impact
    origin: Origin
    amount: Bounds
    """In whole units of the impact."""
    source: str
    """Who says so, in which publication."""
    year: int
    address: str = ""
    licence: str = ""
    boundary: str = ""
    """What is in it, and what is not."""
    parameters: tuple[tuple[str, str], ...] = ()
    """What a model was given and has assumed, by name."""

    @property
    def method(self) -> Method:
        """How it was obtained: declared or modelled, and never measured."""
        return Method.DECLARED if self.origin is Origin.DECLARED else Method.MODELLED


@dataclass(frozen=True, slots=True)
class Basis:
    """All that the output tokens of one model are reckoned with: at most one rate for each impact."""

    rates: tuple[TokenRate, ...] = ()
    missing: str = ""
    """Why what has no rate is unknown, in one sentence with the cure; empty where nothing is."""

    def of(self, tokens: int) -> dict[Impact, Bounds]:
        """Return what so many output *tokens* come to; what has no rate is unknown, and absent."""
        return {one.impact: _scaled(one.amount, tokens) for one in self.rates}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalRule:
    """A bought service as the organisation knows it."""

    key: str
    name: str
    department: str = ""
    contract: str = ""
    provider: str
    models: tuple[str, ...]
    """Globs: which models belong to it."""
    zone: str = ""
    """Of the electricity where it is run; empty: unknown, and with it what depends on it."""
    declared: tuple[TokenRate, ...] = ()
    """What the supplier has said, for this contract."""


@dataclass(frozen=True, slots=True, order=True)
class ExternalSeries:
    """The key of what was counted, beside its time."""

    external: str
    """The key of the bought service."""
    provider: str
    model: str
    unit: Unit


@dataclass(frozen=True, slots=True)
class ExternalAmount:
    """How much of one series there was from `since` to `until` (ns since the epoch).

    What a file tells by the day or the month stays of that day or month: nobody knows which hour it was.
    """

    since: int
    until: int
    series: ExternalSeries
    amount: int
    basis: Basis | None = None
    """Of output tokens only: nothing else has a rate."""
    authority: Authority = Authority.EVENTS
    """Who says so: of one service and hour the one that is believed first counts. A file's row is its file's."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """What one line of a file tells: amounts of one model of one service over one time."""

    line: int
    amounts: tuple[ExternalAmount, ...]


@dataclass(frozen=True, slots=True)
class ExternalSum:
    """The sum of what one series came to under one basis."""

    series: ExternalSeries
    amount: int
    basis: Basis | None = None


@dataclass(frozen=True, slots=True, order=True)
class Claim:
    """Who says what tokens come to."""

    origin: Origin
    source: str
    """In which publication."""
    year: int


@dataclass(frozen=True, slots=True)
class ExternalUse:
    """What bought services did over a time, and what is known of what it cost."""

    counts: Mapping[Unit, int] = field(default_factory=dict)
    impacts: Mapping[Impact, Bounds] = field(default_factory=dict)
    """Of the tokens that have a rate; one that is not there is unknown."""
    unknown: Mapping[Impact, int] = field(default_factory=dict)
    """How many output tokens have no rate for it: it is that much too low."""
    claims: frozenset[Claim] = frozenset()
    """Who says what is known of the impacts."""
    missing: frozenset[str] = frozenset()
    """Why something is unknown, in sentences."""

    def __add__(self, other: ExternalUse) -> ExternalUse:
        """Return what both did and cost: the errors of their rates add up linearly."""
        impacts = {
            impact: self.impacts.get(impact, Bounds.ZERO) + other.impacts.get(impact, Bounds.ZERO)
            for impact in Impact
            if impact in self.impacts or impact in other.impacts
        }
        return ExternalUse(
            _added(self.counts, other.counts),
            impacts,
            _added(self.unknown, other.unknown),
            self.claims | other.claims,
            self.missing | other.missing,
        )

    @property
    def origins(self) -> frozenset[Origin]:
        """From whom the impacts are; empty where they are unknown."""
        return frozenset(claim.origin for claim in self.claims)

    @property
    def methods(self) -> frozenset[Method]:
        """How the impacts were obtained: declared, modelled, both, or none where they are unknown."""
        return frozenset(Method.DECLARED if one is Origin.DECLARED else Method.MODELLED for one in self.origins)


SILENT: Final = (
    "what {} of {} cost can't be told: its output tokens are not told, and nothing else has a rate; give them in the"
    " list or in the events, if it writes any"
)
STUDY_ABOVE: Final = {Impact.ENERGY: 25, Impact.GWP: 25, Impact.WATER: 35, Impact.ADPE: 90}
"""How many times what EcoLogits says of a model its provider's own study says: the upper bound of an estimate.

Source: Mistral AI's life-cycle analysis of Mistral Large 2 (2025) over EcoLogits 0.11.3 for a dense model of its 123
billion parameters, rounded up: 24 times the greenhouse gases, 30 to 34 times the water, 88 to 90 times the minerals and
metals. It is the one model that both are known of. It tells no energy: that of the greenhouse gases is taken for it.
"""
PROVIDER_BELOW: Final = 4
"""How many times less than EcoLogits a provider has said: the lower bound of an estimate.

Source: Google, median prompt of the Gemini apps, 0.24 Wh (2025), over EcoLogits 0.11.3 for gemini-2.5-flash and 400
output tokens, 0.54 to 0.89 Wh. Google does not tell the tokens of its prompt: an order of magnitude.
"""


def around_estimate(impact: Impact, low: Fraction, high: Fraction) -> Bounds:
    """Return the rate of an estimate from *low* to *high*, a million output tokens: as wide as such are known to be.

    In its middle is that of the estimate.
    """
    return Bounds(round(low / PROVIDER_BELOW), round((low + high) / 2), round(high * STUDY_ABOVE[impact]))


def within_class(value: Fraction, origin: Origin) -> Bounds:
    """Return *value*, for a million output tokens, with the error of its class: its source gives no range.

    Source: the classes of BoAmps (monitor.core.uncertainty): declared +-25 %, modelled +-50 %.
    """
    error = METHOD_ERROR[Method.DECLARED if origin is Origin.DECLARED else Method.MODELLED]
    return Bounds(round(value * (1 - error)), round(value), round(value * (1 + error)))


def chosen(rates: Iterable[TokenRate], missing: str) -> Basis:
    """Return the basis made of *rates*, for each impact the one that is believed first.

    *missing* says why an impact without a rate is unknown; it is left out where every impact has one.
    """
    ranks = list(Origin)
    best: dict[Impact, TokenRate] = {}
    for one in rates:
        if one.impact not in best or ranks.index(one.origin) < ranks.index(best[one.impact].origin):
            best[one.impact] = one
    return Basis(tuple(best[impact] for impact in Impact if impact in best), missing if len(best) < len(Impact) else "")


def use_of(sums: Iterable[ExternalSum]) -> ExternalUse:
    """Return what *sums* come to together. Rates are shared by all tokens of a model: their errors add up linearly."""
    counts: dict[Unit, int] = {}
    impacts: dict[Impact, Bounds] = {}
    unknown: dict[Impact, int] = {}
    claims: set[Claim] = set()
    missing: set[str] = set()
    models: dict[tuple[str, str], set[Unit]] = {}
    for one in sums:
        counts[one.series.unit] = counts.get(one.series.unit, 0) + one.amount
        if one.amount or one.series.unit is Unit.OUTPUT_TOKENS:
            models.setdefault((one.series.external, one.series.model), set()).add(one.series.unit)
        if one.series.unit is not Unit.OUTPUT_TOKENS or not one.amount:
            continue
        basis = one.basis or Basis()
        told = basis.of(one.amount)
        for impact in Impact:
            if impact in told:
                impacts[impact] = impacts.get(impact, Bounds.ZERO) + told[impact]
            else:
                unknown[impact] = unknown.get(impact, 0) + one.amount
        claims.update(Claim(rate.origin, rate.source, rate.year) for rate in basis.rates)
        missing.update({basis.missing} - {""})
    missing.update(SILENT.format(model, key) for (key, model), told in models.items() if Unit.OUTPUT_TOKENS not in told)
    return ExternalUse(counts, impacts, unknown, frozenset(claims), frozenset(missing))


def by_service(sums: Iterable[ExternalSum]) -> dict[str, ExternalUse]:
    """Return what each bought service did and cost, by its key."""
    grouped: dict[str, list[ExternalSum]] = {}
    for one in sums:
        grouped.setdefault(one.series.external, []).append(one)
    return {key: use_of(parts) for key, parts in sorted(grouped.items())}


def _added(one: Mapping[Key, int], other: Mapping[Key, int]) -> dict[Key, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in {**one, **other}}


def _scaled(rate: Bounds, tokens: int) -> Bounds:
    return Bounds(*(nearest(one * tokens, RATE_TOKENS) for one in (rate.low, rate.central, rate.high)))


@dataclass(frozen=True, slots=True)
class ExternalFigures:
    """What bought services did and cost, for whoever shows it. What is not there is unknown."""

    services: Mapping[str, ExternalRule] = field(default_factory=dict)
    """Those that are configured, by key."""
    total: Mapping[str, ExternalUse] = field(default_factory=dict)
    """By key, since the ledger began."""
    periods: Mapping[tuple[str, str], ExternalUse] = field(default_factory=dict)
    """By (key, period): the times that lie whole in it."""
