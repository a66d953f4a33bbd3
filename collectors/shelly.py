"""Plugs, relays and energy meters by Shelly, of all generations, over their own HTTP interface.

Asks `/shelly` once, which says of what generation it is, and then `/status` (the first) or `/rpc/Shelly.GetStatus` (all
later ones). A point is a channel: its number, or `switch:0`, `em1:0`, `em:0`, and `em:0/a` for one phase of three.
Reads the counter of the energy that went through. Error: the maker states none. Privilege: a password where one is set,
by digest in the later generations; the first sends it in clear text, and so only where `insecure = true`.

Traps: the first generation counts in watt-minutes, but its energy meters in watt-hours; a relay without a meter shows a
power that somebody typed in, and no total; a counter of the first generation begins anew when the plug does.

Source: Shelly Technical Documentation, Gen1 (Common HTTP API; status of Plug, 1PM, EM, 3EM) and Gen2 (Authentication;
Shelly.GetStatus; Switch, PM1, Cover, Light, EM, EMData, EM1, EM1Data), shelly-api-docs.shelly.cloud.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, ClassVar, Final, Self

from collectors._digest import Digest
from collectors._meters import (
    NoFigureError,
    Points,
    Shown,
    check_secrecy,
    client_to,
    content_of,
    energy_of,
    inside,
    meter_of,
    power_of,
)
from monitor.collector import Reason, Retry, Unavailable
from monitor.core.units import Duration, Energy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from monitor.collector import Host, Meter, Source
    from monitor.core.readings import Reading

USER: Final = "admin"
"""The only name that the later generations know, and the first one's own. Source: Gen2, Authentication; Gen1, login."""
MINUTE: Final = Duration.from_seconds(60)
"""How long a counter may stand still: both generations keep energy by the minute (`counters`, `by_minute`)."""
WATT_MINUTE: Final = Energy.from_joules(60)
WATT_HOUR: Final = Energy.from_joules(3600)
COMPONENTS: Final = ("switch", "pm1", "cover", "light", "cct", "rgb", "rgbw", "rgbcct", "em1", "em")
"""What measures, in the later generations."""
PHASES: Final = ("a", "b", "c")
NAMED: Final = re.compile(rf"({'|'.join(COMPONENTS)}):(\d+)")
ACCURACY: Final = "not stated"


