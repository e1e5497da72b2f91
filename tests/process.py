"""The service as a process of its own, behind gunicorn, as `make run` starts it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

import requests

REPOSITORY = Path(__file__).parent.parent
_START_SECONDS = 20.0


class Process:
    """A running service.

    Args:
        popen: gunicorn's master process, leader of its own group.
        port: where it listens on loopback.
        log: where it writes.
    """

    def __init__(self, popen: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.popen = popen
        self.url = f"http://127.0.0.1:{port}"
        self.api = f"{self.url}/api/backstage-insights"
        self.log = log

    def kill(self) -> None:
        """Kill it and its workers at once, as a loss of power would."""
        os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()

    def terminate(self) -> int:
        """Ask it to stop, and return its exit code."""
        self.popen.terminate()
        return self.popen.wait(timeout=15)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


SERVICE = ("-c", "config/gunicorn.conf.py", "wsgi:app")
GUNICORN = (sys.executable, "-m", "gunicorn")


def spawn(
    config: Path,
    log: Path,
    port: int,
    arguments: Sequence[str] = SERVICE,
    *,
    program: Sequence[str] = GUNICORN,
    place: Path = REPOSITORY,
    **more: str,
) -> subprocess.Popen[bytes]:
    environment: Mapping[str, str] = {
        "PATH": os.environ["PATH"],
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "INSIGHTS_CONFIG": str(config),
        "PYTHONWARNINGS": "error",
        **more,
    }
    command = [*program, *arguments]
    with log.open("ab") as output:
        return subprocess.Popen(
            command, cwd=place, env=environment, stdout=output, stderr=output, start_new_session=True
        )


TAKEN = {200, 202}
"""What is answered for events that are on disk, whether or not they have arrived by then."""


def eventually(condition: Callable[[], bool], seconds: float = 90) -> bool:
    """Wait until something is so, for some seconds at most."""
    return any(condition() or Event().wait(0.1) for _ in range(int(seconds * 10)))


def counts(process: Process, events: int) -> bool:
    """Wait until that many events are in the summary of an open service, and in its export."""
    return eventually(lambda: _counted(process) == (events, events), seconds=20)


def _counted(process: Process) -> tuple[int, int] | None:
    summary = requests.get(f"{process.api}/reports/summary", timeout=_START_SECONDS)
    if summary.status_code == 503:  # the engine is opening, or another process holds it
        assert summary.json()["error"]["code"] == "warehouse_unavailable"
        return None
    export = requests.get(f"{process.api}/export", timeout=_START_SECONDS).text
    return summary.json()["rows"][0]["events"], len(export.splitlines())


@contextmanager
def serving(
    config: Path,
    log: Path,
    arguments: Sequence[str] = SERVICE,
    port: int = 0,
    *,
    program: Sequence[str] = GUNICORN,
    place: Path = REPOSITORY,
    **more: str,
) -> Iterator[Process]:
    """Start a service and wait until it answers; it is killed at the end if it still runs.

    Args:
        config: its app-config.
        log: where it writes.
        arguments: what gunicorn is called with.
        port: where it listens; 0 is any that is free.
        program: what starts gunicorn.
        place: the working directory.
        more: further variables of its environment.
    """
    port = port or free_port()
    bound = (*arguments, f"--bind=127.0.0.1:{port}")
    process = Process(spawn(config, log, port, bound, program=program, place=place, **more), port, log)
    try:
        await_answer(process.popen, f"{process.api}/config", log)
        yield process
    finally:
        if process.popen.poll() is None:
            process.kill()


def await_answer(
    process: subprocess.Popen[bytes], url: str, log: Path, good: Callable[[requests.Response], bool] = lambda _: True
) -> None:
    """Wait until a process that was just started gives a good answer, by default any; it fails with its log."""
    pause = 0.02
    for _ in range(int(_START_SECONDS / pause)):
        assert process.poll() is None, log.read_text()
        with suppress(requests.ConnectionError):
            if good(requests.get(url, timeout=_START_SECONDS)):
                return
        Event().wait(pause)
    raise TimeoutError(log.read_text())
