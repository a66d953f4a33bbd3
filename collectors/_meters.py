"""What collectors of meters at an address share: how they are reached, and what of what they show is believed.

A meter is asked often and from near by: what it does not answer within seconds is asked at the next reading. Its points
are added up: where one of them is missing or can't be true, the whole is not read, and nothing is taken for zero.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, NoReturn

from collectors._http import Client, Limits, Refusal
from monitor.adapters.connections import is_loopback, is_near, parts_of
from monitor.collector import Reason, Retry, Source, Unavailable
from monitor.core.counters import SETTLING
from monitor.core.readings import PLATFORM, CounterReading, Method, PowerReading
from monitor.core.units import (
    MICROJOULES_PER_KILOWATT_HOUR,
    MICROWATTS_PER_WATT,
    NANOSECONDS_PER_SECOND,
    Duration,
    Energy,
    Power,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from collectors._digest import Digest
    from monitor.collector import Host, Meter
    from monitor.core.readings import Reading

QUICK: Final = Limits(connect=3.0, read=4.0, total=8.0, body=1 << 20, retries=0)
"""Our choice: a device on the same network answers in well under a second, and a stop waits for it."""
ENERGY_UNITS: Final = {
    "J": Decimal(1_000_000),
    "kJ": Decimal(1_000_000_000),
    "MJ": Decimal(1_000_000_000_000),
    "Wmin": Decimal(60_000_000),
    "Wh": Decimal(MICROJOULES_PER_KILOWATT_HOUR) / 1000,
    "kWh": Decimal(MICROJOULES_PER_KILOWATT_HOUR),
    "MWh": Decimal(MICROJOULES_PER_KILOWATT_HOUR) * 1000,
    "GWh": Decimal(MICROJOULES_PER_KILOWATT_HOUR) * 1_000_000,
}
"""In microjoules. Source: SI brochure, 9th edition, tables 4, 7 and 8."""
POWER_UNITS: Final = {
    "mW": Decimal(MICROWATTS_PER_WATT) / 1000,
    "W": Decimal(MICROWATTS_PER_WATT),
    "kW": Decimal(MICROWATTS_PER_WATT) * 1000,
    "MW": Decimal(MICROWATTS_PER_WATT) * 1_000_000,
}
"""In microwatts. Source: as above."""
LARGEST: Final = Decimal(1 << 62)
"""In microjoules or microwatts: what a ledger can hold, 1.3 GWh. What is beyond is no figure of a machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one measuring point shows now."""

    point: str
    """Short and stable, one to each point of a meter."""
    where: str
    """Where it is read, for a person."""
    accuracy: str
    """The error to expect, for a person."""
    energy: Energy | None = None
    power: Power | None = None
    epoch: str = ""
    """Of its counter: another where another device is in its place, or it says that it began anew."""
    volatile_for: int | None = None
    """For how many seconds it has run, where its counter begins anew with it; None where it does not."""
    step: Energy = Energy.ZERO
    """How much it counts at once."""
    late: Duration = Duration.ZERO
    """For how long its counter may stand still while something is drawn."""
    wraps_after: Energy | None = None
    method: Method = Method.INTEGRATED
    """How its power is obtained; an energy is always counted."""


class Points:
    """The measuring points of one meter: what they show as readings, all of them or none.

    Whether energy or power is read is settled at the first reading: the one would not go on where the other ended.
    """

    def __init__(self, meter: Meter, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._meter = meter
        self._monotonic = monotonic
        self._counts: bool | None = None
        self._sources: tuple[Source, ...] = ()
        self._before: dict[str, tuple[int, Energy]] = {}
        self._beginnings: dict[str, int] = {}
        self._told: tuple[object, float] | None = None

    def sources(self) -> Sequence[Source]:
        """Return the points as they were read last; none before the first reading."""
        return self._sources

    def readings(self, shown: Sequence[Shown]) -> Sequence[Reading]:
        """Return what all points show. Raises Retry where one of them shows nothing, or what can't be true."""
        self._check_power(shown)
        counts = all(one.energy is not None for one in shown) if self._counts is None else self._counts
        rows = [self._counted(one) if counts else self._drawn(one) for one in shown]
        if not counts and not any(isinstance(row, PowerReading) and row.power > Power.ZERO for row in rows):
            raise Retry(f"{self._meter.name} shows no power at all, though this machine runs: is it the right point?")
        self._counts = counts
        self._sources = tuple(self._source(one, counts=counts) for one in shown)
        return rows

    def ticks(self, told: object) -> None:
        """Take in *told*, a time that the meter shows; None: it shows none.

        Raises Retry where that stood still for longer than the hold.
        """
        if told is None:
            return
        now = self._monotonic()
        if self._told is None or self._told[0] != told:
            self._told = (told, now)
        elif now - self._told[1] > self._meter.hold.seconds:
            raise Retry(
                f"{self._meter.name} stands still: it has shown the same moment for {now - self._told[1]:.0f} s"
            )

    def _check_power(self, shown: Sequence[Shown]) -> None:
        powers = [one.power for one in shown if one.power is not None]
        if any(power < Power.ZERO for power in powers):
            raise Retry(f"{self._meter.name} shows a power below zero: is one of its clamps on the wrong way round?")
        whole = sum((power.microwatts for power in powers), 0)
        if whole > self._meter.plausible.microwatts:
            limit = self._meter.plausible.watts
            raise Retry(f"{self._meter.name} shows {whole / MICROWATTS_PER_WATT:g} W, above its max_power, {limit:g} W")

    def _counted(self, one: Shown) -> CounterReading:
        energy = one.energy
        if energy is None or energy < Energy.ZERO:
            self._shows_nothing(one, "energy")
        plausible = self._meter.plausible
        held_back = one.step.microjoules * NANOSECONDS_PER_SECOND // plausible.microwatts
        return CounterReading(
            PLATFORM,
            one.point,
            energy,
            plausible,
            one.wraps_after,
            self._epoch(one, energy),
            settling=Duration(SETTLING.nanoseconds + one.late.nanoseconds + held_back),
        )

    def _drawn(self, one: Shown) -> PowerReading:
        if one.power is None:
            self._shows_nothing(one, "power")
        return PowerReading(PLATFORM, one.point, one.power, self._meter.hold, one.method)

    def _shows_nothing(self, one: Shown, what: str) -> NoReturn:
        raise Retry(f"{self._meter.name} shows no {what} at {one.point}, or one below zero")

    def _epoch(self, one: Shown, energy: Energy) -> str:
        """Return the epoch of the counter: a new one where the device began anew and counts beyond what it had.

        Where it counts less, that shows the same, and the epoch stays what it is for the run after this one.
        """
        if one.volatile_for is None:
            return one.epoch
        before = self._before.get(one.point)
        if before is not None and one.volatile_for < before[0] and energy >= before[1]:
            self._beginnings[one.point] = self._beginnings.get(one.point, 0) + 1
        self._before[one.point] = (one.volatile_for, energy)
        begun = self._beginnings.get(one.point, 0)
        return f"{one.epoch}, begun again {begun} times" if begun else one.epoch

    def _source(self, one: Shown, *, counts: bool) -> Source:
        method = Method.COUNTER if counts else one.method
        step = f"; counts in steps of {one.step.joules:g} J" if counts and one.step > Energy.ZERO else ""
        return Source(PLATFORM, one.point, method, one.where, f"{one.accuracy}{step}")


