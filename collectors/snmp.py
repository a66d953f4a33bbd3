"""A rack's power distribution unit (PDU), or whatever meter tells its figures by SNMP, through net-snmp's `snmpget`.

A point is an OID, what one step of it is, and the unit: "1.3.6.1.4.1.318.1.1.26.9.4.3.1.11.5 0.1 kWh"; or the name of
what a maker's PDU measures, `apc:outlet/5`, whose energy is read where it counts that, and else its power. With a user
it is version 3, with authentication (SHA) and encryption (AES), the secret for both; without one version 2c, whose
community, the secret, goes in clear text, and so only where `insecure = true`. Error: the
maker's. Privilege: a community or a user that may read.

Traps: a PDU that counts tenths of a kWh stands still for minutes; a counter of 32 bits wraps; an agent does not answer
at all to a community that it does not know; some agents show -1 for what the model does not measure. Who can see the
processes of this machine sees the words of a command: the secret is none of them, but in a file of our own.

Source: RFC 3416 (noSuchInstance), RFC 2578, section 7.1 (types), RFC 3414 and 3826 (SHA, AES); net-snmp, snmpget(1),
snmp.conf(5), snmpcmd(1). The makers' objects: see TABLE.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, ClassVar, Final, Self

from collectors._meters import (
    ENERGY_UNITS,
    LARGEST,
    POWER_UNITS,
    NoFigureError,
    Points,
    Shown,
    energy_of,
    figure,
    forbidden,
    meter_of,
    power_of,
)
from collectors._program import output_of
from monitor.adapters.connections import is_loopback
from monitor.collector import Reason, Retry, Unavailable
from monitor.core.units import Energy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.collector import Host, Meter, Source
    from monitor.core.readings import Reading

PROGRAM: Final = "snmpget"
PORT: Final = 161
"""Source: IANA, service `snmp`."""
HIGHEST_PORT: Final = 0xFFFF
ONE_ANSWER: Final = 2
"""Seconds until the question is sent again, once. Our choice: an agent near by answers in a tenth of it."""
PATIENCE: Final = 8.0
"""Seconds for the whole command: version 3 asks first who answers, and each of the two questions is asked twice at
most. Our choice, as for meters over HTTP."""
SHORTEST: Final = 8
"""Characters of a passphrase. Source: RFC 3414, section 11.2."""
ADDRESS: Final = re.compile(r"(?:snmp://)?(\[[0-9a-fA-F:]+\]|[A-Za-z0-9_.-]+)(?::(\d{1,5}))?/?")
POINT: Final = re.compile(r"\.?([0-2](?:\.\d{1,10}){3,100}) (\d{1,9}(?:\.\d{1,9})?) ([A-Za-z]+)")
NAMED: Final = re.compile(r"([a-z]+:[a-z]+)/(\d{1,9}(?:\.\d{1,9})*)")
LINE: Final = re.compile(r"^\.([0-9.]+) = (?:([A-Za-z0-9-]+): )?(.*)$", re.MULTILINE)
OF_32_BITS: Final = frozenset({"Counter32", "Gauge32", "Unsigned32"})
"""What begins anew after 2^32 steps. A gauge should stay at its highest instead, and makers count energy with it all
the same. Source: RFC 2578, sections 7.1.6 to 7.1.11."""
MOST_DIGITS: Final = 9
"""Whole decimals that a figure of 32 bits can have."""
FIGURES: Final = OF_32_BITS | {"Counter64", "INTEGER", "STRING"}
DENIED: Final = re.compile(
    r"Authentication failure|Unknown user name|authorizationError|noAccess|Decryption error|Unsupported security level"
)
"""Source: net-snmp, snmplib/snmp_api.c, the texts of its errors."""


@dataclass(frozen=True, slots=True)
class Column:
    """What is at an OID: how much one step of it is."""

    oid: str
    """Where the index takes the place of `{}`, in the table."""
    step: Decimal
    unit: str
    digits: str = ""
    """Where an agent tells how many of its figure's digits are decimals; empty: none is."""

    def at(self, index: str) -> Column:
        """Return the column's field of *index*."""
        return Column(self.oid.format(index), self.step, self.unit, self.digits.format(index))


