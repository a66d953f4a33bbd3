"""A UPS by way of NUT: of a server on loopback that says what a test tells it, and of Debian's own."""

import socketserver
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from collectors.nut import NutCollector
from monitor.collector import Reason, Retry, Unavailable
from monitor.core.readings import Method, PowerReading, Reading
from monitor.core.units import Power
from tests.fixtures.meters import SECRET, host_with, read_twice
from tests.parts.loopback import LOOPBACK, wait_until
from tests.parts.nut import Nut


@contextmanager
def server(**answers: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Serve as NUT does; each word of a question has its lines. Gives the address, and what was asked."""
    asked: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            for line in self.rfile:
                asked.append(line.decode().strip())
                said = answers.get(asked[-1].split()[0], ["ERR UNKNOWN-COMMAND"])
                self.wfile.write("".join(f"{one}\n" for one in said).encode())

    with socketserver.ThreadingTCPServer((LOOPBACK, 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"nut://{LOOPBACK}:{listening.server_address[1]}", asked
        finally:
            listening.shutdown()
            thread.join()


def listed(*lines: str) -> list[str]:
    return ["BEGIN LIST VAR ups", *(f"VAR ups {line}" for line in lines), "END LIST VAR ups"]


def read(*lines: str, points: tuple[str, ...] = ("ups",), **fields: object) -> list[Reading]:
    with server(LIST=listed(*lines), USERNAME=["OK"], PASSWORD=["OK"]) as (address, _):
        return list(read_twice(NutCollector.open(host_with(address, points=points, **fields))))


def power(rows: Sequence[Reading]) -> tuple[Power, Method]:
    (row,) = rows
    assert isinstance(row, PowerReading)
    return row.power, row.method


def test_its_real_power_is_read_and_never_its_apparent_one() -> None:
    rows = read('ups.power "420"', 'ups.realpower "310.5"', 'ups.load "20"', 'ups.realpower.nominal "1500"')
    assert power(rows) == (Power(310_500_000), Method.INTEGRATED)
    with pytest.raises(Unavailable, match=r"tells no ups\.realpower"):
        read('ups.power "420"', 'ups.load "20"')


def test_a_load_of_the_nominal_power_is_modelled() -> None:
    assert power(read('ups.load "21"', 'ups.realpower.nominal "1500"')) == (Power.from_watts(315), Method.MODELLED)


def test_an_outlet_with_a_power_of_its_own_is_a_point() -> None:
    rows = read('ups.realpower "300"', 'outlet.1.realpower "120"', points=("ups/1",))
    assert power(rows) == (Power.from_watts(120), Method.INTEGRATED)


@pytest.mark.parametrize("value", ["-5", "1201", "0", "much", ""])
def test_what_can_not_be_true_is_not_read(value: str) -> None:
    with pytest.raises(Retry):
        read(f'ups.realpower "{value}"')


@pytest.mark.parametrize("code", ["DATA-STALE", "DRIVER-NOT-CONNECTED"])
def test_what_the_server_itself_does_not_know_now_is_asked_again(code: str) -> None:
    with server(LIST=[f"ERR {code}"]) as (address, _), pytest.raises(Retry, match=code):
        NutCollector.open(host_with(address, points=("ups",))).collect()


def test_a_driver_that_begins_is_asked_again() -> None:
    with pytest.raises(Retry, match="begins"):
        read('ups.status "WAIT"')


def test_a_ups_that_is_not_there_is_refused_with_the_cure() -> None:
    with server(LIST=["ERR UNKNOWN-UPS"]) as (address, _), pytest.raises(Unavailable, match="UNKNOWN-UPS") as refused:
        NutCollector.open(host_with(address, points=("ups",))).collect()
    assert "upsc -l" in refused.value.cure


def test_it_says_who_it_is_only_where_that_is_configured_and_allowed() -> None:
    with server(LIST=listed('ups.realpower "300"'), USERNAME=["OK"], PASSWORD=["OK"]) as (address, asked):
        NutCollector.open(host_with(address, points=("ups",), user="monitor", secret=SECRET)).collect()
        assert asked == ['USERNAME "monitor"', f'PASSWORD "{SECRET}"', "LIST VAR ups"]
    with server(USERNAME=["OK"], PASSWORD=["ERR ACCESS-DENIED"]) as (address, _):
        with pytest.raises(Unavailable) as refused:
            NutCollector.open(host_with(address, points=("ups",), user="monitor", secret=SECRET)).collect()
        assert refused.value.reason is Reason.FORBIDDEN
    with pytest.raises(Unavailable, match="no encryption"):
        NutCollector.open(host_with("nut://192.0.2.15", points=("ups",), user="monitor", secret=SECRET))


@pytest.mark.parametrize("address", ["", "http://h", "h:99999", "a b"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(Unavailable, match="address"):
        NutCollector.open(host_with(address, points=("ups",)))


@pytest.mark.parametrize("points", [(), ("ups\nSET VAR",), ("ups x",)])
def test_a_name_that_would_be_a_command_is_refused(points: tuple[str, ...]) -> None:
    with pytest.raises(Unavailable, match="no UPS is named"):
        NutCollector.open(host_with(f"nut://{LOOPBACK}:1", points=points))


def test_a_secret_that_would_be_a_command_is_refused_unseen() -> None:
    secret = f"{SECRET}\nSET VAR"
    with pytest.raises(Unavailable, match="more than one line") as refused:
        NutCollector.open(host_with(f"nut://{LOOPBACK}:1", points=("ups",), user="monitor", secret=secret))
    assert SECRET not in refused.value.what + refused.value.cure


@pytest.mark.parametrize("line", ["ERR", "ERR ", "HELLO", ""])
def test_what_is_no_answer_of_nut_is_no_crash(line: str) -> None:
    with server(LIST=[line]) as (address, _), pytest.raises((Retry, Unavailable)):
        NutCollector.open(host_with(address, points=("ups",))).collect()


@pytest.mark.real("nut")
def test_debians_own_server_tells_its_power_and_that_its_driver_is_gone(tmp_path: Path) -> None:
    with Nut(tmp_path, ups_realpower="310", ups_power="420") as nut:
        collector = NutCollector.open(host_with(nut.url, points=("ups",)))
        assert power(collector.collect()) == (Power.from_watts(310), Method.INTEGRATED)
        nut.driver.kill()

        def is_told() -> bool:
            try:
                collector.collect()
            except Retry:
                return True
            return False

        wait_until(is_told, what="the server notices that the driver is gone")
