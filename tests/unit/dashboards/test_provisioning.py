import json
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml

from dashboards.provisioning import PROVIDER_FILE, SOURCE_FILE, data_source, files
from dashboards.push import Target
from tests.unit.dashboards.little_boards import TARGET, board

SOURCE = data_source("empreinte-prometheus", "http://127.0.0.1:9090")


def read(files: dict[str, str], name: str) -> Any:
    return yaml.safe_load(files[name])


def test_each_dashboard_is_a_file_of_its_own() -> None:
    made = files([board(), board("other", "Other")], TARGET, PurePosixPath("/srv"), SOURCE)
    assert set(made) == {
        "dashboards/empreinte-overview-fr.json",
        "dashboards/other.json",
        PROVIDER_FILE,
        SOURCE_FILE,
    }
    assert json.loads(made["dashboards/other.json"]) == board("other", "Other")
    assert "Vue d'ensemble" in made["dashboards/empreinte-overview-fr.json"]


def test_the_provider_leads_to_the_files_and_names_the_folder() -> None:
    [provider] = read(files([board()], TARGET, PurePosixPath("/srv/empreinte"), SOURCE), PROVIDER_FILE)["providers"]
    assert provider["options"] == {"path": "/srv/empreinte/dashboards"}
    assert (provider["folder"], provider["folderUid"], provider["type"]) == ("Empreinte", "empreinte", "file")


def test_the_data_source_is_the_one_that_the_api_is_given() -> None:
    [source] = read(files([], TARGET, PurePosixPath("/srv"), SOURCE), SOURCE_FILE)["datasources"]
    assert {name: source[name] for name in SOURCE} == SOURCE


@pytest.mark.parametrize("title", ['Sobriété "IA"', "a: b # c", "100 $PATH ${HOME}", "- x", "\\n"])
def test_whatever_the_folder_is_called_it_is_called_so_in_grafana(title: str) -> None:
    made = files([], Target("empreinte", title), PurePosixPath("/srv"), SOURCE)
    assert read(made, PROVIDER_FILE)["providers"][0]["folder"].replace("$$", "$") == title
    assert made[PROVIDER_FILE].count("$") == 2 * title.count("$")
