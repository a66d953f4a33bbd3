from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from monitor.core.entries import MONITOR, OTHER, ServiceFacts
from monitor.core.services import Match, ServiceRule
from monitor.workloads import LOOKS, HostWorkloads, catalogue
from tests.fixtures.procfs import Processes
from tests.fixtures.unprivileged import directory_for_all, run_as_nobody

if TYPE_CHECKING:
    from pathlib import Path

KINDS = catalogue()
VLLM = "/system.slice/vllm.service"
SHARED = "/ia.slice/shared.scope"


class Scene(Processes):
    """Processes, and who they are taken for."""

    def watch(self, *rules: ServiceRule, **options: Any) -> HostWorkloads:
        kinds = options.pop("kinds", KINDS)
        self.workloads = HostWorkloads(self.procfs, rules, kinds, own_pid=90, **options)
        self.workloads.use_groups(on=True)
        self.workloads.refresh()
        return self.workloads

    def owners(self, *pids: int) -> list[str]:
        self.workloads.refresh()
        return [self.workloads.consumer_of(pid) for pid in pids]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def rule(key: str, **match: Any) -> ServiceRule:
    return ServiceRule(ServiceFacts(key, key, found_by="configured"), Match(**match))


def test_nothing_is_known_before_the_first_look(scene: Scene) -> None:
    workloads = HostWorkloads(scene.procfs, [rule("a", systemd="a.service")], KINDS, 90)
    assert workloads.living() == frozenset()
    assert workloads.present() == frozenset()
    assert workloads.services().keys() == {"a"}


def test_a_server_is_found_with_all_that_it_starts(scene: Scene) -> None:
    scene.start(10, "/usr/bin/vllm serve m")
    scene.start(11, "VLLM::EngineCore", parent=10)
    scene.start(12, "python3 -c spawn", parent=11)
    scene.start(13, "nginx")
    workloads = scene.watch()
    assert scene.owners(10, 11, 12, 13) == ["vllm", "vllm", "vllm", OTHER]
    assert workloads.present() == {"vllm"}
    assert workloads.services()["vllm"].kind == "vllm"
    assert workloads.service_pids() == {10: "vllm", 11: "vllm", 12: "vllm"}


def test_a_child_belongs_to_who_started_it_even_where_it_has_a_lower_number(scene: Scene) -> None:
    scene.start(500, "/usr/bin/ollama serve")
    scene.start(20, "/usr/lib/ollama/llama-server", parent=500)
    scene.watch()
    assert scene.owners(20) == ["ollama"]


def test_a_child_whose_parent_ended_still_belongs_to_its_service(scene: Scene) -> None:
    scene.start(10, "ollama serve")
    scene.start(11, "worker", parent=10)
    scene.watch()
    scene.end(10)
    scene.stat(11, parent=1)
    assert scene.owners(11) == ["ollama"]
    assert scene.workloads.present() == {"ollama"}


def test_what_is_configured_wins_over_what_is_known(scene: Scene) -> None:
    scene.start(10, "ollama serve", cgroup=VLLM)
    scene.start(11, "runner", parent=10, cgroup=VLLM)
    scene.watch(rule("essais", systemd="vllm.service"))
    assert scene.owners(10, 11) == ["essais", "essais"]
    assert scene.workloads.services().keys() == {"essais"}


def test_a_child_that_is_a_configured_service_of_its_own_is_that(scene: Scene) -> None:
    scene.start(10, "/usr/bin/supervisor")
    scene.start(11, "python a.py", parent=10)
    scene.start(12, "python b.py", parent=11)
    scene.watch(rule("a", process=r"a\.py"), rule("b", process=r"b\.py"))
    assert scene.owners(10, 11, 12) == [OTHER, "a", "b"]


def test_the_monitor_and_what_it_starts_are_the_monitor(scene: Scene) -> None:
    scene.start(90, "python -m monitor run")
    scene.start(91, "python -m codecarbon", parent=90)
    scene.watch(rule("all", process="python"))
    assert scene.owners(90, 91) == [MONITOR, "all"]
    scene.watch()
    assert scene.owners(90, 91) == [MONITOR, MONITOR]
    assert scene.workloads.present() == frozenset()


def test_without_a_catalogue_nothing_is_discovered(scene: Scene) -> None:
    scene.start(10, "ollama serve")
    scene.watch(kinds=())
    assert scene.owners(10) == [OTHER]


