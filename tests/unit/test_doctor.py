import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

import pytest

from monitor.collector import PageRead, Reason, Retry, Source, Unavailable
from monitor.config import Listen
from monitor.core.budgets import Budget, Measure, Period
from monitor.core.delivery import Standing as Delivery
from monitor.core.entries import ServiceFacts
from monitor.core.groups import Group, Grouping
from monitor.core.interval import Stamp
from monitor.core.model import LoadModel
from monitor.core.readings import CounterReading, HostUsageReading, LoadReading, Reading
from monitor.core.units import Duration, Energy, Memory, Power
from monitor.core.zones import ISOLATED, canonical, is_known, stands_alone
from monitor.doctor import (
    Examination,
    PageSeen,
    Sources,
    Standing,
    State,
    Stranger,
    Verdict,
    ask,
    impact_standings,
    page_standing,
    strangers_of,
    webhook_of,
    zone_standing,
    zones_of,
)

NOW = Stamp(10**18, 10**12)


class Counter:
    name: ClassVar[str] = "rapl"
    slow: ClassVar[bool] = False

    def __init__(self) -> None:
        self.closed = False

    def sources(self) -> Sequence[Source]:
        return (Source("package", "intel-rapl:0", "counter", "/sys/class/powercap/intel-rapl:0", "+-5 %"),)

    def collect(self) -> Sequence[Reading]:
        return (CounterReading("package", "intel-rapl:0", Energy(5), Power.from_watts(500)),)

    def close(self) -> None:
        self.closed = True


class Model(Counter):
    name: ClassVar[str] = "modelled_host"

    def sources(self) -> Sequence[Source]:
        return (Source("package", "cpu", "modelled", "/proc/stat", "+-50 %"),)

    def collect(self) -> Sequence[Reading]:
        return (LoadReading("package", "cpu", Duration(5), 2, LoadModel(Power.from_watts(100))),)


class Use(Counter):
    name: ClassVar[str] = "process"

    def sources(self) -> Sequence[Source]:
        return ()

    def collect(self) -> Sequence[Reading]:
        return (HostUsageReading(Duration(5), 2, Memory(5), Memory(1)),)


class Pages(Use):
    """Reads two pages, of which the last fails with *error*."""

    name: ClassVar[str] = "openmetrics"

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.error = error

    def collect(self) -> Sequence[Reading]:
        if self.error:
            raise self.error
        return ()

    def pages(self) -> Sequence[PageRead]:
        assert not self.closed
        tokens = PageRead(address="http://a/metrics", consumer="a", counts=("output_tokens",))
        return tokens, PageRead(address="http://b/metrics", consumer="b", trouble="it is none", cure="switch it on")


def refusing(error: Exception) -> Callable[[], Counter]:
    def open_it() -> Counter:
        raise error

    return open_it


class Silent(Counter):
    """Reads a counter that has shown nothing new since it was opened."""

    def collect(self) -> Sequence[Reading]:
        return ()


def test_a_source_that_has_nothing_new_to_tell_yet_is_used_all_the_same() -> None:
    found = ask([("modelled_host", Model), ("rapl", Silent)], NOW)
    assert [(meter.collector, meter.used) for meter in found.meters] == [("rapl", True), ("modelled_host", False)]


def test_the_source_that_the_accounting_prefers_is_the_one_used() -> None:
    sources = ask([("modelled_host", Model), ("rapl", Counter)], NOW)
    assert [(meter.collector, meter.used) for meter in sources.meters] == [("rapl", True), ("modelled_host", False)]
    assert sources.unmeasured == ("dram", "platform")


def test_who_sees_the_users_is_told() -> None:
    assert ask([("process", Use), ("rapl", Counter)], NOW).users == ("process",)
    assert ask([("rapl", Counter)], NOW).users == ()


