"""Send one event to one address, within limits, and say what became of it.

Redirects are not followed: who is told is who is configured. Of the answer nothing is read but its status. The
signature is that of Standard Webhooks: HMAC-SHA256 of `id.timestamp.body`.
Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md; CloudEvents, http-webhook.md.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from monitor.adapters.connections import asked_pause, meaning_of, pool_to
from monitor.collector import Outgoing, Unavailable
from monitor.core.cloudevent import CONTENT_TYPE
from monitor.core.delivery import ACCEPTED, UNACCEPTABLE, Accepted, Failed
from monitor.core.units import NANOSECONDS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from urllib3 import PoolManager

    from monitor.config import NotifyTable
    from monitor.notify.outbox import Letter

PREFIX: Final = "whsec_"
"""How a secret begins that is written in base64. Source: Standard Webhooks, signature scheme."""
SHORTEST_SECRET: Final = 16
"""In bytes. Our choice: shorter ones can be guessed."""
CONNECT: Final = 5.0
ANSWER: Final = 10.0
"""In seconds: until there is a connection, and until the answer begins. Our choices."""
REDIRECTS: Final = range(300, 400)


class SecretError(Exception):
    """The secret can't be had. The text is one sentence, with the cure."""


class Poster:
    """Sends to one address. Between two events nothing stays open; secret and certificates are read for each."""

    def __init__(
        self,
        table: NotifyTable,
        outgoing: Outgoing | None = None,
        *,
        connect: float = CONNECT,
        answer: float = ANSWER,
    ) -> None:
        self._table = table
        self._outgoing = outgoing or Outgoing()
        self._parts = urlsplit(table.url)
        self._connect = connect
        self._answer = answer

    def post(self, letter: Letter, now: int) -> Accepted | Failed:
        """Send *letter* as of *now* (ns since the epoch)."""
        body = letter.body.encode()
        timestamp = str(now // NANOSECONDS_PER_SECOND)
        headers = {"webhook-id": letter.id, "webhook-timestamp": timestamp}
        try:
            if self._table.secret_file is not None:
                secret = secret_in(self._table.secret_file)
                headers["webhook-signature"] = signature(secret, letter.id, timestamp, body)
            pool = pool_to(self._parts, self._outgoing, _headers(headers), certificates=self._table.certificates)
        except SecretError as error:
            return Failed(str(error))
        except Unavailable as error:
            return Failed(f"{error.what}: {error.cure}")
        return self._sent(pool, body)

    def _sent(self, pool: PoolManager, body: bytes) -> Accepted | Failed:
        from urllib3 import Timeout, exceptions  # noqa: PLC0415 - slow to load, and most hosts never need it

        timeout = Timeout(connect=self._connect, read=self._answer)
        try:
            response = pool.request(
                "POST",
                self._table.url,
                body=body,
                timeout=timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            response.close()
        except exceptions.HTTPError as error:
            return Failed(f"{self._parts.hostname} {meaning_of(error)}")
        except (OSError, ValueError):
            return Failed(f"{self._parts.hostname} broke off its answer")
        finally:
            pool.clear()
        return _outcome(str(self._parts.hostname), response.status, response.headers)


def signature(secret: bytes, identifier: str, timestamp: str, body: bytes) -> str:
    """Return what signs *body*, the event *identifier*, as sent at *timestamp* (seconds since the epoch)."""
    signed = b".".join((identifier.encode(), timestamp.encode(), body))
    return f"v1,{base64.b64encode(hmac.digest(secret, signed, 'sha256')).decode()}"


def secret_in(file: Path) -> bytes:
    """Return the secret that *file* holds now: what follows `whsec_` is base64, else it is taken as it is.

    Raises SecretError where it can't be read, or is too short.
    """
    try:
        text = file.read_text(encoding="utf-8").strip()
        secret = base64.b64decode(text[len(PREFIX) :], validate=True) if text.startswith(PREFIX) else text.encode()
    except OSError as error:
        message = f"{file} can't be read ({error.strerror}): make it, and let the daemon's user alone read it"
        raise SecretError(message) from error
    except (UnicodeDecodeError, binascii.Error) as error:
        message = f"{file} holds no secret that can be read: give it as text, or as {PREFIX} and base64"
        raise SecretError(message) from error
    if len(secret) < SHORTEST_SECRET:
        message = f"the secret in {file} is shorter than {SHORTEST_SECRET} bytes: make one with `openssl rand -hex 32`"
        raise SecretError(message)
    return secret


def _headers(further: Mapping[str, str]) -> dict[str, str]:
    from importlib.metadata import version  # noqa: PLC0415 - as above

    return {"User-Agent": f"empreinte/{version('empreinte')}", "Content-Type": CONTENT_TYPE, **further}


def _outcome(host: str, status: int, headers: Mapping[str, str]) -> Accepted | Failed:
    if status in ACCEPTED:
        return Accepted()
    if status in REDIRECTS:
        return Failed(f"{host} redirects (status {status}), which is not followed: configure where it leads to")
    return Failed(f"{host} answers with status {status}", status in UNACCEPTABLE, asked_pause(headers))
