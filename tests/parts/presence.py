"""This file knows which real parts the tests use, how to tell whether they are here, and what brings them."""

from __future__ import annotations

import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

POSTGRESQL: Final = "/usr/lib/postgresql/*/bin"
"""Where Debian keeps the servers of each version, outside $PATH. Source: postgresql-common, pg_wrapper(1)."""
FAKETIME: Final = "/usr/lib/*/faketime"
"""Where Debian keeps the preloaded libraries. Source: Debian's libfaketime, list of files."""
ROOT: Final = Path(__file__).parents[2]
LITELLM_LOCK: Final = ROOT / "tests" / "parts" / "litellm_proxy" / "uv.lock"
"""What is in LiteLLM's environment, by hash."""
LITELLM: Final = ROOT / ".cache" / "litellm"
"""LiteLLM's environment; beside it, when it is whole, the lock that it was made from."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a part consists of: programs on $PATH, files (globs), Python modules; and Debian's packages for it.

    `rights` says that it is the right to give files to others, which root has. `environment` says that it is a Python
    environment of its own, which is made of `lock`, and is whole where it holds a copy of that.
    """

    programs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    rights: bool = False
    environment: Path | None = None
    lock: Path | None = None
    made_by: str = ""

    def missing_from_debian(self) -> list[str]:
        """Return the programs and files that are not here."""
        return [
            *(name for name in self.programs if shutil.which(name) is None),
            *(glob for glob in self.files if not any(Path("/").glob(glob.lstrip("/")))),
        ]

    def missing_from_python(self) -> list[str]:
        """Return the modules that are not here."""
        return [name for name in self.modules if importlib.util.find_spec(name) is None]

    @property
    def lacks_environment(self) -> bool:
        """Whether it has an environment of its own that is not here, or is of another lock."""
        if self.environment is None or self.lock is None:
            return False
        made = self.environment / self.lock.name
        return not made.is_file() or made.read_bytes() != self.lock.read_bytes()


PARTS: Final[Mapping[str, Part]] = {
    # amtool comes with it: only that is used
    "alertmanager": Part(programs=("amtool",), packages=("prometheus-alertmanager",)),
    "chromium": Part(programs=("chromium",), packages=("chromium",)),
    "faketime": Part(files=(f"{FAKETIME}/libfaketimeMT.so.1",), packages=("libfaketime",)),
    # the wheel of llama.cpp brings all but the run-time library of OpenMP
    "llm": Part(files=("/usr/lib/*/libgomp.so.1",), modules=("gguf", "numpy", "xllamacpp"), packages=("libgomp1",)),
    "litellm": Part(environment=LITELLM, lock=LITELLM_LOCK, made_by=".venv/bin/python -m tests.parts.litellm"),
    "nut": Part(files=("/lib/nut/dummy-ups", "/lib/nut/upsd"), packages=("nut-server",)),
    "poppler": Part(programs=("pdfinfo", "pdftotext", "pdffonts"), packages=("poppler-utils",)),
    "postgresql": Part(files=(f"{POSTGRESQL}/initdb", f"{POSTGRESQL}/postgres"), packages=("postgresql",)),
    "prometheus": Part(programs=("prometheus", "promtool"), packages=("prometheus",)),
    "qpdf": Part(programs=("qpdf",), packages=("qpdf",)),
    "root": Part(rights=True),
    # the daemon asks by snmpget; snmpd is what is asked
    "snmp": Part(programs=("snmpget", "snmpd"), packages=("snmp", "snmpd")),
    "systemd": Part(programs=("systemd-analyze",), packages=("systemd",)),
    "victoria-metrics": Part(programs=("victoria-metrics",), packages=("victoria-metrics",)),
}
"""By the name that the marker `real` takes."""


def reason(name: str) -> str:
    """Return why the part called *name* can't be used here, with the cure; empty where it can. Raises KeyError."""
    part = PARTS[name]
    if programs := part.missing_from_debian():
        return f"{name} is not here ({', '.join(programs)}): apt-get install {' '.join(part.packages)}"
    if modules := part.missing_from_python():
        return f"{name} is not here ({', '.join(modules)}): uv sync"
    if part.lacks_environment:
        return f"{name} is not here, or another version of it: {part.made_by}"
    if part.rights and os.geteuid() != 0:
        return "only root can do this: sudo make test"
    return ""


def missing_packages(names: Sequence[str] = tuple(PARTS)) -> list[str]:
    """Return Debian's packages of the parts *names* that are not here, in alphabetical order."""
    return sorted({package for name in names if PARTS[name].missing_from_debian() for package in PARTS[name].packages})
