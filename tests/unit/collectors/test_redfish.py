"""A BMC of each kind, well and badly behaved, over HTTP and TLS on loopback."""

from __future__ import annotations

import hashlib
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from collectors._http import Limits
from collectors.redfish import RedfishCollector
from monitor.collector import Meter, Reason, Retry, Unavailable
from monitor.core.readings import CounterReading, PowerReading
from monitor.core.units import MICROJOULES_PER_KILOWATT_HOUR, Duration, Power
from tests.fixtures.host import host_at
from tests.parts.authority import Authority
from tests.parts.bmc import CHASSIS, PASSWORD, ROOT, SESSIONS, USER, Bmc, to
from tests.parts.grid import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("no_proxy")

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
TIGHT = Limits(connect=2, read=0.5, total=3, body=20_000, retries=0)
HOLD = Duration.from_seconds(60)


class Clock:
    """A clock that moves when it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def bmc() -> Iterator[Bmc]:
    with Bmc(NOW) as bmc:
        yield bmc


@pytest.fixture
def clock() -> Clock:
    return Clock()


def meter(address: str, **fields: Any) -> Meter:
    given: dict[str, Any] = {
        "name": "baie",
        "address": address,
        "user": USER,
        "secret": PASSWORD,
        "hold": HOLD,
        "plausible": Power.from_watts(2000),
    }
    return Meter(**{**given, **fields})


def opened(bmc: Bmc, clock: Clock | None = None, limits: Limits = TIGHT, **fields: Any) -> RedfishCollector:
    host = host_at(Path("nowhere"), meter=meter(bmc.server.url, **fields))
    return RedfishCollector.open(host, limits, **({} if clock is None else {"monotonic": clock}))


def watts(collector: RedfishCollector) -> dict[str, float]:
    shown = {}
    for row in collector.collect():
        assert isinstance(row, PowerReading)
        assert (row.resource, row.hold) == ("platform", HOLD)
        shown[row.meter] = row.power.microwatts / 1_000_000
    return shown


def kilowatt_hours(collector: RedfishCollector) -> dict[str, tuple[float, str]]:
    shown = {}
    for row in collector.collect():
        assert isinstance(row, CounterReading)
        assert row.plausible == Power.from_watts(2000)
        shown[row.meter] = (row.energy.microjoules / MICROJOULES_PER_KILOWATT_HOUR, row.epoch)
    return shown


def why(collector: RedfishCollector) -> str:
    """Return what is said where there is no reading this time; it has no secret and is one line."""
    with pytest.raises(Retry) as caught:
        collector.collect()
    said = str(caught.value)
    assert PASSWORD not in said
    assert "token-" not in said
    assert "\n" not in said
    return said


def refused(collector: RedfishCollector) -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        collector.collect()
    assert caught.value.cure
    assert PASSWORD not in caught.value.what + caught.value.cure
    return caught.value


def control(power: object, *parts: object) -> dict[str, Any]:
    """Return the older resource, Power, as its schema has it: the first entry is the whole."""
    entries = [{"MemberId": str(number), "PowerConsumedWatts": one} for number, one in enumerate((power, *parts))]
    supplies = [{"MemberId": "0", "LastPowerOutputWatts": 310, "PowerInputWatts": 900}]
    return {"PowerControl": entries, "PowerSupplies": supplies}


def environment(**figures: object) -> dict[str, Any]:
    return {key: {"Reading": figure} for key, figure in figures.items()}


def metrics(power: object = 120, **others: object) -> dict[str, Any]:
    return {"InputPowerWatts": {"Reading": power}, "OutputPowerWatts": {"Reading": 100}} | {
        key: {"Reading": figure} for key, figure in others.items()
    }


def test_opening_asks_nothing_and_makes_no_session(bmc: Bmc) -> None:
    collector = opened(bmc)
    assert list(collector.sources()) == []
    collector.close()
    assert bmc.server.asked == []


# what is read, of all that there is


def test_an_older_bmc_tells_the_power_of_the_whole_in_its_first_entry(bmc: Bmc) -> None:
    bmc.chassis(Power=control(344, 120, 60))
    collector = opened(bmc)
    assert watts(collector) == {"1U": 344}
    (source,) = collector.sources()
    assert (source.resource, source.method) == ("platform", "integrated")
    assert source.description.endswith("/redfish/v1/Chassis/1U/Power, PowerControl.0.PowerConsumedWatts")
    collector.close()


def test_what_the_supplies_take_in_is_read_and_not_what_they_give(bmc: Bmc) -> None:
    chassis = bmc.chassis(Power=control(300), EnvironmentMetrics=environment(PowerWatts=310))
    bmc.supplies(chassis, Bay1=metrics(187.5), Bay2=metrics(163))
    collector = opened(bmc)
    assert watts(collector) == {"1U/Bay1": 187.5, "1U/Bay2": 163}
    collector.close()


def test_without_supplies_that_measure_the_environment_is_read(bmc: Bmc) -> None:
    chassis = bmc.chassis(Power=control(300), EnvironmentMetrics=environment(PowerWatts=374))
    bmc.supplies(chassis, Bay1={"OutputPowerWatts": {"Reading": 300}}, Bay2=None)
    collector = opened(bmc)
    assert watts(collector) == {"1U": 374}
    collector.close()


def test_a_counter_of_energy_is_read_before_any_power(bmc: Bmc) -> None:
    chassis = bmc.chassis(EnvironmentMetrics=environment(PowerWatts=374, EnergykWh=1234.567), Power=control(370))
    bmc.supplies(chassis, Bay1=metrics(EnergykWh=700.123))
    collector = opened(bmc)
    assert kilowatt_hours(collector) == {"1U": (1234.567, "SN-1U")}
    assert [source.method for source in collector.sources()] == ["counter"]
    collector.close()


def test_the_counters_of_all_supplies_are_read_each_by_itself(bmc: Bmc) -> None:
    bmc.supplies(bmc.chassis(), Bay1=metrics(EnergykWh=700.123), Bay2=metrics(EnergykWh=0.042))
    collector = opened(bmc)
    assert kilowatt_hours(collector) == {"1U/Bay1": (700.123, "SN-Bay1"), "1U/Bay2": (0.042, "SN-Bay2")}
    collector.close()


def test_a_counter_of_whole_kilowatt_hours_is_read_only_where_there_is_no_power(bmc: Bmc) -> None:
    """DMTF's mockup shows 325675 kWh beside 937.4 W."""
    chassis = bmc.chassis()
    bmc.supplies(chassis, Bay1=metrics(937.4, EnergykWh=325_675), Bay2=None)
    collector = opened(bmc)
    assert watts(collector) == {"1U/Bay1": 937.4}
    collector.close()
    bmc.supply(f"{chassis}/PowerSubsystem/PowerSupplies/Bay1", {"EnergykWh": {"Reading": 325_675}})
    collector = opened(bmc)
    (row,) = collector.collect()
    assert isinstance(row, CounterReading)
    assert row.settling is not None
    assert row.settling.seconds == pytest.approx(1 + 60 + 3_600_000 / 2000)
    collector.close()


