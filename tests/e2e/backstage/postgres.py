"""A PostgreSQL server of a test's own: Debian's programs, in a directory that goes away with it, on no port at all."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

_START_SECONDS = 60.0
_STOP_SECONDS = 20.0


@contextmanager
def postgres() -> Iterator[Path]:
    """Run a server that knows the user `postgres`, without a password.

    Yields:
        The directory of its socket, which is what clients take for a host.
    """
    programs = _programs()
    # In the system's own directory for such: the path of a socket has at most 107 characters.
    with tempfile.TemporaryDirectory(prefix="insights-pg-", ignore_cleanup_errors=True) as made:
        home = Path(made)
        # PostgreSQL does not run as root; Debian's package has made a user for it.
        user = "postgres" if os.geteuid() == 0 else None
        if user:
            shutil.chown(home, user)
        _run([programs / "initdb", "-D", home / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8"], home, user)
        with _server(programs, home, user):
            yield home


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not found:
        pytest.fail("PostgreSQL is missing; on Debian: apt-get install postgresql")
    return found[-1]


def _run(command: list[str | Path], home: Path, user: str | None) -> None:
    done = subprocess.run(
        [*command, "--no-sync", "--locale=C.UTF-8"], cwd=home, user=user, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def _server(programs: Path, home: Path, user: str | None) -> Iterator[None]:
    # Nothing of it outlives the tests, so nothing has to reach the disk.
    options = {"listen_addresses": "", "fsync": "off", "max_connections": "200", "timezone": "UTC"}
    command: list[str | Path] = [programs / "postgres", "-D", home / "data", "-k", home]
    command += [f"--{name}={value}" for name, value in options.items()]
    log = home / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=home, user=user, stdout=output, stderr=output)
    try:
        _wait(process, programs, home, log)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], programs: Path, home: Path, log: Path) -> None:
    pause = 0.1
    for _ in range(int(_START_SECONDS / pause)):
        assert process.poll() is None, log.read_text()
        if subprocess.run([programs / "pg_isready", "-q", "-h", home], check=False).returncode == 0:
            return
        Event().wait(pause)
    raise TimeoutError(log.read_text())
