"""How single values are read: one small function for each kind, raising WrongValueError with what to write instead."""

from __future__ import annotations

import ipaddress
import json
import re
import zoneinfo
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

from monitor.config.amounts import plain
from monitor.config.quantities import (
    WrongValueError,
    duration,
    duration_text,
    memory_text,
    power,
    power_text,
)
from monitor.core.readings import DRAM, GPUS, PACKAGE, PLATFORM, REST
from monitor.core.units import Duration, Memory, Power
from monitor.core.zones import WORLD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Choice = TypeVar("Choice", bound=Enum)

HIGHEST_PORT: Final = 65535
SIRET_DIGITS: Final = 14
LA_POSTE: Final = "356000000"
"""The one company whose establishments don't follow the check digit. Source: INSEE, SIRET number, definition."""
_COMMUNE: Final = re.compile(r"(\d\d|2[AB])\d{3}")
_ZONE: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,8})*")
_KEY: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9._-]*")
_RESOURCE: Final = re.compile(rf"{PACKAGE}|{DRAM}|{PLATFORM}|{GPUS.pattern}")
_UNIT_KINDS: Final = (".service", ".scope", ".slice")


@dataclass(frozen=True, slots=True)
class Listen:
    """Where the web server listens."""

    address: str
    port: int
    """0: any that is free."""

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.address == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.address).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


def text(value: object) -> str:
    """Return a line of text that is not empty."""
    if not isinstance(value, str):
        raise WrongValueError("it is text, in quotes", json.dumps(str(value)) if isinstance(value, int | float) else "")
    if not value.strip() or not value.isprintable():
        message = "it is one line of text, not empty"
        raise WrongValueError(message)
    return value.strip()


def flag(value: object) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        instead = str(value).lower() if str(value).lower() in {"true", "false"} else "true or false"
        raise WrongValueError("it is true or false, without quotes", instead)
    return value


def ratio(low: Decimal, high: Decimal) -> Callable[[object], Decimal]:
    """Return a reader of plain numbers from *low* to *high*, exactly as they are written."""

    def read(value: object) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise WrongValueError("it is a number, without quotes", _as_number(value))
        number = Decimal(value)
        if not number.is_finite() or not low <= number <= high:
            message = f"{value} is not between {low} and {high}"
            raise WrongValueError(message)
        return number

    return read


def share(value: object) -> Decimal:
    """Return a part of a whole: more than 0, at most 1."""
    number = ratio(Decimal(0), Decimal(1))(value)
    if not number:
        raise WrongValueError("0 is no part: it is more than 0, and at most 1")
    return number


def between(low: Duration, high: Duration) -> Callable[[object], Duration]:
    """Return a reader of durations from *low* to *high*."""

    def read(value: object) -> Duration:
        read_value = duration(value)
        if not low <= read_value <= high:
            message = f"{duration_text(read_value)} is not between {duration_text(low)} and {duration_text(high)}"
            raise WrongValueError(message)
        return read_value

    return read


def choice(kind: type[Choice]) -> Callable[[object], Choice]:
    """Return a reader of the values of *kind*."""
    known = [str(member.value) for member in kind]

    def read(value: object) -> Choice:
        if isinstance(value, str) and value in known:
            return kind(value)
        close = get_close_matches(str(value).lower(), known, n=1)
        message = f"{value!r} is none of {', '.join(known)}"
        raise WrongValueError(message, f'"{close[0]}"' if close else "")

    return read


def word(value: object) -> str:
    """Return a short name in lower case: of a provider, of a set of factors, of a model."""
    name = text(value)
    if _WORD.fullmatch(name) is None:
        message = f"{name!r} is not such a name: it has only a-z, 0-9, . _ -"
        raise WrongValueError(message, f'"{re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-")}"')
    return name


def absolute_paths(value: object) -> tuple[Path, ...]:
    """Return a list of absolute paths, each once."""
    if not isinstance(value, list):
        raise WrongValueError("it is a list", f'["{value}"]' if isinstance(value, str) else '["/etc/empreinte/..."]')
    paths = tuple(absolute_path(one) for one in value)
    twice = next((path for path in paths if paths.count(path) > 1), None)
    if twice is not None:
        message = f"{str(twice)!r} is named twice"
        raise WrongValueError(message)
    return paths


def absolute_path(value: object) -> Path:
    """Return an absolute path: a daemon has no current directory that a person would know of."""
    path = Path(text(value))
    if not path.is_absolute():
        message = f"{str(path)!r} is not an absolute path"
        raise WrongValueError(message, "a path that begins with /")
    return path