APC: Final = "1.3.6.1.4.1.318.1.1.26"
EATON: Final = "1.3.6.1.4.1.534.6.6.7"
RARITAN: Final = "1.3.6.1.4.1.13742.6"
TABLE: Final[dict[str, tuple[Column, Column]]] = {
    "apc:device": (
        Column(f"{APC}.4.3.1.9.{{}}", Decimal("0.1"), "kWh"),
        Column(f"{APC}.4.3.1.5.{{}}", Decimal("0.01"), "kW"),
    ),
    "apc:outlet": (
        Column(f"{APC}.9.4.3.1.11.{{}}", Decimal("0.1"), "kWh"),
        Column(f"{APC}.9.4.3.1.7.{{}}", Decimal(1), "W"),
    ),
    "eaton:outlet": (
        Column(f"{EATON}.6.5.1.4.{{}}", Decimal(1), "Wh"),
        Column(f"{EATON}.6.5.1.3.{{}}", Decimal(1), "W"),
    ),
    "raritan:inlet": (
        Column(f"{RARITAN}.5.2.3.1.4.{{}}.8", Decimal(1), "Wh", f"{RARITAN}.3.3.4.1.7.{{}}.8"),
        Column(f"{RARITAN}.5.2.3.1.4.{{}}.5", Decimal(1), "W", f"{RARITAN}.3.3.4.1.7.{{}}.5"),
    ),
    "raritan:outlet": (
        Column(f"{RARITAN}.5.4.3.1.4.{{}}.8", Decimal(1), "Wh", f"{RARITAN}.3.5.4.1.7.{{}}.8"),
        Column(f"{RARITAN}.5.4.3.1.4.{{}}.5", Decimal(1), "W", f"{RARITAN}.3.5.4.1.7.{{}}.5"),
    ),
}
"""Energy and power of what a maker's PDU measures. Source: PowerNet-MIB, rPDU2DeviceStatusEnergy and -Power,
rPDU2OutletMeteredStatusEnergy and -Power; EATON-EPDU-MIB, outletWh and outletWatts; PDU2-MIB, measurementsInletSensor-
and measurementsOutletSensorValue of the sensors activeEnergy (8) and activePower (5), and their DecimalDigits."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the meter: where its energy and its power are, of which one may be nowhere."""

    name: str
    energy: Column | None
    power: Column | None

    def oids(self) -> set[str]:
        """Return all that is asked for it."""
        columns = [column for column in (self.energy, self.power) if column is not None]
        return {oid for column in columns for oid in (column.oid, column.digits) if oid}


@dataclass(frozen=True, slots=True)
class Value:
    """What the agent shows at an OID."""

    kind: str
    number: Decimal


