"""Every dashboard: what Grafana takes, what people can read, and that nothing is asked that nobody tells."""

from __future__ import annotations

import itertools
import re
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from dashboards.boards import dashboards
from dashboards.words import LANGUAGES, Words, words
from monitor.exposition.catalogue import METRICS, Kind
from tests.unit.dashboards.schema import DASHBOARD, PANELS

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = "the-prometheus"
ALL = [one for language in LANGUAGES for one in dashboards(language, SOURCE)]
EACH = pytest.mark.parametrize("board", ALL, ids=lambda board: board["uid"])
NAME = re.compile(r"empreinte_\w+")


def expressions(board: dict[str, Any]) -> Iterator[str]:
    for panel in board["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


@EACH
def test_it_is_what_grafana_takes(board: dict[str, Any]) -> None:
    jsonschema.validate(board, DASHBOARD)
    for panel in board["panels"]:
        jsonschema.validate(panel, PANELS[panel["type"]])


@EACH
def test_the_panels_lie_beside_one_another_and_have_ids_of_their_own(board: dict[str, Any]) -> None:
    cells = [
        (column, row)
        for panel in board["panels"]
        for column in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for row in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(column for column, _ in cells) < 24
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    titles = [panel["title"] for panel in board["panels"] if panel["type"] != "row"]
    assert len(titles) == len(set(titles))


@EACH
def test_every_metric_that_is_asked_for_is_in_the_catalogue_with_its_labels(board: dict[str, Any]) -> None:
    known = {metric.name: {*metric.labels, "job", "instance"} for metric in METRICS}
    for expression in expressions(board):
        names = NAME.findall(expression)
        assert names
        for name in names:
            assert name in known, expression
        for name, selector in re.findall(r"(empreinte_\w+)\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)=", selector)) <= known[name], expression


@EACH
def test_counters_are_asked_for_their_rate_alone_and_rates_are_of_counters(board: dict[str, Any]) -> None:
    counters = {metric.name for metric in METRICS if metric.kind is Kind.COUNTER}
    told = {"empreinte_gap_seconds_total"}
    for expression in expressions(board):
        rated = set(re.findall(r"rate\((empreinte_\w+)(?:\{[^}]*\})?\[\$__rate_interval\]\)", expression))
        assert rated <= counters
        # time that was missed since the ledger began is itself what is shown
        assert {name for name in NAME.findall(expression) if name in counters} - rated <= told, expression
        assert re.sub(r"\[\$__rate_interval\]", "", expression).count("[") == 0


@EACH
def test_every_link_leads_to_a_dashboard_that_is_there(board: dict[str, Any]) -> None:
    uids = {one["uid"] for one in ALL}
    links = [*board["links"], *(link for panel in board["panels"] for link in panel.get("links", ()))]
    for link in links:
        target = link["url"].removeprefix("/d/").partition("?")[0]
        assert target in uids
        assert target.endswith(board["uid"][-3:])


@EACH
def test_what_is_asked_for_has_variables_that_are_there(board: dict[str, Any]) -> None:
    there = {variable["name"] for variable in board["templating"]["list"]} | {"__rate_interval"}
    asked = {name for expression in expressions(board) for name in re.findall(r"\$\{?(\w+)", expression)}
    assert asked <= there
    sources = {panel["datasource"]["uid"] for panel in board["panels"] if "datasource" in panel}
    assert len(sources) == 1


def test_the_public_one_has_no_variable_and_leads_nowhere() -> None:
    for board in ALL:
        if board["uid"].startswith("empreinte-public-"):
            assert board["templating"]["list"] == board["links"] == []
            assert "$" not in "".join(expressions(board))
            assert not any("links" in panel for panel in board["panels"])
            assert {panel["datasource"]["uid"] for panel in board["panels"] if "datasource" in panel} == {SOURCE}
    assert len([board for board in ALL if "public" in board["uid"]]) == len(LANGUAGES)
    assert not any("public" in board["uid"] for board in dashboards("en"))


def test_the_public_one_tells_nothing_of_budgets_contracts_or_what_is_bought_of_whom() -> None:
    (public,) = [board for board in dashboards("fr", SOURCE) if "public" in board["uid"]]
    asked = " ".join(expressions(public))
    assert not re.search(r"empreinte_(budget|contract|external|period_contract|period_external)", asked)
    assert all(word not in asked for word in ("supplier", "provider", "contract"))


@EACH
def test_the_columns_of_a_table_are_those_that_its_queries_have(board: dict[str, Any]) -> None:
    for panel in (one for one in board["panels"] if one["type"] == "table"):
        joined, kept, order = (one["options"] for one in panel["transformations"])
        headings = list(order["renameByName"].values())
        assert len(headings) == len(set(headings))
        assert list(order["renameByName"]) == kept["include"]["names"] == list(order["indexByName"])
        assert panel["options"]["sortBy"][0]["displayName"] in headings
        assert {one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"]} == set(headings)
        letters = {target["refId"] for target in panel["targets"]}
        assert {name[-1] for name in kept["include"]["names"] if name.startswith("Value #")} <= letters
        asked = [target["expr"] for target in panel["targets"]]
        assert len(asked) == 1 or all(joined["byField"] in one for one in asked)
        labels = [name for name in kept["include"]["names"] if not name.startswith("Value")]
        assert all(any(name in one for one in asked) for name in labels)


@EACH
def test_no_unit_scales_what_people_compare_with_the_report(board: dict[str, Any]) -> None:
    text = str([panel.get("fieldConfig") for panel in board["panels"]])
    assert not re.search(r"'(kwatth|watt|litre|currencyEUR|masskg|massg|conppm)'", text)


def shape(board: dict[str, Any]) -> list[tuple[str, Any, list[str]]]:
    return [
        (panel["type"], panel["gridPos"], [target["expr"] for target in panel.get("targets", ())])
        for panel in board["panels"]
    ]


@pytest.mark.parametrize("place", range(len(dashboards("en", SOURCE))))
def test_french_and_english_have_the_same_panels(place: int) -> None:
    french, english = (dashboards(language, SOURCE)[place] for language in LANGUAGES)
    assert shape(french) == shape(english)
    pairs = zip(french["panels"], english["panels"], strict=True)
    same = [one["title"] for one, other in pairs if one["title"] == other["title"]]
    assert len(same) < 3
    assert (french["uid"][:-3], french["title"] == english["title"]) == (english["uid"][:-3], False)


def keys(table: dict[str, Any], before: str = "") -> set[str]:
    found: set[str] = set()
    for name, value in table.items():
        found |= keys(value, f"{before}{name}.") if isinstance(value, dict) else {before + name}
    return found


class Listening(Words):
    """Words that note which of them were asked for."""

    def __init__(self, said: Words) -> None:
        super().__init__(said.language, said._table)
        self.asked: set[str] = set()

    def __call__(self, key: str) -> str:
        self.asked.add(key)
        return super().__call__(key)


def test_both_languages_have_the_same_strings_and_none_that_nothing_says(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = [
        tomllib.loads(files("dashboards").joinpath("locales", f"{language}.toml").read_text("utf-8"))
        for language in LANGUAGES
    ]
    french, english = map(keys, tables)
    assert french == english
    said = Listening(words("en"))
    monkeypatch.setattr("dashboards.boards.words", lambda _: said)
    dashboards("en", SOURCE)
    # those of annotations are said of events: test_annotations
    elsewhere = ("names.", "annotations.")
    assert {key for key in english if not key.startswith(elsewhere)} - said.asked == set()


def test_a_language_that_there_is_none_in_is_told() -> None:
    with pytest.raises(ValueError, match="'de' is no language"):
        dashboards("de")
    with pytest.raises(KeyError):
        words("fr")("overview.nothing")


def test_no_two_dashboards_have_a_title_in_common() -> None:
    titles = [board["title"] for board in ALL]
    assert len(titles) == len(set(titles))
    assert all(first["uid"] != second["uid"] for first, second in itertools.combinations(ALL, 2))
