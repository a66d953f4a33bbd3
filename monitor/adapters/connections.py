"""Connections to servers over the network: what is trusted, through which proxy, and what a failure means.

The one place that knows how servers elsewhere are reached. The proxy is the configuration's (`[network]`) and never the
environment's: what a daemon calls must not depend on who started it. What is told of a failure is our own words, never
the library's: they may hold what is secret.
"""

from __future__ import annotations

import base64
import re
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from monitor.collector import Reason, Unavailable

# What is imported within functions is slow to load, and most hosts never need it.
if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from urllib.parse import SplitResult

    from urllib3 import PoolManager

    from monitor.collector import Outgoing

WANTS_PASSWORD: Final = 407
"""Source: RFC 9110, section 15.5.8."""
_TUNNEL: Final = re.compile(r"Tunnel connection failed: (\d{3})")
"""How http.client says with which status a proxy declines. Source: CPython 3.11, http/client.py, _tunnel."""
_OTHER_CERTIFICATE: Final = "Fingerprints did not match"
"""How urllib3 says so. Source: urllib3 2.2, util/ssl_.py, assert_fingerprint."""


def parts_of(address: str) -> SplitResult | None:
    """Return the parts of *address*; None where it is no address."""
    try:
        parts = urlsplit(address)
        _ = parts.port, parts.hostname
    except ValueError:
        return None
    return parts


def tls_context(*certificates: Path | None) -> ssl.SSLContext:
    """Return what trusts the system's authorities and those in each of *certificates*. Raises Unavailable."""
    import ssl  # noqa: PLC0415 - see above

    context = ssl.create_default_context()
    for file in certificates:
        if file is not None:
            _trust(context, file)
    return context


def pinned_context() -> ssl.SSLContext:
    """Return what trusts any certificate: for a connection that checks it by its fingerprint."""
    import ssl  # noqa: PLC0415 - see above

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _trust(context: ssl.SSLContext, file: Path) -> None:
    try:
        context.load_verify_locations(cafile=file)
    except PermissionError as error:
        raise Unavailable(Reason.FORBIDDEN, f"{file} may not be read", "let the daemon read it") from error
    except OSError as error:  # ssl.SSLError is one
        raise Unavailable(
            Reason.UNSUPPORTED,
            f"{file} holds no certificates that can be read",
            "give a file of certificates in PEM form",
        ) from error


def pool_to(
    origin: SplitResult,
    outgoing: Outgoing,
    headers: Mapping[str, str],
    *,
    certificates: Path | None = None,
    fingerprint: str = "",
    direct: bool = False,
) -> PoolManager:
    """Return what connects to *origin*, by way of *outgoing*; *direct*: through no proxy. Raises Unavailable.

    *certificates* holds authorities (PEM) that are trusted there alone, beside the others; *fingerprint* is the SHA-256
    of the one certificate that is, whoever signed it.
    """
    from urllib3 import PoolManager, ProxyManager  # noqa: PLC0415 - see above

    trusted = tls_context(outgoing.certificates, certificates)
    context = pinned_context() if fingerprint else trusted
    proxy = "" if direct else proxy_to(origin.hostname or "", outgoing)
    pool = (
        ProxyManager(
            proxy, 1, headers, _introduction(outgoing), ssl_context=context, proxy_ssl_context=trusted, maxsize=1
        )
        if proxy
        else PoolManager(1, headers, ssl_context=context, maxsize=1)
    )
    if fingerprint:
        pool.connection_pool_kw["assert_fingerprint"] = fingerprint
    return pool


def proxy_to(host: str, outgoing: Outgoing) -> str:
    """Return the address of the proxy through which *host* is reached; empty: it is reached directly.

    What is on this machine is never asked through a proxy: a token in clear text would leave it.
    """
    return "" if is_loopback(host) or _is_exempt(host, outgoing.direct) else outgoing.proxy


def is_near(host: str) -> bool:
    """Return whether *host* is in the organisation's own network, by its address or its name: no proxy leads there.

    An address that is private or of the link (RFC 1918, 4193, 3927, 4291), a name without a domain, one of mDNS
    (RFC 6762), or of a home or an internal network (RFC 8375; ICANN, resolution 2024.07.29.06).
    """
    name = host.lower().rstrip(".")
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        return "." not in name or name.endswith((".local", ".home.arpa", ".internal"))
    return address.is_private or address.is_link_local


