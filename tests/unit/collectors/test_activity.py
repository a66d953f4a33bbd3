"""Every saved page, and for servers that can't be run here one made by hand, with the totals worked out by hand."""

from pathlib import Path

import pytest

from collectors._activity import LONGEST, MODELS, Table, Told
from collectors._exposition import NoMetricsError, samples_of
from monitor.core.activity import Authority, Unit

PAGES = Path(__file__).parents[2] / "fixtures/activity"
TABLE = Table.load()
REQUESTS, INPUT, OUTPUT = Unit.REQUESTS, Unit.INPUT_TOKENS, Unit.OUTPUT_TOKENS
COMPUTED, ITEMS, IMAGES = Unit.COMPUTED_INPUT_TOKENS, Unit.ITEMS, Unit.IMAGES
TOTALS: dict[str, dict[tuple[str, Unit], int]] = {
    "bentoml": {("mlp", REQUESTS): 100},
    "fastapi_instrumentator": {("", REQUESTS): 5},
    "kserve": {("mlp", REQUESTS): 40},
    "litellm": {
        ("small", REQUESTS): 2,
        ("small", INPUT): 48,
        ("small", COMPUTED): 25,
        ("small", OUTPUT): 25,
    },
    "llamacpp_after_load": {("", INPUT): 27613, ("", COMPUTED): 22814, ("", OUTPUT): 5715},
    "llamacpp_idle": {("", INPUT): 0, ("", COMPUTED): 0, ("", OUTPUT): 0},
    "xllamacpp": {("", INPUT): 8792, ("", COMPUTED): 8606, ("", OUTPUT): 1605},
    "mlserver": {("mlp", REQUESTS): 453},
    "ray_serve": {("", REQUESTS): 150},
    "triton": {("mlp", REQUESTS): 828, ("mlp", ITEMS): 26496},
    "vllm_v0": {("mistral-7b", REQUESTS): 733, ("mistral-7b", INPUT): 120034, ("mistral-7b", OUTPUT): 1_500_000},
    "vllm_v1": {
        ("large", REQUESTS): 31,
        ("large", INPUT): 3000,
        ("large", COMPUTED): 1950,
        ("large", OUTPUT): 750,
        ("adapter", REQUESTS): 1,
        ("adapter", INPUT): 70,
        ("adapter", COMPUTED): 70,
        ("adapter", OUTPUT): 9,
    },
    "tgi": {("", REQUESTS): 40, ("", INPUT): 5120, ("", OUTPUT): 8000},
    "tei": {("", REQUESTS): 16, ("", INPUT): 2222},
    "sglang": {
        ("qwen", REQUESTS): 11228,
        ("qwen", INPUT): 8128,
        ("qwen", COMPUTED): 3028,
        ("qwen", OUTPUT): 7_557_572,
    },
    "nim": {
        ("meta/llama-3.1-8b-instruct", REQUESTS): 8,
        ("meta/llama-3.1-8b-instruct", INPUT): 900,
        ("meta/llama-3.1-8b-instruct", OUTPUT): 650,
    },
    "localai": {
        ("phi", REQUESTS): 5,
        ("phi", INPUT): 111,
        ("phi", OUTPUT): 72,
        ("bge", REQUESTS): 2,
        ("bge", INPUT): 30,
    },
    "xinference": {("qwen", REQUESTS): 18, ("bge", REQUESTS): 7, ("qwen", INPUT): 1000, ("qwen", OUTPUT): 444},
    "openvino": {("resnet", REQUESTS): 75, ("llm", REQUESTS): 9},
    "torchserve": {("noop", REQUESTS): 15},
    "dynamo": {("qwen", REQUESTS): 30, ("qwen", INPUT): 3000, ("qwen", OUTPUT): 6060},
    "lmdeploy": {
        ("internlm", REQUESTS): 3,
        ("internlm", INPUT): 10,
        ("internlm", COMPUTED): 6,
        ("internlm", OUTPUT): 20,
    },
    "tensorrt_llm": {
        ("llama", REQUESTS): 7,
        ("llama", INPUT): 1000,
        ("llama", COMPUTED): 600,
        ("llama", OUTPUT): 70,
    },
    "ollama_proxy": {("gemma3", REQUESTS): 6, ("gemma3", INPUT): 60, ("gemma3", OUTPUT): 600},
    "triton_vllm": {
        ("llm", REQUESTS): 9,
        ("resnet", REQUESTS): 100,
        ("llm", ITEMS): 9,
        ("resnet", ITEMS): 800,
        ("llm", INPUT): 500,
        ("llm", OUTPUT): 250,
    },
    "ray_vllm": {("", REQUESTS): 14, ("qwen", INPUT): 100, ("qwen", OUTPUT): 7},
    "llamacpp_before_cache": {("", COMPUTED): 6886, ("", OUTPUT): 3469},
}
KINDS = {
    "fastapi_instrumentator": ("fastapi",),
    "llamacpp_after_load": ("llama-cpp",),
    "llamacpp_before_cache": ("llama-cpp",),
    "llamacpp_idle": ("llama-cpp",),
    "ollama_proxy": ("ollama",),
    "ray_serve": ("ray-serve",),
    "ray_vllm": ("ray-serve", "vllm"),
    "tensorrt_llm": ("tensorrt-llm",),
    "triton_vllm": ("triton", "vllm"),
    "vllm_v0": ("vllm",),
    "vllm_v1": ("vllm", "fastapi"),
    "xllamacpp": ("llama-cpp",),
}
STARTS = {
    "fastapi_instrumentator": "1795463574.83",
    "kserve": "1795463055.41",
    "litellm": "1795462310.61",
    "vllm_v1": "1795462310.61",
}
IDLE = ("bentoml", "llamacpp_after_load", "llamacpp_idle", "xllamacpp", "ray_serve", "openvino")
RUNNING = dict.fromkeys(IDLE, 0) | {
    "litellm": 1,
    "vllm_v0": 2,
    "vllm_v1": 4,
    "tgi": 4,
    "sglang": 5,
    "nim": 1,
    "xinference": 1,
    "dynamo": 2,
    "tensorrt_llm": 6,
}


