"""Meters outside this machine, as the file says it: `[[meter]]`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Final

from monitor.config import values
from monitor.config.quantities import WrongValueError, duration_text, power
from monitor.config.tables import Faults, Key
from monitor.core.interval import HOUR, MINUTE
from monitor.core.units import Duration, Power

OFTENEST: Final = Duration.from_seconds(1)
OFTEN: Final = Duration.from_seconds(10)
HIGHEST: Final = Power.from_watts(20_000)
"""More than a server takes. Our choice, as the bound of psys in collectors/rapl.py."""
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")


def installed_collector(value: object) -> str:
    """Return the name of an installed collector. Whether it reads meters is known once it is loaded."""
    known = sorted(point.name for point in entry_points(group="monitor.collectors"))
    name = values.word(value)
    if name not in known:
        close = get_close_matches(name, known, n=1)
        message = f"no collector is called {name!r}"
        raise WrongValueError(message, f'"{close[0]}"' if close else "")
    return name


def measuring_points(value: object) -> tuple[str, ...]:
    """Return a list of measuring points, in order; numbers stand for themselves."""
    if not isinstance(value, list) or not value:
        raise WrongValueError("it is a list", f'["{value}"]' if isinstance(value, str | int) else '["0"]')
    found = tuple(str(item) if type(item) is int else values.text(item) for item in value)
    twice = next((item for item in found if found.count(item) > 1), None)
    if twice is not None:
        message = f"{twice!r} is in it twice, and would be counted twice"
        raise WrongValueError(message)
    return found


def certificate_digest(value: object) -> str:
    """Return the SHA-256 of a certificate, as 64 hexadecimal digits in lower case; colons and spaces may part them."""
    digits = re.sub(r"[:\s]", "", values.text(value)).lower().removeprefix("sha256")
    if not _FINGERPRINT.fullmatch(digits):
        message = "it is no SHA-256 of a certificate, which has 64 hexadecimal digits"
        raise WrongValueError(message, "what `openssl x509 -noout -fingerprint -sha256` says")
    return digits


def plausible_power(value: object) -> Power:
    """Return a power that is more than nothing."""
    read = power(value)
    if read <= Power.ZERO:
        raise WrongValueError("it is more than 0 W")
    return read


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterTable:
    """A meter of the whole machine: a plug, a power strip, a BMC over the network, another monitor: docs/meters.md."""

    name: Annotated[str, Key("Stable short name.", values.service_key, '"prise"')]
    kind: Annotated[str, Key("What it is: the name of the collector that reads it.", installed_collector, '"shelly"')]
    address: Annotated[
        str, Key("Where it answers, as its kind wants it.", values.text, '"http://192.0.2.15"', unset="its kind's own")
    ] = ""
    points: Annotated[
        tuple[str, ...],
        Key(
            "Which of its measuring points feed this machine, added up: channels, outlets, names, as its kind wants"
            " them. A machine with two power supplies has two.",
            measuring_points,
            '["0"]',
            unset="all that it has",
        ),
    ] = ()
    user: Annotated[
        str, Key("Name that it knows the monitor by.", values.text, '"monitor"', unset="its kind's own")
    ] = ""
    secret_file: Annotated[
        Path | None,
        Key(
            "File with the password or the token that it asks for, which only the daemon's user can read.",
            values.absolute_path,
            '"/etc/empreinte/prise.secret"',
            unset="none is sent",
        ),
    ] = None
    insecure: Annotated[
        bool, Key("Whether the secret may leave this machine with no encryption.", values.flag, "false")
    ] = False
    certificates: Annotated[
        Path | None,
        Key(
            "File of certificates (PEM) to trust there, beside the system's and those of the network.",
            values.absolute_path,
            '"/etc/empreinte/bmc.pem"',
            unset="none",
        ),
    ] = None
    fingerprint: Annotated[
        str,
        Key(
            "SHA-256 of the one certificate to trust there, whoever signed it and whatever name it has.",
            certificate_digest,
            f'"{"9F:" * 31}9F"',
            unset="it is checked by who signed it",
            alternative=True,
        ),
    ] = ""
    share: Annotated[
        Decimal,
        Key(
            "Which part of what it measures is this machine's, where several hang on it. What a share gives counts as"
            " declared.",
            values.share,
            "0.5",
        ),
    ] = Decimal(1)
    every: Annotated[Duration, Key("How often it is read.", values.between(OFTENEST, HOUR), '"10s"')] = OFTEN
    hold: Annotated[
        Duration,
        Key(
            "How long a power that it shows stands: beyond, the time is a gap. Of no effect where it counts energy.",
            values.between(OFTENEST, HOUR),
            '"1min"',
        ),
    ] = MINUTE
    max_power: Annotated[
        Power,
        Key(
            "The most that it can truly show: what is above is taken for a fault. The machine's nameplate has it.",
            plausible_power,
            '"1200 W"',
        ),
    ] = HIGHEST


def check_meters(meters: Sequence[tuple[str, MeterTable]], patience: Duration | None, faults: Faults) -> None:
    """Note what is right by itself and wrong together. *patience*: how long a source is waited for; None: unknown."""
    seen: dict[str, str] = {}
    for path, one in meters:
        if seen.setdefault(one.name, path) != path:
            faults.note(f"{path}.name", f"{one.name!r} is already the name of another meter, at {seen[one.name]}")
        if one.hold < one.every:
            every = duration_text(one.every)
            faults.note(f"{path}.hold", f"it can't be shorter than {path}.every, {every}", f'"{every}"')
        if patience is not None and one.every > patience:
            waited = duration_text(patience)
            what = f"it can't be longer than sampling.patience, {waited}: the meter would be given up between readings"
            faults.note(f"{path}.every", what, f'"{waited}"')
        if one.user and one.secret_file is None:
            faults.note(f"{path}.secret_file", "a name is given, and no password: where is it?")
        if one.certificates is not None and one.fingerprint:
            faults.note(f"{path}.certificates", "the certificate is checked by its fingerprint: keep one of them")
