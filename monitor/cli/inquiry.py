"""Ask the daemon that runs here how it is: one request to its own address, through no proxy."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from monitor.config import Listen

PATH: Final = "/api/v1/status"
SECONDS: Final = 3.0
"""How long it may take to answer: it has the answer ready."""
LARGEST: Final = 8 << 20
EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what it listens on; asked is this machine
STARTING: Final = 503
"""It answers, and has measured nothing yet. Source: docs/http.md."""


class StartingError(Exception):
    """A daemon runs, and has measured nothing yet."""


def answers(listen: Listen) -> bool:
    """Return whether a daemon answers at *listen*."""
    try:
        return ask(listen) is not None
    except StartingError:
        return True


def ask(listen: Listen) -> dict[str, Any] | None:
    """Return the status as the daemon at *listen* tells it; None where no daemon answers there.

    Raises StartingError where it has measured nothing yet.
    """
    connection = http.client.HTTPConnection(
        EVERYWHERE.get(listen.address, listen.address), listen.port, timeout=SECONDS
    )
    try:
        connection.request("GET", PATH, headers={"accept": "application/json"})
        response = connection.getresponse()
        status = json.loads(response.read(LARGEST))
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    if not isinstance(status, dict):
        return None
    if response.status == STARTING and "error" in status:
        raise StartingError(str(status["error"]))
    return status if "consumers" in status and "periods" in status else None
