"""The side of the CodeCarbon adapter that runs in a process of its own, and imports CodeCarbon.

Started by `monitor.adapters.codecarbon` as `python -m monitor.adapters.codecarbon_child REQUEST`; request and answer
are JSON objects. The answer goes to standard output, alone: whatever else is printed goes to standard error. It opens
no network socket, whatever the library would do.
"""

from __future__ import annotations

import json
import math
import os
import socket
import sys
import threading
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from codecarbon.output_methods.emissions_data import EmissionsData

Answer = dict[str, Any]

GRAMS_PER_KILOGRAM: Final = 1000
AGREEMENT: Final = 0.01
"""How far the factor that CodeCarbon applied may be from its own table before we refuse it: a fallback is far off."""
SOURCE: Final = "Our World in Data (Ember, life cycle)"
"""Source: CodeCarbon 3.3.2, documentation of global_energy_mix.json."""


class RefusedError(Exception):
    """CodeCarbon can't answer this; the message is one sentence with the cure."""


def main(arguments: list[str]) -> int:
    """Answer the request in the first of *arguments* on standard output. Returns the exit status."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as out:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        sys.addaudithook(stay_offline)
        request = json.loads(arguments[0])
        try:
            answer = TASKS[request.pop("task")](**request)
        except RefusedError as refusal:
            answer = {"error": str(refusal)}
        json.dump(answer, out)
    return 0


def stay_offline(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse every network socket of this process (an audit hook). Raises PermissionError."""
    families = (socket.AF_INET, socket.AF_INET6)
    if event == "socket.__new__" and arguments[1] in families:
        raise PermissionError("CodeCarbon is run offline")
    if event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}:
        raise PermissionError("CodeCarbon is run offline")


def lookup_tdp(model: str) -> Answer:
    """Return the row of CodeCarbon's table that matches *model*, and its power in W; nulls where none does."""
    from codecarbon.core.cpu import TDP  # noqa: PLC0415 - importing it is what this process is for
    from codecarbon.input import DataSource  # noqa: PLC0415 - as above

    table = DataSource().get_cpu_power_data()  # type: ignore[no-untyped-call]  # CodeCarbon's constructor has no types
    matcher = TDP.__new__(TDP)  # its constructor would look at this machine's CPU, through other processes
    matched = matcher._get_matching_cpu(model, table) if model else None  # noqa: SLF001 - no public name, hence the pin
    watts = _watts(matcher, matched, table) if matched else None
    return {"version": version("codecarbon"), "matched": matched if watts else None, "watts": watts}


def _watts(matcher: Any, matched: str, table: Any) -> float | None:  # noqa: ANN401 - CodeCarbon's and pandas' own
    """Return the power of the row *matched*; None where the table has no usable figure (`27.29.5`, 0)."""
    try:
        watts = float(matcher._get_cpu_constant_power(matched, table))  # noqa: SLF001 - as above
    except ValueError:
        return None
    return watts if math.isfinite(watts) and watts > 0 else None


def compare(seconds: float, country: str | None) -> Answer:
    """Run CodeCarbon's tracker for *seconds*; return what it says, energies in kWh, factor in g/kWh.

    Raises RefusedError where CodeCarbon has no energy mix for *country*, or applies another one than its table's.
    """
    mix = energy_mix(country) if country else None
    tracker, data = _track(seconds, mix)
    answer = {
        "version": version("codecarbon"),
        "seconds": data.duration,
        "cpu_kwh": data.cpu_energy,
        "ram_kwh": data.ram_energy,
        "gpu_kwh": data.gpu_energy,
        "hardware": list(tracker._conf["hardware"]),  # noqa: SLF001 - how it measured has no public name
        "factor": None,
        "basis": "",
    }
    return answer | (_factor(data, mix) if mix else {})


def energy_mix(country: str) -> Answer:
    """Return CodeCarbon's row for *country*, an ISO 3166-1 code of two or three letters; `alpha_2` is that of two.

    Raises RefusedError where there is none.
    """
    import pycountry  # noqa: PLC0415 - importing it is what this process is for
    from codecarbon.input import DataSource  # noqa: PLC0415 - as above

    code = country.upper()
    known = pycountry.countries.get(alpha_3=code) or pycountry.countries.get(alpha_2=code)
    if known is None:
        raise RefusedError(f"{country!r} is no ISO 3166-1 country code: give two or three letters, such as FR or FRA")
    source = DataSource()  # type: ignore[no-untyped-call]  # CodeCarbon's constructor has no types
    row = source.get_global_energy_mix_data().get(known.alpha_3)
    if row is None:
        raise RefusedError(f"CodeCarbon has no energy mix of {known.name} ({known.alpha_3}): go without it")
    return dict(row) | {"alpha_2": known.alpha_2}


