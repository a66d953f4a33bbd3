"""The metrics of who is told of events."""

from __future__ import annotations

from dataclasses import replace

from prometheus_client import CollectorRegistry

from monitor.core.delivery import Standing
from monitor.exposition import webhooks
from monitor.exposition.prometheus import Exposition
from tests.fixtures.snapshots import ABOUT, WEBHOOKS, at_work, just_started

SECRET = Standing("https://chat.example", waiting=2, dead=1, delivered=5, dropped=1, error="it is down")
OTHER = Standing("https://chat.example", waiting=3, dead=0, delivered=4, dropped=0, error="")


def page_of(*standings: Standing) -> str:
    shown = Exposition(ABOUT, CollectorRegistry(), lambda: list(standings))
    shown.publish(just_started())
    return shown.text().decode()


def test_each_address_is_told_with_what_waits_and_what_was_given_up() -> None:
    page = page_of(*WEBHOOKS)
    assert 'empreinte_webhook_waiting_events{address="http://127.0.0.1:9000"} 7.0' in page
    assert 'empreinte_webhook_dead_events{address="https://hooks.example.org"} 1.0' in page
    assert 'empreinte_webhook_delivered_events_total{address="https://hooks.example.org"} 412.0' in page
    assert 'empreinte_webhook_dropped_events_total{address="http://127.0.0.1:9000"} 2.0' in page
    assert 'empreinte_webhook_success{address="http://127.0.0.1:9000"} 0.0' in page
    assert 'empreinte_webhook_success{address="https://hooks.example.org"} 1.0' in page


def test_addresses_that_differ_in_their_paths_alone_are_one_series() -> None:
    snapshot = replace(at_work(), webhooks=(SECRET, OTHER))
    told = {metric.name: dict(filling(snapshot, ABOUT)) for metric, filling in webhooks.FILLINGS.items()}
    assert {name.removeprefix("empreinte_webhook_"): values for name, values in told.items()} == {
        "waiting_events": {("https://chat.example",): 5.0},
        "dead_events": {("https://chat.example",): 1.0},
        "delivered_events_total": {("https://chat.example",): 9.0},
        "dropped_events_total": {("https://chat.example",): 1.0},
        "success": {("https://chat.example",): 0.0},
    }


def test_where_nobody_is_told_or_the_queue_can_not_be_read_nothing_is_shown() -> None:
    assert "webhook" not in page_of()
    shown = Exposition(ABOUT, CollectorRegistry(), lambda: None)
    shown.publish(just_started())
    assert b"webhook" not in shown.text()


def test_the_queue_is_looked_at_once_for_each_snapshot_and_only_when_somebody_asks() -> None:
    looks = []

    def look() -> list[Standing]:
        looks.append(1)
        return [SECRET]

    shown = Exposition(ABOUT, CollectorRegistry(), look)
    shown.publish(at_work())
    shown.publish(just_started())
    assert looks == []
    assert shown.text() == shown.text()
    shown.openmetrics()
    assert len(looks) == 1
