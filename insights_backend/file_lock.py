"""Locks of the operating system on open files: between threads and processes, and gone with whoever is killed."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any


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
