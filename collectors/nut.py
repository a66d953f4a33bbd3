"""A UPS, by way of the server of Network UPS Tools (NUT), which knows most makers' devices.

Asks `LIST VAR ups` at port 3493. Reads `ups.realpower`, in watts; where there is none, `ups.load` of
`ups.realpower.nominal`, which is told as modelled. A point is `UPS` or `UPS/2`, an outlet of it that has a power of its
own. Error: the maker's; of a load in whole percents, half a percent of the nominal power. Privilege: none to read,
unless the server asks for a name and a password, which it is sent in clear text.

What is shown is what the UPS gives: its own losses, some 5 to 10 % of it, are not in it, while what a plug in front of
it shows has them.

Traps: `ups.power` is in volt-amperes, and is no power; `DATA-STALE` and `DRIVER-NOT-CONNECTED` come in the place of an
answer, and the server answers for days with what a dead driver left.

Source: Network UPS Tools, Developer Guide: Network protocol information; Variables (ups.*, outlet.*). RFC 9271.
"""

from __future__ import annotations

import re
import socket
import time
from typing import TYPE_CHECKING, ClassVar, Final, Self

from collectors._meters import NoFigureError, Points, Shown, forbidden, meter_of, power_of
from monitor.adapters.connections import is_loopback
from monitor.collector import Reason, Retry, Unavailable
from monitor.core.readings import Method
from monitor.core.units import MICROWATTS_PER_WATT, Power

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from monitor.collector import Host, Meter, Source
    from monitor.core.readings import Reading

PORT: Final = 3493
"""Source: IANA, service `nut`; RFC 9271, section 6."""
HIGHEST_PORT: Final = 0xFFFF
SECONDS: Final = 5.0
"""For all that is asked in one reading. Our choice."""
LONGEST: Final = 1 << 18
"""Bytes of an answer: a UPS has some hundred variables. Our choice."""
ADDRESS: Final = re.compile(r"(?:nut://)?(\[[0-9a-fA-F:.%]+\]|[A-Za-z0-9_.-]+)(?::(\d{1,5}))?/?")
NAME: Final = re.compile(r"[A-Za-z0-9_.-]+(?:/\d+)?")
LINE: Final = re.compile(r'VAR (\S+) (\S+) "((?:[^"\\]|\\.)*)"')
PASSING: Final = {"DATA-STALE": "its data are stale", "DRIVER-NOT-CONNECTED": "its driver is gone"}
"""Source: RFC 9271, section 4.3 (error responses)."""
BEGINS: Final = "WAIT"
"""What the server shows as the status until the driver has told it all. Source: NUT 2.8.0, upsd."""
DENIED: Final = frozenset(
    {"ACCESS-DENIED", "INVALID-PASSWORD", "INVALID-USERNAME", "PASSWORD-REQUIRED", "USERNAME-REQUIRED"}
)


