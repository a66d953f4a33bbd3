from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from collectors._drm import LOOKS, MISSED, SWEEP, Used, Users, client
from monitor.core.units import Duration, Memory
from tests.fixtures.drm import FIRST, SECOND, Drm
from tests.fixtures.unprivileged import directory_for_all, run_as_nobody

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20


@pytest.fixture
def drm(tmp_path: Path) -> Drm:
    made = Drm(tmp_path)
    made.process(1)
    return made


@pytest.fixture
def users(drm: Drm) -> Users:
    drm.client(10, 5, 1, engine_gfx="1000 ns", engine_compute="500 ns", memory_vram="4096 KiB")
    found = Users(drm.root / "proc")
    found.read()
    return found


def of_first(users: Users) -> list[Used]:
    return users.read()[0].get(FIRST, [])


def busy(users: Users) -> dict[int, int]:
    return {one.pid: one.busy.nanoseconds for one in of_first(users) if one.busy is not None}


def test_the_example_of_the_kernels_documentation_is_understood() -> None:
    found = client(
        "pos:    0\nflags:  0100002\ndrm-driver:     xe\ndrm-client-id:  3\ndrm-pdev:       0000:03:00.0\n"
        "drm-total-vram0:        23992 KiB\ndrm-shared-vram0:       16 MiB\ndrm-resident-vram0:     12 MiB\n"
        "drm-resident-gtt:       192 KiB\n"
        "drm-cycles-rcs: 28257900\ndrm-total-cycles-rcs:   7655183225\ndrm-cycles-ccs: 5\n"
        "drm-total-cycles-ccs:   7655183225\ndrm-engine-capacity-ccs:        4\n"
    )
    assert found is not None
    assert (found.address, found.number, found.memory) == (FIRST, "3", Memory(12 * MIB))
    assert found.cycles == {"rcs": (28257900, 7655183225), "ccs": (5, 7655183225)}
    assert (found.engines, found.capacity) == ({}, {"ccs": 4})


@pytest.mark.parametrize(
    ("told", "amount"),
    [
        ("drm-memory-vram:\t2048 KiB\ndrm-memory-gtt:\t9 MiB", 2 * MIB),
        ("drm-total-vram:\t9 MiB\ndrm-resident-vram:\t3 MiB\ndrm-memory-vram:\t4 MiB", 3 * MIB),
        ("drm-total-local0:\t1 MiB\ndrm-total-local1:\t2 MiB", 3 * MIB),
        ("drm-resident-local0:\t777", 777),
        ("drm-resident-system:\t5 MiB", 0),
        ("drm-memory-vram:\tmuch KiB", 0),
    ],
)
def test_the_cards_own_memory_is_read_under_each_name_and_in_each_unit(told: str, amount: int) -> None:
    found = client(f"drm-pdev: {FIRST}\ndrm-client-id: 1\n{told}\n")
    assert found is not None
    assert found.memory == Memory(amount)


@pytest.mark.parametrize("text", ["", "pos:\t0\n", f"drm-pdev:\t{FIRST}\n", "drm-client-id:\t7\n", "\0\xff: -\n"])
def test_what_is_no_client_of_a_card_on_the_bus_is_nothing(text: str) -> None:
    assert client(text) is None


def test_what_was_before_the_first_read_is_not_counted_and_said_to_be_unknown(drm: Drm) -> None:
    drm.client(10, 5, 1, engine_gfx="7000 ns", memory_vram="1 MiB")
    users = Users(drm.root / "proc")
    assert users.read() == ({FIRST: [Used(10, Memory(MIB), Duration(0), 0)]}, False)
    assert users.read() == ({FIRST: [Used(10, Memory(MIB), Duration(0), 0)]}, True)


def test_the_time_of_the_engines_since_the_last_read_is_told(drm: Drm, users: Users) -> None:
    drm.client(10, 5, 1, engine_gfx="1300 ns", engine_compute="1500 ns", memory_vram="4096 KiB")
    assert of_first(users) == [Used(10, Memory(4 * MIB), Duration(1300), 0)]