def time_zone(value: object) -> zoneinfo.ZoneInfo:
    """Return the time zone of an IANA name."""
    name = text(value)
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"there is no time zone {name!r}"
        raise WrongValueError(message, f'"{_nearest_zone(name)}"') from error


def siret(value: object) -> str:
    """Return a SIRET number: 14 digits, the last a check digit.

    Source: INSEE, SIRET number, definition; ISO/IEC 7812-1 annex B (Luhn).
    """
    digits = text(value).replace(" ", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) == SIRET_DIGITS):
        message = f"a SIRET number has {SIRET_DIGITS} digits"
        raise WrongValueError(message)
    if not digits.startswith(LA_POSTE) and _luhn(digits) % 10:
        message = f"{digits} has a wrong check digit: one of its digits is mistyped"
        raise WrongValueError(message)
    return digits


def commune(value: object) -> str:
    """Return the code of a commune: five characters, `35238`, `2A004`. Source: INSEE, code officiel géographique."""
    code = text(value)
    if _COMMUNE.fullmatch(code) is None:
        message = f"{code!r} is not the INSEE code of a commune (five characters; a postal code is something else)"
        raise WrongValueError(message, '"35238"')
    return code


def zone(value: object) -> str:
    """Return a zone of the electricity grid: a country, a part of it, or the world: `FR`, `FR-COR`, `RE`, `WORLD`.

    Source: ISO 3166; the parts that Electricity Maps has of its own (`US-CAL-CISO`, `DK-DK1`) are of the same form.
    """
    code = text(value)
    if _ZONE.fullmatch(code) is None and code != WORLD:
        upper = code.upper()
        instead = f'"{upper}"' if upper == WORLD or _ZONE.fullmatch(upper) else '"FR"'
        message = f"{code!r} is not a zone: two capital letters of ISO 3166, and a part of the country where it has one"
        raise WrongValueError(message, instead)
    return code


def resource(value: object) -> str:
    """Return the resource that hardware is held as: `package`, `dram`, `gpu0`, or `rest`."""
    name = text(value)
    if name != REST and (name == PLATFORM or _RESOURCE.fullmatch(name) is None):
        message = f"{name!r} is not a resource that is held ({PACKAGE}, {DRAM}, gpu0, gpu_amd0 ..., {REST})"
        raise WrongValueError(message)
    return name


def web_address(value: object) -> str:
    """Return the address of a web service: https, or http on this machine; no password in it."""
    address = text(value)
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in {"http", "https"} or not host:
        message = f"{address!r} is not the address of a web service"
        raise WrongValueError(message, '"https://gateway.example.fr/"')
    if "@" in parts.netloc or parts.query or parts.fragment:
        message = "no name, password or question belongs in the address: a token has its file"
        raise WrongValueError(message, f'"{parts.scheme}://{parts.netloc.rpartition("@")[2]}{parts.path}"')
    if parts.scheme == "http" and not Listen(host, 0).is_loopback:
        message = f"{address!r} is not encrypted, and leaves this machine"
        raise WrongValueError(message, f'"https{address.removeprefix("http")}"')
    return address


def service_key(value: object) -> str:
    """Return the key of a service: short, stable, in lower case. A leading `_` is the program's own."""
    key = text(value)
    if key.startswith("_"):
        message = f"{key!r} is reserved: keys that begin with _ are the program's own"
        raise WrongValueError(message, f'"{key.lstrip("_") or "assistant"}"')
    if _KEY.fullmatch(key) is None:
        plain = re.sub(r"[^a-z0-9._-]+", "-", key.lower()).strip("-._")
        message = f"{key!r} is not a key: up to 63 of a-z, 0-9, . _ -, beginning with a letter or digit"
        raise WrongValueError(message, f'"{plain[:63] or "assistant"}"')
    return key


def service_keys(value: object) -> tuple[str, ...]:
    """Return a list of service keys."""
    if not isinstance(value, list):
        raise WrongValueError("it is a list", f'["{value}"]' if isinstance(value, str) else '["old-key"]')
    return tuple(service_key(item) for item in value)


def listen(value: object) -> Listen:
    """Return an address and a port: `127.0.0.1:21031`, `[::1]:21031`."""
    usual = '"127.0.0.1:21031"'
    address, colon, port = text(value).rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()):
        message = f"{value!r} is not an address and a port"
        raise WrongValueError(message, usual)
    if int(port) > HIGHEST_PORT:
        message = f"there is no port {port}: the highest is {HIGHEST_PORT}"
        raise WrongValueError(message)
    bracketed = address.startswith("[") and address.endswith("]")
    if not address or (":" in address and not bracketed):
        message = f"{value!r} has no address before the port, or one of IPv6 without brackets"
        raise WrongValueError(message, f'"[{address}]:{port}"' if ":" in address else f'"127.0.0.1:{port}"')
    return Listen(address.strip("[]"), int(port))


