import json
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from monitor.cli.overview import Overview, Use, as_json, page, told_by_daemon, told_by_ledger
from monitor.cli.speech import Speech
from monitor.cli.terminal import Terminal
from monitor.config import Language
from monitor.core.calendar import utc
from monitor.core.entries import ServiceFacts
from monitor.core.figures import Figures
from monitor.core.impact import Bounds, Indicator
from monitor.core.units import Energy
from monitor.exposition.snapshot import Snapshot
from monitor.web.api import as_json as status_as_json
from monitor.web.status import status_of
from tests.fixtures.snapshots import ABOUT, at_work, without_a_zone

ENGLISH = Speech(Language.ENGLISH, ZoneInfo("Europe/Paris"))
NARROW = Terminal(80, colours=False)
SPACE = "\N{NO-BREAK SPACE}"


def consumer(key: str, name: str, watts: float | None, joules: dict[str, float]) -> dict[str, Any]:
    return {"key": key, "name": name, "power_watts": watts, "energy_joules": joules}


STATUS: dict[str, Any] = {
    "host": "ia-01",
    "simulated": False,
    "measured_at": "2026-03-10T12:00:00Z",
    "power_watts": 120.0,
    "not_measured": ["dram"],
    "periods": {
        "day": {"energy_joules": 3600.0, "coverage_ratio": 0.5},
        "month": {"energy_joules": 7200.0, "coverage_ratio": 1.0},
        "year": {"energy_joules": None, "coverage_ratio": None},
    },
    "consumers": [
        consumer("assistant", "Assistant", 100.0, {"day": 3000.0, "month": 6600.0}),
        consumer("stopped", "Stopped", None, {"day": 0.0, "month": 0.0}),
        consumer("_other", "", 20.0, {"day": 600.0, "month": 600.0}),
    ],
    "collectors": [
        {"name": "rapl", "success": True, "reason": "", "what": ""},
        {"name": "nvidia", "success": False, "reason": "absent", "what": "no driver"},
        {"name": "hwmon", "success": False, "reason": "forbidden", "what": "power1_input may not be read"},
    ],
    "ledger": {"error": ""},
}


def lines(text: str) -> list[str]:
    return [line.replace(SPACE, " ") for line in text.split("\n")]


def test_what_the_daemon_says_is_shown() -> None:
    assert lines(page(told_by_daemon(STATUS), ENGLISH, NARROW)) == [
        "service             now    today  this month  this year",
        "Assistant         100 W  0.83 Wh     1.83 Wh          ?",
        "Stopped               -     0 Wh        0 Wh          ?",
        "Other processes  20.0 W  0.17 Wh     0.17 Wh          ?",
        "all together      120 W  1.00 Wh     2.00 Wh          ?",
        "time measured              50.0%        100%          ?",
        "Not measured: memory.",
        "hwmon: power1_input may not be read",
    ]


def test_power_that_is_unknown_is_not_zero() -> None:
    view = told_by_daemon({**STATUS, "power_watts": None, "ledger": {"error": "the disk is full"}})
    shown = lines(page(view, ENGLISH, NARROW))
    assert shown[4].split() == ["all", "together", "?", "1.00", "Wh", "2.00", "Wh", "?"]
    assert shown[-1] == "The ledger can't be written: the disk is full"
    nothing = told_by_daemon({**STATUS, "power_watts": 0.0})
    assert lines(page(nothing, ENGLISH, NARROW))[4].split()[2:4] == ["0", "W"]


def test_figures_that_are_made_up_are_said_to_be() -> None:
    assert "this machine is simulated" in page(told_by_daemon({**STATUS, "simulated": True}), ENGLISH, NARROW)
    view = told_by_ledger("ia-01", utc(0), Figures(), {}, simulated=True)
    assert "this machine is simulated" in page(view, ENGLISH, NARROW)
    assert as_json(view)["simulated"] is True


def test_what_the_ledger_says_is_shown_without_a_power() -> None:
    energy = {
        ("assistant", "day"): Energy.from_joules(3600),
        ("assistant", "year"): Energy.from_joules(7200),
        ("_other", "year"): Energy.from_joules(3600),
        ("assistant", "quarter"): Energy.from_joules(1),
    }
    coverage = {"day": 0.25, "month": None, "year": 0.5, "quarter": 1.0}
    services = {"assistant": ServiceFacts("assistant", "Assistant")}
    view = told_by_ledger("ia-01", utc(0), Figures(energy, coverage), services, simulated=False)
    assert lines(page(view, ENGLISH, NARROW)) == [
        "service            today  this month  this year",
        "Assistant        1.00 Wh           ?    2.00 Wh",
        "Other processes     0 Wh           ?    1.00 Wh",
        "all together     1.00 Wh           ?    3.00 Wh",
        "time measured      25.0%           ?      50.0%",
    ]


def test_the_ledgers_figures_have_the_daemons_shape_for_programs() -> None:
    view = Overview(
        "ia-01", utc(0), True, (Use("a", "A", None, {"day": Energy(5)}),), None, {"day": Energy(5)}, {"day": 1}
    )
    said = as_json(view)
    assert said["source"] == "ledger"
    assert known(said["periods"]["day"]) == {"energy_joules": 5e-6, "coverage_ratio": 1}
    assert known(said["periods"]["year"]) == {}
    assert known(said["consumers"][0]) == {"key": "a", "name": "A", "energy_joules": {"day": 5e-6}}


def known(told: dict[str, Any]) -> dict[str, Any]:
    """Return what is known of what is told."""
    return {name: value for name, value in told.items() if value is not None and value != {}}