def energy_mix_with_version(country: str) -> Answer:
    """Return CodeCarbon's row for *country*, and its version. Raises RefusedError."""
    return energy_mix(country) | {"version": version("codecarbon")}


def boamps(reports: list[dict[str, Any]]) -> Answer:
    """Return the BoAmps report of each of *reports*, as CodeCarbon's mapper makes it of its own kind of figures."""
    return {"version": version("codecarbon"), "reports": [_boamps(one) for one in reports]}


def _boamps(one: dict[str, Any]) -> Answer:
    """Return one report. Energies are in kWh; what is not known of the machine is left out of what is mapped."""
    from codecarbon.output_methods.boamps.mapper import map_emissions_to_boamps  # noqa: PLC0415 - as above
    from codecarbon.output_methods.boamps.models import BoAmpsHeader, BoAmpsTask  # noqa: PLC0415 - as above
    from codecarbon.output_methods.emissions_data import EmissionsData  # noqa: PLC0415 - as above

    energies = one["energies"]
    figures = EmissionsData(
        timestamp=one["made"],
        project_name=one["service"],
        run_id=one["run"],
        experiment_id="",
        duration=one["seconds"],
        emissions=0.0,
        emissions_rate=0.0,
        cpu_power=0.0,
        gpu_power=0.0,
        ram_power=0.0,
        water_consumed=0.0,
        cpu_energy=energies["cpu"],
        gpu_energy=energies["gpu"],
        ram_energy=energies["ram"],
        energy_consumed=energies["all"],
        country_name=one["country"],
        country_iso_code=one["country"],
        region="",
        cloud_provider="",
        cloud_region="",
        os="Linux",
        python_version="",
        codecarbon_version=version("codecarbon"),
        cpu_count=0,
        cpu_model="",
        gpu_count=one["gpus"],
        gpu_model="",
        longitude=0.0,
        latitude=0.0,
        ram_total_size=0.0,
        tracking_mode="",
    )
    report = map_emissions_to_boamps(
        figures,
        BoAmpsTask.from_dict(one["task"]),
        BoAmpsHeader.from_dict(one["header"]),
        one["quality"],
        environment_overrides={"power_source_carbon_intensity": one["intensity"]},
    )
    return _known(report.to_dict())


def _known(report: Answer) -> Answer:
    """Return *report* without what the mapper fills in where nothing is known: no place, no model, no size."""
    for name in ("latitude", "longitude"):
        report["environment"].pop(name, None)
    report["infrastructure"]["components"] = [
        {name: value for name, value in component.items() if value not in ("", 0.0)}
        for component in report["infrastructure"]["components"]
    ]
    report.pop("software", None)
    return report


def _track(seconds: float, mix: Answer | None) -> tuple[Any, EmissionsData]:
    from codecarbon import OfflineEmissionsTracker  # noqa: PLC0415 - importing it is what this process is for
    from codecarbon.output_methods.base_output import BaseOutput  # noqa: PLC0415 - as above

    seen: list[EmissionsData] = []

    class Sink(BaseOutput):
        def out(self, total: EmissionsData, delta: EmissionsData) -> None:  # noqa: ARG002 - CodeCarbon's signature
            seen.append(total)

    place = {"country_iso_code": mix["iso_code"]} if mix else {"force_carbon_intensity_g_co2e_kwh": 0.0}
    every = min(5.0, seconds / 2)
    tracker = OfflineEmissionsTracker(
        output_methods=[], output_handlers=[Sink()], measure_power_secs=every, log_level="error", **place
    )
    tracker.start()
    threading.Event().wait(seconds)
    tracker.stop()
    if not seen or seen[-1].energy_consumed <= 0:
        raise RefusedError("CodeCarbon's tracker gave no figure: run `codecarbon detect` to see what it finds")
    return tracker, seen[-1]


def _factor(data: EmissionsData, mix: Answer) -> Answer:
    """Return the factor that was applied, and where it is from; it has to be the table's. Raises RefusedError."""
    applied = data.emissions * GRAMS_PER_KILOGRAM / data.energy_consumed
    stated = mix["carbon_intensity"]
    if not math.isclose(applied, stated, rel_tol=AGREEMENT):
        raise RefusedError(f"CodeCarbon applied {applied:.0f} g/kWh, and its table says {stated:.0f}: use neither")
    basis = f"CodeCarbon {version('codecarbon')}, energy mix of {mix['country_name']} {mix['year']}, from {SOURCE}"
    return {"factor": applied, "basis": basis}


TASKS: Final[dict[str, Callable[..., Answer]]] = {
    "lookup_tdp": lookup_tdp,
    "compare": compare,
    "energy_mix": energy_mix_with_version,
    "boamps": boamps,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
