"""The command line. Each command is one file; what is heavy is imported when its command runs, not before."""

from __future__ import annotations

import sys
from io import TextIOWrapper


def main() -> None:
    """Run the command that the arguments name, and exit with its status."""
    from monitor.cli.program import run

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # a terminal that lacks a letter shows a mark in its place: better than nothing at all
            stream.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:]))
