"""Disks that are full, and what a service under load makes of that."""

import resource
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event

import requests

from tests.faults import CLIENTS, Client, config_in, load
from tests.process import TAKEN, Process, eventually, serving


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


def ended_on_a_full_disk(directory: Path, *, rounds: int, fills: int, end: Callable[[Process], object]) -> list[Client]:
    """End a service under load while its disk is full, free the disk, and start it again; so many times.

    Args:
        directory: for its files; its data is on the disk at `var`.
        rounds: how often.
        fills: how often the disk fills up before each end and at it.
        end: what ends it.

    Returns:
        The clients.
    """
    config, disk = config_in(directory), directory / "var"
    clients = [Client(f"c{number}", resends=False) for number in range(CLIENTS)]
    for _ in range(rounds):
        with (
            ExitStack() as full,
            serving(config, directory / "log") as process,
            load(*((client, process) for client in clients), seed=9),
        ):
            for _ in range(fills):
                full.close()
                assert eventually(more(clients, *TAKEN))
                full.enter_context(filled(disk))
                assert eventually(more(clients, 503))
            end(process)
    return clients


def more(clients: Iterable[Client], *statuses: int) -> Callable[[], bool]:
    """A condition: one of these statuses has been answered since now."""

    def answered() -> int:
        return sum(client.statuses[status] for client in clients for status in statuses)

    before = answered()
    return lambda: answered() > before


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
