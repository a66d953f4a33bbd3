"""What every command shares: its configuration, its language, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Annotated

import typer

from monitor.config import Config, Language, Surroundings, load
from monitor.wording import Words, words


class Status(IntEnum):
    """How a command ended."""

    DONE = 0
    NO = 1
    """The answer is no."""
    WRONG = 2
    """Wrong use, or a wrong configuration."""
    IMPOSSIBLE = 3
    """It can't work here."""


class CommandError(Exception):
    """A command can't go on. The text is one sentence, with the cure."""

    def __init__(self, sentence: str, status: Status) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(slots=True)
class Session:
    """One call of the program. What stands before the command's name is kept here until the command takes it."""

    surroundings: Surroundings
    file: Path | None = None
    debug: bool = False
    _config: Config | None = field(default=None, repr=False)

    def take(self, file: Path | None, *, debug: bool) -> None:
        """Take the options that stand after the command's name: they win."""
        self.file = file or self.file
        self.debug = debug or self.debug

    def config(self) -> Config:
        """Return the configuration. Raises ConfigError, with all its faults."""
        if self._config is None:
            self._config = load(self.surroundings, self.file)
        return self._config

    def words(self, asked: Language | None) -> Words:
        """Return the sentences of the commands in the language *asked* for, else in the configured one."""
        return words("monitor.cli", asked or self.config().organisation.language)


def session_of(context: typer.Context, file: Path | None, *, debug: bool) -> Session:
    """Return the session of *context*, with the options of the command taken."""
    session = context.obj
    if not isinstance(session, Session):
        message = "the program was not started by its main function"
        raise TypeError(message)
    session.take(file, debug=debug)
    return session


ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Configuration to use. [default: /etc/empreinte/empreinte.toml]"),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of a failure.")]
Lang = Annotated[Language | None, typer.Option("--lang", metavar="fr|en", help="Language of what is printed.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
