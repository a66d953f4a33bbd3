"""The summary of a month, from the ledger of a simulated year to a mailbox: its figures are those of the report."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from monitor.app import fill_year
from monitor.cli.program import run
from monitor.cli.reported import reported
from monitor.config import Config, Surroundings, load
from monitor.core.budgets import Budget, Forecast, Measure, Period, Standing
from monitor.core.calendar import months_of
from monitor.core.entries import PSEUDO_SERVICES
from monitor.core.impact import Bounds
from monitor.core.interval import HOUR, Stamp
from monitor.ledger.store import Ledger
from monitor.monthly import KEY, MORNING, Monthly, MonthName, Summary, figures_of
from monitor.notify.delivery import Notifier
from monitor.notify.outbox import FILE, Outbox
from monitor.post import posts_of
from monitor.report.scope import Scope
from tests.parts.loopback import wait_until
from tests.parts.postbox import Postbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PARIS = ZoneInfo("Europe/Paris")
YEAR = 2025
MONTHS = months_of(YEAR, PARIS)
MARCH_10 = MONTHS[2].start + 10 * 24 * HOUR.nanoseconds


def _config(place: Path, port: int, language: str = "fr") -> Config:
    file = place / "empreinte.toml"
    file.write_text(
        f"""
[organisation]
name = "Ville d'Exemple"
timezone = "Europe/Paris"
language = "{language}"
[host]
name = "ia-01"
zone = "FR"
[paths]
state = "{place}"
[email]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "empreinte@example.org"
summary_to = ["maire@example.org"]
""",
        encoding="utf-8",
    )
    return load(Surroundings({}, root=False, host_name="ia-01", time_zone="UTC"), file)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the first ten weeks of a simulated year are."""
    place = tmp_path_factory.mktemp("ledger")
    fill_year(_config(place, 25), YEAR, 7, MARCH_10)
    return place


@pytest.fixture
def config(place: Path) -> Config:
    return _config(place, 25)


def test_its_figures_are_the_reports(config: Config) -> None:
    with Ledger.read(config.ledger.url) as ledger:
        february = figures_of(ledger, MonthName(YEAR, 2), config)
        report = reported(ledger, YEAR, (), Scope(months=(2,)))
    assert february is not None
    assert february.closed
    assert february.energy == sum(use.total.microjoules for use in report.uses) > 0
    assert february.impacts == report.months[0].impacts
    for use in report.uses:
        assert february.services[use.facts.key][1] == use.total.microjoules
    assert {use.facts.department for use in report.uses} - {""} == february.departments.keys()


def test_it_reads_as_a_person_writes_with_french_figures(config: Config) -> None:
    with Ledger.read(config.ledger.url) as ledger:
        text = Summary(config, simulated=True).text(ledger, MonthName(YEAR, 2))
    assert text is not None
    assert text.startswith("SIMULATION")
    assert "En février 2025, les services d'IA de Ville d'Exemple et leur serveur ia-01 ont consommé " in text
    assert "\N{NO-BREAK SPACE}kWh d'électricité." in text
    assert "janvier 2025 : " in text
    assert "\N{NARROW NO-BREAK SPACE}%" in text
    assert "empreinte report --year 2025 --month 2" in text
    assert not any(f"- {key} " in text for key in PSEUDO_SERVICES)


def test_budgets_that_last_are_told_with_their_forecast_and_those_of_the_month_are_not(config: Config) -> None:
    year = Budget("all", "Tout\nl'IA", None, Measure.ENERGY, Period.YEAR, 1000, Fraction(4, 5), "3000 kWh")
    month = replace(year, key="month", name="Mois", period=Period.MONTH)
    coming = Forecast(Bounds(1100, 1200, 1300), None)
    used = Bounds(400, 400, 400)
    standings = (
        Standing(year, MONTHS[0], used, coming),
        Standing(month, MONTHS[0], used, None),
        Standing(replace(year, name="Inconnu"), MONTHS[0], None, None),
        Standing(replace(year, name="Presque"), MONTHS[0], Bounds(999, 999, 999), None),
    )
    with Ledger.read(config.ledger.url) as ledger:
        text = Summary(config).text(ledger, MonthName(YEAR, 2), standings)
    assert text is not None
    space = "\N{NARROW NO-BREAK SPACE}"
    assert (
        f"- Tout l'IA (3000 kWh) : 40{space}% consommés, il reste 60{space}%."
        f" À ce rythme, 120{space}% à la fin de la période."
    ) in text
    assert "- Inconnu (3000 kWh) : la consommation n'est pas connue." in text
    assert f"- Presque (3000 kWh) : 99{space}% consommés" in text
    assert "Mois" not in text


