"""Nothing happens when a module is imported, and no module holds state."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.sources import modules, tree

CHANGES = {
    *("add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft", "remove"),
    *("reverse", "setdefault", "sort", "update"),
}
"""Methods that change what they are called on."""
CACHES = {"cache", "lru_cache"}
"""Decorators that keep what was computed for as long as the program runs."""
DEFINITIONS = (
    ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign
)
GUARDS = {"TYPE_CHECKING", "__name__ == '__main__'"}


def assigned(module: ast.Module) -> set[str]:
    """Return the names that the module itself assigns to."""
    targets: list[ast.expr] = []
    for node in module.body:
        targets += node.targets if isinstance(node, ast.Assign) else []
        targets += [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def changed(module: ast.Module) -> Iterator[str]:
    """Yield the names whose value some statement changes in place."""
    for node in ast.walk(module):
        match node:
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                yield name
            case ast.AugAssign(target=ast.Name(id=name)):
                yield name
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in CHANGES:
                yield name


def kept(module: ast.Module) -> set[str]:
    """Return what in it lives on between two calls and changes."""
    names = {name for node in ast.walk(module) if isinstance(node, ast.Global) for name in node.names}
    return names | (assigned(module) & set(changed(module))) | (CACHES & set(decorators(module)))


def happenings(module: ast.Module) -> Iterator[str]:
    """Yield the statements of the module itself that do more than to define a name."""
    for node in module.body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        guarded = isinstance(node, ast.If) and ast.unparse(node.test) in GUARDS
        if not (isinstance(node, DEFINITIONS) or docstring or guarded):
            yield f"line {node.lineno}: {ast.unparse(node)}"


def decorators(module: ast.Module) -> Iterator[str]:
    """Yield the names of all decorators, without their arguments."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from (ast.unparse(one).partition("(")[0].rpartition(".")[2] for one in node.decorator_list)


def test_nothing_happens_at_import() -> None:
    # alembic runs the files of migrations as scripts
    imported = [path for path in modules() if "migrations" not in path.parts]
    assert {str(path): done for path in imported if (done := list(happenings(tree(path))))} == {}


def test_no_module_holds_state() -> None:
    assert {str(path): held for path in modules() if (held := kept(tree(path)))} == {}


@pytest.mark.parametrize(
    "source",
    [
        "SEEN: Final = {}\ndef f():\n    SEEN['a'] = 1",
        "SEEN = []\ndef f():\n    SEEN.append(1)",
        "SEEN = {}\ndef f():\n    del SEEN['a']",
        "def f():\n    global seen\n    seen = 1",
        "@functools.lru_cache(maxsize=None)\ndef f():\n    return {}",
    ],
)
def test_state_is_recognised(source: str) -> None:
    assert kept(ast.parse(source))


def test_what_stays_the_same_is_no_state() -> None:
    assert not kept(ast.parse("LIMITS: Final = {'a': 1}\ndef f(seen):\n    seen['a'] = LIMITS['a']"))
