"""Plugs and energy meters that answer over HTTP as their makers document it, and refuse what those would refuse.

Each is what a `GridServer` asks for its answers. What it measures is set by the test.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.parts.digest import DigestDoor
from tests.parts.grid import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tests.parts.grid import Asked

NOW: Final = 1_781_092_800
"""Of the Prometheus, in s since the epoch."""
NOT_FOUND: Final = Reply(b"Not Found", status=404)


@dataclass
class FirstShelly:
    """A device of the first generation: a Plug S (`meters`), or an EM (`emeters`).

    Source: Shelly Technical Documentation, Gen1: Common HTTP API (/shelly); Shelly Plug/PlugS and EM (/status).
    """

    mac: str = "5ECF7F1632E8"
    uptime: int = 6_421
    password: str = ""
    totals: list[float] = field(default_factory=lambda: [12_345])
    """Of each channel, in watt-minutes; an EM's in watt-hours."""
    watts: list[float] = field(default_factory=lambda: [180.25])
    valid: bool = True
    emeter: bool = False
    metered: bool = True

    def __call__(self, asked: Asked) -> Reply:
        """Return the answer to *asked*."""
        if asked.target == "/shelly":
            return Reply.of(
                {
                    "type": "SHEM" if self.emeter else "SHPLG-S",
                    "mac": self.mac,
                    "auth": bool(self.password),
                    "fw": "20230913-113421/v1.14.0-gcb84623",
                    "longid": 1,
                    "num_outputs": 1,
                    "num_meters": len(self.totals),
                }
            )
        if self.password and asked.headers.get("Authorization") != basic("admin", self.password):
            return Reply(status=401, headers={"WWW-Authenticate": f'Basic realm="{self.mac}"'})
        return Reply.of(self._status()) if asked.target == "/status" else NOT_FOUND

    def _status(self) -> Mapping[str, object]:
        both = list(zip(self.watts, self.totals, strict=True))
        listed: dict[str, object] = {"meters": [self._meter(*one) for one in both]}
        if self.emeter:
            listed = {"emeters": [self._emeter(*one) for one in both]}
        return {
            "wifi_sta": {"connected": True, "ssid": "serveurs", "ip": "192.0.2.15", "rssi": -61},
            "cloud": {"enabled": False, "connected": False},
            "time": "12:01",
            "unixtime": 1_780_999_260,
            "serial": 12,
            "mac": self.mac,
            "relays": [{"ison": True, "has_timer": False, "overpower": False, "source": "http"}],
            **listed,
            "temperature": 31.2,
            "overtemperature": False,
            "ram_total": 52_056,
            "uptime": self.uptime,
        }

    def _meter(self, watts: float, total: float) -> Mapping[str, object]:
        if not self.metered:
            return {"power": watts, "is_valid": True}
        return {
            "power": watts,
            "overpower": 0.0,
            "is_valid": self.valid,
            "timestamp": 1_781_006_460,
            "counters": [180.0, 179.5, 181.0],
            "total": total,
        }

    def _emeter(self, watts: float, total: float) -> Mapping[str, object]:
        return {
            "power": watts,
            "reactive": 12.5,
            "pf": 0.98,
            "voltage": 231.4,
            "is_valid": self.valid,
            "total": total,
            "total_returned": 0.0,
        }


@dataclass
class LaterShelly:
    """A device of the second generation or a later one, with the *components* that are given.

    Source: Shelly Technical Documentation, Gen2: Authentication; Shelly.GetDeviceInfo and Shelly.GetStatus; Switch,
    EM, EMData, EM1, EM1Data (status).
    """

    mac: str = "A8032AB12345"
    uptime: int = 90_210
    password: str = ""
    components: dict[str, dict[str, object]] = field(default_factory=dict)
    door: DigestDoor = field(init=False)

    def __post_init__(self) -> None:
        """Give it the door that its password opens."""
        self.door = DigestDoor("admin", self.password, "SHA-256")
        self.components = self.components or {"switch:0": switch(0, 6_532.25, 181.5)}

    def __call__(self, asked: Asked) -> Reply:
        """Return the answer to *asked*."""
        if asked.target == "/shelly":
            return Reply.of(
                {
                    "name": None,
                    "id": f"shellyplugsg3-{self.mac.lower()}",
                    "mac": self.mac,
                    "slot": 1,
                    "model": "S3PL-00112EU",
                    "gen": 3,
                    "fw_id": "20241011-114455/1.4.4-g6d2a586",
                    "ver": "1.4.4",
                    "app": "PlugSG3",
                    "auth_en": bool(self.password),
                    "auth_domain": f"shellyplugsg3-{self.mac.lower()}" if self.password else None,
                }
            )
        if asked.target != "/rpc/Shelly.GetStatus":
            return Reply.of({"code": 404, "message": f"No handler for {asked.target}"}, status=404)
        status = {
            "ble": {},
            "cloud": {"connected": False},
            "input:0": {"id": 0, "state": False},
            **self.components,
            "sys": {
                "mac": self.mac,
                "restart_required": False,
                "time": "12:01",
                "unixtime": 1_780_999_260,
                "uptime": self.uptime,
                "ram_size": 261_376,
                "available_updates": {},
            },
            "wifi": {"sta_ip": "192.0.2.16", "status": "got ip", "ssid": "serveurs", "rssi": -55},
        }
        return self.door.opened(asked, Reply.of(status)) if self.password else Reply.of(status)


