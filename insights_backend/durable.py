"""Writing so that a loss of power takes nothing back."""

import os
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
