"""Events from outside, put together: who takes them in, and who gives them to the books. Loaded only where they are."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from monitor.external.bases import Bases
from monitor.external.booking import Booking
from monitor.factors.studies import shipped_studies
from monitor.intake.feed import Feed
from monitor.intake.matching import owners_of
from monitor.intake.spool import FILE, Spool
from monitor.intake.store import Batch
from monitor.web.intake import Intake

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from monitor.config import Config
    from monitor.ledger.store import Ledger
    from monitor.machine import Machine


def take_in(
    config: Config, machine: Machine, ledger: Ledger, token_file: Path | None, stack: ExitStack
) -> tuple[Intake | None, Feed]:
    """Return who takes in what comes with a token of *token_file*, and who gives it to the books of *ledger*.

    Without such a file nobody is let in, and only what the machine's own applications send is taken.
    The file of events is closed with *stack*. Raises SpoolError where it can't be had, TokenError where the tokens
    can't: one sentence, with the cure.
    """

    def now() -> int:
        return machine.clock.stamp().wall

    owners = owners_of((*config.services, *machine.rules), config.external_rules)
    place = machine.events or config.paths.state
    spool = stack.enter_context(Spool(place / FILE, owners, now, config.intake.retention))
    if machine.applications is not None:
        machine.applications.send_to(lambda events: _submit(spool, Batch(events, (), now())))
    intake = None
    if token_file is not None:
        intake = Intake(spool, token_file, config.intake.events_per_second, now, time.monotonic)
    if not config.external_rules:
        return intake, Feed(spool, ledger.grain)
    booking = Booking(spool, ledger, config.external_rules, Bases(shipped_studies()), ledger.grain)
    return intake, Feed(spool, ledger.grain, booking.book)


def _submit(spool: Spool, batch: Batch) -> None:
    """Have *batch* written, and don't wait for it."""
    spool.submit(batch)
