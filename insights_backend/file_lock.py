"""Locks of the operating system on open files: between threads and processes, and gone with whoever is killed."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any


def lock_file(path: Path) -> IO[bytes]:
    """Open a file to be locked; it is made where there is none, for its owner alone: who may open it may hold it."""
    return open(path, "ab", opener=partial(os.open, mode=0o600))


@contextmanager
def tried_lock(file: IO[Any]) -> Iterator[bool]:
    """Try to have an open file alone inside the `with`, without waiting; gives whether nobody else has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        try:
            yield True
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
