"""This file knows which files the project consists of: those that git tracks, and new ones that it does not ignore."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("monitor", "collectors", "dashboards")
"""What is installed."""


@cache
def files() -> tuple[Path, ...]:
    """Return the files of the project, relative to its root, in order."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(sorted(path for name in listed.split("\0") if name and (ROOT / (path := Path(name))).is_file()))


def modules(*roots: str) -> list[Path]:
    """Return the Python files under *roots*, relative to the root of the project; without any: the installed ones."""
    return [path for path in files() if path.suffix == ".py" and path.parts[0] in (roots or PACKAGES)]


def text(path: Path) -> str:
    """Return the content of a file of the project."""
    return (ROOT / path).read_text(encoding="utf-8")


def tree(path: Path) -> ast.Module:
    """Return a Python file of the project, parsed."""
    return ast.parse(text(path), filename=str(path))
