"""llama.cpp's own server, as a program: `python -m tests.parts.llm_server MODEL PORT THREADS SLEEP`, until SIGTERM."""

from __future__ import annotations

import signal
import sys
from typing import Final

import xllamacpp

from tests.parts.loopback import LOOPBACK

CONTEXT: Final = 4096
SLOTS: Final = 2


def main(model: str, port: int, threads: int, sleep: int) -> None:
    """Serve *model* on loopback, with its metrics, until SIGTERM; it sleeps after *sleep* idle seconds (-1: never)."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    parameters.hostnames = [LOOPBACK]
    parameters.port = port
    parameters.n_ctx = CONTEXT
    parameters.n_parallel = SLOTS
    parameters.cpuparams.n_threads = threads
    parameters.cpuparams_batch.n_threads = threads
    parameters.endpoint_metrics = True
    parameters.sleep_idle_seconds = sleep
    server = xllamacpp.Server(parameters)
    sys.stdout.write(f"serving at {server.listening_address}\n")
    sys.stdout.flush()
    signal.sigwait({signal.SIGTERM})


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
