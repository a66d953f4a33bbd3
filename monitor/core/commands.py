"""What a command line runs, as far as it tells: the program, the Python module, the Java class. Never what it mentions.

Source: python(1), "Command line and environment" of the Python documentation; java(1); uvicorn, gunicorn and hypercorn,
documentation of their command lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

PYTHON: Final = re.compile(r"(python|pypy)[\d.]*t?")
TAKES_A_VALUE: Final = "cmWX"
"""Options of Python that take a value, in the same argument or in the next; after -c or -m what runs is known."""
LONG_TAKES_A_VALUE: Final = "--check-hash-based-pycs"
APPLICATION_SERVERS: Final = frozenset({"gunicorn", "hypercorn", "uvicorn"})
"""Programs that serve the application named in their arguments: `speaches.main:create_app`."""
APPLICATION: Final = re.compile(r"([A-Za-z_][\w.]*):[A-Za-z_]\w*(\(.*\))?")
JAVA_TAKES_A_VALUE: Final = frozenset({"-classpath", "-cp", "--class-path", "-p", "--module-path", "--add-modules"})
LONGEST_PORT: Final = len("65535")
PORT_OPTIONS: Final = frozenset({"--http-port", "--http_port", "--port", "--rest_port", "-p"})
METRICS_PORT_OPTIONS: Final = frozenset({"--metrics-port", "--metrics_port"})
REST_PORT_OPTIONS: Final = frozenset({"--rest_port"})
"""Where it is another than that of `--port`. Source: OpenVINO Model Server, parameters."""


@dataclass(frozen=True, slots=True)
class Command:
    """What a command line runs. `after` is the argument that follows: a subcommand, where there are any."""

    program: str = ""
    """Name of the program, or of the script that a package installed; empty for a script of one's own."""
    modules: tuple[str, ...] = ()
    """Names of the Python module, script (`main`, `ComfyUI/main`), application or Java class that it runs."""
    after: str = ""


def what_runs(argv: Sequence[str]) -> Command:
    """Return what *argv* runs: nothing where it does not tell (`python -c ...`)."""
    program = argv[0].rpartition("/")[2] if argv else ""
    if PYTHON.fullmatch(program):
        return _python(list(argv[1:]))
    if program == "java":
        return _java(list(argv[1:]))
    return _named(program, argv[1:])


def listening(argv: Sequence[str], options: Collection[str] = PORT_OPTIONS) -> int | None:
    """Return the number that one of *options* has (`--port 8000`, `--port=8000`, `-p 8000`); None where none does."""
    for index, argument in enumerate(argv):
        option, _, value = argument.partition("=")
        if option in options:
            text = value or (argv[index + 1] if index + 1 < len(argv) else "")
            # the command line is whoever's: the conversion of very many digits is refused, and there are no such ports
            if text.isdecimal() and len(text) <= LONGEST_PORT:
                return int(text)
    return None


def _python(rest: list[str]) -> Command:
    while rest:
        head = rest.pop(0)
        if not head.startswith("-"):
            return _script(head, rest)
        if head.startswith("--"):
            del rest[: head == LONG_TAKES_A_VALUE]
            continue
        option, value = _valued(head, rest)
        if option == "m":
            return _named(value, rest, module=value)
        if option == "c":
            break
    return Command()


def _valued(head: str, rest: list[str]) -> tuple[str, str]:
    """Return the option of the cluster *head* (`-Im`) that takes a value, and the value; empty where none does."""
    for index, letter in enumerate(head[1:], start=1):
        if letter in TAKES_A_VALUE:
            return letter, head[index + 1 :] or (rest.pop(0) if rest else "")
    return "", ""


def _script(path: str, rest: Sequence[str]) -> Command:
    directory, _, name = path.rpartition("/")
    if not name.endswith(".py"):
        return _named(name, rest)
    stem = name.removesuffix(".py")
    return Command("", (stem, f"{directory.rpartition('/')[2]}/{stem}"), _first(rest))


def _named(program: str, rest: Sequence[str], module: str = "") -> Command:
    """Return a program by its name; one that serves an application is that application as well."""
    modules: tuple[str, ...] = (module,) if module else ()
    if program in APPLICATION_SERVERS:
        served = (found[1] for argument in rest if (found := APPLICATION.fullmatch(argument)))
        modules += tuple(served)[:1]
    return Command(program, modules, _first(rest))


def _java(rest: list[str]) -> Command:
    while rest:
        head = rest.pop(0)
        if not head.startswith("-"):
            return Command("java", (head,), _first(rest))
        if head == "-jar":
            return Command("java", (_first(rest).rpartition("/")[2],), _first(rest[1:]))
        del rest[: head in JAVA_TAKES_A_VALUE]
    return Command("java")


def _first(rest: Sequence[str]) -> str:
    return rest[0] if rest else ""
