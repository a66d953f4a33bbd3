"""`empreinte record DIR`: copy what the collectors read on this host, for tests or to show a fault."""

import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from monitor.cli.session import CommandError, ConfigFile, Debug, Status, session_of

if TYPE_CHECKING:
    from monitor.recording import Recording

SHOWN: Final = 5
"""How many of the unreadable files are named one by one."""


def record(
    context: typer.Context,
    *,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write; it must not exist, or be empty.")],
    with_arguments: Annotated[
        bool, typer.Option("--with-arguments", help="Record whole command lines; they may hold secrets.")
    ] = False,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Copy what the collectors read here into a directory.

    It is a fixture for tests, or shows a fault to somebody else.

    Prompts, environments and file contents are never read. Command lines are cut down to the program's name.

    \b
    Example:
      sudo empreinte record ia-01 && tar czf ia-01.tar.gz ia-01
    """
    from monitor.clock import SystemClock
    from monitor.recording import Roots
    from monitor.recording import record as record_host

    session = session_of(context, config, debug=debug)
    paths = session.config().paths
    now = datetime.fromtimestamp(SystemClock(paths.procfs).stamp().wall // 10**9, UTC)
    about = {
        "version": version("empreinte"),
        "date": f"{now:%Y-%m-%d}",
        "kernel": platform.release(),
        "host": platform.node(),
    }
    try:
        recording = record_host(
            Roots(paths.sysfs, paths.procfs, paths.cgroupfs), directory, about, with_arguments=with_arguments
        )
    except FileExistsError as error:
        message = f"{directory} is there already and not empty: name a new directory"
        raise CommandError(message, Status.WRONG) from error
    typer.echo(_told(recording, directory, root=session.surroundings.root))
    return Status.DONE


def _told(recording: "Recording", directory: Path, *, root: bool) -> str:
    lines = [f"{len(recording.files)} files recorded in {directory}; its README.md says what they hold."]
    if recording.unreadable:
        lines.append(f"{len(recording.unreadable)} could not be read (all are in manifest.json):")
        lines += [f"  {name}: {why}" for name, why in list(recording.unreadable.items())[:SHOWN]]
        lines += [] if root else ["As root, more can be read."]
    return "\n".join(lines)
