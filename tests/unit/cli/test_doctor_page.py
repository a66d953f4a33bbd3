import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from collectors import hwmon, ipmi, perf, rapl
from monitor.cli.comparison_lines import Comparison
from monitor.cli.doctor_page import as_json, page
from monitor.cli.speech import Speech
from monitor.cli.terminal import Terminal
from monitor.collector import PageRead, Source
from monitor.comparison import Line, Ours, Part, Why
from monitor.config import Config, Language, load
from monitor.core.activity import Unit
from monitor.core.delivery import Standing as Delivery
from monitor.core.entries import ServiceFacts
from monitor.core.readings import Method
from monitor.core.rights import GRANTS
from monitor.core.units import Power
from monitor.doctor import (
    Destination,
    Examination,
    MeterFound,
    PageSeen,
    ServiceSeen,
    Standing,
    State,
    Stranger,
    Unreadable,
    Webhook,
    impact_standings,
)
from monitor.totals import Reason, Total, Way
from tests.unit.config.test_file import HERE

CONFIG = load(HERE)
NARROW = Terminal(80, colours=False)
ENGLISH = Speech(Language.ENGLISH, ZoneInfo("UTC"))
FOUND = Examination(
    meters=(
        MeterFound("rapl", Source("package", "intel-rapl:0", "counter", "/sys/class/powercap", "+-5 %"), used=True),
        MeterFound("modelled_host", Source("package", "cpu", "modelled", "/proc/stat", "+-50 %"), used=False),
    ),
    unmeasured=("dram", "platform"),
    users=("cgroup", "process"),
    unreadable=(
        Unreadable("hwmon", "forbidden", "power1_input may not be read", "give the daemon the right"),
        Unreadable("nvidia", "absent", "no driver", "buy one"),
    ),
    services=(
        ServiceSeen(ServiceFacts("assistant", "Assistant", found_by="configured"), running=False),
        ServiceSeen(ServiceFacts("llama-cpp", "llama.cpp", found_by="discovered"), running=True),
    ),
    ledger=Standing(State.NEW, "/var/lib/empreinte/ledger.db"),
    page=Standing(State.UNUSABLE, "http://127.0.0.1:80/", "Permission denied", "set web.listen"),
    watch=Standing(State.REDUCED, "", "Operation not permitted"),
    zone=Standing(State.REDUCED, "", cure='host.zone = "FR"'),
)
COMPARED = Comparison(
    60,
    (
        Line(Part.CPU, Ours(Power.from_watts(10), Method.COUNTER), Power.from_watts(5), (Why.THEY_MODEL,)),
        Line(Part.GPU, Ours(None, None), None, (Why.THEY_SEE_NONE,)),
    ),
    "3.3.2",
    (
        Total(Way.CODECARBON, "", Power.from_watts(75), -25.0, -0.25, (Reason.CODECARBON,)),
        Total(Way.COMPONENTS, "", Power.from_watts(100), None, None, ()),
        Total(Way.MACHINE, "shelly:prise", Power.from_watts(130), 30.0, 0.3, (Reason.REST, Reason.SHORT)),
        Total(Way.MACHINE, "nut:ups", None, None, None, (Reason.SILENT,)),
    ),
)
NOTHING = replace(FOUND, meters=(), users=(), unreadable=(), services=())


def shown(
    found: Examination = FOUND,
    *,
    config: Config = CONFIG,
    compared: Comparison | None = None,
    language: Language = Language.ENGLISH,
) -> str:
    text = page(found, config, compared, Speech(language, ZoneInfo("UTC")), NARROW)
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_each_source_says_how_well_it_knows_and_whether_it_is_used() -> None:
    text = shown()
    assert "  processors  counter, ±5 %, used\n              rapl: /sys/class/powercap\n" in text
    assert "  processors  model, ±50 %, in reserve\n" in text
    assert "Measured by nothing here: memory and whole machine." in text


def test_a_cure_is_told_where_there_is_one() -> None:
    text = shown()
    assert "  hwmon   forbidden: power1_input may not be read\n          Cure: give the daemon the right\n" in text
    assert "  nvidia  absent: no driver\n          Cure: buy one\n" in text


LACKING = replace(
    FOUND,
    meters=(),
    unreadable=(
        Unreadable("hwmon", "forbidden", "energy1_input may not be read", hwmon.CURE),
        Unreadable("ipmi", "forbidden", "/dev/ipmi0 may not be opened", ipmi.RIGHT_CURE),
        Unreadable("perf", "forbidden", "events may not be counted", perf.CURE),
        Unreadable("rapl", "forbidden", "energy_uj may not be read", rapl.CURE),
    ),
)


