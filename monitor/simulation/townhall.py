"""The server of a town hall that has put AI to work: plausible services, for demonstrations and screenshots."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final

from monitor.core.activity import Unit
from monitor.core.entries import OTHER
from monitor.core.units import Duration, Memory
from monitor.simulation.hosts import container, daemons, gpu_program, pod, python, server, service, session, unit
from monitor.simulation.spec import UNUSED, Platform, Program, Rhythm, ServiceSpec, WorldSpec
from monitor.simulation.work import Telling, WorkSpec

if TYPE_CHECKING:
    from monitor.simulation.spec import Range

ZONE: Final = "FR"
"""Of the electricity grid."""
SITE: Final = "hotel-de-ville"
"""The server stands in a server room there."""
DAY: Final = Duration.from_seconds(600)
"""A day of the town hall takes ten minutes, so that a minute shows something."""
ASKED: Final = Rhythm(idle=(2, 8), busy=(4, 15), spell=(1, 4))
"""Somebody asks, waits for the answer, reads it."""
BATCH: Final = Rhythm(idle=(15, 50), busy=(20, 45), spell=(3, 8), spawns=(0, 2))
"""A queue fills, and is worked off."""
CHAT: Final = ((Unit.INPUT_TOKENS, 900), (Unit.COMPUTED_INPUT_TOKENS, 650), (Unit.OUTPUT_TOKENS, 350))
"""Tokens of a question, with what was said before it, and of its answer. Our choice, as all that services do here."""
WRITES: Final = WorkSpec(Telling.VLLM, "mistralai/Mistral-Small-3.2-24B-Instruct-2506", calls=300, each=CHAT)
"""105 tokens a second: a few people at once."""
EMBEDS: Final = WorkSpec(Telling.TEI, "BAAI/bge-m3", calls=4000, each=((Unit.INPUT_TOKENS, 180),))
LISTENS: Final = WorkSpec(Telling.EVENTS, "whisper-large-v3", calls=25, each=((Unit.AUDIO_MILLISECONDS, 480_000),))
"""Eight minutes of a session in forty seconds."""
READS: Final = WorkSpec(Telling.EVENTS, "tesseract", calls=400, each=((Unit.PAGES, 2),))
TRANSLATES: Final = WorkSpec(Telling.VLLM, "utter-project/EuroLLM-9B-Instruct", calls=300, each=CHAT)
BOUGHT: Final = "mistral-api"
"""The key of a service that is bought as an API."""
PROVIDER: Final = "mistralai"
BUYS: Final = WorkSpec(
    Telling.EVENTS, "mistral-large-2512", calls=150, each=((Unit.INPUT_TOKENS, 1200), (Unit.OUTPUT_TOKENS, 420))
)
"""What is asked of it in 1,000 seconds of the busiest hour."""
MODELS_CONTRACT: Final = "2025-DSI-042"
OFFICE_CONTRACT: Final = "2025-DSI-017"
API_CONTRACT: Final = "2025-DSI-051"


def townhall(seed: int) -> WorldSpec:
    """Return the world of a town hall's server. It goes on for as long as it is let run, and forgets its past."""
    random = Random(f"{seed}/townhall")  # noqa: S311 - a simulation has to be repeatable, not secret
    return WorldSpec(
        seed,
        server(platform=Platform.HWMON),
        (*daemons(), *services(random), _login()),
        day=DAY,
        remembers=False,
    )


def services(random: Random) -> tuple[ServiceSpec, ...]:
    """Return its AI services, with the departments that they work for."""
    return (*_on_gpus(random), *_on_cpus(random), _unused())


