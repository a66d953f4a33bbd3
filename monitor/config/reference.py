"""The configuration explained: an example file, the values in force with their origin, and the reference in docs/."""

from __future__ import annotations

import dataclasses
import textwrap
from dataclasses import MISSING
from typing import TYPE_CHECKING, Any, Final, TypeVar

from monitor.config.activity import ActivityTable
from monitor.config.commitments import ActionTable, CommitmentTable
from monitor.config.contracts import ClauseTable, ContractTable
from monitor.config.external import DeclaredTable
from monitor.config.file import DEFAULT
from monitor.config.handoff import GuestTable, HandoffTable
from monitor.config.impact_tables import MarketTable
from monitor.config.intake import EventsTable
from monitor.config.model import LATER, LISTS, TABLES
from monitor.config.notify import NotifyTable, without_path
from monitor.config.procurement import ContractEventTable, DeclarationTable, ProcurementTable
from monitor.config.services import MatchTable, ServiceTable
from monitor.config.tables import Key, keys_of
from monitor.config.values import toml_text, without_password

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from monitor.config.model import Config
    from monitor.core.services import ServiceRule

Record = TypeVar("Record")
WIDTH: Final = 100

_HEAD: Final = """\
# Empreinte: configuration. Nothing in here is needed: take the # away from what you want to change.
# Quantities carry their unit. Check the file with `empreinte config check`.
"""


def example() -> str:
    """Return a file with every key, its meaning and a value, all of it commented out: it loads, and changes nothing."""
    parts = [_HEAD, *(_example_table(f"[{name}]", record) for name, record in TABLES.items())]
    parts.append(_example_table("[handoff]", HandoffTable))
    parts += [_example_table(f"[[{name}]]", record, commented_header=True) for name, record in LISTS.items()]
    parts.append(_example_table("[[handoff.guest]]", GuestTable, commented_header=True))
    parts.append(_example_table("[[contract]]", ContractTable, commented_header=True))
    parts.append(_example_table("[[contract.clause]]", ClauseTable, commented_header=True))
    parts.append(_example_table("[[contract.declaration]]", DeclarationTable, commented_header=True))
    parts.append(_example_table("[[contract.event]]", ContractEventTable, commented_header=True))
    parts.append(_example_table("[[commitment]]", CommitmentTable, commented_header=True))
    parts.append(_example_table("[[commitment.action]]", ActionTable, commented_header=True))
    parts.append(_example_table("[[service]]", ServiceTable, commented_header=True))
    match = next(key.example for name, key in keys_of(MatchTable) if name == "systemd")
    others = ", ".join(name for name, _ in keys_of(MatchTable) if name != "systemd")
    parts[-1] += f"# How it is recognised: by one of systemd, {others}.\n# match = {{ systemd = {match} }}\n"
    return "\n".join(parts)


def shown(config: Config) -> Iterator[tuple[str, str, str]]:
    """Yield (path, value as TOML, origin) of all in force. Passwords, and paths that may be secret, are hidden."""
    for table in TABLES:
        record = getattr(config, table)
        for name, key in keys_of(type(record)):
            value = getattr(record, name)
            path = f"{table}.{name}"
            written = key.written(without_password(value) if path == "ledger.url" else value)
            yield path, f"({key.unset})" if value in (None, "") else written, config.origins.get(path, DEFAULT)
    several = (
        ("site", config.sites),
        ("tariff", config.tariffs),
        ("asset", config.assets),
        ("meter", config.meters),
        ("external", config.externals),
        ("budget", config.budget_tables),
        ("bill", config.bill_tables),
        ("notify", config.webhooks),
    )
    for name, records in several:
        for index, record in enumerate(records):
            yield from _shown_record(f"{name}[{index}]", record, config.origins)
    yield from _shown_tree("handoff", config.handoff, {"guest": config.handoff.guests}, config.origins)
    for contract, path in _with_paths("contract", config.contract_tables):
        below = {"clause": contract.clauses, "declaration": contract.declared, "event": contract.events}
        yield from _shown_tree(path, contract, below, config.origins)
    for commitment, path in _with_paths("commitment", config.commitment_tables):
        yield from _shown_tree(path, commitment, {"action": commitment.actions}, config.origins)
    for index, rule in enumerate(config.services):
        yield from _shown_service(f"service[{index}]", rule, config.origins)


def reference() -> str:
    """Return the reference of the configuration, as Markdown: docs/configuration.md."""
    parts = [_INTRODUCTION, *(_section(f"[{name}]", record) for name, record in TABLES.items())]
    parts += [_section(f"[[{name}]]", record) for name, record in LISTS.items()]
    parts += [_section("[handoff]", HandoffTable), _section("[[handoff.guest]]", GuestTable)]
    parts += [_section("[[contract]]", ContractTable), _section("[[contract.clause]]", ClauseTable)]
    parts += [_section("[contract.procurement]", ProcurementTable)]
    parts += [
        _section("[[contract.declaration]]", DeclarationTable),
        _section("[[contract.event]]", ContractEventTable),
    ]
    parts += [_section("[[commitment]]", CommitmentTable), _section("[[commitment.action]]", ActionTable)]
    parts += [_section("market = { … }", MarketTable), _section("declared = { … }", DeclaredTable)]
    parts += [_section("[[service]]", ServiceTable), _section("match = { … }", MatchTable)]
    parts += [_section("activity = { … }", ActivityTable), _section("events = { … }", EventsTable), _LATER_SECTION]
    parts.append("\n".join(f"- `{path}`: {what}" for path, what in LATER.items()) + "\n")
    return "\n".join(parts)