def test_a_missing_right_is_told_once_with_commands_that_can_be_copied_and_what_it_exposes() -> None:
    text = shown(LACKING)
    assert text.count("Cure: the right") == 3
    assert text.count("to read the energy counters, for rapl, hwmon. As root:") == 1
    for grant in (GRANTS[0], GRANTS[2]):
        assert "".join(f"      {command}\n" for command in grant.commands) in text
    assert text.count("PLATYPUS, CVE-2020-8694") == 1
    assert "switch the machine off" in text
    # the larger right to the same energy is not offered beside the smaller one: it is that collector's cure alone
    assert text.count("AmbientCapabilities=CAP_PERFMON") == 1
    assert "Rights that are missing" not in shown()


def test_a_missing_right_is_told_in_french() -> None:
    text = " ".join(shown(LACKING, language=Language.FRENCH).split())
    assert "Droits qui manquent" in text
    assert "de lire les compteurs d'énergie, pour rapl, hwmon. En tant que root : install -d /etc/tmpfiles.d" in text
    assert "Ce que cela expose : aux membres du groupe empreinte, tout ce que peut le BMC" in text
    assert "Avec moins : lisez le BMC par Redfish" in text


@pytest.mark.parametrize("language", list(Language))
def test_every_right_can_be_said_in_both_languages(language: Language) -> None:
    speech = Speech(language, ZoneInfo("UTC"))
    for grant in GRANTS:
        for key in ("", "exposes.", "rather."):
            assert speech.say(f"rights.{key}{grant.right}")


def test_programs_get_the_missing_rights() -> None:
    counters, controller = as_json(LACKING, CONFIG, None, ENGLISH)["rights"]
    assert (counters["right"], counters["collectors"]) == ("counters", ["rapl", "hwmon"])
    assert counters["commands"] == list(GRANTS[0].commands)
    assert "PLATYPUS" in counters["exposes"]
    assert controller["rather"].startswith("read the BMC by Redfish")
    assert as_json(FOUND, CONFIG, None, ENGLISH)["rights"] == []


def test_what_the_daemon_needs_is_told_with_what_is_wrong() -> None:
    text = shown()
    assert "  configuration  none; the defaults are in force\n" in text
    assert "  ledger         /var/lib/empreinte/ledger.db will be made.\n" in text
    assert "http://127.0.0.1:80/ can't be had: Permission denied.\n                 Cure: set web.listen\n" in text
    assert 'Cure: host.zone = "FR"' in text
    assert text.endswith("The daemon can't start here: see the cures above.")


def test_how_virtual_machines_are_told_is_said_where_there_are_any() -> None:
    assert "virtual machines" not in shown()
    told = replace(FOUND, handoff=Standing(State.READY, "/run/energy", "vm-1, vm-2"))
    assert "virtual machines  vm-1, vm-2: told of their energy by /run/energy.\n" in shown(told)
    refused = replace(FOUND, handoff=Standing(State.REDUCED, "/run/energy", "/run may not be written in", "let it"))
    assert "They can't be told of their energy by /run/energy: /run may not be" in " ".join(shown(refused).split())
    french = " ".join(shown(refused, language=Language.FRENCH).split())
    assert "machines virtuelles Leur énergie ne peut pas leur être remise par /run/energy" in french


def test_services_say_whether_they_run() -> None:
    text = shown()
    assert "  assistant  Assistant  configured  doesn't run\n" in text
    assert "  llama-cpp  llama.cpp  discovered  runs\n" in text


PAGES = (
    PageSeen(
        "openmetrics",
        PageRead(
            address="http://127.0.0.1:8080/metrics",
            consumer="llama-cpp",
            kinds=("llama-cpp",),
            counts=("input_tokens", "output_tokens"),
            asleep=True,
        ),
    ),
    PageSeen(
        "openmetrics",
        PageRead(
            address="http://127.0.0.1:8000/metrics",
            consumer="assistant",
            trouble="127.0.0.1 answers with status 404",
            cure="switch its metrics on",
        ),
    ),
)
WEBHOOKS = (
    Webhook(Delivery("https://hooks.example.org", waiting=0, dead=2, delivered=4120, dropped=0, error=""), "look"),
    Webhook(Delivery("http://[::1]:9000", waiting=7, dead=0, delivered=0, dropped=3, error="::1 can't be reached")),
)