class NoFigureError(Exception):
    """What stands in the place of a figure is none. The message holds nothing that was sent."""


def meter_of(host: Host, kind: str) -> Meter:
    """Return the meter that a collector is opened for. Raises Unavailable where none is configured."""
    if host.meter is None:
        cure = f'add a [[meter]] with kind = "{kind}": docs/meters.md'
        raise Unavailable(Reason.ABSENT, f"no meter of the kind {kind} is configured", cure)
    return host.meter


def client_to(
    meter: Meter,
    host: Host,
    *,
    headers: Mapping[str, str] | None = None,
    digest: Digest | None = None,
    limits: Limits | None = None,
) -> Client:
    """Return what asks *meter* over HTTP, at its own address and by no proxy where that is near. Raises Unavailable."""
    parts = parts_of(meter.address)
    return Client(
        meter.address,
        None,
        headers,
        meter.certificates,
        fingerprint=meter.fingerprint,
        digest=digest,
        outgoing=host.outgoing,
        direct=parts is not None and is_near(parts.hostname or ""),
        limits=limits or QUICK,
    )


def check_secrecy(meter: Meter) -> None:
    """Raise Unavailable where the secret of *meter* would leave this machine with no encryption, against its wish."""
    parts = parts_of(meter.address)
    if not meter.secret or meter.insecure or parts is None or parts.scheme == "https":
        return
    if not is_loopback(parts.hostname or ""):
        raise Unavailable(
            Reason.FORBIDDEN,
            f"the secret of the meter {meter.name} would leave this machine with no encryption",
            "give an address that begins with https://, or set insecure = true where nobody listens on that network",
        )


