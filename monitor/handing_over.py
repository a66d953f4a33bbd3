"""What virtual machines are told of their energy, put together: by which ways, and from whose books."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.handoff import HandOff
from monitor.web.server import serve_guests
from monitor.web.tokens import tokens_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import ExitStack

    from monitor.config import Config
    from monitor.core.entries import Gap, OpenBooks
    from monitor.ledger.store import Ledger
    from monitor.machine import Machine

    Committed = Callable[[OpenBooks, Sequence[Gap]], None]
    """Is given what was committed: books and gaps."""


def handing_over(config: Config, machine: Machine, ledger: Ledger, stack: ExitStack) -> Committed:
    """Return what tells the guests of what was committed to *ledger*; what is made up is told to none.

    The address for them is served until *stack* ends. Raises TokenError where a token can't be had, WebError where the
    address can't: one sentence, with the cure.
    """
    table = config.handoff
    if not table.guests or machine.simulated:
        return lambda _, __: None
    desk = HandOff([guest.service for guest in table.guests], table.directory, config.paths.state, ledger.load())
    if table.listen is not None:
        tokens = {
            guest.service: tokens_of(guest.token_file, "handoff.guest.token_file")
            for guest in table.guests
            if guest.token_file is not None
        }
        stack.enter_context(serve_guests(desk.told, tokens, table.listen, insecure=table.insecure))
    return desk.commit
