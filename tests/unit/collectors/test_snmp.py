"""A PDU by way of SNMP: what is asked, and what Debian's own agent answers to Debian's own program."""

import shutil
import socket
import stat
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from collectors.snmp import TABLE, SnmpCollector
from monitor.collector import Collector, Reason, Retry, Unavailable
from monitor.core.readings import CounterReading, Method, PowerReading, Reading
from monitor.core.units import Energy, Power
from tests.fixtures.meters import SECRET, host_with, meter_at, read_twice
from tests.parts.loopback import LOOPBACK, free_port
from tests.parts.snmpd import COMMUNITY, PASSPHRASE, USER, Snmpd

OUTLET = "1.3.6.1.4.1.318.1.1.26.9.4.3.1"
NOWHERE = f"snmp://{LOOPBACK}:1"
QUESTION, ANSWER = b"\xa0", b"\xa2"
"""Tags of a request and of the answer to it. Source: RFC 3416, section 3."""
TENTHS = Energy(360_000_000_000)
"""0.1 kWh."""


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snmpd]:
    with Snmpd(tmp_path_factory.mktemp("snmpd")) as running:
        yield running


def opened(agent: Snmpd, *points: str, **fields: object) -> Collector:
    return SnmpCollector.open(host_with(agent.url, **{"points": points, "secret": COMMUNITY, **fields}))


def counter(rows: Sequence[Reading]) -> CounterReading:
    (row,) = rows
    assert isinstance(row, CounterReading)
    return row


def power(rows: Sequence[Reading]) -> tuple[Power, Method]:
    (row,) = rows
    assert isinstance(row, PowerReading)
    return row.power, row.method


def refused(*points: str, address: str = NOWHERE, **fields: object) -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        SnmpCollector(meter_at(address, **{"points": points, "secret": SECRET, **fields}), "/bin/false")
    assert SECRET not in caught.value.what + caught.value.cure
    return caught.value


@pytest.mark.real("snmp")
@pytest.mark.parametrize("kind", ["counter", "gauge"])
def test_a_counter_is_read_in_its_steps_and_wraps_after_32_bits(agent: Snmpd, kind: str) -> None:
    agent.show(f"{OUTLET}.11.5", kind, 4_294_967_290)
    row = counter(read_twice(opened(agent, f"{OUTLET}.11.5 0.1 Wh")))
    assert row.energy == Energy.from_joules(4_294_967_290 * 360)
    assert row.wraps_after == Energy.from_joules(360 * 2**32)


@pytest.mark.real("snmp")
def test_a_step_is_a_decimal_of_the_unit_and_a_range_beyond_all_machines_is_none(agent: Snmpd) -> None:
    agent.show(f"{OUTLET}.11.5", "counter", 4001)
    row = counter(read_twice(opened(agent, f"{OUTLET}.11.5 0.1 kWh")))
    assert (row.energy, row.wraps_after) == (Energy(TENTHS.microjoules * 4001), None)


@pytest.mark.real("snmp")
@pytest.mark.parametrize(("kind", "value"), [("integer", "305"), ("string", "305"), ("counter64", "305")])
def test_figures_of_other_types_are_read_and_do_not_wrap(agent: Snmpd, kind: str, value: str) -> None:
    agent.show(f"{OUTLET}.20.1", kind, value)
    assert power(read_twice(opened(agent, f"{OUTLET}.20.1 1 W"))) == (Power.from_watts(305), Method.INTEGRATED)
    assert counter(read_twice(opened(agent, f"{OUTLET}.20.1 1 kWh"))).wraps_after is None


@pytest.mark.real("snmp")
def test_a_maker_s_outlet_is_read_by_its_energy_and_by_its_power_where_it_counts_none(agent: Snmpd) -> None:
    agent.show(f"{OUTLET}.11.7", "gauge", 12)
    agent.show(f"{OUTLET}.7.7", "gauge", 300)
    assert counter(read_twice(opened(agent, "apc:outlet/7"))).energy == Energy(TENTHS.microjoules * 12)
    agent.show(f"{OUTLET}.7.8", "gauge", 301)
    assert power(read_twice(opened(agent, "apc:outlet/8")))[0] == Power.from_watts(301)
    agent.show(f"{OUTLET}.11.8", "integer", -1)
    assert power(read_twice(opened(agent, "apc:outlet/8")))[0] == Power.from_watts(301)