def test_each_page_of_a_service_says_what_it_counts_or_why_it_can_not_be_read() -> None:
    text = shown(replace(FOUND, pages=PAGES))
    assert (
        "What services tell of their work\n"
        "  llama-cpp  http://127.0.0.1:8080/metrics (llama-cpp)\n"
        "             Counts input tokens and output tokens.\n"
        "             Counts no requests: nothing can be said of one.\n"
        "             Asleep: it was not woken, and what it said before holds.\n"
        "  assistant  http://127.0.0.1:8000/metrics\n"
        "             Can't be read: 127.0.0.1 answers with status 404.\n"
        "             Cure: switch its metrics on\n" in text
    )
    assert "What services tell of their work" not in shown()
    french = shown(replace(FOUND, pages=PAGES), language=Language.FRENCH)
    assert "Compte : jetons d'entrée et jetons produits.\n" in french
    assert "Ne compte pas les requêtes : rien ne peut être dit de chacune.\n" in french


def test_each_unit_has_a_name_in_each_language() -> None:
    page = PageRead(address="http://a/", consumer="a", counts=tuple(Unit))
    for language in Language:
        assert shown(replace(FOUND, pages=(PageSeen("openmetrics", page),)), language=language)


def test_who_is_told_of_events_is_shown_with_what_waits_and_the_cure() -> None:
    text = " ".join(shown(replace(FOUND, webhooks=WEBHOOKS)).split())
    numbers = "4,120 delivered, 0 waiting, 2 given up, 0 dropped for want of room"
    assert f"https://hooks.example.org {numbers} Cure: look" in text
    assert "The next one could not be delivered: ::1 can't be reached." in text
    fault = "the queue of webhooks can't be read: look as the daemon's user"
    assert f"How they stand is unknown: {fault}." in " ".join(shown(replace(FOUND, webhooks_fault=fault)).split())
    assert "Who is told of events" not in shown()


def test_pages_and_webhooks_are_told_to_programs() -> None:
    told = json.loads(json.dumps(as_json(replace(FOUND, pages=PAGES, webhooks=WEBHOOKS), CONFIG, None, ENGLISH)))
    assert told["pages"][0]["counts"] == ["input_tokens", "output_tokens"]
    assert (told["pages"][0]["collector"], told["pages"][0]["lacks_requests"]) == ("openmetrics", True)
    assert told["webhooks"][0] == {
        "address": "https://hooks.example.org",
        "waiting": 0,
        "dead": 2,
        "delivered": 4120,
        "dropped": 0,
        "error": "",
        "cure": "look",
    }


def test_a_machine_without_anything_says_so() -> None:
    text = shown(replace(NOTHING, page=Standing(State.READY, "http://127.0.0.1:80/")))
    assert "No energy can be measured or modelled here." in text
    assert "Nothing tells: all energy would be of an unknown user." in text
    assert "None was found." in text
    assert "What can't be read" not in text
    assert text.endswith("no energy is known: see the cures above.")


def test_what_the_impacts_need_is_told() -> None:
    impacts = {"pue": Standing(State.READY, "1.4"), "virtual": Standing(State.REDUCED, "")}
    config = replace(CONFIG, file=Path("/etc/e.toml"))
    text = shown(replace(FOUND, zone=Standing(State.READY, "FR"), impacts=impacts), config=config)
    assert "grid zone      FR\n" in text
    assert "PUE            1.4\n" in text
    assert "hardware       This is a virtual machine: the impact of making its hardware is\n" in text
    assert "configuration  /etc/e.toml\n" in text
    assert "Not set: impacts are unknown until host.zone is set.\n" in shown()


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("said", [{}, {"site_kind": "office"}, {"pue": "1.4", "assets": 2}, {"virtual": True}])
def test_whatever_the_impacts_need_can_be_said(said: dict[str, Any], language: Language) -> None:
    usual: dict[str, Any] = {
        "pue": "",
        "site_kind": "",
        "virtual": False,
        "share": False,
        "assets": 0,
        "detect": False,
    }
    text = shown(replace(FOUND, impacts=impact_standings("FR", **(usual | said))), language=language)
    assert max(len(line) for line in text.split("\n")) <= 80
    assert "doctor." not in text


