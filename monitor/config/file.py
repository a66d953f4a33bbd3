"""Find the configuration file, read it, and say everything that is wrong with it at once."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from monitor.config import impacts
from monitor.config.activity import page_rule
from monitor.config.bills import check_bills
from monitor.config.budgets import completed_budgets
from monitor.config.commitments import check_commitments, read_commitments
from monitor.config.contracts import check_contracts, read_contracts
from monitor.config.email import check_email
from monitor.config.external import check_externals
from monitor.config.grafana import check_grafana
from monitor.config.handoff import HandoffTable, read_handoff
from monitor.config.intake import event_rule
from monitor.config.inventory import further_assets
from monitor.config.meters import check_meters
from monitor.config.model import LATER, LISTS, TABLES, Config, Language
from monitor.config.network import check_network
from monitor.config.notify import check_webhooks
from monitor.config.quantities import duration_text
from monitor.config.services import MatchTable, ServiceTable
from monitor.config.source import SourceError, tables_of
from monitor.config.tables import Fault, Faults, note_unknown, read_table, read_tables
from monitor.core.entries import ServiceFacts
from monitor.core.services import CONFIGURED, Match, ServiceRule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from monitor.config.impact_tables import AssetTable

USUAL_FILE: Final = Path("/etc/empreinte/empreinte.toml")
VARIABLE: Final = "EMPREINTE_CONFIG"
DEFAULT: Final = "default"


class ConfigError(Exception):
    """The configuration can't be used. `faults` is everything that is wrong with it; the text is for a person."""

    def __init__(self, file: str, faults: Sequence[Fault], origins: Mapping[str, str] | None = None) -> None:
        self.file = file
        self.faults = tuple(faults)
        super().__init__("\n".join(_sentences(file, faults, origins or {})))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the defaults depend on, taken from the process and the machine once."""

    variables: Mapping[str, str]
    root: bool
    host_name: str
    time_zone: str
    """Name of the machine's time zone; empty where it has none that has a name."""
    usual_file: Path = USUAL_FILE

    @classmethod
    def of_this_process(cls) -> Surroundings:
        """Return those of the running program."""
        return cls(dict(os.environ), os.geteuid() == 0, socket.gethostname() or "localhost", system_time_zone())


def system_time_zone(link: Path = Path("/etc/localtime")) -> str:
    """Return the name of the machine's time zone, `Europe/Paris`; empty where *link* does not tell.

    Source: localtime(5), systemd 252: the link's target ends with the name of the zone.
    """
    try:
        target = str(link.readlink())
    except OSError:
        return ""
    return target.partition("zoneinfo/")[2]


def load(surroundings: Surroundings, named: Path | None = None) -> Config:
    """Return the configuration of the file *named*, else of $EMPREINTE_CONFIG, else of /etc/empreinte, else defaults.

    Raises ConfigError, with every fault: the file can't be read, is not TOML, or asks for what can't be.
    """
    file = find(surroundings, named)
    if file is None:
        return _resolve({}, surroundings, None, {})
    try:
        tables, lines = tables_of(file)
    except SourceError as error:
        raise ConfigError(str(file), [error.fault]) from error
    return _resolve(tables, surroundings, file, lines)


def find(surroundings: Surroundings, named: Path | None) -> Path | None:
    """Return the file to read; None where none is named and the usual one isn't there."""
    if named is not None:
        return named
    if surroundings.variables.get(VARIABLE):
        return Path(surroundings.variables[VARIABLE])
    try:
        surroundings.usual_file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        pass  # it may be there and can't be looked at: reading it says why
    return surroundings.usual_file


