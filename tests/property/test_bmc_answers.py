"""Whatever a BMC answers, it is a reading or a reason: no answer ends the collector."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from collectors._chassis import ENERGY, INPUT, Chassis, Dark, look_at
from collectors._meters import NoFigureError
from collectors._redfish import Missing, local
from collectors.ipmi import Shown
from monitor.collector import Retry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collectors._redfish import Service

ROOT = "/redfish/v1/Chassis/1U"
PLACES = ("", "/EnvironmentMetrics", "/Power", "/PowerSubsystem", "/Supplies", "/Bay1", "/Bay1/Metrics", "/Sensor")
NAMES = (
    "EnvironmentMetrics",
    "Power",
    "PowerSubsystem",
    "PowerSupplies",
    "PowerControl",
    "PowerConsumedWatts",
    "PowerWatts",
    "Members",
    "Metrics",
    "Status",
    "State",
    "Reading",
    "LifetimeReading",
    "ReadingTime",
    "DataSourceUri",
    "Links",
    "ContainedBy",
    "SerialNumber",
    "@odata.id",
    ENERGY,
    INPUT,
)
paths = st.sampled_from([f"{ROOT}{place}" for place in PLACES])
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-1_000_000, 10**30)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["Absent", "Enabled", ""])
    | paths
    | st.text(max_size=5)
)
contents = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=12,
)
resources = st.dictionaries(st.sampled_from(NAMES), contents, max_size=8)


class InMemory:
    """A service of resources in memory."""

    def __init__(self, kept: Mapping[str, Mapping[str, Any]]) -> None:
        self._kept = kept

    def get(self, path: str) -> Mapping[str, object]:
        if path not in self._kept:
            raise Missing(path)
        return self._kept[path]


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(paths, resources, max_size=len(PLACES)))
def test_a_chassis_of_any_form_is_looked_at_to_the_end(kept: dict[str, dict[str, Any]]) -> None:
    service = cast("Service", InMemory(kept))
    found = look_at(service, ROOT)
    assert isinstance(found, Chassis)
    if found.way is None:
        return
    try:
        seen = found.way.look(service)
    except (Dark, Missing, NoFigureError):
        return
    assert seen
    assert len({one.point for one in seen}) == len(seen), "one supply twice is twice its power"


@given(st.binary(max_size=40))
def test_any_bytes_are_a_power_or_no_answer_of_dcmi(answer: bytes) -> None:
    try:
        shown = Shown.of_answer(answer)
    except Retry:
        return
    assert 0 <= shown.watts <= 0xFFFF


@given(st.text(max_size=200) | st.from_regex(r"Current Power : -?[0-9]{1,9} Watts\nPower Measurement : [A-Za-z ]{1,9}"))
def test_any_text_is_a_power_or_no_words_of_a_known_program(text: str) -> None:
    try:
        shown = Shown.of_text(text, "ipmitool")
    except Retry as fact:
        assert "\n" not in str(fact)  # noqa: PT017 - either outcome is right
        return
    assert isinstance(shown.watts, int)


@given(st.text(max_size=30) | st.none() | st.integers() | st.just(Decimal(1)))
def test_a_link_of_any_form_leads_to_no_other_host(link: object) -> None:
    path = local(link)
    assert path == "" or (path.startswith("/") and not path.startswith("//"))
    assert path.isascii()
    assert path.isprintable()
