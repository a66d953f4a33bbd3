from __future__ import annotations

import gzip
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text
from prometheus_client.registry import Collector

from monitor.core.entries import Meter, Series, ServiceFacts, Share
from monitor.core.readings import Method
from monitor.core.units import MICROJOULES_PER_JOULE, Energy
from monitor.exposition import catalogue
from monitor.exposition.catalogue import METRICS, Kind, Metric
from monitor.exposition.prometheus import Exposition, NothingYetError
from monitor.exposition.series import FILLINGS
from tests.fixtures.snapshots import ABOUT, at_work, in_trouble, just_started
from tests.parts.prometheus import lint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from monitor.exposition.snapshot import Snapshot

GOLDEN = Path(__file__).parents[2] / "fixtures" / "exposition"
SNAPSHOTS = pytest.mark.parametrize("snapshot", [at_work(), just_started(), in_trouble()], ids=["work", "start", "bad"])
FIGURE = re.compile(rb"^([^#\n].* )([0-9.e+-]+)$", re.MULTILINE)

awkward = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ['"', "\\", "\n", '\\"\n', "%", "%r%%", "é\u202f€", "{}", "a\r", ""]
)


def exposition(snapshot: Snapshot) -> Exposition:
    """Return a page without the daemon's own figures, which are never the same twice."""
    shown = Exposition(ABOUT, CollectorRegistry())
    shown.publish(snapshot)
    return shown


class Oracle(Collector):
    """The same samples, in the same order, told by the library."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    def collect(self) -> Iterator[Family]:
        for metric in METRICS:
            values = FILLINGS[metric](self.snapshot, ABOUT)
            if values:
                yield family(metric, values)

    def text(self) -> bytes:
        return generate_latest(self._registry())

    def openmetrics(self) -> bytes:
        page: bytes = generate_openmetrics(self._registry())
        return page

    def _registry(self) -> CollectorRegistry:
        registry = CollectorRegistry()
        registry.register(self)
        return registry


def family(metric: Metric, values: Mapping[tuple[str, ...], float]) -> Family:
    if metric.kind is Kind.INFO:
        information = InfoMetricFamily(metric.family, metric.help, labels=())
        for labels in sorted(values):
            information.add_metric((), dict(zip(metric.labels, labels, strict=True)))
        return information
    kinds = {Kind.COUNTER: CounterMetricFamily, Kind.GAUGE: GaugeMetricFamily}
    told = kinds[metric.kind](metric.family, metric.help, labels=metric.labels, unit=metric.unit)
    for labels in sorted(values):
        told.add_metric(labels, values[labels])
    return told


def as_floats(page: bytes) -> bytes:
    """Write each value as Python does: from a million on the library writes 1.234567e+06, the same float."""
    return FIGURE.sub(lambda found: b"%b%r" % (found[1], float(found[2])), page)


@SNAPSHOTS
def test_the_text_is_the_librarys_to_the_byte(snapshot: Snapshot) -> None:
    assert exposition(snapshot).text() == as_floats(Oracle(snapshot).text())


@SNAPSHOTS
def test_the_openmetrics_is_the_librarys_to_the_byte(snapshot: Snapshot) -> None:
    assert exposition(snapshot).openmetrics() == as_floats(Oracle(snapshot).openmetrics())


@given(
    services=st.dictionaries(awkward, awkward, max_size=4),
    microjoules=st.integers(min_value=0, max_value=10**22),
    share=st.floats(min_value=0, max_value=1),
)
def test_whatever_the_labels_and_values_it_is_the_librarys_and_can_be_read_back(
    services: dict[str, str], microjoules: int, share: float
) -> None:
    keys = [Series(key, name, Share.FLOOR, Method.COUNTER) for key, name in services.items()]
    snapshot = replace(
        at_work(),
        service_energy=dict.fromkeys(keys, Energy(microjoules)),
        host_energy={Meter(name, Method.DECLARED): Energy(microjoules // 3) for name in services.values()},
        services={key: ServiceFacts(key, name, department=name) for key, name in services.items()},
        period_coverage={"day": share},
    )
    shown, oracle = exposition(snapshot), Oracle(snapshot)
    assert shown.text() == as_floats(oracle.text())
    assert shown.openmetrics() == as_floats(oracle.openmetrics())
    read = [read_openmetrics(shown.openmetrics().decode())]
    # the text parser takes a carriage return for the end of a line, which the format does not
    read += (
        [read_text(shown.text().decode())]
        if not any("\r" in text for pair in services.items() for text in pair)
        else []
    )
    for families in read:
        samples = [sample for found in families for sample in found.samples]
        energies = {
            (sample.labels["service"], sample.labels["resource"]): sample.value
            for sample in samples
            if sample.name == catalogue.SERVICE_ENERGY.name
        }
        assert energies == dict.fromkeys(services.items(), microjoules / MICROJOULES_PER_JOULE)


@given(st.integers(min_value=0, max_value=10**22), st.integers(min_value=0, max_value=10**13))
def test_what_never_falls_in_microjoules_never_falls_on_the_page(total: int, more: int) -> None:
    meter = Meter("package", Method.COUNTER)
    shown = exposition(just_started())
    read = []
    for microjoules in (total, total + more):
        shown.publish(replace(just_started(), host_energy={meter: Energy(microjoules)}))
        (line,) = [line for line in shown.text().split(b"\n") if line.startswith(b"empreinte_host_energy")]
        read.append(float(line.rpartition(b" ")[2]))
    assert read[0] <= read[1]


@SNAPSHOTS
def test_with_the_daemons_own_figures_both_parsers_read_it_and_no_family_comes_twice(snapshot: Snapshot) -> None:
    shown = Exposition(ABOUT)
    shown.publish(snapshot)
    for families in (list(read_text(shown.text().decode())), list(read_openmetrics(shown.openmetrics().decode()))):
        names = [found.name for found in families]
        assert len(set(names)) == len(names)
        samples = {sample.name for found in families for sample in found.samples}
        assert {"empreinte_build_info", "process_resident_memory_bytes", "python_gc_collections_total"} <= samples


@pytest.mark.real("prometheus")
@SNAPSHOTS
def test_promtool_finds_nothing_wrong(snapshot: Snapshot) -> None:
    shown = Exposition(ABOUT)
    shown.publish(snapshot)
    assert lint(shown.text().decode()) == []


@pytest.mark.parametrize("name", ["golden.prom", "golden.openmetrics"])
def test_the_page_is_the_golden_one(name: str) -> None:
    shown = exposition(at_work())
    page = shown.text() if name == "golden.prom" else shown.openmetrics()
    assert page == (GOLDEN / name).read_bytes(), f"if it is meant to change, write the new page to {GOLDEN / name}"


def test_before_the_first_snapshot_there_is_no_page() -> None:
    shown = Exposition(ABOUT)
    assert shown.snapshot is None
    for page in (shown.text, shown.openmetrics):
        with pytest.raises(NothingYetError):
            page()


class Spy(CollectorRegistry):
    """Counts how often it is asked: once for each page that is rendered."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def collect(self) -> Iterator[Family]:
        self.asked += 1
        return iter(())