def _on_gpus(random: Random) -> tuple[ServiceSpec, ...]:
    vllm = ("-m", "vllm.entrypoints.openai.api_server", "--model", "mistralai/Mistral-Small-3.2-24B-Instruct-2506")
    router = ("/usr/local/bin/text-embeddings-router", "--model-id", "BAAI/bge-m3", "--port", "8080")
    whisper = ("/opt/whisper.cpp/whisper-server", "-m", "ggml-large-v3.bin", "--port", "8081")
    return (
        service(
            "assistant",
            container(random),
            python(*vllm, gib=2.5, busy=(150, 700), port=8000),
            gpu_program("VLLM::EngineCore", gpu=0, gpu_gib=38, busy=(700, 1000), gpu_busy=(350, 950)),
            rhythm=ASKED,
            name="Assistant rédactionnel",
            department="Communication",
            contract=MODELS_CONTRACT,
            work=WRITES,
        ),
        service(
            "recherche",
            pod(random),
            gpu_program(*router, gpu=1, gpu_gib=3.2, busy=(100, 500), gpu_busy=(50, 350), port=8080),
            rhythm=ASKED,
            name="Recherche documentaire",
            department="Archives",
            contract=MODELS_CONTRACT,
            work=EMBEDS,
        ),
        service(
            "transcription",
            unit("whisper"),
            gpu_program(*whisper, gpu=1, gpu_gib=5.1, busy=(900, 2400), gpu_busy=(200, 550), port=8081),
            rhythm=Rhythm(idle=(30, 90), busy=(20, 60), spell=(4, 10)),
            name="Transcription du conseil municipal",
            department="Assemblées",
            contract=OFFICE_CONTRACT,
            work=LISTENS,
        ),
    )


def _on_cpus(random: Random) -> tuple[ServiceSpec, ...]:
    ollama = Program(("/usr/local/bin/ollama", "serve"), Memory.from_gibibytes(0.2), busy=(20, 90), threads=20)
    llama = ("/usr/local/lib/ollama/llama-server", "--model", "/usr/share/ollama/.ollama/models/blobs/sha256-6a0746a1")
    runner = Program(llama, Memory.from_gibibytes(8.4), busy=(6000, 15000), threads=32)
    tesseract = Program(("/usr/bin/tesseract", "page.png", "-", "-l", "fra"), Memory.from_gibibytes(0.15))
    return (
        service(
            "ocr",
            unit("ocr-courrier"),
            python("/srv/ocr/serve.py", gib=0.4, busy=(50, 250), port=8090),
            rhythm=BATCH,
            child=tesseract,
            name="Lecture du courrier",
            department="Accueil",
            contract=OFFICE_CONTRACT,
            work=READS,
        ),
        service(
            "litellm",
            container(random),
            python("/usr/bin/litellm", "--config", "/app/config.yaml", gib=0.7, busy=(15, 180), port=4000),
            rhythm=ASKED,
            name="Passerelle des modèles",
            department="DSI",
        ),
        service(
            "ollama",
            unit("ollama"),
            ollama,
            runner,
            rhythm=Rhythm(idle=(25, 120), busy=(6, 25), spell=(2, 6)),
            name="Essais de modèles",
            department="DSI",
        ),
    )


def _unused() -> ServiceSpec:
    """Return one whose model was loaded for a trial, and that nobody asks any more: what it draws is waste."""
    vllm = ("/usr/bin/python3", "-m", "vllm.entrypoints.openai.api_server", "--model", TRANSLATES.model)
    return service(
        "traduction",
        unit("traduction"),
        gpu_program(*vllm, gpu=1, gpu_gib=7.4, busy=(20, 40), gpu_busy=(0, 0), port=8002),
        rhythm=UNUSED,
        name="Traduction (essai)",
        department="Communication",
        contract=MODELS_CONTRACT,
        work=TRANSLATES,
    )


def _login() -> ServiceSpec:
    small: Range = (1, 40)
    shell = Program(("-bash",), Memory.from_gibibytes(0.01), busy=(1, 10))
    return ServiceSpec(OTHER, session(1000, 12), shell, (Program(("htop",), Memory.from_gibibytes(0.01), busy=small),))