def test_a_counter_stays_what_it_is_where_it_shows_a_round_figure(bmc: Bmc) -> None:
    chassis = bmc.chassis(EnvironmentMetrics=environment(PowerWatts=374, EnergykWh=12.34))
    collector = opened(bmc)
    kilowatt_hours(collector)
    before = list(collector.sources())
    bmc.resources[f"{chassis}/EnvironmentMetrics"]["EnergykWh"]["Reading"] = 13
    assert kilowatt_hours(collector) == {"1U": (13, "SN-1U")}
    assert list(collector.sources()) == before
    collector.close()


def test_of_a_counter_that_can_be_set_back_its_whole_life_is_read(bmc: Bmc) -> None:
    bmc.chassis(EnvironmentMetrics={"EnergykWh": {"Reading": 0.25, "LifetimeReading": 9876.54}})
    collector = opened(bmc)
    assert kilowatt_hours(collector) == {"1U": (9876.54, "SN-1U")}
    collector.close()


def test_a_counter_that_a_firmware_update_set_back_is_told_as_it_stands(bmc: Bmc) -> None:
    """What a decrease means is the framework's affair: it is a gap, and no energy."""
    chassis = bmc.chassis(EnvironmentMetrics=environment(EnergykWh=1234.567))
    collector = opened(bmc)
    kilowatt_hours(collector)
    bmc.resources[f"{chassis}/EnvironmentMetrics"]["EnergykWh"]["Reading"] = 0
    bmc.restart()
    assert kilowatt_hours(collector) == {"1U": (0, "SN-1U")}
    collector.close()


