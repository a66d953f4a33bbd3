from collections import Counter

import pytest
from prometheus_client import CollectorRegistry

from monitor.core.past import Totals
from monitor.exposition import catalogue
from monitor.exposition.backfill import FAMILIES, Family, Form, end, head, lines, own_labels
from monitor.exposition.metric import Kind
from monitor.exposition.prometheus import Exposition
from monitor.exposition.snapshot import Snapshot
from tests.fixtures.snapshots import ABOUT, at_work

MOMENT = 1_772_604_000
FAMILY = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.metric.name)


def totals(snapshot: Snapshot) -> dict[Totals, Counter[tuple[str, ...]]]:
    """Return what the ledger would have of what *snapshot* shows, by key."""
    found: dict[Totals, Counter[tuple[str, ...]]] = {kind: Counter() for kind in Totals}
    for meter, energy in snapshot.host_energy.items():
        found[Totals.MEASURED][meter.resource, meter.method.value] += energy.microjoules
    for series, energy in snapshot.service_energy.items():
        found[Totals.ENERGY][series.consumer, series.resource, series.share.value] += energy.microjoules
    for impact, units in snapshot.impacts.items():
        found[Totals.IMPACTS][impact.consumer, impact.indicator.value] += units
    for (consumer, unit), count in snapshot.activity.items():
        found[Totals.ACTIVITY][consumer, unit.value] += count
    return found


def told(family: Family, form: Form) -> str:
    kept = totals(at_work())[family.totals].items()
    asked = {key: amount for key, amount in kept if not family.found or key[-1] in family.found}
    points = (lines(family, key, [(MOMENT * 10**9, amount)], form, {}) for key, amount in sorted(asked.items()))
    return (head(family, form) + b"".join(points)).decode()


@FAMILY
@pytest.mark.parametrize("form", Form)
def test_a_point_has_the_name_labels_and_digits_that_the_page_of_metrics_has(family: Family, form: Form) -> None:
    page = Exposition(ABOUT, CollectorRegistry())
    page.publish(at_work())
    shown = (page.openmetrics() if form is Form.OPENMETRICS else page.text()).decode().splitlines()
    name = family.metric.family if form is Form.OPENMETRICS else family.metric.name
    expected = {line for line in shown if line.startswith(f"{family.metric.name}{{") or f" {name} " in line}
    assert expected
    at = f" {MOMENT}" if form is Form.OPENMETRICS else f" {MOMENT}000"
    assert {line.removesuffix(at) for line in told(family, form).splitlines()} == expected


def test_every_counter_of_the_host_and_of_services_has_a_past() -> None:
    counters = {
        one.name
        for one in catalogue.METRICS
        if one.kind is Kind.COUNTER and one.name.startswith(("empreinte_host_", "empreinte_service_"))
    }
    assert {family.metric.name for family in FAMILIES} == counters


def test_only_openmetrics_has_an_end() -> None:
    assert (end(Form.OPENMETRICS), end(Form.TEXT)) == (b"# EOF\n", b"")


def test_labels_of_its_own_are_known() -> None:
    assert own_labels() == {"resource", "method", "service", "share", "phase", "source", "direction", "unit"}


def test_a_name_that_is_no_text_does_not_take_the_rest_away() -> None:
    (family,) = (one for one in FAMILIES if one.totals is Totals.MEASURED)
    assert lines(family, ("gpu\udc80", "counter"), [(10**9, 5)], Form.OPENMETRICS, {"job": "a"}) == (
        b'empreinte_host_energy_joules_total{job="a",method="counter",resource="gpu?"} 5e-06 1\n'
    )
