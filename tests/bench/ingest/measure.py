"""The measurements: what one load costs a server, and rounds in which floor and service take turns."""

import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from tests.bench.ingest.load import Load, send
from tests.bench.ingest.portal import Batch
from tests.bench.ingest.server import Server

CONNECTIONS = 16  # as many as the service has threads

Figures = Mapping[str, float]
"""What was measured, by name."""

_LANDING_SECONDS = 120.0
_IMPORT = "import time; began = time.perf_counter(); import insights_backend; print(time.perf_counter() - began)"


def warm(servers: Sequence[Server], batches: Sequence[Batch]) -> int:
    """Send every batch twice: by then tokens are verified and entities known; returns how many events the last took."""
    loads = [
        send(server.port, server.path, batches, connections=4, seconds=0, least=2 * len(batches)) for server in servers
    ]
    return loads[-1].events


def floor_round(server: Server, batches: Sequence[Batch], seconds: float) -> Figures:
    """Load the floor once."""
    began = server.cpu()
    load = send(server.port, server.path, batches, connections=CONNECTIONS, seconds=seconds)
    return _figures(load, server.cpu() - began)


def service_round(server: Server, batches: Sequence[Batch], seconds: float) -> Figures:
    """Load the service once, and wait until all has landed: the CPU that this takes is counted in."""
    began = server.cpu()
    load = send(server.port, server.path, batches, connections=CONNECTIONS, seconds=seconds)
    landing = server.landed_within(_LANDING_SECONDS)
    figures = _figures(load, server.cpu() - began)
    # A second's worth travels together, so that what lands is counted up to the last event.
    rate = load.events / (load.seconds + landing)
    landed = {"landed_events_s": rate, "landing_s": landing, "events": load.events}
    return {**figures, **landed, "memory_mb": server.memory()}


def _figures(load: Load, cpu: float) -> Figures:
    return {
        "requests_s": len(load.latencies) / load.seconds,
        "events_s": load.events / load.seconds,
        "p50_ms": load.percentile(0.5) * 1000,
        "p99_ms": load.percentile(0.99) * 1000,
        "cpu_us_event": cpu / load.events * 1e6,
    }


def medians(rounds: Sequence[Figures]) -> Figures:
    """The median of each figure over the rounds."""
    return {name: statistics.median(figures[name] for figures in rounds) for name in rounds[0]}


def ratio(rounds: Sequence[Figures], floors: Sequence[Figures], name: str) -> float:
    """The median of a figure's ratios to the floor's, each within one round."""
    return statistics.median(one[name] / floor[name] for one, floor in zip(rounds, floors, strict=True))


def one_at_a_time(server: Server, batches: Sequence[Batch], seconds: float) -> Figures:
    """Send one request after the other."""
    load = send(server.port, server.path, batches, connections=1, seconds=seconds)
    return {**_figures(load, 0.0), "longest_ms": max(load.latencies) * 1000}


def soak(server: Server, batches: Sequence[Batch], minutes: float) -> dict[str, Any]:
    """Load the service for long, ten times without a pause; after each its memory, and the events that wait to land."""
    server.landed_within(_LANDING_SECONDS)
    before, accepted = server.stored(), 0
    memory, waiting = [], []
    for _ in range(10):
        accepted += send(server.port, server.path, batches, connections=CONNECTIONS, seconds=minutes * 6).events
        waiting.append(server.waiting())
        memory.append(server.memory())
    landing = server.landed_within(_LANDING_SECONDS)
    return {
        "accepted": accepted,
        "stored": server.stored() - before,
        "landing_s": landing,
        "waiting": waiting,
        "memory_mb": memory,
        "peak_mb": server.memory("VmHWM"),
    }


def import_seconds(rounds: int) -> float:
    """How long the package takes to import, in a process of its own."""
    command = [sys.executable, "-c", _IMPORT]
    runs = [subprocess.run(command, capture_output=True, check=True, text=True) for _ in range(rounds)]
    return statistics.median(float(run.stdout) for run in runs)
