"""What can be configured, and how it is read: strictly, with every fault told at once."""

from monitor.config.file import ConfigError, Surroundings, load
from monitor.config.model import Config, HostFacts, Language, LedgerPlace, Organisation, Paths, Sampling, Web
from monitor.config.values import Listen

__all__ = [
    "Config",
    "ConfigError",
    "HostFacts",
    "Language",
    "LedgerPlace",
    "Listen",
    "Organisation",
    "Paths",
    "Sampling",
    "Surroundings",
    "Web",
    "load",
]
