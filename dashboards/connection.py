"""One connection to Grafana over `grafana-api-client`, with what that lacks: limits, checks, errors with a status.

The library is asked through `make_raw_request` only: its paths by attribute are neither quoted nor independent of one
another, and its errors have no status, so each answer is looked at before the library sees it.
"""

from __future__ import annotations

import base64
import re
import ssl
from importlib.metadata import version
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import urlsplit

from grafana_api_client import GrafanaClient
from requests import exceptions
from requests.adapters import HTTPAdapter
from requests.utils import get_auth_from_url
from urllib3.exceptions import NameResolutionError, NewConnectionError, ReadTimeoutError
from urllib3.util import Retry

from dashboards.failures import (
    GrafanaError,
    UnreachableError,
    WrongAnswerError,
    WrongRequestError,
    refusal,
    short,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from urllib.parse import SplitResult

    from requests import Response
    from urllib3 import ProxyManager

PATIENCE: Final = (3.0, 10.0)
"""In seconds: until there is a connection, and until the next piece of the answer. Our choices."""
RETRIES: Final = 2
PAUSE: Final = 0.3
"""In seconds, before the second repetition of a read; doubled for each further one. Our choice."""
PASSING: Final = frozenset({502, 503, 504})
"""What a gateway says while Grafana restarts. Source: RFC 9110, 15.6."""
TAKEN: Final = range(200, 300)
WANTS_PASSWORD: Final = 407
"""Source: RFC 9110, section 15.5.8."""
_TUNNEL: Final = re.compile(r"Tunnel connection failed: (\d{3})")
"""How http.client says with which status a proxy declines. Source: CPython 3.11, http/client.py, _tunnel."""
REDIRECTS: Final = range(300, 400)


class _AnsweredError(Exception):
    """Carries an answer that is none of what the library understands past it."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class Connection:
    """Sends one request at a time; the paths begin after `/api/`, and their parts are quoted by whoever asks."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        proxy: str = "",
        certificates: Sequence[Path] = (),
        patience: tuple[float, float] = PATIENCE,
    ) -> None:
        """Prepare to ask Grafana at *url* (with the path that it is served under), through *proxy* if one is named.

        What is on this machine is never asked through a proxy. *certificates* are files of authorities (PEM) to trust
        beside the system's. Nothing is read from the environment. Raises WrongRequestError, with the cure.
        """
        parts = _parts(url)
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            message = "the token holds characters that no token has, or is empty: give the token alone, in one line"
            raise WrongRequestError(message)
        self.where: Final = parts.netloc
        """Host and port, for a person."""
        self._token = token
        host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
        self._client = GrafanaClient(
            token, host=host, port=parts.port, url_path_prefix=parts.path.strip("/"), protocol=parts.scheme
        )
        self._client.custom_requests_params = {"timeout": patience, "allow_redirects": False}
        session = self._client.session
        session.trust_env = False
        session.headers["User-Agent"] = f"empreinte/{version('empreinte')}"
        session.hooks["response"] = [_look]
        if proxy and not _is_loopback(str(parts.hostname)):
            session.proxies = {"http": proxy, "https": proxy}
        session.mount(f"{parts.scheme}://", _Adapter(_context(certificates)))

    def ask(self, method: str, path: str, deed: str, payload: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Return Grafana's answer to *method* at *path*; the *payload* is the query of a GET, the body of the others.

        *deed* says what is asked for, after "will not": `save the dashboard x`. Raises UnreachableError,
        WrongAnswerError, RefusedError: each says what helps.
        """
        try:
            return self._client.make_raw_request(method, path, dict(payload or {}))
        except _AnsweredError as answered:
            self._complain(answered.response, deed)
        except exceptions.InvalidJSONError as error:
            message = f"what Grafana at {self.where} answers is broken off, or no JSON: do this again, or see its log"
            raise WrongAnswerError(message) from error
        except (exceptions.RequestException, OSError, ValueError) as error:
            # the library's own words may hold the password of a proxy
            raise UnreachableError(f"Grafana at {self.where} {_meaning(error)}") from None

    def close(self) -> None:
        """Let go of what is open."""
        self._client.session.close()

    def _complain(self, response: Response, deed: str) -> NoReturn:
        raise self._complaint(response, deed) from None

    def _complaint(self, response: Response, deed: str) -> GrafanaError:
        status = response.status_code
        if status in REDIRECTS:
            place = short(_without_secrets(response.headers.get("Location", "")), self._token)
            return WrongAnswerError(
                f"{self.where} does not answer, but redirects to {place or 'another place'} (status {status}): give the"
                " address of Grafana itself, with the path it is served under, past any login page"
            )
        if status in TAKEN:
            what = "a web page, such as a login page," if _is_page(response) else "something that is no JSON"
            return WrongAnswerError(
                f"{self.where} answers with {what} in place of Grafana's API: give the address of Grafana itself,"
                " past any login page"
            )
        return refusal(self.where, deed, status, _object(response), self._token)


class _Adapter(HTTPAdapter):
    """Trusts what *context* trusts; repeats what only reads, after a pause, where a gateway says that it will pass."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(
            max_retries=Retry(
                total=RETRIES,
                connect=0,
                read=1,
                redirect=0,
                other=0,
                allowed_methods={"GET"},
                status_forcelist=PASSING,
                backoff_factor=PAUSE,
                raise_on_status=False,
                respect_retry_after_header=False,
            )
        )

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as requests has it
        super().init_poolmanager(*args, **{**kwargs, "ssl_context": self._context})

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> ProxyManager:  # noqa: ANN401 - as requests has it
        made: ProxyManager = super().proxy_manager_for(proxy, **{**kwargs, "ssl_context": self._context})
        return made

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        """Return what the proxy knows us by, in UTF-8, which requests would not. Source: RFC 7617, sections 2, 2.1."""
        user, password = get_auth_from_url(proxy)
        if not user:
            return {}
        return {"Proxy-Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def _look(response: Response, *_: object, **__: object) -> None:
    """Let through to the library only what it understands: success, with JSON."""
    response.content  # noqa: B018 - reads it all, so that its connection is free again
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if response.status_code not in TAKEN or not kind.endswith("json"):
        raise _AnsweredError(response)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.query:
        message = "that is not the address of Grafana: write it as https://grafana.example.org, with no name in it"
        raise WrongRequestError(message)
    return parts


def _context(certificates: Sequence[Path]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for file in certificates:
        try:
            context.load_verify_locations(cafile=file)
        except OSError as error:  # ssl.SSLError is one
            message = f"{file} holds no certificates that can be read: give a file in PEM form"
            raise WrongRequestError(message) from error
    return context


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_page(response: Response) -> bool:
    return "html" in response.headers.get("Content-Type", "").lower() or response.content.lstrip()[:1] == b"<"


def _without_secrets(place: str) -> str:
    """Return host and path of the address *place*; empty where it is none."""
    try:
        parts = urlsplit(place)
    except ValueError:
        return ""
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}"


def _object(response: Response) -> Mapping[str, Any]:
    """Return what was said, where it is an object of JSON."""
    try:
        said = response.json()
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _reason(error: Exception) -> object:
    """Return what urllib3 gave up for; None where it is not told."""
    return getattr(error.args[0], "reason", None) if error.args else None


def _meaning_of_none(reason: object) -> str:
    """Return what it means that there is no connection, for the *reason* of urllib3."""
    match reason:
        case ReadTimeoutError():
            return "did not answer in time: see whether it is overloaded, then do this again"
        case NameResolutionError():
            return "has no address that is known here: check how its name is written"
        case NewConnectionError():
            return "can't be reached: start it, or check address and port"
    return "broke off the connection: see its log, then do this again"


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


def _meaning(error: Exception) -> str:
    """Return what *error* means, and what helps, in our words."""
    if (declined := _TUNNEL.search(str(error))) is not None:
        return _declined(int(declined[1]))
    match error:
        case exceptions.ProxyError():
            return "can't be reached, as the proxy does not answer: check network.proxy, and that the proxy runs"
        case exceptions.SSLError():
            return "shows a certificate that is not trusted: name the file of its authority in network.certificates"
        case exceptions.Timeout():
            return "did not answer in time: see whether it is overloaded, then do this again"
        case exceptions.ConnectionError():
            return _meaning_of_none(_reason(error))
    return "broke off its answer: see its log, then do this again"
