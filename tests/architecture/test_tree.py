import ast
import os
import re
from pathlib import Path

from tests.architecture.sources import PACKAGES, ROOT, files, modules, text, tree

LINES = 500
FEW = 3
"""Statements that a file of records may have in its functions without a test of its own."""
HOMELESS = {"base", "common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}
"""Names of files that would hold what belongs nowhere."""
SUPPRESSION = re.compile(r"#\s*(?:noqa|type:\s*ignore)(?P<codes>[^-#\n]*)(?P<reason>[-#].*)?")
TESTED_WITH: dict[str, str] = {
    "collectors/_sysfs.py": "tests/contract/test_collectors.py",
    "dashboards": "tests/unit/dashboards/test_boards.py",
    "monitor/adapters/codecarbon_child.py": "tests/integration/test_codecarbon.py",
    "monitor/app.py": "tests/e2e/test_survival.py",
    "monitor/config/handoff.py": "tests/unit/config/test_handoff.py",
    "monitor/config/impacts.py": "tests/unit/config/test_impacts.py",
    "monitor/config/inventory.py": "tests/unit/config/test_impacts.py",
    "monitor/config/source.py": "tests/unit/config/test_file.py",
    "monitor/core/platform.py": "tests/unit/test_accounting.py",
    "monitor/factors/row.py": "tests/unit/factors/test_loading.py",
    "monitor/ledger": "tests/contract/test_ledger_impacts.py",
    "monitor/machine.py": "tests/integration/test_simulated_host.py",
    "monitor/ledger/migrate.py": "tests/integration/test_migrations.py",
    "monitor/ledger/migrations/versions": "tests/integration/test_migrations.py",
    "monitor/cli": "tests/unit/cli/test_program.py",
    "monitor/report/measures.py": "tests/unit/report/test_composing.py",
    "monitor/report/proposals.py": "tests/unit/report/test_composing.py",
    "monitor/report/sections": "tests/unit/report/test_composing.py",
    "monitor/report/sources.py": "tests/unit/report/test_impacts.py",
    "monitor/report/tabulating.py": "tests/unit/report/test_composing.py",
    "monitor/report/units.py": "tests/unit/report/test_activity.py",
    "monitor/taking_in.py": "tests/e2e/test_intake.py",
    "monitor/web/bought.py": "tests/unit/web/test_bought.py",
    "monitor/web/cards.py": "tests/unit/web/test_page.py",
    "monitor/web/units.py": "tests/unit/web/test_page.py",
    "monitor/simulation": "tests/integration/test_simulated_host.py",
}
"""What is tested through what uses it, or in a process of its own: the tests do not import it."""


def statements(module: ast.Module) -> int:
    """Return how much its functions do, in statements; docstrings and signatures do nothing."""
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    bodies = (node for function in functions for node in ast.walk(ast.Module(function.body, [])))
    return sum(isinstance(node, ast.stmt) and not isinstance(node, ast.Expr) for node in bodies)


def named(path: Path) -> str:
    """Return the dotted name of a module."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def imported_by_tests() -> set[str]:
    """Return the dotted names of what the tests import, and of where each of it comes from."""
    names: set[str] = set()
    for path in modules("tests"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_each_source_file_is_tested_by_name() -> None:
    tested = imported_by_tests()
    doing = [path for path in modules() if statements(tree(path)) > FEW]
    through = [path for path in doing if TESTED_WITH.keys() & {str(path), str(path.parent)}]
    assert [str(path) for path in doing if named(path) not in tested and path not in through] == []


def test_what_is_tested_in_a_process_of_its_own_is_still_there() -> None:
    assert [one for pair in TESTED_WITH.items() for one in pair if not (ROOT / one).exists()] == []


def test_a_file_can_be_read_in_one_go() -> None:
    lengths = {str(path): len(text(path).splitlines()) for path in modules(*PACKAGES, "tests")}
    assert {path: length for path, length in lengths.items() if length > LINES} == {}


def test_a_name_says_what_the_file_knows() -> None:
    assert [path for path in files() if path.stem.strip("_") in HOMELESS] == []


def test_a_suppressed_complaint_has_its_code_and_its_reason() -> None:
    bare = [
        f"{path}:{number}"
        for path in modules()
        for number, line in enumerate(text(path).splitlines(), start=1)
        if (found := SUPPRESSION.search(line)) and not (re.search(r"[A-Za-z]", found["codes"]) and found["reason"])
    ]
    assert bare == []


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    here = {str(ROOT), *(os.environ.get(name, "").rstrip("/") for name in ("HOME", "PYENV_ROOT"))} - {""}
    known = re.compile("|".join(rf"(?<![\w.]){re.escape(place)}/" for place in here))
    told = [path for path in files() if known.search((ROOT / path).read_bytes().decode(errors="replace"))]
    assert told == []
