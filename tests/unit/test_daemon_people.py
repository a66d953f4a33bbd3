"""The main loop and the services that come and go."""

from collections.abc import Mapping

from monitor.core.entries import ServiceFacts
from monitor.core.events import ServiceAppeared, ServiceDisappeared
from tests.unit.test_daemon import Village, World


def test_services_that_come_and_go_are_told_and_kept() -> None:
    world = World()
    world.tick(0)
    world.village.here = {"b"}
    world.tick(5)
    appeared = [event.service.key for event in world.heard(ServiceAppeared) if isinstance(event, ServiceAppeared)]
    gone = [event.service for event in world.heard(ServiceDisappeared) if isinstance(event, ServiceDisappeared)]
    assert (appeared, gone) == (["a", "b"], ["a"])
    assert [facts.key for facts in world.shelf.services] == ["a", "b"]


def test_a_service_that_runs_on_across_a_restart_has_not_appeared_and_one_that_ended_meanwhile_is_gone() -> None:
    world = World(were_present=("a", "c"))
    world.tick(0)
    assert world.heard(ServiceAppeared) == []
    assert [event.service for event in world.heard(ServiceDisappeared) if isinstance(event, ServiceDisappeared)] == [
        "c"
    ]


class GrowingVillage(Village):
    """Somebody comes between two looks, as the sampling thread goes on meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.facts = dict(super().services())

    def services(self) -> Mapping[str, ServiceFacts]:
        facts = dict(self.facts)
        self.arrive()
        return facts

    def present(self) -> frozenset[str]:
        here = super().present()
        self.arrive()
        return here

    def arrive(self) -> None:
        key = f"new-{len(self.facts)}"
        self.facts[key] = ServiceFacts(key, key)
        self.here.add(key)


def test_a_service_may_come_while_it_is_looked_who_is_there() -> None:
    world = World()
    world.village = GrowingVillage()
    world.daemon = world.build()
    world.tick(0)
    assert world.tick(5).present == {"a", "new-2", "new-3"}
