"""`python -m tests.contract.committer URL SEED`: a daemon that commits as fast as it can, and says what it has done.

For each commit that was acknowledged, one line: its number and the microjoules that were booked in all.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from monitor.core.interval import Stamp
from monitor.ledger.store import Ledger
from tests.contract.bookkeeping import PARIS, START, Bookkeeping

if TYPE_CHECKING:
    from monitor.core.entries import OpenBooks


def main(url: str, seed: int) -> None:
    """Commit until killed."""
    with Ledger.open(url, host="ia-01", timezone=PARIS, now=Stamp(START, 0)) as ledger:
        opening = ledger.load()
        start = opening.at.wall if opening else START
        keeping = Bookkeeping(start=start, opening=opening, seed=seed)
        while True:
            commit = keeping.tick(601)
            number = commit.to(ledger)
            print(number, total(commit.books), flush=True)  # noqa: T201 - this is how it speaks


def total(books: OpenBooks) -> int:
    """Return all that was ever measured, in microjoules."""
    return sum(energy.microjoules for energy in books.measured.values())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