def test_kernel_threads_are_nobodys_and_never_read(scene: Scene) -> None:
    scene.start(5, "", parent=2, kernel=True)
    workloads = scene.watch(rule("all", process=""))
    assert scene.owners(5) == [OTHER]
    assert 5 in workloads.living()
    assert 5 not in workloads.one_by_one()


def test_beyond_the_cap_a_new_name_is_other_and_it_is_said(scene: Scene) -> None:
    scene.start(10, "ollama serve")
    workloads = scene.watch(rule("a", process="no such"), cap=1)
    assert not workloads.beyond_cap
    scene.start(11, "vllm serve m")
    scene.start(12, "ollama serve")
    assert scene.owners(11, 12) == [OTHER, "ollama"]
    assert workloads.beyond_cap
    assert "vllm" not in workloads.services()


def test_a_shell_that_becomes_a_server_is_found_with_what_it_had_started(scene: Scene) -> None:
    scene.start(10, "bash start.sh")
    scene.start(11, "python tokenizer.py", parent=10)
    scene.start(12, "python helper.py", parent=11)
    scene.watch()
    assert scene.owners(10) == [OTHER]
    scene.exec(10, "vllm serve m")
    assert scene.owners(10, 11, 12) == ["vllm", "vllm", "vllm"]


def test_a_kernel_thread_that_renames_itself_is_nothing_new(scene: Scene) -> None:
    scene.start(5, "", parent=2, kernel=True)
    workloads = scene.watch()
    before = workloads.one_by_one()
    scene.stat(5, comm="kworker/0:1-events")
    workloads.refresh()
    assert workloads.one_by_one() is before


def test_an_old_process_that_becomes_a_server_is_found_in_time(scene: Scene) -> None:
    for pid in range(10, 40):
        scene.start(pid, "sleep")
    scene.watch()
    for _ in range(LOOKS + 1):
        scene.workloads.refresh()
    scene.exec(25, "ollama serve")
    for _ in range(20):
        scene.workloads.refresh()
    assert scene.owners(25) == ["ollama"]


def test_a_number_that_is_used_again_inherits_nothing(scene: Scene) -> None:
    """Defect 3: the start time is part of identity."""
    scene.start(10, "ollama serve")
    scene.watch()
    first = scene.workloads.started(10)
    scene.end(10)
    scene.start(10, "nginx")
    assert scene.workloads.consumer_of(10) == OTHER
    scene.workloads.refresh()
    assert scene.workloads.started(10) != first


def test_one_that_came_since_the_last_look_belongs_to_who_started_it_and_asking_changes_nothing(scene: Scene) -> None:
    """Another thread may ask at any time."""
    scene.start(10, "ollama serve")
    workloads = scene.watch()
    scene.start(11, "sh", parent=10)
    scene.start(12, "runner", parent=11)
    scene.start(13, "runner")
    assert [workloads.consumer_of(pid) for pid in (12, 13)] == ["ollama", OTHER]
    assert [workloads.started(pid) for pid in (11, 12, 13)] == [None] * 3
    assert workloads.living() == {1, 10}


def test_a_number_that_is_used_again_in_a_group_is_noticed_in_time(scene: Scene) -> None:
    scene.start(10, "vllm serve m", cgroup=VLLM)
    scene.start(11, "VLLM::EngineCore", parent=10, cgroup=VLLM)
    for pid in range(20, 40):
        scene.start(pid, "sleep")
    workloads = scene.watch()
    scene.end(11)
    scene.start(11, "nginx")
    for _ in range(20):
        workloads.refresh()
    assert 11 not in workloads.service_pids()
    assert workloads.one_by_one()[11] == OTHER


def test_a_process_that_has_just_ended_is_still_whose_it_was_and_then_nobodys(scene: Scene) -> None:
    """What it did on a card is read after its end."""
    scene.start(10, "ollama serve")
    workloads = scene.watch()
    scene.end(10)
    assert workloads.consumer_of(10) == "ollama"
    workloads.refresh()
    assert workloads.consumer_of(10) == "ollama"
    scene.start(30, "sleep")
    workloads.refresh()
    assert workloads.consumer_of(10) == OTHER
    assert workloads.present() == frozenset()
    assert "ollama" in workloads.services()
    assert workloads.started(10) is None


