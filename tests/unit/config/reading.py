"""Configurations that tests write, read, or refused with what is wrong with them."""

from pathlib import Path

import pytest

from monitor.config import Config, ConfigError, Surroundings, load

HERE = Surroundings({"HOME": "/home/m"}, False, "ia-01", "Europe/Paris", Path("/none"))


def read(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "empreinte.toml"
    file.write_text(text, encoding="utf-8")
    return load(HERE, file)


def faults(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, text)
    return str(error.value)
