"""`empreinte config`: is the configuration right, what is in force and why, and a file to begin with."""

import typer

from monitor.cli.session import ConfigFile, Debug, session_of
from monitor.config.reference import example as example_file
from monitor.config.reference import shown


def commands() -> typer.Typer:
    """Return the group of commands."""
    group = typer.Typer(rich_markup_mode=None, invoke_without_command=True)
    group.callback()(alone)
    group.command()(check)
    group.command()(show)
    group.command()(example)
    return group


def alone(context: typer.Context) -> None:
    """Check, show or begin the configuration."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def check(context: typer.Context, config: ConfigFile = None, debug: Debug = False) -> None:
    """Say everything that is wrong with the configuration.

    \b
    Examples:
      empreinte config check
      empreinte config check --config new.toml && sudo cp new.toml /etc/empreinte/empreinte.toml

    Exit status: 0 it is right; 2 it isn't.
    """
    read = session_of(context, config, debug=debug).config()
    if read.file is None:
        typer.echo("There is no configuration file, and none is needed: the defaults are in force.")
    else:
        services = f", {len(read.services)} services are configured" if read.services else ""
        typer.echo(f"{read.file} is right{services}.")


def show(context: typer.Context, config: ConfigFile = None, debug: Debug = False) -> None:
    """Show every value in force, and where it comes from.

    That is a line of the file, the machine, or the default. What is in brackets is not set. Passwords, and the
    paths of webhooks, which may be secret, are not shown.

    \b
    Example:
      empreinte config show | grep ledger
    """
    read = session_of(context, config, debug=debug).config()
    typer.echo(f"# {read.file or 'no configuration file'}")
    rows = [(path, value, f"# {origin}") for path, value, origin in shown(read)]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for path, value, origin in rows:
        typer.echo(f"{path:<{widths[0]}} = {value:<{widths[1]}}  {origin}")


def example(context: typer.Context, config: ConfigFile = None, debug: Debug = False) -> None:
    """Print a configuration file to begin with.

    Every key is explained, and all of it is commented out.

    \b
    Example:
      empreinte config example | sudo tee /etc/empreinte/empreinte.toml
    """
    session_of(context, config, debug=debug)
    typer.echo(example_file(), nl=False)