def forbidden(meter: Meter, what: str = "") -> Unavailable:
    """Return what says that *meter* wants to know who asks."""
    secret = "the secret in secret_file" if meter.secret else "a password or a token, and none is configured"
    return Unavailable(
        Reason.FORBIDDEN,
        f"the meter {meter.name} {'does not take' if meter.secret else 'wants'} {secret}{what}",
        "write the right one in the file that meter.secret_file names, and meter.user where it has names",
    )


def content_of(client: Client, meter: Meter, path: str) -> object:
    """Return the JSON at *path*, its numbers as they were sent. Raises Unavailable, Retry."""
    try:
        body = client.read(path)
    except Refusal as refusal:
        if refusal.status in {401, 403}:
            raise forbidden(meter) from refusal
        raise Unavailable(
            Reason.UNSUPPORTED,
            f"{client.host} has no page {path.partition('?')[0]} (status {refusal.status})",
            "check the address and the kind of the meter: docs/meters.md",
        ) from refusal
    return json_of(body, client)


def json_of(body: bytes, client: Client) -> object:
    """Return *body* as JSON, its numbers as they were sent. Raises Retry."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise Retry(f"what {client.host} answers is no JSON, or not all of it: {client.again}") from error


def inside(content: object, *path: str | int) -> object:
    """Return what is at *path* in JSON; None where there is nothing."""
    for step in path:
        if isinstance(step, str) and isinstance(content, dict):
            content = content.get(step)
        elif isinstance(step, int) and isinstance(content, list) and step < len(content):
            content = content[step]
        else:
            return None
    return content


def figure(value: object) -> Decimal:
    """Return *value*, a number or the text of one. Raises NoFigureError where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise NoFigureError
    if isinstance(value, str) and not value.isascii():
        raise NoFigureError
    try:
        read = Decimal(value)
    except (InvalidOperation, ValueError) as error:
        raise NoFigureError from error
    if not read.is_finite() or abs(read) > LARGEST:
        raise NoFigureError
    return read


def energy_of(value: object, unit: str) -> Energy | None:
    """Return *value* in *unit* as energy, rounded to the microjoule; None where there is none. Raises NoFigureError."""
    return None if value is None else Energy(_micros(figure(value) * ENERGY_UNITS[unit]))


def power_of(value: object, unit: str = "W") -> Power | None:
    """Return *value* in *unit* as power, rounded to the microwatt; None where there is none. Raises NoFigureError."""
    return None if value is None else Power(_micros(figure(value) * POWER_UNITS[unit]))


def _micros(value: Decimal) -> int:
    if abs(value) > LARGEST:
        raise NoFigureError
    return round(value)


def _refused(constant: str) -> NoReturn:
    raise ValueError(constant)