def test_a_group_of_one_service_is_whole_and_its_processes_are_not_read_one_by_one(scene: Scene) -> None:
    scene.start(10, "bash /opt/start.sh", cgroup=VLLM)
    scene.start(11, "vllm serve m", parent=10, cgroup=f"{VLLM}/main")
    scene.start(12, "sidecar", cgroup=VLLM)
    workloads = scene.watch()
    assert workloads.cgroups() == {VLLM: "vllm"}
    assert scene.owners(10, 11, 12) == ["vllm", "vllm", "vllm"]
    assert workloads.one_by_one().keys() == {1}


def test_a_group_is_named_only_while_somebody_reads_groups(scene: Scene) -> None:
    scene.start(10, "vllm serve m", cgroup=VLLM)
    workloads = scene.watch()
    workloads.use_groups(on=False)
    workloads.refresh()
    assert workloads.cgroups() == {}
    assert workloads.one_by_one()[10] == "vllm"


def test_a_group_in_which_another_consumer_has_a_process_is_not_whole(scene: Scene) -> None:
    scene.start(10, "vllm serve m", cgroup=VLLM)
    workloads = scene.watch(rule("proxy", process="^litellm"))
    assert workloads.cgroups() == {VLLM: "vllm"}
    scene.start(11, "litellm --port 1", parent=10, cgroup=VLLM)
    assert scene.owners(11) == ["proxy"]
    assert workloads.cgroups() == {}
    assert workloads.one_by_one() == {1: OTHER, 10: "vllm", 11: "proxy"}
    scene.end(11)
    workloads.refresh()
    assert workloads.cgroups() == {VLLM: "vllm"}


def test_a_group_inside_another_services_keeps_its_own_counter(scene: Scene) -> None:
    scene.start(10, "a", cgroup="/ia.slice")
    scene.start(11, "vllm serve m", cgroup="/ia.slice/vllm.service")
    workloads = scene.watch(rule("inner", systemd="vllm.service"), rule("outer", cgroup="/ia.slice"))
    assert scene.owners(10, 11) == ["outer", "inner"]
    assert workloads.cgroups() == {"/ia.slice/vllm.service": "inner"}


def test_a_group_inside_a_group_of_the_same_service_is_counted_once(scene: Scene) -> None:
    scene.start(10, "ollama serve", cgroup="/ia.slice/b.service")
    scene.start(11, "x", cgroup="/ia.slice")
    workloads = scene.watch(rule("b", systemd="b.service"), rule("b", cgroup="/ia.slice"))
    assert workloads.cgroups() == {"/ia.slice": "b"}


def test_a_group_without_a_counter_is_read_by_process_until_it_is_another(scene: Scene) -> None:
    scene.start(10, "vllm serve m", cgroup=VLLM)
    workloads = scene.watch()
    workloads.disown(VLLM)
    workloads.refresh()
    assert workloads.cgroups() == {}
    assert workloads.one_by_one()[10] == "vllm"
    scene.end(10)
    workloads.refresh()
    scene.start(11, "vllm serve m", cgroup=VLLM)
    workloads.refresh()
    assert workloads.cgroups() == {VLLM: "vllm"}


def test_a_group_is_newborn_only_where_it_came_to_be_under_our_eyes(scene: Scene) -> None:
    scene.start(10, "vllm serve m", cgroup=VLLM)
    workloads = scene.watch()
    assert not workloads.newborn(VLLM)
    scene.start(11, "ollama serve", cgroup="/system.slice/ollama.service")
    workloads.refresh()
    assert workloads.newborn("/system.slice/ollama.service")
    assert not workloads.newborn(VLLM)


def test_a_group_that_becomes_whole_later_is_not_newborn(scene: Scene) -> None:
    scene.start(10, "bash start.sh", cgroup=VLLM)
    workloads = scene.watch()
    scene.exec(10, "vllm serve m")
    workloads.refresh()
    assert workloads.cgroups() == {VLLM: "vllm"}
    assert not workloads.newborn(VLLM)


def test_a_session_is_never_a_services_group(scene: Scene) -> None:
    scene.start(10, "ollama serve")
    scene.start(11, "vim notes.txt")
    workloads = scene.watch()
    assert scene.owners(10, 11) == ["ollama", OTHER]
    assert workloads.cgroups() == {}


