"""Files from which Grafana takes dashboards and their data source by itself, without a token: provisioning.

Source: Grafana, administration, provisioning: apiVersion 1, data sources and dashboard providers.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import PurePosixPath

    from dashboards.push import Target

BOARDS: Final = "dashboards"
PROVIDER_FILE: Final = "provisioning/dashboards/empreinte.yaml"
SOURCE_FILE: Final = "provisioning/datasources/empreinte.yaml"
SOURCE_NAME: Final = "Empreinte (Prometheus)"
USUAL_PROMETHEUS: Final = "http://127.0.0.1:9090"
"""Where Prometheus listens unless told otherwise. Source: Prometheus, command line, web.listen-address."""


def data_source(uid: str, url: str) -> dict[str, Any]:
    """Return the settings of the Prometheus at *url*, as the API takes them."""
    return {
        "uid": uid,
        "name": SOURCE_NAME,
        "type": "prometheus",
        "access": "proxy",
        "url": url,
        "isDefault": False,
        # questions over many services are longer than an address may be
        "jsonData": {"httpMethod": "POST"},
    }


def files(
    models: Sequence[Mapping[str, Any]], target: Target, place: PurePosixPath, source: Mapping[str, Any]
) -> dict[str, str]:
    """Return the content of each file by its path below one directory, which Grafana finds at *place*."""
    boards = {f"{BOARDS}/{model['uid']}.json": _board(model) for model in models}
    return {**boards, PROVIDER_FILE: _provider(target, place / BOARDS), SOURCE_FILE: _source(source)}


def _board(model: Mapping[str, Any]) -> str:
    return json.dumps(model, ensure_ascii=False, indent=2) + "\n"


def _provider(target: Target, place: PurePosixPath) -> str:
    return f"""\
# Goes into Grafana's provisioning/dashboards. What it brings can't be saved in Grafana, nor by `dashboards push`.
apiVersion: 1
providers:
  - name: empreinte
    orgId: 1
    type: file
    folder: {_text(target.title)}
    folderUid: {_text(target.uid)}
    disableDeletion: false
    updateIntervalSeconds: 60
    allowUiUpdates: false
    options:
      path: {_text(str(place))}
"""


def _source(source: Mapping[str, Any]) -> str:
    return f"""\
# Goes into Grafana's provisioning/datasources.
apiVersion: 1
datasources:
  - name: {_text(source["name"])}
    uid: {_text(source["uid"])}
    orgId: 1
    type: {_text(source["type"])}
    access: {_text(source["access"])}
    url: {_text(source["url"])}
    isDefault: false
    editable: false
    jsonData:
      httpMethod: {_text(source["jsonData"]["httpMethod"])}
"""


def _text(value: str) -> str:
    """Return *value* in quotes, as YAML; Grafana fills in what follows a `$`, unless it is doubled."""
    return json.dumps(value.replace("$", "$$"), ensure_ascii=False)
