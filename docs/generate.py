#!/usr/bin/env python3
"""Write the pages of this folder that are made from the program: `make docs`. Tests fail where one is stale."""

from __future__ import annotations

from pathlib import Path

from monitor.cli.reference import reference as commands
from monitor.config.reference import reference as configuration
from monitor.exposition.reference import reference as metrics
from monitor.factors.reference import reference as factors

HERE = Path(__file__).parent


def main() -> None:
    """Write all of them."""
    pages = {"commands": commands, "configuration": configuration, "factors": factors, "metrics": metrics}
    for name, page in pages.items():
        (HERE / f"{name}.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