def test_a_client_in_several_descriptors_and_processes_counts_once(drm: Drm, users: Users) -> None:
    for pid, descriptor in ((10, 6), (11, 5)):
        drm.client(pid, descriptor, 1, engine_gfx="1000 ns", engine_compute="500 ns", memory_vram="4096 KiB")
    for _ in range(SWEEP):
        users.read()
    for pid, descriptor in ((10, 5), (10, 6), (11, 5)):
        drm.client(pid, descriptor, 1, engine_gfx="1900 ns", engine_compute="500 ns", memory_vram="4096 KiB")
    assert of_first(users) == [Used(10, Memory(4 * MIB), Duration(900), 0)]


def test_the_same_number_on_two_cards_is_two_clients(drm: Drm, users: Users) -> None:
    drm.client(11, 5, 1, SECOND, engine_gfx="70 ns")
    drm.client(10, 5, 1, engine_gfx="1001 ns", engine_compute="500 ns")
    work, _ = users.read()
    assert {address: {one.pid: one.busy for one in several} for address, several in work.items()} == {
        FIRST: {10: Duration(1)},
        SECOND: {11: Duration(70)},
    }


def test_a_client_that_is_new_counts_from_its_beginning(drm: Drm, users: Users) -> None:
    drm.client(20, 3, 2, engine_compute="800 ns")
    assert busy(users) == {10: 0, 20: 800}


def test_a_counter_that_falls_behind_counts_again_when_it_has_caught_up(drm: Drm, users: Users) -> None:
    counted = []
    for told in (900, 1000, 1200):
        drm.client(10, 5, 1, engine_gfx=f"{told} ns", engine_compute="500 ns")
        counted.append(busy(users)[10])
    assert counted == [0, 0, 200]


def test_a_client_that_is_not_seen_for_a_while_does_not_count_twice(drm: Drm, users: Users) -> None:
    shutil.move(drm.root / "proc/10/fdinfo/5", drm.root / "aside")
    for _ in range(MISSED - 1):
        assert busy(users) == {}
    shutil.move(drm.root / "aside", drm.root / "proc/10/fdinfo/5")
    drm.client(10, 5, 1, engine_gfx="1010 ns", engine_compute="500 ns")
    seen = [busy(users) for _ in range(SWEEP)]
    assert next(one for one in seen if one) == {10: 10}


def test_what_is_open_of_a_sleeping_card_is_not_read_and_counts_on_when_it_wakes(drm: Drm, users: Users) -> None:
    drm.client(10, 6, 1, SECOND, engine_gfx="5 ns")
    for _ in range(SWEEP):
        users.read()
    drm.client(10, 5, 1, engine_gfx="1700 ns", engine_compute="500 ns", memory_vram="4096 KiB")
    drm.client(10, 6, 1, SECOND, engine_gfx="8 ns")
    for _ in range(MISSED + 2):
        work, known = users.read(frozenset({FIRST}))
        assert work[FIRST] == [Used(10, Memory(4 * MIB), Duration(0), 0)]
        assert known
    assert busy(users) == {10: 700}


def test_copying_and_pictures_count_only_where_nobody_computes(drm: Drm, users: Users) -> None:
    drm.client(10, 5, 1, engine_gfx="1000 ns", engine_compute="500 ns", engine_enc="40 ns")
    drm.client(11, 5, 2, engine_dec="60 ns")
    assert busy(users) == {10: 40, 11: 60}
    drm.client(10, 5, 1, engine_gfx="1000 ns", engine_compute="501 ns", engine_enc="90 ns")
    drm.client(11, 5, 2, engine_dec="99 ns")
    assert busy(users) == {10: 1, 11: 0}


def cycles(drm: Drm, pid: int, compute: int, passed: int) -> None:
    drm.client(pid, 5, pid, cycles_ccs=compute, total_cycles_ccs=passed, engine_capacity_ccs=4)


def test_cycles_are_a_share_of_those_that_passed_on_all_engines_of_a_name(drm: Drm) -> None:
    cycles(drm, 10, 1_000, 5_000)
    cycles(drm, 11, 0, 5_000)
    users = Users(drm.root / "proc")
    users.read()
    cycles(drm, 10, 3_000, 6_000)
    cycles(drm, 11, 1, 6_000)
    assert [(one.pid, one.busy, one.percent) for one in of_first(users)] == [(10, None, 50), (11, None, 1)]
    cycles(drm, 10, 99_000, 7_000)
    assert [one.percent for one in of_first(users)] == [100, 0]


