"""The side of the EcoLogits adapter that runs in a process of its own, and imports EcoLogits.

Started by `monitor.adapters.ecologits` as `python -m monitor.adapters.ecologits_child`, with questions on standard
input; questions and answer are JSON. The answer goes to standard output, alone. It opens no network socket.
"""

from __future__ import annotations

import json
import math
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from monitor.adapters.codecarbon_child import stay_offline

Answer = dict[str, Any]


def main() -> int:
    """Answer the questions on standard input on standard output. Returns the exit status."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as out:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        sys.addaudithook(stay_offline)
        json.dump(answer(json.load(sys.stdin)), out)
    return 0


def answer(request: Answer) -> Answer:
    """Return the estimates that *request* asks for, in order: null where EcoLogits does not know the model."""
    try:
        found = version("ecologits")
    except PackageNotFoundError:
        return {"absent": True}
    return {"version": found, "estimates": [estimate(**one, tokens=request["tokens"]) for one in request["questions"]]}


def estimate(provider: str, model: str, zone: str, tokens: int) -> Answer | None:
    """Return what an answer of *tokens* comes to, in the units of EcoLogits, each from the lowest to the highest.

    Without a zone that it knows only the energy, which does not depend on it.
    """
    from ecologits.electricity_mix_repository import electricity_mixes  # noqa: PLC0415 - it may not be there
    from ecologits.model_repository import models  # noqa: PLC0415 - likewise
    from ecologits.tracers.utils import PROVIDER_CONFIG_MAP, llm_impacts  # noqa: PLC0415 - likewise

    if provider not in PROVIDER_CONFIG_MAP:
        return None
    mix = electricity_mixes.find_electricity_mix(_three_letters(zone)) if zone else None
    impacts = llm_impacts(provider, model, tokens, math.inf, mix.zone if mix else "WOR")
    if impacts.has_errors or impacts.energy is None:
        return None
    told: dict[str, Any] = {"energy": impacts.energy}
    if mix:
        told |= {"gwp": impacts.gwp, "adpe": impacts.adpe, "water": impacts.wcf}
    assumed = _assumed(provider, model, models.find_model(provider, model), PROVIDER_CONFIG_MAP[provider])
    return {
        "impacts": {name: _range(one.value) for name, one in told.items() if one is not None},
        "parameters": assumed | (_of_mix(mix) if mix else {}),
    }


def _assumed(provider: str, name: str, model: Any, site: Any) -> dict[str, str]:  # noqa: ANN401 - types of EcoLogits
    """Return what EcoLogits has assumed of the *model* and its *site*."""
    from ecologits.impacts.llm import BATCH_SIZE  # noqa: PLC0415 - it may not be there

    parameters = model.architecture.parameters
    mixed = hasattr(parameters, "active")
    pace = model.deployment
    return {
        "model": f"{provider}/{name}",
        "architecture": model.architecture.type.value,
        "active_parameters_billions": _text(parameters.active if mixed else parameters),
        "total_parameters_billions": _text(parameters.total if mixed else parameters),
        "tokens_per_second": _text(pace.tps) if pace and pace.tps else "by its size",
        "batch": str(BATCH_SIZE),
        "pue": _text(site.datacenter_pue),
        "wue_liters_per_kilowatt_hour": _text(site.datacenter_wue),
        "warnings": " ".join(sorted(one.code for one in model.warnings)),
    }


def _of_mix(mix: Any) -> dict[str, str]:  # noqa: ANN401 - a type of EcoLogits, which may not be there
    return {
        "zone": mix.zone,
        "grid_grams_per_kilowatt_hour": f"{mix.gwp * 1000:.6g}",
        "grid_liters_per_kilowatt_hour": f"{mix.wue:.6g}",
        "grid_kilograms_antimony_per_kilowatt_hour": f"{mix.adpe:.6g}",
    }


def _three_letters(zone: str) -> str:
    """Return the code that EcoLogits has for the country *zone*; the world is `WOR`."""
    import pycountry  # noqa: PLC0415 - it is slow to load, and not always needed

    country = pycountry.countries.get(alpha_2=zone)
    return str(country.alpha_3) if country is not None else "WOR" if zone == "WORLD" else ""


def _range(value: Any) -> list[float]:  # noqa: ANN401 - a number, or a range of EcoLogits
    return [float(value.min), float(value.max)] if hasattr(value, "min") else [float(value)] * 2


def _text(value: Any) -> str:  # noqa: ANN401 - likewise
    return f"{value.min:g}-{value.max:g}" if hasattr(value, "min") else f"{value:g}"


if __name__ == "__main__":
    sys.exit(main())
