"""The recipes, in both languages, can be followed: their configurations are right, and what they name is there."""

from __future__ import annotations

import re
import shlex
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.main import get_command

from monitor.cli.program import program
from monitor.config import Surroundings, load
from monitor.core.calendar import named_period
from monitor.external.bases import Bases
from monitor.external.usage_list import Reading, read_usage
from monitor.factors.studies import Studies
from monitor.intake.cloudevents import STRUCTURED, parse
from monitor.intake.usage import Arrival
from tests.fixtures.intake import NOW
from tests.fixtures.intake.door import sender
from tests.unit.external.test_bases import Answers

if TYPE_CHECKING:
    from monitor.config import Config

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {name: (DOCS / name).read_text(encoding="utf-8") for name in ("recipes.md", "recettes.md")}
OURS = "http://127.0.0.1:21031"
OTHERS = {"curl", "export", "litellm", "llama-server", "open-webui", "openssl"}
"""Programs that the recipes call, beside ours. What they take is not ours to test."""


def blocks(page: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGES[page], re.DOTALL)


def examples() -> list[tuple[str, str]]:
    return [(page, block) for page in PAGES for block in blocks(page, "toml")]


def commands() -> set[str]:
    """Return every command line of the pages, in blocks and in the text, without what follows a `#` or a pipe."""
    lines = [line for page in PAGES for block in blocks(page, "sh") for line in block.splitlines()]
    told = [one for page in PAGES.values() for one in re.findall(r"`(empreinte [a-z][^`]*)`", page)]
    return {line.partition(" #")[0].partition(" | ")[0].strip() for line in [*lines, *told] if line.strip()}


def configured(block: str, tmp_path: Path) -> Config:
    file = tmp_path / "empreinte.toml"
    file.write_text(block, encoding="utf-8")
    return load(Surroundings.of_this_process(), file)


def our_commands() -> list[str]:
    return [line for line in sorted(commands()) if line.startswith("empreinte ")]


@pytest.mark.parametrize(("page", "block"), examples())
def test_every_configuration_is_right(page: str, block: str, tmp_path: Path) -> None:
    read_as = configured(block, tmp_path)
    assert read_as.services or read_as.externals or read_as.zone, page


@pytest.mark.parametrize("line", our_commands())
def test_every_command_is_one_that_there_is(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "usage-2026-10.csv").touch()
    command: Any = get_command(program())
    words = shlex.split(line)[1:]
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    assert not hasattr(command, "commands"), f"{line} names no command"
    command.make_context("it", words).close()


def test_no_other_program_is_called_than_those_that_are_known() -> None:
    programs = {line.split()[0] for line in commands() if not line.startswith(("-", '"', "{"))}
    assert programs - {"empreinte"} == OTHERS


def test_every_address_of_ours_is_served(tmp_path: Path) -> None:
    paths = {path.partition("?")[0] for page in PAGES.values() for path in re.findall(rf"{OURS}(/[a-z0-9/?=-]*)", page)}
    assert {"/v1/litellm", "/v1/traces", "/v1/events", "/api/v1/services", "/api/v1/intake", "/metrics"} == paths
    with sender(tmp_path) as to:
        # nothing was measured yet: some say 503
        missing = {path for path in paths if to.get(path).status_code == 404}
    assert not missing


def test_every_metric_is_told_of_in_the_reference() -> None:
    reference = set(re.findall(r"^## (empreinte_\w+)$", (DOCS / "metrics.md").read_text(), re.MULTILINE))
    assert {name for page in PAGES.values() for name in re.findall(r"empreinte_\w+", page)} <= reference


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    headings = {_anchor(line) for line in re.findall(r"^#+ (.*)$", PAGES[page], re.MULTILINE)}
    for file, anchor in re.findall(r"\]\(([\w./-]*)(?:#([^)]*))?\)", PAGES[page]):
        assert not file or (DOCS / file).is_file()
        assert file or anchor in headings


def test_the_event_of_an_application_is_taken_and_is_of_the_service_beside_it(tmp_path: Path) -> None:
    (block,) = (one for one in blocks("recipes.md", "sh") if "specversion" in one)
    body = block[block.index("{") : block.rindex("}") + 1]
    (event,) = parse(STRUCTURED, {}, body.encode(), Arrival(NOW, "", 0)).events
    ollama = next(one for page, one in examples() if page == "recipes.md" and "ollama.service" in one)
    (service,) = configured(ollama, tmp_path).services
    assert event.service == service.facts.key
    assert service.events is not None
    assert event.model + "*" in service.events.models


@pytest.mark.parametrize("page", PAGES)
def test_the_list_of_what_was_used_is_of_the_service_beside_it(page: str, tmp_path: Path) -> None:
    bought = next(block for block in blocks(page, "toml") if "[[external]]" in block)
    reading = Reading(configured(bought, tmp_path).external_rules, UTC, named_period("2026-11-25", 0, UTC).start)
    (block,) = blocks(page, "csv")
    found = read_usage(block.encode(), reading, Bases(Studies({}), Answers()))
    assert found.faults == ()
    (row,) = found.rows
    assert {one.series.external for one in row.amounts} == {"mistral-api"}


def test_both_languages_have_the_same_recipes() -> None:
    english, french = (re.findall(r"^## (\d)", page, re.MULTILINE) for page in PAGES.values())
    assert english == french
    # what is configured is the same, too: the French page leaves some out
    assert {block for page, block in examples() if page == "recettes.md"} - {
        block for page, block in examples() if page == "recipes.md"
    } == {block for block in blocks("recettes.md", "toml") if "vllm.service" in block and "[intake]" in block}


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
