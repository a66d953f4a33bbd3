"""Print Debian's packages for the parts that are missing, on one line; nothing where all are here. `make` asks."""

from __future__ import annotations

import sys

from tests.parts.presence import missing_packages

sys.stdout.write(" ".join(missing_packages()))
