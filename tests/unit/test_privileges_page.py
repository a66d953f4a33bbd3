"""docs/privileges.md says what is: its commands are doctor's, and every right is in it."""

import re
from pathlib import Path

import pytest

from monitor.core.rights import GRANTS, Grant

PAGE = (Path(__file__).parents[2] / "docs/privileges.md").read_text(encoding="utf-8")
BLOCKS = [tuple(block.splitlines()) for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)]


def test_the_commands_are_those_of_doctor_in_its_order() -> None:
    assert [grant.commands for grant in GRANTS] == BLOCKS


@pytest.mark.parametrize("grant", GRANTS, ids=lambda grant: grant.right.value)
def test_each_right_says_what_it_exposes_and_what_to_do_with_less(grant: Grant) -> None:
    section = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    (told,) = [part for part in section if part.startswith(f"{grant.right}: ")]
    assert told.index("**What it exposes.**") < told.index("**With less.**")


def test_the_table_names_the_packaged_files_and_says_what_is_given_at_installation() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|(.*)\|$", PAGE, re.MULTILINE))
    assert list(rows) == [grant.right.value for grant in GRANTS]
    for grant in GRANTS:
        row = rows[grant.right]
        assert all(f"`{collector}`" in row for collector in grant.collectors) or grant.right == "processes"
        files = re.findall(r"`(rights/[\w.]+|empreinte\.tmpfiles)`", row)
        assert len(files) == len(grant.files)
        assert all((Path(__file__).parents[2] / "deploy/systemd" / file).is_file() for file in files)
        assert row.endswith(" yes " if "empreinte.tmpfiles" in files else " no ")