def proxy_with_password(host: str, outgoing: Outgoing) -> str:
    """Return the same with name and password in it, for a library that takes them so; it must be shown to nobody.

    Raises Unavailable where the password can't be read.
    """
    proxy = proxy_to(host, outgoing)
    if not proxy or not outgoing.user:
        return proxy
    scheme, _, place = proxy.partition("://")
    return f"{scheme}://{quote(outgoing.user, safe='')}:{quote(_password(outgoing), safe='')}@{place}"


def _is_exempt(host: str, direct: tuple[str, ...]) -> bool:
    """Return whether *host* is one of *direct*, in one of its domains, or in one of its ranges of addresses."""
    name = host.lower().rstrip(".")
    try:
        address = ip_address(name)
    except ValueError:
        return any(name == one or name.endswith(f".{one}") for one in direct)
    return any(name == one or ("/" in one and address in ip_network(one)) for one in direct)


def _introduction(outgoing: Outgoing) -> dict[str, str]:
    """Return the header by which the proxy knows us. Source: RFC 7617, sections 2 and 2.1."""
    if not outgoing.user:
        return {}
    named = f"{outgoing.user}:{_password(outgoing)}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(named).decode()}"}


def _password(outgoing: Outgoing) -> str:
    return "" if outgoing.password_file is None else secret_line(outgoing.password_file, "password for the proxy")


def secret_line(file: Path, what: str) -> str:
    """Return the one line of text in *file*: a password, and *what* it is for, in words. Raises Unavailable."""
    try:
        text = file.read_text(encoding="utf-8").strip("\r\n")
    except OSError as error:
        why, cure = f"can't be read ({error.strerror})", "make it, and let the daemon's user alone read it"
    except UnicodeDecodeError:
        why, cure = "holds no text", "name the file that holds the password alone"
    else:
        if text and text.isprintable():
            return text
        why, cure = ("holds more than one line", "write one") if text else ("is empty", "write the password in it")
    raise Unavailable(Reason.FORBIDDEN, f"the file of the {what}, {file}, {why}", cure)


def is_loopback(host: str) -> bool:
    """Return whether *host* is this machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def meaning_of(error: Exception) -> str:
    """Return what *error* means, in our words."""
    if (declined := _TUNNEL.search(str(error))) is not None:
        return _declined(int(declined[1]))
    if _OTHER_CERTIFICATE in str(error):
        return "shows another certificate than the one whose fingerprint is configured: was it renewed, or is it there?"
    return next((means for kind, means in _meanings() if isinstance(error, kind)), "broke off its answer")


def _meanings() -> Iterator[tuple[type[Exception], str]]:
    """Yield kinds of errors, the more special ones first, and what they mean."""
    from urllib3 import exceptions  # noqa: PLC0415 - see above

    yield (
        exceptions.ProxyError,
        "can't be reached, as the proxy does not answer: check network.proxy, and that the proxy runs",
    )
    yield (
        exceptions.SSLError,
        (
            "shows a certificate that is not trusted: name the file of its authority in network.certificates, or of a"
            " meter the certificate's fingerprint in meter.fingerprint"
        ),
    )
    yield exceptions.NameResolutionError, "has no address that is known here"
    yield exceptions.NewConnectionError, "can't be reached"
    yield exceptions.TimeoutError, "did not answer in time"


def _declined(status: int) -> str:
    if status == WANTS_PASSWORD:
        return (
            "can't be reached, as the proxy wants a name and a password (status 407): give network.proxy_user and"
            " network.proxy_password_file, or correct them"
        )
    return (
        f"can't be reached, as the proxy lets nobody through to it (status {status}): have it allowed there, or name it"
        " in network.no_proxy"
    )


def moment_of(text: str) -> float | None:
    """Return the moment that an HTTP date says, in seconds since the epoch; None where it is none."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - see above

    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def asked_pause(headers: Mapping[str, str]) -> float | None:
    """Return for how many seconds a server asks to be left alone (Retry-After); None where it doesn't.

    Source: RFC 9110, section 10.2.3.
    """
    asked = headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked)
    until, now = moment_of(asked), moment_of(headers.get("Date", ""))
    return None if until is None or now is None else max(until - now, 0.0)
