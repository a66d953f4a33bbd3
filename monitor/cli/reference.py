"""The help of every command as one page: docs/commands.md."""

from collections.abc import Iterator
from typing import Any, Final

import typer
from typer.main import get_command

from monitor.cli.program import NAME, program

WIDTH: Final = 88

_INTRODUCTION: Final = """\
# Commands

This page is made from the program's own help (`make docs`); a test fails where it is stale.

Exit status: 0 done; 1 the answer is no; 2 wrong use or configuration; 3 it can't work here.
What goes wrong is told on standard error, in one sentence with the cure; `--debug` adds the traceback.
`NO_COLOR` turns colours off. A reader that stops early (`| head`) is no failure.
"""


def reference() -> str:
    """Return the reference of the commands, as Markdown."""
    return "\n".join((_INTRODUCTION, *_sections(get_command(program()), NAME, None)))


# typer keeps the classes of its commands to itself, hence Any
def _sections(command: Any, name: str, parent: typer.Context | None) -> Iterator[str]:  # noqa: ANN401 - as said above
    context = typer.Context(command, info_name=name, parent=parent, terminal_width=WIDTH)
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    for child, subcommand in getattr(command, "commands", {}).items():
        yield from _sections(subcommand, child, context)
