"""What is measured, as a process of its own behind gunicorn, and what it takes of the machine."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import requests

from insights_backend.web.api import PREFIX
from tests.process import REPOSITORY, SERVICE, await_answer, free_port, spawn

FLOOR = ("-c", "config/gunicorn.conf.py", "tests.bench.ingest.floor:app")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """A gunicorn with one worker.

    Args:
        port: where it listens on loopback.
        path: the route that takes events.
        worker: the process that answers.
        directory: where its files are.
        started: seconds from its start until it was ready.
    """

    port: int
    path: str
    worker: int
    directory: Path
    started: float

    def cpu(self) -> float:
        """Seconds of CPU that its worker has used, in all threads."""
        fields = Path(f"/proc/{self.worker}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory(self, which: str = "VmRSS") -> float:
        """Megabytes that its worker holds now; at most so far with `VmHWM`."""
        for line in Path(f"/proc/{self.worker}/status").read_text().splitlines():
            if line.startswith(f"{which}:"):
                return int(line.split()[1]) / 1024
        raise LookupError(which)

    def waiting(self) -> int:
        """Events in its outbox."""
        file = f"file:{self.directory / 'var' / 'outbox.sqlite3'}?mode=ro"
        with closing(sqlite3.connect(file, uri=True, timeout=30)) as database:
            (events,) = database.execute("SELECT events FROM backlog").fetchone()
        return int(events)

    def stored(self) -> int:
        """Events in its warehouse, as its summary of the last month counts them."""
        url = f"http://127.0.0.1:{self.port}{PREFIX}/reports/summary"
        return int(requests.get(url, timeout=60).json()["rows"][0]["events"])

    def landed_within(self, seconds: float) -> float:
        """Wait until nothing waits any more, and tell how many seconds that took; infinity where they were too few."""
        began = time.perf_counter()
        while self.waiting():
            if time.perf_counter() - began > seconds:
                return float("inf")
            Event().wait(0.05)
        return time.perf_counter() - began


@contextmanager
def running(directory: Path, config: Path, *, floor: bool = False) -> Iterator[Server]:
    """Run the service, or the floor, inside the `with`; its log is in its directory.

    Args:
        directory: for its files.
        config: its app-config. The floor needs one too, since it runs under the same settings of gunicorn.
        floor: which of the two.
    """
    directory.mkdir(exist_ok=True)
    port, log = free_port(), directory / "log"
    began = time.perf_counter()
    arguments = (*(FLOOR if floor else SERVICE), f"--bind=127.0.0.1:{port}")
    gunicorn = spawn(config, log, port, arguments, FLOOR_DIRECTORY=str(directory), PYTHONPATH=str(REPOSITORY))
    try:
        await_answer(gunicorn, f"http://127.0.0.1:{port}/readyz", log, lambda answer: answer.ok)
        started = time.perf_counter() - began
        yield Server(port, "/events" if floor else f"{PREFIX}/events", _worker_of(gunicorn.pid), directory, started)
    finally:
        gunicorn.terminate()
        gunicorn.wait(timeout=30)


def _worker_of(master: int) -> int:
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return int(children[-1])