# power supplies that come and go


def test_a_supply_that_is_pulled_is_left_out_and_read_again_when_it_is_back(bmc: Bmc) -> None:
    chassis = bmc.chassis()
    bmc.supplies(chassis, Bay1=metrics(180), Bay2=metrics(170))
    bay = f"{chassis}/PowerSubsystem/PowerSupplies/Bay2"
    collector = opened(bmc)
    assert len(watts(collector)) == 2
    bmc.supply(bay, None)
    assert watts(collector) == {"1U/Bay1": 180}
    bmc.supply(bay, metrics(90))
    assert watts(collector) == {"1U/Bay1": 180, "1U/Bay2": 90}
    collector.close()


def test_another_supply_in_the_same_bay_has_a_counter_of_its_own(bmc: Bmc) -> None:
    chassis = bmc.chassis()
    bmc.supplies(chassis, Bay1=metrics(EnergykWh=700.123))
    bay = f"{chassis}/PowerSubsystem/PowerSupplies/Bay1"
    collector = opened(bmc)
    kilowatt_hours(collector)
    bmc.supply(bay, None)
    why(collector)
    bmc.supply(bay, metrics(EnergykWh=700.125), serial="another")
    assert kilowatt_hours(collector) == {"1U/Bay1": (700.125, "another")}
    collector.close()


def test_a_supply_that_is_there_and_shows_nothing_is_no_part_to_leave_out(bmc: Bmc) -> None:
    """One of two would pass for the whole machine."""
    chassis = bmc.chassis()
    bmc.supplies(chassis, Bay1=metrics(180), Bay2=metrics(170))
    collector = opened(bmc)
    watts(collector)
    shows = bmc.resources[f"{chassis}/PowerSubsystem/PowerSupplies/Bay2/Metrics"]["InputPowerWatts"]
    shows["Reading"] = None
    assert "Bay2/Metrics shows no InputPowerWatts" in why(collector)
    shows["Reading"] = 170
    assert len(watts(collector)) == 2
    collector.close()


def test_a_supply_in_standby_that_takes_nothing_in_counts_as_nothing(bmc: Bmc) -> None:
    bmc.supplies(bmc.chassis(), Bay1=metrics(350), Bay2=metrics(0))
    collector = opened(bmc)
    assert watts(collector) == {"1U/Bay1": 350, "1U/Bay2": 0}
    collector.close()


def test_a_supply_that_is_listed_twice_counts_once(bmc: Bmc) -> None:
    chassis = bmc.chassis()
    bmc.supplies(chassis, Bay1=metrics(350))
    listed = bmc.resources[f"{chassis}/PowerSubsystem/PowerSupplies"]["Members"]
    listed.append(listed[0])
    collector = opened(bmc)
    assert watts(collector) == {"1U/Bay1": 350}
    collector.close()


# several chassis


def test_of_chassis_that_are_in_each_other_the_outermost_is_read(bmc: Bmc) -> None:
    """A server's tray of GPUs shows its own power, which is in that of the server."""
    bmc.chassis("GPU_0", "Tray", EnvironmentMetrics=environment(PowerWatts=232))
    bmc.chassis("Tray", "Chassis_0")
    bmc.chassis("Chassis_0", EnvironmentMetrics=environment(PowerWatts=1349.25))
    bmc.chassis("Riser")
    collector = opened(bmc)
    assert watts(collector) == {"Chassis_0": 1349.25}
    collector.close()


