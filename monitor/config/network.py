"""How servers elsewhere are reached, as the file says it."""

from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from monitor.collector import Outgoing
from monitor.config import values
from monitor.config.quantities import WrongValueError
from monitor.config.tables import Faults, Key

_USUAL: Final = '"http://proxy.example.org:3128"'


def proxy_address(value: object) -> str:
    """Return the address of a proxy, `http://host:port`; no name, no password and no path in it."""
    address = values.text(value)
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if "@" in address:
        # the address is not repeated: what is wrong in it is a secret
        message = "no name or password belongs in the address: they are proxy_user and proxy_password_file"
        raise WrongValueError(message, _USUAL)
    if parts.scheme not in {"http", "https"} or not host or not address.isascii() or " " in address:
        message = f"{address!r} is not the address of a proxy: it begins with http:// or https://"
        raise WrongValueError(message, _USUAL)
    if port is None or parts.path.strip("/") or parts.query or parts.fragment:
        message = "a proxy is named by its host and its port alone"
        raise WrongValueError(message, f'"{parts.scheme}://{parts.netloc.partition(":")[0]}:{port or 3128}"')
    return f"{parts.scheme}://{parts.netloc}"


def exceptions(value: object) -> tuple[str, ...]:
    """Return a list of hosts, domains and ranges of addresses, in lower case."""
    if not isinstance(value, list):
        raise WrongValueError("it is a list", f'["{value}"]' if isinstance(value, str) else '["intra.example.org"]')
    return tuple(_exception(values.text(item)) for item in value)


def _exception(text: str) -> str:
    name = text.lower().removeprefix("*").strip(".")
    if "/" in name:
        try:
            return str(ip_network(name))
        except ValueError as error:
            message = f"{text!r} is no range of addresses"
            raise WrongValueError(message, '["10.0.0.0/8"]') from error
    if not name or not name.isascii() or " " in name or "*" in name or "@" in name:
        message = f"{text!r} is no host, no domain and no range of addresses"
        raise WrongValueError(message, '["intra.example.org", "10.0.0.0/8"]')
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkTable:
    """How servers elsewhere are reached, for every outgoing call: docs/network.md."""

    proxy: Annotated[
        str,
        Key(
            "The proxy that calls to other machines go through; e-mail does not. $HTTPS_PROXY is not obeyed.",
            proxy_address,
            _USUAL,
            unset="none: other machines are called directly",
        ),
    ] = ""
    proxy_user: Annotated[
        str, Key("Name by which the proxy knows this machine.", values.text, '"empreinte"', unset="none is given")
    ] = ""
    proxy_password_file: Annotated[
        Path | None,
        Key(
            "File with the password for the proxy, which only the daemon's user can read.",
            values.absolute_path,
            '"/etc/empreinte/proxy.password"',
            unset="none is given",
        ),
    ] = None
    no_proxy: Annotated[
        tuple[str, ...],
        Key(
            "What is called directly: hosts, domains with all that is in them, ranges of addresses. This machine, and"
            " the metrics pages of AI servers, always are.",
            exceptions,
            '["intra.example.org", "10.0.0.0/8"]',
            unset="nothing else",
        ),
    ] = ()
    certificates: Annotated[
        Path | None,
        Key(
            "File of further authorities (PEM) to trust everywhere, beside the system's: a private CA, the proxy's.",
            values.absolute_path,
            '"/etc/empreinte/authority.pem"',
            unset="the system's alone",
        ),
    ] = None

    @property
    def outgoing(self) -> Outgoing:
        """The same, for whoever calls."""
        return Outgoing(
            proxy=self.proxy,
            user=self.proxy_user,
            password_file=self.proxy_password_file,
            direct=self.no_proxy,
            certificates=self.certificates,
        )


def check_network(table: NetworkTable, faults: Faults) -> None:
    """Note what is right by itself and wrong together."""
    if table.proxy_password_file is not None and not table.proxy_user:
        faults.note("network.proxy_user", "a password is given, and no name: whose is it?", '"empreinte"')
    if not table.proxy:
        for key in ("proxy_user", "no_proxy"):
            if getattr(table, key):
                faults.note(
                    f"network.{key}", f"without network.proxy it means nothing: name the proxy, or take {key} out"
                )