class SnmpCollector:
    """Asks for all points in one question, by a program that is run for each reading."""

    name: ClassVar[str] = "snmp"
    slow: ClassVar[bool] = True
    for_meters: ClassVar[bool] = True

    def __init__(self, meter: Meter, program: str) -> None:
        """Read *meter* by *program*, the path of `snmpget`.

        Raises Unavailable where its address or a point is none, or its secret is missing or would be seen.
        """
        self._meter = meter
        self._program = program
        self._host, self._agent = _place(meter)
        self._asked = _points(meter)
        self._points = Points(meter)
        _check_secret(meter, self._host)

    @classmethod
    def open(cls, host: Host) -> Self:
        """Return a collector that is ready to ask; nothing is asked yet. Raises Unavailable."""
        meter = meter_of(host, cls.name)
        program = shutil.which(PROGRAM)
        if program is None:
            what = f"{PROGRAM}, by which SNMP is spoken, is not on this machine"
            raise Unavailable(Reason.UNSUPPORTED, what, "install net-snmp's programs: apt install snmp")
        return cls(meter, program)

    def sources(self) -> Sequence[Source]:
        """Return the points that are read; none before the first reading."""
        return self._points.sources()

    def collect(self) -> Sequence[Reading]:
        """Return what the points show.

        Raises Retry where the agent does not answer, or a point shows nothing now; Unavailable where it does not take
        the secret, or has no such point.
        """
        try:
            values = self._values()
            return self._points.readings([self._shown(point, values) for point in self._asked])
        except NoFigureError as error:
            raise Retry(f"what {self._meter.name} shows is no figure") from error

    def close(self) -> None:
        """Do nothing: nothing stays open between readings."""

    def _values(self) -> Mapping[str, Value]:
        """Return what the agent shows, by OID; what it does not have is not in it. Raises Retry, Unavailable."""
        oids = sorted({oid for point in self._asked for oid in point.oids()})
        words = [self._program, "-On", "-t", f"{ONE_ANSWER}", "-r", "1", self._agent, *oids]
        try:
            with TemporaryDirectory(prefix="empreinte-snmp-") as directory:
                _write_configuration(Path(directory), self._meter)
                places = {"SNMPCONFPATH": directory, "SNMP_PERSISTENT_DIR": directory, "MIBS": ""}
                printed = output_of(words, PATIENCE, PROGRAM, places)
        except OSError as error:
            raise Retry(f"no file for {PROGRAM} can be written: {error.strerror}") from error
        return self._understood(printed)

    def _understood(self, printed: str) -> Mapping[str, Value]:
        """Return the values in what was *printed*, of which no message holds a word."""
        lines = LINE.findall(printed)
        if not lines and DENIED.search(printed):
            raise forbidden(self._meter)
        if not lines and "Timeout" in printed:
            more = "" if self._meter.user else ", as one does that doesn't know the community"
            raise Retry(f"{self._host} did not answer by SNMP in time{more}")
        if not lines:
            raise Retry(f"{self._host} can't be found, or what it answers by SNMP can't be read")
        return {oid: Value(kind, _number(text)) for oid, kind, text in lines if kind in FIGURES}

    def _shown(self, point: Point, values: Mapping[str, Value]) -> Shown:
        energy, power = _found(point.energy, values), _found(point.power, values)
        if point.power is not None and energy is not None and energy.number < 0:
            energy = None  # what the model does not measure
        if energy is None and power is None:
            self._has_none(point)
        counted = None if point.energy is None or energy is None else energy_of(energy.number, point.energy.unit)
        drawn = None if point.power is None or power is None else power_of(power.number, point.power.unit)
        step = _step(point.energy, values) if counted is not None else Energy.ZERO
        whole = step.microjoules << 32
        wraps = energy is not None and energy.kind in OF_32_BITS and whole <= LARGEST
        return Shown(
            point=point.name,
            where=f"{self._host}, {point.name}, by SNMP",
            accuracy="the maker's",
            energy=counted,
            power=drawn,
            step=step,
            wraps_after=Energy(whole) if wraps else None,
        )

    def _has_none(self, point: Point) -> None:
        what = f"the agent of {self._meter.name} has no figure at {point.name}"
        if self._points.sources():
            raise Retry(f"{what} now")
        cure = f"see what it has by `snmpwalk {self._agent}`, and name that in meter.points: docs/meters.md"
        raise Unavailable(Reason.UNSUPPORTED, what, cure)


def _found(column: Column | None, values: Mapping[str, Value]) -> Value | None:
    """Return what is at *column* in its unit, with its decimals; None where there is nothing."""
    if column is None or column.oid not in values or (column.digits and column.digits not in values):
        return None
    value = values[column.oid]
    return Value(value.kind, value.number * _scale(column, values))


def _scale(column: Column, values: Mapping[str, Value]) -> Decimal:
    """Return what one step of *column* is in its unit. Raises NoFigureError."""
    digits = values[column.digits].number if column.digits else Decimal(0)
    if not 0 <= digits <= MOST_DIGITS or digits % 1:
        raise NoFigureError
    return column.step.scaleb(-int(digits))


def _step(column: Column | None, values: Mapping[str, Value]) -> Energy:
    found = None if column is None else energy_of(_scale(column, values), column.unit)
    return Energy.ZERO if found is None else found


def _number(text: str) -> Decimal:
    return figure(text.strip().strip('"'))


