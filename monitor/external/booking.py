"""What events tell of bought services, into the ledger: in the order in which they came, and once.

The ledger keeps how far it has them, in the commit of what they add up to. What their tokens are reckoned with is found
out on a thread of its own: nobody waits for it.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Protocol

from monitor.external.bases import rule_of
from monitor.external.counting import amounts_of_events
from monitor.intake.spool import Cursor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from monitor.core.activity import Taken
    from monitor.core.external import Basis, ExternalAmount, ExternalRule
    from monitor.core.units import Duration
    from monitor.external.bases import Bases
    from monitor.intake.spool import Spool

    Found = Mapping[tuple[ExternalRule, str], Basis]

log = logging.getLogger(__name__)


class Books(Protocol):
    """The part of the ledger that keeps bought services."""

    def add_external(self, amounts: Iterable[ExternalAmount], *, stream: str, through: int) -> bool:
        """Add *amounts*, with how far the *stream* is in them; False: they are in already."""
        ...

    def external_mark(self, stream: str) -> int:
        """Return how far the *stream* is in."""
        ...


class Booking:
    """Takes events of bought services over. One thread uses it."""

    def __init__(self, spool: Spool, books: Books, rules: Sequence[ExternalRule], bases: Bases, hour: Duration) -> None:
        """Book by the *hour*, the ledger's closed grain."""
        self._spool = spool
        self._books = books
        self._rules = rules
        self._bases = bases
        self._hour = hour
        self._done: int | None = None
        """Up to which number events are in the ledger; None: it has to be asked."""
        self._under_way: tuple[Taken, Future[Found]] | None = None

    def book(self) -> int:
        """Book what is known by now; return up to which number all events are in the ledger.

        Raises SpoolError, and what the books raise: nothing is lost, and it is done at a later call.
        """
        stream = self._spool.standing.identity
        if self._done is None:
            self._done, self._under_way = self._books.external_mark(stream), None
        if self._under_way is None:
            taken = self._spool.take(Cursor(stream, self._done), self._hour, bought=True)
            if not taken.sums:
                self._done = Cursor.of(taken.cursor).number
                return self._done
            self._under_way = taken, self._ask(taken)
        taken, asked = self._under_way
        if not asked.done():
            return self._done
        if (error := asked.exception()) is not None:
            log.error("what bought services are reckoned with can't be found: %r; it is tried again", error)
            self._under_way = None
            return self._done
        through, before = Cursor.of(taken.cursor).number, self._done
        self._done = None  # where the answer is lost, the ledger is asked how far it is
        amounts = amounts_of_events(taken.sums, self._rules, asked.result(), self._hour)
        self._books.add_external(amounts, stream=stream, through=through)
        self._done, self._under_way = max(through, before), None
        return self._done

    def _ask(self, taken: Taken) -> Future[Found]:
        told = [(rule_of(self._rules, one.series.model, one.series.consumer), one.series.model) for one in taken.sums]
        wanted = dict.fromkeys((rule, model) for rule, model in told if rule is not None)
        answer: Future[Found] = Future()

        def work() -> None:
            try:
                answer.set_result(self._bases.of(wanted))
            except BaseException as error:  # noqa: BLE001 - whoever asked is told, whatever it was
                answer.set_exception(error)

        threading.Thread(target=work, name="bases", daemon=True).start()
        return answer
