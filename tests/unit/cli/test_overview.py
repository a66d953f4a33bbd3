from typing import Any
from zoneinfo import ZoneInfo

from monitor.cli.overview import Overview, Use, as_json, page, told_by_daemon, told_by_ledger
from monitor.cli.speech import Speech
from monitor.cli.terminal import Terminal
from monitor.config import Language
from monitor.core.entries import ServiceFacts
from monitor.core.units import Energy
from monitor.web.quantities import utc

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
    view = told_by_ledger("ia-01", utc(0), {}, {}, {}, simulated=True)
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
    view = told_by_ledger("ia-01", utc(0), energy, coverage, services)
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
    assert said["periods"]["day"] == {"energy_joules": 5e-6, "coverage_ratio": 1}
    assert said["periods"]["year"] == {"energy_joules": None, "coverage_ratio": None}
    assert said["consumers"] == [{"key": "a", "name": "A", "power_watts": None, "energy_joules": {"day": 5e-6}}]


def test_french_is_spoken() -> None:
    shown = lines(page(told_by_daemon(STATUS), Speech(Language.FRENCH, ZoneInfo("UTC")), NARROW))
    assert shown[0].split()[:2] == ["service", "maintenant"]
    assert shown[3].startswith("Autres processus")
