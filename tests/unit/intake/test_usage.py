from __future__ import annotations

import pytest

from monitor.intake.usage import (
    LONGEST_MODEL,
    MOST_AHEAD,
    Arrival,
    RefusedError,
    count_of,
    hashed,
    identity,
    milliseconds_of,
    model_of,
    name_of,
    operation_of,
    service_of,
)
from tests.fixtures.intake import ARRIVAL, NOW


def test_parts_of_what_is_hashed_do_not_run_into_one_another() -> None:
    assert hashed("ab", "c") != hashed("a", "bc")
    assert hashed("ab") != hashed("ab", "")
    assert hashed("a") == hashed("a")
    assert len(hashed("\ud800")) == 32


def test_an_answer_s_id_is_taken_where_it_tells_answers_apart() -> None:
    assert identity("x" * 20, "source", "id") == identity("x" * 20, "other", "9") != identity("x" * 19, "source", "id")
    assert identity("x" * 19, "source", "id") == identity(None, "source", "id") == identity("", "source", "id")
    for parts in (("x" * 1025, "s", "i"), (None, "s", "x" * 1025)):
        with pytest.raises(RefusedError, match="longer"):
            identity(*parts)


@pytest.mark.parametrize(
    ("text", "provider", "name"),
    [
        ("openai/small", "openai", "small"),
        ("mistralai/Mistral-7B-Instruct-v0.3", "", "mistralai/Mistral-7B-Instruct-v0.3"),
        ("/home/alice/models/small.gguf", "", "small.gguf"),
        ("~/models/small.gguf", "", "small.gguf"),
        ("../small.gguf", "", "small.gguf"),
        ("file:///home/alice/small.gguf", "", "small.gguf"),
        ("C:\\Users\\alice\\small.gguf", "", "small.gguf"),
        ("/srv/models/small/", "", "small"),
        ("C:\\models\\small\\", "", "small"),
        ("hosted_vllm//home/alice/small.gguf", "hosted_vllm", "small.gguf"),
        ("hosted_vllm//home/alice/small.gguf", "", "small.gguf"),
        ("https://alice:secret@models.example.fr/small.gguf?token=secret#secret", "", "small.gguf"),
        ("https://alice:secret@models.example.fr", "", "models.example.fr"),
        ("s3://models-of-alice/small", "", "small"),
        ("hf://org/small", "", "small"),
        ("ft:gpt-4o:mairie::abc", "", "ft:gpt-4o:mairie::abc"),
        ("a model\n<script>", "", "a_model_script_"),
        ("m" * 500, "", "m" * LONGEST_MODEL),
        (None, "openai", ""),
    ],
)
def test_of_a_model_its_name_is_kept_and_not_where_it_lies(text: str | None, provider: str, name: str) -> None:
    assert model_of(text, provider) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Mistral AI", "mistral-ai"),
        ("alice@example.fr", "example.fr"),
        ("__x__", "x"),
        (None, ""),
        ("é", ""),
        ("a" * 99, "a" * 63),
    ],
)
def test_of_a_name_only_letters_digits_and_some_signs_are_kept(text: str | None, name: str) -> None:
    assert name_of(text) == name


def test_a_service_is_named_by_a_key() -> None:
    assert service_of(None, ARRIVAL) == service_of("", ARRIVAL) == ""
    assert service_of("assistant", Arrival(NOW, "other")) == "assistant"
    assert service_of(None, Arrival(NOW, "other")) == "other"
    for wrong in ("_other", "Assistant", "a b", "x" * 64, "é", "a\n"):
        with pytest.raises(RefusedError, match="by its key"):
            service_of(wrong, ARRIVAL)


def test_operations_are_few() -> None:
    assert operation_of(None) == operation_of("acompletion") == operation_of("chat") == "chat"
    assert operation_of("anything at all") == "other"


@pytest.mark.parametrize("wrong", [-1, 0.5, 10**13, True, float("nan"), float("inf"), 10**400])
def test_what_is_no_count_is_refused(wrong: float) -> None:
    with pytest.raises(RefusedError, match="x is a whole number"):
        count_of(wrong, "x")


def test_counts_and_times_are_taken() -> None:
    assert (count_of(None, "x"), count_of(3, "x"), count_of(3.0, "x")) == (None, 3, 3)
    assert (milliseconds_of(None, "x"), milliseconds_of(1.2345, "x")) == (None, 1234)


def test_a_time_is_taken_within_what_is_known_and_an_hour_ahead() -> None:
    arrival = Arrival(NOW, oldest=NOW - 100)
    assert arrival.admitted(NOW - 99) == NOW - 99
    assert arrival.admitted(NOW + MOST_AHEAD) == NOW
    for wrong in (NOW - 100, NOW + MOST_AHEAD + 1):
        with pytest.raises(RefusedError):
            arrival.admitted(wrong)
