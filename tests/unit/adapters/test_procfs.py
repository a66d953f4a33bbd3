from pathlib import Path

import pytest

from monitor.adapters.procfs import _read, group_of, listening_sockets, read_facts, sockets_of
from monitor.core.services import ProcessFacts
from tests.fixtures.procfs import Processes
from tests.fixtures.unprivileged import ROOT_ONLY, directory_for_all, run_as_nobody


@pytest.fixture
def processes(tmp_path: Path) -> Processes:
    return Processes(tmp_path)


def test_what_a_process_is(processes: Processes) -> None:
    processes.start(7, "/bin/ollama serve", parent=3, cgroup="/system.slice/ollama.service")
    facts = read_facts(processes.procfs, 7)
    assert facts == ProcessFacts(7, 3, 102, "ollama", ("/bin/ollama", "serve"), "/system.slice/ollama.service")


def test_a_name_may_hold_anything(processes: Processes) -> None:
    processes.start(7, "x", parent=3)
    processes.stat(7, comm="a) S 9 (b")
    facts = read_facts(processes.procfs, 7)
    assert facts is not None
    assert (facts.comm, facts.parent) == ("a) S 9 (b", 3)


def test_a_title_that_a_process_gave_itself_is_not_followed_by_what_was_there_before(processes: Processes) -> None:
    processes.start(7, "x")
    (processes.procfs / "7/cmdline").write_bytes(b"VLLM::EngineCore\0\0\0\0\0")
    facts = read_facts(processes.procfs, 7)
    assert facts is not None
    assert facts.argv == ("VLLM::EngineCore",)


def test_of_a_kernel_thread_only_that_it_is_one(processes: Processes) -> None:
    processes.start(9, "", kernel=True)
    for name in ("cmdline", "cgroup"):
        (processes.procfs / "9" / name).unlink()
    facts = read_facts(processes.procfs, 9)
    assert facts is not None
    assert facts.kernel
    assert facts.argv == ()


@pytest.mark.parametrize("odd", ["\v", "\f", "\x1c", "\x85", "\N{LINE SEPARATOR}", "\r"])
def test_a_process_cannot_hide_in_a_group_with_an_odd_name(processes: Processes, odd: str) -> None:
    """Whoever may make groups names them; the kernel refuses only the line feed."""
    processes.start(7, "x")
    (processes.procfs / "7/cgroup").write_bytes(f"0::/user.slice/a{odd}b/x.service\n".encode())
    facts = read_facts(processes.procfs, 7)
    assert facts is not None
    assert facts.cgroup == f"/user.slice/a{odd}b/x.service"


def test_a_table_of_groups_that_is_too_long_is_cut(processes: Processes) -> None:
    processes.start(7, "x")
    deep = "/a" * 2000
    table = "0::/system.slice/x.service\n" + "".join(f"{number}:c{number}:{deep}\n" for number in range(1, 9))
    for cut in range(1, 12):
        (processes.procfs / "7/cgroup").write_text((table + "9:memory:/" + deep)[: len(table) + cut])
        facts = read_facts(processes.procfs, 7)
        assert facts is not None
        assert facts.cgroup == "/system.slice/x.service"


@pytest.mark.parametrize("content", ["", "7 (x) S", "7 (x) S a b c d e f g h i j k l m n o p q r s t u v"])
def test_a_process_that_ends_while_it_is_read_is_gone(processes: Processes, content: str) -> None:
    processes.start(7, "x")
    (processes.procfs / "7/stat").write_text(content)
    assert read_facts(processes.procfs, 7) is None
    assert read_facts(processes.procfs, 8) is None


def test_a_process_that_is_hidden_is_not_taken_for_gone() -> None:
    with directory_for_all() as root:
        processes = Processes(root)
        (processes.procfs / "1/stat").chmod(ROOT_ONLY)
        said = run_as_nobody(
            "process",
            root,
            "from monitor.adapters.procfs import read_facts\n"
            "try:\n    read_facts(host.procfs, 1)\nexcept PermissionError:\n    print('hidden')",
        )
    assert said == "hidden"


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("0::/system.slice/a.service\n", "/system.slice/a.service"),
        ("4:memory:/m\n2:cpu,cpuacct:/docker/1\n1:name=systemd:/docker/1\n", "/docker/1"),
        ("4:memory:/m\n2:cpuacct:/\n1:name=systemd:/s\n", "/s"),
        ("2:cpuacct:/docker/1\n0::/system.slice/a.service\n", "/system.slice/a.service"),
        ("2:cpuacct:/docker/1\n0::/\n", "/docker/1"),
        ("4:memory:/m\n0::/\n", "/"),
        ("0::/../../system.slice/a.service\n", "/system.slice/a.service"),
        ("0::/a.service (deleted)\n", "/a.service"),
        ("0::/with:colon\n", "/with:colon"),
        ("", "/"),
    ],
)
def test_the_group_that_accounts_for_the_cpu(text: str, group: str) -> None:
    """Version 2, version 1, and both at once."""
    assert group_of(text) == group


def test_who_listens_on_the_ports_that_are_asked_for(processes: Processes) -> None:
    processes.start(7, "server")
    processes.listen(7, 8000)
    processes.start(8, "server")
    processes.listen(8, 9000)
    assert dict(listening_sockets(processes.procfs, frozenset({8000, 8080}))) == {"5000": 8000}
    assert list(sockets_of(processes.procfs, 7)) == ["5000"]
    assert list(sockets_of(processes.procfs, 99)) == []


def test_no_more_is_read_than_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"abc\xffdef")
    assert _read(f"{tmp_path}/long", 3) == "abc"
    assert _read(f"{tmp_path}/long") == "abc\ufffddef"
