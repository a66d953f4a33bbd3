"""Which virtual machines are told of their energy, and how, as the file says it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

from monitor.config import values
from monitor.config.tables import Faults, Key, read_table, read_tables
from monitor.config.values import Listen


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestTable:
    """A virtual machine that is told of its energy: `[[handoff.guest]]`."""

    service: Annotated[
        str, Key("Key of the `[[service]]` that it is, as this host sees it.", values.service_key, '"assistant"')
    ]
    token_file: Annotated[
        Path | None,
        Key(
            "File with the token by which it is known over HTTP, which only the daemon's user can read.",
            values.absolute_path,
            '"/etc/empreinte/vm-1.token"',
            unset="it is told by its directory alone",
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffTable:
    """What the virtual machines on this host are told of their energy: docs/virtual-machines.md."""

    directory: Annotated[
        Path | None,
        Key(
            "Where each has a directory of its own, to be shared with it, read-only.",
            values.absolute_path,
            '"/run/empreinte/handoff"',
            unset="nothing is written for them",
        ),
    ] = None
    listen: Annotated[
        Listen | None,
        Key(
            "Address and port at which they are told, and nothing else is: on the network between host and guests.",
            values.listen,
            '"127.0.0.1:21032"',
            unset="they are not told over HTTP",
        ),
    ] = None
    insecure: Annotated[
        bool, Key("Whether tokens and figures may go over that network with no encryption.", values.flag, "false")
    ] = False
    guests: tuple[GuestTable, ...] = ()


def read_handoff(
    table: object, services: Collection[str], faults: Faults, later: Mapping[str, str]
) -> HandoffTable | None:
    """Return what `[handoff]` says; None where anything in it is wrong. *services*: the keys of all."""
    rest = {name: value for name, value in table.items() if name != "guest"} if isinstance(table, dict) else table
    read = read_table(HandoffTable, rest, "handoff", faults, later)
    if read is None or not isinstance(table, dict):
        return None
    guests = read_tables(GuestTable, table.get("guest", []), "handoff.guest", faults, later)
    _check_guests(guests, services, faults)
    made = replace(read, guests=tuple(guest for _, guest in guests))
    _check_ways(made, faults)
    return made


def _check_guests(guests: list[tuple[str, GuestTable]], services: Collection[str], faults: Faults) -> None:
    seen: dict[str, str] = {}
    for path, guest in guests:
        if seen.setdefault(guest.service, path) != path:
            faults.note(f"{path}.service", f"{guest.service!r} is already the guest at {seen[guest.service]}")
        if guest.service not in services:
            close = get_close_matches(guest.service, services, n=1)
            what = f"there is no service {guest.service!r}: say in a [[service]] how the machine is recognised"
            faults.note(f"{path}.service", what, f'"{close[0]}"' if close else "")


def _check_ways(table: HandoffTable, faults: Faults) -> None:
    told = table.directory is not None or table.listen is not None
    if told and not table.guests:
        faults.note("handoff", "who is to be told? There is no [[handoff.guest]]", "[[handoff.guest]]")
    if table.guests and not told:
        faults.note("handoff.directory", "how are the guests to be told?", 'directory = "/run/empreinte/handoff"')
    has_token = any(guest.token_file for guest in table.guests)
    if table.listen is not None and table.guests and not has_token:
        faults.note("handoff.listen", "no guest has a token_file, so that nobody could be told there")
    if has_token and table.listen is None and told:
        faults.note("handoff.listen", "a guest has a token, and nothing listens", 'listen = "127.0.0.1:21032"')
    if table.listen is not None and not table.listen.is_loopback and not table.insecure:
        what = f"{table.listen} goes over a network, with no encryption: add insecure = true where it is the host's own"
        faults.note("handoff.listen", what, f'"127.0.0.1:{table.listen.port}"')
