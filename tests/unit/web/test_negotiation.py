import pytest

from monitor.config import Language
from monitor.web.negotiation import MOST_CHOICES, choices, language, wants_gzip, wants_html, wants_openmetrics

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROTOBUF_FIRST = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;q=0.6," + PROMETHEUS_3
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


def test_the_best_choice_comes_first_and_what_is_refused_is_left_out() -> None:
    found = choices("fr;q=0.5, EN-gb , de;q=0, es;q=1.5, it;q=x, ,nl;q=0.5")
    assert [(choice.value, choice.weight) for choice in found] == [("en-gb", 1.0), ("fr", 0.5), ("nl", 0.5)]


def test_only_so_many_choices_are_read() -> None:
    assert len(choices(",".join(["a"] * 5000))) == MOST_CHOICES


@pytest.mark.parametrize(
    ("asked", "accepted", "spoken"),
    [
        ("", "", "en"),
        ("fr", "en", "fr"),
        ("FR", "", "fr"),
        ("de", "fr-CA,fr;q=0.9", "fr"),
        ("", "de-DE,de;q=0.9,fr;q=0.8,en;q=0.7", "fr"),
        ("", "en;q=0.2, fr-FR;q=0.3", "fr"),
        ("", "fr;q=0, *", "en"),
        ("<script>", ";;;q=,,", "en"),
    ],
)
def test_the_language_is_asked_for_else_the_best_accepted_else_the_organisations(
    asked: str, accepted: str, spoken: str
) -> None:
    assert language(asked, accepted, Language.ENGLISH) == spoken


def test_an_organisation_speaks_its_language_to_who_asks_for_none() -> None:
    assert language("", "*", Language.FRENCH) is Language.FRENCH


@pytest.mark.parametrize("accepted", [PROMETHEUS_2, PROMETHEUS_3, PROTOBUF_FIRST, "application/openmetrics-text"])
def test_prometheus_gets_openmetrics(accepted: str) -> None:
    assert wants_openmetrics(accepted)


@pytest.mark.parametrize(
    "accepted",
    [
        *("", "*/*", BROWSER, "text/plain", "application/openmetrics-text;version=0.0.1", "application/json"),
        "application/openmetrics-text;version=1.0.0;q=0.2, text/plain;q=0.7",
        "application/openmetrics-text;version=1.0.0;q=0",
    ],
)
def test_others_get_text(accepted: str) -> None:
    assert not wants_openmetrics(accepted)


def test_a_browser_is_told_from_a_program() -> None:
    assert wants_html(BROWSER)
    assert not any(wants_html(accepted) for accepted in ("", "*/*", "application/json", "text/html;q=0"))


def test_gzip_is_used_where_it_is_accepted() -> None:
    assert wants_gzip("gzip")
    assert wants_gzip("deflate, GZIP;q=0.5, br")
    assert not any(wants_gzip(accepted) for accepted in ("", "identity", "gzip;q=0", "br"))
