"""What does not change while the daemon runs: which program this is, on which machine, for whom."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The program and its host. `organisation` and `site` are empty where they are not configured."""

    version: str
    """Of Empreinte."""
    python: str
    """Of the interpreter: `3.11.7`."""
    host: str
    """Name of the machine."""
    kernel: str
    """Release of its kernel: `6.1.0-18-amd64`."""
    architecture: str
    """Of its processors: `x86_64`."""
    organisation: str = ""
    site: str = ""
    simulated: bool = False
    """The figures are those of a simulated host: every page and series of them says so."""
