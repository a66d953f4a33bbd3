"""A device for each kind of meter at an address: it draws what it is told, and shows that well or badly.

A new kind of collector for meters gets its device here; what it promises is in test_meters.py.
"""

from __future__ import annotations

import socketserver
import threading
from abc import ABC, abstractmethod
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar, Final

from monitor.collector import Meter
from monitor.core.units import Duration, Power
from tests.fixtures.host import host_at
from tests.parts import bmc
from tests.parts.grid import Asked, GridServer, Reply
from tests.parts.loopback import LOOPBACK, free_port
from tests.parts.plugs import NOW, Home, LaterShelly, TasmotaPlug, answered, switch
from tests.parts.snmpd import USER, Snmpd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from monitor.collector import Host

NOON: Final = datetime(2026, 6, 10, 12, tzinfo=UTC)
PLAUSIBLE: Final = Power.from_watts(1200)
OTHER_SECRET: Final = "an0ther-secret"  # noqa: S105 - it opens nothing


class Device(ABC):
    """A meter that a machine hangs on. Its energy and its power are what it shows, and `lie` what becomes of them."""

    kind: ClassVar[str]
    secret: ClassVar[str]
    fields: ClassVar[dict[str, Any]] = {}
    """What else `[[meter]]` has to say of it."""

    def __init__(self) -> None:
        self.watts = 300.0
        self.joules = 3_600_000.0
        self.seconds = 0
        self.silent = False
        self.lie: Callable[[float], float] = lambda value: value
        self.port = free_port()

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://{LOOPBACK}:{self.port}"

    def draw(self, seconds: int) -> None:
        """Let that many seconds go by."""
        self.seconds += seconds
        self.joules += self.watts * seconds

    def host(self, **fields: Any) -> Host:
        """Return a host with this meter."""
        given: dict[str, Any] = {
            "name": "prise",
            "address": self.address,
            "secret": self.secret,
            "hold": Duration.from_seconds(60),
            "plausible": PLAUSIBLE,
        }
        return host_at(Path("/nonexistent"), meter=Meter(**{**given, **self.fields, **fields}))

    @contextmanager
    def plugged(self) -> Iterator[None]:
        """Answer, inside `with`, at the same place each time."""
        server = GridServer(
            lambda asked: Reply(silent=True) if self.silent else self.answer(asked), NOON, None, self.port
        )
        with server:
            yield

    @abstractmethod
    def answer(self, asked: Asked) -> Reply:
        """Return what it answers to *asked*."""
        ...


class Redfish(Device):
    """A BMC that shows the energy, or the power, of its chassis."""

    kind = "redfish"
    secret = bmc.PASSWORD
    fields: ClassVar[dict[str, Any]] = {"user": bmc.USER}

    def __init__(self, *, counts: bool) -> None:
        super().__init__()
        self._counts = counts
        self._bmc = bmc.Bmc(NOON)
        self._chassis = self._bmc.chassis(EnvironmentMetrics={})

    def answer(self, asked: Asked) -> Reply:
        """Return what the BMC answers now."""
        kilowatt_hours = round(self.lie(self.joules) / 3_600_000, 6)
        figure = {"EnergykWh": kilowatt_hours} if self._counts else {"PowerWatts": self.lie(self.watts)}
        shown = {key: {"Reading": value} for key, value in figure.items()}
        self._bmc.resources[f"{self._chassis}/EnvironmentMetrics"] = shown
        return self._bmc.answer(asked)


class Empreinte(Device):
    """The host of this virtual machine, which tells what it counted."""

    kind = "empreinte"
    secret = "t" * 32

    def answer(self, asked: Asked) -> Reply:
        """Return what the host tells now."""
        if asked.headers["Authorization"] != f"Bearer {self.secret}":
            return Reply(status=401)
        zone = {
            "resource": "platform",
            "method": "counter",
            "energy_uj": round(self.lie(self.joules) * 1_000_000),
            "epoch": 2,
            "through": (1_781_092_800 + self.seconds) * 10**9,
        }
        return Reply.of({"format": 1, "service": "vm-1", "zones": [zone]})


class Shelly(Device):
    """A plug that wants a password by digest."""

    kind = "shelly"
    secret = "sh3lly-secret"  # noqa: S105 - it opens nothing

    def __init__(self) -> None:
        super().__init__()
        self._plug = LaterShelly(password=self.secret)

    def answer(self, asked: Asked) -> Reply:
        """Return what the plug answers now."""
        self._plug.components = {"switch:0": switch(0, self.lie(self.joules) / 3600, self.lie(self.watts))}
        self._plug.uptime = self.seconds
        return self._plug(asked)


class Tasmota(Device):
    """A plug that wants a password in the address."""

    kind = "tasmota"
    secret = "t4smota-secret"  # noqa: S105 - it opens nothing

    def answer(self, asked: Asked) -> Reply:
        """Return what the plug answers now."""
        plug = TasmotaPlug(password=self.secret, time=(NOON + timedelta(seconds=self.seconds)).isoformat())
        plug.total, plug.power = round(self.lie(self.joules) / 3_600_000, 6), self.lie(self.watts)
        return plug(asked)