class ShellyCollector:
    """Reads the channels of one device, all in one question."""

    name: ClassVar[str] = "shelly"
    slow: ClassVar[bool] = True
    for_meters: ClassVar[bool] = True

    def __init__(self, meter: Meter, host: Host) -> None:
        """Read *meter*, reached as *host* says. Raises Unavailable where that can't be."""
        self._meter = meter
        self._host = host
        self._points = Points(meter)
        self._digest = Digest(meter.user or USER, meter.secret) if meter.secret else None
        self._client = client_to(meter, host, digest=self._digest)
        self._look: Callable[[], Sequence[Shown]] | None = None

    @classmethod
    def open(cls, host: Host) -> Self:
        """Return a collector that is ready to ask; nothing is asked yet. Raises Unavailable."""
        return cls(meter_of(host, cls.name), host)

    def sources(self) -> Sequence[Source]:
        """Return the channels that are read; none before the first reading."""
        return self._points.sources()

    def collect(self) -> Sequence[Reading]:
        """Return what the channels show.

        Raises Retry where it does not answer, or one of them shows nothing; Unavailable where it wants a password, or
        is no meter.
        """
        self._client.begin()
        try:
            if self._look is None:
                self._look = self._look_of_generation()
                self._client.begin()
            return self._points.readings(self._look())
        except NoFigureError as error:
            raise Retry(f"what {self._meter.name} shows is no figure: {self._client.again}") from error
        finally:
            self._client.rest()

    def close(self) -> None:
        """Close what is open."""
        self._client.rest()

    def _look_of_generation(self) -> Callable[[], Sequence[Shown]]:
        """Return what looks at a device of its generation. Raises Retry, Unavailable."""
        about = self._ask("/shelly")
        if not isinstance(about.get("mac"), str):
            raise _no_shelly(self._meter)
        if isinstance(about.get("gen"), int):
            return self._look_at_components
        if about.get("auth") is True and self._meter.secret:
            check_secrecy(self._meter)
            named = f"{self._meter.user or USER}:{self._meter.secret}".encode()
            headers = {"Authorization": f"Basic {base64.b64encode(named).decode()}"}
            self._client.rest()
            self._client = client_to(self._meter, self._host, headers=headers)
        return self._look_at_meters

    def _ask(self, path: str) -> Mapping[str, object]:
        answer = content_of(self._client, self._meter, path)
        if not isinstance(answer, dict):
            raise _no_shelly(self._meter)
        return answer

    def _look_at_meters(self) -> Sequence[Shown]:
        """Return the channels of a device of the first generation."""
        status = self._ask("/status")
        self._points.ticks(status.get("uptime"))
        emeters = bool(status.get("emeters"))
        listed = status.get("emeters") if emeters else status.get("meters")
        known = {
            str(number): one
            for number, one in enumerate(listed if isinstance(listed, list) else ())
            if inside(one, "total") is not None
        }
        wanted = self._wanted(known)
        return [self._meter_shows(name, known[name], status, emeters=emeters) for name in wanted]

    def _meter_shows(self, name: str, one: object, status: Mapping[str, object], *, emeters: bool) -> Shown:
        if inside(one, "is_valid") is not True:
            raise Retry(f"{self._meter.name} says itself that what it shows at {name} is not valid")
        uptime = status.get("uptime")
        return Shown(
            point=name,
            where=self._where(name),
            accuracy=ACCURACY,
            energy=energy_of(inside(one, "total"), "Wh" if emeters else "Wmin"),
            power=power_of(inside(one, "power")),
            epoch=str(status.get("mac", "")),
            volatile_for=uptime if isinstance(uptime, int) and not emeters else None,
            step=WATT_HOUR if emeters else WATT_MINUTE,
            late=MINUTE,
        )

    def _look_at_components(self) -> Sequence[Shown]:
        """Return the channels of a device of a later generation."""
        status = self._ask("/rpc/Shelly.GetStatus")
        self._points.ticks(inside(status, "sys", "uptime"))
        known = {
            name: values
            for key in status
            if (found := NAMED.fullmatch(key)) is not None
            for name, values in _measured(status, found[1], found[2]).items()
        }
        return [
            Shown(
                point=name,
                where=self._where(name),
                accuracy=ACCURACY,
                energy=energy_of(known[name][0], "Wh"),
                power=power_of(known[name][1]),
                epoch=str(inside(status, "sys", "mac") or ""),
                late=MINUTE,
            )
            for name in self._wanted(known)
        ]

    def _where(self, name: str) -> str:
        return f"{self._meter.address}, {name}"

    def _wanted(self, known: Mapping[str, object]) -> list[str]:
        """Return the names of the channels to read, of those that are *known*. Raises Unavailable."""
        if not known:
            raise Unavailable(
                Reason.UNSUPPORTED,
                f"the device {self._meter.name} measures no energy",
                "take one with a meter (PM, Plug, EM), or another kind: docs/meters.md",
            )
        if not self._meter.points:
            return [name for name in known if "/" not in name]
        named = [self._named(point, known) for point in self._meter.points]
        if len(set(named)) < len(named):
            raise self._no_point(known, "one of them is named twice")
        return named

    def _named(self, point: str, known: Mapping[str, object]) -> str:
        """Return the channel that is meant by *point*, be it its number alone. Raises Unavailable."""
        meant = [name for name in known if point in {name, name.partition(":")[2]}]
        if len(meant) != 1:
            raise self._no_point(known, f"{point!r} is none of them, or several")
        return meant[0]

    def _no_point(self, known: Mapping[str, object], why: str) -> Unavailable | Retry:
        """Return what says that a channel is not there: for good, where it never was."""
        what = f"the device {self._meter.name} measures {', '.join(known)}: {why}"
        if self._points.sources():
            return Retry(f"{what}: {self._client.again}")
        return Unavailable(Reason.UNSUPPORTED, what, "name those in meter.points that feed this machine")


def _measured(status: Mapping[str, object], kind: str, number: str) -> dict[str, tuple[object, object]]:
    """Return the energy (Wh) and the power (W) that a component of *status* measures, by name; none: it does not.

    One that measures three phases stands for all of them, and each of them for itself.
    """
    key = f"{kind}:{number}"
    if kind == "em1":
        return _if_counted(
            key, inside(status, f"em1data:{number}", "total_act_energy"), inside(status, key, "act_power")
        )
    if kind != "em":
        return _if_counted(key, inside(status, key, "aenergy", "total"), inside(status, key, "apower"))
    data = f"emdata:{number}"
    found = _if_counted(key, inside(status, data, "total_act"), inside(status, key, "total_act_power"))
    for phase in PHASES:
        energy, power = inside(status, data, f"{phase}_total_act_energy"), inside(status, key, f"{phase}_act_power")
        found.update(_if_counted(f"{key}/{phase}", energy, power))
    return found


def _if_counted(name: str, energy: object, power: object) -> dict[str, tuple[object, object]]:
    return {} if energy is None else {name: (energy, power)}


def _no_shelly(meter: Meter) -> Unavailable:
    return Unavailable(
        Reason.UNSUPPORTED,
        f"what answers at the address of {meter.name} is no device by Shelly",
        "check meter.address and meter.kind: docs/meters.md",
    )