def test_of_chassis_beside_each_other_the_right_one_has_to_be_named(bmc: Bmc) -> None:
    bmc.chassis("Node1", Power=control(210))
    bmc.chassis("Node2", Power=control(220))
    fact = refused(opened(bmc))
    assert fact.reason is Reason.UNSUPPORTED
    assert "Node1, Node2" in fact.what
    assert "meter.points" in fact.cure
    named = opened(bmc, points=("Node2",))
    assert watts(named) == {"Node2": 220}
    named.close()
    both = opened(bmc, points=("Node1", "Node2"))
    assert watts(both) == {"Node1": 210, "Node2": 220}
    both.close()


def test_two_chassis_that_are_each_in_the_other_are_no_endless_search(bmc: Bmc) -> None:
    bmc.chassis("A", "B", Power=control(210))
    bmc.chassis("B", "A", Power=control(220))
    assert refused(opened(bmc)).reason is Reason.UNSUPPORTED


def test_a_chassis_that_is_named_and_not_there_is_said_with_those_that_are(bmc: Bmc) -> None:
    bmc.chassis("Node1", Power=control(210))
    fact = refused(opened(bmc, points=("Node3",)))
    assert "shows the chassis Node1" in fact.what


def test_a_named_chassis_that_measures_nothing_is_not_left_out_of_the_sum(bmc: Bmc) -> None:
    bmc.chassis("Node1", Power=control(210))
    bmc.chassis("Node2")
    fact = refused(opened(bmc, points=("Node1", "Node2")))
    assert "of the chassis Node2" in fact.what


def test_a_machine_that_measures_nothing_is_of_no_use(bmc: Bmc) -> None:
    bmc.chassis(Thermal={"Temperatures": []})
    fact = refused(opened(bmc))
    assert fact.reason is Reason.UNSUPPORTED
    assert "measures no power of the chassis 1U" in fact.what


# lies


@pytest.mark.parametrize("shown", [None, 0, 0.0])
def test_a_bmc_that_starts_and_shows_nothing_yet_is_asked_again(bmc: Bmc, shown: object) -> None:
    chassis = bmc.chassis(Power=control(shown))
    collector = opened(bmc)
    assert "measures nothing now" in why(collector)
    bmc.resources[f"{chassis}/Power"] = control(300)
    assert watts(collector) == {"1U": 300}
    collector.close()


@pytest.mark.parametrize("lie", [-5, 0, 2001, 344_000_000, "full", True, {"of": 3}, 1e300])
def test_a_power_that_can_not_be_true_is_not_told(bmc: Bmc, lie: object) -> None:
    chassis = bmc.chassis(Power=control(344))
    collector = opened(bmc)
    watts(collector)
    bmc.resources[f"{chassis}/Power"] = control(lie)
    why(collector)
    bmc.resources[f"{chassis}/Power"] = control(340)
    assert watts(collector) == {"1U": 340}
    collector.close()


@pytest.mark.parametrize("lie", [-5.25, None, "much", 10**30])
def test_an_energy_that_can_not_be_true_is_not_told(bmc: Bmc, lie: object) -> None:
    chassis = bmc.chassis(EnvironmentMetrics=environment(EnergykWh=12.34))
    collector = opened(bmc)
    kilowatt_hours(collector)
    bmc.resources[f"{chassis}/EnvironmentMetrics"]["EnergykWh"]["Reading"] = lie
    why(collector)
    collector.close()


def timed(chassis: str, bmc: Bmc, power: float, moment: str) -> None:
    """Have the power of *chassis* measured by a sensor that tells when."""
    sensor = f"{chassis}/Sensors/TotalPower"
    bmc.resources[sensor] = {"Reading": power, "ReadingUnits": "W", "ReadingTime": moment}
    excerpt = {"PowerWatts": {"Reading": power, "DataSourceUri": sensor}}
    bmc.resources[f"{chassis}/EnvironmentMetrics"] = excerpt


