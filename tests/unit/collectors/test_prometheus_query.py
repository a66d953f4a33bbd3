"""Queries to a Prometheus: from a server on loopback, and from the real one."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.prometheus_query import PrometheusQueryCollector, Question, question_of
from monitor.collector import Reason, Retry, Unavailable
from monitor.core.readings import CounterReading, PowerReading, Reading
from monitor.core.units import Energy, Power
from tests.fixtures.meters import SECRET, host_with, read_twice
from tests.parts.grid import Asked, GridServer, Reply
from tests.parts.plugs import NOW, answered, basic
from tests.parts.prometheus import Prometheus

pytestmark = pytest.mark.usefixtures("no_proxy")

NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)
ENERGY = 'pdu_energy_joules_total{outlet="5"}'


def read(values: dict[str, list[str]], *points: str) -> list[Reading]:
    with GridServer(lambda asked: answered(values, asked), NOON) as server:
        return list(read_twice(PrometheusQueryCollector.open(host_with(server.url, points=points))))


@pytest.mark.parametrize(
    ("point", "question"),
    [
        (ENERGY, Question(ENERGY, "J")),
        ("plug_power_watts", Question("plug_power_watts", "W")),
        ("kWh sum(x)", Question("sum(x)", "kWh")),
        ("Wmin plug_total", Question("plug_total", "Wmin")),
    ],
)
def test_the_unit_is_said_before_the_query_or_by_the_name_of_its_metric(point: str, question: Question) -> None:
    assert question_of(point) == question


@pytest.mark.parametrize(
    "point", ["sum(x_joules_total)", "energy", "kWh", "VA x", "rate(x_joules_total[5m])", "x_joules"]
)
def test_where_no_unit_is_said_none_is_supposed(point: str) -> None:
    with pytest.raises(Unavailable, match="is not said") as refused:
        question_of(point)
    assert "points" in refused.value.cure


def test_an_energy_is_a_counter_and_a_power_is_one() -> None:
    (row,) = read({ENERGY: ["1.5e6"], f"timestamp({ENERGY})": [f"{NOW - 5}"]}, ENERGY)
    assert isinstance(row, CounterReading)
    assert (row.meter, row.energy) == (ENERGY, Energy.from_joules(1_500_000))
    (drawn,) = read({"sum(p)": ["0.3"]}, "kW sum(p)")
    assert isinstance(drawn, PowerReading)
    assert drawn.power == Power.from_watts(300)


def test_several_series_are_refused_with_the_sum_as_the_cure() -> None:
    with pytest.raises(Unavailable, match="2 series") as refused:
        read({"x": ["1", "2"], "timestamp(x)": [f"{NOW}", f"{NOW}"]}, "J x")
    assert "sum(x)" in refused.value.cure


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({}, "no figure"),
        ({"x": ["1"], "timestamp(x)": [f"{NOW - 61}"]}, "61 s ago"),
        ({"x": ["NaN"], "timestamp(x)": [f"{NOW}"]}, "no figure"),
        ({"x": ["+Inf"], "timestamp(x)": [f"{NOW}"]}, "no figure"),
        ({"x": ["-1"], "timestamp(x)": [f"{NOW}"]}, "below zero"),
    ],
)
def test_what_is_stale_or_no_figure_is_asked_again(values: dict[str, list[str]], why: str) -> None:
    with pytest.raises(Retry, match=why):
        read(values, "J x")


def test_it_is_asked_with_a_password_or_a_token() -> None:
    def answer(asked: Asked) -> Reply:
        known = {basic("monitor", SECRET), f"Bearer {SECRET}"}
        return answered({"sum(p)": ["5"]}, asked) if asked.headers.get("Authorization") in known else Reply(status=401)

    with GridServer(answer, NOON) as server:
        for user in ("", "monitor"):
            host = host_with(server.url, points=("W sum(p)",), secret=SECRET, user=user)
            assert len(PrometheusQueryCollector.open(host).collect()) == 1
        with pytest.raises(Unavailable) as refused:
            PrometheusQueryCollector.open(host_with(server.url, points=("W sum(p)",))).collect()
        assert refused.value.reason is Reason.FORBIDDEN


def test_without_a_query_it_says_how_to_write_one() -> None:
    with pytest.raises(Unavailable, match="no query is configured"):
        PrometheusQueryCollector.open(host_with("http://127.0.0.1:1"))


@pytest.mark.real("prometheus")
def test_the_real_one_answers_for_a_counter_a_sum_and_a_series_that_is_not_there(tmp_path: Path) -> None:
    series = ('{outlet="5"} 7200000', '{outlet="6"} 1')
    page = "# TYPE pdu_energy_joules_total counter\n" + "".join(f"pdu_energy_joules_total{one}\n" for one in series)
    reply = Reply(page.encode(), headers={"Content-Type": "text/plain"})
    with (
        GridServer(lambda _: reply, datetime.now(UTC)) as device,
        Prometheus(tmp_path, f"{device.url}/metrics") as prometheus,
    ):
        prometheus.wait_for_scrapes()
        for point, joules in ((ENERGY, 7_200_000), ("J sum(pdu_energy_joules_total)", 7_200_001)):
            (row,) = PrometheusQueryCollector.open(host_with(prometheus.url, points=(point,))).collect()
            assert isinstance(row, CounterReading)
            assert row.energy == Energy.from_joules(joules)
        with pytest.raises(Retry, match="no figure"):
            PrometheusQueryCollector.open(host_with(prometheus.url, points=("absent_watts",))).collect()
        with pytest.raises(Unavailable, match="2 series"):
            PrometheusQueryCollector.open(host_with(prometheus.url, points=("pdu_energy_joules_total",))).collect()