def told_at_work(snapshot: Snapshot) -> Overview:
    return told_by_daemon(json.loads(json.dumps(status_as_json(status_of(snapshot), ABOUT, stale=False))))


def from_the_ledger(snapshot: Snapshot) -> Overview:
    figures = Figures(
        snapshot.period_energy,
        snapshot.period_coverage,
        impacts=snapshot.period_impacts,
        meters=snapshot.period_meters,
    )
    return told_by_ledger("ia-01", utc(snapshot.at.wall), figures, snapshot.services, simulated=False)


def test_what_it_came_to_stands_beside_and_below_within_eighty_columns() -> None:
    shown = lines(page(told_at_work(at_work()), ENGLISH, NARROW))
    assert max(map(len, shown)) <= 80
    assert shown[0] == "service                       now     today  this month  this year  CO₂e (year)"
    assert shown[2] == "Transcription du conseil…  92.7 W  1.56 kWh    41.5 kWh    386 kWh      37.4 kg"
    assert shown[10:18] == [
        "all together                460 W  7.75 kWh     207 kWh   1.92 MWh       192 kg",
        "time measured                          100%       99.6%      87.1%",
        "CO₂e                                  825 g     22.0 kg     192 kg",
        "  at least                            573 g     15.3 kg     133 kg",
        "  at most                           1.12 kg     30.0 kg     262 kg",
        "water                                43.0 L     1.15 m³    10.0 m³",
        "cost                                  €2.19      €58.36    €509.43",
        "impacts known                          100%        100%      94.0%",
    ]


def test_a_wider_terminal_shows_whole_names() -> None:
    shown = lines(page(told_at_work(at_work()), ENGLISH, Terminal(100, colours=False)))
    assert shown[2].startswith("Transcription du conseil municipal  92.7 W")


def test_without_a_zone_there_is_no_figure_of_impacts_but_the_cure() -> None:
    shown = page(told_at_work(without_a_zone()), ENGLISH, NARROW)
    assert "CO₂e" not in shown
    assert "€" not in shown
    assert "Impacts are unknown. Tell the configuration" in shown
    assert "Impacts are unknown" not in page(told_at_work(at_work()), ENGLISH, NARROW)


def test_a_factor_that_is_missing_is_told_in_place_of_a_zone() -> None:
    lacking = replace(without_a_zone(), terms_fault="there is no electricity factor of PL: give one")
    said = page(told_at_work(lacking), ENGLISH, NARROW)
    assert "Impacts are unknown. There is no electricity factor of PL: give one." in " ".join(said.split())
    assert "on which electricity grid" not in said


def test_a_daemon_that_knows_nothing_of_impacts_is_understood() -> None:
    view = told_by_daemon(STATUS)
    assert not view.has_impacts
    assert "Impacts" not in page(view, ENGLISH, NARROW)


def test_what_is_unknown_in_one_period_is_said_there_alone() -> None:
    snapshot = at_work()
    amounts = {key: bounds for key, bounds in snapshot.period_impacts.items() if key[2] != "day"}
    shown = lines(page(told_at_work(replace(snapshot, period_impacts=amounts)), ENGLISH, NARROW))
    assert shown[12].split() == ["CO₂e", "?", "22.0", "kg", "192", "kg"]
    without_cost = {key: bounds for key, bounds in amounts.items() if key[1] is not Indicator.COST}
    assert "cost" not in page(told_at_work(replace(snapshot, period_impacts=without_cost)), ENGLISH, NARROW)


def test_the_ledger_and_the_daemon_tell_the_same_impacts() -> None:
    daemon, ledger = told_at_work(at_work()), from_the_ledger(at_work())
    assert [use.emissions for use in ledger.uses] == [
        {period: bounds for period, bounds in use.emissions.items() if period in ledger.uses[0].emissions}
        for use in daemon.uses
    ]
    told = as_json(ledger)
    status = status_as_json(status_of(at_work()), ABOUT, stale=False)
    for period in ("day", "month", "year"):
        here = told["periods"][period]
        assert here == {name: status["periods"][period][name] for name in here}
        for mine, its in zip(told["consumers"], status["consumers"], strict=True):
            assert mine["emissions_low_grams"][period] == its["emissions_low_grams"][period]


def test_the_ledgers_impacts_are_said_to_be_those_of_closed_hours() -> None:
    said = "Impacts are those of closed hours"
    assert said in page(from_the_ledger(at_work()), ENGLISH, NARROW)
    assert said not in page(told_at_work(at_work()), ENGLISH, NARROW)
    assert said not in page(from_the_ledger(without_a_zone()), ENGLISH, NARROW)


def test_hardware_that_nobody_used_is_a_row_of_the_ledger_too() -> None:
    made = {("_idle", Indicator.GWP_EMBODIED, "year"): Bounds(1_000_000, 2_000_000, 3_000_000)}
    view = told_by_ledger("ia-01", utc(0), Figures(coverage={"year": 0.5}, impacts=made), {}, simulated=False)
    assert [use.key for use in view.uses] == ["_idle"]
    assert view.uses[0].emissions == {"year": Bounds(1_000_000, 2_000_000, 3_000_000)}
    assert lines(page(view, ENGLISH, NARROW))[1].split()[-2:] == ["2.00", "g"]


def test_french_is_spoken() -> None:
    shown = lines(page(told_by_daemon(STATUS), Speech(Language.FRENCH, ZoneInfo("UTC")), NARROW))
    assert shown[0].split()[:2] == ["service", "maintenant"]
    assert shown[3].startswith("Autres processus")
