"""Disks that are full, and what a service under load makes of that."""

import resource
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from threading import Event

import requests

from tests.faults import CLIENTS, Client, load
from tests.process import Process, eventually


@contextmanager
def small_disk(path: Path, mebibytes: int) -> Iterator[None]:
    """Mount a disk of its own inside the `with`; only root may."""
    path.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", path], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Take all the room that a disk has left, and free it at the end."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    yield
    ballast.unlink()


@contextmanager
def unable_to_write(process: Process) -> Iterator[None]:
    """Let every write of a service to a file fail, and work again at the end."""
    pid = process.popen.pid
    worker = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
    _, hard = resource.prlimit(worker, resource.RLIMIT_FSIZE)
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (0, hard))
    yield
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (hard, hard))


def full_disk(
    process: Process, full: AbstractContextManager[None], *, seconds: float
) -> tuple[list[Client], Counter[int]]:
    """Fill the disk of a service under load, and free it again.

    Returns:
        The clients, and how often each status was answered once the disk was free again.
    """
    clients = [Client(f"c{number}", resends=False) for number in range(CLIENTS)]
    with load(*((client, process) for client in clients), seed=8):
        Event().wait(seconds)
        with full:
            assert eventually(lambda: any(client.statuses[503] for client in clients))
            Event().wait(seconds)
            assert requests.get(f"{process.url}/healthz", timeout=10).ok
    late = Client("late", resends=False)
    for number in range(20):
        late.send(process, [f"late-{number}-{n}" for n in range(number + 1)])
    return [*clients, late], late.statuses
