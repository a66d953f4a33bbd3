"""Which metrics pages are found on a host, and which ports are never asked."""

import os
from pathlib import Path
from typing import Any

import pytest

from monitor.adapters.pages import Pages
from monitor.adapters.procfs import listeners
from monitor.core.entries import ServiceFacts
from monitor.core.services import Catalogue, Match, Page, PageRule, ServiceRule
from monitor.workloads import HostWorkloads, catalogue
from tests.fixtures.procfs import TCP_HEADER, Processes
from tests.fixtures.unprivileged import directory_for_all, run_as_nobody

KINDS = catalogue()
VLLM = "/system.slice/vllm.service"


class Scene(Processes):
    """Processes that listen, and the pages that come of it."""

    def pages(self, *rules: ServiceRule, **options: Any) -> tuple[Page, ...]:
        workloads = HostWorkloads(self.procfs, rules, options.pop("kinds", KINDS), own_pid=90, **options)
        workloads.refresh()
        return workloads.pages()

    def urls(self, *rules: ServiceRule, **options: Any) -> list[str]:
        return [page.url for page in self.pages(*rules, **options)]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def rule(key: str, url: str = "", **match: Any) -> ServiceRule:
    page = PageRule(url, "m", "/etc/token") if url else None
    return ServiceRule(ServiceFacts(key, key, found_by="configured"), Match(**match), page)


def test_a_known_server_is_read_where_it_listens(scene: Scene) -> None:
    scene.start(10, "/usr/bin/vllm serve m")
    assert scene.urls() == [], "it loads its model, and does not listen yet"
    scene.listen(10, 8000)
    assert scene.pages() == (Page("vllm", "http://127.0.0.1:8000/metrics", "vllm", started=102),)


@pytest.mark.parametrize(
    ("command", "port", "url"),
    [
        ("vllm serve m --port 8123", 8123, "http://127.0.0.1:8123/metrics"),
        ("vllm serve m --config c.yaml", 8123, "http://127.0.0.1:8123/metrics"),
        ("tritonserver --model-repository r", 8002, "http://127.0.0.1:8002/metrics"),
        ("tritonserver --metrics-port=9002", 9002, "http://127.0.0.1:9002/metrics"),
        ("ovms --port 9000 --rest_port 8500 --metrics_enable", 8500, "http://127.0.0.1:8500/metrics"),
        ("python3 -m vllm_nvext.entrypoints.openai.api_server", 8000, "http://127.0.0.1:8000/v1/metrics"),
        ("trtllm-serve m --port 8355", 8355, "http://127.0.0.1:8355/prometheus/metrics"),
    ],
)
def test_the_port_is_the_one_that_is_named_else_the_usual_else_the_only_one(
    scene: Scene, command: str, port: int, url: str
) -> None:
    scene.start(10, command)
    scene.listen(10, port)
    assert scene.urls() == [url]


def test_the_port_of_a_child_is_its_services(scene: Scene) -> None:
    """Several workers hold the socket of their parent: the counters are as old as the first of them."""
    scene.start(10, "litellm --config c.yaml")
    scene.start(11, "python3 -c spawn", parent=10)
    scene.start(12, "python3 -c spawn", parent=10)
    scene.listen(11, 4000)
    (scene.procfs / "12/fd/3").symlink_to((scene.procfs / "11/fd/3").readlink())
    assert scene.pages() == (Page("litellm", "http://127.0.0.1:4000/metrics", "litellm", started=103),)


def test_each_model_of_a_router_has_a_page(scene: Scene) -> None:
    scene.start(10, "llama-server --models-dir m --port 8080")
    scene.start(11, "llama-server --model a --port 40001", parent=10)
    scene.start(12, "llama-server --model b --port 40002", parent=10)
    for pid, port in ((10, 8080), (11, 40001), (12, 40002)):
        scene.listen(pid, port)
    assert {(page.consumer, page.url) for page in scene.pages()} == {
        ("llama-cpp", f"http://127.0.0.1:{port}/metrics") for port in (8080, 40001, 40002)
    }


