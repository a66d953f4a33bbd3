"""A ledger in a file, with its tables and nothing in them."""

from pathlib import Path

import pytest

from tests.fixtures.ledgers import empty_ledger


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return where an empty ledger is."""
    return empty_ledger(tmp_path / "ledger.db")