def _place(meter: Meter) -> tuple[str, str]:
    """Return the host of *meter*, and how net-snmp names its agent. Raises Unavailable."""
    found = ADDRESS.fullmatch(meter.address)
    if found is None or int(found[2] or PORT) > HIGHEST_PORT:
        cure = f'give its host, and the port where it is not {PORT}: address = "snmp://192.0.2.18"'
        raise Unavailable(Reason.UNSUPPORTED, f"the address of {meter.name} is none of an agent of SNMP", cure)
    transport = "udp6" if found[1].startswith("[") else "udp"
    return found[1].strip("[]"), f"{transport}:{found[1]}:{int(found[2] or PORT)}"


def _points(meter: Meter) -> list[Point]:
    """Return the points that are configured. Raises Unavailable where there is none, or one is not understood."""
    points = [_point(text) for text in meter.points]
    found = [point for point in points if point is not None]
    if not found or len(found) < len(points) or len({point.name for point in found}) < len(found):
        cure = (
            'name each once, as "apc:outlet/5", or as its OID, what one step is, and the unit: '
            '"1.3.6.1.4.1.318.1.1.26.9.4.3.1.11.5 0.1 kWh"; docs/meters.md has the names'
        )
        raise Unavailable(Reason.UNSUPPORTED, f"of the meter {meter.name} no point is named, or not rightly", cure)
    return found


def _point(text: str) -> Point | None:
    """Return what *text* names; None where it names nothing."""
    if (named := NAMED.fullmatch(text)) is not None and named[1] in TABLE:
        energy, power = TABLE[named[1]]
        return Point(text, energy.at(named[2]), power.at(named[2]))
    told = POINT.fullmatch(text)
    if told is None or not Decimal(told[2]):
        return None
    column = Column(told[1], Decimal(told[2]), told[3])
    if column.unit in ENERGY_UNITS:
        return Point(column.oid, column, None)
    return Point(column.oid, None, column) if column.unit in POWER_UNITS else None


def _check_secret(meter: Meter, host: str) -> None:
    """Raise Unavailable where the secret of *meter* is none that can be used, or would be seen against its wish."""
    if not meter.secret:
        cure = "write the community (version 2c), or the passphrase of meter.user (version 3), in meter.secret_file"
        raise Unavailable(Reason.FORBIDDEN, f"the meter {meter.name} has no secret to ask with", cure)
    if not (meter.user + meter.secret).isprintable():
        cure = "write the secret alone in the file that meter.secret_file names, in one line"
        raise Unavailable(Reason.FORBIDDEN, f"the secret of the meter {meter.name} has more than one line", cure)
    if meter.user and len(meter.secret) < SHORTEST:
        cure = f"give the user of the PDU a passphrase of {SHORTEST} characters or more"
        raise Unavailable(Reason.FORBIDDEN, f"the passphrase of the meter {meter.name} is too short", cure)
    if not meter.user and not meter.insecure and not is_loopback(host):
        raise Unavailable(
            Reason.FORBIDDEN,
            f"the community of the meter {meter.name} would leave this machine with no encryption",
            "name a user of version 3 in meter.user, or set insecure = true where nobody listens on that network",
        )


def _write_configuration(directory: Path, meter: Meter) -> None:
    """Write what net-snmp has to know of *meter* where only this user can read it. Raises OSError."""
    settings = {"defVersion": "2c", "defCommunity": _quoted(meter.secret)}
    if meter.user:
        settings = {
            "defVersion": "3",
            "defSecurityName": _quoted(meter.user),
            "defSecurityLevel": "authPriv",
            "defAuthType": "SHA",
            "defPrivType": "AES",
            "defPassphrase": _quoted(meter.secret),
        }
    file = directory / "snmp.conf"
    file.touch(mode=0o600)
    file.write_text("".join(f"{key} {value}\n" for key, value in settings.items()), encoding="utf-8")


def _quoted(text: str) -> str:
    """Return *text* as net-snmp takes it for one word, whatever it begins with. Source: read_config.c, copy_nword."""
    return '"{}"'.format(text.replace("\\", "\\\\").replace('"', '\\"'))
