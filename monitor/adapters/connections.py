"""Connections to servers over the network: what is trusted, through which proxy, and what a failure means.

The proxy is the environment's (`https_proxy`, `no_proxy`). What is told of a failure is our own words, never the
library's: they may hold what is secret.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from monitor.collector import Reason, Unavailable

# What is imported within functions is slow to load, and most hosts never need it.
if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from pathlib import Path
    from urllib.parse import SplitResult

    from urllib3 import PoolManager


def parts_of(address: str) -> SplitResult | None:
    """Return the parts of *address*; None where it is no address."""
    try:
        parts = urlsplit(address)
        _ = parts.port, parts.hostname
    except ValueError:
        return None
    return parts


def tls_context(certificates: Path | None) -> ssl.SSLContext:
    """Return what trusts the system's authorities and those in *certificates*. Raises Unavailable."""
    import ssl  # noqa: PLC0415 - see above

    context = ssl.create_default_context()
    if certificates is None:
        return context
    try:
        context.load_verify_locations(cafile=certificates)
    except PermissionError as error:
        raise Unavailable(Reason.FORBIDDEN, f"{certificates} may not be read", "let the daemon read it") from error
    except OSError as error:  # ssl.SSLError is one
        raise Unavailable(
            Reason.UNSUPPORTED,
            f"{certificates} holds no certificates that can be read",
            "give a file of certificates in PEM form",
        ) from error
    return context


def pool_to(origin: SplitResult, context: ssl.SSLContext, headers: Mapping[str, str], *, direct: bool) -> PoolManager:
    """Return what connects, through the environment's proxy if it names one and not *direct*. Raises Unavailable.

    What is on this machine is never asked through a proxy: a token in clear text would leave it.
    """
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 - see above

    from urllib3 import PoolManager, ProxyManager, exceptions, make_headers  # noqa: PLC0415 - see above

    named = getproxies()
    proxy = named.get(origin.scheme) or named.get("all")
    if direct or not proxy or is_loopback(origin.hostname or "") or proxy_bypass(origin.netloc):
        return PoolManager(1, headers, ssl_context=context, maxsize=1)
    parts = parts_of(proxy if "://" in proxy else f"http://{proxy}")
    user = f"{parts.username}:{parts.password or ''}" if parts and parts.username else None
    try:
        where = "" if parts is None else f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        return ProxyManager(where, 1, headers, make_headers(proxy_basic_auth=user), ssl_context=context, maxsize=1)
    except (exceptions.HTTPError, ValueError) as error:
        raise Unavailable(
            Reason.UNSUPPORTED,
            "the proxy that the environment names is of a kind that is not supported",
            "set https_proxy to an address that begins with http:// or https://",
        ) from error


def is_loopback(host: str) -> bool:
    """Return whether *host* is this machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def meaning_of(error: Exception) -> str:
    """Return what *error* means, in our words."""
    from urllib3 import exceptions  # noqa: PLC0415 - see above

    if isinstance(error, exceptions.ProxyError):
        return "can't be reached through the proxy that the environment names (https_proxy)"
    if isinstance(error, exceptions.SSLError):
        return "shows a certificate that is not trusted (a gateway's authority can be configured)"
    if isinstance(error, exceptions.NameResolutionError):
        return "has no address that is known here"
    if isinstance(error, exceptions.TimeoutError) and not isinstance(error, exceptions.NewConnectionError):
        return "did not answer in time"
    if isinstance(error, exceptions.NewConnectionError):
        return "can't be reached"
    return "broke off its answer"


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