def told(text: str) -> Told:
    return TABLE.told(samples_of(text.encode(), TABLE.wanted))


def saved(name: str) -> Told:
    return told((PAGES / f"{name}.txt").read_text())


def counts(page: Told) -> dict[tuple[str, Unit], int]:
    assert len({(count.model, count.unit) for count in page.counts}) == len(page.counts), "told twice"
    return {(count.model, count.unit): count.value for count in page.counts}


def test_every_page_has_its_totals() -> None:
    assert {path.stem for path in PAGES.glob("*.txt")} == TOTALS.keys()


@pytest.mark.parametrize("name", TOTALS)
def test_a_page_comes_to_what_was_worked_out_by_hand(name: str) -> None:
    page = saved(name)
    assert counts(page) == TOTALS[name]
    assert page.kinds == KINDS.get(name, (name,))
    assert page.start == STARTS.get(name, "")
    assert page.running == RUNNING.get(name)
    assert page.units >= {unit for _, unit in TOTALS[name]}


def test_only_a_gateway_speaks_for_all_that_is_behind_it() -> None:
    authorities = {name: {count.authority for count in saved(name).counts} for name in TOTALS}
    gateways = {name for name, said in authorities.items() if said == {Authority.GATEWAY}}
    assert gateways == {"litellm", "ollama_proxy"}
    assert all(said == {Authority.SERVER} for name, said in authorities.items() if name not in gateways)


def test_llama_cpp_counts_no_requests_and_says_so() -> None:
    assert Unit.REQUESTS not in saved("llamacpp_after_load").units
    assert Unit.REQUESTS in saved("litellm").units


def test_total_at_the_end_of_a_name_may_be_there_or_not() -> None:
    with_it = 'vllm:generation_tokens_total{model_name="m"} 5\ntgi_request_success_total 3\n'
    without = 'vllm:generation_tokens{model_name="m"} 5\ntgi_request_success 3\n'
    assert counts(told(with_it)) == counts(told(without)) == {("m", OUTPUT): 5, ("", REQUESTS): 3}


def test_a_counter_that_is_there_in_both_forms_is_counted_once() -> None:
    assert counts(told("tgi_request_success 3\ntgi_request_success_total 3\n")) == {("", REQUESTS): 3}


def test_what_was_computed_is_the_rest_where_only_the_cache_is_counted() -> None:
    text = 'vllm:prompt_tokens_total{model_name="m"} 50\nvllm:prompt_tokens_cached_total{model_name="m"} 20\n'
    assert counts(told(text))[("m", COMPUTED)] == 30


def test_a_cache_that_was_not_used_yet_took_nothing_off_and_one_that_is_not_counted_leaves_it_unknown() -> None:
    prompts = 'vllm:prompt_tokens_total{model_name="m"} 50\n'
    announced = "# TYPE vllm:prompt_tokens_cached_total counter\n"
    assert counts(told(prompts + announced)) == {("m", INPUT): 50, ("m", COMPUTED): 50}
    assert counts(told(prompts)) == {("m", INPUT): 50}


def test_of_a_model_of_which_more_is_taken_off_than_there_is_nothing_is_said() -> None:
    text = 'vllm:prompt_tokens_total{model_name="m"} 5\nvllm:prompt_tokens_cached_total{model_name="m"} 20\n'
    assert counts(told(text)) == {("m", INPUT): 5}


def test_what_is_announced_and_not_there_yet_is_still_counted_by_this_page() -> None:
    """Until the first request, the less specific family must not stand in: it would be counted twice later."""
    text = '# TYPE vllm:request_success_total counter\nhttp_requests_total{method="POST",status="2xx"} 7\n'
    page = told(text)
    assert counts(page) == {}
    assert Unit.REQUESTS in page.units
    assert page.kinds == ("vllm", "fastapi")


