"""What services did with their energy: requests, tokens, images, pages, minutes of audio, as counters of their own.

Readings are cumulative; what happened between two of them comes out. A counter that falls began anew: what it counted
before its end and after the last reading is lost, and that time is a gap, never zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class Unit(StrEnum):
    """What is counted. The names are the ledger's."""

    REQUESTS = "requests"
    """Requests that were answered."""
    INPUT_TOKENS = "input_tokens"
    """Tokens of the prompts as their senders see them: those that a cache had are among them."""
    COMPUTED_INPUT_TOKENS = "computed_input_tokens"
    """Tokens of the prompts that were computed: energy follows these."""
    OUTPUT_TOKENS = "output_tokens"
    """Tokens that were generated."""
    ITEMS = "items"
    """Inferences of classic models, each item of a batch by itself."""
    IMAGES = "images"
    PAGES = "pages"
    AUDIO_MILLISECONDS = "audio_milliseconds"
    """Audio that was transcribed or spoken."""
    ENERGY = "energy"
    """Energy of the service, in microjoules, over the time for which it is known what it did: what the units share."""


class Authority(StrEnum):
    """Who says what a service did, the one that is believed before the others first."""

    EVENTS = "events"
    """Events that applications or a gateway send, one for each call."""
    GATEWAY = "gateway"
    """The page of a gateway that all calls go through."""
    SERVER = "server"
    """The server's own page."""


RANKS: Final[Mapping[Authority, int]] = {authority: rank for rank, authority in enumerate(Authority)}
"""The lowest is believed."""


@dataclass(frozen=True, slots=True, order=True)
class ActivitySeries:
    """The key of what was counted, beside its bucket. `model` is empty where the meter does not tell models apart."""

    consumer: str
    authority: Authority
    meter: str
    """Which page or stream says so: `http://127.0.0.1:8000/metrics`; it holds no secret."""
    model: str
    unit: Unit


def authoritative(series: Mapping[ActivitySeries, int]) -> frozenset[ActivitySeries]:
    """Return which of *series*, of one interval, count: for each consumer those of whoever is believed first.

    The others are cross-checks: their difference is shown, never added.
    """
    best: dict[str, int] = {}
    for one in series:
        if one.unit is not Unit.ENERGY:
            best[one.consumer] = min(RANKS[one.authority], best.get(one.consumer, len(RANKS)))
    return frozenset(one for one in series if one.unit is Unit.ENERGY or RANKS[one.authority] == best[one.consumer])
