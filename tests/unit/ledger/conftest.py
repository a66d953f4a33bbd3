"""A ledger in a file, with its tables: to make them takes a second, to copy them nothing."""

import shutil
from pathlib import Path

import pytest

from monitor.ledger.migrate import migrate


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with the tables of a ledger, and nothing in them."""
    path = tmp_path_factory.mktemp("empty") / "ledger.db"
    path.touch(mode=0o600)
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def url(tmp_path: Path, empty_file: Path) -> str:
    """Return the URL of a copy of it."""
    return f"sqlite:///{shutil.copy(empty_file, tmp_path / 'ledger.db')}"
