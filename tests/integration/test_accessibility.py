"""Pages that are handed round, in a browser: nobody is kept from reading them, whatever the names in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.config.register import example
from tests.fixtures.documents import HOSTILE
from tests.fixtures.years import Filling, fill, named, numbered
from tests.integration.test_cli import empreinte
from tests.parts.axe import examined

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.long, pytest.mark.real("chromium")]

YEARS = {
    "hostile names": Filling(named((*HOSTILE, "\u05e9\u05dc\u05d5\u05dd", "\u0627\u0644\u0639")), hours=24 * 40),
    "a day": Filling(numbered(2), hours=24),
    "gaps": Filling(numbered(5), gaps=4),
    "200 services": Filling(numbered(200), hours=24),
}
"""The kinds of years that a report may be of."""
CONTRACT = """
[[contract]]
uid = "2026-01"
title = "{text}"
supplier = "{text}"
[[contract.clause]]
id = "energie"
text = "{text}"
metric = "energy"
operator = "<="
threshold = "1 kWh"
period = "month"
[[contract.clause]]
id = "pue"
metric = "pue"
operator = "<="
threshold = "1.5"
period = "year"
waived = "{text}"
"""


@pytest.fixture(scope="module", params=YEARS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the configuration of a ledger."""
    directory = tmp_path_factory.mktemp("year")
    return configured(directory, YEARS[request.param])


def configured(directory: Path, filling: Filling) -> Path:
    """Make a ledger and the configuration for it in *directory*; return that."""
    url = fill(directory / "ledger.db", filling)
    text = f'[ledger]\nurl = "{url}"\n[organisation]\nname = "Ville de Rennes"\ntimezone = "Europe/Paris"\n'
    (directory / "empreinte.toml").write_text(f'{text}[host]\nname = "ia-01"\n', encoding="utf-8")
    return directory


def report(made: Path, language: str) -> str:
    """Return the page of the year."""
    wanted = ("--year", 2026, "--format", "html", "--lang", language, "--output", made / language)
    said = empreinte("report", *wanted, "--config", made / "empreinte.toml", home=made)
    assert said.status == 0, said.err
    return (made / language / "empreinte-2026.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with a configuration that has a contract and a register, whose names want to do harm."""
    directory = configured(tmp_path_factory.mktemp("published"), Filling(numbered(3), hours=24 * 40))
    endless = f"<script>alert(1)</script> =1+1 {'x' * 300}"
    register = "".join(
        f'[[service]]\nkey = "{key}"\nname = "{name}"\nstatus = "in_use"\npurpose = "{name}"\n'
        for key, name in (("service-001", "Service n° 1"), ("elsewhere", endless))
    )
    (directory / "register.toml").write_text(f"{example()}\n{register}", encoding="utf-8")
    with (directory / "empreinte.toml").open("a", encoding="utf-8") as stream:
        stream.write(f'[register]\nfile = "{directory / "register.toml"}"\n{CONTRACT.format(text=endless)}')
    return directory


def of_register(published: Path, language: str) -> str:
    """Return the page of the register."""
    wanted = ("--year", 2026, "--lang", language, "--output", published / language)
    said = empreinte("register", "export", *wanted, "--config", published / "empreinte.toml", home=published)
    assert said.status == 0, said.err
    return (published / language / "register.html").read_text(encoding="utf-8")


def of_evidence(published: Path, language: str) -> str:
    """Return the statement on the contract."""
    wanted = (
        "--contract",
        "2026-01",
        "--year",
        2026,
        "--lang",
        language,
        "--output",
        published / f"evidence-{language}",
    )
    said = empreinte("contracts", "evidence", *wanted, "--config", published / "empreinte.toml", home=published)
    assert said.status == 0, said.err
    return (published / f"evidence-{language}/empreinte-evidence-2026-01-2026.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["fr", "en"])
def test_axe_finds_nothing_in_a_report(made: Path, language: str, tmp_path: Path) -> None:
    nothing_is_found(report(made, language), tmp_path)


@pytest.mark.parametrize("written", [of_register, of_evidence])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_axe_finds_nothing_in_the_register_and_in_evidence(
    published: Path, language: str, written: Callable[[Path, str], str], tmp_path: Path
) -> None:
    nothing_is_found(written(published, language), tmp_path)


def nothing_is_found(page: str, tmp_path: Path) -> None:
    for width, printed in ((320, False), (1280, False), (1280, True)):
        found = examined(page, width, tmp_path, printed=printed)
        assert found.faults == [], (width, printed)
        assert found.width == width
        assert printed or found.needed == width, "the page is wider than its window"
        # fewer were not asked of anything: then axe has not seen the page
        assert found.rules > 20


def test_axe_is_heard_where_there_is_something_to_find(tmp_path: Path) -> None:
    page = '<!DOCTYPE html><html><head><title>t</title></head><body><img src="x.png"><p>text</p></body></html>'
    rules = {fault[0] for fault in examined(page, 1280, tmp_path).faults}
    assert {"html-has-lang", "image-alt"} <= rules
