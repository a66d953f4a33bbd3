"""Answers of AI services, and bare usage objects, to counts: what an application can pass on without taking it apart.

Of an answer only its id, its model, its time and its usage are read; what it says is skipped, never built.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from monitor.core.activity import Unit
from monitor.intake.json_body import decoded
from monitor.intake.openai_usage import Usage, counts_of
from monitor.intake.usage import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_USAGE: Final = (
    "it has no usage object, as `prompt_tokens` and `completion_tokens`: ask the server for one, in a stream with"
    " include_usage"
)
NOTHING: Final = msgspec.Raw()
ABSENT: Final = frozenset({b"", b"null"})
"""What a field holds that is not there, or has no value."""


class _Datum(msgspec.Struct, gc=False):
    """One of the images of an answer; the numbers of embeddings are no images."""

    b64_json: msgspec.Raw = NOTHING
    url: msgspec.Raw = NOTHING


class _Answer(msgspec.Struct):
    id: str | None = None
    responseId: str | None = None  # noqa: N815 - Gemini's name for it
    model: str | None = None
    modelVersion: str | None = None  # noqa: N815 - as above
    provider: str | None = None
    data: msgspec.Raw = NOTHING
    usage: Usage | None = None
    usageMetadata: Usage | None = None  # noqa: N815 - as above


@dataclass(frozen=True, slots=True)
class Reply:
    """What is kept of an answer."""

    response_id: str | None
    provider: str | None
    model: str | None
    counts: Mapping[Unit, int]


def reply_of(content: bytes | msgspec.Raw) -> Reply:
    """Return what is kept of *content*: an answer, its last piece where it came in a stream, or its usage object.

    Raises RefusedError: it is not JSON, or tells of no use.
    """
    answer = decoded(content, _Answer)
    usage = answer.usage or answer.usageMetadata or decoded(content, Usage)
    counts = counts_of(usage)
    if images := images_in(answer.data):
        counts[Unit.IMAGES] = images
    if not counts:
        raise RefusedError(NO_USAGE)
    return Reply(answer.id or answer.responseId, answer.provider, answer.model or answer.modelVersion, counts)


def images_in(data: msgspec.Raw) -> int:
    """Return how many images *data*, that of an answer, holds; 0: it holds something else."""
    if bytes(data) in ABSENT:
        return 0
    try:
        found = decoded(data, list[_Datum])
    except RefusedError:
        return 0
    return sum(not {bytes(one.b64_json), bytes(one.url)} <= ABSENT for one in found)