class NutCollector:
    """Reads the UPSes and outlets that are named, over one connection that is made for each reading."""

    name: ClassVar[str] = "nut"
    slow: ClassVar[bool] = True
    for_meters: ClassVar[bool] = True

    def __init__(self, meter: Meter, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Read *meter*. Raises Unavailable where its address or a point is none, or its secret would be seen."""
        self._meter = meter
        self._points = Points(meter)
        self._monotonic = monotonic
        self._host, self._port = _place(meter)
        if not meter.points or not all(NAME.fullmatch(point) for point in meter.points):
            cure = 'name it as `upsc -l` does: points = ["ups"]'
            raise Unavailable(Reason.UNSUPPORTED, f"of the meter {meter.name} no UPS is named", cure)
        if not (meter.user + meter.secret).isprintable():
            cure = "write the password alone in the file that meter.secret_file names, in one line"
            raise Unavailable(Reason.FORBIDDEN, f"the secret of the meter {meter.name} has more than one line", cure)
        if meter.secret and not meter.insecure and not is_loopback(self._host):
            raise Unavailable(
                Reason.FORBIDDEN,
                f"the secret of the meter {meter.name} would leave this machine with no encryption",
                "take it out, as NUT lets everybody read, or set insecure = true where nobody listens on that network",
            )

    @classmethod
    def open(cls, host: Host) -> Self:
        """Return a collector that is ready to ask; nothing is asked yet. Raises Unavailable."""
        return cls(meter_of(host, cls.name))

    def sources(self) -> Sequence[Source]:
        """Return the UPSes that are read; none before the first reading."""
        return self._points.sources()

    def collect(self) -> Sequence[Reading]:
        """Return what the UPSes give.

        Raises Retry where one does not answer or its data are stale, Unavailable where it tells no power.
        """
        try:
            with socket.create_connection((self._host, self._port), timeout=SECONDS) as connection:
                talk = _Talk(connection, self._meter, self._monotonic)
                if self._meter.secret:
                    talk.introduce()
                known = {name: talk.variables(name) for name in {one.partition("/")[0] for one in self._meter.points}}
        except OSError as error:
            raise Retry(f"{self._host} can't be reached at port {self._port}, or broke off its answer") from error
        try:
            return self._points.readings([self._shown(point, known) for point in self._meter.points])
        except NoFigureError as error:
            raise Retry(f"what {self._meter.name} shows is no figure") from error

    def close(self) -> None:
        """Do nothing: nothing stays open between readings."""

    def _shown(self, point: str, known: Mapping[str, Mapping[str, str]]) -> Shown:
        ups, _, outlet = point.partition("/")
        told = known[ups]
        if BEGINS in told.get("ups.status", "").split():
            raise Retry(f"the driver of {ups} begins, and has no figure yet ({BEGINS})")
        variable = f"outlet.{outlet}.realpower" if outlet else "ups.realpower"
        power, method = power_of(told.get(variable)), Method.INTEGRATED
        nominal = power_of(told.get("ups.realpower.nominal"))
        if power is None and not outlet and nominal is not None and "ups.load" in told:
            load = power_of(told["ups.load"]) or Power.ZERO
            power, method = Power(load.microwatts * nominal.microwatts // (100 * MICROWATTS_PER_WATT)), Method.MODELLED
        if power is None:
            what = f"{ups} tells no {variable}, and no load of a nominal power"
            if self._points.sources():
                raise Retry(what)
            raise Unavailable(Reason.UNSUPPORTED, what, "measure the machine with a plug or a PDU: docs/meters.md")
        return Shown(
            point=point,
            where=f"{self._host}, {variable if method is Method.INTEGRATED else 'ups.load'} of {ups}, its output",
            accuracy="the maker's"
            if method is Method.INTEGRATED
            else "a percent of the nominal power, and the maker's",
            power=power,
            method=method,
        )


class _Talk:
    """One connection to the server, with a time by which all has to be said."""

    def __init__(self, connection: socket.socket, meter: Meter, monotonic: Callable[[], float]) -> None:
        self._connection = connection
        self._meter = meter
        self._monotonic = monotonic
        self._until = monotonic() + SECONDS
        self._held = b""
        self._size = 0

    def introduce(self) -> None:
        """Say who asks. Raises Unavailable where that is not taken."""
        for word, value in (("USERNAME", self._meter.user), ("PASSWORD", self._meter.secret)):
            self._say(f'{word} "{_quoted(value)}"')
            self._expect(self._line())

    def variables(self, ups: str) -> Mapping[str, str]:
        """Return all that the server knows of *ups*. Raises Retry, Unavailable."""
        self._say(f"LIST VAR {ups}")
        if self._expect(self._line()) != f"BEGIN LIST VAR {ups}":
            raise Retry(f"what answers for {self._meter.name} is no server of NUT")
        found: dict[str, str] = {}
        while (line := self._expect(self._line())) != f"END LIST VAR {ups}":
            told = LINE.fullmatch(line)
            if told is not None and told[1] == ups:
                found[told[2]] = re.sub(r"\\(.)", r"\1", told[3])
        return found

    def _expect(self, line: str) -> str:
        """Return *line*, which is no error. Raises Retry, Unavailable."""
        word, _, rest = line.partition(" ")
        if word != "ERR":
            return line
        code = rest.partition(" ")[0]
        if code in PASSING:
            raise Retry(f"the server of NUT has no figure of {self._meter.name} now: {PASSING[code]} ({code})")
        if code in DENIED:
            raise forbidden(self._meter)
        cure = "name the UPS as `upsc -l` does in meter.points"
        raise Unavailable(
            Reason.UNSUPPORTED, f"the server of NUT knows no such UPS as {self._meter.name} ({code[:40]})", cure
        )

    def _say(self, line: str) -> None:
        self._connection.settimeout(self._left())
        self._connection.sendall(f"{line}\n".encode())

    def _line(self) -> str:
        """Return the next line of the answer. Raises Retry, OSError."""
        while b"\n" not in self._held:
            self._connection.settimeout(self._left())
            piece = self._connection.recv(4096)
            self._size += len(piece)
            if not piece or self._size > LONGEST:
                raise Retry(f"the server of NUT broke off its answer for {self._meter.name}, or it is too long")
            self._held += piece
        line, _, self._held = self._held.partition(b"\n")
        return line.decode("utf-8", "replace").strip("\r")

    def _left(self) -> float:
        left = self._until - self._monotonic()
        if left <= 0:
            raise Retry(f"the server of NUT took longer than {SECONDS:g} s for {self._meter.name}")
        return left


def _place(meter: Meter) -> tuple[str, int]:
    """Return the host and the port of *meter*. Raises Unavailable."""
    found = ADDRESS.fullmatch(meter.address)
    if found is None or int(found[2] or PORT) > HIGHEST_PORT:
        cure = f'give its host, and the port where it is not {PORT}: address = "nut://192.0.2.15"'
        raise Unavailable(Reason.UNSUPPORTED, f"the address of {meter.name} is none of a server of NUT", cure)
    return found[1].strip("[]"), int(found[2] or PORT)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
