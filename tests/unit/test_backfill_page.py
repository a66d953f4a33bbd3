"""The page about the past names what is exported, and its commands are those that there are."""

import re
from pathlib import Path

from monitor.exposition.backfill import FAMILIES

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "backfill.md").read_text()


def test_it_names_the_counters_that_are_exported() -> None:
    table = PAGE.partition("## What is exported")[2].partition("With the names")[0]
    assert re.findall(r"empreinte_\w+_total", table) == [family.metric.name for family in FAMILIES]


def test_its_commands_have_only_options_that_there_are() -> None:
    usage = (DOCS / "commands.md").read_text().partition("empreinte ledger export [")[2].partition("\n## ")[0]
    known = set(re.findall(r"^ +(--[a-z-]+)", usage, re.MULTILINE))
    shown = re.findall(r"^empreinte ledger export.*(?:\\\n.*)*", PAGE, re.MULTILINE)
    assert len(shown) == 3
    assert {option for command in shown for option in re.findall(r" (--[a-z-]+)", command)} <= known


def test_each_recipe_gives_the_labels_of_the_scrape_that_it_shows() -> None:
    assert PAGE.count("--label job=empreinte --label instance=ia-01:21031") == 3
    assert "job_name: empreinte" in PAGE
    assert 'targets: ["ia-01:21031"]' in PAGE
