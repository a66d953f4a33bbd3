from pathlib import Path

import pytest

from monitor.cli.session import Session
from monitor.config import ConfigError
from tests.unit.config.test_file import HERE


def test_what_is_asked_for_once_stays(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[host]\nname = "a"\n', encoding="utf-8")
    session = Session(HERE)
    session.take(tmp_path / "a.toml", debug=True)
    session.take(None, debug=False)
    assert session.debug
    assert session.config().host.name == "a"


def test_the_file_is_read_once(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text('[host]\nname = "a"\n', encoding="utf-8")
    session = Session(HERE, file)
    assert session.config().host.name == "a"
    file.unlink()
    assert session.config().host.name == "a"


def test_a_file_that_is_wrong_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        Session(HERE, tmp_path / "missing").config()
