"""What can be configured, and how it is read: strictly, with every fault told at once."""

from monitor.config.amounts import DayHours
from monitor.config.budgets import BudgetTable
from monitor.config.email import EmailTable
from monitor.config.file import ConfigError, Surroundings, load
from monitor.config.grafana import GrafanaTable
from monitor.config.handoff import GuestTable, HandoffTable
from monitor.config.host import HostFacts
from monitor.config.impact_tables import (
    AssetKind,
    AssetTable,
    FactorsTable,
    InventoryTable,
    LiveSource,
    MarketTable,
    SiteKind,
    SiteTable,
    TariffTable,
)
from monitor.config.intake import IntakeTable
from monitor.config.meters import MeterTable
from monitor.config.model import Config, Language, LedgerPlace, Organisation, Paths, Sampling, Web
from monitor.config.notify import NotifyTable
from monitor.config.values import Listen

__all__ = [
    "AssetKind",
    "AssetTable",
    "BudgetTable",
    "Config",
    "ConfigError",
    "DayHours",
    "EmailTable",
    "FactorsTable",
    "GrafanaTable",
    "GuestTable",
    "HandoffTable",
    "HostFacts",
    "IntakeTable",
    "InventoryTable",
    "Language",
    "LedgerPlace",
    "Listen",
    "LiveSource",
    "MarketTable",
    "MeterTable",
    "NotifyTable",
    "Organisation",
    "Paths",
    "Sampling",
    "SiteKind",
    "SiteTable",
    "Surroundings",
    "TariffTable",
    "Web",
    "load",
]
