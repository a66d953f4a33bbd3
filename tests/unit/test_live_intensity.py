from pathlib import Path

import pytest

from monitor.collector import Grid, Reason, Unavailable
from monitor.live_intensity import with_token

GRID = Grid(zone="FR")


def test_the_token_is_what_the_file_holds_without_the_end_of_its_line(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("s3cret\n")
    found = with_token(GRID, file)
    assert found.token == "s3cret"  # noqa: S105 - made up here
    assert "s3cret" not in repr(found)
    assert with_token(GRID, None) is GRID


@pytest.mark.parametrize(
    ("content", "said"), [(None, "can't be read"), (b"", "is empty"), (b" \n", "is empty"), (b"\xff\xfe", "no text")]
)
def test_a_token_that_cannot_be_had_makes_the_source_unavailable_and_stops_nothing(
    content: bytes | None, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Unavailable, match=said) as caught:
        with_token(GRID, file)
    assert caught.value.reason is Reason.FORBIDDEN
    assert str(file) in caught.value.what
    assert caught.value.cure
