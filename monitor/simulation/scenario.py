"""Worlds made from a seed: a server with AI services in each place where services are found, and what befalls it."""

from __future__ import annotations

from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING, Final

from monitor.core.entries import OTHER
from monitor.core.units import Duration, Memory
from monitor.simulation.hosts import container, daemons, gpu_program, pod, python, server, service, session, unit
from monitor.simulation.spec import (
    CounterReset,
    DriverReload,
    GpuLost,
    Incident,
    Layout,
    PidReuse,
    Platform,
    Program,
    Reboot,
    Rhythm,
    ServiceSpec,
    Suspend,
    Unreadable,
    WallStep,
    WorldSpec,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from monitor.simulation.spec import Range


class Ingredient(StrEnum):
    """What a world made from a seed may contain, beside services that are busy and idle by turns."""

    WRAPS = "wraps"
    """Counters so narrow that they wrap several times in ten minutes; no tick of six seconds misses one."""
    SHORT_LIVED = "short_lived"
    """Children that live for less than a tick."""
    PID_REUSE = "pid_reuse"
    COME_AND_GO = "come_and_go"
    """A service that appears, one that disappears, one that is restarted."""
    COUNTER_RESET = "counter_reset"
    SUSPEND = "suspend"
    GPU_LOST = "gpu_lost"
    DRIVER_RELOAD = "driver_reload"
    UNREADABLE = "unreadable"
    WALL_BACK = "wall_back"
    """The wall clock is set back an hour."""
    WALL_FORWARD = "wall_forward"
    """The wall clock is set forward a day."""
    REBOOT = "reboot"


NARROW: Final = 27
"""Bits of a counter that wraps after 8.2 kJ."""
HOUR: Final = 3600
DAY: Final = 24 * HOUR
LENGTH: Final = 600
"""Seconds for which such a world is usually run."""


def world_spec(
    seed: int,
    ingredients: Collection[Ingredient] = (),
    *,
    layout: Layout = Layout.V2,
    platform: Platform = Platform.NONE,
    length: int = LENGTH,
) -> WorldSpec:
    """Return the world that *seed* makes, with the *ingredients* asked for, to be run for *length* seconds."""
    bits = NARROW if Ingredient.WRAPS in ingredients else 32
    services = [*daemons(), *_services(_random(seed, "services"))]
    if Ingredient.SHORT_LIVED in ingredients:
        services.append(_forking(_random(seed, Ingredient.SHORT_LIVED)))
    if Ingredient.COME_AND_GO in ingredients:
        services += _passing(_random(seed, Ingredient.COME_AND_GO), length)
    incidents = [
        incident
        for ingredient in Ingredient
        if ingredient in ingredients and ingredient in INCIDENTS
        for incident in INCIDENTS[ingredient](_random(seed, ingredient), length)
    ]
    return WorldSpec(seed, server(bits, layout, platform), tuple(services), tuple(incidents))


def _services(random: Random) -> list[ServiceSpec]:
    """Return services found in each way: by unit, by container, by pod, and by process only."""
    phases = Rhythm(idle=(30, 80), busy=(60, 140), spell=(8, 25))
    shared = session(1000, 3)
    vllm = python("-m", "vllm.entrypoints.openai.api_server", "--model", "mistral", gib=2, busy=(300, 900))
    engine = gpu_program("VLLM::EngineCore", gpu=0, gpu_gib=36, busy=(600, 1000), gpu_busy=(250, 800))
    router = ("/usr/local/bin/text-embeddings-router", "--model-id", "BAAI/bge-m3")
    embeddings = gpu_program(*router, gpu=1, gpu_gib=4, busy=(200, 800), gpu_busy=(100, 450))
    whisper = gpu_program("/opt/whisper/whisper-server", gpu=1, gpu_gib=6, busy=(1500, 3500), gpu_busy=(150, 500))
    llama = ("/home/dsi/bin/llama-server", "-m", "resume.gguf")
    summaries = Program(llama, Memory.from_gibibytes(9), busy=(3000, 9000), threads=16)
    return [
        service("assistant", container(random), vllm, engine, rhythm=phases),
        service("recherche", pod(random), embeddings, rhythm=phases),
        service("transcription", unit("whisper"), whisper, rhythm=phases),
        service("resume", shared, summaries, rhythm=phases),
        ServiceSpec(
            OTHER,
            shared,
            Program(("-bash",), Memory.from_gibibytes(0.01), busy=(1, 30)),
            (Program(("htop",), Memory.from_gibibytes(0.01), busy=(10, 40)),),
        ),
    ]


def _forking(random: Random) -> ServiceSpec:
    """Return a service whose work is done by children that live for less than a tick."""
    return service(
        "ocr",
        random.choice((unit("ocr"), session(1001, 7))),
        python("/srv/ocr/serve.py", gib=0.3, busy=(100, 300)),
        rhythm=Rhythm(idle=(30, 80), busy=(60, 140), spell=(8, 25), spawns=(0, 2)),
        child=Program(("/usr/bin/tesseract", "page.png", "-", "-l", "fra"), Memory.from_gibibytes(0.12)),
    )


def _passing(random: Random, length: int) -> list[ServiceSpec]:
    """Return a service that appears, one that disappears, and one that is restarted."""
    third = length // 3
    busy = Rhythm(idle=(5, 20), busy=(30, 60))
    ollama = Program(("/usr/bin/ollama", "serve"), Memory.from_gibibytes(3), busy=(800, 2500), threads=16)
    translation = python("/srv/traduction/app.py", gib=2, busy=(700, 1800))
    chat = python("/app/chatbot.py", gib=1, busy=(400, 1500))
    return [
        service("ollama", unit("ollama"), ollama, rhythm=busy, appears=_at(random, (third // 2, third))),
        service("traduction", unit("traduction"), translation, rhythm=busy, disappears=_at(random, (third, 2 * third))),
        service(
            "accueil",
            container(random),
            chat,
            rhythm=busy,
            disappears=_at(random, (third, 2 * third)),
            stays_down=_at(random, (3, 20)),
        ),
    ]


def _reuse(random: Random, length: int) -> list[Incident]:
    return [PidReuse(at=_middle(random, length), consumer=consumer) for consumer in ("transcription", "resume")]


def _reset(random: Random, length: int) -> list[Incident]:
    return [CounterReset(at=_middle(random, length))]


def _suspend(random: Random, length: int) -> list[Incident]:
    asleep = _at(random, (40, HOUR // 2))
    return [Suspend(at=_middle(random, length), length=asleep, resets_counters=random.choice((True, False)))]


def _gpu_lost(random: Random, length: int) -> list[Incident]:
    return [GpuLost(at=_middle(random, length), length=_at(random, (15, 60)), index=random.randrange(2))]


def _driver_reload(random: Random, length: int) -> list[Incident]:
    return [DriverReload(at=_middle(random, length), length=_at(random, (10, 40)))]


def _unreadable(random: Random, length: int) -> list[Incident]:
    return [Unreadable(at=_middle(random, length), length=_at(random, (8, 25)), what="energy")]


def _back(random: Random, length: int) -> list[Incident]:
    return [WallStep(at=_middle(random, length), by=Duration.from_seconds(-HOUR))]


def _forward(random: Random, length: int) -> list[Incident]:
    return [WallStep(at=_middle(random, length), by=Duration.from_seconds(DAY))]


def _reboot(random: Random, length: int) -> list[Incident]:
    return [Reboot(at=_middle(random, length), length=_at(random, (30, 120)))]


INCIDENTS: Final[dict[Ingredient, Callable[[Random, int], list[Incident]]]] = {
    Ingredient.PID_REUSE: _reuse,
    Ingredient.COUNTER_RESET: _reset,
    Ingredient.SUSPEND: _suspend,
    Ingredient.GPU_LOST: _gpu_lost,
    Ingredient.DRIVER_RELOAD: _driver_reload,
    Ingredient.UNREADABLE: _unreadable,
    Ingredient.WALL_BACK: _back,
    Ingredient.WALL_FORWARD: _forward,
    Ingredient.REBOOT: _reboot,
}


def _random(seed: int, name: str) -> Random:
    """Return a generator for each part: one ingredient more does not change the others."""
    return Random(f"{seed}/{name}")  # noqa: S311 - a simulation has to be repeatable, not secret


def _at(random: Random, between: Range) -> Duration:
    return Duration.from_seconds(random.uniform(*between))


def _middle(random: Random, length: int) -> Duration:
    """Return a moment that is not at either end of the run."""
    return _at(random, (length // 6, length * 5 // 6))
