"""A door that opens to who proves by digest that he knows the password."""

from __future__ import annotations

import hashlib
from itertools import count
from typing import TYPE_CHECKING, Final

from requests.utils import parse_dict_header

from tests.parts.grid import Reply

if TYPE_CHECKING:
    from tests.parts.grid import Asked

REALM: Final = "shellyplus1pm-a8032ab12345"


class DigestDoor:
    """Lets *user* with *password* through, who has to answer by *algorithm*; each count of a nonce is good once."""

    def __init__(self, user: str, password: str, algorithm: str) -> None:
        self._user = user
        self._password = password
        self._algorithm = algorithm
        self._nonces = (f"{1_625_038_762 + number}" for number in count())
        self._nonce = next(self._nonces)
        self._used: set[str] = set()

    def change_nonce(self) -> None:
        """Forget the nonce that was given out, as after a restart."""
        self._nonce = next(self._nonces)
        self._used.clear()

    def opened(self, asked: Asked, beyond: Reply) -> Reply:
        """Return *beyond* to who proves who he is, and what to prove to everybody else."""
        if self._knows(asked):
            return beyond
        self.change_nonce()
        said = f'Digest qop="auth", realm="{REALM}", nonce="{self._nonce}", algorithm={self._algorithm}'
        return Reply(status=401, headers={"WWW-Authenticate": said})

    def _knows(self, asked: Asked) -> bool:
        header = asked.headers.get("Authorization", "")
        if not header.startswith("Digest "):
            return False
        told = parse_dict_header(header.removeprefix("Digest "))  # type: ignore[no-untyped-call] # requests has no types
        fresh = told.get("nonce") == self._nonce and told.get("nc") not in self._used
        self._used.add(told.get("nc", ""))
        return fresh and told.get("uri") == asked.target and told.get("response") == self._response(told, asked.target)

    def _response(self, told: dict[str, str], target: str) -> str:
        """Return the answer that is due. Source: RFC 7616, sections 3.4.1 to 3.4.3."""

        def hashed(*parts: str) -> str:
            return hashlib.new(self._algorithm.replace("-", ""), ":".join(parts).encode()).hexdigest()

        secret = hashed(self._user, REALM, self._password)
        return hashed(
            secret, self._nonce, told.get("nc", ""), told.get("cnonce", ""), told.get("qop", ""), hashed("GET", target)
        )
