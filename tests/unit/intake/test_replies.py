from __future__ import annotations

import json

import pytest

from monitor.core.activity import Unit
from monitor.intake.replies import reply_of
from monitor.intake.usage import RefusedError
from tests.fixtures.intake import sample


@pytest.mark.parametrize(
    ("name", "model", "expected"),
    [
        ("litserve_chat_response.json", "x", (460, None, 20)),
        ("llama_cpp_python_chat_response.json", "models/small.gguf", (28, None, 8)),
        ("llamacpp_chat_response.json", "models/small.gguf", (37, 37, 12)),
        ("transformers_serve_chat_response.json", "models/hf-random@main", (3, None, 10)),
    ],
)
def test_answers_of_real_servers_are_counted(name: str, model: str, expected: tuple[int | None, ...]) -> None:
    reply = reply_of(sample(f"reply_{name}"))
    units = (Unit.INPUT_TOKENS, Unit.COMPUTED_INPUT_TOKENS, Unit.OUTPUT_TOKENS)
    assert tuple(reply.counts.get(unit) for unit in units) == expected
    assert reply.model == model
    assert reply.response_id


def pieces() -> list[bytes]:
    lines = sample("reply_llamacpp_chat_stream.txt").splitlines()
    return [line.removeprefix(b"data: ") for line in lines if line.startswith(b"data: {")]


def test_of_a_stream_the_last_piece_has_the_usage() -> None:
    *before, last = pieces()
    assert len(before) == 5
    reply = reply_of(last)
    assert reply.counts == {Unit.INPUT_TOKENS: 29, Unit.COMPUTED_INPUT_TOKENS: 11, Unit.OUTPUT_TOKENS: 3}
    for piece in before:
        with pytest.raises(RefusedError, match="include_usage"):
            reply_of(piece)


def test_images_are_counted_and_embeddings_are_none() -> None:
    usage = {"input_tokens": 50, "output_tokens": 4160}
    images = {"created": 1, "data": [{"b64_json": "AAAA"}, {"url": "https://x/1.png"}], "usage": usage}
    assert reply_of(json.dumps(images).encode()).counts[Unit.IMAGES] == 2
    vectors = {"object": "list", "data": [{"embedding": [0.1, 0.2], "index": 0}], "usage": {"prompt_tokens": 8}}
    assert reply_of(json.dumps(vectors).encode()).counts == {Unit.INPUT_TOKENS: 8}


def test_a_bare_usage_object_and_gemini_s_answer_are_read() -> None:
    assert reply_of(b'{"prompt_tokens": 3, "completion_tokens": 10}').counts[Unit.OUTPUT_TOKENS] == 10
    gemini = {"responseId": "r" * 22, "modelVersion": "gemini-2.5-flash", "usageMetadata": {"promptTokenCount": 4}}
    reply = reply_of(json.dumps(gemini).encode())
    assert (reply.model, reply.response_id, reply.counts[Unit.INPUT_TOKENS]) == ("gemini-2.5-flash", "r" * 22, 4)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"null", b"[]", b'"usage"', b"{}", b'{"usage": {}}', b'{"usage": 3}', b"\xff"]
)
def test_what_tells_of_no_use_is_refused(content: bytes) -> None:
    with pytest.raises(RefusedError):
        reply_of(content)