def test_what_workers_tell_each_other_is_not_disturbed(scene: Scene) -> None:
    scene.start(10, "/usr/bin/vllm serve m")
    scene.start(11, "VLLM::EngineCore", parent=10)
    scene.listen(11, 45123)
    assert scene.urls() == [], "its only port is for its own"


def test_of_several_ports_none_is_tried(scene: Scene) -> None:
    scene.start(10, "/usr/bin/vllm serve m --config c.yaml")
    scene.listen(10, 8123)
    (scene.procfs / "10/fd/3").rename(scene.procfs / "10/fd/4")
    scene.listen(10, 45123)
    assert scene.urls() == []


def test_a_port_on_which_somebody_else_listens_is_not_asked(scene: Scene) -> None:
    scene.start(10, "/usr/bin/vllm serve m")
    scene.start(20, "nginx")
    scene.listen(20, 8000)
    assert scene.urls() == []


def test_a_server_without_a_page_and_one_that_forwards_have_none(scene: Scene) -> None:
    scene.start(10, "ollama serve")
    scene.listen(10, 11434)
    scene.start(11, "docker-proxy -host-port 8000")
    scene.listen(11, 8000)
    assert scene.urls(rule("proxied", process="docker-proxy")) == []


@pytest.mark.parametrize(
    ("table", "address", "host"),
    [
        ("tcp", "0100007F", "127.0.0.1"),
        ("tcp", "0200007F", "127.0.0.2"),
        ("tcp", "00000000", "127.0.0.1"),
        ("tcp", "0501A8C0", ""),
        ("tcp6", "00000000000000000000000000000000", "127.0.0.1"),
        ("tcp6", "00000000000000000000000001000000", "[::1]"),
        ("tcp6", "0000000000000000FFFF00000100007F", "127.0.0.1"),
        ("tcp6", "0000000000000000FFFF00000501A8C0", ""),
        ("tcp6", "B80D0120000000000000000001000000", ""),
    ],
)
def test_a_page_is_asked_on_loopback_or_not_at_all(scene: Scene, table: str, address: str, host: str) -> None:
    scene.start(10, "vllm serve m")
    scene.listen(10, 8000)
    net = scene.procfs / "net"
    text = (net / "tcp").read_text().replace("0100007F:1F40", f"{address}:1F40")
    (net / "tcp").unlink()
    (net / table).write_text(text)
    assert [one.host for one in listeners(scene.procfs)] == [host]
    assert scene.urls() == ([f"http://{host}:8000/metrics"] if host else [])


def test_a_table_that_is_damaged_shows_what_can_be_read(scene: Scene) -> None:
    row = "   1: {} 00000000:0000 0A 00000000:00000000 00:00000000 00000000  {}  0 9 1\n"
    rows = [row.format("0100007F:1F40", 0), row.format("zz00007F:1F40", 0)]
    rows += [row.format("0100007F:1F41", "x"), "   2: 0100007F:1F42 00000000:0000 0A"]
    (scene.procfs / "net/tcp").write_text(TCP_HEADER + "".join(rows))
    assert [one.port for one in listeners(scene.procfs)] == [8000]


def test_a_configured_page_stands_for_its_service_with_what_is_known_of_the_process(scene: Scene) -> None:
    scene.start(10, "vllm serve m", cgroup=VLLM)
    scene.listen(10, 8000)
    configured = rule("assistant", "http://localhost:8000/metrics", systemd="vllm.service")
    (page,) = scene.pages(configured)
    assert (page.consumer, page.url) == ("assistant", "http://localhost:8000/metrics")
    assert (page.kind, page.configured, page.started) == ("vllm", True, 102)
    assert (page.model, page.token_file) == ("m", "/etc/token")