@pytest.mark.parametrize("error", [None, Retry("http://b/metrics: it is none")])
def test_pages_are_told_also_where_none_could_be_read(error: Exception | None) -> None:
    sources = ask([("openmetrics", lambda: Pages(error)), ("process", Use)], NOW)
    assert [(seen.collector, seen.page.consumer, seen.page.trouble) for seen in sources.pages] == [
        ("openmetrics", "a", ""),
        ("openmetrics", "b", "it is none"),
    ]
    assert [seen.lacks_requests for seen in sources.pages] == [True, False]
    assert sources.users == ("process",), "what services did says nothing of who uses the machine"
    assert len(sources.unreadable) == (error is not None)


def test_a_server_that_counts_requests_lacks_none() -> None:
    page = PageRead(address="http://a/", consumer="a", counts=("requests", "output_tokens"))
    assert not PageSeen("openmetrics", page).lacks_requests


def test_a_webhook_that_fails_or_gave_something_up_has_a_cure() -> None:
    well = Delivery("https://a", waiting=3, dead=0, delivered=2, dropped=0, error="")
    assert webhook_of(well).cure == ""
    assert "`empreinte events dead`" in webhook_of(replace(well, dead=1)).cure
    assert "see that the receiver answers" in webhook_of(replace(well, dead=1, error="it is down")).cure


def test_every_collector_is_closed_again() -> None:
    counter = Counter()
    ask([("rapl", lambda: counter)], NOW)
    assert counter.closed


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Unavailable(Reason.FORBIDDEN, "energy_uj may not be read", "run as root"), "forbidden"),
        (Retry("busy"), "retry"),
        (ZeroDivisionError("oops"), "defect"),
    ],
)
def test_a_collector_that_fails_hides_no_other(error: Exception, reason: str) -> None:
    sources = ask([("broken", refusing(error)), ("rapl", Counter)], NOW)
    assert [(one.collector, one.reason) for one in sources.unreadable] == [("broken", reason)]
    assert sources.unreadable[0].what
    assert len(sources.meters) == 1


def test_a_free_port_can_be_had_and_a_taken_one_can_not() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = Listen("127.0.0.1", taken.getsockname()[1])
        standing = page_standing(listen, daemon_answers=False)
        assert (standing.state, bool(standing.cure)) == (State.UNUSABLE, True)
        assert page_standing(listen, daemon_answers=True).state is State.RUNNING
    assert page_standing(listen, daemon_answers=False) == Standing(State.READY, f"http://{listen}/")


def test_an_address_of_another_machine_can_not_be_had() -> None:
    assert page_standing(Listen("192.0.2.1", 80), daemon_answers=False).state is State.UNUSABLE


def test_a_zone_is_proposed_by_the_time_zone() -> None:
    assert zone_standing("FR", ZoneInfo("UTC")) == Standing(State.READY, "FR")
    assert zone_standing("", ZoneInfo("Europe/Berlin")).cure == 'host.zone = "DE"'
    assert zone_standing("", ZoneInfo("Europe/Paris")).cure == 'host.zone = "FR" or "FR-COR"'
    assert zone_standing("", ZoneInfo("UTC")) == Standing(State.REDUCED, "")


@pytest.mark.parametrize(
    ("time_zone", "zone"),
    [
        ("America/Guadeloupe", "GP"),
        ("America/Martinique", "MQ"),
        ("America/Cayenne", "GF"),
        ("Indian/Reunion", "RE"),
        ("America/Miquelon", "PM"),
        ("Indian/Mayotte", "YT"),
        ("America/St_Barthelemy", "BL"),
        ("America/Marigot", "MF"),
        ("Indian/Kerguelen", "TF"),
        ("Pacific/Wallis", "WF"),
        ("Pacific/Tahiti", "PF"),
        ("Pacific/Marquesas", "PF"),
        ("Pacific/Noumea", "NC"),
        ("Atlantic/Canary", "ES-CN"),
        ("Pacific/Honolulu", "US-HI"),
        ("America/Juneau", "US-AK"),
    ],
)
def test_a_grid_that_stands_alone_is_proposed_under_its_own_name(time_zone: str, zone: str) -> None:
    assert zone_standing("", ZoneInfo(time_zone)).cure == f'host.zone = "{zone}"'
    assert stands_alone(zone)


