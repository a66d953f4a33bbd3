import re
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution

import pytest

from tests.architecture.sources import ROOT

STRICT = re.compile(r"\bA?GPL\b|\bAGPL|(?<!Lesser )General Public License|Affero", re.IGNORECASE)
"""Licences that would bind Empreinte too. The Lesser one does not bind who only imports a library."""


def required(name: str, seen: dict[str, Distribution]) -> dict[str, Distribution]:
    """Return, by name, the distributions that *name* needs to run and that are installed here."""
    for requirement in distribution(name).requires or []:
        needed = re.match(r"[\w.-]+", requirement)
        if needed is None or "extra ==" in requirement or needed[0].lower() in seen:
            continue
        try:
            seen[needed[0].lower()] = distribution(needed[0])
        except PackageNotFoundError:  # for another platform
            continue
        required(needed[0], seen)
    return seen


def licence_of(dependency: Distribution) -> str:
    """Return what a distribution says of its licence: its expression, else its classifiers, else its own words."""
    said = dependency.metadata.json
    classifiers = [line for line in said.get("classifier", []) if line.startswith("License ::")]
    return str(said.get("license_expression") or "; ".join(classifiers) or said.get("license", "")).split("\n")[0]


def test_the_licence_is_the_one_that_is_declared() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["license"] == "Apache-2.0"
    words = " ".join((ROOT / "LICENSE").read_text().split())
    assert words.startswith("Apache License Version 2.0, January 2004")


def test_no_dependency_binds_more_strictly() -> None:
    dependencies = required("empreinte", {})
    assert {"sqlalchemy", "codecarbon", "psycopg"} <= dependencies.keys()
    licences = {name: licence_of(dependency) for name, dependency in dependencies.items()}
    assert [name for name, licence in licences.items() if STRICT.search(licence)] == []


@pytest.mark.parametrize("licence", ["AGPL-3.0-only", "GPL-2.0-or-later", "GNU General Public License v3 (GPLv3)"])
def test_a_strict_licence_is_recognised(licence: str) -> None:
    assert STRICT.search(licence)


@pytest.mark.parametrize(
    "licence", ["LGPL-3.0-only", "GNU Lesser General Public License v3 (LGPLv3)", "MPL-2.0", "MIT"]
)
def test_a_lenient_licence_is_recognised(licence: str) -> None:
    assert not STRICT.search(licence)
