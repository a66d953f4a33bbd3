"""This file is a BMC: a Redfish service on loopback, of resources in memory that are as DMTF's schemas have them.

It knows one user, makes sessions, as few as it is told, and ends them.
"""

from __future__ import annotations

import base64
import json
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from tests.parts.grid import Asked, GridServer, Reply

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from datetime import datetime
    from types import TracebackType

USER = "monitor"
PASSWORD = "p4ss-that-nobody-must-see"  # noqa: S105 - it opens nothing
ROOT = "/redfish/v1/"
SESSIONS = "/redfish/v1/SessionService/Sessions"
CHASSIS = "/redfish/v1/Chassis"


def to(path: str) -> dict[str, str]:
    """Return a link to *path*."""
    return {"@odata.id": path}


def collection(*paths: str) -> dict[str, Any]:
    """Return a collection of the resources at *paths*."""
    return {"Members@odata.count": len(paths), "Members": [to(path) for path in paths]}


class Bmc:
    """What the service has, and how it behaves."""

    server: GridServer
    """Once it listens."""

    def __init__(self, now: datetime, context: ssl.SSLContext | None = None) -> None:
        self.resources: dict[str, Any] = {
            ROOT: {"RedfishVersion": "1.15.0", "Chassis": to(CHASSIS), "Links": {"Sessions": to(SESSIONS)}},
            CHASSIS: collection(),
        }
        self.open: dict[str, str] = {}
        """Sessions by their token: their place."""
        self.made = 0
        self.most = 4
        """How many sessions it allows; more are refused with 503, as Dell's do."""
        self.makes_sessions = True
        self.knows_basic = True
        self._listen = partial(GridServer, self.answer, now, context)
        self.origin = ""
        """Where it listens; empty: not yet."""

    def __enter__(self) -> Self:
        """Begin to listen."""
        self.server = self._listen()
        self.origin = self.server.url
        self.server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.server.__exit__(kind, error, trace)

    def chassis(self, name: str = "1U", within: str = "", **resources: Mapping[str, Any]) -> str:
        """Put a chassis there with *resources* by the name of their link, and return its path."""
        path = f"{CHASSIS}/{name}"
        links = {"ContainedBy": to(f"{CHASSIS}/{within}")} if within else {}
        body: dict[str, Any] = {"Id": name, "SerialNumber": f"SN-{name}", "Links": links}
        for link, content in resources.items():
            self.resources[f"{path}/{link}"] = dict(content)
            body[link] = to(f"{path}/{link}")
        self.resources[path] = body
        self.resources[CHASSIS]["Members"].append(to(path))
        return path

    def supplies(self, chassis: str, **metrics: Mapping[str, Any] | None) -> None:
        """Put power supplies into *chassis*, each with its metrics by its name; None: its bay is empty."""
        place = f"{chassis}/PowerSubsystem"
        self.resources[chassis]["PowerSubsystem"] = to(place)
        self.resources[place] = {"PowerSupplies": to(f"{place}/PowerSupplies")}
        self.resources[f"{place}/PowerSupplies"] = collection(*(f"{place}/PowerSupplies/{name}" for name in metrics))
        for name, content in metrics.items():
            self.supply(f"{place}/PowerSupplies/{name}", content)

    def supply(self, path: str, metrics: Mapping[str, Any] | None, serial: str = "") -> None:
        """Put a power supply into the bay at *path*, or pull it."""
        name = path.rpartition("/")[2]
        self.resources.pop(f"{path}/Metrics", None)
        self.resources[path] = {"Id": name, "Status": {"State": "Absent"}}
        if metrics is not None:
            self.resources[f"{path}/Metrics"] = dict(metrics)
            self.resources[path] = {
                "Id": name,
                "SerialNumber": serial or f"SN-{name}",
                "Status": {"State": "Enabled", "Health": "OK"},
                "Metrics": to(f"{path}/Metrics"),
            }

    def restart(self) -> None:
        """Begin anew, as after a firmware update: nobody is known any more."""
        self.open = {}

    def answer(self, asked: Asked) -> Reply:
        """Return what is answered to *asked*."""
        path = asked.path.rstrip("/") if asked.path != ROOT else ROOT
        if path == ROOT:
            return Reply.of(self.resources[ROOT])
        if (asked.method, path) == ("POST", SESSIONS):
            return self._session(json.loads(asked.body))
        if not self._knows(asked):
            return Reply.of({"error": {"code": "Base.1.12.NoValidSession"}}, status=401)
        if asked.method == "DELETE":
            self.open = {token: place for token, place in self.open.items() if place != path}
            return Reply(status=204)
        if path not in self.resources:
            return Reply.of({"error": {"code": "Base.1.12.ResourceMissingAtURI"}}, status=404)
        return Reply.of({"@odata.id": path, **self.resources[path]})

    def _session(self, who: Mapping[str, str]) -> Reply:
        if not self.makes_sessions:
            return Reply.of({"error": {}}, status=404)
        if who != {"UserName": USER, "Password": PASSWORD}:
            return Reply.of({"error": {"code": "Base.1.12.InsufficientPrivilege"}}, status=401)
        if len(self.open) >= self.most:
            return Reply.of({"error": {"code": "IDRAC.2.4.RAC0218"}}, status=503)
        self.made += 1
        token, place = f"token-{self.made}", f"{SESSIONS}/{self.made}"
        self.open[token] = place
        headers = {"X-Auth-Token": token, "Location": f"{self.origin}{place}"}
        return Reply.of({"Id": str(self.made)}, status=201, headers=headers)

    def _knows(self, asked: Asked) -> bool:
        basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        known = self.knows_basic and asked.headers.get("Authorization") == f"Basic {basic}"
        return known or asked.headers.get("X-Auth-Token", "") in self.open
