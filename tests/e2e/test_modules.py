"""What the daemon has in memory, and whom it talks to."""

import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import json, os, signal, socket, sys
from pathlib import Path

asked = []
sys.addaudithook(lambda name, given: asked.append(str(given[1])) if name == "socket.connect" else None)

from monitor.config import Surroundings, load
from monitor.app import run

def end_once_it_works(*_):
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.alarm(3)
    else:
        os.kill(os.getpid(), signal.SIGTERM)

signal.signal(signal.SIGALRM, end_once_it_works)
signal.alarm(5)
run(load(Surroundings({}, True, "here", "Europe/Paris"), Path(sys.argv[1])))
print(json.dumps({"modules": sorted(sys.modules), "asked": asked}))
"""


def test_codecarbon_is_asked_in_a_child_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """The daemon's own modules hold neither CodeCarbon nor pandas; nobody is called; no file but ours is written."""
    home = tmp_path / "home"
    home.mkdir()
    state = tmp_path / "state"
    config = tmp_path / "empreinte.toml"
    config.write_text(f'[web]\nlisten = "127.0.0.1:0"\n[sampling]\nevery = "1s"\n[paths]\nstate = "{state}"\n')
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, config],
        capture_output=True,
        text=True,
        check=True,
        cwd=home,
        env={**os.environ, "HOME": str(home), "TMPDIR": str(tmp_path)},
    )
    told = json.loads(done.stdout)
    heavy = {"codecarbon", "pandas", "numpy", "alembic", "typer", "requests", "pydantic"}
    assert heavy & set(told["modules"]) == set()
    assert told["asked"] == []
    assert list(home.iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"home", "state", "empreinte.toml"}
    assert all(path.name.startswith("ledger.db") for path in state.iterdir())