def _resolve(
    tables: Mapping[str, object], surroundings: Surroundings, file: Path | None, lines: Mapping[str, int]
) -> Config:
    faults = Faults()
    origins = {path: f"line {line}" for path, line in lines.items()}
    whole = _with_defaults(tables, surroundings, origins)
    note_unknown(whole, (*TABLES, *LISTS, "handoff", "service", "contract", "commitment"), "", faults, LATER)
    records: dict[str, Any] = {
        name: read_table(record, whole.get(name, {}), name, faults, LATER) for name, record in TABLES.items()
    }
    several: dict[str, list[tuple[str, Any]]] = {
        name: read_tables(record, whole.get(name, []), name, faults, LATER) for name, record in LISTS.items()
    }
    services = _services(whole.get("service", []), faults)
    handoff = read_handoff(whole.get("handoff", {}), [rule.facts.key for _, rule in services], faults, LATER)
    _check_together(records, services, faults)
    check_webhooks(several["notify"], faults)
    check_externals(several["external"], [rule.facts.key for _, rule in services], faults)
    check_bills(several["bill"], faults)
    check_meters(several["meter"], records["sampling"].patience if records["sampling"] else None, faults)
    budgets = completed_budgets(several["budget"], faults)
    contracts = read_contracts(whole.get("contract", []), faults, LATER)
    ours = [(path, rule.facts.key, rule.facts.contract) for path, rule in services]
    bought = [(path, table.key, table.contract) for path, table in several["external"]]
    check_contracts(contracts, ours, bought, faults)
    commitments = read_commitments(whole.get("commitment", []), faults, LATER)
    check_commitments(commitments, [key for _, key, _ in (*ours, *bought)], faults)
    assets = _check_impacts(records, several, faults, origins)
    found = [fault for fault in faults.found if not _inherited(origins.get(fault.path, ""))]
    if found:
        raise ConfigError(str(file) if file else "the configuration", found, origins)
    return Config(
        **records,
        handoff=handoff or HandoffTable(),
        sites=tuple(site for _, site in several["site"]),
        tariffs=tuple(tariff for _, tariff in several["tariff"]),
        assets=assets,
        meters=tuple(meter for _, meter in several["meter"]),
        externals=tuple(table for _, table in several["external"]),
        services=tuple(rule for _, rule in services),
        webhooks=tuple(table for _, table in several["notify"]),
        budget_tables=budgets,
        bill_tables=tuple(table for _, table in several["bill"]),
        contract_tables=tuple(table for _, table in contracts),
        commitment_tables=tuple(table for _, table in commitments),
        file=file,
        origins=origins,
    )


def _check_impacts(
    records: Mapping[str, Any], several: Mapping[str, list[tuple[str, Any]]], faults: Faults, origins: dict[str, str]
) -> tuple[AssetTable, ...]:
    """Note what of the impacts is wrong together; return all assets, and note where those of other files come from."""
    host, inventory, sites = records["host"], records["inventory"], several["site"]
    impacts.check_sites(host, sites, faults)
    impacts.check_factors(records["factors"], impacts.zone_of(host, sites), faults)
    impacts.check_tariffs(several["tariff"], faults)
    assets = impacts.completed_assets(several["asset"], faults)
    if inventory:
        assets += further_assets(inventory.files, len(assets), faults, origins)
    impacts.check_names(assets, faults)
    return tuple(asset for _, asset in assets)


def _with_defaults(
    tables: Mapping[str, object], surroundings: Surroundings, origins: dict[str, str]
) -> dict[str, object]:
    """Return *tables* completed with the defaults that depend on the machine, and note where these come from."""
    whole = {name: dict(table) if isinstance(table, dict) else table for name, table in tables.items()}

    def complete(name: str, key: str, value: object, origin: str) -> object:
        table = whole.setdefault(name, {})
        if not isinstance(table, dict):
            return None
        if key not in table:
            table[key] = value
            origins[f"{name}.{key}"] = origin
        return table[key]

    zone = surroundings.time_zone
    complete("organisation", "timezone", zone or "UTC", "/etc/localtime" if zone else DEFAULT)
    complete("organisation", "language", *_language(surroundings.variables))
    complete("host", "name", surroundings.host_name, "the machine's name")
    state = complete("paths", "state", *_state_home(surroundings))
    complete("ledger", "url", f"sqlite:///{state}/ledger.db", "in paths.state")
    sampling = whole.get("sampling", {})
    every = sampling.get("every", "5s") if isinstance(sampling, dict) else "5s"
    complete("ledger", "commit_every", every, "as sampling.every")
    return whole


def _language(variables: Mapping[str, str]) -> tuple[str, str]:
    """Return the language of the environment, and where it is from.

    Source: POSIX.1-2017, XBD 8.2: the first of the variables that is set and not empty decides.
    """
    name = next((name for name in ("LC_ALL", "LC_MESSAGES", "LANG") if variables.get(name)), "")
    if variables.get(name, "").lower().startswith(Language.FRENCH):
        return Language.FRENCH.value, f"${name}"
    return Language.ENGLISH.value, f"${name}" if name else DEFAULT


def _state_home(surroundings: Surroundings) -> tuple[str, str]:
    """Return the directory for what is kept, and where its name comes from.

    Source: systemd.exec(5), StateDirectory=; XDG Base Directory Specification 0.8 (a relative path is ignored).
    """
    variables = surroundings.variables
    if given := variables.get("STATE_DIRECTORY", "").partition(":")[0]:
        return given, "$STATE_DIRECTORY"
    if surroundings.root:
        return "/var/lib/empreinte", DEFAULT
    if (given := variables.get("XDG_STATE_HOME", "")).startswith("/"):
        return f"{given}/empreinte", "$XDG_STATE_HOME"
    return f"{variables.get('HOME', '')}/.local/state/empreinte", "$HOME"


