"""What the host of this virtual machine counts as its energy, told by the Empreinte that runs there, over HTTP.

Asks `/v1/energy` with a token of this machine's own. The host measured it, by its counters or from its powers, and
shared it out by use; what it modelled it does not tell. A figure counts once: while the host says nothing new there is
no reading. Error: that of the host's meters, and of sharing by use, see docs/virtual-machines.md. Privilege: the token.

Traps: the same energy is in the host's ledger, and must not be added to it; the host's clock is another one.

Source: docs/virtual-machines.md, "What is handed over".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Self

from collectors import _handoff
from collectors._meters import check_secrecy, client_to, content_of, inside, meter_of
from monitor.collector import Reason, Retry, Source, Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collectors._handoff import Told
    from monitor.collector import Host, Meter
    from monitor.core.readings import Reading

PATH: Final = "/v1/energy"
MOST: Final = 16
"""Resources in an answer. There are three."""


class EmpreinteCollector:
    """Asks the host, and says what is new."""

    name: ClassVar[str] = "empreinte"
    slow: ClassVar[bool] = True
    for_meters: ClassVar[bool] = True

    def __init__(self, meter: Meter, host: Host) -> None:
        """Ask *meter*, reached as *host* says. Raises Unavailable where that can't be."""
        self._meter = meter
        if not meter.secret:
            what = f"the host of this virtual machine tells nobody without a token, and {meter.name} has none"
            raise Unavailable(
                Reason.FORBIDDEN, what, "write the token that the host knows in a file: meter.secret_file"
            )
        check_secrecy(meter)
        self._client = client_to(meter, host, headers={"Authorization": f"Bearer {meter.secret}"})
        self._told: dict[str, Told] = {}
        self._silent = 0

    @classmethod
    def open(cls, host: Host) -> Self:
        """Return a collector that is ready to ask; nothing is asked yet. Raises Unavailable."""
        return cls(meter_of(host, cls.name), host)

    def sources(self) -> Sequence[Source]:
        """Return what the host tells; nothing before the first reading."""
        return [
            Source(
                told.resource,
                f"{self._meter.name}/{resource}",
                told.method,
                f"{self._client.host}, the host of this virtual machine",
                _handoff.ACCURACY,
            )
            for resource, told in sorted(self._told.items())
        ]

    def collect(self) -> Sequence[Reading]:
        """Return what is new since the last reading. Raises Unavailable; Retry, also where nothing was for long."""
        self._client.begin()
        try:
            content = content_of(self._client, self._meter, PATH)
        finally:
            self._client.rest()
        fresh = [told for told in self._zones(content) if self._is_new(told)]
        self._told |= {told.resource: told for told in fresh}
        self._silent = 0 if fresh else self._silent + 1
        if self._silent >= _handoff.SILENT:
            moment = max(self._told.values(), key=lambda told: told.through).moment
            raise Retry(f"the host of this virtual machine has told nothing since {moment}")
        return [told.reading(f"{self._meter.name}/{told.resource}") for told in fresh]

    def close(self) -> None:
        """Release nothing: between two readings nothing is open."""

    def _zones(self, content: object) -> Sequence[Told]:
        """Return what is told of each resource. Raises Unavailable where it is another machine's; Retry."""
        service = inside(content, "service")
        if self._meter.points and (service,) != self._meter.points:
            what = f"{self._client.host} takes the token of {self._meter.name} for that of another machine"
            raise Unavailable(Reason.FORBIDDEN, what, "give the token of the machine that meter.points names")
        zones = inside(content, "zones")
        if inside(content, "format") != _handoff.FORMAT or not isinstance(zones, list) or not 0 < len(zones) < MOST:
            raise Retry(f"{self._client.host} tells nothing that is understood: are both of one version?")
        told = [_handoff.told_in(zone) for zone in zones]
        if len({one.resource for one in told}) != len(told):
            raise Retry(f"{self._client.host} tells of one resource twice")
        return told

    def _is_new(self, told: Told) -> bool:
        known = self._told.get(told.resource)
        return known is None or known.through != told.through