def test_where_no_cycle_passed_nothing_is_known_to_be_used(drm: Drm) -> None:
    cycles(drm, 10, 5, 0)
    users = Users(drm.root / "proc")
    users.read()
    assert [one.percent for one in of_first(users)] == [0]


def test_a_descriptor_that_an_old_process_opens_is_found_within_a_sweep(drm: Drm) -> None:
    for pid in range(2, 40):
        drm.process(pid)
    users = Users(drm.root / "proc")
    users.read()
    drm.client(30, 5, 1, engine_gfx="100 ns")
    found = [busy(users) for _ in range(SWEEP)]
    assert {30: 100} in found
    assert sum(one.get(30, 0) for one in found) == 100


def test_a_new_process_is_looked_through_at_every_read_for_a_while(drm: Drm, users: Users) -> None:
    for pid in range(100, 140):
        drm.process(pid)
    for number in range(2, LOOKS - 1):
        drm.client(number + 98, 5, number, engine_gfx="5 ns")
        assert busy(users).get(number + 98) == 5


def test_a_sweep_looks_through_each_process_once(drm: Drm) -> None:
    """What costs is to look through everything: of those that are known only their render nodes are read."""
    pids = range(2, 62)
    for pid in pids:
        drm.process(pid)
    drm.client(30, 50, 1, engine_gfx="100 ns")
    users = Users(drm.root / "proc")
    users.read()
    looked: list[str] = []
    watching = True

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event == "os.listdir" and str(arguments[0]).endswith("fdinfo"):
            looked.append(str(arguments[0]))

    sys.addaudithook(note)
    try:
        for _ in range(SWEEP):
            assert busy(users) == {30: 0}
    finally:
        watching = False
    assert sorted(looked) == sorted(str(drm.root / f"proc/{pid}/fdinfo") for pid in (1, *pids))


def test_links_tell_the_render_nodes_where_they_may_be_read(drm: Drm) -> None:
    drm.client(10, 5, 1, engine_gfx="1 ns")
    drm.client(10, 6, 2, engine_gfx="1 ns")
    (drm.root / "proc/10/fd").mkdir()
    (drm.root / "proc/10/fd/5").symlink_to("/dev/dri/renderD128")
    (drm.root / "proc/10/fd/6").symlink_to("/dev/null")
    users = Users(drm.root / "proc")
    users.read()
    for number in (1, 2):
        drm.client(10, number + 4, number, engine_gfx="11 ns")
    assert busy(users) == {10: 10}


def test_processes_that_end_while_they_are_looked_through_are_no_trouble(drm: Drm, users: Users) -> None:
    shutil.rmtree(drm.root / "proc/10")
    assert users.read() == ({}, True)
    shutil.rmtree(drm.root / "proc")
    assert users.read()[0] == {}


def test_where_the_first_process_is_hidden_others_are_as_well(drm: Drm) -> None:
    shutil.rmtree(drm.root / "proc/1")
    drm.client(10, 5, 1, engine_gfx="1 ns")
    users = Users(drm.root / "proc")
    users.read()
    assert not users.complete
    assert users.read()[1] is False
    drm.process(1)
    users.read()
    assert users.complete


def test_where_a_process_may_not_be_looked_through_nobody_knows_who_uses_the_card() -> None:
    with directory_for_all() as root:
        drm = Drm(root)
        for pid in (1, 2, 11):
            drm.process(pid)
        drm.client(10, 5, 1, engine_gfx="1 ns")
        # a thread of the kernel is hidden as well, and uses no card
        (root / "proc/2/stat").write_text("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0\n")
        for pid in (2, 11):
            (root / f"proc/{pid}/fdinfo").chmod(0o700 if os.geteuid() == 0 else 0)
        program = """
from collectors._drm import Users
users = Users(host.procfs)
users.read()
print(users.complete, sorted(users.read()[0]))
"""
        assert run_as_nobody("intel", root, program) == f"False ['{FIRST}']"
        (root / "proc/11/fdinfo").chmod(0o755)
        assert run_as_nobody("intel", root, program) == f"True ['{FIRST}']"
