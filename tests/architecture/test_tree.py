import ast
import os
import re
from pathlib import Path

from tests.architecture.sources import ROOT, files, modules, text, tree

LINES = 400
FEW = 3
"""Statements that a file of records may have in its functions without a test of its own."""
HOMELESS = {"base", "common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}
"""Names of files that would hold what belongs nowhere."""
SUPPRESSION = re.compile(r"#\s*(?:noqa|type:\s*ignore)(?P<codes>[^-#\n]*)(?P<reason>[-#].*)?")
TESTED_WITH: dict[str, str] = {"monitor/ledger/migrate.py": "tests/integration/test_migrations.py"}
"""Where the test of a file is, if not in the file of its name: the two make sense only together."""


def statements(module: ast.Module) -> int:
    """Return how much its functions do, in statements; docstrings and signatures do nothing."""
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    bodies = (node for function in functions for node in ast.walk(ast.Module(function.body, [])))
    return sum(isinstance(node, ast.stmt) and not isinstance(node, ast.Expr) for node in bodies)


def its_test(path: Path) -> Path:
    """Return where the test of a source file belongs: tests/unit mirrors the tree."""
    if str(path) in TESTED_WITH:
        return Path(TESTED_WITH[str(path)])
    below = Path(*path.parts[1:]) if path.parts[0] == "monitor" else path
    return Path("tests/unit") / below.with_name(f"test_{below.name.removeprefix('_')}")


def test_each_source_file_has_its_test_file() -> None:
    doing = [path for path in modules() if statements(tree(path)) > FEW]
    assert {str(path): str(its_test(path)) for path in doing if not (ROOT / its_test(path)).is_file()} == {}


def test_what_is_tested_with_another_is_still_there() -> None:
    assert [source for source in TESTED_WITH if not (ROOT / source).is_file()] == []


def test_a_file_can_be_read_in_one_go() -> None:
    lengths = {str(path): len(text(path).splitlines()) for path in modules("monitor", "collectors", "tests")}
    assert {path: length for path, length in lengths.items() if length > LINES} == {}


def test_a_name_says_what_the_file_knows() -> None:
    assert [path for path in files() if path.stem.strip("_") in HOMELESS] == []


def test_a_suppressed_complaint_has_its_code_and_its_reason() -> None:
    bare = [
        f"{path}:{number}"
        for path in modules("monitor", "collectors")
        for number, line in enumerate(text(path).splitlines(), start=1)
        if (found := SUPPRESSION.search(line)) and not (re.search(r"[A-Za-z]", found["codes"]) and found["reason"])
    ]
    assert bare == []


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    here = {str(ROOT), *(os.environ.get(name, "").rstrip("/") for name in ("HOME", "PYENV_ROOT"))} - {""}
    known = re.compile("|".join(rf"(?<![\w.]){re.escape(place)}/" for place in here))
    told = [path for path in files() if known.search((ROOT / path).read_bytes().decode(errors="replace"))]
    assert told == []