def test_a_page_is_rendered_once_however_many_ask() -> None:
    spy = Spy()
    shown = Exposition(ABOUT, spy)
    shown.publish(at_work())
    assert spy.asked == 0, "nobody asked yet"
    pages = {id(shown.text()) for _ in range(5)}
    assert (len(pages), spy.asked) == (1, 1)
    assert shown.text(gzipped=True) is shown.text(gzipped=True)
    assert spy.asked == 1
    shown.openmetrics()
    shown.openmetrics()
    assert spy.asked == 2
    shown.publish(at_work())
    shown.text()
    assert spy.asked == 3


def test_the_compressed_page_is_the_same_page_every_time() -> None:
    first, second = exposition(at_work()), exposition(at_work())
    assert gzip.decompress(first.text(gzipped=True)) == first.text()
    assert gzip.decompress(first.openmetrics(gzipped=True)) == first.openmetrics()
    assert first.text(gzipped=True) == second.text(gzipped=True)


def test_a_series_that_comes_or_goes_is_on_the_next_page() -> None:
    shown = exposition(just_started())
    assert b"host_energy" not in shown.text()
    shown.publish(at_work())
    assert shown.text() == exposition(at_work()).text()
    shown.publish(just_started())
    assert shown.text() == exposition(just_started()).text()


def test_values_stay_with_their_series_when_these_come_in_another_order() -> None:
    snapshot = at_work()
    backwards = replace(snapshot, service_energy=dict(reversed([*snapshot.service_energy.items()])))
    shown = exposition(snapshot)
    page = shown.text()
    shown.publish(backwards)
    assert shown.text() == page


def test_a_name_that_is_no_text_does_not_take_the_page_down() -> None:
    facts = ServiceFacts("a", b"caf\xe9".decode("utf-8", "surrogateescape"))
    page = exposition(replace(at_work(), services={"a": facts})).text()
    assert b'name="caf?"' in page
