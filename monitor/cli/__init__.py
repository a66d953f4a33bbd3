"""The command line. Each command is one file; what is heavy is imported when its command runs, not before."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command that the arguments name, and exit with its status."""
    from monitor.cli.program import run

    sys.exit(run(sys.argv[1:]))
