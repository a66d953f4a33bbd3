"""Every dashboard in a real Prometheus that scrapes a simulated town hall: no panel is empty, and its figures are true.

Its ledger has the beginning of last year and all of this one but for a week that nobody measured; in between a service
moves to another department.
Prometheus keeps 15 days, and has only what it scraped in this test: what it shows of the past is the ledger's.
"""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import pytest

from dashboards.boards import dashboards
from dashboards.words import LANGUAGES
from monitor.app import fill_year
from monitor.cli.simulate import SEED
from monitor.config import Surroundings, load
from monitor.core.groups import NOBODY
from tests.parts.boards import Span, answer, asked, samples
from tests.parts.daemon import PROGRAM, Daemon
from tests.parts.loopback import wait_until
from tests.parts.prometheus import Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = [pytest.mark.real("prometheus"), pytest.mark.usefixtures("no_proxy"), pytest.mark.timeout(580)]

SOURCE: Final = "the-prometheus"
RETENTION: Final = "15d"
EMPTY: Final[Mapping[tuple[str, str, str], str]] = {
    ("overview", "Bought services, this year", "D"): "the impact of every token that the town hall buys is declared",
    ("service", "Per image", "A"): "no service of the town hall makes images",
    ("budgets", "What the verdicts rest on", "D"): "no clause of the town hall is about as much as a kilogram of gases",
    ("budgets", "What the verdicts rest on", "E"): "no clause of the town hall is about water",
}
"""The queries without an answer, by dashboard, English title and letter, and why. One that is answered is none here."""
BUDGETS: Final = [
    {"name": "Toute l'IA", "period": "year", "limit": "4500 kWh"},
    {"name": "Essai", "service": "traduction", "period": "year", "limit": "10 gCO2e"},
    {"name": "Marché bureautique", "contract": "2025-DSI-017", "period": "year", "limit": "3 m3"},
    {"name": "Communication", "department": "Communication", "period": "year", "limit": "300 EUR"},
]
"""One of each kind; the second is exceeded on any day of any year."""
WEEK: Final = 7 * 86_400
MOVED_IN: Final = 2026
MOVED_BY: Final = 5
"""The year in which a service moves to another department, and the month before which it has."""
BOTH: Final = ("Archives", "Bibliothèque")
"""The department that has it by now, and the one before."""
SECOND: Final = 10**9
JOULES_PER_KWH: Final = 3_600_000
MOST_WATTS: Final = 3_000
"""More than the simulated server ever draws."""
KILOGRAMS_PER_KWH: Final = 0.1
"""More than a kilowatt-hour of electricity makes there."""
KILOGRAMS_PER_HOUR: Final = 0.06
"""More than falls on an hour of what making the hardware caused, whether it is measured or not."""


@dataclass(frozen=True)
class Town:
    """A simulated daemon, its Prometheus, and when the daemon began to measure, in s since the epoch.

    Beside it what the reports of this year and of last year say, as programs read them.
    """

    daemon: Daemon
    prometheus: Prometheus
    begun: float
    this: Any
    last: Any

    def span(self) -> Span:
        now = time.time()
        return Span(now - 60, now)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    home = tmp_path_factory.mktemp("town")
    ledger = f"sqlite:///{home}/simulated.db"
    tables = {
        "organisation": {"timezone": "Europe/Paris", "language": "en"},
        "ledger": {"url": ledger},
        "budget": BUDGETS,
    }
    daemon = Daemon(home, tables, command=("simulate", "--ledger", ledger))
    config = load(Surroundings.of_this_process(), daemon.configuration)
    config = replace(config, ledger=replace(config.ledger, url=ledger))
    now = datetime.now(config.organisation.timezone)
    # in winter the month and the quarter before, which are shown, are last year's
    short = datetime(now.year - 1, MOVED_BY, 1, tzinfo=now.tzinfo)
    last_until = int(short.timestamp() * SECOND) if now.month >= MOVED_BY else None
    fill_year(config, now.year - 1, SEED, until=last_until)
    fill_year(config, now.year, SEED, until=int((now.timestamp() - WEEK) * SECOND))
    begun = time.time()
    with daemon, Prometheus(home, daemon.url.removeprefix("http://"), retention=RETENTION) as prometheus:
        this, last = (_report(daemon, year, home / f"{year}") for year in (now.year, now.year - 1))
        town = Town(daemon, prometheus, begun, this, last)
        wait_until(lambda: _is_under_way(town), what="clauses are judged, models loaded, pages read", seconds=240)
        yield town


