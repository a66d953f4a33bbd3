"""Each alert leads to a page that says the same in both languages, and no page is left over."""

import re
from pathlib import Path

import pytest

from monitor.exposition.catalogue import METRICS
from tests.rules.deployed import ROOT, RUNBOOKS, names_in, rules

PAGES = sorted(RUNBOOKS.iterdir())
FRENCH = ("Ce que cela veut dire", "Ce que cela fait aux chiffres", "Regarder", "Réparer", "Quand se taire")
ENGLISH = ("What it means", "What it does to the figures", "Look", "Mend", "When to silence it")
OF_THE_PROCESS = {"process_cpu_seconds_total", "process_resident_memory_bytes"}


def test_each_alert_has_its_runbook_and_each_runbook_its_alert() -> None:
    assert {page.name for page in PAGES} == {f"{name}.md" for name in rules("alert")}
    led = {name: alert["annotations"]["runbook_url"] for name, alert in rules("alert").items()}
    assert led == {name: f"docs/runbooks/{name}.md" for name in rules("alert")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_runbook_has_the_same_parts_in_both_languages(page: Path) -> None:
    text = page.read_text()
    heads = re.findall(r"^#{1,3} (.+)$", text, re.MULTILINE)
    assert heads == [page.stem, "En français", *FRENCH, "In English", *ENGLISH]
    assert all(part.strip() for part in re.split(r"^#+ .+$", text, flags=re.MULTILINE)[3:8])
    blocks = re.findall(r"```.*?```", text, re.DOTALL)
    assert blocks[: len(blocks) // 2] == blocks[len(blocks) // 2 :]


def test_what_a_runbook_says_to_type_exists() -> None:
    text = "\n".join(page.read_text() for page in PAGES)
    commands = set(re.findall(r"^## (empreinte .+)$", (ROOT / "docs/commands.md").read_text(), re.MULTILINE))
    typed = set(re.findall(r"^(empreinte [a-z]+(?: [a-z]+)?)", text, re.MULTILINE))
    assert typed - commands == set()
    known = {metric.name for metric in METRICS} | rules("record").keys() | OF_THE_PROCESS
    asked = {name for block in re.findall(r"```promql(.*?)```", text, re.DOTALL) for name in names_in(block)}
    assert asked - known == set()


@pytest.mark.parametrize("page", ["alerts.md", "alertes.md"])
def test_the_list_of_alerts_is_whole(page: str) -> None:
    row = re.compile(r"^\| \[(\w+)\]\(runbooks/\1\.md\) \| .+ \| (\w+) \| (\w+) \|$", re.MULTILINE)
    listed = row.findall((ROOT / "docs" / page).read_text())
    there = [(name, one["labels"]["severity"], one["labels"]["audience"]) for name, one in rules("alert").items()]
    assert listed == there
