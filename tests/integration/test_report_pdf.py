"""The report on paper, of each kind of year: PDF/UA-1, with what somebody who does not see it needs to read it."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.documents import HOSTILE
from tests.fixtures.years import Filling, fill, named, numbered
from tests.integration.test_cli import empreinte

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real("poppler")

YEARS = {
    "hostile names": Filling(named((*HOSTILE, "\u05e9\u05dc\u05d5\u05dd", "\u0627\u0644\u0639")), hours=24 * 40),
    "a day": Filling(numbered(2), hours=24),
    "gaps": Filling(numbered(5), hours=24 * 60, gaps=4),
    "200 services": Filling(numbered(200), hours=24),
}
TITLES = {"fr": "Bilan d'impact de l'intelligence artificielle, 2026", "en": "Impact of artificial intelligence, 2026"}


def pdf(place: Path, filling: Filling, language: str) -> Path:
    """Return the report of a year with that *filling*."""
    url = fill(place / "ledger.db", filling)
    text = f'[ledger]\nurl = "{url}"\n[organisation]\nname = "Ville de Rennes"\ntimezone = "Europe/Paris"\n'
    (place / "empreinte.toml").write_text(text, encoding="utf-8")
    wanted = ("--year", 2026, "--format", "pdf", "--lang", language, "--output", place)
    said = empreinte("report", *wanted, "--config", place / "empreinte.toml", home=place)
    assert said.status == 0, said.err
    return place / "empreinte-2026.pdf"


def asked(*options: str, of: Path) -> str:
    """Return what pdfinfo says of a file."""
    done = subprocess.run(["pdfinfo", *options, of], check=True, capture_output=True)
    return re.sub("[\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]", " ", done.stdout.decode(errors="replace"))


@pytest.mark.parametrize("language", TITLES)
@pytest.mark.parametrize("year", YEARS)
def test_it_is_pdf_ua_with_a_title_a_language_bookmarks_and_a_text_for_each_figure(
    year: str, language: str, tmp_path: Path
) -> None:
    file = pdf(tmp_path, YEARS[year], language)
    facts = {name: value.strip() for name, _, value in (line.partition(":") for line in asked(of=file).splitlines())}
    assert (facts["Tagged"], facts["Title"]) == ("yes", f"{TITLES[language]} \N{EN DASH} Ville de Rennes")
    assert "<pdfuaid:part>1</pdfuaid:part>" in asked("-meta", of=file)
    content = file.read_bytes()
    assert f"/Lang({language}".encode() in content.replace(b" ", b"")
    assert b"/Outlines" in content
    figures = len(re.findall(r"^ *Figure:", asked("-struct", of=file), re.MULTILINE))
    assert 2 <= figures == len(re.findall(rb"/S\s*/Figure\b[^>]*?/Alt\s*[(<]", content, re.DOTALL))