def _shown_service(path: str, rule: ServiceRule, origins: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    facts = {name: getattr(rule.facts, name, None) for name, _ in keys_of(ServiceTable)}
    match = {f"match.{name}": getattr(rule.match, name) for name, _ in keys_of(MatchTable)}
    page = {f"activity.{name}": getattr(rule.activity, name, None) for name, _ in keys_of(ActivityTable)}
    events = {f"events.{name}": getattr(rule.events, name, None) for name, _ in keys_of(EventsTable)}
    for name, value in (facts | match | page | events).items():
        if value not in (None, "", ()):
            yield f"{path}.{name}", toml_text(value), origins.get(f"{path}.{name}", DEFAULT)


def _shown_record(path: str, record: object, origins: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for name, key in keys_of(type(record)):
        value = getattr(record, name)
        if value not in (None, "", ()):
            secret = isinstance(record, NotifyTable) and name == "url"
            written = key.written(without_path(value) if secret else value)
            yield f"{path}.{name}", written, origins.get(f"{path}.{name}", DEFAULT)


def _shown_tree(
    path: str, record: object, inner: Mapping[str, Sequence[object]], origins: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    """Yield what a table says, and the tables in it."""
    yield from _shown_record(path, record, origins)
    for name, records in inner.items():
        for one, below in _with_paths(f"{path}.{name}", records):
            yield from _shown_record(below, one, origins)


def _with_paths(name: str, records: Sequence[Record]) -> Iterator[tuple[Record, str]]:
    return ((record, f"{name}[{index}]") for index, record in enumerate(records))


def _example_table(header: str, record: type[Any], *, commented_header: bool = False) -> str:
    lines = [f"# {record.__doc__}", f"# {header}" if commented_header else header]
    for name, key in keys_of(record):
        lines += textwrap.wrap(key.says, WIDTH, initial_indent="# ", subsequent_indent="# ")
        lines.append(f"# or {name} = {key.example}" if key.alternative else f"# {name} = {key.example}")
    return "\n".join(lines) + "\n"


def _section(title: str, record: type[Any]) -> str:
    rows = [
        f"| `{name}` | {key.says} | {_default(record, name, key)} | `{key.example}` |" for name, key in keys_of(record)
    ]
    head = f"## {title}\n\n{record.__doc__}\n\n| key | meaning | without it | example |\n|---|---|---|---|\n"
    return head + "\n".join(rows) + "\n"


def _default(record: type[Any], name: str, key: Key) -> str:
    if key.unset:
        return key.unset
    one = next(one for one in dataclasses.fields(record) if one.name == name)
    if one.default is MISSING:
        return "needed"
    return "not used" if one.default in (None, "") else f"`{key.written(one.default)}`"


_INTRODUCTION: Final = """\
# Configuration

This page is made from the program (`make docs`); a test fails where it is stale.

Empreinte needs no configuration. What it reads is one TOML file: the one named with `--config`, else by
`$EMPREINTE_CONFIG`, else `/etc/empreinte/empreinte.toml`, else none.
`empreinte config example` prints a file to begin with, `empreinte config check` says everything that is wrong with one,
`empreinte config show` prints every value in force and where it comes from.

The reading is strict: an unknown key, a number without its unit where one is needed, or a value that can't be is
refused, with the line, the path of the key and what to write instead. All faults are told at once, and nothing starts.

Quantities are text, a number and a unit: durations in `ms`, `s`, `min`, `h`, `d`; power in `mW`, `W`, `kW`; memory in
`B`, `kB`, `KiB`, `MB`, `MiB`, `GB`, `GiB`, `TB`, `TiB`; carbon intensity in `g/kWh`, `kg/kWh`; water in `L/kWh`; prices
in `EUR/kWh`, `EUR/MWh`; embodied impacts in `kgCO2e` and `kgSbe`; lifetimes in `years`; capacities, as they are sold,
in `GB`, `TB`; the limits of budgets in `Wh`, `kWh`, `MWh`, `gCO2e`, `kgCO2e`, `tCO2e`, `L`, `m3`, `EUR`, `€`; the
thresholds of clauses and the targets of commitments also in `mWh`, `J`, `mgCO2e`, `mL`, `%`, `g/kWh`, `L/kWh`; what was
billed in `kWh`, `MWh`. Decimals follow a point.
Days are year-month-day, without quotes.

A password has no place in this file: for PostgreSQL, put it in a `.pgpass` file that only the daemon's user can read.
"""
_LATER_SECTION: Final = """\
## Keys of later versions

These keys are known, and refused: a key that is taken and does nothing would be a silent lie.
"""