def test_a_sensor_that_stands_still_is_believed_no_longer_than_the_hold(bmc: Bmc, clock: Clock) -> None:
    chassis = bmc.chassis(EnvironmentMetrics={})
    timed(chassis, bmc, 374, "2026-06-10T12:00:00Z")
    collector = opened(bmc, clock)
    for _ in range(6):
        assert watts(collector) == {"1U": 374}
        clock.now += 10
    clock.now += 10
    assert "it has shown the same moment for 70 s" in why(collector)
    timed(chassis, bmc, 374, "2026-06-10T12:01:10Z")
    assert watts(collector) == {"1U": 374}
    collector.close()


def test_a_sensor_of_one_supply_that_stands_still_is_not_hidden_by_the_other(bmc: Bmc, clock: Clock) -> None:
    chassis = bmc.chassis()
    sensors = {name: f"{chassis}/Sensors/{name}" for name in ("Bay1", "Bay2")}
    bmc.supplies(chassis, **{name: {"InputPowerWatts": {"DataSourceUri": place}} for name, place in sensors.items()})
    collector = opened(bmc, clock)
    for second in range(0, 60, 10):
        bmc.resources[sensors["Bay1"]] = {"Reading": 100 + second, "ReadingTime": f"2026-06-10T12:00:{second}Z"}
        bmc.resources[sensors["Bay2"]] = {"Reading": 90, "ReadingTime": "2026-06-10T12:00:00Z"}
        assert watts(collector) == {"1U/Bay1": 100 + second, "1U/Bay2": 90}
        clock.now += 11
    bmc.resources[sensors["Bay1"]] = {"Reading": 170, "ReadingTime": "2026-06-10T12:01:06Z"}
    assert "stands still" in why(collector)
    collector.close()


def test_a_counter_that_stands_still_beside_a_power_is_no_machine_that_draws_nothing(bmc: Bmc, clock: Clock) -> None:
    """At 360 W its 0.01 kWh take 100 s: four of them, and the minute that it may be late, are 460 s."""
    chassis = bmc.chassis(EnvironmentMetrics=environment(PowerWatts=360, EnergykWh=12.34))
    collector = opened(bmc, clock)
    for _ in range(47):
        kilowatt_hours(collector)
        clock.now += 10
    assert "a counter that stands still" in why(collector)
    bmc.resources[f"{chassis}/EnvironmentMetrics"]["EnergykWh"]["Reading"] = 12.387
    assert kilowatt_hours(collector) == {"1U": (12.387, "SN-1U")}
    collector.close()


@pytest.mark.parametrize("power", [None, 0])
def test_a_counter_that_stands_still_where_no_power_is_shown_is_believed(bmc: Bmc, clock: Clock, power: object) -> None:
    bmc.supplies(bmc.chassis(), Bay1=metrics(power, EnergykWh=12.34))
    collector = opened(bmc, clock)
    for _ in range(20):
        kilowatt_hours(collector)
        clock.now += 100
    collector.close()


@pytest.mark.parametrize("power", [-5, 344_000_000])
def test_a_power_beside_a_counter_that_can_not_be_true_makes_the_counter_doubtful(bmc: Bmc, power: object) -> None:
    bmc.chassis(EnvironmentMetrics=environment(PowerWatts=power, EnergykWh=12.34))
    collector = opened(bmc)
    why(collector)
    collector.close()


# who asks


def test_one_session_is_made_and_used_for_all_readings_and_ended(bmc: Bmc) -> None:
    bmc.chassis(Power=control(344))
    collector = opened(bmc)
    for _ in range(5):
        watts(collector)
    assert bmc.made == 1
    assert len(bmc.open) == 1
    collector.close()
    assert bmc.open == {}
    assert all(asked.headers.get("Authorization") is None for asked in bmc.server.asked)


def test_a_session_that_ran_out_is_made_anew_once(bmc: Bmc) -> None:
    bmc.chassis(Power=control(344))
    collector = opened(bmc)
    watts(collector)
    bmc.restart()
    assert watts(collector) == {"1U": 344}
    assert bmc.made == 2
    collector.close()
    assert bmc.open == {}