def test_the_process_behind_a_configured_page_is_known_only_where_it_is_its_services(scene: Scene) -> None:
    """One that only passes on may be new before counters that are old."""
    scene.start(10, "vllm serve m", cgroup=VLLM)
    scene.start(20, "nginx")
    scene.listen(20, 8000)
    here = rule("a", "http://127.0.0.1:8000/metrics", systemd="vllm.service")
    away = rule("b", "http://192.0.2.7:8000/metrics", systemd="b.service")
    assert [(page.url, page.started, page.kind) for page in scene.pages(here, away)] == [
        ("http://127.0.0.1:8000/metrics", None, ""),
        ("http://192.0.2.7:8000/metrics", None, ""),
    ]


def test_a_configured_service_of_a_known_kind_is_found_without_its_page(scene: Scene) -> None:
    scene.start(10, "vllm serve m", cgroup=VLLM)
    scene.listen(10, 8000)
    assert [page.consumer for page in scene.pages(rule("assistant", systemd="vllm.service"))] == ["assistant"]


def test_switched_off_only_what_is_configured_is_read(scene: Scene) -> None:
    scene.start(10, "vllm serve m")
    scene.listen(10, 8000)
    assert scene.urls(pages=False) == []
    assert scene.urls(rule("a", "http://h/metrics", systemd="a.service"), pages=False) == ["http://h/metrics"]


@pytest.mark.parametrize(
    ("option", "sleeps"),
    [("--sleep-idle-seconds 60", True), ("--sleep-idle-seconds=60", True), ("--sleep-idle-seconds -1", False)],
)
def test_a_server_that_is_told_to_sleep_is_known(scene: Scene, option: str, sleeps: bool) -> None:
    scene.start(10, f"llama-server --metrics {option}")
    scene.listen(10, 8080)
    assert [page.sleeps for page in scene.pages()] == [sleeps]


def test_a_restart_is_another_process_and_an_end_no_page(scene: Scene) -> None:
    workloads = HostWorkloads(scene.procfs, (), KINDS, own_pid=90)
    scene.start(10, "vllm serve m")
    scene.listen(10, 8000)
    workloads.refresh()
    assert [page.started for page in workloads.pages()] == [102]
    scene.end(10)
    scene.listeners.clear()
    scene.start(11, "vllm serve m")
    scene.listen(11, 8000)
    workloads.refresh()
    assert [page.started for page in workloads.pages()] == [103]
    scene.end(11)
    workloads.refresh()
    assert workloads.pages() == ()


def test_as_long_as_nothing_comes_or_goes_no_process_is_looked_at(scene: Scene) -> None:
    scene.start(10, "vllm serve m")
    scene.listen(10, 8000)
    pages = Pages(scene.procfs, (), Catalogue(KINDS))
    assert [page.url for page in pages.of({10: "vllm"})] == ["http://127.0.0.1:8000/metrics"]
    (scene.procfs / "10/stat").unlink()
    assert len(pages.of({10: "vllm"})) == 1
    assert pages.of({10: "vllm", 11: "vllm"}) == ()


def test_what_a_user_may_not_see_is_known_by_the_owner_of_the_socket() -> None:
    """The descriptors of others are root's to see; whose a socket is, is told to all."""
    with directory_for_all() as place:
        scene = Scene(place)
        for pid, port, command in ((10, 8000, "vllm serve m"), (20, 3000, "text-generation-router")):
            scene.start(pid, command)
            scene.listen(pid, port)
            (scene.procfs / str(pid) / "fd").chmod(0o700)
        table = scene.procfs / "net/tcp"
        rows = table.read_text().replace("00000000  0  0 5000", f"00000000  {os.geteuid()}  0 5000")
        table.write_text(rows.replace("00000000  0  0 5001", "00000000  1234  0 5001"))
        said = run_as_nobody(
            "process",
            place,
            """
from monitor.workloads import HostWorkloads, catalogue
workloads = HostWorkloads(host.procfs, (), catalogue(), own_pid=1)
workloads.refresh()
print([page.url for page in workloads.pages()])
""",
        )
    assert said == "['http://127.0.0.1:8000/metrics']"
