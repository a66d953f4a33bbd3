"""Usage objects, as the interfaces of AI services answer with them, to counts.

Prompts are counted twice: as their sender sees them, and as far as they were computed. What a cache had is among the
first in most dialects, and beside them in Anthropic's. Where nothing is said of a cache, what was computed is unknown.
Source: OpenAI, API reference (chat, responses, embeddings, images, audio); Anthropic, Messages, `usage`; Google, Gemini
API, `UsageMetadata`; Ollama, docs/api.md.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from monitor.core.activity import Unit
from monitor.intake.usage import count_of, milliseconds_of

Number: TypeAlias = int | float | None


class Details(msgspec.Struct, gc=False):
    """What a sum of tokens is made of."""

    cached_tokens: Number = None


class Usage(msgspec.Struct, gc=False):
    """The fields of all dialects that are counts; nothing else of an object is read."""

    type: str | None = None
    prompt_tokens: Number = None
    completion_tokens: Number = None
    prompt_tokens_details: Details | None = None
    input_tokens: Number = None
    output_tokens: Number = None
    input_tokens_details: Details | None = None
    cache_creation_input_tokens: Number = None
    cache_read_input_tokens: Number = None
    seconds: Number = None
    promptTokenCount: Number = None  # noqa: N815 - as the sender writes it
    candidatesTokenCount: Number = None  # noqa: N815 - as above
    thoughtsTokenCount: Number = None  # noqa: N815 - as above
    cachedContentTokenCount: Number = None  # noqa: N815 - as above
    prompt_eval_count: Number = None
    eval_count: Number = None


def counts_of(usage: Usage) -> dict[Unit, int]:
    """Return what *usage* counts; empty where it counts nothing. Raises RefusedError where a count is none."""
    if usage.prompt_tokens is not None or usage.completion_tokens is not None:
        return _chat(usage)
    if usage.cache_creation_input_tokens is not None or usage.cache_read_input_tokens is not None:
        return _anthropic(usage)
    if usage.input_tokens is not None or usage.output_tokens is not None:
        cached = usage.input_tokens_details.cached_tokens if usage.input_tokens_details else None
        return tokens(usage.input_tokens, cached, usage.output_tokens)
    if usage.promptTokenCount is not None or usage.candidatesTokenCount is not None:
        return _gemini(usage)
    if usage.seconds is not None:
        return {Unit.AUDIO_MILLISECONDS: milliseconds_of(usage.seconds, "seconds") or 0}
    return tokens(usage.prompt_eval_count, None, usage.eval_count)


def tokens(given: Number, cached: Number, made: Number) -> dict[Unit, int]:
    """Return the counts of a call to which *given* tokens were given, *cached* of them known, and that *made* some.

    Raises RefusedError where one of them is no count.
    """
    logical, known = count_of(given, "the number of input tokens"), count_of(cached, "the number of cached tokens")
    output = count_of(made, "the number of output tokens")
    computed = None if logical is None or known is None or known > logical else logical - known
    return present({Unit.INPUT_TOKENS: logical, Unit.COMPUTED_INPUT_TOKENS: computed, Unit.OUTPUT_TOKENS: output})


def present(counts: dict[Unit, int | None]) -> dict[Unit, int]:
    """Return those of *counts* that are known."""
    return {unit: count for unit, count in counts.items() if count is not None}


def _chat(usage: Usage) -> dict[Unit, int]:
    """Return the counts of a chat, a completion or embeddings.

    A gateway may put Anthropic's fields beside, whose tokens it has counted in.
    Source: LiteLLM, litellm/types/utils.py.
    """
    details = usage.prompt_tokens_details
    cached = details.cached_tokens if details is not None else None
    return tokens(
        usage.prompt_tokens, usage.cache_read_input_tokens if cached is None else cached, usage.completion_tokens
    )


def _anthropic(usage: Usage) -> dict[Unit, int]:
    """Return the counts of Anthropic's dialect: what was read from the cache, or written to it, comes on top."""
    fresh = count_of(usage.input_tokens or 0, "the number of input tokens") or 0
    written = count_of(usage.cache_creation_input_tokens or 0, "the number of cached tokens") or 0
    read = count_of(usage.cache_read_input_tokens or 0, "the number of cached tokens") or 0
    return tokens(fresh + written + read, read, usage.output_tokens)


def _gemini(usage: Usage) -> dict[Unit, int]:
    """Return the counts of Gemini's dialect: thoughts come beside what is said, and a field that is 0 is left out."""
    said, thought = usage.candidatesTokenCount or 0, usage.thoughtsTokenCount or 0
    return tokens(usage.promptTokenCount, usage.cachedContentTokenCount or 0, said + thought)