@pytest.mark.parametrize("makes", [True, False])
def test_where_no_session_is_to_be_had_name_and_password_go_along(bmc: Bmc, makes: bool) -> None:
    """All are taken, or the BMC knows none."""
    bmc.most, bmc.makes_sessions = 0, makes
    bmc.chassis(Power=control(344))
    collector = opened(bmc)
    assert [watts(collector), watts(collector)] == [{"1U": 344}, {"1U": 344}]
    assert [asked.path for asked in bmc.server.asked].count(SESSIONS) == 1
    collector.close()


def test_a_wrong_password_is_tried_once_for_a_bmc_locks_who_guesses(bmc: Bmc) -> None:
    bmc.chassis(Power=control(344))
    fact = refused(opened(bmc, secret="wr0ng"))  # noqa: S106 - it opens nothing
    assert fact.reason is Reason.FORBIDDEN
    assert "secret_file" in fact.cure
    assert "wr0ng" not in fact.what + fact.cure
    assert [asked.method for asked in bmc.server.asked if asked.method == "POST" or asked.path != ROOT] == ["POST"]


def test_a_token_that_is_never_known_is_no_endless_circle(bmc: Bmc) -> None:
    bmc.chassis(Power=control(344))
    answer = bmc.server.answer

    def forgetful(asked: Any) -> Reply:
        reply = answer(asked)
        bmc.open = {}
        return reply

    bmc.server.answer = forgetful
    fact = refused(opened(bmc))
    assert fact.reason is Reason.FORBIDDEN
    assert bmc.made == 2


def test_without_a_password_the_bmc_is_asked_as_nobody(bmc: Bmc) -> None:
    bmc.chassis(Power=control(344))
    fact = refused(opened(bmc, secret="", user=""))
    assert fact.reason is Reason.FORBIDDEN
    assert "wants a password" in fact.what
    assert bmc.made == 0


def test_a_password_without_a_name_is_no_use(bmc: Bmc) -> None:
    bmc.chassis(Power=control(344))
    fact = refused(opened(bmc, user=""))
    assert (fact.reason, "meter.user" in fact.cure) == (Reason.FORBIDDEN, True)


def test_a_user_who_may_not_read_is_told_which_role_may(bmc: Bmc) -> None:
    bmc.chassis(Power=control(344))
    answer = bmc.server.answer
    bmc.server.answer = lambda asked: Reply(status=403) if asked.path == CHASSIS else answer(asked)
    fact = refused(opened(bmc))
    assert (fact.reason, "ReadOnly" in fact.cure) == (Reason.FORBIDDEN, True)


def test_the_password_leaves_this_machine_with_no_encryption_only_where_that_is_allowed() -> None:
    host = host_at(Path("nowhere"), meter=meter("http://bmc.example.org"))
    with pytest.raises(Unavailable) as caught:
        RedfishCollector.open(host)
    assert caught.value.reason is Reason.FORBIDDEN
    allowed = meter("http://bmc.example.org", insecure=True)
    RedfishCollector.open(host_at(Path("nowhere"), meter=allowed)).close()


def test_without_a_meter_it_says_how_to_have_one() -> None:
    with pytest.raises(Unavailable) as caught:
        RedfishCollector.open(host_at(Path("nowhere")))
    assert caught.value.reason is Reason.ABSENT
    assert 'kind = "redfish"' in caught.value.cure


# how it is reached


def test_a_certificate_is_trusted_by_who_signed_it_or_by_its_fingerprint_and_else_nothing_is_sent(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path)
    context = authority.serves()
    both = (tmp_path / "server.pem").read_text()
    pem = both[both.index("-----BEGIN CERTIFICATE") :]
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    with Bmc(NOW, context) as bmc:
        bmc.chassis(Power=control(344))
        for trust in ({"certificates": authority.file}, {"fingerprint": digest}):
            collector = opened(bmc, **trust)
            assert watts(collector) == {"1U": 344}
            collector.close()
        assert bmc.open == {}
        seen = len(bmc.server.asked)
        for digits in ("", "00" * 32):
            collector = opened(bmc, fingerprint=digits)
            assert "certificate" in why(collector)
            collector.close()
        assert len(bmc.server.asked) == seen


