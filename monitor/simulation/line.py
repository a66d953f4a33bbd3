"""A cumulative quantity whose rate is constant between two turns: exact, in integers, at any moment."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final, NamedTuple


class _Piece(NamedTuple):
    since: int
    total: int
    rate: int


FOREVER: Final = 1 << 62
"""For a line that forgets nothing."""


class Line:
    """A quantity that starts from zero and grows by `rate` for each nanosecond.

    How the time is cut into steps does not change it. It can be asked about the past, as far as it *remembers* (ns).
    """

    __slots__ = ("_begun", "_past", "_remembers", "_since", "_total", "rate")

    def __init__(self, since: int = 0, *, remembers: int = 0) -> None:
        self.rate = 0
        self._begun = since
        self._since = since
        self._total = 0
        self._remembers = remembers
        self._past: list[_Piece] = []

    def at(self, time: int) -> int:
        """Return the quantity at *time*. Raises LookupError where that is longer ago than the line remembers."""
        if time >= self._since:
            return self._total + self.rate * (time - self._since)
        if time <= self._begun:
            return 0
        index = bisect_right(self._past, time, key=_since)
        if index == 0:
            message = f"the line remembers nothing of {time}"
            raise LookupError(message)
        piece = self._past[index - 1]
        return piece.total + piece.rate * (time - piece.since)

    def turn(self, time: int, rate: int) -> None:
        """Go on at *rate* from *time* on."""
        if rate == self.rate:
            return
        if self._remembers and time > self._since:
            self._past.append(_Piece(self._since, self._total, self.rate))
            while len(self._past) > 1 and self._past[1].since < time - self._remembers:
                del self._past[0]
        self._total += self.rate * (time - self._since)
        self._since = time
        self.rate = rate


def _since(piece: _Piece) -> int:
    return piece.since