@pytest.mark.real("snmp")
def test_the_decimals_that_an_agent_tells_of_are_heeded(agent: Snmpd) -> None:
    energy = TABLE["raritan:outlet"][0].at("1.3")
    agent.show(energy.oid, "gauge", 12_345)
    with pytest.raises(Unavailable, match="no figure"):
        opened(agent, "raritan:outlet/1.3").collect()
    agent.show(energy.digits, "gauge", 1)
    row = counter(read_twice(opened(agent, "raritan:outlet/1.3")))
    assert row.energy == Energy.from_joules(1234.5 * 3600)
    assert row.wraps_after == Energy.from_joules(360 * 2**32)


@pytest.mark.real("snmp")
def test_two_supplies_are_two_points_or_nothing(agent: Snmpd) -> None:
    agent.show(f"{OUTLET}.7.11", "gauge", 150)
    agent.show(f"{OUTLET}.7.12", "gauge", 160)
    collector = opened(agent, f"{OUTLET}.7.11 1 W", f"{OUTLET}.7.12 1 W")
    assert [row.power.watts for row in read_twice(collector) if isinstance(row, PowerReading)] == [150, 160]
    agent.show(f"{OUTLET}.7.12", "string", "none")
    with pytest.raises(Retry, match="no figure"):
        collector.collect()


@pytest.mark.real("snmp")
def test_a_point_that_is_not_there_is_refused_with_the_cure(agent: Snmpd) -> None:
    with pytest.raises(Unavailable, match="no figure at apc:outlet/99") as caught:
        opened(agent, "apc:outlet/99").collect()
    assert caught.value.reason is Reason.UNSUPPORTED
    assert "snmpwalk" in caught.value.cure


@pytest.mark.real("snmp")
def test_version_3_is_spoken_where_a_user_is_named(agent: Snmpd) -> None:
    agent.show(f"{OUTLET}.7.5", "gauge", 300)
    collector = opened(agent, f"{OUTLET}.7.5 1 W", user=USER, secret=PASSPHRASE)
    assert power(read_twice(collector))[0] == Power.from_watts(300)
    for fields in ({"user": USER, "secret": SECRET}, {"user": "nobody", "secret": PASSPHRASE}):
        with pytest.raises(Unavailable) as caught:
            opened(agent, f"{OUTLET}.7.5 1 W", **fields).collect()
        assert caught.value.reason is Reason.FORBIDDEN
        assert fields["secret"] not in caught.value.what + caught.value.cure


@pytest.mark.real("snmp")
def test_an_agent_that_is_silent_as_to_a_wrong_community_is_asked_again(agent: Snmpd) -> None:
    with pytest.raises(Retry, match="community"):
        opened(agent, f"{OUTLET}.7.5 1 W", secret=SECRET).collect()
    with pytest.raises(Retry):
        SnmpCollector.open(
            host_with(f"snmp://{LOOPBACK}:{free_port()}", points=("apc:outlet/1",), secret=SECRET)
        ).collect()


@pytest.mark.real("snmp")
@pytest.mark.parametrize("secret", ["two words", '"quoted"', "#hash", "back\\slash", ' "a', "l'été", 'a\\"b'])
def test_a_secret_is_sent_as_it_is_written_whatever_characters_it_has(secret: str) -> None:
    received: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind((LOOPBACK, 0))

        def send_back() -> None:
            message, sender = listening.recvfrom(1500)
            received.append(message)
            listening.sendto(message.replace(QUESTION, ANSWER, 1), sender)

        answering = threading.Thread(target=send_back)
        answering.start()
        address = f"snmp://{LOOPBACK}:{listening.getsockname()[1]}"
        with pytest.raises(Unavailable, match="no figure"):
            SnmpCollector.open(host_with(address, points=("apc:outlet/1",), secret=secret)).collect()
        answering.join()
    community = secret.encode()
    assert bytes((4, len(community))) + community in received[0]


