from __future__ import annotations

import json

import pytest

from monitor.core.activity import Unit
from monitor.intake.json_body import decoded
from monitor.intake.openai_usage import Usage, counts_of
from monitor.intake.usage import RefusedError

CHAT = {"prompt_tokens": 29, "completion_tokens": 3, "total_tokens": 32}


def counted(usage: object) -> dict[str, int]:
    return {unit.value: count for unit, count in counts_of(decoded(json.dumps(usage).encode(), Usage)).items()}


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        pytest.param(CHAT, {"input_tokens": 29, "output_tokens": 3}, id="chat, nothing said of a cache"),
        pytest.param(
            {**CHAT, "prompt_tokens_details": {"cached_tokens": 18}},
            {"input_tokens": 29, "computed_input_tokens": 11, "output_tokens": 3},
            id="chat, with a cache",
        ),
        pytest.param(
            {**CHAT, "prompt_tokens_details": None, "completion_tokens_details": {"reasoning_tokens": 2}},
            {"input_tokens": 29, "output_tokens": 3},
            id="chat, details unknown",
        ),
        pytest.param({"prompt_tokens": 8, "total_tokens": 8}, {"input_tokens": 8}, id="embeddings"),
        pytest.param(
            {"input_tokens": 75, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 1186},
            {"input_tokens": 75, "computed_input_tokens": 75, "output_tokens": 1186},
            id="responses",
        ),
        pytest.param(
            {
                "input_tokens": 10,
                "output_tokens": 5,
                "cache_creation_input_tokens": 100,
                "cache_read_input_tokens": 1000,
            },
            {"input_tokens": 1110, "computed_input_tokens": 110, "output_tokens": 5},
            id="Anthropic: what the cache had comes on top",
        ),
        pytest.param(
            {"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 0},
            {"input_tokens": 10, "computed_input_tokens": 10, "output_tokens": 5},
            id="Anthropic, empty cache",
        ),
        pytest.param(
            {**CHAT, "cache_read_input_tokens": 18, "cache_creation_input_tokens": 0},
            {"input_tokens": 29, "computed_input_tokens": 11, "output_tokens": 3},
            id="Anthropic's fields beside a chat's, from LiteLLM",
        ),
        pytest.param(
            {
                "promptTokenCount": 30,
                "candidatesTokenCount": 7,
                "thoughtsTokenCount": 100,
                "cachedContentTokenCount": 20,
            },
            {"input_tokens": 30, "computed_input_tokens": 10, "output_tokens": 107},
            id="Gemini: thoughts are outside of candidates",
        ),
        pytest.param(
            {"promptTokenCount": 30, "candidatesTokenCount": 7},
            {"input_tokens": 30, "computed_input_tokens": 30, "output_tokens": 7},
            id="Gemini leaves out what is 0",
        ),
        pytest.param(
            {"prompt_eval_count": 26, "eval_count": 298, "eval_duration": 4709213000},
            {"input_tokens": 26, "output_tokens": 298},
            id="Ollama",
        ),
        pytest.param({"type": "duration", "seconds": 9}, {"audio_milliseconds": 9000}, id="audio by its length"),
        pytest.param(
            {"type": "tokens", "input_tokens": 14, "input_token_details": {"audio_tokens": 14}, "output_tokens": 45},
            {"input_tokens": 14, "output_tokens": 45},
            id="audio by tokens",
        ),
        pytest.param({"prompt_tokens": 0, "completion_tokens": 0}, {"input_tokens": 0, "output_tokens": 0}, id="zero"),
        pytest.param(
            {"prompt_tokens": 24.0, "completion_tokens": 2e1}, {"input_tokens": 24, "output_tokens": 20}, id="floats"
        ),
        pytest.param({"total_tokens": 12}, {}, id="only the sum"),
        pytest.param({}, {}, id="nothing"),
    ],
)
def test_each_dialect_is_counted(usage: object, expected: dict[str, int]) -> None:
    assert counted(usage) == expected


def test_more_cached_than_given_leaves_what_was_computed_unknown() -> None:
    assert counted({**CHAT, "prompt_tokens_details": {"cached_tokens": 30}}) == {"input_tokens": 29, "output_tokens": 3}


@pytest.mark.parametrize("wrong", [-1, 1.5, 10**12 + 1, 10**400, True, "24", [24], {"n": 1}])
@pytest.mark.parametrize(
    "field", ["prompt_tokens", "completion_tokens", "input_tokens", "cache_read_input_tokens", "eval_count"]
)
def test_what_is_no_count_is_refused(field: str, wrong: object) -> None:
    with pytest.raises(RefusedError):
        counted({field: wrong})


@pytest.mark.parametrize("wrong", [-1, 10**7, True])
def test_what_is_no_length_is_refused(wrong: object) -> None:
    with pytest.raises(RefusedError, match="seconds"):
        counted({"type": "duration", "seconds": wrong})


def test_units_are_those_of_the_ledger() -> None:
    assert all(isinstance(unit, Unit) for unit in counts_of(decoded(b'{"prompt_tokens": 1}', Usage)))
