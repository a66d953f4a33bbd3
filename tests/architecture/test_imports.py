import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, modules, tree

PURE = {
    *("__future__", "abc", "bisect", "collections", "dataclasses", "datetime", "decimal", "difflib"),
    *("enum", "fnmatch", "fractions", "functools", "hashlib", "heapq", "itertools", "json", "math", "re"),
    *("typing", "zoneinfo"),
}
"""What the core may import beside itself: nothing that opens a file, reads a clock, logs or starts a thread."""


def imported(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def test_the_contracts_are_kept(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--cache-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


@pytest.mark.parametrize("path", [path for path in modules() if path.parts[:2] == ("monitor", "core")], ids=str)
def test_the_core_imports_only_what_is_pure(path: Path) -> None:
    others = {name for name in imported(tree(path)) if not name.startswith("monitor.core.")}
    assert {name.partition(".")[0] for name in others} <= PURE