@pytest.mark.parametrize(
    ("printed", "fact"),
    [
        ("Timeout: No Response from udp:127.0.0.1:1.", Retry),
        ("snmpget: Unknown host (udp:pdu.invalid:161)", Retry),
        ("Error in packet", Retry),
        (".1.3.6.1.4.1.1 = Gauge32: 1e999999", Retry),
        (".1.3.6.1.4.1.1 = Timeticks: (5) 0:00:00.05", Unavailable),
        (".1.3.6.1.4.1.1 = No Such Instance currently exists at this OID", Unavailable),
        ("snmpget: Authentication failure (incorrect password, community or key)", Unavailable),
        ("", Retry),
    ],
)
def test_what_is_no_figure_is_told_as_what_it_is(tmp_path: Path, printed: str, fact: type[Exception]) -> None:
    program = tmp_path / "snmpget"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{printed}\nEND\n")
    program.chmod(0o700)
    with pytest.raises(fact):
        SnmpCollector(meter_at(NOWHERE, points=("1.3.6.1.4.1.1 1 W",), secret=SECRET), str(program)).collect()


@pytest.mark.parametrize("user", ["", USER])
def test_the_secret_is_in_a_file_of_its_own_and_in_no_command_and_gone_after(tmp_path: Path, user: str) -> None:
    program = tmp_path / "snmpget"
    program.write_text(
        f'#!/bin/sh\necho "$@" >{tmp_path}/words\nenv >{tmp_path}/env\necho "$SNMPCONFPATH" >{tmp_path}/place\n'
        f'cp -p "$SNMPCONFPATH/snmp.conf" {tmp_path}/conf\necho ".1.3.6.1.4.1.1 = Gauge32: 300"\n'
    )
    program.chmod(0o700)
    points = ("1.3.6.1.4.1.1 1 W",)
    SnmpCollector(meter_at(NOWHERE, points=points, user=user, secret=SECRET), str(program)).collect()
    assert SECRET not in (tmp_path / "words").read_text() + (tmp_path / "env").read_text()
    written = tmp_path / "conf"
    assert SECRET in written.read_text()
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert not Path((tmp_path / "place").read_text().strip()).exists()


def test_a_machine_without_the_program_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("snmpget") is None
    with pytest.raises(Unavailable, match="snmpget") as caught:
        SnmpCollector.open(host_with(NOWHERE, points=("apc:outlet/1",), secret=SECRET))
    assert (caught.value.reason, "apt install snmp" in caught.value.cure) == (Reason.UNSUPPORTED, True)


@pytest.mark.parametrize(
    "points",
    [
        (),
        ("apc:outlet",),
        ("apc:fan/1",),
        ("1.3.6.1.4.1.1",),
        ("1.3.6.1.4.1.1 1 VA",),
        ("1.3.6.1.4.1.1 0 W",),
        ("1.3.6.1.4.1.1 -1 W",),
        ("-v1 1 W",),
        ("1.3.6.1.4.1.1 1 W\n",),
        ("apc:outlet/1", "apc:outlet/1"),
    ],
)
def test_a_point_that_is_none_is_refused(points: tuple[str, ...]) -> None:
    assert "point" in refused(*points).what


@pytest.mark.parametrize("address", ["", "http://h", "h:99999", "a b", "tcp:h:1"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    assert "address" in refused("apc:outlet/1", address=address).what


def test_a_secret_that_is_missing_or_would_be_seen_or_is_a_setting_is_refused() -> None:
    far = "snmp://192.0.2.18"
    assert "no secret" in refused("apc:outlet/1", secret="").what
    assert "no encryption" in refused("apc:outlet/1", address=far).what
    assert "more than one line" in refused("apc:outlet/1", secret=f"{SECRET}\ndefVersion 1").what
    assert "too short" in refused("apc:outlet/1", user=USER, secret=SECRET[:7]).what
    SnmpCollector(meter_at(far, points=("apc:outlet/1",), secret=SECRET, insecure=True), "/bin/false")
    SnmpCollector(meter_at(far, points=("apc:outlet/1",), secret=SECRET, user=USER), "/bin/false")
