"""Plugs with the firmware Tasmota, over its own HTTP interface.

Asks `/cm?cmnd=Status 8`, which shows what its meter measures. Reads `ENERGY.Total`, a counter in kWh, of each channel;
a point is the number of a channel, from 0. Error: as the plug was calibrated. Privilege: a web password where one is
set, which goes in the address and in clear text, and so only where `insecure = true`.

Traps: a wrong password is answered with status 200 and a warning; with several channels `Total` is a list, or a sum
beside a list of powers; steps are of 1 Wh unless `EnergyRes` says otherwise; `TotalStartTime` says when the counter was
last set back.

Source: Tasmota documentation: Commands (Status, EnergyRes, EnergyTotal, Web requests); Power Monitoring; JSON Status
Responses; xdrv_03_energy.ino.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Self
from urllib.parse import quote

from collectors._meters import (
    NoFigureError,
    Points,
    Shown,
    check_secrecy,
    client_to,
    content_of,
    energy_of,
    forbidden,
    inside,
    meter_of,
    power_of,
)
from monitor.collector import Reason, Retry, Unavailable
from monitor.core.units import Duration, Energy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.collector import Host, Meter, Source
    from monitor.core.readings import Reading

USER: Final = "admin"
"""Its only name. Source: Tasmota, Commands, Web requests (WEB_USERNAME)."""
COARSEST: Final = Energy.from_joules(3600)
"""One step as it is delivered: 3 decimals of a kWh. Source: Tasmota, ENERGY_RESOLUTION."""
UPDATED: Final = Duration.from_seconds(60)
"""How long the counter may stand still at a small load. Our choice: some meter chips tell energy by pulses."""


class TasmotaCollector:
    """Reads the channels of one plug, all in one question."""

    name: ClassVar[str] = "tasmota"
    slow: ClassVar[bool] = True
    for_meters: ClassVar[bool] = True

    def __init__(self, meter: Meter, host: Host) -> None:
        """Read *meter*, reached as *host* says. Raises Unavailable where that can't be."""
        check_secrecy(meter)
        self._meter = meter
        self._points = Points(meter)
        self._client = client_to(meter, host)
        named = f"user={quote(meter.user or USER, safe='')}&password={quote(meter.secret, safe='')}&"
        self._path = f"/cm?{named if meter.secret else ''}cmnd=Status%208"

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
            return self._points.readings(self._look())
        except NoFigureError as error:
            raise Retry(f"what {self._meter.name} shows is no figure: {self._client.again}") from error
        finally:
            self._client.rest()

    def close(self) -> None:
        """Close what is open."""
        self._client.rest()

    def _look(self) -> Sequence[Shown]:
        answer = content_of(self._client, self._meter, self._path)
        if inside(answer, "WARNING") is not None:
            raise forbidden(self._meter)
        status = inside(answer, "StatusSNS")
        shown = inside(status, "ENERGY")
        if not isinstance(shown, dict):
            raise self._no_meter()
        self._points.ticks(inside(status, "Time"))
        totals, powers = _channels(shown.get("Total")), _channels(shown.get("Power"))
        if len(totals) == 1:  # one counter of all channels
            powers = [power for power in powers if power is not None] if len(powers) == 1 else [None]
        return [
            Shown(
                point=f"{number}",
                where=f"{self._meter.address}, channel {number}",
                accuracy="as calibrated",
                energy=energy_of(totals[number], "kWh"),
                power=power_of(powers[number] if number < len(powers) else None),
                epoch=str(shown.get("TotalStartTime", "")),
                step=COARSEST,
                late=UPDATED,
            )
            for number in self._wanted(len(totals))
        ]

    def _wanted(self, count: int) -> list[int]:
        """Return the channels to read, of *count*. Raises Unavailable where one of them is not there."""
        known = [f"{number}" for number in range(count)]
        for point in self._meter.points:
            if point not in known:
                what = f"the plug {self._meter.name} counts at {', '.join(known)}, and {point!r} is none of them"
                if self._points.sources():
                    raise Retry(what)
                raise Unavailable(Reason.UNSUPPORTED, what, "name those in meter.points that feed this machine")
        return [int(point) for point in self._meter.points or known]

    def _no_meter(self) -> Unavailable:
        return Unavailable(
            Reason.UNSUPPORTED,
            f"what answers at the address of {self._meter.name} is no Tasmota with a meter of energy",
            "check meter.address and meter.kind, and that the plug measures: docs/meters.md",
        )


def _channels(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