@pytest.mark.parametrize(
    ("labels", "counted"),
    [
        ('endpoint="/embed",http_response_code="200"', 4),
        ('endpoint="/embed",http_response_code="204"', 4),
        ('endpoint="/embed",http_response_code="500"', 0),
        ('endpoint="/embed",http_response_code="404"', 0),
        ('endpoint="/readyz",http_response_code="200"', 0),
        ('endpoint="/metrics",http_response_code="200"', 0),
        ('endpoint="/static_content/a.js",http_response_code="200"', 0),
        ('endpoint="/embed"', 0),
    ],
)
def test_only_what_was_answered_is_a_request(labels: str, counted: int) -> None:
    page = told(f'bentoml_service_request_total{{{labels},service_name="s"}} 4\n')
    assert sum(count.value for count in page.counts) == counted


@pytest.mark.parametrize("value", ["-1", "1e16", "9007199254740992"])
def test_what_is_no_count_makes_the_page_unreadable(value: str) -> None:
    with pytest.raises(NoMetricsError, match="which is no count"):
        told(f"tgi_request_success {value}\n")


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "1e999"])
def test_a_sum_of_which_a_part_is_no_number_is_unknown_and_the_others_are_told(value: str) -> None:
    """Without that part it would fall, and be taken for a counter that began anew."""
    engines = f'vllm:generation_tokens_total{{model_name="m",engine="0"}} {value}\n'
    engines += 'vllm:generation_tokens_total{model_name="m",engine="1"} 2\n'
    another = 'vllm:generation_tokens_total{model_name="n"} 3\n'
    assert counts(told(engines + another)) == {("n", OUTPUT): 3}
    both = f"llamacpp:prompt_tokens_total 5\nllamacpp:prompt_tokens_cached_total {value}\n"
    assert counts(told(both)) == {("", COMPUTED): 5}


def test_what_is_left_of_a_counter_is_unknown_where_what_is_taken_off_is_no_number() -> None:
    text = 'vllm:prompt_tokens_total{model_name="m"} 5\nvllm:prompt_tokens_cached_total{model_name="m"} NaN\n'
    assert counts(told(text)) == {("m", INPUT): 5}


def test_counters_are_whole() -> None:
    assert counts(told("tgi_request_generated_tokens_sum 1.2345678e+06\n")) == {("", OUTPUT): 1_234_568}


def test_series_that_are_there_twice_are_added_up() -> None:
    assert counts(told("tgi_request_success 3\ntgi_request_success 4\n")) == {("", REQUESTS): 7}


def test_too_many_models_are_one_without_a_name() -> None:
    lines = (f'vllm:prompt_tokens_total{{model_name="m{number}"}} 2\n' for number in range(MODELS + 1))
    text = "".join(lines)
    assert counts(told(text)) == {("", INPUT): 2 * (MODELS + 1)}
    assert len(told(text.replace(f'"m{MODELS}"', '"m0"')).counts) == MODELS


def test_a_page_full_of_names_is_one_sum_and_little_is_kept_of_it() -> None:
    """Whoever may load a model may fill a page with names."""
    text = "".join(f'vllm:prompt_tokens_total{{model_name="m{number}"}} 2\n' for number in range(60_000))
    page = samples_of(text.encode(), TABLE.wanted)
    (count,) = TABLE.told(page).counts
    assert (count.value, count.parts) == (120_000, 60_000)
    assert TABLE.counters(page) == count.of == {("vllm:prompt_tokens_total", None)}


def test_the_name_of_a_model_can_be_stored_and_shown() -> None:
    text = 'vllm:prompt_tokens_total{model_name="a\\nb\x1b[31m%s"} 2\n' % ("c" * 300)
    (count,) = told(text).counts
    assert count.model == ("a_b_[31m" + "c" * 300)[:LONGEST]


def test_a_page_on_which_several_began_at_other_times_tells_no_beginning() -> None:
    assert told("process_start_time_seconds 5\ntgi_request_success 1\n").start == "5.0"
    for none in ("NaN", "+Inf", "-1", "1e308"):
        assert told(f"process_start_time_seconds {none}\ntgi_request_success 1\n").start == ""
    two = 'process_start_time_seconds{pid="1"} 5\nprocess_start_time_seconds{pid="2"} 6\n'
    assert told(two + "tgi_request_success 1\n").start == ""


@pytest.mark.parametrize("value", ["-1", "1e308", "NaN", "+Inf"])
def test_requests_at_work_that_cannot_be_are_not_told(value: str) -> None:
    text = f"tgi_batch_current_size {value}\ntgi_batch_current_size {value}\ntgi_request_success 1\n"
    assert told(text).running is None


def test_a_page_of_something_else_is_of_no_kind() -> None:
    page = told("# TYPE up gauge\nup 1\nnode_cpu_seconds_total 5\n")
    assert (page.kinds, page.counts) == ((), ())


def test_each_kind_has_a_source_and_what_may_sleep_is_known_by_its_kind_or_may_be_any() -> None:
    text = (Path(__file__).parents[3] / "monitor/catalogue/activity_pages.toml").read_text()
    assert text.count("\nsource = ") == len(TABLE.kinds)
    assert len({kind.kind for kind in TABLE.kinds}) == len(TABLE.kinds)
    sleep = TABLE.sleep_of("llama-cpp")
    assert sleep is not None
    assert sleep.state == "/props"
    assert TABLE.sleep_of("") == sleep
    assert TABLE.sleep_of("vllm") is None
