"""What can be configured: one frozen record for each table of the file. Example and reference are made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from monitor.config import values
from monitor.config.bills import BillTable, bill_of
from monitor.config.budgets import BudgetTable, budget_of
from monitor.config.commitments import CommitmentTable, commitment_of
from monitor.config.contracts import ContractTable, contract_of
from monitor.config.email import EmailTable
from monitor.config.external import ExternalTable, external_rule
from monitor.config.grafana import GrafanaTable
from monitor.config.handoff import HandoffTable
from monitor.config.host import HostFacts
from monitor.config.impact_tables import (
    AssetTable,
    FactorsTable,
    InventoryTable,
    SiteTable,
    TariffTable,
)
from monitor.config.intake import IntakeTable
from monitor.config.meters import MeterTable
from monitor.config.network import NetworkTable
from monitor.config.notify import NotifyTable
from monitor.config.register import RegisterTable
from monitor.config.tables import Key
from monitor.config.values import Listen
from monitor.core.attribution import FloorRule
from monitor.core.bills import Bill
from monitor.core.budgets import Budget
from monitor.core.commitments import Commitment
from monitor.core.contracts import Contract
from monitor.core.external import ExternalRule
from monitor.core.interval import HOUR, MINUTE
from monitor.core.services import ServiceRule
from monitor.core.units import Duration, Power

DAY: Final = Duration(24 * HOUR.nanoseconds)
SHORTEST_TICK: Final = Duration.from_seconds(0.1)
LONGEST_TICK: Final = Duration.from_seconds(300)
"""A package at 300 W goes round a RAPL counter of 262 kJ in fifteen minutes: it has to be read well within that."""
TICK: Final = Duration.from_seconds(5)
RETENTION: Final = Duration(40 * DAY.nanoseconds)
LONGEST_RETENTION: Final = Duration(3660 * DAY.nanoseconds)
HERE: Final = Listen("127.0.0.1", 21031)


class Language(StrEnum):
    """The languages in which people are spoken to."""

    FRENCH = "fr"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """Whose servers they are."""

    name: Annotated[str, Key("Name, for the reports.", values.text, '"Ville de Rennes"', unset="none")] = ""
    siret: Annotated[str, Key("SIRET number, for the reports.", values.siret, '"21350238800019"', unset="none")] = ""
    insee: Annotated[
        str, Key("INSEE code of the commune, for the reports.", values.commune, '"35238"', unset="none")
    ] = ""
    accountable: Annotated[
        str, Key("Who answers for the figures, for the reports.", values.text, '"Le directeur des SI"', unset="none")
    ] = ""
    contact: Annotated[
        str, Key("Whom to ask about them, for the reports.", values.text, '"numerique@ville.example"', unset="none")
    ] = ""
    timezone: Annotated[
        ZoneInfo,
        Key(
            "Time zone in which days, months and years are cut.",
            values.time_zone,
            '"Europe/Paris"',
            unset="the machine's, from /etc/localtime; else UTC",
        ),
    ]
    language: Annotated[
        Language,
        Key(
            'Language of pages and reports: "fr" or "en".',
            values.choice(Language),
            '"fr"',
            unset="from $LC_ALL, $LC_MESSAGES, $LANG; else English",
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Where to read and write. Containers and tests move them."""

    sysfs: Annotated[Path, Key("The kernel's devices.", values.absolute_path, '"/sys"')] = Path("/sys")
    procfs: Annotated[Path, Key("The kernel's processes.", values.absolute_path, '"/proc"')] = Path("/proc")
    cgroupfs: Annotated[Path, Key("The control groups.", values.absolute_path, '"/sys/fs/cgroup"')] = Path(
        "/sys/fs/cgroup"
    )
    powercap: Annotated[
        Path | None,
        Key(
            "Where the host of this virtual machine shares its energy with it: docs/virtual-machines.md.",
            values.absolute_path,
            '"/mnt/energy"',
            unset="energy counters are the kernel's",
        ),
    ] = None
    state: Annotated[
        Path,
        Key(
            "Where the daemon keeps what it has to remember.",
            values.absolute_path,
            '"/var/lib/empreinte"',
            unset="$STATE_DIRECTORY; else /var/lib/empreinte for root, $XDG_STATE_HOME/empreinte for others",
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How often to measure, and how to share."""

    every: Annotated[
        Duration,
        Key("Time between two readings.", values.between(SHORTEST_TICK, LONGEST_TICK), '"5s"'),
    ] = TICK
    floor: Annotated[
        FloorRule,
        Key(
            "Who bears what the idle machine draws: those who use it (by_use), those who hold memory on it"
            " (by_residency), or nobody (unassigned).",
            values.choice(FloorRule),
            '"by_use"',
        ),
    ] = FloorRule.BY_USE
    floor_power: Annotated[
        Mapping[str, Power],
        Key(
            "Idle power by resource (package, dram, platform, gpu0 ...), where it is known.",
            values.floor_powers,
            '{ package = "45 W", gpu0 = "25 W" }',
            unset="learnt while the resource is idle",
        ),
    ] = field(default_factory=dict)
    discovery: Annotated[
        bool, Key("Whether known AI servers are services without being configured.", values.flag, "true")
    ] = True
    activity: Annotated[
        bool,
        Key(
            "Whether the metrics pages of known AI servers on this machine are read without being configured.",
            values.flag,
            "true",
        ),
    ] = True
    patience: Annotated[
        Duration,
        Key(
            "How long a source that is missing is waited for before a lesser one takes its place.",
            values.between(Duration.from_seconds(1), HOUR),
            '"1min"',
        ),
    ] = MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPlace:
    """Where the ledger is, and how long it keeps its minutes. Hours are kept for ever."""

    url: Annotated[
        str,
        Key(
            "The ledger: a file of SQLite, or a PostgreSQL database (the password: in a .pgpass file).",
            values.ledger_url,
            '"sqlite:////var/lib/empreinte/ledger.db"',
            unset="ledger.db in paths.state",
        ),
    ]
    commit_every: Annotated[
        Duration,
        Key(
            "Time between two commits: longer is kinder to a slow disk, and loses as much more in a power cut.",
            values.between(SHORTEST_TICK, LONGEST_TICK),
            '"5s"',
            unset="sampling.every",
        ),
    ]
    retention_minutes: Annotated[
        Duration,
        Key(
            "How long figures by the minute are kept.",
            values.between(DAY, LONGEST_RETENTION),
            '"40d"',
        ),
    ] = RETENTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """Where metrics, status page and API are served."""

    listen: Annotated[Listen, Key("Address and port.", values.listen, '"127.0.0.1:21031"')] = HERE
    insecure: Annotated[
        bool,
        Key("Whether others may reach it over the network, with no encryption and no password.", values.flag, "false"),
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole configuration, complete: what was not written has its default."""

    organisation: Organisation
    host: HostFacts
    paths: Paths
    sampling: Sampling
    ledger: LedgerPlace
    web: Web
    network: NetworkTable
    email: EmailTable
    intake: IntakeTable
    factors: FactorsTable
    inventory: InventoryTable
    grafana: GrafanaTable
    register: RegisterTable
    handoff: HandoffTable
    sites: tuple[SiteTable, ...]
    tariffs: tuple[TariffTable, ...]
    assets: tuple[AssetTable, ...]
    """With those of the inventory's files. Each has its resource."""
    meters: tuple[MeterTable, ...]
    externals: tuple[ExternalTable, ...]
    services: tuple[ServiceRule, ...]
    webhooks: tuple[NotifyTable, ...]
    budget_tables: tuple[BudgetTable, ...]
    """Each has its key and its name."""
    bill_tables: tuple[BillTable, ...]
    contract_tables: tuple[ContractTable, ...]
    commitment_tables: tuple[CommitmentTable, ...]
    file: Path | None
    """The file it comes from; None: there is none."""
    origins: Mapping[str, str]
    """Where each value comes from, for a person: `sampling.every` -> `line 12`, `default`, `$STATE_DIRECTORY`."""

    @property
    def site(self) -> SiteTable | None:
        """The site that the host names, where it is described."""
        return next((site for site in self.sites if site.key == self.host.site), None)

    @property
    def external_rules(self) -> tuple[ExternalRule, ...]:
        """The services that are bought as an API, in the order in which a model is looked for."""
        return tuple(external_rule(table) for table in self.externals)

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """What may be used in a month, a quarter or a year."""
        return tuple(budget_of(table) for table in self.budget_tables)

    @property
    def bills(self) -> tuple[Bill, ...]:
        """The electricity bills that the report sets beside the measure."""
        return tuple(bill_of(table) for table in self.bill_tables)

    @property
    def contracts(self) -> tuple[Contract, ...]:
        """The public contracts, with their clauses."""
        return tuple(contract_of(table) for table in self.contract_tables)

    @property
    def commitments(self) -> tuple[Commitment, ...]:
        """What the organisation has committed itself to."""
        return tuple(commitment_of(table) for table in self.commitment_tables)

    @property
    def zone(self) -> str:
        """Zone of the electricity grid: the host's, else its site's; empty: unknown."""
        return self.host.zone or (self.site.zone if self.site else "")

    @property
    def pue(self) -> Decimal | None:
        """PUE that is stated: the host's, else its site's; None: none is."""
        return self.host.pue or (self.site.pue if self.site else None)

    @property
    def wue(self) -> Decimal | None:
        """WUE that is stated, in L/kWh: the host's, else its site's; None: none is."""
        if self.host.wue is not None or self.site is None:
            return self.host.wue
        return self.site.wue


TABLES: Final[Mapping[str, type]] = {
    "organisation": Organisation,
    "host": HostFacts,
    "paths": Paths,
    "sampling": Sampling,
    "ledger": LedgerPlace,
    "web": Web,
    "network": NetworkTable,
    "email": EmailTable,
    "intake": IntakeTable,
    "factors": FactorsTable,
    "inventory": InventoryTable,
    "grafana": GrafanaTable,
    "register": RegisterTable,
}
LISTS: Final[Mapping[str, type]] = {
    "site": SiteTable,
    "tariff": TariffTable,
    "asset": AssetTable,
    "meter": MeterTable,
    "external": ExternalTable,
    "budget": BudgetTable,
    "bill": BillTable,
    "notify": NotifyTable,
}
"""Tables of which there may be several, beside `[[service]]`, `[[contract]]`, `[[commitment]]`, with tables in them."""
LATER: Final[Mapping[str, str]] = {
    "ledger.central": "a central ledger",
    "retention": "retention by kind",
}
"""Keys that a coming version reads. Taking them now without acting on them would be a silent lie."""
