from pathlib import Path

from monitor.factors.loading import load, shipped
from monitor.factors.reference import reference

DOCS = Path(__file__).parents[3] / "docs"


def test_the_reference_is_the_one_in_the_documentation() -> None:
    assert (DOCS / "factors.md").read_text(encoding="utf-8") == reference(), "run `make docs`"


def test_every_factor_is_on_the_page_with_its_figure_and_where_it_is_from() -> None:
    lines = reference().splitlines()
    for factor in shipped().factors:
        row = next(number for number, line in enumerate(lines) if line.startswith(f"| `{factor.key}` |"))
        heading = max(number for number, line in enumerate(lines[:row]) if line.startswith("### "))
        said = "\n".join((lines[row], *(line for line in lines[heading:row] if line.startswith("- "))))
        for part in (f"| {factor.value:f} | {factor.low:f} to {factor.high:f} |", factor.unit, factor.address):
            assert part in said, factor.key
        for part in (factor.source, factor.licence, factor.note, str(factor.year)):
            assert part in said, factor.key


def test_the_example_of_a_file_of_ones_own_is_right(tmp_path: Path) -> None:
    example = next(part for part in reference().split("```") if part.startswith("toml\n[[factor]]"))
    file = tmp_path / "own.toml"
    file.write_text(example.removeprefix("toml\n"), encoding="utf-8")
    catalogue = load("", [file])
    assert [factor.subject for factor in catalogue.factors if catalogue.is_own(factor)] == ["WF"]