BAD: dict[str, tuple[Reply, str]] = {
    "busy": (Reply(status=503), "status 503"),
    "page": (Reply(b"<html>login</html>"), "is no JSON"),
    "list": (Reply(b"[1, 2]"), "is no resource of Redfish"),
    "number": (Reply(b"12"), "is no resource of Redfish"),
    "not finite": (Reply(b'{"PowerControl": [{"PowerConsumedWatts": NaN}]}'), "is no JSON"),
    "huge": (Reply(b" " * 20_001), "more than 20000 bytes"),
    "silent": (Reply(silent=True), "did not answer in time"),
    "slow": (Reply(b"{" + b" " * 1000, drip=0.02), "took longer than 3 s"),
    "gone": (Reply(status=404), "searched anew"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_answer_is_told_and_the_next_good_one_is_taken(bmc: Bmc, name: str) -> None:
    reply, said = BAD[name]
    chassis = bmc.chassis(Power=control(344))
    collector = opened(bmc)
    watts(collector)
    answer = bmc.server.answer
    bmc.server.answer = lambda asked: reply if asked.path == f"{chassis}/Power" else answer(asked)
    assert said in why(collector)
    bmc.server.answer = answer
    assert watts(collector) == {"1U": 344}
    assert bmc.made == 1
    collector.close()


def test_what_is_no_redfish_service_is_said(bmc: Bmc) -> None:
    bmc.server.answer = lambda _: Reply.of({"hello": "plug"})
    fact = refused(opened(bmc))
    assert (fact.reason, "no Redfish service" in fact.what) == (Reason.UNSUPPORTED, True)
    bmc.server.answer = lambda _: Reply(status=404)
    assert refused(opened(bmc)).reason is Reason.UNSUPPORTED


@pytest.mark.parametrize("link", ["https://elsewhere.example.org/x", "//elsewhere.example.org/x", "x", 5, None, "/\n"])
def test_a_link_that_leads_elsewhere_is_not_followed(bmc: Bmc, link: object) -> None:
    """Of an address that is not the BMC's the path is taken, and asked of the BMC."""
    chassis = bmc.chassis()
    bmc.resources[chassis]["Power"] = {"@odata.id": link}
    refused(opened(bmc))
    assert {asked.headers["Host"] for asked in bmc.server.asked} == {bmc.server.url.removeprefix("http://")}


def test_what_was_looked_at_before_the_time_ran_out_is_not_asked_again(bmc: Bmc) -> None:
    bmc.chassis("A")
    slow = bmc.chassis("B", Power=control(344))
    answer = bmc.server.answer
    bmc.server.answer = lambda asked: Reply(silent=True) if asked.path == slow else answer(asked)
    collector = opened(bmc)
    why(collector)
    bmc.server.answer = answer
    assert watts(collector) == {"B": 344}
    assert [asked.path for asked in bmc.server.asked].count(f"{CHASSIS}/A") == 1
    collector.close()


def test_a_bmc_that_is_unplugged_is_found_again(bmc: Bmc) -> None:
    bmc.chassis(Power=control(344))
    collector = opened(bmc)
    watts(collector)
    answer = bmc.server.answer
    bmc.server.answer = lambda _: Reply(silent=True)
    why(collector)
    bmc.restart()
    bmc.server.answer = answer
    assert watts(collector) == {"1U": 344}
    collector.close()
    assert bmc.open == {}


def test_closing_is_no_failure_where_the_bmc_is_gone(bmc: Bmc) -> None:
    bmc.chassis(Power=control(344))
    collector = opened(bmc)
    watts(collector)
    bmc.server.answer = lambda _: Reply(silent=True)
    collector.close()


def test_a_slash_at_the_end_of_a_link_is_nothing_to_stumble_over(bmc: Bmc) -> None:
    chassis = bmc.chassis(Power=control(344))
    bmc.resources[CHASSIS]["Members"] = [to(f"{chassis}/")]
    collector = opened(bmc)
    assert watts(collector) == {"1U": 344}
    collector.close()
