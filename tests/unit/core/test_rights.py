import subprocess
from pathlib import Path

import pytest

from collectors import _amdsmi, _drm, hwmon, ipmi, perf, rapl
from monitor.core.rights import GRANTS, Grant, Missing, Right, missing

BY_RIGHT = {grant.right: grant for grant in GRANTS}
RIGHTS = Path(__file__).parents[3] / "deploy/systemd/rights"
CURES = {
    Right.COUNTERS: {"rapl": rapl.CURE, "hwmon": hwmon.CURE},
    Right.PERF_EVENTS: {"perf": perf.CURE},
    Right.CONTROLLER: {"ipmi": ipmi.RIGHT_CURE},
    Right.PROCESSES: {"amd": _drm.UNSEEN, "intel": _drm.UNSEEN},
}


def settings(file: Path) -> list[str]:
    """Return the lines of *file* but for its remarks."""
    return [line for line in file.read_text().splitlines() if line and not line.startswith("#")]


def packaged(path: str) -> Path:
    """Return the file in deploy/systemd that belongs at *path*."""
    place = Path(path)
    if place.parent.name == "tmpfiles.d":
        return RIGHTS.parent / "empreinte.tmpfiles"
    return RIGHTS / ("controller.rules" if place.suffix == ".rules" else place.name)


@pytest.mark.parametrize("right", CURES)
def test_each_right_is_known_by_what_its_collectors_say(right: Right) -> None:
    assert BY_RIGHT[right].collectors == tuple(CURES[right])
    for collector, cure in CURES[right].items():
        others = [grant.right for grant in GRANTS if grant.sign in cure and collector in grant.collectors]
        assert others == [right]


def test_that_amds_library_refuses_is_said_in_the_words_that_are_looked_for() -> None:
    assert BY_RIGHT[Right.CARDS].sign in Path(_amdsmi.__file__).read_text()


@pytest.mark.parametrize("cure", [cure for cures in CURES.values() for cure in cures.values()])
def test_what_a_cure_quotes_is_what_the_packaged_files_say(cure: str) -> None:
    quoted = [piece for piece in cure.split("`")[1::2] if piece.startswith(("z ", "SUBSYSTEM")) or "=" in piece]
    lines = {line for grant in GRANTS for file in grant.files for line in settings(packaged(file.path))}
    assert set(quoted) <= lines


@pytest.mark.parametrize("grant", GRANTS, ids=lambda grant: grant.right.value)
def test_the_commands_write_the_packaged_files(grant: Grant, tmp_path: Path) -> None:
    writing = grant.commands[: -len(grant.then)]
    for command in writing * 2:
        subprocess.run(["/bin/sh", "-ec", command.replace("/etc/", f"{tmp_path}/etc/")], check=True)
    written = {f"/{file.relative_to(tmp_path)}": file for file in tmp_path.rglob("*") if file.is_file()}
    assert set(written) == {file.path for file in grant.files}
    for path, file in written.items():
        assert settings(file) == settings(packaged(path))


def test_no_packaged_right_is_without_a_grant() -> None:
    assert set(RIGHTS.iterdir()) == {
        packaged(file.path) for grant in GRANTS for file in grant.files if "tmpfiles.d" not in file.path
    }


def test_a_right_that_several_ask_for_is_told_once() -> None:
    asked = [*CURES[Right.COUNTERS].items(), ("rapl", rapl.CURE)]
    assert missing(asked, ()) == (Missing(BY_RIGHT[Right.COUNTERS], ("rapl", "hwmon")),)


def test_another_collector_that_says_the_same_needs_no_right() -> None:
    assert missing([("process", _drm.UNSEEN), ("rapl", perf.CURE)], ()) == ()


@pytest.mark.parametrize(
    ("asked", "answering", "told"),
    [
        (["perf"], [], [Right.PERF_EVENTS]),
        (["perf"], ["modelled_host"], [Right.PERF_EVENTS]),
        (["perf"], ["rapl"], []),
        (["perf", "rapl"], [], [Right.COUNTERS]),
        (["ipmi", "rapl"], ["hwmon"], [Right.COUNTERS, Right.CONTROLLER]),
    ],
)
def test_the_larger_right_is_named_where_the_smaller_one_is_of_no_use(
    asked: list[str], answering: list[str], told: list[Right]
) -> None:
    cures = {name: cure for cures in CURES.values() for name, cure in cures.items()}
    said = [(name, cures[name]) for name in asked]
    assert [one.grant.right for one in missing(said, answering)] == told
