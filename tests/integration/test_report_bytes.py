"""The same ledger gives the same report, byte for byte, whatever surrounds the process that writes it."""

from __future__ import annotations

import hashlib
import os
import subprocess
from typing import TYPE_CHECKING

from tests.fixtures.documents import HOSTILE
from tests.fixtures.years import Filling, fill, named, numbered
from tests.parts.daemon import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMATS = "html,pdf,xlsx,ods,csv,json,codecarbon,boamps,public-service,pcr-si,dcat"
SURROUNDINGS = (
    {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LANG": "C", "LC_ALL": "C"},
    {"PYTHONHASHSEED": "4242", "TZ": "America/St_Johns", "LANG": "fr_FR.UTF-8", "LC_ALL": "C.UTF-8"},
)


def written(configuration: Path, place: Path, surroundings: Mapping[str, str]) -> dict[str, str]:
    """Return the hashes of the files that a process writes which works in *place*, of the year and sealed."""
    place.mkdir()
    done = subprocess.run(
        [PROGRAM, "report", "--year", "2026", "--format", FORMATS, "--seal", "--lang", "fr", "--config", configuration],
        cwd=place,
        env={"PATH": os.environ["PATH"], "HOME": str(place), **surroundings},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in place.iterdir() if path.is_file()}


def test_two_processes_with_nothing_in_common_but_the_ledger_write_the_same_bytes(tmp_path: Path) -> None:
    url = fill(tmp_path / "ledger.db", Filling((*numbered(4), *named(HOSTILE)), hours=24 * 35, gaps=2))
    configuration = tmp_path / "empreinte.toml"
    configuration.write_text(f'[ledger]\nurl = "{url}"\n[host]\nname = "ia-01"\n', encoding="utf-8")
    one, two = (
        written(configuration, tmp_path / f"place-{number}", surroundings)
        for number, surroundings in enumerate(SURROUNDINGS)
    )
    assert {name.rpartition(".")[2] for name in one} >= {"html", "pdf", "xlsx", "ods", "csv", "json", "jsonld"}
    assert one == two
