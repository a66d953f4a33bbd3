from __future__ import annotations

import pytest

from monitor.core.entries import ServiceFacts
from monitor.core.external import ExternalRule
from monitor.core.services import EventRule, Match, ServiceRule
from monitor.intake.matching import Owner, consumer_of, owners_of
from tests.fixtures.intake import event


def service(key: str, events: EventRule | None = None, was: tuple[str, ...] = ()) -> ServiceRule:
    return ServiceRule(ServiceFacts(key, key, "", "", "", "configured", was), Match(port=1), None, events)


RULES = (
    service("assistant", EventRule(models=("mistral-small*", "small"), sources=("litellm",)), was=("chat",)),
    service("archives", EventRule(models=("mistral-*",))),
    service("portal", EventRule(sources=("openwebui",))),
    service("silent"),
)
BOUGHT = ExternalRule(key="mistral-api", name="API de Mistral", provider="mistralai", models=("codestral-*", "small"))
SERVICES = owners_of(RULES, (BOUGHT,))


@pytest.mark.parametrize(
    ("model", "source", "consumer"),
    [
        ("mistral-small-latest", "litellm", "assistant"),
        ("small", "litellm", "assistant"),
        ("mistral-small-latest", "openwebui", "archives"),
        ("mistral-large", "litellm", "archives"),
        ("gpt-4o", "openwebui", "portal"),
        ("gpt-4o", "litellm", ""),
        ("codestral-latest", "litellm", "mistral-api"),
        ("small", "elsewhere", "mistral-api"),
        ("Mistral-small", "litellm", ""),
        ("", "", ""),
    ],
)
def test_an_event_is_the_first_service_s_whose_globs_all_fit(model: str, source: str, consumer: str) -> None:
    assert consumer_of(event(model=model, source=source, service=""), SERVICES) == consumer


def test_owners_are_what_is_configured() -> None:
    assert SERVICES[0] == Owner("assistant", ("chat",), EventRule(("mistral-small*", "small"), ("litellm",)))
    assert SERVICES[3:] == (
        Owner("silent"),
        Owner("mistral-api", (), EventRule(models=("codestral-*", "small")), bought=True),
    )
    assert owners_of(()) == ()


def test_the_service_that_an_event_names_is_believed_also_by_a_former_key() -> None:
    assert consumer_of(event(service="silent"), SERVICES) == "silent"
    assert consumer_of(event(service="unheard-of"), SERVICES) == "unheard-of"
    assert consumer_of(event(service="chat"), SERVICES) == "assistant"
