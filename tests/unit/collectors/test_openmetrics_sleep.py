"""A look at a page must not wake a server that sleeps, nor keep it awake."""

import json
from collections.abc import Iterator

import pytest

from tests.fixtures.pages import Hosted, read, saved, tokens, vllm
from tests.parts.grid import Reply
from tests.unit.collectors.test_openmetrics import trouble

pytestmark = pytest.mark.usefixtures("no_proxy")


@pytest.fixture
def host() -> Iterator[Hosted]:
    host = Hosted()
    with host.server:
        yield host


def props(asleep: object, build: str = "b9000-abc") -> Reply:
    return Reply(json.dumps({"is_sleeping": asleep, "build_info": build}).encode())


def test_a_server_that_sleeps_is_not_woken_and_what_it_said_still_holds(host: Hosted) -> None:
    host.add(reply=saved("xllamacpp"), kind="llama-cpp", started=3)
    host.replies["/props"] = props(asleep=False)
    collector = host.collector()
    before = read(collector)
    assert host.asked == ["/props", "/metrics"]
    host.replies["/props"] = props(asleep=True)
    assert read(collector) == before
    assert host.asked == ["/props"]
    (standing,) = collector.standing()
    assert standing.asleep
    assert [(page.asleep, bool(page.counts)) for page in collector.pages()] == [(True, True)]
    host.replies["/props"] = props(asleep=False)
    collector.collect()
    assert host.asked == ["/props", "/metrics"]


def test_one_that_sleeps_from_the_first_look_on_says_nothing_yet(host: Hosted) -> None:
    host.add(reply=saved("xllamacpp"), kind="", configured=True)
    host.replies["/props"] = props(asleep=True)
    collector = host.collector()
    assert collector.collect() == []
    assert host.asked == ["/props"], "what kind it is is not known: it may be one that a look wakes"


@pytest.mark.parametrize("build", ["b11549-abc", "b12000", "b20000-0"])
def test_a_build_that_no_look_wakes_is_asked_once_whether_it_sleeps(host: Hosted, build: str) -> None:
    host.add(reply=saved("xllamacpp"), kind="llama-cpp", sleeps=True)
    host.replies["/props"] = props(asleep=True, build=build)
    collector = host.collector()
    assert len(read(collector)) == len(read(collector)) == 3
    assert host.asked == ["/props", "/metrics", "/metrics"]


@pytest.mark.parametrize("build", ["b11548-abc", "b0-unknown", "", "bx", "b99999999999", "²"])
def test_one_that_a_look_would_keep_awake_is_left_alone_unless_it_is_configured(host: Hosted, build: str) -> None:
    page = host.add(reply=saved("xllamacpp"), kind="llama-cpp", sleeps=True)
    host.replies["/props"] = props(asleep=False, build=build)
    collector = host.collector()
    assert collector.collect() == []
    assert host.asked == ["/props"]
    assert "configure the page to have it read all the same" in trouble(collector)
    host.change(page, configured=True)
    assert len(read(host.collector())) == 3


@pytest.mark.parametrize("reply", [Reply(status=404), Reply(b"<html>"), Reply(b"[1]"), Reply(b'{"a": 1}')])
def test_what_does_not_say_whether_it_sleeps_does_not_and_is_not_asked_again(host: Hosted, reply: Reply) -> None:
    host.add("/deep/metrics", vllm(m=1), kind="")
    host.replies["/deep/props"] = reply
    collector = host.collector()
    assert tokens(collector) == tokens(collector) == {"m": (1, False)}
    assert host.asked == ["/deep/props", "/deep/metrics", "/deep/metrics"]


def test_other_kinds_are_never_asked_whether_they_sleep(host: Hosted) -> None:
    host.add(reply=vllm(m=1), kind="vllm")
    host.collector().collect()
    assert host.asked == ["/metrics"]