def _is_under_way(town: Town) -> bool:
    page = town.daemon.scrape()
    wanted = ("contract_clause_value", "budget_forecast_ratio", "service_tokens_total", "service_requests_total")
    return (
        all(page.find(f"empreinte_{name}") for name in wanted)
        and bool(page.find("empreinte_service_power_watts", service="traduction"))
        and town.prometheus.query('sum_over_time(up{job="test"}[1h])')[0].value > 10
        and bool(town.prometheus.query("sum(rate(empreinte_service_tokens_total[10s])) > 0"))
    )


def _unanswered(town: Town, board: Mapping[str, Any], titles: Mapping[int, str]) -> set[tuple[str, str, str]]:
    name, span = board["uid"].split("-")[1], town.span()
    return {
        (name, titles[one.panel["id"]], one.target["refId"])
        for one in asked(board, town.prometheus, span)
        if not answer(one, town.prometheus, span)
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_query_of_every_panel_is_answered_but_for_those_that_have_a_reason(town: Town, language: str) -> None:
    def unanswered() -> set[tuple[str, str, str]]:
        empty: set[tuple[str, str, str]] = set()
        for board, english in zip(dashboards(language, SOURCE), dashboards("en", SOURCE), strict=True):
            empty |= _unanswered(town, board, {panel["id"]: panel["title"] for panel in english["panels"]})
        return empty

    # a rate needs somebody who asks something just then
    wait_until(lambda: unanswered() <= EMPTY.keys(), what="answers to all queries", seconds=60, every=3)
    assert unanswered() == EMPTY.keys()


def _report(daemon: Daemon, year: int, output: Path, *more: str) -> Any:
    """Return what the report of a *year* says, as a program reads it; its files are in *output*."""
    output.mkdir()
    options = ("--year", year, "--format", "json", "--output", output, "--config", daemon.configuration, *more)
    command = [str(one) for one in (PROGRAM, "report", *options)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    # beside it lies what describes its tables to other programs
    written = [json.loads(file.read_text()) for file in output.rglob("*.json")]
    (told,) = [one for one in written if one.get("format") == "empreinte-report"]
    return told


@dataclass(frozen=True)
class Figures:
    """Energy in kWh and greenhouse gases in kg, by service or by department: exactly as the report has them."""

    energy: Mapping[str, Fraction]
    gases: Mapping[str, Fraction]


def _by(label: str, report: Any) -> Figures:
    """Return the figures of a *report* by a *label* of its rows; nobody's by what the metrics call nobody."""
    energy: dict[str, Fraction] = {}
    gases: dict[str, Fraction] = {}
    for one in report["services"]:
        name = one[label] or NOBODY.name
        energy[name] = energy.get(name, Fraction(0)) + _kwh(one)
        gases[name] = gases.get(name, Fraction(0)) + _kilograms(one)
    return Figures(energy, gases)


def _kwh(service: Any) -> Fraction:
    return Fraction(service["energy"]["microjoules"], JOULES_PER_KWH * 10**6)


def _kilograms(service: Any) -> Fraction:
    told = service["impacts"]["emissions_kilograms"]
    return Fraction(told["central"]) if told else Fraction(0)


def _column(town: Town, panel: str, number: int, label: str) -> dict[str, float]:
    """Return what a column of a table of the managers' board shows, by the label of its rows."""
    board = dashboards("en", SOURCE)[0]
    span = town.span()
    queries = [one for one in asked(board, town.prometheus, span) if one.panel["title"] == panel]
    return {sample.labels[label]: sample.value for sample in samples(queries[number], town.prometheus, span)}


def _open_kwh(town: Town) -> float:
    """Return more than the energy of the hour that is still open, in kWh."""
    return (time.time() - town.begun) / 3600 * MOST_WATTS / 1000


def _open_kilograms(town: Town) -> float:
    """Return more than the greenhouse gases of that hour, in kg."""
    hours = (time.time() - town.begun + town.begun % 3600) / 3600
    return _open_kwh(town) * KILOGRAMS_PER_KWH + hours * KILOGRAMS_PER_HOUR


def _assert_shown(shown: Mapping[str, float], told: Mapping[str, Fraction], open_hour: float) -> None:
    """Assert that what is *shown* is what was *told*, but for the hour that is still open, which no report has."""
    assert {name for name, value in told.items() if value} <= shown.keys()
    for name, value in shown.items():
        assert -0.0005 <= value - float(told.get(name, 0)) <= open_hour + 0.0005, name


def _assert_exact(shown: Mapping[str, float], told: Mapping[str, Fraction]) -> None:
    assert {name for name, value in told.items() if value} <= shown.keys()
    assert {name: f"{value:.1f}" for name, value in shown.items()} == {
        name: f"{float(told.get(name, 0)):.1f}" for name in shown
    }


THIS_ENERGY, _MONTH, LAST_ENERGY, THIS_GASES, LAST_GASES = range(5)
SERVICES: Final = ("By service", "who")
DEPARTMENTS: Final = ("By department", "department")


def _assert_as_reported(town: Town, table: tuple[str, str], this: Figures, last: Figures) -> None:
    title, label = table
    _assert_exact(_column(town, title, LAST_ENERGY, label), last.energy)
    _assert_exact(_column(town, title, LAST_GASES, label), last.gases)
    _assert_shown(_column(town, title, THIS_ENERGY, label), this.energy, _open_kwh(town))
    _assert_shown(_column(town, title, THIS_GASES, label), this.gases, _open_kilograms(town))


def _named(town: Town, figures: Figures) -> Figures:
    """Return *figures* of services by the names that people read, as the board has them."""
    facts = town.prometheus.query("empreinte_service_info")
    names = {one.labels["service"]: one.labels.get("name", one.labels["service"]) for one in facts}

    def named(values: Mapping[str, Fraction]) -> Mapping[str, Fraction]:
        return {names.get(key, key): value for key, value in values.items()}

    return Figures(named(figures.energy), named(figures.gases))


def _assert_headlines(town: Town) -> None:
    this, last = (_named(town, _by("service", report)) for report in (town.this, town.last))
    _assert_as_reported(town, SERVICES, this, last)
    board, span = dashboards("en", SOURCE)[0], town.span()
    shown = {one.panel["title"]: samples(one, town.prometheus, span) for one in asked(board, town.prometheus, span)}
    for title, told in (("Energy, last year", last.energy), ("Greenhouse gases, last year", last.gases)):
        (sample,) = shown[title]
        assert f"{sample.value:.1f}" == f"{float(sum(told.values())):.1f}"


def test_the_managers_figures_are_those_of_the_report_over_a_move_a_gap_a_restart_and_a_young_prometheus(
    town: Town,
) -> None:
    _assert_headlines(town)
    town.daemon.stop()
    town.daemon.start()
    town.prometheus.wait_for_scrapes(int(town.prometheus.value('sum_over_time(up{job="test"}[1d])')) + 3)
    _assert_headlines(town)


def _by_department(town: Town, report: Any, directory: Path) -> Figures:
    """Return the figures of a *report* by department; in the year of the move those of the two by their own reports."""
    whole = _by("department", report)
    if report["year"] != MOVED_IN:
        return whole
    own = {one: _report(town.daemon, MOVED_IN, directory / one, "--department", one) for one in BOTH}
    told = {name: _by("service", one) for name, one in own.items()}
    # its rows are of services as they are now: they would all be with who has it by now
    energy = {name: sum(one.energy.values(), Fraction(0)) for name, one in told.items()}
    gases = {name: sum(one.gases.values(), Fraction(0)) for name, one in told.items()}
    assert min(energy.values()) > 0
    return Figures({**whole.energy, **energy}, {**whole.gases, **gases})


def test_departments_have_what_the_report_gives_them_each_hour_to_who_had_the_service_then(
    town: Town, tmp_path: Path
) -> None:
    this, last = (_by_department(town, report, tmp_path) for report in (town.this, town.last))
    _assert_as_reported(town, DEPARTMENTS, this, last)