def test_both_figures_are_compared_with_the_reason() -> None:
    text = shown(compared=COMPARED)
    assert "CodeCarbon 3.3.2 beside Empreinte, over 60 s\n" in text
    assert "  processors     10.0 W      5.00 W\n" in text
    assert "  GPUs                ?           ?\n" in text
    assert "CodeCarbon has no counter here" in text


def test_totals_stand_with_their_differences_and_each_reason_once() -> None:
    text = shown(compared=COMPARED).replace("\N{NO-BREAK SPACE}", " ")
    rows = {line.split("  ")[1].strip(): line.split() for line in text.split("\n") if line.startswith("  ")}
    assert rows["CodeCarbon, all parts"][-4:] == ["\N{MINUS SIGN}25.0", "W", "\N{MINUS SIGN}25.0", "%"]
    assert rows["shelly:prise"] == ["shelly:prise", "130", "W", "+30.0", "W", "+30.0", "%"]
    assert rows["sum of components"] == ["sum", "of", "components", "100", "W"]
    assert rows["nut:ups"] == ["nut:ups", "?"]
    assert text.count("usual.") == 1


def test_what_no_meter_covers_is_named_in_both_languages_and_to_programs() -> None:
    assert "No meter covers the memory, fans, disks and the main board" in " ".join(shown().split())
    assert "Aucun compteur ne couvre la mémoire" in " ".join(shown(language=Language.FRENCH).split())
    assert as_json(FOUND, CONFIG, None, ENGLISH)["uncovered"] == ["memory", "rest", "supply"]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("found", [FOUND, NOTHING])
def test_it_fits_into_a_terminal_in_both_languages(found: Examination, language: Language) -> None:
    text = shown(found, compared=COMPARED, language=language)
    assert max(len(line) for line in text.split("\n")) <= 80


def test_every_state_can_be_said_in_both_languages() -> None:
    for language in Language:
        for state in (State.READY, State.NEW, State.RUNNING, State.UNUSABLE):
            assert shown(replace(FOUND, ledger=Standing(state, "w", "x")), language=language)
        for state in (State.READY, State.RUNNING, State.UNUSABLE):
            assert shown(replace(FOUND, page=Standing(state, "w", "x")), language=language)
        for why in Why:
            compared = Comparison(5, (Line(Part.RAM, Ours(None, None), None, (why,)),), "1")
            assert shown(compared=compared, language=language)
        for reason in Reason:
            total = Total(Way.MACHINE, "ipmi", None, None, None, (reason,))
            assert shown(compared=Comparison(5, (), "1", (total,)), language=language)


def test_programs_get_all_of_it() -> None:
    said = json.loads(json.dumps(as_json(FOUND, CONFIG, COMPARED, ENGLISH)))
    assert (said["host"], said["verdict"]) == ("ia-01", "impossible")
    assert said["meters"][0]["source"]["accuracy"] == "+-5 %"
    assert said["meters"][0]["used"]
    assert said["page"]["state"] == "unusable"
    assert said["comparison"]["parts"][0] == {
        "part": "cpu",
        "empreinte_watts": 10.0,
        "method": "counter",
        "codecarbon_watts": 5.0,
        "why": ["cpu_model"],
    }
    assert said["comparison"]["parts"][1]["empreinte_watts"] is None
    assert said["comparison"]["totals"][2] == {
        "way": "machine",
        "collector": "shelly:prise",
        "watts": 130.0,
        "difference_watts": 30.0,
        "difference_ratio": 0.3,
        "why": ["rest", "short"],
    }
    assert "comparison" not in as_json(FOUND, CONFIG, None, ENGLISH)


@pytest.mark.parametrize("scope", ["service", "department", "contract"])
def test_a_budget_of_whom_nobody_knows_is_told_with_the_cure(scope: str) -> None:
    said = " ".join(shown(replace(FOUND, strangers=(Stranger("ia", scope, "Coms"),))).split())
    assert "Budgets ia No service" in said
    assert "Coms" in said
    assert "Cure: compare the name with [[service]] in the configuration" in said


def test_the_way_to_each_destination_is_shown() -> None:
    ways = (Destination("webhook", "hooks.example.net", "http://proxy.example.org:3128"), Destination("email", "smtp"))
    text = " ".join(shown(replace(FOUND, destinations=ways, unheeded=("HTTPS_PROXY",))).split())
    assert "webhook hooks.example.net: through the proxy http://proxy.example.org:3128" in text
    assert "e-mail smtp: directly" in text
    assert "HTTPS_PROXY of the environment is not obeyed" in text
