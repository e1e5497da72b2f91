"""Writing so that a loss of power takes nothing back."""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import IO


def write_through(file: IO[bytes], content: bytes) -> None:
    """Write to an open file; the content is on the disk when this returns."""
    file.write(content)
    file.flush()
    os.fsync(file.fileno())


def sync_directory(path: Path) -> None:
    """Have what was done to the names in a directory on the disk: files made, linked, renamed or taken away."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_ahead(database: sqlite3.Connection) -> None:
    """Have a database of SQLite write ahead, so that readers and a writer do not wait for one another."""
    # The switch does not always wait for its lock. Where it fails, another process is at this line too, or the next one
    # to open the file will be; the mode is the file's, and it lasts.
    with suppress(sqlite3.OperationalError):
        database.execute("PRAGMA journal_mode=WAL")