def test_who_listens_on_a_configured_port_is_that_service(scene: Scene) -> None:
    scene.start(10, "/srv/run server.conf")
    scene.start(11, "/srv/worker", parent=10)
    scene.watch(rule("a", port=8000))
    assert scene.owners(10, 11) == [OTHER, OTHER]
    scene.listen(10, 8000)
    assert scene.owners(10, 11) == ["a", "a"]


def test_a_discovered_service_whose_part_listens_on_a_configured_port_is_that_service_whole(scene: Scene) -> None:
    """The process that computes is rarely the one that listens."""
    scene.start(10, "text-generation-launcher --port 80")
    scene.start(11, "text-generation-router", parent=10)
    scene.start(12, "python3 /bin/text-generation-server", parent=10)
    scene.start(13, "ollama serve")
    scene.watch(rule("a", port=8000))
    assert scene.owners(10, 11, 12, 13) == ["tgi-80", "tgi-80", "tgi-80", "ollama"]
    scene.listen(11, 8000)
    assert scene.owners(10, 11, 12, 13) == ["a", "a", "a", "ollama"]


def test_a_discovered_unit_that_listens_on_a_configured_port_is_that_services_group(scene: Scene) -> None:
    scene.start(10, "text-generation-launcher --port 80", cgroup="/system.slice/tgi.service")
    scene.start(11, "text-generation-router", parent=10, cgroup="/system.slice/tgi.service")
    workloads = scene.watch(rule("a", port=8000))
    assert workloads.cgroups() == {"/system.slice/tgi.service": "tgi"}
    scene.listen(11, 8000)
    assert scene.owners(10, 11) == ["a", "a"]
    assert workloads.cgroups() == {"/system.slice/tgi.service": "a"}


def test_descriptors_are_looked_at_only_where_a_port_is_configured_and_the_listeners_change(scene: Scene) -> None:
    scene.start(10, "/srv/run")
    scene.listen(10, 8000)
    scene.watch(rule("b", process="no such"))
    assert scene.owners(10) == [OTHER]
    workloads = scene.watch(rule("a", port=8000))
    assert workloads.consumer_of(10) == "a"
    scene.start(11, "/srv/run")
    (scene.procfs / "11/fd/3").symlink_to("socket:[5000]")
    workloads.refresh()
    assert workloads.consumer_of(11) == OTHER


def test_a_procfs_that_can_not_be_listed_leaves_all_as_it_was(scene: Scene, tmp_path: Path) -> None:
    scene.start(10, "ollama serve")
    workloads = scene.watch()
    scene.procfs.rename(tmp_path / "away")
    workloads.refresh()
    assert workloads.present() == {"ollama"}
    assert workloads.living() == {1, 10}


def test_whether_a_process_brings_a_service_that_was_not_there(scene: Scene) -> None:
    scene.start(10, "ollama serve")
    workloads = scene.watch(rule("a", systemd="a.service"), cap=2)
    scene.start(11, "vllm serve m")
    scene.start(12, "anything", cgroup="/system.slice/a.service")
    scene.start(13, "/usr/lib/ollama/llama-server", parent=10)
    scene.start(14, "ollama serve")
    scene.start(15, "grep vllm")
    assert [pid for pid in range(10, 17) if workloads.is_service(pid)] == [11, 12]
    assert workloads.service_pids() == {10: "ollama"}
    workloads.refresh()
    scene.start(16, "tritonserver")
    assert not workloads.is_service(16)


def test_processes_that_may_not_be_seen_are_said_to_be_missing() -> None:
    with directory_for_all() as root:
        scene = Scene(root)
        scene.start(10, "ollama serve")
        assert scene.watch().unseen == ""
        (scene.procfs / "10").chmod(0)
        said = run_as_nobody(
            "process",
            root,
            "host.workloads.refresh()\n"
            "print(host.workloads.unseen, sorted(host.workloads.present()), sorted(host.workloads.living()))",
        )
        (scene.procfs / "10").chmod(0o755)
    assert "hidepid" in said
    assert said.endswith("[] [1, 10]")


def test_a_procfs_that_leaves_the_first_process_out_shows_not_all(scene: Scene) -> None:
    scene.start(10, "ollama serve")
    scene.end(1)
    assert "hidepid" in scene.watch().unseen