def port(value: object) -> int:
    """Return the number of a port, 1 to 65535."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongValueError("it is a number, without quotes", _as_number(value))
    if not 1 <= value <= HIGHEST_PORT:
        message = f"there is no port {value}: they go from 1 to {HIGHEST_PORT}"
        raise WrongValueError(message)
    return value


def systemd_unit(value: object) -> str:
    """Return the name of a systemd unit, with its kind."""
    name = text(value)
    if not name.endswith(_UNIT_KINDS):
        message = f"{name!r} is not the name of a unit: it ends with one of {', '.join(_UNIT_KINDS)}"
        raise WrongValueError(message, f'"{name}.service"')
    return name


def expression(value: object) -> str:
    """Return a regular expression that can be compiled."""
    pattern = text(value)
    try:
        re.compile(pattern)
    except re.error as error:
        message = f"{pattern!r} is not a regular expression ({error})"
        raise WrongValueError(message) from error
    return pattern


def floor_powers(value: object) -> Mapping[str, Power]:
    """Return the idle power of resources: `{ package = "45 W", gpu0 = "25 W" }`."""
    if not isinstance(value, dict):
        raise WrongValueError("it is a table", '{ package = "45 W" }')
    powers = {}
    for resource, watts in value.items():
        if _RESOURCE.fullmatch(resource) is None:
            message = f"{resource!r} is not a resource ({PACKAGE}, {DRAM}, {PLATFORM}, gpu0, gpu_amd0 ...)"
            raise WrongValueError(message)
        try:
            powers[resource] = power(watts)
        except WrongValueError as wrong:
            message = f"{resource}: {wrong.what}"
            raise WrongValueError(message, wrong.instead) from wrong
    return powers


def ledger_url(value: object) -> str:
    """Return where the ledger is kept: a file for SQLite, or a PostgreSQL database."""
    url = text(value)
    if url.startswith("sqlite:///"):
        if not url.startswith("sqlite:////") or url.endswith("/"):
            message = f"{url!r} does not name a file by its absolute path, with four slashes"
            raise WrongValueError(message, '"sqlite:////var/lib/empreinte/ledger.db"')
        return url
    if re.match(r"postgresql\+psycopg://.+", url):
        return url
    if url.startswith(("postgres:", "postgresql:", "postgresql+")):
        raise WrongValueError("the database is PostgreSQL, with the driver psycopg", '"postgresql+psycopg://..."')
    raise WrongValueError(
        "it names neither an SQLite file nor a PostgreSQL database", '"sqlite:////var/lib/empreinte/ledger.db"'
    )


def without_password(url: str) -> str:
    """Return *url* as it may be shown: a password in it is replaced."""
    # the options first: a sign @ in them would pass for the end of the other password
    return re.sub(r"(://[^:/@]*):.*@", r"\1:***@", re.sub(r"(password=)[^&]*", r"\1***", url))


def toml_text(value: object) -> str:
    """Return a value of the configuration as TOML, as the readers read it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, int | date):
        return str(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {toml_text(one)}" for name, one in value.items()) + " }" if value else "{}"
    if isinstance(value, tuple):
        return f"[{', '.join(toml_text(one) for one in value)}]"
    return json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: object) -> str:
    if isinstance(value, Duration):
        return duration_text(value)
    if isinstance(value, Power):
        return power_text(value)
    if isinstance(value, Memory):
        return memory_text(value)
    if isinstance(value, Enum):
        return str(value.value)
    return value.key if isinstance(value, zoneinfo.ZoneInfo) else str(value)


def _nearest_zone(name: str) -> str:
    known = sorted(zoneinfo.available_timezones())
    by_word = {one.rpartition("/")[2].lower(): one for one in known} | {one.lower(): one for one in known}
    close = get_close_matches(name.lower().replace(" ", "_"), by_word, n=1)
    return by_word[close[0]] if close else "Europe/Paris"


def _as_number(value: object) -> str:
    written = str(value).strip().replace(",", ".")
    return written if re.fullmatch(r"[-+]?\d+(\.\d+)?", written) else ""


def _luhn(digits: str) -> int:
    doubled = (int(digit) * (2 - index % 2) for index, digit in enumerate(digits))
    return sum(part if part < 10 else part - 9 for part in doubled)  # noqa: PLR2004 - the two digits of a double, added
