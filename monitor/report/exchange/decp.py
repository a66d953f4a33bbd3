"""The contracts of the period under the names of essential procurement data (DECP) and of notices (eForms).

It is no publication: what is not known here has no key, and the buyer's own tool fills it in. Source: DECP 2.0.3
(139bercy/format-commande-publique, schema_decp_v2.0.3.json, 2025); eForms SDK (OP-TED/eForms-SDK, 2026).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from monitor.core.procurement_told import decp, eforms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.report.material import Material


def decp_files(material: Material) -> dict[str, bytes]:
    """Return the two files: `-decp.json` in the shape of the schema, and `-eforms.json` by contract."""
    known = [one.contract for one in material.stated.contracts if one.contract is not None]
    buyer, stem = material.about.get("siret", ""), material.report.stem
    return {
        f"{stem}-decp.json": _written({"marches": {"marche": [decp(one, buyer) for one in known]}}),
        f"{stem}-eforms.json": _written({"contracts": [{"uid": one.uid, **eforms(one)} for one in known]}),
    }


def _written(content: Mapping[str, object]) -> bytes:
    return f"{json.dumps(content, ensure_ascii=False, indent=1)}\n".encode()
