from pathlib import Path

from monitor.cli.reference import reference

DOCS = Path(__file__).parents[3] / "docs"


def test_every_command_is_explained() -> None:
    page = reference()
    for name in ("run", "doctor", "config check", "config show", "config example", "ledger verify", "ledger backup"):
        assert f"\n## empreinte {name}\n" in page


def test_the_reference_is_the_one_in_the_documentation() -> None:
    assert (DOCS / "commands.md").read_text(encoding="utf-8") == reference(), "run `make docs`"