def test_every_proposal_is_a_zone() -> None:
    proposed = {zone for name in available_timezones() for zone in zones_of(name)}
    assert {"FR", "FR-COR", "RE", "US", "US-AK", "ES-CE", "ES-ML", "PT-20", "PT-30"} <= proposed
    assert all(is_known(zone) and canonical(zone) == zone for zone in proposed)
    assert proposed >= ISOLATED
    assert zones_of("Etc/UTC") == ()


def standings(zone: str = "FR", **said: Any) -> dict[str, Standing]:
    usual: dict[str, Any] = {
        "pue": "1.4",
        "site_kind": "",
        "virtual": False,
        "share": False,
        "assets": 0,
        "detect": True,
    }
    return impact_standings(zone, **(usual | said))


def test_where_the_zone_is_unknown_nothing_more_is_asked_for() -> None:
    assert standings("", pue="", virtual=True) == {}


def test_without_a_pue_the_figures_are_those_of_the_machine_alone() -> None:
    assert standings(site_kind="office") == {"pue": Standing(State.READY, "1.4")}
    assert standings(pue="", site_kind="office") == {"site": Standing(State.READY, "office")}
    assert standings(pue="") == {"pue": Standing(State.REDUCED, "")}


def test_the_hardware_of_a_virtual_machine_is_unknown_until_it_is_given_with_its_share() -> None:
    unknown = Standing(State.REDUCED, "")
    assert standings(virtual=True)["virtual"] == unknown
    assert standings(virtual=True, assets=2)["virtual"] == unknown
    assert standings(virtual=True, share=True)["virtual"] == unknown
    given = standings(virtual=True, share=True, assets=2)
    assert given["hardware"] == Standing(State.READY, "2")
    assert "virtual" not in given


def test_hardware_that_is_neither_given_nor_detected_is_unknown() -> None:
    assert "hardware" not in standings()
    assert standings(detect=False)["hardware"] == Standing(State.REDUCED, "")
    assert standings(detect=False, assets=1)["hardware"] == Standing(State.READY, "1")


def examination(*, meters: bool = True, ledger: State = State.READY, page: State = State.READY) -> Examination:
    sources = ask([("rapl", Counter)] if meters else [], NOW)
    return Examination(
        meters=sources.meters,
        unmeasured=sources.unmeasured,
        users=sources.users,
        unreadable=sources.unreadable,
        services=(),
        ledger=Standing(ledger, "l"),
        page=Standing(page, "p"),
        watch=Standing(State.REDUCED, "w"),
        zone=Standing(State.REDUCED, ""),
    )


def test_the_verdict_says_whether_the_daemon_can_run_and_knows_any_energy() -> None:
    assert examination().verdict is Verdict.MEASURES
    assert examination(ledger=State.RUNNING, page=State.RUNNING).verdict is Verdict.MEASURES
    assert examination(meters=False).verdict is Verdict.BLIND
    assert examination(ledger=State.UNUSABLE).verdict is Verdict.IMPOSSIBLE
    assert examination(page=State.UNUSABLE).verdict is Verdict.IMPOSSIBLE


def test_nothing_measured_leaves_everything_unmeasured() -> None:
    assert Sources((), (), ()).unmeasured == ("package", "dram", "platform")


def test_a_budget_of_whom_nobody_is_here_is_a_stranger() -> None:
    facts = ServiceFacts("assistant", "Assistant", "Communication", "2026-1", "", "configured")
    holders = (
        None,
        "assistant",
        "asistant",
        *(Group(by, name) for by in Grouping for name in ("Communication", "2026-1")),
    )
    budgets = [
        Budget(f"b{number}", "B", holder, Measure.ENERGY, Period.YEAR, 1, Fraction(1), "1 kWh")
        for number, holder in enumerate(holders)
    ]
    assert strangers_of(budgets, [facts]) == (
        Stranger("b2", "service", "asistant"),
        Stranger("b4", "department", "2026-1"),
        Stranger("b5", "contract", "Communication"),
    )