class HomeAssistant(Device):
    """A Home Assistant that knows the meter."""

    kind = "home_assistant"
    secret = "h0me-token"  # noqa: S105 - it opens nothing

    def __init__(self, *, counts: bool) -> None:
        super().__init__()
        self.fields = {"points": ("sensor.prise",)}  # type: ignore[misc]  # of this device alone
        self._counts = counts

    def answer(self, asked: Asked) -> Reply:
        """Return what it answers now."""
        home = Home(token=self.secret, reported=NOON)
        shown = self.lie(self.joules) / 3_600_000 if self._counts else self.lie(self.watts)
        home.entity("sensor.prise", f"{shown}", "kWh" if self._counts else "W")
        return home(asked)


class PrometheusQuery(Device):
    """A Prometheus that scrapes the meter."""

    kind = "prometheus_query"
    secret = "pr0m-token"  # noqa: S105 - it opens nothing

    def __init__(self, *, counts: bool) -> None:
        super().__init__()
        self._name = "plug_energy_joules_total" if counts else "plug_power_watts"
        self.fields = {"points": (self._name,)}  # type: ignore[misc]  # of this device alone
        self._counts = counts

    def answer(self, asked: Asked) -> Reply:
        """Return what it answers now."""
        if asked.headers.get("Authorization") != f"Bearer {self.secret}":
            return Reply(status=401)
        value = self.lie(self.joules) if self._counts else self.lie(self.watts)
        return answered({self._name: [f"{value}"], f"timestamp({self._name})": [f"{NOW}"]}, asked)


class Ups(Device):
    """A UPS behind a server of NUT that wants a name and a password."""

    kind = "nut"
    secret = "n4t-secret"  # noqa: S105 - it opens nothing
    fields: ClassVar[dict[str, Any]] = {"points": ("ups",), "user": "monitor"}

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"nut://{LOOPBACK}:{self.port}"

    @contextmanager
    def plugged(self) -> Iterator[None]:
        """Answer, inside `with`, at the same place each time."""
        device = self

        class Talk(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                for line in self.rfile:
                    if device.silent:
                        continue
                    self.wfile.write(device.said(line.decode().strip()).encode())

        class Listening(socketserver.ThreadingTCPServer):
            allow_reuse_address = True

        with Listening((LOOPBACK, self.port), Talk) as listening:
            thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
            thread.start()
            try:
                yield
            finally:
                listening.shutdown()
                thread.join()

    def said(self, line: str) -> str:
        """Return what the server says to *line*. Source: RFC 9271, section 4."""
        if line.startswith("LIST VAR ups"):
            return f'BEGIN LIST VAR ups\nVAR ups ups.realpower "{self.lie(self.watts)}"\nEND LIST VAR ups\n'
        known = {'USERNAME "monitor"', f'PASSWORD "{self.secret}"'}
        return "OK\n" if line in known else "ERR ACCESS-DENIED\n"

    def answer(self, asked: Asked) -> Reply:
        """Speak no HTTP."""
        raise NotImplementedError(asked.path)


class Pdu(Device):
    """A PDU that Debian's agent of SNMP stands for, and a user of version 3 may read."""

    kind = "snmp"
    secret = "sn9p-secret"  # noqa: S105 - it opens nothing
    oid: ClassVar[str] = "1.3.6.1.4.1.318.1.1.26.9.4.3.1.7.5"

    def __init__(self, *, counts: bool) -> None:
        self._agent: Snmpd | None = None
        self._counts = counts
        super().__init__()
        point = f"{self.oid} 1 {'J' if counts else 'W'}"
        self.fields = {"points": (point,), "user": USER}  # type: ignore[misc]  # of this device alone

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"snmp://{LOOPBACK}:{self.port}"

    @property
    def lie(self) -> Callable[[float], float]:
        """What becomes of its figures."""
        return self._lie

    @lie.setter
    def lie(self, lie: Callable[[float], float]) -> None:
        self._lie = lie
        self._show()

    def draw(self, seconds: int) -> None:
        """Let that many seconds go by."""
        super().draw(seconds)
        self._show()

    @contextmanager
    def plugged(self) -> Iterator[None]:
        """Answer, inside `with`, at the same place each time."""
        with TemporaryDirectory() as directory, Snmpd(Path(directory), self.port, self.secret) as self._agent:
            self._show()
            if self.silent:
                self._agent.child.pause()
            yield
        self._agent = None

    def answer(self, asked: Asked) -> Reply:
        """Speak no HTTP."""
        raise NotImplementedError(asked.path)

    def _show(self) -> None:
        if self._agent is not None:
            figure = round(self._lie(self.joules if self._counts else self.watts))
            self._agent.show(self.oid, "integer" if figure < 0 else "counter64", figure)


DEVICES: Final[dict[str, Callable[[], Device]]] = {
    "empreinte": Empreinte,
    "redfish, energy": lambda: Redfish(counts=True),
    "nut": Ups,
    "home assistant, energy": lambda: HomeAssistant(counts=True),
    "home assistant, power": lambda: HomeAssistant(counts=False),
    "prometheus, energy": lambda: PrometheusQuery(counts=True),
    "prometheus, power": lambda: PrometheusQuery(counts=False),
    "redfish, power": lambda: Redfish(counts=False),
    "shelly": Shelly,
    "snmp, energy": lambda: Pdu(counts=True),
    "snmp, power": lambda: Pdu(counts=False),
    "tasmota": Tasmota,
}
REAL_PARTS: Final = {"snmp, energy": "snmp", "snmp, power": "snmp"}
"""Of the devices above, those that are a program of another's, and its name among the real parts."""
