"""Pages of metrics from a real server on loopback, well and badly given, and what the collector makes of them."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors._activity import MODELS
from collectors._http import Limits
from collectors.openmetrics import CALM, RARELY, OpenMetricsCollector
from monitor.collector import Retry
from monitor.core.activity import ActivitySeries, Authority, Unit
from monitor.core.readings import ActivityReading
from monitor.core.services import Page
from tests.fixtures.pages import BORN, Hosted, read, saved, tokens, vllm
from tests.parts.grid import Asked, Reply
from tests.parts.loopback import free_port

pytestmark = pytest.mark.usefixtures("no_proxy")

GZIPPED = {"Content-Encoding": "gzip"}


@pytest.fixture
def host() -> Iterator[Hosted]:
    host = Hosted()
    with host.server:
        yield host


def trouble(collector: OpenMetricsCollector) -> str:
    (standing,) = collector.standing()
    assert "\n" not in standing.trouble
    return standing.trouble


def test_a_page_is_read_as_its_services(host: Hosted) -> None:
    page = host.add(reply=saved("llamacpp_after_load"), consumer="assistant", kind="vllm", started=3)
    collector = host.collector()
    assert read(collector) == [
        ActivityReading(ActivitySeries("assistant", Authority.SERVER, page.url, "", unit), count, epoch="3")
        for unit, count in [
            (Unit.COMPUTED_INPUT_TOKENS, 22814),
            (Unit.INPUT_TOKENS, 27613),
            (Unit.OUTPUT_TOKENS, 5715),
        ]
    ]
    (standing,) = collector.standing()
    assert (standing.page, standing.trouble, standing.asleep) == (page, "", False)
    assert standing.lacks_requests
    assert standing.told is not None
    assert standing.told.running == 0
    assert collector.sources() == ()
    collector.close()


def test_each_page_is_told_with_what_it_counts_or_why_it_can_not_be_read_and_the_cure(host: Hosted) -> None:
    host.add("/a", saved("llamacpp_after_load"), consumer="assistant")
    host.add("/b", Reply(status=404))
    host.add("/c", Reply(status=503))
    host.add("/d", Reply(b"<html>a</html>\n"))
    host.add("/e", token_file="/nowhere/token")  # noqa: S106 - a path
    collector = host.collector()
    collector.collect()
    good, gone, loading, other, locked = collector.pages()
    assert (good.address, good.consumer, good.kinds) == (f"{host.server.url}/a", "assistant", ("llama-cpp",))
    assert good.counts == ("input_tokens", "computed_input_tokens", "output_tokens")
    assert (good.trouble, good.cure) == ("", "")
    assert "status 404" in gone.trouble
    assert gone.cure.startswith("switch its metrics on, or give its [[service]] the right address and token")
    assert loading.cure == "see that its server runs, and answers within 1 s"
    assert other.cure == gone.cure
    assert (locked.trouble.partition(": ")[2], locked.cure) == ("let the daemon's user alone read it", "")
    assert {page.counts for page in (gone, loading, other, locked)} == {()}


def test_a_gateway_speaks_as_one_and_every_service_by_itself(host: Hosted) -> None:
    host.add("/b", saved("litellm"), consumer="gateway")
    host.add("/a", saved("triton"), consumer="vision")
    rows = read(host.collector())
    assert [row.series for row in rows] == sorted(row.series for row in rows)
    assert {(row.series.consumer, row.series.authority) for row in rows} == {
        ("gateway", Authority.GATEWAY),
        ("vision", Authority.SERVER),
    }
    assert {row.epoch for row in rows} == {"1795462310.61", ""}


def test_a_model_that_the_page_does_not_name_is_the_one_that_is_configured(host: Hosted) -> None:
    host.add(reply=saved("llamacpp_idle"), model="mistral-small")
    assert {row.series.model for row in read(host.collector())} == {"mistral-small"}
    host.replies["/metrics"] = vllm(own=3)
    assert tokens(host.collector()) == {"own": (3, False)}


def test_nothing_is_asked_where_there_is_no_page(host: Hosted) -> None:
    assert host.collector().collect() == []
    assert host.asked == []


BAD = {
    "HTML": (Reply(b"<html>a</html>\n"), "what is there is HTML, and no page of metrics"),
    "JSON": (Reply(b'{"object": "error"}\n'), "what is there is JSON, and no page of metrics"),
    "cut": (Reply(b"vllm:generation_tokens_total 5\nvllm:generation_to"), "breaks off in its last line"),
    "shorter than said": (Reply(b"vllm:generation_tokens_total 5\n", length=500), "broke off its answer"),
    "packed and cut": (Reply(gzip.compress(b"tgi_request_success 5\n")[:-9], headers=GZIPPED), "broke off its answer"),
    "not packed": (Reply(b"tgi_request_success 5\n", headers=GZIPPED), "can't be read"),
    "a bomb": (Reply(gzip.compress(b"tgi_request_success 5\n" * 100_000), headers=GZIPPED), "more than 200000 bytes"),
    "too big": (Reply(b"a 5\n" * 100_000), "more than 200000 bytes"),
    "not UTF-8": (Reply('te_request_success{m="é"} 5\n'.encode("latin-1")), "is no text in UTF-8"),
    "nothing known": (Reply(b"up 1\n"), "is a page of metrics with no counter that is known"),
    "empty": (Reply(b""), "is a page of metrics with no counter that is known"),
    "no count": (Reply(b"tgi_request_success -5\n"), "which is no count"),
    "a strange line": (Reply(b"tgi_request_success five\n"), "has a line of tgi_request_success that can't be read"),
    "gone": (Reply(status=404), "answers with status 404"),
    "switched off": (Reply(status=501), "answers with status 501"),
    "refused": (Reply(status=401), "answers with status 401"),
    "loading": (Reply(status=503), "answers with status 503: it is asked again in 5 s"),
    "broken": (Reply(status=500), "answers with status 500: it is asked again in 5 s"),
    "elsewhere": (Reply(status=302, headers={"Location": "http://198.51.100.7/metrics"}), "redirects to another host"),
    "silent": (Reply(silent=True), "did not answer in time"),
    "slow": (Reply(b"tgi_request_success 5\n" * 9, drip=0.25), "took longer than 1 s"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_page_that_misbehaves_is_told_in_a_sentence_and_costs_the_others_nothing(host: Hosted, name: str) -> None:
    reply, why = BAD[name]
    host.add("/a-bad", reply, started=900)
    host.add("/good", vllm(m=3), started=900)
    collector = host.collector()
    assert tokens(collector) == {"m": (3, True)}
    bad, good = collector.standing()
    assert why in bad.trouble
    assert "\n" not in bad.trouble
    assert good.trouble == ""


@pytest.mark.parametrize("name", BAD)
def test_a_configured_page_that_misbehaves_is_an_error_and_one_that_was_found_is_not(host: Hosted, name: str) -> None:
    reply, why = BAD[name]
    page = host.add(reply=reply)
    assert host.collector().collect() == []
    host.change(page, configured=True)
    with pytest.raises(Retry, match=r"http://127\.0\.0\.1:\d+/metrics: .") as caught:
        host.collector().collect()
    assert why in str(caught.value)


def test_where_another_page_can_be_read_a_configured_one_that_fails_is_in_the_standing_alone(host: Hosted) -> None:
    host.add("/bad", configured=True)
    host.add("/good", vllm(m=3))
    collector = host.collector()
    assert tokens(collector) == {"m": (3, False)}
    assert [bool(standing.trouble) for standing in collector.standing()] == [True, False]


def test_a_page_that_is_none_is_asked_again_once_a_minute_and_one_that_may_come_back_at_once(host: Hosted) -> None:
    host.add("/none")
    host.add("/loading", Reply(status=503))
    host.add("/configured", configured=True)
    collector = host.collector()
    for _ in range(RARELY):
        with pytest.raises(Retry):
            collector.collect()
    asked = host.asked
    assert (asked.count("/none"), asked.count("/loading"), asked.count("/configured")) == (1, RARELY, RARELY)
    host.replies["/none"] = vllm(m=4)
    assert tokens(collector) == {"m": (4, False)}
    assert host.asked.count("/none") == 1


def test_a_new_process_is_asked_at_once(host: Hosted) -> None:
    page = host.add(started=900)
    collector = host.collector()
    collector.collect()
    host.change(page, started=901)
    host.replies["/metrics"] = vllm(m=4)
    assert tokens(collector) == {"m": (4, True)}


def test_nobody_listens_there(host: Hosted) -> None:
    host.listed.append(Page("a", f"http://127.0.0.1:{free_port()}/metrics", "vllm"))
    collector = host.collector()
    assert collector.collect() == []
    assert "can't be reached: it is asked again in 5 s" in trouble(collector)


def test_pages_that_take_long_take_turns(host: Hosted) -> None:
    """Whatever they do, one read has an end; who was left out is the first of the next."""
    now = [0.0]

    def slow(_: Asked) -> Reply:
        now[0] += 4
        return vllm(m=1)

    for path in ("/a", "/b", "/c", "/d"):
        host.add(path)
        host.replies[path] = slow
    collector = host.collector(monotonic=lambda: now[0], limits=Limits(connect=1, read=1, total=9, retries=0))
    collector.collect()
    assert host.asked == ["/a", "/b", "/c"]
    collector.collect()
    assert host.asked == ["/d", "/a", "/b"]


def test_the_page_is_asked_for_in_text_and_through_no_proxy(host: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    host.add(reply=vllm(m=1))
    assert tokens(host.collector()) == {"m": (1, False)}
    (asked,) = host.server.asked
    assert asked.headers["Accept"].startswith("text/plain; version=0.0.4")
    assert "Authorization" not in asked.headers


def test_a_packed_page_and_one_that_moved_on_the_same_host_are_read(host: Hosted) -> None:
    host.replies["/metrics/"] = Reply(gzip.compress(b"tgi_request_success 5\n"), headers=GZIPPED)
    host.add(reply=Reply(status=307, headers={"Location": "/metrics/"}))
    assert [row.count for row in read(host.collector())] == [5]


def test_the_token_is_sent_as_the_file_has_it_now_and_is_in_no_message(host: Hosted, tmp_path: Path) -> None:
    file = tmp_path / "token"
    secret = "s3cret"  # noqa: S105 - it opens nothing

    def guarded(asked: Asked) -> Reply:
        return vllm(m=1) if asked.headers["Authorization"] == f"Bearer {secret}" else Reply(status=401)

    host.add(configured=True, token_file=str(file))
    host.replies["/metrics"] = guarded
    collector = host.collector()
    for content, why in [(None, "can't be read"), ("", "is empty"), ("wr0ng\n", "status 401"), ("a\nb", "no key has")]:
        if content is not None:
            file.write_text(content)
        with pytest.raises(Retry, match=why) as caught:
            collector.collect()
        assert "wr0ng" not in str(caught.value)
    file.write_text(f"{secret}\n")
    assert tokens(collector) == {"m": (1, False)}


def test_what_a_server_did_before_ours_was_started_is_not_fresh_and_what_it_did_since_is(host: Hosted) -> None:
    page = host.add(reply=vllm(m=10), started=BORN - 1)
    collector = host.collector()
    assert tokens(collector) == {"m": (10, False)}
    host.change(page, started=BORN + 100)
    host.replies["/metrics"] = vllm(m=4)
    assert tokens(collector) == {"m": (4, True)}
    assert {row.epoch for row in read(collector)} == {str(BORN + 100)}


def test_a_server_that_was_started_after_ours_is_fresh_at_first_sight(host: Hosted) -> None:
    host.add(reply=vllm(m=10), started=BORN + 1)
    collector = host.collector()
    assert tokens(collector) == tokens(collector) == {"m": (10, True)}


def test_where_our_own_process_is_not_seen_whoever_is_there_at_the_first_look_is_old(host: Hosted) -> None:
    host.births = {1: 1, 9: 700}
    page = host.add(reply=vllm(m=10), started=700)
    collector = host.collector()
    assert tokens(collector) == {"m": (10, False)}
    host.births[10] = 701
    host.change(page, started=701)
    assert tokens(collector) == {"m": (10, True)}


def test_a_model_that_comes_later_did_everything_under_our_eyes(host: Hosted) -> None:
    host.add(reply=vllm(old=10), started=BORN - 1)
    collector = host.collector()
    assert tokens(collector) == {"old": (10, False)}
    host.replies["/metrics"] = vllm(old=11, new=7)
    assert tokens(collector) == {"old": (11, False), "new": (7, True)}


def test_the_first_request_of_a_counter_that_was_announced_is_fresh(host: Hosted) -> None:
    host.add(reply=vllm(), started=BORN - 1)
    collector = host.collector()
    assert tokens(collector) == {}
    host.replies["/metrics"] = vllm(m=7)
    assert tokens(collector) == {"m": (7, True)}


def test_too_many_models_become_one_without_a_name_and_nothing_of_them_is_new(host: Hosted) -> None:
    models = {f"m{number}": 1000 for number in range(MODELS)}
    host.add(reply=vllm(**models), started=BORN - 1)
    collector = host.collector()
    assert len(tokens(collector)) == MODELS
    host.replies["/metrics"] = vllm(**models, another=5)
    assert tokens(collector) == {"": (1000 * MODELS + 5, False)}


def prompts(*lines: str) -> Reply:
    """Return a page of vLLM's of one model: what its prompts had, by the rest of the counter's name."""
    return Reply(
        "".join(f"vllm:prompt_tokens{line.replace(' ', '{model_name=`m`} ', 1)}\n" for line in lines)
        .replace("`", '"')
        .encode()
    )


def computed(collector: OpenMetricsCollector) -> list[tuple[int, bool]]:
    return [(row.count, row.fresh) for row in read(collector) if row.series.unit is Unit.COMPUTED_INPUT_TOKENS]


def test_a_unit_that_is_known_only_by_now_is_not_new_where_its_counters_are_old(host: Hosted) -> None:
    """The first cached token makes it known how many were computed since long ago."""
    host.add(reply=prompts("_total 1000000"), started=BORN - 1)
    collector = host.collector()
    assert computed(collector) == []
    host.replies["/metrics"] = prompts("_total 1000100", "_cached_total 30")
    assert computed(collector) == [(1000070, False)]


@pytest.mark.parametrize("value", ["NaN", "+Inf", "1e999"])
def test_a_counter_that_is_no_number_for_a_moment_is_not_told_and_not_new_afterwards(host: Hosted, value: str) -> None:
    host.add(reply=prompts(f"_total {value}"), started=BORN - 1)
    collector = host.collector()
    assert read(collector) == []
    host.replies["/metrics"] = prompts("_total 1000000")
    assert [(row.count, row.fresh) for row in read(collector)] == [(1000000, False)]


def test_where_neither_process_nor_beginning_is_known_nothing_is_fresh(host: Hosted) -> None:
    """Several servers may answer in turn, each with counters of its own."""
    host.add(reply=vllm(old=10))
    collector = host.collector()
    collector.collect()
    host.replies["/metrics"] = vllm(old=11, new=7)
    assert tokens(collector) == {"old": (11, False), "new": (7, False)}
    assert {row.epoch for row in read(collector)} == {""}


def test_a_server_that_says_when_it_began_has_that_for_its_epoch(host: Hosted) -> None:
    host.add(reply=vllm(start=1000.5, m=10), started=BORN + 1)
    collector = host.collector()
    assert {(row.epoch, row.fresh) for row in read(collector)} == {("1000.5", True)}
    host.replies["/metrics"] = vllm(start=1100, m=2)
    assert {(row.epoch, row.fresh) for row in read(collector)} == {("1100.0", False)}, "a worker of it began anew"


@pytest.mark.parametrize(
    ("start", "url", "began"),
    [
        (1000.5, "http://127.0.0.1:{port}/metrics", 1000_500_000_000),
        (1000.5, "http://localhost:{port}/metrics", 1000_500_000_000),
        (None, "http://127.0.0.1:{port}/metrics", None),
    ],
)
def test_when_a_server_of_this_machine_began_is_told(
    host: Hosted, start: float | None, url: str, began: int | None
) -> None:
    page = host.add(reply=vllm(start=start, m=10), started=BORN + 1)
    host.change(page, url=url.format(port=page.url.rpartition(":")[2].partition("/")[0]))
    assert {row.began for row in read(host.collector())} == {began}


def test_several_processes_that_answer_in_turn_are_found_out(host: Hosted) -> None:
    """Each has counters of its own: what one says is not what the service did."""
    host.add(reply=vllm(start=1000, m=10), started=BORN + 1)
    collector = host.collector()
    collector.collect()
    host.replies["/metrics"] = vllm(start=1001, m=3)
    collector.collect()
    host.replies["/metrics"] = vllm(start=1000, m=12)
    assert collector.collect() == []
    assert "several processes answer there" in trouble(collector)
    host.replies["/metrics"] = vllm(start=1001, m=4)
    for _ in range(RARELY):
        assert collector.collect() == []


def test_several_servers_behind_one_address_that_tell_no_beginning_are_found_out(host: Hosted) -> None:
    """Their counters fall and are back at the next look: nothing of that is told as if it began anew."""
    host.add()
    collector = host.collector()
    seen = []
    for count in (1000, 900, 1010, 905, 1010, 910, 1020):
        host.replies["/metrics"] = vllm(m=count)
        seen.append(tokens(collector))
    assert seen == [{"m": (1000, False)}] * 2 + [{"m": (1010, False)}] * 2 + [{}] * 3
    assert "several processes answer there" in trouble(collector)


def test_a_counter_of_unknown_beginning_that_stays_low_began_anew_and_may_do_so_often(host: Hosted) -> None:
    host.add()
    collector = host.collector()
    seen = []
    for count in (1000, 3, 40, *[50] * CALM, 5, 60, *[70] * CALM, 6, 80):
        host.replies["/metrics"] = vllm(m=count)
        seen.append(tokens(collector)["m"][0])
    assert seen == [1000, 1000, 40, *[50] * CALM, 50, 60, *[70] * CALM, 70, 80]


def test_a_process_that_is_not_seen_for_a_moment_is_the_same(host: Hosted) -> None:
    page = host.add(reply=vllm(m=10), started=BORN - 1)
    collector = host.collector()
    first = read(collector)
    host.change(page, started=None)
    assert read(collector) == first


def test_a_counter_that_falls_is_told_as_it_is_once_it_is_seen_to_stay(host: Hosted) -> None:
    host.add(reply=vllm(m=10))
    collector = host.collector()
    collector.collect()
    host.replies["/metrics"] = vllm(m=2)
    assert tokens(collector) == {"m": (10, False)}
    assert tokens(collector) == {"m": (2, False)}


def test_a_counter_of_a_known_beginning_that_falls_is_told_at_once(host: Hosted) -> None:
    host.add(reply=vllm(m=10), started=BORN - 1)
    collector = host.collector()
    collector.collect()
    host.replies["/metrics"] = vllm(m=2)
    assert tokens(collector) == {"m": (2, False)}


def engines(*tokens: int) -> Reply:
    text = 'vllm:generation_tokens_total{{model_name="m",replica="{}"}} {}\n'
    return Reply("".join(text.format(number, count) for number, count in enumerate(tokens) if count >= 0).encode())


def test_what_is_left_when_a_replica_goes_is_not_counted_again(host: Hosted) -> None:
    """Of an autoscaled model series go while the others count on: their sum falls, and nothing began anew."""
    page = host.add(started=BORN - 1)
    collector = host.collector()
    seen = []
    for reply in (engines(100, 50), engines(110, 60), engines(-1, 65), engines(-1, 75), engines(-1, 75, 5, 5)):
        host.replies["/metrics"] = reply
        seen += [row.count for row in read(collector)]
    assert seen == [150, 170, 170, 180, 190]
    host.replies["/metrics"] = engines(-1, 4, 3, 2)
    assert tokens(collector) == {"m": (9, False)}, "all of them fell: they began anew"
    host.replies["/metrics"] = engines(-1, 4, 3)
    assert tokens(collector) == {"m": (9, False)}
    host.change(page, started=BORN + 7)
    assert tokens(collector) == {"m": (7, True)}, "a new server owes nothing to those that went before it"


def test_what_comes_when_the_last_replica_went_begins_anew(host: Hosted) -> None:
    host.add(started=BORN - 1)
    collector = host.collector()
    for reply in (engines(100, 50), engines(110), Reply(b"tgi_request_success 1\n")):
        host.replies["/metrics"] = reply
        collector.collect()
    host.replies["/metrics"] = engines(3)
    assert tokens(collector) == {"m": (3, False)}


def test_what_went_is_still_counted_where_a_difference_was_read_a_moment_apart(host: Hosted) -> None:
    host.add(started=BORN - 1)
    collector = host.collector()
    seen = []
    for first, second, cached in [(100, 100, 40), (100, 0, 40), (110, 0, 60), (130, 0, 60)]:
        both = f'_total{{model_name="m",engine="1"}} {second}\n' if second else ""
        text = "".join(f"vllm:prompt_tokens{line}" for line in (f'_total{{model_name="m"}} {first}\n', both) if line)
        host.replies["/metrics"] = Reply(f'{text}vllm:prompt_tokens_cached_total{{model_name="m"}} {cached}\n'.encode())
        seen += computed(collector)
    assert [count for count, _ in seen] == [160, 160, 160, 170]


def test_a_difference_does_not_fall_because_its_counters_were_read_a_moment_apart(host: Hosted) -> None:
    def prompts(logical: int, cached: int) -> Reply:
        labels = '{model_name="m"}'
        text = f"vllm:prompt_tokens_total{labels} {logical}\nvllm:prompt_tokens_cached_total{labels} {cached}\n"
        return Reply(text.encode())

    host.add(started=BORN - 1)
    collector = host.collector()
    seen = []
    for logical, cached in [(100, 40), (100, 55), (120, 60), (120, 55), (30, 20)]:
        host.replies["/metrics"] = prompts(logical, cached)
        seen += [row.count for row in read(collector) if row.series.unit is Unit.COMPUTED_INPUT_TOKENS]
    assert seen == [60, 60, 60, 65, 10], "the last is a new beginning, and falls"


def test_a_page_that_goes_is_forgotten(host: Hosted) -> None:
    host.add(reply=vllm(m=1))
    collector = host.collector()
    collector.collect()
    host.listed.clear()
    assert collector.collect() == []
    assert collector.standing() == ()