@dataclass
class TasmotaPlug:
    """A plug with Tasmota. Source: Tasmota documentation, Commands (Web requests), JSON Status Responses (Status 8)."""

    total: object = 3.185
    power: object = 87.0
    password: str = ""
    time: str = "2026-06-10T12:00:00"
    started: str = "2026-01-04T10:02:11"
    metered: bool = True

    def __call__(self, asked: Asked) -> Reply:
        """Return the answer to *asked*."""
        if asked.path != "/cm":
            return NOT_FOUND
        if self.password and (asked.query.get("user"), asked.query.get("password")) != ("admin", self.password):
            return Reply.of({"WARNING": "Need user=<username>&password=<password>"})
        if asked.query.get("cmnd") != "Status 8":
            return Reply.of({"Command": "Unknown"})
        energy = {
            "TotalStartTime": self.started,
            "Total": self.total,
            "Yesterday": 1.21,
            "Today": 0.77,
            "Power": self.power,
            "ApparentPower": 91,
            "Factor": 0.95,
            "Voltage": 231,
        }
        return Reply.of({"StatusSNS": {"Time": self.time, **({"ENERGY": energy} if self.metered else {})}})


@dataclass
class Home:
    """A Home Assistant. Source: Home Assistant Developer Docs, REST API (/api/states/<entity_id>)."""

    token: str
    reported: datetime
    entities: dict[str, dict[str, object]] = field(default_factory=dict)

    def entity(self, name: str, state: str, unit: str, **attributes: object) -> None:
        """Have it know the entity *name*, which was reported when the others were."""
        moment = self.reported.isoformat()
        counts = unit.endswith("Wh")
        self.entities[name] = {
            "entity_id": name,
            "state": state,
            "attributes": {
                "state_class": "total_increasing" if counts else "measurement",
                "unit_of_measurement": unit,
                "device_class": "energy" if counts else "power",
                "friendly_name": "Prise",
                **attributes,
            },
            "last_changed": moment,
            "last_reported": moment,
            "last_updated": moment,
        }

    def __call__(self, asked: Asked) -> Reply:
        """Return the answer to *asked*."""
        if asked.headers.get("Authorization") != f"Bearer {self.token}":
            return Reply(b"401: Unauthorized", status=401)
        known = self.entities.get(asked.path.removeprefix("/api/states/"))
        return Reply.of({"message": "Entity not found."}, status=404) if known is None else Reply.of(known)


def answered(values: Mapping[str, Sequence[str]], asked: Asked) -> Reply:
    """Return what a Prometheus answers, to which each query of *values* has series of these values.

    Source: Prometheus, HTTP API, instant queries.
    """
    if asked.path != "/api/v1/query":
        return NOT_FOUND
    found = [
        {"metric": {"job": f"{n}"}, "value": [NOW, one]} for n, one in enumerate(values.get(asked.query["query"], ()))
    ]
    return Reply.of({"status": "success", "data": {"resultType": "vector", "result": found}})


def switch(number: int, total: float, watts: float) -> dict[str, object]:
    """Return a relay with a meter, as the later generations show it."""
    return {
        "id": number,
        "source": "init",
        "output": True,
        "apower": watts,
        "voltage": 230.9,
        "current": 0.82,
        "freq": 50.0,
        "aenergy": {"total": total, "by_minute": [3_025.0, 3_024.0, 3_026.0], "minute_ts": 1_780_999_260},
        "ret_aenergy": {"total": 0.0, "by_minute": [0.0, 0.0, 0.0], "minute_ts": 1_780_999_260},
        "temperature": {"tC": 41.7, "tF": 107.1},
    }


def basic(user: str, password: str) -> str:
    """Return the header by which *user* shows his password. Source: RFC 7617, section 2."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