def test_the_daemon_looks_after_it_with_each_commit_and_minds_no_failure(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    end = MONTHS[1].end + MORNING
    with Ledger.read(config.ledger.url) as ledger:
        # one that is read remembers nothing
        Monthly(config, ledger).attend(end, Stamp(end, end))
    assert "the summary of the month could not be made" in caplog.text
    assert "tried again in an hour" in caplog.text


def test_what_was_not_measured_is_no_month_and_what_is_open_is_said_to_be(config: Config) -> None:
    with Ledger.read(config.ledger.url) as ledger:
        assert Summary(config).text(ledger, MonthName(YEAR, 4)) is None
        march = Summary(config).text(ledger, MonthName(YEAR, 3))
    assert march is not None
    assert "Le mois n'est pas clos" in march
    assert "Pas de comparaison avec février 2025 : mars 2025 n'a été mesuré qu'à " in march


def _queued(config: Config) -> list[str]:
    with Outbox(config.paths.state / FILE) as outbox:
        return [letter.id for letter in outbox.waiting(config.email.summary_url, 10)]


def _attend(config: Config, moments: Sequence[tuple[int, int]]) -> None:
    """Begin a daemon's run, in which so much is closed at each of the moments."""
    now = moments[0][1]
    with Ledger.open(
        config.ledger.url,
        host="ia-01",
        timezone="Europe/Paris",
        now=Stamp(now, now),
        simulated=True,
        holder="a test",
    ) as ledger:
        monthly = Monthly(config, ledger)
        for closed, now in moments:
            monthly.attend(closed, Stamp(now, now))


def test_each_month_is_told_once_when_it_is_closed_and_not_in_the_night(config: Config) -> None:
    end_of_january, end_of_february = MONTHS[0].end, MONTHS[1].end
    early, later = end_of_january + MORNING - 1, end_of_january + MORNING
    before = end_of_january - HOUR.nanoseconds
    # with the first look, nothing of before is told
    _attend(config, [(before, before)])
    assert _queued(config) == []
    _attend(config, [(end_of_january, early), (before, later)])
    assert _queued(config) == []
    _attend(config, [(end_of_january, later), (end_of_january, later)])
    _attend(config, [(end_of_january, later + HOUR.nanoseconds)])
    january = [f"{KEY}-ia-01-2025-01"]
    assert _queued(config) == january
    # delivered, and gone from the queue: it does not come again, and February comes after a week of being off
    with Outbox(config.paths.state / FILE) as outbox:
        outbox.delivered(outbox.waiting(config.email.summary_url, 1)[0])
    week_later = end_of_february + 7 * 24 * HOUR.nanoseconds
    _attend(config, [(end_of_january, later), (week_later, week_later), (week_later, week_later)])
    assert _queued(config) == [f"{KEY}-ia-01-2025-02"]


def test_of_months_that_were_missed_one_is_made_at_each_commit(config: Config, tmp_path: Path) -> None:
    # the ledger is that of the other tests, and the queue another
    apart = replace(config, paths=replace(config.paths, state=tmp_path))
    now = MONTHS[1].end + MORNING
    with Ledger.open(
        config.ledger.url, host="ia-01", timezone="Europe/Paris", now=Stamp(now, now), simulated=True, holder="a test"
    ) as ledger:
        ledger.remember(KEY, '"2024-12"')
    _attend(apart, [(MONTHS[1].end, now)])
    assert _queued(apart) == [f"{KEY}-ia-01-2025-01"]
    _attend(apart, [(MONTHS[1].end, now), (MONTHS[1].end, now)])
    assert _queued(apart) == [f"{KEY}-ia-01-2025-01", f"{KEY}-ia-01-2025-02"]


def test_it_is_sent_at_once_also_where_no_event_is_told_to_anybody(place: Path) -> None:
    end = MONTHS[1].end + MORNING
    with Postbox() as box:
        config = _config(place, box.port)
        with (
            Notifier([], config.paths.state, "/ia-01", lambda: end, posts=posts_of(config)) as notifier,
            Ledger.open(
                config.ledger.url,
                host="ia-01",
                timezone="Europe/Paris",
                now=Stamp(end, end),
                simulated=True,
                holder="a test",
            ) as ledger,
        ):
            ledger.remember(KEY, '"2025-01"')
            # by then the courier has found nothing, and sleeps
            time.sleep(0.3)
            Monthly(config, ledger, notice=notifier.notice).attend(end, Stamp(end, end))
            wait_until(lambda: bool(box.taken), what="the summary")
    assert box.taken[0]["To"] == "maire@example.org"


def test_the_command_shows_it_and_sends_it_when_asked_to(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Postbox() as box:
        _config(place, box.port, "en")
        arguments = ["notify", "summary", "--month", "2025-02", "--config", str(place / "empreinte.toml")]
        assert run(arguments) == 0
        assert "In February 2025, the AI services of Ville d'Exemple" in capsys.readouterr().out
        assert box.taken == []
        assert run([*arguments, "--send"]) == 0
        assert run(["notify", "test", "--config", str(place / "empreinte.toml")]) == 0
        assert run([*arguments[:3], "2024-02", *arguments[4:]]) == 1
        assert run([*arguments[:3], "february", *arguments[4:]]) == 2
    summary, trial = box.taken
    assert summary["To"] == "maire@example.org"
    assert "the footprint of AI, February 2025" in summary["Subject"]
    assert "kWh" in summary.get_content()
    assert "This is a test" in trial.get_content()


def test_a_month_has_one_name() -> None:
    assert str(MonthName(2026, 1).later(-1)) == "2025-12"
    assert MonthName.of("2026-10").later(-12) == MonthName(2025, 10)
    for wrong in ("2026-13", "2026-1", "9999-12", "0000-01", "october", ""):
        with pytest.raises(ValueError, match=wrong or "invalid"):
            MonthName.of(wrong)
