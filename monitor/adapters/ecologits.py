"""EcoLogits, called in a child process that lives for half a second: its library is never imported here.

It is an optional part. It estimates what an answer of a model costs that somebody else runs, from the size of the
model; it reads no network. What it does not know stays unknown. Its limits: docs/external.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from monitor.adapters.codecarbon import environment
from monitor.core.external import (
    RATE_TOKENS,
    Impact,
    Origin,
    TokenRate,
    around_estimate,
    provider_of,
)
from monitor.core.units import (
    GRAMS_PER_KILOGRAM,
    MICROGRAMS_PER_GRAM,
    MICROJOULES_PER_KILOWATT_HOUR,
    MICROLITERS_PER_LITER,
    PICOGRAMS_PER_GRAM,
    Duration,
)
from monitor.core.zones import canonical, parent_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PATIENCE: Final = Duration.from_seconds(60)
"""How long an answer may take: it takes half a second of CPU time, on a machine that may be busy."""
ANSWER_TOKENS: Final = 400
"""Output tokens of the answer that is asked about: that of Mistral's study.

EcoLogits reckons the time to the first token with each answer, so that a token of a short one costs more: at 100 tokens
up to a fifth, at 4,000 some per cent less.
"""
YEAR: Final = 2026
"""Of the versions that may be installed. Source: release notes of EcoLogits 0.11."""
INSTALL: Final = "pip install 'empreinte[external]'"
UNITS: Final[Mapping[Impact, int]] = {
    Impact.ENERGY: MICROJOULES_PER_KILOWATT_HOUR,
    Impact.GWP: GRAMS_PER_KILOGRAM * MICROGRAMS_PER_GRAM,
    Impact.WATER: MICROLITERS_PER_LITER,
    Impact.ADPE: GRAMS_PER_KILOGRAM * PICOGRAMS_PER_GRAM,
}
"""How many of an impact's units are in that of EcoLogits: kWh, kgCO2eq, L, kgSbeq."""
BOUNDARY: Final = (
    "the provider's site and the making of its servers, by output tokens alone, 64 requests at a time on a full server;"
    " without the prompt's tokens, training, network and the user's devices"
)


class EcoLogitsFailed(Exception):  # noqa: N818 - says what happened, as the project's other exceptions do
    """EcoLogits is not there, or did not answer. `what` and `cure` are one sentence each."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(f"{what}: {cure}")
        self.what = what
        self.cure = cure


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a model, and the zone of its electricity; empty: unknown."""

    provider: str
    model: str
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an answer of ANSWER_TOKENS comes to, from the lowest to the highest, in whole units of each impact or parts.

    An impact that is not there is unknown: without a zone all but the energy are.
    """

    impacts: Mapping[Impact, tuple[Fraction, Fraction]]
    parameters: tuple[tuple[str, str], ...]
    """What it has assumed, by name."""
    version: str

    @property
    def rates(self) -> tuple[TokenRate, ...]:
        """What a million output tokens come to, with bounds as wide as such estimates are known to be."""
        return tuple(
            TokenRate(
                impact=impact,
                origin=Origin.ESTIMATED,
                amount=around_estimate(impact, *(one * RATE_TOKENS / ANSWER_TOKENS for one in ends)),
                source=f"EcoLogits {self.version}",
                year=YEAR,
                address="https://github.com/mlco2/ecologits",
                licence="MPL-2.0",
                boundary=BOUNDARY,
                parameters=self.parameters,
            )
            for impact, ends in self.impacts.items()
        )


def estimates(questions: Sequence[Question], timeout: Duration = PATIENCE) -> tuple[Estimate | None, ...]:
    """Return an estimate for each of *questions*, in order; None where EcoLogits does not know the model.

    One child answers them all. Raises EcoLogitsFailed, among others where EcoLogits is not installed.
    """
    asked = [
        {"provider": provider_of(one.provider), "model": one.model, "zone": _country(one.zone)} for one in questions
    ]
    found = _ask({"tokens": ANSWER_TOKENS, "questions": asked}, timeout)
    if found.get("absent"):
        raise EcoLogitsFailed("EcoLogits is not installed", INSTALL)
    return tuple(_estimate(one, found["version"]) for one in found["estimates"])


def _country(zone: str) -> str:
    """Return the country whose mix holds for *zone*; empty where none does: a grid of its own may have no code here."""
    place = canonical(zone)
    return parent_of(place) or ("" if "-" in place else place)


def _estimate(told: Mapping[str, Any] | None, version: str) -> Estimate | None:
    if told is None:
        return None
    impacts = {
        impact: (Fraction(low) * UNITS[impact], Fraction(high) * UNITS[impact])
        for impact in Impact
        if impact.value in told["impacts"]
        for low, high in [told["impacts"][impact.value]]
    }
    return Estimate(impacts, tuple(sorted(told["parameters"].items())), version)


def _ask(request: Mapping[str, Any], timeout: Duration) -> dict[str, Any]:
    """Return the answer of a child process to *request*; after *timeout* it is killed. Raises EcoLogitsFailed."""
    try:
        with tempfile.TemporaryDirectory(prefix="empreinte-") as home:
            done = subprocess.run(
                [sys.executable, "-P", "-m", "monitor.adapters.ecologits_child"],
                cwd=home,
                env=environment(os.environ, home),
                input=json.dumps(request),
                capture_output=True,
                text=True,
                timeout=timeout.seconds,
                check=False,
            )
    except subprocess.TimeoutExpired:
        raise EcoLogitsFailed(f"EcoLogits did not answer within {timeout.seconds:g} s", "try again later") from None
    except OSError as error:
        raise EcoLogitsFailed("EcoLogits can't be started", f"see that {error.filename} can be used") from error
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or [f"status {done.returncode}"]
        raise EcoLogitsFailed(f"EcoLogits stopped ({last[0]})", f"install it again: {INSTALL}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
