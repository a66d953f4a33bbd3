"""Proof of who asks that shows no password to who listens: digest access authentication.

Source: RFC 7616, HTTP Digest Access Authentication, sections 3.3 and 3.4.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from urllib.request import parse_http_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KNOWN: Final = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}
"""The algorithms that are answered, the stronger first; those of a session (`-sess`) are not."""
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9-]*) +(.*)", re.DOTALL)


class Digest:
    """What *user* with *password* answers to a server that wants proof; one nonce is used until it is refused."""

    def __init__(self, user: str, password: str) -> None:
        self._user = user
        self._password = password
        self._challenge: Mapping[str, str] = {}
        self._count = 0

    def challenged(self, header: str) -> bool:
        """Take in what the server asks by *header* (WWW-Authenticate), and return whether it can be answered."""
        usable = [one for one in _challenges(header) if _is_usable(one)]
        order = list(KNOWN)
        self._challenge = min(usable, key=lambda one: order.index(_algorithm(one)), default={})
        self._count = 0
        return bool(self._challenge)

    def proof(self, method: str, url: str) -> str:
        """Return the header (Authorization) that goes with a request; empty where the server has not asked yet."""
        asked = self._challenge
        if not asked:
            return ""
        parts = urlsplit(url)
        uri = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        self._count += 1
        count, own = f"{self._count:08x}", secrets.token_hex(16)
        algorithm = _algorithm(asked)
        who = _hashed(algorithm, f"{self._user}:{asked['realm']}:{self._password}")
        what = _hashed(algorithm, f"{method}:{uri}")
        answer = _hashed(algorithm, f"{who}:{asked['nonce']}:{count}:{own}:auth:{what}")
        opaque = f', opaque="{asked["opaque"]}"' if "opaque" in asked else ""
        return (
            f'Digest username="{_quoted(self._user)}", realm="{asked["realm"]}", nonce="{asked["nonce"]}", '
            f'uri="{uri}", algorithm={algorithm}, response="{answer}", qop=auth, nc={count}, cnonce="{own}"{opaque}'
        )


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _hashed(algorithm: str, text: str) -> str:
    return KNOWN[algorithm](text.encode()).hexdigest()


def _algorithm(challenge: Mapping[str, str]) -> str:
    return challenge.get("algorithm", "MD5").upper()


def _is_usable(challenge: Mapping[str, str]) -> bool:
    said = "".join(challenge.values())
    offered = [one.strip().lower() for one in challenge.get("qop", "").split(",")]
    whole = "realm" in challenge and challenge.get("nonce", "") != ""
    safe = said.isprintable() and said.isascii() and '"' not in said and "\\" not in said
    return whole and safe and "auth" in offered and _algorithm(challenge) in KNOWN


def _challenges(header: str) -> Iterator[dict[str, str]]:
    """Yield the parameters of each challenge of the scheme Digest in *header*, which may hold several."""
    found: dict[str, str] | None = None
    for item in parse_http_list(header):
        begun = _SCHEME.fullmatch(item.strip())
        if begun is not None and "=" not in begun[1]:
            if found is not None:
                yield found
            found = {} if begun[1].lower() == "digest" else None
            item = begun[2]  # noqa: PLW2901 - what follows the scheme is its first parameter
        name, _, value = item.strip().partition("=")
        if found is not None:
            found[name.strip().lower()] = value.strip().strip('"')
    if found is not None:
        yield found