def _services(tables: object, faults: Faults) -> list[tuple[str, ServiceRule]]:
    """Return the services that are right, each with its path."""
    if not isinstance(tables, list):
        faults.note("service", "there may be several services", "[[service]], with two brackets")
        return []
    read = [(f"service[{index}]", _service(table, f"service[{index}]", faults)) for index, table in enumerate(tables)]
    return [(path, rule) for path, rule in read if rule is not None]


def _service(table: object, path: str, faults: Faults) -> ServiceRule | None:
    rest = {name: value for name, value in table.items() if name != "match"} if isinstance(table, dict) else table
    facts = read_table(ServiceTable, rest, path, faults, LATER)
    match = _match(table.get("match") if isinstance(table, dict) else None, f"{path}.match", faults)
    if facts is None or match is None:
        return None
    page = page_rule(facts.activity, f"{path}.activity", faults) if facts.activity else None
    events = event_rule(facts.events, f"{path}.events", faults) if facts.events else None
    return ServiceRule(
        ServiceFacts(
            key=facts.key,
            name=facts.name or facts.key,
            department=facts.department,
            contract=facts.contract,
            found_by=CONFIGURED,
            was=facts.was,
        ),
        match,
        page,
        events,
    )


def _match(table: object, path: str, faults: Faults) -> Match | None:
    example = 'match = { systemd = "vllm.service" }'
    if table is None:
        faults.note(path, "how is the service recognised?", example)
        return None
    match = read_table(MatchTable, table, path, faults, LATER)
    if match is None or not isinstance(table, dict):
        return None
    if len(table) != 1:
        what = f"{' and '.join(table)} are given" if table else "nothing is given"
        faults.note(path, f"{what}: a service is recognised by one of its marks; keep the surest")
        return None
    return Match(
        systemd=match.systemd,
        container=match.container,
        pod=match.pod,
        cgroup=match.cgroup,
        process=match.process,
        port=match.port,
        virtual_machine=match.virtual_machine,
    )


def _check_together(records: Mapping[str, Any], services: Iterable[tuple[str, ServiceRule]], faults: Faults) -> None:
    """Note what is right by itself and wrong together."""
    _check_keys(services, faults)
    web, sampling, ledger = records["web"], records["sampling"], records["ledger"]
    if records["network"]:
        check_network(records["network"], faults)
    if records["email"]:
        check_email(records["email"], faults)
    if records["grafana"]:
        check_grafana(records["grafana"], faults)
    if web and not web.listen.is_loopback and not web.insecure:
        faults.note(
            "web.listen",
            f"{web.listen} can be reached from other machines, with no encryption and no password: put a web server"
            " with both in front, or add insecure = true",
            f'"127.0.0.1:{web.listen.port}"',
        )
    if sampling and ledger and ledger.commit_every < sampling.every:
        every = duration_text(sampling.every)
        faults.note("ledger.commit_every", f"it can't be shorter than sampling.every, {every}", f'"{every}"')
    if sampling and sampling.patience < sampling.every:
        every = duration_text(sampling.every)
        faults.note("sampling.patience", f"it can't be shorter than sampling.every, {every}", f'"{every}"')


def _check_keys(services: Iterable[tuple[str, ServiceRule]], faults: Faults) -> None:
    seen: dict[str, str] = {}
    pages: dict[str, str] = {}
    for path, rule in services:
        if rule.activity and pages.setdefault(rule.activity.url, path) != path:
            what = f"{rule.activity.url} is already the page of another service, at {pages[rule.activity.url]}"
            faults.note(f"{path}.activity.url", what)
        for name, key in (("key", rule.facts.key), *(("was", key) for key in rule.facts.was)):
            if key in seen:
                faults.note(f"{path}.{name}", f"{key!r} is already the key of another service, at {seen[key]}")
            seen.setdefault(key, f"{path}.{name}")


def _inherited(origin: str) -> bool:
    """Return whether a value comes from another key, where its fault was noted already."""
    return origin.startswith(("as ", "in "))


def _sentences(file: str, faults: Sequence[Fault], origins: Mapping[str, str]) -> list[str]:
    placed = [(_place(fault.path, origins), fault) for fault in faults]
    told = [f"{place}: {fault}" if place else str(fault) for place, fault in sorted(placed, key=_by_line)]
    if len(told) == 1:
        return [f"{file}: {told[0]}"]
    return [f"{file} has {len(told)} faults:", *(f"  {sentence}" for sentence in told)]


def _place(path: str, origins: Mapping[str, str]) -> str:
    """Return where the value at *path* comes from, or the table that it is missing in; empty where nobody wrote it."""
    while path:
        origin = origins.get(path) or origins.get(f"{path}[0]")
        if origin:
            return "" if origin == DEFAULT else origin
        path = path.rpartition(".")[0]
    return ""


def _by_line(placed: tuple[str, Fault]) -> int:
    word, _, number = placed[0].partition(" ")
    return int(number) if word == "line" else 0
