"""One report in Boavizta's BoAmps format for each service: what CodeCarbon's mapper is asked, and what is put right.

BoAmps knows energy alone: no water, no tokens, nothing of making the hardware. Source: Boavizta, BoAmps, model (2026).
"""

from __future__ import annotations

import json
from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from monitor.core.activity import Unit
from monitor.core.calendar import utc
from monitor.report.exchange.runs import runs, zone_of
from monitor.report.sections.figures import mean_intensity
from monitor.report.sections.services import measured

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from monitor.report.exchange.runs import Run
    from monitor.report.material import Material
    from monitor.report.model import Use

FAMILIES: Final = (
    (Unit.OUTPUT_TOKENS, "text generation", "token"),
    (Unit.AUDIO_MILLISECONDS, "speech recognition", "audio"),
    (Unit.IMAGES, "image generation", "image"),
    (Unit.PAGES, "document recognition", "image"),
    (Unit.INPUT_TOKENS, "embeddings creation", "token"),
)
"""What a service that counts a unit does, and on which data."""
OTHER: Final = ("other", "other")
HIGH: Final = 90
MEDIUM: Final = 50
"""From which part of the energy measured on, in per cent, the quality is high or medium: our choice."""


def boamps_requests(material: Material) -> Iterator[dict[str, Any]]:
    """Yield what CodeCarbon's mapper is given for each service: figures, header and task."""
    by_service: dict[str, list[Run]] = defaultdict(list)
    for run in runs(material):
        by_service[run.service].append(run)
    for use in material.ordered:
        if use.facts.key in by_service:
            yield _request(use, by_service[use.facts.key], material)


def _request(use: Use, found: Sequence[Run], material: Material) -> dict[str, Any]:
    report = material.report
    family, data = next(((name, kind) for unit, name, kind in FAMILIES if _has(use, unit)), OTHER)
    models = sorted({model for model, _ in use.units.work.amounts if model}) if use.units is not None else []
    requests = None if use.units is None else use.units.amounts.get(Unit.REQUESTS)
    share = measured([use])
    intensity = mean_intensity(use.impacts)
    return {
        "service": use.facts.key,
        "energies": {name: _sum(run.energies[name] for run in found) for name in found[0].energies},
        "seconds": sum(run.seconds for run in found),
        "run": found[0].identifier,
        "gpus": max(run.gpus for run in found),
        "began": utc(found[0].interval.start).rstrip("Z"),
        "made": utc(min(report.closed_through, report.interval.end)).rstrip("Z"),
        "country": zone_of(report).partition("-")[0],
        "intensity": None if intensity is None else float(intensity),
        "header": {
            "licensing": "etalab-2.0",
            "reportStatus": "final" if report.complete else "draft",
            "publisher": {
                "name": material.about.get("organisation", ""),
                "division": use.facts.department,
                "projectName": material.name(use.facts),
                "confidentialityLevel": "public",
            },
        },
        "task": {
            "taskStage": "inference",
            "taskFamily": family,
            **({} if requests is None else {"nbRequest": requests}),
            "algorithms": [{"foundationModelName": model} for model in models] or [{"algorithmType": "unknown"}],
            "dataset": [{"dataUsage": "input", "dataType": data}, {"dataUsage": "output", "dataType": data}],
        },
        "quality": "low" if share is None or share < MEDIUM else "medium" if share < HIGH else "high",
        "version": material.about.get("version", ""),
    }


def _sum(energies: Iterable[Fraction]) -> float:
    return float(sum(energies, Fraction(0)))


def _has(use: Use, unit: Unit) -> bool:
    return use.units is not None and bool(use.units.amounts.get(unit))


def boamps_files(answers: Sequence[dict[str, Any]], requests: Sequence[dict[str, Any]], stem: str) -> dict[str, bytes]:
    """Return the files: name -> content. The *answers* of the mapper say that CodeCarbon measured: it was not so."""
    files = {}
    for number, (answer, request) in enumerate(zip(answers, requests, strict=True), start=1):
        for measure in answer["measures"]:
            measure["measurementMethod"] = "empreinte"
            measure["version"] = request["version"]
            measure["measurementDateTime"] = request["began"].replace("T", " ")
        if not request["country"]:
            del answer["environment"]
        text = json.dumps(answer, ensure_ascii=False, indent=1, sort_keys=True)
        files[f"{stem}-boamps-{number:03}.json"] = f"{text}\n".encode()
    return files
