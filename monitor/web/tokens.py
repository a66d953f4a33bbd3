"""Who may send events: whoever has one of the tokens, and no more in a second than each is given."""

from __future__ import annotations

import hmac
import logging
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

SHORTEST: Final = 16
"""In characters: shorter ones can be guessed."""
MOST: Final = 64
LARGEST_FILE: Final = 64 * 1024
BURST: Final = 10
"""In seconds: so much of its rate a token may use at once."""
CURE: Final = "write one a line, as from `openssl rand -hex 32`"
_OTHERS_READ: Final = stat.S_IROTH


class TokenError(Exception):
    """The tokens can't be had. The text is one sentence, with the cure; it holds no token."""


def tokens_of(path: Path, key: str = "intake.token_file") -> tuple[bytes, ...]:
    """Return the tokens in the file at *path*, one a line; empty lines and those that begin with # are none.

    *key* is where the configuration names it.

    Raises TokenError where it can't be read, holds none, or one that can be guessed.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
            mode = path.stat().st_mode
    except OSError as error:
        raise TokenError(f"{path} can't be read ({error.strerror}): see {key}") from error
    lines = [line.strip() for line in content.splitlines()]
    tokens = tuple(line for line in lines if line and not line.startswith(b"#"))
    if not tokens or len(tokens) > MOST or len(content) > LARGEST_FILE:
        raise TokenError(f"{path} holds no token, or too much: {CURE}")
    if any(len(token) < SHORTEST or not token.isascii() or b" " in token for token in tokens):
        raise TokenError(f"a token in {path} has a space, or less than {SHORTEST} characters: {CURE}")
    if mode & _OTHERS_READ:
        log.warning("%s can be read by every user of this machine: chmod 600 it", path)
    return tokens


@dataclass(slots=True)
class Allowance:
    """How many events one token may still send. It refills with time, up to what BURST seconds give."""

    rate: int
    """In a second."""
    left: float = field(init=False)
    at: float | None = None
    """When it was last looked at, in seconds of a clock that is never set."""

    def __post_init__(self) -> None:
        """Begin full."""
        self.left = float(self.rate * BURST)

    def wait(self, now: float) -> float:
        """Return how many seconds are to be waited for the next request; 0: none."""
        passed = 0.0 if self.at is None else max(0.0, now - self.at)
        self.left = min(float(self.rate * BURST), self.left + passed * self.rate)
        self.at = now
        return 0.0 if self.left >= 1 else (1 - self.left) / self.rate

    def spend(self, events: int) -> None:
        """Take *events* from it: what one request brings is taken, and may have to be waited for before the next."""
        self.left -= max(1, events)


class Gate:
    """Knows the tokens, and what each may still send."""

    def __init__(self, tokens: tuple[bytes, ...], rate: int) -> None:
        self._allowances = {token: Allowance(rate) for token in tokens}

    def allowance(self, authorization: str) -> Allowance | None:
        """Return that of the token in *authorization*, a header field; None: it holds none of ours.

        It takes as long whichever token it is, and however much of one is right.
        """
        scheme, _, offered = authorization.partition(" ")
        given = offered.strip().encode("utf-8", "replace") if scheme.lower() == "bearer" else b""
        found = None
        for token, allowance in self._allowances.items():
            if hmac.compare_digest(token, given):
                found = allowance
        return found
