"""Engine time of graphics cards: whatever a driver writes, and whichever clients are seen when, none counts twice."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from collectors._drm import SWEEP, Users, client
from tests.fixtures.drm import FIRST, Drm

LINE = st.one_of(
    st.text(max_size=30),
    st.builds(
        "{}{}: {} {}".format,
        st.sampled_from(["drm-engine-", "drm-cycles-", "drm-total-cycles-", "drm-engine-capacity-", "drm-resident-"]),
        st.sampled_from(["gfx", "ccs", "vram0", ""]),
        st.one_of(st.integers(-5, 2**70), st.text(max_size=5)),
        st.sampled_from(["ns", "KiB", "MiB", "GiB", ""]),
    ),
    st.sampled_from([f"drm-pdev: {FIRST}", "drm-client-id: 7"]),
)


@given(st.lists(LINE))
def test_whatever_a_descriptor_says_it_is_understood_or_nothing(lines: list[str]) -> None:
    found = client("\n".join(lines))
    if found is not None:
        assert all(value >= 0 for value in found.engines.values())
        assert all(value >= 0 for pair in found.cycles.values() for value in pair)
        assert all(value >= 1 for value in found.capacity.values())
        assert found.memory.bytes >= 0


# of each read: how far each client's counter moved on (or seems to fall behind), and whether it can be seen
STEP = st.lists(st.tuples(st.integers(-20, 100), st.booleans()), min_size=3, max_size=3)


@settings(deadline=None, max_examples=60)
@given(st.lists(STEP, min_size=1, max_size=SWEEP - 2))
def test_what_is_counted_in_sum_is_what_the_engines_worked(steps: list[list[tuple[int, bool]]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        drm = Drm(Path(directory))
        drm.process(1)
        worked, counted = [0, 0, 0], 0
        for number in range(3):
            drm.client(10 + number, 5, number, engine_gfx="0 ns")
        users = Users(drm.root / "proc")
        users.read()
        # at the end all are seen, for as long as a sweep takes, with nothing fallen behind
        for step in [*steps, *[[(0, True)] * 3] * SWEEP]:
            for number, (moved, seen) in enumerate(step):
                worked[number] += max(0, moved)
                shown = max(0, worked[number] + min(0, moved))
                node = drm.root / f"proc/{10 + number}/fdinfo/5"
                drm.client(10 + number, 5, number, engine_gfx=f"{shown} ns")
                if not seen:
                    node.write_text("pos:\t0\n")
            work, _ = users.read()
            done = [one.busy.nanoseconds for one in work.get(FIRST, []) if one.busy is not None]
            assert all(time >= 0 for time in done)
            counted += sum(done)
        assert counted == sum(worked)
