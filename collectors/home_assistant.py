"""Sensors of energy and of power that Home Assistant has of whatever plug or meter it knows, by its REST interface.

Asks `/api/states/ENTITY` for each entity in `points`. Reads one with a unit of energy as a counter, one with a unit of
power as that. Error: the sensor's own. Privilege: a long-lived access token, in the file that `secret_file` names.

Traps: an entity whose device is gone shows `unavailable` or `unknown`, or for ever the last figure: what is older than
`hold` is not read; a sensor of a day's energy begins anew at midnight, which is a reset and no wrap; one of a cost or
of a state of charge looks alike, so only units of energy and of power are taken.

Source: Home Assistant Developer Docs: REST API; Sensor entity (device_class, state_class, last_reset); Authentication
API, long-lived access token.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final, Self
from urllib.parse import quote

from collectors._http import REFUSED, Refusal
from collectors._meters import (
    ENERGY_UNITS,
    POWER_UNITS,
    NoFigureError,
    Points,
    Shown,
    check_secrecy,
    client_to,
    energy_of,
    figure,
    forbidden,
    inside,
    meter_of,
    power_of,
)
from monitor.collector import Reason, Retry, Unavailable
from monitor.core.units import NANOSECONDS_PER_SECOND, Duration, Energy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.collector import Host, Meter, Source
    from monitor.core.readings import Reading

GONE: Final = frozenset({"unavailable", "unknown"})
COUNTING: Final = frozenset({"total_increasing", "total"})
"""Whose value only grows, but for a reset. Source: Sensor entity, state classes."""
FINEST: Final = Energy.from_joules(3600)
"""The least that a step is taken for: sums of floating point show more decimals than they have. Our choice."""
NOT_FOUND: Final = 404
REFUSALS: Final = REFUSED | {NOT_FOUND}


class HomeAssistantCollector:
    """Reads the entities that are named, one question each."""

    name: ClassVar[str] = "home_assistant"
    slow: ClassVar[bool] = True
    for_meters: ClassVar[bool] = True

    def __init__(self, meter: Meter, host: Host) -> None:
        """Read *meter*, reached as *host* says. Raises Unavailable where that can't be."""
        if not meter.points:
            cure = 'name its entities: points = ["sensor.prise_energy"]'
            raise Unavailable(Reason.UNSUPPORTED, f"of the meter {meter.name} no entity is named", cure)
        if not meter.secret:
            raise forbidden(meter)
        check_secrecy(meter)
        self._meter = meter
        self._points = Points(meter)
        self._client = client_to(meter, host, headers={"Authorization": f"Bearer {meter.secret}"})

    @classmethod
    def open(cls, host: Host) -> Self:
        """Return a collector that is ready to ask; nothing is asked yet. Raises Unavailable."""
        return cls(meter_of(host, cls.name), host)

    def sources(self) -> Sequence[Source]:
        """Return the entities that are read; none before the first reading."""
        return self._points.sources()

    def collect(self) -> Sequence[Reading]:
        """Return what the entities show.

        Raises Retry where one is stale or shows nothing, Unavailable where the token is refused or one is no meter.
        """
        self._client.begin()
        try:
            return self._points.readings([self._shown(point) for point in self._meter.points])
        except NoFigureError as error:
            raise Retry(f"what {self._meter.name} shows is no figure: {self._client.again}") from error
        finally:
            self._client.rest()

    def close(self) -> None:
        """Close what is open."""
        self._client.rest()

    def _shown(self, entity: str) -> Shown:
        told, now = self._state(entity)
        state, unit = told.get("state"), str(inside(told, "attributes", "unit_of_measurement") or "")
        if state in GONE or state is None:
            raise Retry(f"Home Assistant has no figure of {entity} now ({state}): {self._client.again}")
        self._check_unit(entity, unit, inside(told, "attributes", "state_class"))
        self._check_age(entity, told, now)
        counts = unit in ENERGY_UNITS
        return Shown(
            point=entity,
            where=f"{self._meter.address}, {entity}",
            accuracy="the sensor's own",
            energy=energy_of(state, unit) if counts else None,
            power=None if counts else power_of(state, unit),
            epoch=str(inside(told, "attributes", "last_reset") or ""),
            late=self._held_back(state, unit) if counts else Duration.ZERO,
        )

    def _held_back(self, state: object, unit: str) -> Duration:
        """Return for how long the counter may stand still: until it is reported, and until its last decimal moves."""
        step = _step(state, unit).microjoules * NANOSECONDS_PER_SECOND // self._meter.plausible.microwatts
        return Duration(self._meter.hold.nanoseconds + step)

    def _state(self, entity: str) -> tuple[dict[str, object], int | None]:
        """Return the state of *entity*, and when that was told (ns since the epoch), where that is said.

        Raises Retry, Unavailable.
        """
        try:
            answer = self._client.get(f"/api/states/{quote(entity, safe='')}", {}, REFUSALS)
        except Refusal as refusal:
            if refusal.status != NOT_FOUND:
                raise forbidden(self._meter) from refusal
            cure = "name an entity that is in Home Assistant's list of states in meter.points"
            what = f"Home Assistant at {self._client.host} has no entity {entity}"
            raise Unavailable(Reason.UNSUPPORTED, what, cure) from refusal
        told = answer.content
        if not isinstance(told, dict) or told.get("entity_id") != entity:
            raise Retry(f"{self._client.host} answers as no Home Assistant does: {self._client.again}")
        return told, answer.now

    def _check_unit(self, entity: str, unit: str, state_class: object) -> None:
        if unit in POWER_UNITS or (unit in ENERGY_UNITS and state_class in COUNTING):
            return
        raise Unavailable(
            Reason.UNSUPPORTED,
            f"{entity} is no counter of energy and no power: its unit is {unit!r}, its state class {state_class}",
            "name a sensor in kWh whose state class is total_increasing, or one in W",
        )

    def _check_age(self, entity: str, told: dict[str, object], now: int | None) -> None:
        """Raise Retry where the state is older than the hold, by the clock of who tells it."""
        reported = told.get("last_reported") or told.get("last_updated")
        try:
            last = datetime.fromisoformat(str(reported)).timestamp()
        except ValueError as error:
            raise Retry(f"Home Assistant does not tell when {entity} was reported: {self._client.again}") from error
        age = 0.0 if now is None else now / NANOSECONDS_PER_SECOND - last
        if age > self._meter.hold.seconds:
            raise Retry(f"{entity} was last reported {age:.0f} s ago, longer than its hold: {self._client.again}")


def _step(state: object, unit: str) -> Energy:
    """Return what one unit of the last decimal of *state* is."""
    exponent = figure(state).as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    step = energy_of(f"1e-{decimals}", unit)
    return FINEST if step is None else max(step, FINEST)
